"""Human3.6M's CDF poses, cameras and videos become the file and the images that the reader reads; damage is named."""

import functools

import miniatures as M
import numpy as np
import pytest
import scipy.io
from PIL import Image

from deephar.config import DataConfig
from deephar.data.human36m import Human36M
from deephar.experiments import h36m_release as release
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.camera import Camera

RECORDINGS = [(1, 1, "_ALL 1"), (2, 1, "Directions 1"), (2, 2, "Directions"), (16, 1, "WalkTogether 1")]
SIZE = (96, 64)
CONFIG = DataConfig(crop_resolution=(64, 64))


@pytest.fixture
def source(tmp_path):
    """Subjects 1 and 11 with two recordings each, four cameras; S11 Directions 54138969 is not there, as in reality."""
    pytest.importorskip("cdflib")
    pytest.importorskip("av")
    rng, folder, poses = np.random.default_rng(0), tmp_path / "source", {}
    numbers = M.h36m_numbers(rng)
    M.h36m_metadata(folder / "Release-v1.2" / "metadata.xml", numbers, RECORDINGS)
    for subject, names in ((1, ("Directions 1", "WalkTogether 1")), (11, ("Directions", "Directions 1"))):
        for name in names:
            path = folder / f"S{subject}" / "MyPoseFeatures" / "D3_Positions" / f"{name}.cdf"
            poses[subject, name] = M.h36m_poses(path, 23, rng, column_major=subject == 11)
            for camera in M.CAMERAS:
                if (subject, name, camera) != (11, "Directions", "54138969"):
                    M.video(folder / f"S{subject}" / "Videos" / f"{name}.{camera}.mp4", 24, SIZE)
        M.h36m_poses(path.with_name("_ALL 1.cdf"), 5, rng)
    return folder, poses, numbers


def prepare(script, source, out, *options):
    return script.main([str(source), str(out), "--workers", "1", "--test-step", "8", *options])


def test_round_trip(prepare_h36m, source, tmp_path, capsys):
    folder, poses, numbers = source
    assert prepare(prepare_h36m, folder, tmp_path) == 0
    out = capsys.readouterr().out
    assert "train: 8 recordings of 600, 40 frames" in out and "test: 7 recordings of 239, 21 frames" in out
    data = Human36M(tmp_path / "Human3.6M", CONFIG, topology="frames")
    assert [data.get_length(mode) for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)] == [40, 21, 21]
    names = [sequence.name for sequence in data.sequences[TRAIN_MODE]]
    assert names == [f"s{action:02d}_S01_1_c{camera}" for action in (1, 15) for camera in (1, 2, 3, 4)]
    assert [s.name for s in data.sequences[TEST_MODE]] == [
        *(f"s01_S11_1_c{camera}" for camera in (1, 2, 3, 4)),
        *(f"s01_S11_2_c{camera}" for camera in (2, 3, 4)),
    ]
    first, last = data.sequences[TRAIN_MODE][5], data.sequences[TEST_MODE][-1]
    assert (first.action, first.size, first.numbers.tolist()) == (14, SIZE, [1, 6, 11, 16, 21])
    np.testing.assert_array_equal(first.joints, poses[1, "WalkTogether 1"][::5].astype(np.float64))
    assert last.numbers.tolist() == [1, 9, 17]
    np.testing.assert_array_equal(last.joints, poses[11, "Directions"][::8].astype(np.float64))
    images = sorted((tmp_path / "Human3.6M" / "images" / first.name).iterdir())
    assert [path.name for path in images] == [f"{n:05d}.jpg" for n in first.numbers]
    assert [M.number_of(path) for path in images] == first.numbers.tolist()
    assert Image.open(images[0]).size == SIZE
    sample = data.get_data(1, TEST_MODE)
    assert sample["frame"].shape == (64, 64, 3) and sample["action"] == 0
    assert prepare_h36m.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 0


def test_the_file_has_the_form_of_the_fixture(prepare_h36m, source, tmp_path, fixture_world):
    prepare(prepare_h36m, source[0], tmp_path)
    options = dict(squeeze_me=True, struct_as_record=False)
    ours = scipy.io.loadmat(tmp_path / "Human3.6M" / "annotations.mat", **options)
    theirs = scipy.io.loadmat(fixture_world / "Human3.6M" / "annotations.mat", **options)
    assert ours["action_labels"].tolist() == theirs["action_labels"].tolist()
    assert len(ours["joint_labels"]) == len(set(ours["joint_labels"])) == len(theirs["joint_labels"]) == 32
    for name in ("sequences_te", "sequences_tr", "sequences_val"):
        one, other = ours[name][0], theirs[name][0]
        pairs = [(one, other), (one.camera_parameters, other.camera_parameters), (one.frames[0], other.frames[0])]
        for a, b in pairs:
            assert a._fieldnames == b._fieldnames
            for field in set(b._fieldnames) - {"name", "camera_parameters", "frames"}:
                assert np.shape(getattr(a, field)) == np.shape(getattr(b, field)), field


def test_cameras_are_those_of_the_numbers(source):
    folder, _, numbers = source
    cameras, recordings = release.read_metadata(folder / "Release-v1.2" / "metadata.xml")
    assert len(cameras) == 44 and recordings[11, "Directions"] == (1, 2) and (1, "_ALL 1") not in recordings
    subject, camera = 7, 2
    start = 6 * (camera * 11 + subject - 1)
    np.testing.assert_array_equal(cameras[subject, camera]["T"].ravel(), numbers[start + 3 : start + 6])
    inner = numbers[264 + 9 * camera : 273 + 9 * camera]
    found = cameras[subject, camera]
    np.testing.assert_array_equal(np.concatenate([found[name].ravel() for name in "fckp"]), inner)
    pixel = Camera(found["R"], found["T"], found["f"], found["c"], found["p"], found["k"]).project(
        np.array([[0.0, 0.0, 900.0]])
    )[0]
    assert 0 < pixel[0] < 96 and 0 < pixel[1] < 64 and 4000 < pixel[2] < 6000


def test_rotation_of_a_published_camera():
    """Subject 1, camera 54138969, as the data set's users publish it."""
    matrix = np.array(
        [
            [-0.9153617321513369, 0.40180836633680234, 0.02574754463350265],
            [0.051548117060134555, 0.1803735689384521, -0.9822464900705729],
            [-0.399319034032262, -0.8977836111057917, -0.185819527201491],
        ]
    )
    y = np.arcsin(matrix[0, 2])
    x, z = np.arctan2(-matrix[1, 2], matrix[2, 2]), np.arctan2(-matrix[0, 1], matrix[0, 0])
    np.testing.assert_allclose(release.rotation([x, y, z]), matrix, atol=1e-8)
    down = release.rotation([x, y, z]) @ [0, 0, -1]
    assert down[1] > 0.9  # a world with z up has its floor at the bottom of the image


def test_damaged_and_missing_files_are_named_and_the_others_kept(prepare_h36m, source, tmp_path, capsys):
    folder, _, _ = source
    videos, images = folder / "S1" / "Videos", tmp_path / "Human3.6M" / "images"
    (videos / "Directions 1.55011271.mp4").unlink()
    whole = (videos / "Directions 1.58860488.mp4").read_bytes()
    (videos / "Directions 1.58860488.mp4").write_bytes(whole[:700])
    M.video(videos / "Directions 1.60457274.mp4", 12, SIZE)
    cdf = folder / "S1" / "MyPoseFeatures" / "D3_Positions" / "WalkTogether 1.cdf"
    poses = cdf.read_bytes()
    cdf.write_bytes(poses[: len(poses) // 2])
    assert prepare(prepare_h36m, folder, tmp_path) == 1
    error = capsys.readouterr().err
    assert "Directions 1.55011271.mp4 does not exist" in error
    assert "Directions 1.58860488.mp4 is not a video or is damaged" in error
    assert "Directions 1.60457274.mp4 ends after 12 frames, its poses after 23" in error
    assert f"{cdf} is not a CDF file with `Pose` or is damaged" in error and "7 missing or damaged" in error
    assert not (tmp_path / "Human3.6M" / "annotations.mat").exists()
    assert sorted(path.name for path in images.iterdir())[0] == "s01_S01_1_c1" and len(list(images.iterdir())) == 8
    stamps = {path: path.stat().st_mtime_ns for path in images.iterdir()}
    cdf.write_bytes(poses)
    for camera in M.CAMERAS[1:]:
        M.video(videos / f"Directions 1.{camera}.mp4", 24, SIZE)
    assert prepare(prepare_h36m, folder, tmp_path) == 0
    assert len(list(images.iterdir())) == 15 and all(path.stat().st_mtime_ns == t for path, t in stamps.items())
    assert prepare_h36m.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 0


def test_verify_names_damage(prepare_h36m, source, tmp_path, capsys):
    folder, _, _ = source
    prepare(prepare_h36m, folder, tmp_path)
    images = tmp_path / "Human3.6M" / "images"
    (images / "s01_S01_1_c1" / "00006.jpg").write_bytes(b"")
    for path in (images / "s15_S01_1_c4").iterdir():
        path.unlink()
    (images / "s15_S01_1_c4").rmdir()
    (images / ".0123456789abcdef.s15_S01_1_c4").mkdir()
    capsys.readouterr()
    assert prepare_h36m.main(["--verify", str(tmp_path), "--workers", "1"]) == 1
    error = capsys.readouterr().err
    assert f"{images / 's01_S01_1_c1' / '00006.jpg'} is damaged" in error
    assert f"{images / 's15_S01_1_c4'} does not exist (5 images)" in error and "is half-made" in error
    M.video(folder / "S5" / "Videos" / "Directions 1.54138969.mp4", 24, SIZE)
    M.h36m_poses(folder / "S5" / "D3_Positions" / "Directions 1.cdf", 23, np.random.default_rng(5))
    assert prepare_h36m.main(["--verify", str(folder), str(tmp_path), "--workers", "1"]) == 1
    assert "s01_S05_1_c1 is in SOURCE, but was not prepared" in capsys.readouterr().err


def test_poses_alone(prepare_h36m, source, tmp_path):
    assert prepare(prepare_h36m, source[0], tmp_path, "--no-frames") == 0
    data = Human36M(tmp_path / "Human3.6M", CONFIG)
    assert [s.size for s in data.sequences[TRAIN_MODE][:4]] == [(1000, 1002), (1000, 1000), (1000, 1000), (1000, 1002)]
    with pytest.raises(ValueError, match="files made with other settings.*nothing was changed"):
        prepare(prepare_h36m, source[0], tmp_path, "--train-step", "2")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("</metadata>", "", "is not the metadata.xml of Human3.6M or is damaged"),
        ("<w0>[", "<w0>[1 ", "301 numbers of 4 cameras instead of 300"),
        ("<w0>[", "<w0>[x ", "is not the metadata.xml of Human3.6M or is damaged"),
        ("<td>S3</td>", "<td>third</td>", "`mapping` is not the table of recordings"),
        ("<id>60457274</id>", "", "300 numbers of 3 cameras"),
    ],
)
def test_damaged_metadata_is_named(tmp_path, old, new, problem):
    path = tmp_path / "metadata.xml"
    M.h36m_metadata(path, M.h36m_numbers(np.random.default_rng(0)), RECORDINGS)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"metadata.xml.*{problem}"):
        release.read_metadata(path)


def test_poses_need_cdflib(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "cdflib", None)
    with pytest.raises(ImportError, match="pip install cdflib$"):
        release.read_poses(tmp_path / "a.cdf")


def test_the_synthetic_twin_is_that_of_the_writer(prepare_h36m, tmp_path, monkeypatch):
    import deephar.synthetic.writers_h36m as writers

    small = functools.partial(writers.write_h36m, size=(100, 100), frames=2)
    monkeypatch.setattr(writers, "write_h36m", small)
    asked = ["--synthetic", str(tmp_path), "--train", "1", "--test", "1", "--seed", "3", "--workers", "1"]
    assert prepare_h36m.main(asked) == 0
    assert prepare_h36m.main(["--verify", str(tmp_path), "--workers", "1"]) == 0
    data = Human36M(tmp_path / "Human3.6M", CONFIG)
    assert [data.get_length(mode) for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)] == [4, 4, 4]
