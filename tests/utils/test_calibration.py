"""Calibrations: what is one, what is refused, how confidences follow it."""

import numpy as np
import pytest

from deephar.utils.calibration import MAX_KNOTS, apply_calibration, check_calibration

CURVE = ((0.1, 0.2), (0.5, 0.4), (0.9, 1.0))


def test_straight_between_knots_and_level_outside():
    confidence = np.array([[0.0, 0.1, 0.3], [0.7, 0.95, 1.0]])
    np.testing.assert_allclose(apply_calibration(confidence, CURVE), [[0.2, 0.2, 0.3], [0.7, 1.0, 1.0]])


def test_without_knots_confidences_stay():
    confidence = np.array([0.25, np.nan])
    np.testing.assert_array_equal(apply_calibration(confidence, ()), confidence)
    assert check_calibration([]) == ()


def test_nan_stays_and_nothing_stays_nothing():
    assert np.isnan(apply_calibration(np.nan, CURVE))
    assert apply_calibration(np.zeros((0, 16)), CURVE).shape == (0, 16)


def test_lists_of_json_become_tuples_of_numbers():
    assert check_calibration([[0, 0], [np.float32(0.5), 1]]) == ((0.0, 0.0), (0.5, 1.0))


@pytest.mark.parametrize(
    "knots",
    [
        None,
        "01",
        0.5,
        {0.1: 0.2},
        [0.1, 0.2],
        [[0.1, 0.2, 0.3]],
        [[0.1, "0.2"]],
        [[0.1, None]],
        [[True, True]],
        [[0.1, 1.5]],
        [[-0.1, 0.5]],
        [[np.nan, 0.5]],
        [[0.1, np.inf]],
        [[0.5, 0.1], [0.5, 0.2]],
        [[0.5, 0.1], [0.4, 0.2]],
        [[0.1, 0.5], [0.2, 0.4]],
        [[k / 1000, 0.5] for k in range(MAX_KNOTS + 1)],
    ],
)
def test_what_is_no_curve_is_refused(knots):
    with pytest.raises(ValueError, match=r"`curve` must be at most 64 pairs \(raw, calibrated\) from 0 to 1.*Received"):
        check_calibration(knots, "curve")
    with pytest.raises(ValueError, match="`knots` must be at most 64 pairs"):
        apply_calibration([0.5], knots)
