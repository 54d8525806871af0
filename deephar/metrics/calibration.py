"""How far a confidence can be believed, and a curve after which it can: pure functions, they print nothing.

A joint is right where its error is below 0.2 x the torso (`deephar.metrics.pose2d.pck_torso`). A confidence is
calibrated where of the joints at confidence c the share c is right.

    name                        what                                                       source
    expected_calibration_error  mean distance of confidence and share right over bins      Guo et al., ICML 2017, (3)
    reliability                 the bins: their number, mean confidence, share right       Guo et al., ICML 2017, 2
    right_at                    number and share right of those above a confidence
    fit_isotonic                a curve that rises, from confidence to share right         Zadrozny and Elkan, KDD 2002

`fit_isotonic` is a regression by a curve that never falls, straight between a few knots instead of a step at every
sample, and with a price on its bends: the steps of the plain one follow the noise, most at both ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from deephar.metrics.pose2d import joint_distances, torso_size, valid_joints
from deephar.utils.calibration import apply_calibration

__all__ = [
    "Reliability",
    "apply_calibration",
    "expected_calibration_error",
    "fit_isotonic",
    "joint_outcomes",
    "reliability",
    "right_at",
]

LSP_TORSO = (9, 2)  # left shoulder and right hip
MIN_KNOTS, MAX_KNOTS = 2, 16
SMOOTHNESS = 10.0  # price of a bend, in squared errors of so many joints for a change of the slope by 1
DIGITS = 3  # of the knots


@dataclass(frozen=True)
class Reliability:
    """The joints of one bin of confidences.

    Attributes:
        low, high: float. Range of the bin, `high` included; the first one also has 0.
        number: int. Joints.
        confidence: float. Their mean confidence; NaN without joints.
        right: float. The share of them that is right; NaN without joints.
    """

    low: float
    high: float
    number: int
    confidence: float
    right: float


def _outcomes(confidence, right):
    """Both as flat arrays, float and bool, checked."""
    confidence, right = np.asarray(confidence), np.asarray(right)
    if confidence.shape != right.shape:
        raise ValueError(
            f"`confidence` and `right` must have one shape. Received: {confidence.shape} and {right.shape}"
        )
    confidence = confidence.astype(float).ravel()
    outside = confidence[~((confidence >= 0) & (confidence <= 1))]
    if outside.size:
        raise ValueError(f"`confidence` must be from 0 to 1. Received: {outside.size} others, such as {outside[0]}")
    if not np.isin(right, (0, 1)).all():
        raise ValueError(f"`right` must be True or False, 1 or 0. Received: values of type {right.dtype}")
    return confidence, right.astype(bool).ravel()


def joint_outcomes(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    confidence: ArrayLike,
    refp: float = 0.2,
    torso: tuple[int, int] = LSP_TORSO,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence of all joints that count for PCK, and whether they are right.

    Joints that are not annotated are left out, and so are people whose torso is not annotated.

    Args:
        y_true, y_pred: (N, J, 2) poses in pixels, as for `deephar.metrics.pose2d.pck_torso`.
        confidence: (N, J), in [0, 1].
        refp: float. The threshold in torso sizes.
        torso: joint numbers of left shoulder and right hip: (9, 2) in LSP's order.

    Returns:
        confidence: float (M,) of the M joints that count.
        right: bool (M,).

    Raises:
        ValueError: shapes that do not fit.
    """
    distances, confidence = joint_distances(y_true, y_pred), np.asarray(confidence, float)  # (N, J)
    if confidence.shape != distances.shape:
        raise ValueError(f"`confidence` must have shape {distances.shape}. Received: {confidence.shape}")
    size = torso_size(y_true, *torso)[:, None]  # (N, 1), NaN where it is not known
    counts = valid_joints(y_true) & np.isfinite(size)
    return confidence[counts], (distances < refp * size)[counts]


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> list[Reliability]:
    """Return what is known of the joints in each of some bins of equal width over [0, 1].

    Args:
        confidence: array of any shape, in [0, 1].
        right: array of that shape, whether the joint is right.
        bins: int, at least 1.

    Raises:
        ValueError: shapes that differ, or values out of their range, NaN included.

    Example:

        >>> reliability([0.2, 0.4, 0.9], [False, True, True], bins=2)[0]
        Reliability(low=0.0, high=0.5, number=2, confidence=0.30000000000000004, right=0.5)
    """
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"`bins` must be a whole number of at least 1. Received: {bins!r}")
    confidence, right = _outcomes(confidence, right)
    edges = np.arange(bins + 1) / bins
    places, rows = np.searchsorted(edges[1:-1], confidence), []  # (M,) the bin of each
    for place in range(bins):
        inside = places == place
        means = (confidence[inside].mean(), right[inside].mean()) if inside.any() else (np.nan, np.nan)
        rows.append(Reliability(*edges[place : place + 2].tolist(), int(inside.sum()), *map(float, means)))
    return rows


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """Return the mean distance between confidence and share right over bins of equal width, weighted by their numbers.

    Args, errors: as `reliability`.

    Returns:
        A fraction in [0, 1]; nan without any joint.

    Example:

        >>> expected_calibration_error([0.75, 0.75, 0.75, 0.75], [True, True, True, False])
        0.0
    """
    rows = [row for row in reliability(confidence, right, bins) if row.number]
    total = sum(row.number for row in rows)
    return sum(row.number * abs(row.confidence - row.right) for row in rows) / total if total else float("nan")


def right_at(confidence: ArrayLike, right: ArrayLike, least: float = 0.9) -> tuple[int, float]:
    """Return how many joints have at least a confidence, and the share of them that is right.

    Args:
        confidence, right: as `reliability`.
        least: float in [0, 1].

    Returns:
        number: int.
        share: float in [0, 1]; nan where there is no such joint.

    Raises:
        ValueError: as `reliability`.
    """
    confidence, right = _outcomes(confidence, right)
    chosen = right[confidence >= least]
    return len(chosen), float(chosen.mean()) if len(chosen) else float("nan")


def fit_isotonic(confidence: ArrayLike, right: ArrayLike, knots: int = 9) -> tuple[tuple[float, float], ...]:
    """Return the curve that makes confidences the share of joints that are right.

    It minimises the squared errors over all curves that do not fall, straight between knots at 0, 1 and quantiles of
    the confidences. Bends cost `SMOOTHNESS`, and each knot counts as one joint more that says that raw confidences are
    calibrated: few joints give a straight line, none would leave them as they are.

    Args:
        confidence: array of any shape, in [0, 1].
        right: array of that shape, whether the joint is right.
        knots: int, 2 to 16. At most so many, as equal quantiles count once.

    Returns:
        Tuple of pairs (raw, calibrated), with three digits, for `apply_calibration`.

    Raises:
        ValueError: no joint, or as `reliability`.

    Example:

        >>> sure, right = np.repeat([0.3, 0.6], 1000), np.tile([True, True, True, False], 500)
        >>> apply_calibration([0.3, 0.6], fit_isotonic(sure, right)).round(2).tolist()
        [0.75, 0.75]
    """
    if isinstance(knots, bool) or not isinstance(knots, (int, np.integer)) or not MIN_KNOTS <= knots <= MAX_KNOTS:
        raise ValueError(f"`knots` must be a whole number from {MIN_KNOTS} to {MAX_KNOTS}. Received: {knots!r}")
    confidence, right = _outcomes(confidence, right)
    if not len(confidence):
        raise ValueError("`confidence` must hold at least one joint. Received: none")
    inner = np.quantile(confidence, np.linspace(0, 1, knots)[1:-1])
    raw = np.unique(np.round([0.0, *inner, 1.0], DIGITS))  # (K,)
    units = np.eye(len(raw))
    shares = np.stack([np.interp(confidence, raw, unit) for unit in units], axis=1)  # (M, K) of the knots in a joint
    bends = np.diff(np.diff(units, axis=0) / np.diff(raw)[:, None], axis=0)  # (K - 2, K) changes of the slope
    equations = np.concatenate([shares, np.sqrt(SMOOTHNESS) * bends, units])
    wanted = np.concatenate([right, np.zeros(len(bends)), raw])
    steps, _ = nnls(equations @ np.tril(np.ones_like(units)), wanted)  # (K,) from each knot to the next, none down
    calibrated = np.round(np.minimum(np.cumsum(steps), 1.0), DIGITS)
    return tuple(zip(raw.tolist(), calibrated.tolist(), strict=True))
