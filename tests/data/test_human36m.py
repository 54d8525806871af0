"""Human3.6M: reference data, lazily read splits, geometry of the labels, and every error."""

import pathlib
import pickle
import shutil

import numpy as np
import pytest
import scipy.io
from PIL import Image

from deephar.config import DataConfig, human36m_dataconf
from deephar.data import Human36M
from deephar.utils import (
    TEST_MODE,
    TRAIN_MODE,
    VALID_MODE,
    camera_deserialize,
    pa16j3d,
    pa17j3d,
    pa20j3d,
    pa21j3d,
    project_pred_to_camera,
)

SMALL = DataConfig(crop_resolution=(64, 64))


@pytest.fixture
def folder(fixture_world, tmp_path):
    """A private copy of the Human3.6M fixture."""
    shutil.copytree(fixture_world / "Human3.6M", tmp_path / "Human3.6M")
    return tmp_path / "Human3.6M"


@pytest.fixture(scope="module")
def frames(fixture_world):
    return Human36M(fixture_world / "Human3.6M", SMALL, topology="frames")


@pytest.mark.parametrize("setting", ["plain", "aug"])
@pytest.mark.parametrize("topology, keys", [("sequences", 1), ("frames", 3)])
def test_agrees_with_reference(fixture_world, expected, golden, setting, topology, keys):
    h36m = Human36M(fixture_world / "Human3.6M", golden.SETTINGS[setting], topology=topology, clip_size=3)
    for key in range(keys):
        sample = h36m.get_data(key, VALID_MODE)
        golden.assert_agrees(sample, expected, f"h36m/{setting}/{topology}/valid/{key}")
        for name in ("frame", "pose", "pose_w", "pose_uvd", "camera", "afmat", "bbox"):
            assert np.shape(sample[name]) == h36m.get_shape(name), name


def test_lengths_and_labels(fixture_world, frames):
    clips = Human36M(fixture_world / "Human3.6M", SMALL)
    assert [clips.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)] == [2, 2, 2]
    assert [frames.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)] == [7, 38, 7]
    assert len(clips.action_labels) == 15 and clips.action_labels[14] == "WalkTogether"
    assert [frames.get_data(key, TEST_MODE)["action"] for key in (3, 4)] == [1, 8]
    assert clips.clip_length() == 16 and clips.clip_shape() == (16,)
    assert frames.clip_length() is None and frames.clip_shape() == () and frames.get_shape("action") == (1,)


def test_the_label_leads_back_to_the_world(frames):
    sample = frames.get_data(5, TEST_MODE)
    pose, camera = sample["pose"], camera_deserialize(sample["camera"])
    uvd = project_pred_to_camera(pose[None, :, :3], sample["afmat"], 2000.0, sample["pose_uvd"][0, 2])[0]
    seen = pose[:, 3] == 1
    assert seen.sum() > 10
    np.testing.assert_allclose(uvd[seen], sample["pose_uvd"][seen], rtol=1e-9)
    assert np.abs(camera.inverse_project(uvd[seen]) - sample["pose_w"][seen]).max() < 30  # of the one-step distortion
    np.testing.assert_allclose(pose[0, 2], 0.5)


def test_layouts_take_their_joints(fixture_world, frames):
    joints = scipy.io.loadmat(fixture_world / "Human3.6M" / "annotations.mat", squeeze_me=True)
    first = joints["sequences_te"][0]["frames"].item()[0]["pose3d"].item().T  # (32, 3)
    for layout in (pa17j3d, pa20j3d, pa21j3d):
        sample = Human36M(fixture_world / "Human3.6M", SMALL, layout, "frames").get_data(0, TEST_MODE)
        np.testing.assert_array_equal(sample["pose_w"], first[layout.map_from_h36m])
    with pytest.raises(ValueError, match="`poselayout` must be pa17j3d.*Received: pa16j3d"):
        Human36M(fixture_world / "Human3.6M", SMALL, pa16j3d)


def test_training_follows_the_generator_and_occludes(fixture_world):
    dataconf = human36m_dataconf.replace(crop_resolution=(96, 96))
    h36m = Human36M(fixture_world / "Human3.6M", dataconf, clip_size=4)
    first, second, other = (h36m.get_data(1, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (3, 3, 5))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert not np.array_equal(first["afmat"], other["afmat"])
    boxes = [(sample["frame"] == 0).all(axis=(0, 3)) for sample in (first, other)]  # the same place in every frame
    for box in boxes:
        rows, columns = np.flatnonzero(box.any(axis=1)), np.flatnonzero(box.any(axis=0))
        assert 20 <= len(rows) <= 90 and 20 <= len(columns) <= 90
        assert box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def test_flipped_crop_exchanges_sides_of_the_label_only(fixture_world, frames):
    plain = frames.get_data(0, TEST_MODE)
    flipped = Human36M(fixture_world / "Human3.6M", SMALL.replace(fixed_hflip=1), topology="frames")
    flipped = flipped.get_data(0, TEST_MODE)
    np.testing.assert_array_equal(flipped["pose_w"], plain["pose_w"])
    both = (plain["pose"][:, 3] == 1) & (flipped["pose"][pa17j3d.map_hflip, 3] == 1)
    expected = plain["pose"][both] * [-1, 1, 1, 1] + [1, 0, 0, 0]
    np.testing.assert_allclose(flipped["pose"][pa17j3d.map_hflip][both], expected, atol=1e-12)


def test_given_box_and_frames(fixture_world, frames):
    sample = frames.get_data(0, TEST_MODE, bbox=[400, 300, 700, 600])
    assert sample["bbox"].tolist() == [400, 300, 700, 600]
    np.testing.assert_allclose((sample["afmat"] @ [550, 450, 1])[:2], 0.5, atol=0.01)
    clips = Human36M(fixture_world / "Human3.6M", SMALL, clip_size=2)
    again = clips.get_data(0, TEST_MODE, frame_list=[2, 0])
    np.testing.assert_array_equal(again["pose_w"][1], frames.get_data(0, TEST_MODE)["pose_w"])


def test_splits_are_read_when_asked_for(folder, frames):
    h36m = Human36M(folder, SMALL, topology="frames")
    assert not h36m.sequences._read
    h36m.get_data(0, TEST_MODE)
    assert list(h36m.sequences._read) == [TEST_MODE]
    copy = pickle.loads(pickle.dumps(h36m))  # as a worker process gets it
    np.testing.assert_array_equal(copy.get_data(1, TEST_MODE)["pose"], frames.get_data(1, TEST_MODE)["pose"])


def test_a_split_can_be_replaced(fixture_world, frames):
    h36m = Human36M(fixture_world / "Human3.6M", SMALL, topology="frames")
    assert h36m.get_length(VALID_MODE) == 7
    h36m.set_split(VALID_MODE, h36m.sequences[TRAIN_MODE][1:])
    assert h36m.get_length(VALID_MODE) == 18
    first = h36m.sequences[TRAIN_MODE][1].joints[0]
    np.testing.assert_array_equal(h36m.get_data(0, VALID_MODE)["pose_w"], first[pa17j3d.map_from_h36m])


@pytest.mark.parametrize(
    "arguments, name",
    [({"key": 2}, "key"), ({"key": -1}, "key"), ({"key": 0, "frame_list": [4]}, "frame_list")]
    + [({"key": 0, "frame_list": []}, "frame_list"), ({"key": 0, "mode": 7}, "mode")],
)
def test_out_of_range(fixture_world, arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        Human36M(fixture_world / "Human3.6M", SMALL).get_data(**{"mode": TEST_MODE, **arguments})


def test_words_and_places_of_the_arguments(fixture_world, frames, tmp_path):
    with pytest.raises(ValueError, match="`topology`.*Received: 'sequence'"):
        Human36M(fixture_world / "Human3.6M", SMALL, topology="sequence")
    with pytest.raises(FileNotFoundError, match="`dataset_path`.*Human3.6M/prepare.py"):
        Human36M(tmp_path / "nowhere", SMALL)
    with pytest.raises(FileNotFoundError, match="annotations.mat.*deephar synth --format h36m"):
        Human36M(tmp_path, SMALL)
    with pytest.raises(ValueError, match="`dictkey`"):
        frames.get_shape("headsize")
    with pytest.raises(ValueError, match="`key` must be in .0, 6."):
        frames.get_data(7, TEST_MODE)
    with pytest.raises(ValueError, match="`mode` must be one of"):
        frames.get_length(3)


def test_missing_damaged_and_resized_images(folder):
    h36m = Human36M(folder, SMALL, topology="frames")
    path = folder / "images" / "s02_c1" / "00002.jpg"
    shutil.copy(path, path.with_name("kept.jpg"))
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ValueError, match="s02_c1/00002.jpg"):
        h36m.get_data(1, TEST_MODE)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="s02_c1/00002.jpg.*prepare.py"):
        h36m.get_data(1, TEST_MODE)
    Image.new("RGB", (500, 501)).save(path)
    with pytest.raises(ValueError, match=r"00002.jpg.*\(1000, 1002\). Received: \(500, 501\)"):
        h36m.get_data(1, TEST_MODE)
    assert h36m.get_data(2, TEST_MODE)["frame"].shape == (64, 64, 3)


def written(path, sequence, **variables):
    """Write annotations with one test and training sequence."""
    labels = {"action_labels": ["a", "b"], "joint_labels": ["c", "d"]}
    scipy.io.savemat(path, {"sequences_te": sequence, "sequences_tr": sequence, **labels, **variables})


def a_sequence(name="s01_c1", **changes):
    camera = dict(R=np.eye(3), T=np.zeros((3, 1)), f=[[1000.0, 1000]], c=[[50.0, 50]], p=[[0.0, 0]], k=[[0.0, 0, 0]])
    pose = np.zeros((3, 32)) + [[0.0], [0.0], [4000.0]]
    frame = {"f": 1, "w": 100, "h": 100, "pose3d": pose, **changes.pop("frame", {})}
    return {"name": name, "camera_parameters": {**camera, **changes.pop("camera", {})}, "frames": [frame], **changes}


@pytest.mark.parametrize(
    "sequence, problem",
    [
        (a_sequence("s00_c1"), "01 to 02"),
        (a_sequence("s03_c1"), "01 to 02"),
        (a_sequence("walking"), "01 to 02"),
        (a_sequence("s011_c1"), "01 to 02"),
        (a_sequence(frame={"pose3d": np.zeros((3, 17))}), "3 x 32"),
        (a_sequence(frame={"w": 0}), "`w` and `h`"),
        (a_sequence(camera={"R": np.zeros((3, 3))}), "rotation"),
        (a_sequence(camera={"f": [[np.nan, 1.0]]}), "finite"),
        (a_sequence(camera={"k": [[0.0, 0.0]]}), "reshape"),
        ({"name": "s01_c1"}, "camera_parameters|frames"),
    ],
)
def test_annotations_of_another_form(folder, sequence, problem):
    written(folder / "annotations.mat", sequence)
    with pytest.raises(ValueError, match=f"annotations.mat.*`sequences_te`, sequence 0.*({problem})"):
        Human36M(folder, SMALL).get_length(TEST_MODE)


def test_a_person_behind_the_camera_is_named(folder):
    written(folder / "annotations.mat", a_sequence(frame={"pose3d": np.full((3, 32), -100.0)}))
    with pytest.raises(ValueError, match="annotations.mat.*frame 1 of 's01_c1' must have its root before the camera"):
        Human36M(folder, SMALL, topology="frames").get_data(0, TEST_MODE)


def test_a_image_outside_of_the_folder_is_refused(folder):
    written(folder / "annotations.mat", a_sequence("s01/../../outside"))
    (folder / "outside").mkdir()
    with pytest.raises(ValueError, match="must lie inside.*Received: 's01/../../outside/00001.jpg'"):
        Human36M(folder, SMALL, topology="frames").get_data(0, TEST_MODE)


def test_small_images_are_cropped_by_the_same_metres(folder):
    path = folder / "images" / "s01_c1" / "00001.jpg"
    for factor in (1, 5):
        size = {"w": 1000 // factor, "h": 1000 // factor}
        middle, focal = [[500.0 / factor, 500.0 / factor]], [[1000.0 / factor, 1000.0 / factor]]
        written(folder / "annotations.mat", a_sequence(frame=size, camera={"f": focal, "c": middle}))
        Image.new("RGB", (size["w"], size["h"])).save(path)
        sample = Human36M(folder, SMALL, topology="frames").get_data(0, TEST_MODE)
        side = sample["bbox"][2] - sample["bbox"][0]
        assert side == pytest.approx(2250 * 1000 / 4000 / factor)  # 2.25 m in 4 m distance, in px


def test_names_may_begin_with_any_letter(folder):
    written(folder / "annotations.mat", a_sequence("a02_s11_e02_c01"))
    assert Human36M(folder, SMALL).sequences[TEST_MODE][0].action == 1


def test_no_validation_split_is_empty_and_other_variables_are_needed(folder):
    path = pathlib.Path(folder / "annotations.mat")
    written(path, a_sequence())
    assert Human36M(folder, SMALL).get_length(VALID_MODE) == 0
    scipy.io.savemat(path, {"action_labels": ["a"], "joint_labels": ["b"]})
    with pytest.raises(ValueError, match="annotations.mat.*sequences_te"):
        Human36M(folder, SMALL).get_length(TEST_MODE)
    scipy.io.savemat(path, {"sequences_te": []})
    with pytest.raises(ValueError, match="annotations.mat.*action_labels"):
        Human36M(folder, SMALL)
    path.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(ValueError, match="annotations.mat"):
        Human36M(folder, SMALL)
