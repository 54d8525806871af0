"""The bar of actions: where an action is in time, it is on the bar; the frame above it stays as it was."""

import numpy as np

from deephar.drawing.timeline import COLORS, MOST_ROWS, SEEN_THROUGH, draw_timeline

FRAME = np.full((160, 200, 3), 100, np.uint8)
PUSHUP, SQUAT = (0.0, 4.0, "pushup"), (6.0, 8.0, "squat")


def colour(image, x, y):
    return tuple(image[y, x].tolist())


def test_actions_lie_where_they_are_in_time():
    drawn = draw_timeline(FRAME, [("", [PUSHUP, SQUAT])], 9.0, (0.0, 10.0))
    np.testing.assert_array_equal(drawn[:150], FRAME[:150])
    ground = tuple(round((1 - SEEN_THROUGH) * 20 + SEEN_THROUGH * 100) for _ in range(3))
    assert colour(drawn, 2, 152) == COLORS[0] and colour(drawn, 78, 152) == COLORS[0]
    assert colour(drawn, 100, 155) == ground and colour(drawn, 121, 152) == COLORS[1]
    assert (drawn[150:, 180] == 255).all()  # now
    assert (FRAME == 100).all()


def test_a_row_a_person_and_one_colour_an_action():
    rows = [("1", [PUSHUP]), ("2", [SQUAT]), ("3", [(5.0, 9.0, "pushup")]), ("4", [PUSHUP])]
    drawn = draw_timeline(FRAME, rows, 0.0, (0.0, 10.0))
    np.testing.assert_array_equal(drawn[: 160 - 10 * MOST_ROWS], FRAME[: 160 - 10 * MOST_ROWS])
    assert colour(drawn, 70, 132) == colour(drawn, 170, 152) == COLORS[0]
    assert colour(drawn, 150, 142) != COLORS[0]


def test_nothing_to_show_is_a_copy_and_what_is_outside_is_left_out():
    assert draw_timeline(FRAME, [], 0.0, (0.0, 1.0)) is not FRAME
    np.testing.assert_array_equal(draw_timeline(FRAME, [], 0.0, (0.0, 1.0)), FRAME)
    drawn = draw_timeline(FRAME, [("", [PUSHUP, SQUAT])], 30.0, (20.0, 30.0))
    assert not (drawn[150:] == COLORS[0]).all(axis=-1).any()
    assert draw_timeline(FRAME[:6, :5], [("7", [(0.0, 1.0, "x" * 50)])], 0.5, (0.0, 0.0)).shape == (6, 5, 3)
