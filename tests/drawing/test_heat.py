"""Heat over an image: strongest where the map is, grey where it is nothing, whatever its size and scale."""

import numpy as np
import pytest

from deephar.drawing.heat import HOT, MOST, draw_heat

IMAGE = np.full((36, 54, 3), (90, 120, 150), np.uint8)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 500.0])
def test_the_hottest_place_has_the_hot_colour_and_the_rest_is_grey(scale):
    heat = np.zeros((4, 6))
    heat[1, 4] = scale
    drawn = draw_heat(IMAGE, heat)
    expected = np.round((1 - MOST) * 120 + MOST * HOT)
    np.testing.assert_allclose(drawn[13, 40], expected, atol=2)
    assert (drawn[:, :18] == 120).all() and drawn.shape == IMAGE.shape


def test_nothing_is_grey_and_what_is_no_number_counts_as_nothing():
    assert (draw_heat(IMAGE, np.zeros((4, 6))) == 120).all()
    assert (draw_heat(IMAGE, np.full((4, 6), -1.0)) == 120).all()
    heat = np.full((4, 6), np.nan)
    heat[0, 0] = 1
    assert (draw_heat(IMAGE, heat)[:, 27:] == 120).all()
