"""Boxes: checked, turned into windows, found from poses."""

import numpy as np
import pytest

from deephar.inference.boxes import box_from_poses, check_box, whole_frame, window_of

SIZE = (640, 480)


def test_check_box_takes_what_is_sound():
    assert check_box([10, 20, 30, 60], SIZE) == (10.0, 20.0, 30.0, 60.0)
    assert check_box((-5, -5, 700, 500), SIZE) == (-5.0, -5.0, 700.0, 500.0)


@pytest.mark.parametrize("box", [(1, 2, 3), (10, 10, 5, 20), (10, 10, 20, 10), (0, 0, np.nan, 5), "abcd", None])
def test_check_box_refuses_malformed_boxes(box):
    with pytest.raises(ValueError, match="`box` must be x1,y1,x2,y2 in pixels with x1 < x2"):
        check_box(box, SIZE)


def test_check_box_refuses_boxes_out_of_the_frame():
    with pytest.raises(ValueError, match="`box` must overlap the frame of 640 x 480.*Received: .*700"):
        check_box((700, 10, 800, 50), SIZE)


def test_window_is_a_square_with_a_margin_except_for_the_whole_frame():
    assert window_of((100, 100, 180, 300), SIZE) == ((140.0, 200.0), 250.0)
    assert window_of(whole_frame(SIZE), SIZE) == ((320.0, 240.0), 640.0)
    assert window_of((5, 5, 7, 7), SIZE)[1] == 32.0


def test_joints_and_window_together_make_the_training_crop():
    points = np.zeros((1, 16, 2))
    points[0, :, 1] = np.linspace(100, 300, 16)
    points[0, :, 0] = np.linspace(250, 350, 16)
    box = box_from_poses(points, np.ones((1, 16)), SIZE)
    assert window_of(box, SIZE)[1] == pytest.approx(1.5 * 200)


def test_unsure_joints_do_not_move_the_box():
    points = np.tile(np.array([300.0, 200.0]), (2, 16, 1))
    points[:, 8:] += 50
    confidence = np.ones((2, 16))
    points[1, 3], confidence[1, 3] = (0, 0), 0.1
    x1, y1, x2, y2 = box_from_poses(points, confidence, SIZE)
    assert (x1, y1, x2, y2) == pytest.approx((295, 195, 355, 255))


def test_the_better_half_counts_where_few_joints_are_sure():
    points = np.tile(np.array([300.0, 200.0]), (1, 16, 1))
    points[0, 0] = 0, 0
    confidence = np.linspace(0.0, 0.4, 16)[None]
    assert box_from_poses(points, confidence, SIZE)[0] > 200


def test_nobody_there_gives_no_box():
    assert box_from_poses(np.zeros((2, 16, 2)), np.full((2, 16), 0.05), SIZE) is None


def test_box_is_cut_to_the_frame():
    points = np.array([[[-50.0, 10.0], [700.0, 470.0]]])
    box = box_from_poses(points, np.ones((1, 2)), SIZE)
    assert box[0] == 0 and box[2] == 640 and 0 <= box[1] < box[3] <= 480
