"""Skeletons, boxes and labels: drawn where they belong, nothing else touched, bad input named."""

import numpy as np
import pytest

from deephar.drawing.skeleton import SIDE_COLORS, draw_box, draw_label, draw_pose, joint_side
from deephar.utils.pose import mpii16j2d, pa16j2d

SIZE = (120, 160)  # rows, columns


def grey(value=128):
    return np.full((*SIZE, 3), value, np.uint8)


def standing():
    """A pa16j pose: body in the middle, left limbs at larger x."""
    pose = np.zeros((16, 2))
    for j, name in enumerate(pa16j2d.joint_names):
        x = {"left": 110, "right": 50, "centre": 80}[joint_side(name)]
        pose[j] = x, 20 + 5 * j
    return pose


def changed(before, after):
    return (before != after).any(axis=-1)


@pytest.mark.parametrize(
    ("name", "side"),
    [("l_elb", "left"), ("right_knee", "right"), ("r-ankle", "right"), ("LHip", "left"), ("root", "centre")],
)
def test_joint_side(name, side):
    assert joint_side(name) == side


def test_pose_is_drawn_on_a_copy_around_the_joints_only():
    image = grey()
    drawn = draw_pose(image, standing(), pa16j2d)
    assert (image == 128).all()
    where = np.argwhere(changed(image, drawn))
    assert len(where)
    low, high = standing().min(axis=0), standing().max(axis=0)
    assert (where[:, ::-1] >= low - 10).all() and (where[:, ::-1] <= high + 10).all()


def test_sides_have_their_colours_at_the_joints():
    drawn = draw_pose(grey(), standing(), pa16j2d, width=3)
    for j, (x, y) in enumerate(standing().astype(int)):
        expected = SIDE_COLORS[joint_side(pa16j2d.joint_names[j])]
        assert np.abs(drawn[y, x].astype(int) - expected).max() <= 2


def test_lines_are_antialiased():
    drawn = draw_pose(grey(), standing(), pa16j2d, width=2)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("missing", [np.nan, -1e9])
def test_absent_joints_and_their_links_are_left_out(missing):
    pose = np.full((16, 2), missing)
    pose[3] = 40, 60
    drawn = draw_pose(grey(), pose, pa16j2d)
    where = np.argwhere(changed(grey(), drawn))
    assert len(where) and np.abs(where - [60, 40]).max() < 10
    assert not changed(grey(), draw_pose(grey(), np.full((16, 3), missing), pa16j2d)).any()


def test_low_confidence_is_left_out_and_hidden_joints_are_hollow():
    confidence = np.ones(16)
    confidence[3] = 0.1
    pose = np.full((16, 2), -1e9)
    pose[3] = 40, 60
    assert not changed(grey(), draw_pose(grey(), pose, pa16j2d, confidence=confidence)).any()
    hollow = draw_pose(grey(), pose, pa16j2d, visible=np.arange(16) != 3, width=4)
    assert hollow[60, 40].max() < 40


def test_joints_far_outside_do_no_harm():
    pose = standing() + [10_000, 0]
    assert not changed(grey(), draw_pose(grey(), pose, pa16j2d)).any()
    pose[0] = 80, 60
    assert changed(grey(), draw_pose(grey(), pose, pa16j2d)).any()


def test_every_two_dimensional_layout_can_be_drawn():
    assert changed(grey(), draw_pose(grey(), standing(), mpii16j2d)).any()


def test_pose_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"`pose_px` must have shape \(16, 2\).*Received: shape \(15, 2\)"):
        draw_pose(grey(), np.zeros((15, 2)), pa16j2d)
    with pytest.raises(TypeError, match="`image` must be a path, .* Received: NoneType"):
        draw_pose(None, standing(), pa16j2d)
    with pytest.raises(
        ValueError, match="`image` must hold uint8, or floats from 0 to 1. Received: float64"
    ):
        draw_pose(np.arange(10.0).reshape(2, 5), standing(), pa16j2d)
    with pytest.raises(ValueError, match="`confidence` must hold 16 numbers"):
        draw_pose(grey(), standing(), pa16j2d, confidence=np.ones(3))


def test_box_outline():
    drawn = draw_box(grey(), (20, 30, 100, 90), color=(0, 200, 0), width=4)
    assert (drawn[30, 60] == (0, 200, 0)).all() and (drawn[60, 20] == (0, 200, 0)).all()
    assert (drawn[60, 60] == 128).all()
    assert not changed(grey(), draw_box(grey(), (300, 300, 400, 400))).any()


def test_label_stays_inside_and_is_legible():
    image = grey()
    drawn = draw_label(image, "golf swing 0.93", (150, 115), size=12)
    where = np.argwhere(changed(image, drawn))
    assert where[:, 1].max() <= SIZE[1] - 1 and where[:, 1].min() < 100
    box = drawn[where[:, 0].min() : where[:, 0].max() + 1, where[:, 1].min() : where[:, 1].max() + 1]
    assert box.min() <= 30 and box.max() >= 230


def test_a_long_label_shrinks():
    image = grey()
    assert draw_label(image, "a very long name of an action that nobody would use " * 2).shape == image.shape
