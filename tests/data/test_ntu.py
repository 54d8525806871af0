"""NTU: reference data, splits, depth, boxes from a file, and every error."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from deephar.config import DataConfig, ntu_dataconf
from deephar.data import Ntu
from deephar.data.ntu_annotations import TRAINING_SUBJECTS, load_joints, parse_name
from deephar.data.videos import FrameIndex
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, ntu25j3d, pa16j2d, pa17j3d, pa20j3d

SMALL = DataConfig(crop_resolution=(64, 64), fixed_subsampling=4)
FIRST_TEST = "S002C001P003R002A043"


@pytest.fixture
def folder(fixture_world, tmp_path):
    """A private copy of the NTU fixture."""
    shutil.copytree(fixture_world / "NTU", tmp_path / "NTU")
    return tmp_path / "NTU"


def change(folder, name, function):
    """Rewrite one array."""
    path = folder / "nturgb+d_numpy" / f"{name}.npy"
    np.save(path, function(np.load(path, allow_pickle=False)))


@pytest.mark.parametrize("setting", ["plain", "aug"])
def test_agrees_with_reference(fixture_world, expected, golden, setting):
    dataconf = golden.SETTINGS[setting].replace(fixed_subsampling=4)
    options = {"poselayout": pa17j3d, "use_gt_bbox": True}
    clips = Ntu(fixture_world / "NTU", dataconf, clip_size=8, **options)
    for key in range(2):
        sample = clips.get_data(key, TEST_MODE)
        golden.assert_agrees(sample, expected, f"ntu/{setting}/sequences/test/{key}")
        assert all(np.shape(sample[name]) == clips.get_shape(name) for name in ("frame", "pose", "ntuaction", "bbox"))
    frames = Ntu(fixture_world / "NTU", dataconf, topology="frames", **options)
    golden.assert_agrees(frames.get_data(5, TEST_MODE), expected, f"ntu/{setting}/frames/test/5")
    assert frames.get_shape("pose") == (17, 4) and frames.clip_length() is None


def test_every_reference_entry_is_compared(expected):
    prefixes = {key.rsplit("/", 1)[0] for key in expected.files if key.startswith("ntu")}
    entries = ("sequences/test/0", "sequences/test/1", "frames/test/5")
    assert prefixes == {f"ntu/{setting}/{entry}" for setting in ("plain", "aug") for entry in entries}


def test_published_training_subjects():
    assert sorted(TRAINING_SUBJECTS) == [1, 2, 4, 5, 8, 9, *range(13, 20), 25, 27, 28, 31, 34, 35, 38]


@pytest.mark.parametrize(
    "options, train, test",
    [
        ({}, ["S001C001P001R001A010", "S001C002P002R001A023"], [FIRST_TEST, "S003C003P007R001A008"]),
        (
            {"split": "cross-view"},
            ["S001C002P002R001A023", "S003C003P007R001A008"],
            ["S001C001P001R001A010", FIRST_TEST],
        ),
        ({"num_S": 2}, ["S001C001P001R001A010", "S001C002P002R001A023"], [FIRST_TEST]),
    ],
)
def test_splits(fixture_world, options, train, test):
    ntu = Ntu(fixture_world / "NTU", SMALL, **options)
    names = {mode: [sequence.name for sequence in ntu.sequences[mode]] for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)}
    assert names == {TRAIN_MODE: train, TEST_MODE: test, VALID_MODE: []}
    assert ntu.get_length(TRAIN_MODE) == len(train)


def test_every_second_frame_counts(fixture_world):
    frames = Ntu(fixture_world / "NTU", SMALL, topology="frames")
    assert [frames.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE)] == [40 + 20, 35 + 30]
    places = [frames.get_data(key, TEST_MODE) for key in (39, 40)]
    assert [(s["seq_idx"], s["frame_list"]) for s in places] == [(0, [39]), (1, [0])]
    clips = Ntu(fixture_world / "NTU", SMALL, clip_size=8)
    assert [list(c) for c in clips.get_clip_index(0, TEST_MODE, subsamples=[4])] == [
        list(range(0, 32, 4)),
        list(range(7, 39, 4)),
    ]
    chosen = clips.get_data(0, TEST_MODE, frame_list=[0, 39])
    assert chosen["frame_list"] == [0, 39] and chosen["frame"].shape == (2, 64, 64, 3)


def test_labels_and_defaults(fixture_world):
    ntu = Ntu(fixture_world / "NTU", SMALL)
    sample = ntu.get_data(0, TEST_MODE)
    assert ntu.poselayout is pa20j3d and ntu.clip_size == 16 and ntu.topology == "sequences"
    assert sample["pose"].shape == (16, 20, 4) and sample["ntuaction"].argmax() == 42 and sample["ntuaction"].sum() == 1
    assert sample["bbox"].tolist() == [0, -210, 960, 750]  # the whole frame
    assert len(set(ntu.action_labels)) == 60 and ntu.action_labels[42] == "falling down"
    assert (ntu.action_labels[0], ntu.action_labels[59]) == ("drink water", "walk apart")
    assert parse_name("S017C003P040R002A060") == (17, 3, 40, 2, 60)


def test_depth_is_relative_to_the_mean_root_and_scales_with_the_crop(fixture_world):
    depth = {}
    for scale in (1.0, 1.3):
        ntu = Ntu(fixture_world / "NTU", SMALL.replace(fixed_scale=scale), use_gt_bbox=True, clip_size=8)
        depth[scale] = ntu.get_data(0, TEST_MODE)["pose"][..., 2]
    assert depth[1.0][:, 0].mean() == pytest.approx(0.5)
    seen = depth[1.0] > 0
    np.testing.assert_allclose((depth[1.0] - 0.5)[seen], 1.3 * (depth[1.3] - 0.5)[seen], rtol=1e-9)
    mm = load_joints(fixture_world / "NTU" / "nturgb+d_numpy", ntu.sequences[TEST_MODE][0], [5, 9])[..., 2]
    both = 2000 * (depth[1.0][1] - depth[1.0][0])[[0, 1]]
    np.testing.assert_allclose(both, (mm[1] - mm[0])[[0, 20]], rtol=1e-6)


def test_lost_joints_are_absent_and_lost_roots_leave_x_and_y(folder):
    def lose(rows):
        rows[:, 126] = 0  # depth of the pelvis
        rows[0, 76 + 4] = np.nan  # x of pa20's joint 4 in the first frame
        rows[2, 101 + 4] = -np.inf  # its y in the second
        return rows

    change(folder, FIRST_TEST, lose)
    pose = Ntu(folder, SMALL, use_gt_bbox=True).get_data(0, TEST_MODE, frame_list=[0, 1, 3])["pose"]
    assert (pose[..., 2] == -1e9).all() and (pose[2, :, :2] > 0).all() and pose[2, :, 3].all()
    assert (pose[0, 4, :3] == -1e9).all() and (pose[1, 4, :3] == -1e9).all() and pose[0, 4, 3] == 0


def test_outer_joints_are_kept_where_asked(fixture_world):
    box = [500, 250, 560, 310]
    inner, outer = (
        Ntu(fixture_world / "NTU", SMALL, remove_outer_joints=remove).get_data(0, TEST_MODE, [0], box)["pose"][0]
        for remove in (True, False)
    )
    outside = inner[:, 3] == 0
    assert outside.sum() > 3 and (inner[outside, 0] == -1e9).all() and (outer[outside, 0] > -1e6).any()
    np.testing.assert_array_equal(inner[:, 3], outer[:, 3])


@pytest.mark.parametrize("layout", [pa16j2d, pa17j3d, ntu25j3d])
def test_layouts(fixture_world, layout):
    ntu = Ntu(fixture_world / "NTU", SMALL, poselayout=layout, use_gt_bbox=True, clip_size=2)
    pose = ntu.get_data(1, TEST_MODE, frame_list=[1, 2])["pose"]
    assert pose.shape == ntu.get_shape("pose") == (2, layout.num_joints, layout.dim + 1)
    assert (pose[..., 3 if layout.dim == 3 else 2] == 1).all() and (pose[..., :2] > 0).all()


def test_training_clips_follow_the_generator(fixture_world):
    ntu = Ntu(fixture_world / "NTU", ntu_dataconf.replace(crop_resolution=(32, 32)), clip_size=4, use_gt_bbox=True)
    first, second, other = (ntu.get_data(1, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (3, 3, 5))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert first["frame_list"] != other["frame_list"]


def test_pose_only_gives_the_same_pose_without_images(folder):
    sample = Ntu(folder, SMALL, clip_size=8).get_data(0, TEST_MODE)
    shutil.rmtree(folder / "images-small")
    alone = Ntu(folder, SMALL, clip_size=8, pose_only=True).get_data(0, TEST_MODE)
    assert alone["frame"] is None
    np.testing.assert_array_equal(alone["pose"], sample["pose"])


def test_images_of_another_size_keep_the_geometry(folder):
    ntu = Ntu(folder, SMALL, use_gt_bbox=True)
    half = ntu.get_data(0, TEST_MODE, frame_list=[3])
    path = folder / "images-small" / FIRST_TEST / "00007.jpg"
    with Image.open(path) as opened:
        opened.resize((480, 270), Image.BOX).save(path, quality=95)
    quarter = ntu.get_data(0, TEST_MODE, frame_list=[3])
    np.testing.assert_array_equal(half["pose"], quarter["pose"])
    np.testing.assert_array_equal(half["afmat"], quarter["afmat"])
    assert np.abs(half["frame"] - quarter["frame"]).mean() < 0.02


def test_predicted_boxes_go_by_the_name_of_the_video(folder):
    boxes = {f"{FIRST_TEST}.{frame}": [100 + frame, 50, 200 + frame, 150] for frame in range(40)}
    (folder / "boxes.json").write_text(json.dumps([boxes, {}, {}]))
    ntu = Ntu(folder, SMALL, clip_size=4, pred_bboxes_file="boxes.json")
    assert ntu.get_data(0, TEST_MODE, frame_list=[3, 5, 9, 11])["bbox"].tolist() == [103, 50, 211, 150]
    with pytest.raises(ValueError, match="no box for .'S003C003P007R001A008.0'.*exp/ntu/predict_bboxes.py"):
        ntu.get_data(1, TEST_MODE, frame_list=[0])
    (folder / "boxes.json").write_text("[{}, {}]")
    with pytest.raises(ValueError, match="boxes.json.*exp/ntu/predict_bboxes.py"):
        Ntu(folder, SMALL, pred_bboxes_file="boxes.json")


@pytest.mark.parametrize(
    "options, name",
    [
        ({"topology": "sequence"}, "topology"),
        ({"split": "subject"}, "split"),
        ({"num_S": 0}, "num_S"),
        ({"num_S": 18}, "num_S"),
        ({"poselayout": ntu25j3d.__class__("other", 3, ["a"], [0], [], [], [])}, "poselayout"),
    ],
)
def test_words_of_the_arguments(fixture_world, options, name):
    with pytest.raises(ValueError, match=f"`{name}` must .*Received: "):
        Ntu(fixture_world / "NTU", SMALL, **options)


@pytest.mark.parametrize("arguments", [{"key": 2}, {"key": -1}, {"key": 0, "frame_list": [40]}])
def test_out_of_range(fixture_world, arguments):
    with pytest.raises(ValueError, match="`key`|`frame_list`"):
        Ntu(fixture_world / "NTU", SMALL).get_data(mode=TEST_MODE, **arguments)
    with pytest.raises(ValueError, match="`topology`"):
        Ntu(fixture_world / "NTU", SMALL, topology="frames").get_clip_index(0, TEST_MODE)


def test_missing_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.*deephar synth --format ntu"):
        Ntu(tmp_path / "nowhere", SMALL)
    with pytest.raises(FileNotFoundError, match="nturgb.d_numpy.*deephar synth --format ntu"):
        Ntu(tmp_path, SMALL)
    (tmp_path / "nturgb+d_numpy").mkdir()
    with pytest.raises(FileNotFoundError, match="must hold arrays .*Received: 0 arrays"):
        Ntu(tmp_path, SMALL)


@pytest.mark.parametrize(
    "spoil, what",
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "mmap length"),
        (lambda path: path.write_bytes(b""), "No data left"),
        (lambda path: path.write_bytes(b"pickle me"), "pickle"),
        (lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True), "Python objects"),
        (lambda path: np.save(path, np.zeros((5, 150))), "151"),
        (lambda path: np.save(path, np.zeros((0, 151))), "at least one frame"),
        (lambda path: np.save(path, np.zeros((5, 151), int)), "real numbers"),
        (lambda path: path.rename(path.with_name("S001C001P001R001A061.npy")), "S001C001P001R001A061"),
        (lambda path: path.rename(path.with_name("copy of S001.npy")), "S001C001P001R001A001"),
    ],
)
def test_a_damaged_array_is_named_and_not_skipped(folder, spoil, what):
    spoil(folder / "nturgb+d_numpy" / "S001C001P001R001A010.npy")
    with pytest.raises(ValueError, match=r"nturgb\+d_numpy/.*npy") as caught:
        Ntu(folder, SMALL)
    assert what in str(caught.value) and "deephar synth --format ntu" in str(caught.value)


def test_images_go_by_the_number_in_their_row(folder):
    before = Ntu(folder, SMALL).get_data(0, TEST_MODE, frame_list=[2])["frame"]
    change(folder, FIRST_TEST, lambda rows: rows[2:])  # a person who comes in at the third frame
    ntu = Ntu(folder, SMALL)
    np.testing.assert_array_equal(ntu.get_data(0, TEST_MODE, frame_list=[1])["frame"], before)
    assert ntu.sequences[TEST_MODE][0].num_frames == 39


@pytest.mark.parametrize("number", [0, 2.5, np.nan, 1e9])
def test_frame_numbers_that_name_no_image(folder, number):
    def spoil(rows):
        rows[4, 0] = number
        return rows

    change(folder, FIRST_TEST, spoil)
    with pytest.raises(ValueError, match=f"{FIRST_TEST}.npy.*must number the frames from 1"):
        Ntu(folder, SMALL).get_data(0, TEST_MODE, frame_list=[2])


def test_unfinished_files_are_hidden(folder):
    (folder / "nturgb+d_numpy" / ".S001C001P001R001A011.npy").write_bytes(b"half")
    assert Ntu(folder, SMALL).get_length(TRAIN_MODE) == 2


def test_an_array_that_leads_out_of_the_folder_is_refused(folder, tmp_path):
    path = folder / "nturgb+d_numpy" / f"{FIRST_TEST}.npy"
    path.rename(tmp_path / "elsewhere.npy")
    path.symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(ValueError, match="must lie inside"):
        Ntu(folder, SMALL)


def test_missing_and_damaged_frames(folder):
    ntu = Ntu(folder, SMALL)
    path = folder / "images-small" / FIRST_TEST / "00007.jpg"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=f"{FIRST_TEST}/00007.jpg"):
        ntu.get_data(0, TEST_MODE, frame_list=[2, 3])
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"{FIRST_TEST}/00007.jpg.*deephar synth --format ntu"):
        ntu.get_data(0, TEST_MODE, frame_list=[2, 3])
    assert ntu.get_data(0, TEST_MODE, frame_list=[2, 4])["frame"].shape == (2, 64, 64, 3)


def test_frame_index_is_the_list_it_stands_for():
    lengths = [3, 0, 2]
    index = FrameIndex(lengths)
    assert list(index) == [(0, 0), (0, 1), (0, 2), (2, 0), (2, 1)] and len(index) == 5
    assert len(FrameIndex([])) == 0
    for key in (-1, 5):
        with pytest.raises(IndexError, match="`key`"):
            index[key]
