"""NTU's .skeleton and .avi files become what the reader reads; bad samples are left out, damage is named."""

import functools
import json

import miniatures as M
import numpy as np
import pytest
from PIL import Image

from deephar.config import DataConfig
from deephar.data.ntu import Ntu
from deephar.experiments import ntu_skeletons as skeletons
from deephar.utils import TEST_MODE, TRAIN_MODE

pytest.importorskip("av")
NAMES = ("S001C001P001R001A010", "S001C002P003R002A023", "S002C003P002R001A060")
CONFIG = DataConfig(crop_resolution=(64, 64), fixed_subsampling=1)


def sample(folder, name, count=16, seed=0, video_frames=None):
    """One moving person; frame 4 has nobody, joint 6 is not tracked in frame 5, its colour is not finite in frame 7."""
    walk = M.ntu_walk(np.random.default_rng(seed), count)
    walk[4][6, 11] = 0
    walk[6][6, 5:7] = np.nan
    M.ntu_skeleton(
        folder / "nturgb+d_skeletons" / f"{name}.skeleton",
        [{"72057594037931101": body} if place != 3 else {} for place, body in enumerate(walk)],
    )
    M.video(folder / "nturgb+d_rgb" / f"{name}_rgb.avi", video_frames or count)
    return walk


@pytest.fixture
def source(tmp_path):
    return tmp_path / "source", {name: sample(tmp_path / "source", name, seed=k) for k, name in enumerate(NAMES)}


def prepare(script, source, out, *options):
    return script.main([str(source), str(out), "--workers", "1", *options])


def test_rows_and_images(prepare_ntu, source, tmp_path, capsys):
    folder, truth = source
    assert prepare(prepare_ntu, folder, tmp_path) == 0
    assert "3 samples of 56880, 45 rows. Left out: 0 listed as" in capsys.readouterr().out
    for name, walk in truth.items():
        rows = np.load(tmp_path / "NTU" / "nturgb+d_numpy" / f"{name}.npy")
        assert rows.shape == (15, 151) and rows.dtype == np.float64
        assert rows[:, 0].tolist() == [1, 2, 3, *range(5, 17)]  # nobody in frame 4
        body = walk[9]
        np.testing.assert_allclose(rows[8, 1:76], body[:, :3].ravel(), rtol=1e-7)
        np.testing.assert_allclose(rows[8, 76:101], body[:, 5], rtol=1e-7)
        np.testing.assert_allclose(rows[8, 101:126], body[:, 6], rtol=1e-7)
        np.testing.assert_allclose(rows[8, 126:151], 1000 * body[:, 2], rtol=1e-7)
        for row in (3, 5):  # joint 6 was lost in frames 5 and 7
            assert rows[row, [19, 20, 21, 82, 107, 132]].tolist() == [0] * 6
        images = sorted((tmp_path / "NTU" / "images-small" / name).iterdir())
        assert [path.name for path in images] == [f"{n:05d}.jpg" for n in rows[::2, 0].astype(int)]
        assert {Image.open(path).size for path in images} == {(48, 27)}
        assert [M.number_of(path) for path in images] == rows[::2, 0].astype(int).tolist()
    assert prepare_ntu.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 0


def test_the_reader_reads_it(prepare_ntu, source, tmp_path):
    folder, _truth = source
    prepare(prepare_ntu, folder, tmp_path)
    data = Ntu(tmp_path / "NTU", CONFIG, clip_size=4, use_gt_bbox=True)
    assert (data.get_length(TRAIN_MODE), data.get_length(TEST_MODE)) == (2, 1)  # by subject
    sample = data.get_data(0, TEST_MODE)
    assert sample["ntuaction"].argmax() == 22 and sample["frame"].shape == (4, 64, 64, 3)
    back = np.linalg.inv(sample["afmat"]) @ np.c_[sample["pose"][0, :, :2], np.ones(20)].T
    known = sample["pose"][0, :, 0] > -1e8
    rows = np.load(tmp_path / "NTU" / "nturgb+d_numpy" / f"{NAMES[1]}.npy")[::2]
    frame = int(sample["frame_list"][0])
    expected = np.stack([rows[frame, 76:101], rows[frame, 101:126]], axis=-1)[data.poselayout.map_from_ntu] / 2
    assert known.sum() > 10
    np.testing.assert_allclose(back[:2].T[known], expected[known], atol=1e-3)


def test_known_bad_samples(prepare_ntu, source, tmp_path, capsys):
    bad = prepare_ntu.read_missing(prepare_ntu.MISSING)
    assert len(bad) == 302 and {"S001C002P005R002A008", "S017C003P020R001A059"} <= bad
    assert all(int(name[1:4]) <= 17 and int(name[17:]) <= 60 for name in bad)
    folder, _ = source
    sample(folder, "S001C002P005R002A008")
    M.ntu_skeleton(folder / "S003C001P001R001A001.skeleton", [{}] * 12)  # nobody was seen
    (folder / "S003C001P001R001A002.skeleton").write_text("0\r\n")
    sample(folder, "S018C001P008R001A061")  # of the extension to 120 actions
    M.video(folder / "S003C001P001R001A001_rgb.avi", 12)
    M.video(folder / "S003C001P001R001A002_rgb.avi", 12)
    assert prepare(prepare_ntu, folder, tmp_path) == 0
    assert "3 samples of 56880, 45 rows. Left out: 1 listed as\nbad, 2 in which nobody" in capsys.readouterr().out
    made = {path.stem for path in (tmp_path / "NTU" / "nturgb+d_numpy").iterdir()}
    assert made == set(NAMES) == {path.name for path in (tmp_path / "NTU" / "images-small").iterdir()}
    assert prepare_ntu.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 0
    (tmp_path / "list.txt").write_text(f"a comment\n{NAMES[0]}\n{NAMES[1]}.skeleton\n")
    assert prepare(prepare_ntu, folder, tmp_path / "other", "--missing", str(tmp_path / "list.txt")) == 0
    assert "2 samples of 56880, 30 rows. Left out: 2 listed as" in capsys.readouterr().out


def broken_skeletons(path):
    """Ways in which a download or a disk spoils a skeleton file, and what the error says."""
    text = path.read_text()
    lines = text.split("\n")
    yield text[: len(text) // 2], "is not a whole skeleton file"
    yield "", "it ends too early"
    yield "\n".join(lines[:-2]), "it ends too early"
    yield text + "1 2 3", "3 numbers after its last frame"
    yield text.replace("25\n", "24\n", 1), "24 joints instead of 25"
    yield text.replace("25\n", "2x\n", 1), "2x"
    yield "\0\1\2" * 100, "is not a whole skeleton file"


def test_damaged_skeletons_are_named_and_the_others_kept(prepare_ntu, source, tmp_path, capsys):
    folder, _ = source
    path = folder / "nturgb+d_skeletons" / f"{NAMES[1]}.skeleton"
    whole = path.read_text()
    for number, (text, problem) in enumerate(list(broken_skeletons(path))):
        path.write_text(text)
        assert prepare(prepare_ntu, folder, tmp_path / str(number), "--no-frames") == 1
        error = capsys.readouterr().err
        assert str(path) in error and problem in error and "1 missing or damaged; what is good is kept" in error
        rows = tmp_path / str(number) / "NTU" / "nturgb+d_numpy"
        assert sorted(p.stem for p in rows.iterdir()) == [NAMES[0], NAMES[2]]
    assert prepare_ntu.main(["--verify", str(folder), str(tmp_path / "0"), "--workers", "1"]) == 1
    assert "the preparation did not finish" in capsys.readouterr().err
    path.write_text(whole)
    assert prepare(prepare_ntu, folder, tmp_path / "0", "--no-frames") == 0
    assert prepare_ntu.main(["--verify", str(folder), str(tmp_path / "0"), "--workers", "1", "--no-frames"]) == 0


def test_damaged_and_missing_videos(prepare_ntu, source, tmp_path, capsys):
    folder, _ = source
    first, second, third = (folder / "nturgb+d_rgb" / f"{name}_rgb.avi" for name in NAMES)
    whole = second.read_bytes()
    first.unlink()
    second.write_bytes(b"no video at all")
    third.unlink()
    M.video(third, 9)  # of 16
    assert prepare(prepare_ntu, folder, tmp_path) == 1
    error = capsys.readouterr().err
    assert f"{first.name} does not exist" in error
    assert f"{second} is not a video or is damaged after 0 frames" in error
    assert f"{third} ends after 9 frames, its skeletons go to 15" in error or "go to 16" in error
    ntu = tmp_path / "NTU"
    assert not list((ntu / "images-small").iterdir()) and not list((ntu / "nturgb+d_numpy").iterdir())
    second.write_bytes(whole)
    assert prepare(prepare_ntu, folder, tmp_path, "--skip-damaged") == 0
    assert "1 samples of 56880, 15 rows. Left out: 0 listed as" in (out := capsys.readouterr().out)
    assert "2 missing or damaged" in out
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 0
    assert prepare_ntu.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 1


def test_a_video_that_ends_a_little_early_shortens_the_rows(prepare_ntu, tmp_path):
    sample(tmp_path / "source", NAMES[0], count=60, video_frames=58)
    assert prepare(prepare_ntu, tmp_path / "source", tmp_path) == 0
    rows = np.load(tmp_path / "NTU" / "nturgb+d_numpy" / f"{NAMES[0]}.npy")
    assert rows[-1, 0] == 58
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 0


def test_verify_names_damage(prepare_ntu, source, tmp_path, capsys):
    prepare(prepare_ntu, source[0], tmp_path)
    ntu = tmp_path / "NTU"
    (ntu / "images-small" / NAMES[0] / "00001.jpg").unlink()
    bad = ntu / "images-small" / NAMES[1] / "00003.jpg"
    bad.write_bytes(bad.read_bytes()[:200])
    np.save(ntu / "nturgb+d_numpy" / f"{NAMES[2]}.npy", np.zeros((3, 76)))
    capsys.readouterr()
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    error = capsys.readouterr().err
    assert f"{NAMES[0]}/00001.jpg does not exist" in error and f"{bad} is damaged" in error
    assert f"{NAMES[2]}.npy must hold finite numbers, 151 a row. Received: (3, 76)" in error
    (ntu / "nturgb+d_numpy" / f"{NAMES[2]}.npy").unlink()
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    assert f"{NAMES[2]}.npy does not exist" in capsys.readouterr().err


def test_poses_first_images_later(prepare_ntu, source, tmp_path):
    folder, _ = source
    assert prepare(prepare_ntu, folder, tmp_path, "--no-frames") == 0
    assert not list((tmp_path / "NTU" / "images-small").iterdir())
    assert json.loads((tmp_path / "NTU" / "samples.json").read_text()) == dict.fromkeys(NAMES, 15)
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1", "--no-frames"]) == 0
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    assert prepare(prepare_ntu, folder, tmp_path) == 0
    assert len(list((tmp_path / "NTU" / "images-small").iterdir())) == 3
    with pytest.raises(ValueError, match="OUT holds files made with other settings.*90.*nothing was changed"):
        prepare(prepare_ntu, folder, tmp_path, "--quality", "50")


def test_the_main_body_is_the_one_that_moves_most():
    rng = np.random.default_rng(0)
    still, moving = M.ntu_walk(rng, 30, 0.001), M.ntu_walk(rng, 30, 0.02, centre=(1.0, 0.0, 3.0))
    rows = skeletons.main_body([{"1": a, "2": b} for a, b in zip(still, moving, strict=True)])
    assert rows.shape == (30, 151)
    np.testing.assert_allclose(rows[7, 1:76], moving[7][:, :3].ravel())


def test_furniture_and_flickers_are_not_people():
    rng = np.random.default_rng(1)
    person = M.ntu_walk(rng, 40, 0.005)
    table = M.ntu_walk(rng, 40, 0.5, width=1.5, height=0.6)
    flicker = M.ntu_walk(rng, 5, 1.0, centre=(2.0, 0.0, 3.0))
    frames = [{"table": b, "person": a} for a, b in zip(person, table, strict=True)]
    for frame, body in zip(frames[10:], flicker, strict=False):
        frame["flicker"] = body
    rows = skeletons.main_body(frames)
    np.testing.assert_allclose(rows[:, 1:4], np.stack(person)[:, 0, :3])
    alone = skeletons.main_body([{"table": body} for body in table])  # better than nobody
    assert len(alone) == 40


def test_a_person_found_again_under_another_id_stays_one_person():
    rng = np.random.default_rng(2)
    walk, other = M.ntu_walk(rng, 40, 0.02), M.ntu_walk(rng, 40, 0.01, centre=(1.5, 0.0, 3.0))
    frames = [{"a" if place < 25 else "b": body, "c": other[place]} for place, body in enumerate(walk) if place != 25]
    rows = skeletons.main_body(frames)
    np.testing.assert_allclose(rows[:, 1:4], np.delete(np.stack(walk), 25, axis=0)[:, 0, :3])
    assert len(skeletons.main_body([{}, {}])) == 0


def test_a_damaged_list_of_samples_is_named(prepare_ntu, source, tmp_path):
    prepare(prepare_ntu, source[0], tmp_path, "--no-frames")
    for text in ("{", "[]", '{"S001": "many"}'):
        (tmp_path / "NTU" / "samples.json").write_text(text)
        with pytest.raises(ValueError, match="samples.json"):
            prepare_ntu.main(["--verify", str(tmp_path)])


def test_the_synthetic_twin_is_that_of_the_writer(prepare_ntu, tmp_path, monkeypatch):
    import deephar.synthetic.writers_ntu as writers

    monkeypatch.setattr(writers, "write_ntu", functools.partial(writers.write_ntu, size=(96, 54)))
    asked = ["--synthetic", str(tmp_path), "--train", "1", "--test", "1", "--workers", "1"]
    assert prepare_ntu.main(asked) == 0
    assert prepare_ntu.main(["--verify", str(tmp_path), "--workers", "1"]) == 0
    data = Ntu(tmp_path / "NTU", CONFIG)
    assert (data.get_length(TRAIN_MODE), data.get_length(TEST_MODE)) == (3, 3)  # three cameras
