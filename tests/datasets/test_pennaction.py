"""Penn Action's official label files become the file that the reader reads; quirks convert, damage is named."""

import miniatures as M
import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import PennAction
from deephar.data.pennaction_annotations import load_sequences
from deephar.utils import TEST_MODE, TRAIN_MODE

CONFIG = DataConfig(crop_resolution=(64, 64))


@pytest.fixture
def source(tmp_path):
    """Four videos: plain, whole numbers and a short box array, test, one frame."""
    folder = tmp_path / "source" / "Penn_Action"
    truth = {
        1: M.penn_label(folder / "labels" / "0001.mat", 6, "baseball_pitch", 1, seed=1),
        2: M.penn_label(folder / "labels" / "0002.mat", 5, "tennis_serve", 1, (80, 60), True, True, seed=2),
        3: M.penn_label(folder / "labels" / "0003.mat", 7, "bowl", -1, seed=3),
        4: M.penn_label(folder / "labels" / "0004.mat", 1, "squat", -1, seed=4),
    }
    for number, (joints, _) in truth.items():
        for frame in range(len(joints)):
            size = (80, 60) if number == 2 else (96, 64)
            M.image(folder / "frames" / f"{number:04d}" / f"{frame + 1:06d}.jpg", size, seed=frame)
    return folder.parent, truth


def test_round_trip(prepare_penn, source, tmp_path, capsys):
    folder, truth = source
    assert prepare_penn.main([str(folder), str(tmp_path), "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "training: 2 videos of 1258, 11 frames" in out and "test: 2 videos of 1068, 8 frames" in out
    data = PennAction(tmp_path / "PennAction", CONFIG, clip_size=4)
    assert (data.get_length(TRAIN_MODE), data.get_length(TEST_MODE)) == (2, 2)
    found = {sequence.idx: sequence for mode in (TRAIN_MODE, TEST_MODE) for sequence in data.sequences[mode]}
    for number, (joints, visible) in truth.items():
        np.testing.assert_array_equal(found[number].joints, joints)
        np.testing.assert_array_equal(found[number].visible, visible)
    assert [found[number].action_id for number in (1, 2, 3, 4)] == [1, 15, 4, 12]
    assert found[2].size == (80, 60) and found[2].numbers.tolist() == [1, 2, 3, 4, 5]
    assert data.get_data(0, TEST_MODE)["frame"].shape == (4, 64, 64, 3)
    assert prepare_penn.main(["--verify", str(tmp_path), "--workers", "1"]) == 0


def test_the_file_has_the_form_of_the_fixture(prepare_penn, source, tmp_path, fixture_world):
    prepare_penn.main([str(source[0]), str(tmp_path), "--workers", "1"])
    options = dict(squeeze_me=True, struct_as_record=False)
    ours = scipy.io.loadmat(tmp_path / "PennAction" / "annotations.mat", **options)
    theirs = scipy.io.loadmat(fixture_world / "PennAction" / "annotations.mat", **options)
    assert ours["action_labels"].tolist() == theirs["action_labels"].tolist()
    assert ours["joint_labels"].tolist() == theirs["joint_labels"].tolist()
    a, b = ours["sequences_tr"][0], theirs["sequences_tr"][0]
    assert a._fieldnames == b._fieldnames and a.frames[0]._fieldnames == b.frames[0]._fieldnames
    for name in b.frames[0]._fieldnames:
        one, other = np.asarray(getattr(a.frames[0], name)), np.asarray(getattr(b.frames[0], name))
        assert one.shape == other.shape and one.dtype == other.dtype, name


def test_damaged_labels_are_named_and_the_others_kept(prepare_penn, source, tmp_path, capsys):
    folder, _truth = source
    arguments = [str(folder), str(tmp_path), "--workers", "1"]
    bad = folder / "Penn_Action" / "labels" / "0003.mat"
    whole = bad.read_bytes()
    bad.write_bytes(whole[: len(whole) // 3])
    assert prepare_penn.main(arguments) == 1
    error = capsys.readouterr().err
    assert "0003.mat" in error and "1 missing or damaged; what is good is kept" in error
    assert not (tmp_path / "PennAction" / "annotations.mat").exists()
    assert prepare_penn.main([*arguments, "--skip-damaged"]) == 0
    sequences = load_sequences(tmp_path / "PennAction" / "annotations.mat")[0]
    assert [s.idx for s in sequences[TRAIN_MODE]] == [1, 2] and [s.idx for s in sequences[TEST_MODE]] == [4]
    assert prepare_penn.main(["--verify", *arguments]) == 1
    assert "0003 is in SOURCE, but was not prepared" in capsys.readouterr().err
    bad.write_bytes(whole)
    assert prepare_penn.main(arguments) == 0
    assert prepare_penn.main(["--verify", *arguments]) == 0
    sequences = load_sequences(tmp_path / "PennAction" / "annotations.mat")[0]
    assert [s.idx for s in sequences[TEST_MODE]] == [3, 4]


def test_without_frames_the_poses_can_be_used_and_verify_says_so(prepare_penn, tmp_path, capsys):
    _joints, _ = M.penn_label(tmp_path / "source" / "labels" / "0007.mat", 6)
    assert prepare_penn.main([str(tmp_path / "source"), str(tmp_path), "--workers", "1"]) == 0
    assert "frames is not there: poses and actions can be used" in capsys.readouterr().out
    data = PennAction(tmp_path / "PennAction", CONFIG, clip_size=4, pose_only=True)
    assert data.get_data(0, TRAIN_MODE)["frame"] is None
    assert prepare_penn.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    assert f"{tmp_path / 'PennAction' / 'frames' / '0007'} does not exist (6 images)" in capsys.readouterr().err


def test_verify_names_wrong_images(prepare_penn, source, tmp_path, capsys):
    prepare_penn.main([str(source[0]), str(tmp_path), "--workers", "1"])
    frames = tmp_path / "PennAction" / "frames"
    (frames / "0001" / "000002.jpg").unlink()
    M.image(frames / "0002" / "000005.jpg", (40, 30))
    (frames / "0003" / "000001.jpg").write_bytes((frames / "0003" / "000001.jpg").read_bytes()[:300])
    capsys.readouterr()
    assert prepare_penn.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    error = capsys.readouterr().err
    assert f"{frames / '0001' / '000002.jpg'} does not exist" in error
    assert f"{frames / '0002' / '000005.jpg'} is 40 x 30 px instead of 80 x 60" in error
    assert f"{frames / '0003' / '000001.jpg'} is damaged" in error and error.count("\n") == 3


def test_a_folder_without_labels_is_refused(prepare_penn, tmp_path):
    with pytest.raises(FileNotFoundError, match="SOURCE must hold labels/0001.mat"):
        prepare_penn.main([str(tmp_path), str(tmp_path / "out")])
    with pytest.raises(FileNotFoundError, match="SOURCE must be an existing folder"):
        prepare_penn.main([str(tmp_path / "absent"), str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def _as_the_files_have_it(path):
    raw = scipy.io.loadmat(path)
    return np.stack([raw["x"], raw["y"]], axis=-1).astype(float), raw["visibility"], int(raw["train"][0, 0])


def test_real_labels(prepare_penn, real, tmp_path):
    """Every tenth real file, and the ones of short box arrays, comes back as it is."""
    labels = sorted((real / "pennaction" / "labels").glob("*.mat"))
    chosen = labels[::10] + [p for p in labels if p.stem in ("1154", "1865")]
    (tmp_path / "source" / "labels").mkdir(parents=True)
    for path in chosen:
        (tmp_path / "source" / "labels" / path.name).symlink_to(path)
    assert prepare_penn.main([str(tmp_path / "source"), str(tmp_path), "--workers", "1"]) == 0
    sequences = load_sequences(tmp_path / "PennAction" / "annotations.mat")[0]
    found = {s.idx: (s, mode) for mode in (TRAIN_MODE, TEST_MODE) for s in sequences[mode]}
    assert len(found) == len(chosen)
    for path in chosen:
        joints, visible, flag = _as_the_files_have_it(path)
        sequence, mode = found[int(path.stem)]
        assert mode == (TRAIN_MODE if flag == 1 else TEST_MODE)
        np.testing.assert_array_equal(sequence.joints, joints)
        np.testing.assert_array_equal(sequence.visible, visible)
