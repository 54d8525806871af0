"""Calibration: errors worked out by hand, and a curve that gives back the probability that was drawn with."""

import doctest

import numpy as np
import pytest

import deephar.metrics.calibration
import deephar.utils.calibration
from deephar.metrics.calibration import (
    apply_calibration,
    expected_calibration_error,
    fit_isotonic,
    joint_outcomes,
    reliability,
    right_at,
)


def drawn(number, truth, seed=0):
    """Confidences (M,), and outcomes (M,) of which `truth(confidence)` is the probability."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 2, number)
    return confidence, rng.uniform(size=number) < truth(confidence)


def kinked(confidence):
    return np.clip(2 * confidence - 0.6, 0, 0.8)


def test_examples():
    for module in (deephar.metrics.calibration, deephar.utils.calibration):
        found = doctest.testmod(module)
        assert found.attempted and not found.failed


def test_error_by_hand():
    confidence = [0.15, 0.15, 0.95, 0.95, 0.85]
    right = [0, 1, 1, 1, 0]
    # bins: 2 x |0.15 - 0.5|, 2 x |0.95 - 1|, 1 x |0.85 - 0|
    assert expected_calibration_error(confidence, right) == pytest.approx((0.7 + 0.1 + 0.85) / 5)
    assert expected_calibration_error(confidence, right, bins=1) == pytest.approx(abs(3.05 / 5 - 3 / 5))


def test_error_of_the_worst_and_the_best():
    assert expected_calibration_error(np.ones(4), np.zeros(4)) == 1.0
    assert expected_calibration_error([0.0, 1.0], [False, True]) == 0.0
    assert np.isnan(expected_calibration_error([], []))


def test_bins_have_their_upper_edge_and_the_first_has_zero():
    rows = reliability([0.0, 0.1, 0.1001, 0.3, 1.0], [0, 1, 1, 0, 1])
    assert [row.number for row in rows] == [2, 1, 1, 0, 0, 0, 0, 0, 0, 1]
    assert (rows[0].low, rows[0].high, rows[0].confidence, rows[0].right) == (0.0, 0.1, 0.05, 0.5)
    assert rows[2].right == 0.0 and rows[9].confidence == rows[9].right == 1.0
    assert np.isnan(rows[4].confidence) and np.isnan(rows[4].right)


def test_any_shape_is_taken():
    confidence, right = drawn(60, lambda c: c)
    shaped = confidence.reshape(5, 12), right.reshape(5, 12)
    assert expected_calibration_error(*shaped) == expected_calibration_error(confidence, right)
    assert fit_isotonic(*shaped) == fit_isotonic(confidence, right)


def test_right_at_a_confidence():
    number, share = right_at([0.95, 0.9, 0.89, 0.91], [1, 0, 0, 1])
    assert number == 3 and share == pytest.approx(2 / 3)
    assert right_at([0.95, 0.2], [1, 0], least=0.0) == (2, 0.5)
    number, share = right_at([0.5], [True])
    assert number == 0 and np.isnan(share)


@pytest.mark.parametrize("truth", [lambda c: c, np.square, np.sqrt, lambda c: 0.3 + 0.6 * c, kinked])
def test_the_curve_gives_back_the_probability(truth):
    knots = fit_isotonic(*drawn(20_000, truth))
    confidence, right = drawn(20_000, truth, seed=1)  # not those of the fit
    assert expected_calibration_error(apply_calibration(confidence, knots), right) < 0.03
    values = np.array(knots)
    assert len(knots) <= 9 and (np.diff(values[:, 0]) > 0).all() and (np.diff(values[:, 1]) >= 0).all()
    assert values[0, 0] == 0 and values[-1, 0] == 1 and 0 <= values[:, 1].min() and values[:, 1].max() <= 1


def test_the_curve_never_falls_even_where_the_outcomes_do():
    confidence, right = drawn(5000, lambda c: 0.9 - 0.8 * c)
    knots = np.array(fit_isotonic(confidence, right))
    assert (np.diff(knots[:, 1]) >= 0).all()
    assert apply_calibration(confidence, knots.tolist()).mean() == pytest.approx(right.mean(), abs=0.01)


def test_noise_at_the_ends_is_not_followed():
    confidence, right = drawn(2000, lambda c: 0.2 + 0.7 * c)
    order = np.argsort(confidence)
    right[order[:10]], right[order[-10:]] = False, True
    knots = fit_isotonic(confidence, right, knots=16)
    np.testing.assert_allclose(apply_calibration([0.3, 0.5, 0.95], knots), [0.41, 0.55, 0.865], atol=0.04)


def test_few_joints_leave_confidences_almost_as_they_are():
    ends = apply_calibration([0.0, 1.0], fit_isotonic([0.5], [True]))
    np.testing.assert_allclose(ends, [0.2, 1.0], atol=0.25)
    assert fit_isotonic([0.5, 0.5], [True, False]) == ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0))


def test_confidences_that_are_all_the_same():
    knots = fit_isotonic(np.full(1000, 0.5), np.arange(1000) % 5 > 0, knots=16)
    assert apply_calibration(0.5, knots) == pytest.approx(0.8, abs=0.01)


def test_only_annotated_joints_of_people_with_a_torso_count():
    true = np.zeros((3, 14, 2))
    true[:, 9], true[:, 2] = (0, 50), (0, -50)  # a torso of 100 px
    true[0, 5] = true[1, 9] = -1e9  # a joint, and a torso, that are not annotated
    found = true.copy()
    found[0, 6, 0], found[2, 7, 0] = 19.9, 20.1
    confidence = np.linspace(0, 1, 3 * 14).reshape(3, 14)
    sure, right = joint_outcomes(true, found, confidence)
    assert sure.tolist() == [*np.delete(confidence[0], 5), *confidence[2]]
    assert right.sum() == len(right) - 1 and not right[13 + 7]
    assert joint_outcomes(true, found, confidence, refp=0.19)[1].sum() == len(right) - 2


@pytest.mark.parametrize(
    ("confidence", "right", "message"),
    [
        ([0.5, 0.5], [True], r"`confidence` and `right` must have one shape. Received: \(2,\) and \(1,\)"),
        ([0.5, np.nan], [True, True], "`confidence` must be from 0 to 1. Received: 1 others, such as nan"),
        ([1.1, -0.1], [True, True], "`confidence` must be from 0 to 1. Received: 2 others, such as 1.1"),
        ([0.5], [0.3], "`right` must be True or False, 1 or 0. Received: values of type float64"),
        ([0.5], [np.nan], "`right` must be True or False"),
    ],
)
def test_what_is_out_of_range(confidence, right, message):
    for function in (reliability, expected_calibration_error, right_at, fit_isotonic):
        with pytest.raises(ValueError, match=message):
            function(confidence, right)


def test_other_arguments_out_of_range():
    for bins in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="`bins` must be a whole number of at least 1. Received: "):
            reliability([0.5], [True], bins)
    for knots in (1, 17, 2.0, True):
        with pytest.raises(ValueError, match="`knots` must be a whole number from 2 to 16. Received: "):
            fit_isotonic([0.5], [True], knots)
    with pytest.raises(ValueError, match="`confidence` must hold at least one joint. Received: none"):
        fit_isotonic([], [])
    with pytest.raises(ValueError, match=r"`confidence` must have shape \(2, 14\). Received: \(2, 13\)"):
        joint_outcomes(np.zeros((2, 14, 2)), np.zeros((2, 14, 2)), np.zeros((2, 13)))
