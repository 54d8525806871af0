"""The curve from what a network says of a joint to the probability that the joint is right.

A calibration is a few knots (raw, calibrated), both in [0, 1]; the curve is straight between them and level outside.
`deephar.metrics.calibration` fits one and tells how good it is; it is kept on the network's card and in its signature.
It holds for people like those that it was fitted on, alone in their crop: not where nobody is.
"""

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

MAX_KNOTS = 64  # of a curve that comes from a file


def check_calibration(knots: Any, name: str = "calibration") -> tuple[tuple[float, float], ...]:
    """Return the knots of a calibration as a tuple of pairs of float.

    Args:
        knots: sequence of at most 64 pairs (raw, calibrated) in [0, 1], the raw ones rising, the calibrated ones not
            falling; empty: confidences stay as they are.
        name: str. The argument that an error names.

    Raises:
        ValueError: they are not.
    """
    if not _is_curve(knots):
        allowed = f"at most {MAX_KNOTS} pairs (raw, calibrated) from 0 to 1, raw rising, calibrated not falling"
        raise ValueError(f"`{name}` must be {allowed}. Received: {str(knots)[:200]}")
    return tuple((float(raw), float(calibrated)) for raw, calibrated in knots)


def _is_curve(knots):
    """Whether something is a list of knots that make a curve."""
    if not isinstance(knots, (list, tuple)) or len(knots) > MAX_KNOTS:
        return False
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in knots):
        return False
    values = [value for pair in knots for value in pair]
    if not all(isinstance(v, numbers.Real) and not isinstance(v, bool) and 0 <= v <= 1 for v in values):
        return False  # NaN is not in the range either
    raw, calibrated = np.diff(values[::2]), np.diff(values[1::2])
    return bool((raw > 0).all() and (calibrated >= 0).all())


def apply_calibration(confidence: ArrayLike, knots: Sequence[Sequence[float]]) -> np.ndarray:
    """Return confidences as the probability that a joint is right.

    Args:
        confidence: array of any shape, in [0, 1]; NaN stays NaN.
        knots: pairs (raw, calibrated), see `check_calibration`; empty: confidences stay as they are.

    Returns:
        float array of that shape, in [0, 1].

    Raises:
        ValueError: `knots` are no calibration.

    Example:

        >>> apply_calibration([0.0, 0.5, 0.9], ((0.0, 0.1), (0.8, 0.9))).tolist()
        [0.1, 0.6, 0.9]
    """
    confidence, knots = np.asarray(confidence, float), check_calibration(knots, "knots")
    return np.interp(confidence, *zip(*knots, strict=True)) if knots else confidence
