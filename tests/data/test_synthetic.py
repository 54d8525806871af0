"""The synthetic world as data sets: repeatable, consistent with its own geometry, usable by the loader."""

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import BatchLoader, MpiiSinglePerson, SyntheticClips, SyntheticPoses
from deephar.utils import TEST_MODE, TRAIN_MODE, pa16j2d, pa17j3d

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
    assert sorted(sample) == ["afmat", "bbox", "frame", "headsize", "pose"] and MpiiSinglePerson.get_data.__doc__
    for name in ("frame", "pose", "bbox", "afmat"):
        assert sample[name].shape == poses.get_shape(name)
    assert sample["frame"].dtype == np.float32 and np.abs(sample["frame"]).max() <= 1 and sample["frame"].std() > 0.05
    assert sample["headsize"] > 3 and sample["pose"][:, 2].sum() >= 14


def test_key_decides_the_picture_and_the_generator_the_crop(poses):
    first, second, other = (poses.get_data(2, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_same(first, second)
    assert not np.array_equal(first["afmat"], other["afmat"]) and first["headsize"] == other["headsize"]
    assert_same(poses.get_data(1, TEST_MODE), SyntheticPoses(SMALL, length=6).get_data(1, TEST_MODE))
    assert poses.get_data(0, TEST_MODE)["headsize"] != poses.get_data(1, TEST_MODE)["headsize"]
    test_split = SyntheticPoses(SMALL, split="test", length=6).get_data(1, TEST_MODE)
    assert not np.array_equal(test_split["frame"], poses.get_data(1, TEST_MODE)["frame"])


def test_mirror_exchanges_the_sides_and_the_columns(poses):
    mirrored = SyntheticPoses(SMALL.replace(fixed_hflip=1), length=6).get_data(3, TEST_MODE)
    sample = poses.get_data(3, TEST_MODE)
    np.testing.assert_array_equal(mirrored["frame"], sample["frame"][:, ::-1])
    both = (mirrored["pose"][:, 2] > 0) & (sample["pose"][pa16j2d.map_hflip, 2] > 0)
    expected = np.array([1, 0, 0]) + sample["pose"][pa16j2d.map_hflip] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored["pose"][both, :2], expected[both, :2], atol=1e-9)


def test_clips_have_the_keys_of_penn_action(clips):
    sample = clips.get_data(4, TEST_MODE)
    assert sorted(sample) == ["afmat", "bbox", "frame", "frame_list", "pennaction", "pose", "seq_idx"]
    for name in ("frame", "pose", "bbox", "afmat", "pennaction"):
        assert sample[name].shape == clips.get_shape(name)
    assert sample["pennaction"].argmax() == 4 and set(np.diff(sample["frame_list"])) == {2}
    assert sample["pose"][..., 2].mean() > 0.5
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
    with pytest.raises(ValueError, match="`poselayout`.*pa17j3d"):
        SyntheticPoses(SMALL, poselayout=pa17j3d)
    with pytest.raises(ValueError, match="`length`"):
        SyntheticClips(SMALL, length=0)
    with pytest.raises(ValueError, match="`key`.*Received: 6"):
        poses.get_data(6, TRAIN_MODE)
    with pytest.raises(ValueError, match="`split`"):
        SyntheticPoses(SMALL, split="valid").get_data(0, TRAIN_MODE)
