"""Boxes around poses."""

import numpy as np
import pytest

from deephar.utils import bbox as B

POINTS = np.array([[1.0, 2.0], [5.0, 4.0], [-1e9, -1e9]])


def test_box_leaves_out_absent_joints():
    np.testing.assert_allclose(B.get_valid_bbox(POINTS, relsize=1, square=False), [1, 2, 5, 4])
    np.testing.assert_allclose(B.get_valid_bbox(POINTS, relsize=1), [1, 1, 5, 5])


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_box_of_confident_joints(shape):
    jprob = np.array([0.9, 0.2, 0.6]).reshape(shape)
    points = np.array([[1.0, 2.0], [50.0, 40.0], [3.0, 2.0]])
    np.testing.assert_allclose(B.get_valid_bbox(points, jprob, relsize=2), [0, 0, 4, 4])


def test_pose_without_joints_is_refused():
    with pytest.raises(ValueError, match="`points` must have at least one valid joint. Received: none in pose 1"):
        B.get_valid_bbox_array(np.stack([POINTS, np.full_like(POINTS, -1e9)]))
    with pytest.raises(ValueError, match=r"`points`.*\(J, dim\). Received: \(3,\)"):
        B.get_valid_bbox(np.zeros(3))


def test_pose_bbox_indexes_images_and_clips():
    clips = np.random.default_rng(0).uniform(size=(4, 3, 16, 2))
    boxes = B.PoseBBox(clips, relsize=1.2)
    assert len(boxes) == 4 and boxes.shape == (4, 3, 4)
    np.testing.assert_allclose(boxes[1][2], B.get_valid_bbox(clips[1, 2], relsize=1.2))
    np.testing.assert_allclose(boxes[1:3], np.stack([boxes[1], boxes[2]]))
    images = B.PoseBBox(clips[:, 0])
    assert images.shape == (4, 4) and images[0].shape == (4,) and images[[0, 2]].shape == (2, 4)


def test_window_and_box_are_inverse():
    box = np.array([10.0, 20.0, 110.0, 90.0])
    np.testing.assert_allclose(B.objposwin_to_bbox(*B.bbox_to_objposwin(box)), box)
    centre, size = B.get_objpos_winsize(np.array([[0.0, 0.0], [4.0, 2.0]]), relsize=1)
    assert centre.tolist() == [2, 1] and size == (4, 4)
    assert B.get_objpos_winsize(np.array([[0.0, 0.0], [4.0, 2.0]]), relsize=1, square=False)[1] == (4, 2)


def test_grid_starts_with_the_frame():
    boxes = B.compute_grid_bboxes((300, 200), grid=(2, 1), square=False)
    np.testing.assert_allclose(boxes[0], [0, 0, 300, 200])
    np.testing.assert_allclose(boxes[1], [-75, -50, 375, 250])
    np.testing.assert_allclose(boxes[2:], [[0, 0, 200, 200], [100, 0, 300, 200]])


def test_gt_box_covers_first_middle_and_last_frame():
    pose = np.zeros((5, 2, 2))
    pose[:, 0], pose[:, 1] = 100.0, 110.0
    pose[3] += 1000  # the middle of 5 is index int(2.5 + 0.5)
    visible = np.ones((5, 2))
    assert B.get_gt_bbox(pose, visible, (640, 480))[2] > 1000
    pose[3] -= 1000
    pose[1] += 1000
    assert B.get_gt_bbox(pose, visible, (640, 480))[2] < 200


def test_gt_box_without_visible_joints():
    pose = np.array([[[10.0, 10.0], [20.0, 20.0], [-1.0, 5.0]]])
    np.testing.assert_allclose(B.get_gt_bbox(pose, np.zeros((1, 3)), (64, 48), scale=1 / 1.5), [10, 10, 20, 20])
    with pytest.warns(UserWarning, match="full image.*key 7"):
        box = B.get_gt_bbox(np.full((1, 3, 2), np.nan), np.zeros((1, 3)), (64, 48), logkey=7)
    np.testing.assert_allclose(box, [0, 0, 64, 48])


def test_gt_box_ignores_joints_marked_visible_without_coordinates():
    pose = np.array([[[10.0, 10.0], [20.0, 20.0], [np.nan, np.nan]]])
    np.testing.assert_allclose(B.get_gt_bbox(pose, np.ones((1, 3)), (64, 48), scale=1 / 1.5), [10, 10, 20, 20])


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"`pose` must have the shape.*Received: \(3, 2\)"):
        B.get_gt_bbox(np.zeros((3, 2)), np.zeros(3), (64, 48))
    with pytest.raises(ValueError, match=r"`visible`.*Received: \(2, 3\)"):
        B.get_gt_bbox(np.zeros((1, 3, 2)), np.zeros((2, 3)), (64, 48))
    with pytest.raises(ValueError, match=r"`rootj`.*Received: \(3,\)"):
        B.get_crop_params(np.zeros(3), (64, 48), np.ones((1, 2)), 1)
