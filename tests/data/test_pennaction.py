"""Penn Action: reference data, boxes from a file, and every error."""

import json
import shutil

import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import PennAction
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE

SMALL = DataConfig(crop_resolution=(64, 64), fixed_subsampling=3)


@pytest.fixture
def folder(fixture_world, tmp_path):
    """A private copy of the Penn Action fixture."""
    shutil.copytree(fixture_world / "PennAction", tmp_path / "PennAction")
    return tmp_path / "PennAction"


@pytest.mark.parametrize("setting", ["plain", "aug"])
@pytest.mark.parametrize("topology", ["sequences", "frames"])
@pytest.mark.parametrize("box", ["gt", "full"])
def test_agrees_with_reference(fixture_world, expected, golden, setting, topology, box):
    dataconf = golden.SETTINGS[setting].replace(fixed_subsampling=3)
    penn = PennAction(fixture_world / "PennAction", dataconf, topology=topology, use_gt_bbox=box == "gt", clip_size=8)
    for entry in range(2):
        key = entry if topology == "sequences" else 7 + 20 * entry
        sample = penn.get_data(key, TEST_MODE)
        golden.assert_agrees(sample, expected, f"penn/{setting}/{topology}/{box}/test/{entry}")
        assert sample["frame"].shape == penn.get_shape("frame") and sample["pose"].shape == penn.get_shape("pose")


def test_clip_index_agrees_with_reference(fixture_world, expected):
    penn = PennAction(fixture_world / "PennAction", SMALL, clip_size=8)
    for key in range(2):
        clips = penn.get_clip_index(key, TEST_MODE, subsamples=[2, 3])
        np.testing.assert_array_equal(np.array(clips), expected[f"penn/clip_index/{key}"])
    sample = penn.get_data(0, TEST_MODE, frame_list=penn.get_clip_index(0, TEST_MODE)[1])
    assert sample["frame_list"] == list(range(5, 21, 2))


def test_lengths_and_labels(fixture_world):
    penn = PennAction(fixture_world / "PennAction", SMALL)
    assert [penn.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)] == [2, 2, 0]
    frames = PennAction(fixture_world / "PennAction", SMALL, topology="frames")
    assert [frames.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE)] == [50, 55]
    assert len(penn.action_labels) == 15 and penn.action_labels[4] == "clean_and_jerk"
    assert penn.get_data(1, TEST_MODE)["pennaction"].argmax() == 8
    assert penn.clip_length() == 16 and frames.clip_length() is None and frames.clip_shape() == ()


def test_training_clips_follow_the_generator(fixture_world):
    dataconf = DataConfig(crop_resolution=(32, 32), angles=range(-30, 31, 5), subsampling=(1, 2, 3))
    penn = PennAction(fixture_world / "PennAction", dataconf, clip_size=4)
    first, second, other = (penn.get_data(1, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (3, 3, 5))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert first["frame_list"] != other["frame_list"]


def test_pose_only_gives_the_same_pose_without_images(folder):
    sample = PennAction(folder, SMALL, clip_size=8).get_data(0, TEST_MODE)
    shutil.rmtree(folder / "frames")
    alone = PennAction(folder, SMALL, clip_size=8, pose_only=True).get_data(0, TEST_MODE)
    assert alone["frame"] is None
    np.testing.assert_array_equal(alone["pose"], sample["pose"])


def test_full_frames_and_given_box(fixture_world):
    penn = PennAction(fixture_world / "PennAction", SMALL, clip_size=2, output_fullframe=True)
    sample = penn.get_data(0, TEST_MODE, bbox=np.array([100, 50, 300, 250]))
    assert sample["fullframe"].shape == (2, 270, 480, 3) and sample["bbox"].tolist() == [100, 50, 300, 250]
    centre = sample["afmat"] @ [200, 150, 1]
    np.testing.assert_allclose(centre[:2], 0.5, atol=0.01)
    assert "fullframe" not in PennAction(fixture_world / "PennAction", SMALL, clip_size=2).get_data(0, TEST_MODE)


def test_predicted_boxes(folder):
    boxes = {f"0.{frame}": [100 + frame, 50, 200 + frame, 150] for frame in range(40)}
    (folder / "boxes.json").write_text(json.dumps([boxes, {}, {}]))
    penn = PennAction(folder, SMALL, clip_size=4, pred_bboxes_file="boxes.json")
    sample = penn.get_data(0, TEST_MODE, frame_list=[3, 5, 9, 11])
    assert sample["bbox"].tolist() == [103, 50, 211, 150]
    with pytest.raises(ValueError, match="no box for .'1.0'.*predict_bboxes.py"):
        penn.get_data(1, TEST_MODE, frame_list=[0])


@pytest.mark.parametrize(
    "content", ["{}", "[{}, {}]", "nonsense", '[{"0.1": [1, 2, 3]}, {}, {}]', '[{"0.1": null}, {}, {}]']
)
def test_file_of_predicted_boxes_of_another_form(folder, content):
    (folder / "boxes.json").write_text(content)
    with pytest.raises(ValueError, match="boxes.json.*predict_bboxes.py"):
        PennAction(folder, SMALL, pred_bboxes_file="boxes.json")
    with pytest.raises(FileNotFoundError, match="none.json"):
        PennAction(folder, SMALL, pred_bboxes_file="none.json")


@pytest.mark.parametrize(
    "arguments, name",
    [
        ({"key": 2}, "key"),
        ({"key": -1}, "key"),
        ({"key": 0, "frame_list": [40]}, "frame_list"),
        ({"key": 0, "frame_list": []}, "frame_list"),
    ],
)
def test_out_of_range(fixture_world, arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        PennAction(fixture_world / "PennAction", SMALL).get_data(mode=TEST_MODE, **arguments)


def test_words_of_the_arguments(fixture_world):
    with pytest.raises(ValueError, match="`topology`.*Received: 'sequence'"):
        PennAction(fixture_world / "PennAction", SMALL, topology="sequence")
    with pytest.raises(ValueError, match="`topology`"):
        PennAction(fixture_world / "PennAction", SMALL, topology="frames").get_clip_index(0, TEST_MODE)


def test_missing_and_damaged_frames(folder):
    penn = PennAction(folder, SMALL, clip_size=4)
    path = folder / "frames" / "0003" / "000005.jpg"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="0003/000005.jpg"):
        penn.get_data(0, TEST_MODE, frame_list=[2, 3, 4, 5])
    path.unlink()
    with pytest.raises(FileNotFoundError, match="0003/000005.jpg.*deephar synth --format penn"):
        penn.get_data(0, TEST_MODE, frame_list=[2, 3, 4, 5])
    assert penn.get_data(0, TEST_MODE, frame_list=[5, 6, 7, 8])["frame"].shape == (4, 64, 64, 3)


def test_annotations_of_another_form(folder):
    path = folder / "annotations.mat"
    frame = {"f": 1, "w": 480, "h": 270, "pose": np.zeros((2, 12)), "visible": np.zeros(13)}
    sequence = {"idx": 1, "action_id": 1, "frames": [frame]}
    labels = {"action_labels": ["a", "b"], "joint_labels": ["c", "d"]}
    scipy.io.savemat(path, {"sequences_te": sequence, "sequences_tr": sequence, **labels})
    with pytest.raises(ValueError, match="annotations.mat.*`sequences_te`, sequence 0"):
        PennAction(folder, SMALL)
    scipy.io.savemat(path, labels)
    with pytest.raises(ValueError, match="annotations.mat.*sequences_te"):
        PennAction(folder, SMALL)
    path.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(ValueError, match="annotations.mat"):
        PennAction(folder, SMALL)
