"""Scenes of several people: the same for the same numbers, each person with box and joints, nobody where nobody is."""

import numpy as np
import pytest

from deephar.synthetic.crowd import MOST_PEOPLE, render_crowd

SIZE = (96, 72)


def test_the_same_numbers_give_the_same_scene():
    a, b, other = (render_crowd("train", k, 2, SIZE) for k in (3, 3, 4))
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
    assert not np.array_equal(a["frame"], other["frame"])
    assert not np.array_equal(a["frame"], render_crowd("test", 3, 2, SIZE)["frame"])
    assert not np.array_equal(a["frame"], render_crowd("train", 3, 2, SIZE, seed=1)["frame"])


def test_everybody_has_a_box_around_all_joints():
    for index in range(4):
        scene = render_crowd("train", index, 3, SIZE)
        assert scene["frame"].shape == (72, 96, 3) and scene["frame"].dtype == np.uint8
        joints = scene["joints_px"]
        assert joints.shape == (3, 36, 2) and scene["visible"].shape == (3, 36)
        np.testing.assert_allclose(scene["boxes"][:, :2], joints.min(1))
        np.testing.assert_allclose(scene["boxes"][:, 2:], joints.max(1))
        inside = ((joints >= 0) & (joints < SIZE)).all(-1)
        assert not (scene["visible"] & ~inside).any()


def test_people_are_where_they_are_said_to_be():
    """Without them the pixels of their visible joints are others, those far from everybody the same."""
    shares = []
    for index in range(8):
        joints = render_crowd("train", index, 1, (128, 128))
        empty = render_crowd("train", index, 0, (128, 128))["frame"].astype(int)
        cells = joints["joints_px"][joints["visible"]].astype(int)
        differs = np.abs(joints["frame"].astype(int) - empty).sum(-1) > 24
        if len(cells) > 20:
            shares.append((differs[cells[:, 1], cells[:, 0]].mean(), differs.mean()))
    found, everywhere = np.mean(shares, axis=0)
    assert found > 0.75 and found > 2 * everywhere


def test_hidden_people_are_not_visible():
    visible = [render_crowd("train", k, 4, SIZE)["visible"].mean(1) for k in range(8)]
    assert np.min(visible) < 0.3 and np.max(visible) > 0.8


def test_an_empty_place_has_nobody():
    scene = render_crowd("test", 0, 0, SIZE)
    assert scene["frame"].shape == (72, 96, 3) and scene["boxes"].shape == (0, 4) and scene["visible"].shape == (0, 36)


@pytest.mark.parametrize("number", [-1, MOST_PEOPLE + 1, 1.5])
def test_numbers_out_of_range_are_refused(number):
    with pytest.raises(ValueError, match=f"`num_people` must be a whole number from 0 to {MOST_PEOPLE}"):
        render_crowd("train", 0, number)
