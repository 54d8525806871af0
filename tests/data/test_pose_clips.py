"""Clips of poses: which moments, one box, flip, missing joints, what training varies."""

import numpy as np
import pytest

from deephar.data.pose_clips import (
    PoseVariation,
    as_input,
    clip_positions,
    covering_positions,
    mirror_clip,
    normalise_clip,
    pa16_from_pa13,
    take_frames,
)
from deephar.utils import pa16j2d

NAMES = pa16j2d.joint_names


@pytest.fixture
def joints():
    """A video of 40 frames in which everybody walks to the right by 2 px a frame."""
    rng = np.random.default_rng(0)
    return rng.uniform(50, 150, (1, 13, 2)) + np.arange(40)[:, None, None] * [2.0, 0.0]


def test_three_joints_are_computed(joints):
    joints[:, 7] = np.nan  # right hip
    full = pa16_from_pa13(joints)
    at = {name: full[:, k] for k, name in enumerate(NAMES)}
    np.testing.assert_allclose(at["thorax"], (joints[:, 1] + joints[:, 2]) / 2)
    np.testing.assert_allclose(at["neck"], (at["thorax"] + joints[:, 0]) / 2)
    np.testing.assert_array_equal(at["l_ankle"], joints[:, 12])
    assert np.isnan(at["pelvis"]).all() and np.isnan(at["r_hip"]).all()


def test_positions():
    np.testing.assert_allclose(clip_positions(100, 16, 6), 4.5 + 6 * np.arange(16))
    np.testing.assert_allclose(clip_positions(100, 16, 6, start=0), 6 * np.arange(16))
    np.testing.assert_allclose(clip_positions(31, 16, 6), 2 * np.arange(16))  # too short: all of it
    np.testing.assert_array_equal(clip_positions(1, 16, 6), np.zeros(16))


@pytest.mark.parametrize("length", [1, 10, 46, 91, 92, 400])
def test_windows_cover_the_video(length):
    clips = covering_positions(length, 16, (6, 3))
    for step in {min(s, (length - 1) / 15) for s in (6, 3)}:
        mine = [c for c in clips if np.isclose(c[1] - c[0], step)]
        assert mine[0][0] == pytest.approx(0 if len(mine) > 1 else (length - 1 - 15 * step) / 2)
        assert mine[-1][-1] == pytest.approx(length - 1)
        starts = np.diff([c[0] for c in mine])
        assert (starts <= 15 * step / 2 + 1e-9).all()
    assert len({(c[0], c[-1]) for c in clips}) == len(clips)


@pytest.mark.parametrize("length", [1, 2, 30])
def test_clips_of_one_frame(length):
    np.testing.assert_allclose(clip_positions(length, 1, 6), [(length - 1) / 2])
    clips = np.concatenate(covering_positions(length, 1, (6, 3)))
    assert clips[-1] <= length - 1 and (np.diff(clips) <= 6).all() and len(clips) == 1 + -(-(length - 1) // 6)
    positions = PoseVariation().positions(np.random.default_rng(0), length, 1, 6)
    assert positions.shape == (1,) and 0 <= positions[0] <= length - 1


def test_frames_between_frames(joints):
    joints[3, 0] = np.nan
    taken = take_frames(joints, np.array([0.0, 0.25, 2.5, 39.0]))
    np.testing.assert_allclose(taken[1], 0.75 * joints[0] + 0.25 * joints[1])
    np.testing.assert_allclose(taken[2, 0], joints[2, 0])  # absent in frame 3: as in frame 2
    np.testing.assert_allclose(taken[3], joints[39])
    joints[2, 0] = np.nan
    assert np.isnan(take_frames(joints, np.array([2.5]))[0, 0]).all()


def test_one_box_for_the_clip(joints):
    clip = normalise_clip(joints)
    assert clip.min() >= 0 and clip.max() <= 1
    extent = np.ptp(joints.reshape(-1, 2), axis=0)
    np.testing.assert_allclose(np.ptp(clip.reshape(-1, 2), axis=0), extent / (1.1 * extent.max()))
    np.testing.assert_allclose(normalise_clip(3 * joints + 17), clip)  # place and size of the image do not matter
    speed = clip[1, 0, 0] - clip[0, 0, 0]
    assert speed == pytest.approx(2 / (1.1 * extent.max()))  # but walking is still seen
    empty = np.full((4, 13, 2), np.nan)
    assert np.isnan(normalise_clip(empty)).all()


def test_mirror_exchanges_sides_and_is_its_own_inverse(joints):
    clip = normalise_clip(pa16_from_pa13(joints))
    flipped = mirror_clip(clip)
    left, right = NAMES.index("l_wrist"), NAMES.index("r_wrist")
    np.testing.assert_allclose(flipped[:, left], [1, 0] + clip[:, right] * [-1, 1])
    np.testing.assert_allclose(mirror_clip(flipped), clip)


def test_absent_joints_become_zero(joints):
    joints[:, 5] = np.nan
    pose, confidence = as_input(joints)
    assert pose.dtype == confidence.dtype == np.float32 and confidence.shape == (40, 13, 1)
    assert not pose[:, 5].any() and not confidence[:, 5].any() and confidence[:, 6:].all()


@pytest.mark.parametrize("length", [1, 2, 18, 60, 600])
def test_varied_positions_stay_in_the_video(length):
    rng = np.random.default_rng(0)
    for _ in range(50):
        found = PoseVariation().positions(rng, length, 16, 6.0)
        assert found.shape == (16,) and (np.diff(found) >= 0).all() and 0 <= found[0] and found[-1] <= length - 1
        assert found[-1] - found[0] <= 1.25 * 90 + 6


def test_variation(joints):
    clip = normalise_clip(pa16_from_pa13(joints))
    one = PoseVariation().vary(np.random.default_rng(3), clip)
    np.testing.assert_array_equal(one, PoseVariation().vary(np.random.default_rng(3), clip))
    assert one.shape == clip.shape and not np.allclose(one, clip, equal_nan=True)
    still = PoseVariation((1, 1), 0, (1, 1), 0, 0, 0, 0, 0, 0, flip=0)
    np.testing.assert_allclose(still.vary(np.random.default_rng(0), clip), clip)
    always = PoseVariation((1, 1), 0, (1, 1), 0, 0, 0, 0, 0, 0, flip=1)
    np.testing.assert_allclose(always.vary(np.random.default_rng(0), clip), mirror_clip(clip))
    sparse = PoseVariation(joint_dropout=0.5, frame_dropout=0).vary(np.random.default_rng(0), clip)
    gone = np.isnan(sparse).any(axis=-1)
    assert 0 < gone[0].sum() < 16 and (gone == gone[0]).all()  # a joint is absent from the whole clip


def test_missing_joints_stay_missing(joints):
    joints[:, 4] = np.nan
    place = pa16j2d.map_to_pa13j[4]
    clip = normalise_clip(pa16_from_pa13(joints))
    varied = PoseVariation(flip=0).vary(np.random.default_rng(0), clip)
    assert np.isnan(varied[:, place]).all()
