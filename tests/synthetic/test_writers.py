"""The synthetic world on disk: the formats' own structure, read back by the package's readers; resumable."""

import numpy as np
import pytest
import scipy.io
from PIL import Image

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson, PennAction
from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.output import read_flags, save_jpeg
from deephar.synthetic.world import render_clip, render_still
from deephar.synthetic.writers import synthesise, write_mpii, write_penn
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, mpii16j2d

STILL_SIZES = ((160, 120), (120, 160))
CLIP_SIZES = ((96, 64),)


@pytest.fixture(scope="module")
def mpii(tmp_path_factory):
    return write_mpii(tmp_path_factory.mktemp("world"), 3, 2, STILL_SIZES, workers=1)


@pytest.fixture(scope="module")
def penn(tmp_path_factory):
    return write_penn(tmp_path_factory.mktemp("world"), 2, 1, CLIP_SIZES, workers=1)


def test_mpii_is_read_back_with_the_joints_it_was_drawn_with(mpii):
    data = MpiiSinglePerson(mpii, DataConfig(crop_resolution=(64, 64)))
    assert data.get_length(TRAIN_MODE) == 3 and data.get_length(VALID_MODE) == 2
    for key in range(2):
        sample = data.get_data(key, VALID_MODE)
        truth = map_points(render_still("test", key, STILL_SIZES[key], annotate_only=True)["joints_px"], "pa16")
        back = np.linalg.inv(sample["afmat"]) @ np.c_[sample["pose"][:, :2], np.ones(16)].T
        known = sample["pose"][:, 0] > -1e8
        assert known.sum() > 6
        np.testing.assert_allclose(back[:2].T[known], truth[known], atol=1e-2)
        assert 2 < sample["headsize"] < 60


def test_mpii_says_which_joints_are_seen(mpii):
    data = MpiiSinglePerson(mpii, DataConfig(crop_resolution=(64, 64)), mpii16j2d)
    flipped = MpiiSinglePerson(mpii, DataConfig(crop_resolution=(64, 64), fixed_hflip=1), mpii16j2d)
    for key in range(2):
        sample, drawn = data.get_data(key, VALID_MODE), render_still("test", key, STILL_SIZES[key])
        truth = map_flags(drawn["visible"], "mpii16").astype(float)
        known = np.isfinite(data.samples[VALID_MODE][key].joints).all(axis=1)
        np.testing.assert_array_equal(sample["visible"], np.where(known, truth, np.nan))
        turned = flipped.get_data(key, VALID_MODE)["visible"]
        np.testing.assert_array_equal(turned, sample["visible"][list(mpii16j2d.map_hflip)])


def test_flags_of_an_image_without_them_are_not_known(tmp_path):
    flags = [True, False, True]
    save_jpeg(tmp_path / "a.jpg", np.zeros((16, 16, 3), np.uint8), flags)
    save_jpeg(tmp_path / "b.jpg", np.zeros((16, 16, 3), np.uint8))
    np.testing.assert_array_equal(read_flags(tmp_path / "a.jpg", 3), flags)
    assert np.isnan(read_flags(tmp_path / "b.jpg", 3)).all() and np.isnan(read_flags(tmp_path / "a.jpg", 4)).all()


def test_the_window_of_mpii_holds_the_person(mpii):
    data = MpiiSinglePerson(mpii, DataConfig(crop_resolution=(64, 64)), remove_outer_joints=False)
    for key in range(2):
        pose = data.get_data(key, VALID_MODE)["pose"]
        known = pose[:, 0] > -1e8
        assert ((pose[known, :2] > -0.25) & (pose[known, :2] < 1.25)).all()
        assert np.ptp(pose[known, :2], axis=0).max() > 0.3


def test_mpii_structure_equals_the_fixture(mpii, fixture_world):
    ours = scipy.io.loadmat(mpii / "annotations.mat")
    theirs = scipy.io.loadmat(fixture_world / "MPII" / "annotations.mat")
    for name in ("annot_tr", "annot_val"):
        a, b = ours[name], theirs[name]
        assert a.dtype == b.dtype == object and a.shape[0] == b.shape[0] == 3
        assert a[0, 0].dtype == b[0, 0].dtype and a[0, 0].ndim == b[0, 0].ndim
        assert a[2, 0].shape[1] == b[2, 0].shape[1] == 1
        person, other = a[2, 0][0, 0][0, 0], b[2, 0][0, 0][0, 0]
        assert set(person.dtype.names) == {*other.dtype.names, "visible"}  # older folders do not say what is seen
        assert all(person[field].shape == other[field].shape for field in other.dtype.names)
        assert person["visible"].shape == (1, 16)


def test_penn_is_read_back_with_its_action_and_joints(penn):
    data = PennAction(penn, DataConfig(crop_resolution=(64, 64)), clip_size=4)
    assert data.get_length(TRAIN_MODE) == 2 and data.get_length(TEST_MODE) == 1
    sample = data.get_data(1, TRAIN_MODE)
    assert sample["pennaction"].argmax() == 1
    assert sample["frame"].shape == (4, 64, 64, 3) and sample["pose"].shape == (4, 16, 3)


def test_penn_structure_equals_the_fixture(penn, fixture_world):
    options = dict(squeeze_me=True, struct_as_record=False)
    ours = scipy.io.loadmat(penn / "annotations.mat", **options)
    theirs = scipy.io.loadmat(fixture_world / "PennAction" / "annotations.mat", **options)
    assert ours["action_labels"].tolist() == theirs["action_labels"].tolist()
    assert ours["joint_labels"].tolist() == theirs["joint_labels"].tolist()
    sequence = ours["sequences_tr"][0]
    assert sequence._fieldnames == theirs["sequences_tr"][0]._fieldnames
    frame, other = sequence.frames[0], theirs["sequences_tr"][0].frames[0]
    assert frame._fieldnames == other._fieldnames and frame.pose.shape == other.pose.shape
    assert (frame.f, frame.w, frame.h) == (1, 96, 64) and set(np.unique(frame.visible)) <= {0, 1}
    clip = render_clip("train", 0, None, CLIP_SIZES[0], annotate_only=True)
    assert len(sequence.frames) == clip["length"] == len(list((penn / "frames" / "0001").glob("*.jpg")))
    np.testing.assert_allclose(frame.pose.T, map_points(clip["joints_px"][0], "penn13"))
    assert Image.open(penn / "frames" / "0001" / "000001.jpg").size == (96, 64)


def test_a_stopped_run_goes_on_and_gives_the_same(mpii, penn):
    for folder, lost, again in (
        (mpii, "images/tr000001.jpg", lambda out: write_mpii(out, 3, 2, STILL_SIZES, workers=1)),
        (penn, "frames/0002/000003.jpg", lambda out: write_penn(out, 2, 1, CLIP_SIZES, workers=1)),
    ):
        before, annotations = (folder / lost).read_bytes(), scipy.io.loadmat(folder / "annotations.mat")
        kept = sorted(p for p in folder.rglob("*.jpg"))[0]
        stamp = kept.stat().st_mtime_ns
        (folder / lost).unlink()
        (folder / "annotations.mat").unlink()
        (folder / lost).with_name(".0123456789abcdef.tr000001.jpg").write_bytes(b"half")
        (folder / ".gitignore").write_text("*")
        (folder / lost).with_name(".own.jpg").write_bytes(b"the user's")
        again(folder.parent)
        assert (folder / lost).read_bytes() == before
        for name, cell in scipy.io.loadmat(folder / "annotations.mat").items():
            assert name.startswith("_") or repr(cell.tolist()) == repr(annotations[name].tolist())
        assert kept.stat().st_mtime_ns == stamp
        hidden = {p.name for p in folder.rglob(".*")}
        assert hidden - {".record.npz"} == {".gitignore", ".own.jpg"}
        (folder / ".gitignore").unlink()
        (folder / lost).with_name(".own.jpg").unlink()


def test_another_world_or_real_data_is_not_overwritten(mpii, tmp_path):
    before = (mpii / "annotations.mat").read_bytes()
    with pytest.raises(ValueError, match="`out` must be empty or hold the same synthetic world.*nothing was changed"):
        write_mpii(mpii.parent, 3, 2, STILL_SIZES, seed=5, workers=1)
    assert (mpii / "annotations.mat").read_bytes() == before
    (tmp_path / "PennAction").mkdir()
    (tmp_path / "PennAction" / "annotations.mat").write_bytes(b"precious")
    with pytest.raises(ValueError, match="files of another origin"):
        synthesise("penn", tmp_path, 1, 1, workers=1)
    assert (tmp_path / "PennAction" / "annotations.mat").read_bytes() == b"precious"


def test_wrong_arguments_are_named_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="`format` must be one of .*Received: 'coco'"):
        synthesise("coco", tmp_path)
    with pytest.raises(ValueError, match="`train` must be a whole number from 1. Received: 0"):
        synthesise("mpii", tmp_path, train=0)
    with pytest.raises(ValueError, match="`valid_split` must be one of .*Received: 'train'"):
        write_mpii(tmp_path, 1, 1, valid_split="train")
    assert not list(tmp_path.iterdir())


def test_two_processes_write_what_one_writes(mpii, tmp_path):
    twin = write_mpii(tmp_path, 3, 2, STILL_SIZES, workers=2)
    for path in sorted((mpii / "images").glob("*.jpg")):
        assert (twin / "images" / path.name).read_bytes() == path.read_bytes()
