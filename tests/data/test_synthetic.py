"""The synthetic world as data sets: repeatable, consistent with its own geometry, usable by the loader."""

import pickle

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import BatchLoader, SyntheticClips, SyntheticPoses
from deephar.synthetic.actions import NTU
from deephar.utils import (
    TEST_MODE,
    TRAIN_MODE,
    camera_deserialize,
    ntu25j3d,
    pa16j2d,
    pa17j3d,
    pa20j3d,
    project_pred_to_camera,
)

SMALL = DataConfig(
    crop_resolution=(64, 64), angles=range(-30, 31, 5), scales=(0.8, 1, 1.2), subsampling=(1, 2), fixed_subsampling=2
)


@pytest.fixture(scope="module")
def poses():
    return SyntheticPoses(SMALL, length=6)


@pytest.fixture(scope="module")
def clips():
    return SyntheticClips(SMALL, clip_size=3, length=16)


def assert_same(first, second):
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_stills_have_the_keys_of_mpii(poses):
    sample = poses.get_data(0, TEST_MODE)
    assert sorted(sample) == ["afmat", "bbox", "center", "frame", "headsize", "people", "pose", "visible"]
    for name in ("frame", "pose", "people", "center", "bbox", "afmat"):
        assert sample[name].shape == poses.get_shape(name)
    assert sample["frame"].dtype == np.float32 and np.abs(sample["frame"]).max() <= 1 and sample["frame"].std() > 0.05
    assert sample["headsize"] > 3 and sample["pose"][:, 2].sum() >= 14


def test_key_decides_the_image_and_the_generator_the_crop(poses):
    first, second, other = (poses.get_data(2, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_same(first, second)
    assert not np.array_equal(first["afmat"], other["afmat"]) and first["headsize"] == other["headsize"]
    assert_same(poses.get_data(1, TEST_MODE), SyntheticPoses(SMALL, length=6).get_data(1, TEST_MODE))
    assert poses.get_data(0, TEST_MODE)["headsize"] != poses.get_data(1, TEST_MODE)["headsize"]
    test_split = SyntheticPoses(SMALL, split="test", length=6).get_data(1, TEST_MODE)
    assert not np.array_equal(test_split["frame"], poses.get_data(1, TEST_MODE)["frame"])


def test_flip_exchanges_the_sides_and_the_columns(poses):
    flipped = SyntheticPoses(SMALL.replace(fixed_hflip=1), length=6).get_data(3, TEST_MODE)
    sample = poses.get_data(3, TEST_MODE)
    np.testing.assert_array_equal(flipped["frame"], sample["frame"][:, ::-1])
    both = (flipped["pose"][:, 2] > 0) & (sample["pose"][pa16j2d.map_hflip, 2] > 0)
    expected = np.array([1, 0, 0]) + sample["pose"][pa16j2d.map_hflip] * [-1, 1, 1]
    np.testing.assert_allclose(flipped["pose"][both, :2], expected[both, :2], atol=1e-9)
    np.testing.assert_array_equal(flipped["visible"], sample["visible"][pa16j2d.map_hflip])
    assert set(sample["visible"]) <= {0.0, 1.0} and sample["visible"].shape == poses.get_shape("visible")


def test_clips_have_the_keys_of_penn_action(clips):
    sample = clips.get_data(4, TEST_MODE)
    assert sorted(sample) == ["afmat", "bbox", "frame", "frame_list", "pennaction", "pose", "seq_idx"]
    for name in ("frame", "pose", "bbox", "afmat", "pennaction"):
        assert sample[name].shape == clips.get_shape(name)
    assert sample["pennaction"].argmax() == 4 and set(np.diff(sample["frame_list"])) == {2}
    assert sample["pose"][..., 2].mean() > 0.5
    named = SyntheticClips(SMALL, "pa17j3d", length=1, actions="ntu").action_labels
    assert named == NTU.labels and [k for k, name in enumerate(named) if name] == sorted(NTU.performed)
    hidden = SyntheticClips(SMALL, clip_size=3, length=16, hidden_joints=True).get_data(4, TEST_MODE)
    assert hidden["pose"][..., 2].sum() >= sample["pose"][..., 2].sum()
    seen = sample["pose"][..., 2] > 0
    np.testing.assert_array_equal(hidden["pose"][seen], sample["pose"][seen])


def test_clip_follows_the_generator_and_frame_list(clips):
    first, second = (clips.get_data(5, TRAIN_MODE, rng=np.random.default_rng(1)) for _ in range(2))
    assert_same(first, second)
    chosen = clips.get_clip_index(5, TEST_MODE, subsamples=[2])[1]
    assert clips.get_data(5, TEST_MODE, frame_list=chosen)["frame_list"] == list(chosen)


def test_loader_mixes_stills(poses):
    mixture = [poses, SyntheticPoses(SMALL, length=4, seed=1)]
    loader = BatchLoader(mixture, ["frame"], ["pose"], TRAIN_MODE, [2, 1], seed=0)
    (frame,), (pose,) = loader[0]
    assert frame.shape == (3, 64, 64, 3) and pose.shape == (3, 16, 3) and len(loader) == 4


def test_bad_arguments_are_named(poses):
    with pytest.raises(ValueError, match="`poselayout` must be one of .*pa17j3d.*Received: ntu25j3d"):
        SyntheticPoses(SMALL, poselayout=ntu25j3d)
    with pytest.raises(ValueError, match="`actions` must be one of .*Received: 'h36m'"):
        SyntheticClips(SMALL, actions="h36m")
    with pytest.raises(ValueError, match="`actions` must be one of .*Received: 'golf'"):
        SyntheticPoses(SMALL, actions="golf")
    with pytest.raises(ValueError, match="`length`"):
        SyntheticClips(SMALL, length=0)
    with pytest.raises(ValueError, match="`key`.*Received: 6"):
        poses.get_data(6, TRAIN_MODE)
    with pytest.raises(ValueError, match="`split`"):
        SyntheticPoses(SMALL, split="valid").get_data(0, TRAIN_MODE)


def test_stills_in_space_have_the_keys_and_the_geometry_of_human36m():
    stills = SyntheticPoses(SMALL.replace(fixed_scale=1.2, fixed_hflip=1), pa17j3d, length=4)
    sample = stills.get_data(1, TEST_MODE)
    for name in ("frame", "pose", "pose_w", "pose_uvd", "camera", "bbox", "afmat"):
        assert np.shape(sample[name]) == stills.get_shape(name), name
    assert sample["pose"].shape == (17, 4) and sample["action"] in range(-1, 15)
    camera = camera_deserialize(sample["camera"])
    np.testing.assert_allclose(camera.project(sample["pose_w"]), sample["pose_uvd"], atol=0.05)
    known = sample["pose"][:, 3] > 0
    assert known.sum() > 8
    flipped = sample["pose_uvd"][pa17j3d.map_hflip]
    expected = 0.5 + (flipped[:, 2] - flipped[0, 2]) / 2000.0 / 1.2
    np.testing.assert_allclose(sample["pose"][known, 2], expected[known], atol=1e-12)
    np.testing.assert_allclose(
        project_pred_to_camera(sample["pose"][None, :, :3], sample["afmat"][None], 2400.0, flipped[:1, 2])[0][known],
        flipped[known],
        atol=1e-6,
    )


def test_the_plane_of_a_pose_in_space_is_the_pose_in_the_plane():
    flat = SyntheticPoses(SMALL, pa16j2d, length=4).get_data(2, TEST_MODE)
    deep = SyntheticPoses(SMALL, pa17j3d, length=4).get_data(2, TEST_MODE)
    np.testing.assert_array_equal(flat["frame"], deep["frame"])
    np.testing.assert_array_equal(flat["pose"][:, :2], deep["pose"][:16, :2])
    np.testing.assert_array_equal(flat["pose"][:, 2], deep["pose"][:16, 3])


def test_clips_of_ntu_have_its_keys_and_depths():
    clips = SyntheticClips(SMALL, pa20j3d, clip_size=3, length=30, actions="ntu")
    sample = clips.get_data(7, TEST_MODE)
    assert sorted(sample) == ["afmat", "bbox", "frame", "frame_list", "ntuaction", "pose", "seq_idx"]
    for name in ("frame", "pose", "ntuaction", "bbox", "afmat"):
        assert sample[name].shape == clips.get_shape(name)
    assert NTU.label(int(sample["ntuaction"].argmax())) == "sit down" and sample["ntuaction"].sum() == 1
    assert sample["pose"].shape == (3, 20, 4) and sample["pose"][..., 3].mean() > 0.95  # hidden joints are labelled
    np.testing.assert_allclose(sample["pose"][:, 0, 2].mean(), 0.5, atol=1e-12)
    assert np.ptp(sample["pose"][0, :, 2]) > 0.05 and clips.get_clip_index(7, TEST_MODE)


@pytest.mark.parametrize("actions", ["penn", "ntu", "h36m"])
def test_goes_to_another_process(actions):
    data = SyntheticPoses(SMALL, pa17j3d, length=3, actions=actions)
    assert_same(pickle.loads(pickle.dumps(data)).get_data(1, TEST_MODE), data.get_data(1, TEST_MODE))


def test_share_of_random_poses():
    def actions_of(share):
        data = SyntheticPoses(SMALL, pa17j3d, length=24, actions="h36m", random_poses=share)
        return [data.get_data(key, TEST_MODE)["action"] for key in range(12)]

    motions, mixed = actions_of(0.0), actions_of(0.45)
    assert min(motions) >= 0 and set(actions_of(1.0)) == {-1}
    assert -1 in mixed and all(own in (-1, other) for own, other in zip(mixed, motions, strict=True))
    with pytest.raises(ValueError, match="`random_poses` must be from 0 to 1"):
        actions_of(1.5)
