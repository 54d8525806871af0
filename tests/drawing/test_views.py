"""Views of 3D poses: where joints land, what is left out."""

import numpy as np
import pytest

from deephar.drawing import pose_views
from deephar.drawing.skeleton import SIDE_COLORS
from deephar.utils.pose import pa17j3d

SIDE = 200


def views_of(pose, **options):
    """The two views of a pose as separate images."""
    sheet = pose_views(pose, pa17j3d, side=SIDE, **options)
    assert sheet.shape == (SIDE + 8, 2 * (SIDE + 4) + 4, 3)
    return sheet[4:-4, 4 : 4 + SIDE], sheet[4:-4, 8 + SIDE : 8 + 2 * SIDE]


def centre_of(view, side):
    """Mean (x, y) of the pixels in a side's colour."""
    rows, columns = np.nonzero((np.abs(view.astype(int) - SIDE_COLORS[side]) < 30).all(axis=-1))
    return columns.mean(), rows.mean()


@pytest.fixture
def pose():
    """Right joints to the left of the image and near, left joints to the right and far; head up, ankles down."""
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 20, (17, 3))
    for joint, name in enumerate(pa17j3d.joint_names):
        sign = {"r": -1, "l": 1}.get(name[0] if name[1] == "_" else "", 0)
        pose[joint, [0, 2]] += sign * 300
    pose[:, 1] += np.linspace(-800, 800, 17)
    return pose


def test_sides_lie_where_the_view_says(pose):
    front, right = views_of(pose)
    assert centre_of(front, "right")[0] < SIDE / 2 - 10 < SIDE / 2 + 10 < centre_of(front, "left")[0]
    assert centre_of(right, "right")[0] < SIDE / 2 - 10 < SIDE / 2 + 10 < centre_of(right, "left")[0]
    flipped = pose * [1, 1, -1]
    assert centre_of(views_of(flipped)[1], "left")[0] < SIDE / 2 < centre_of(views_of(flipped)[1], "right")[0]


def test_one_scale_that_fits_any_unit(pose):
    for a, b in zip(views_of(pose), views_of(pose / 1000), strict=True):
        assert (a == b).all()
    for view in views_of(pose):
        assert (view[:3] == view[0, 0]).all() and (view[:, :3] == view[0, 0]).all()  # nothing at the edge
    assert (views_of(pose)[0] != views_of(pose, grid=500)[0]).any()


def test_absent_and_uncertain_joints_are_left_out(pose):
    whole, _ = views_of(pose)
    few = pose.copy()
    few[3:] = -1e9
    confidence = np.ones(17)
    confidence[3:] = 0.1
    uncertain, _ = views_of(pose, confidence=confidence)
    assert (uncertain != uncertain[0, 0]).any(axis=-1).sum() < 0.5 * (whole != whole[0, 0]).any(axis=-1).sum()
    assert (views_of(few)[0] != 250).any()
    empty, _ = views_of(np.full((17, 3), np.nan))
    assert (empty == empty[0, 0]).all()


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"`pose` must have shape \(17, 3\). Received: shape \(17, 2\)"):
        pose_views(np.zeros((17, 2)), pa17j3d)
