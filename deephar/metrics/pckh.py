"""PCKh on MPII as papers report it: joint pairs, both means, several thresholds, the area under the curve.

Andriluka et al., "2D Human Pose Estimation: New Benchmark and State of the Art Analysis", CVPR 2014. A joint is right
where it is nearer than a share of the head size, 0.6 x the diagonal of the head box. All joints are in MPII's order.

    column      head  shoulder  elbow  wrist  hip  knee  ankle     mean of left and right
    mean        of the 14 joints without pelvis and thorax: of their scores (bearpaw/pytorch-pose), or of all annotated
                joints together, those that are annotated more often counting more (HRNet, mmpose)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deephar.metrics.pose2d import joint_distances, known_sizes, valid_joints

PAIRS = {
    "head": (9,),
    "shoulder": (12, 13),
    "elbow": (11, 14),
    "wrist": (10, 15),
    "hip": (2, 3),
    "knee": (1, 4),
    "ankle": (0, 5),
}
NOT_COUNTED = (6, 7)  # pelvis, thorax
COUNTED = [joint for joint in range(16) if joint not in NOT_COUNTED]
HARD = [joint for joint in COUNTED if joint not in (8, 9, 12, 13)]  # wrists, elbows, hips, knees, ankles: PBN's ten
CURVE = np.arange(51) / 100  # thresholds of the area under the curve, 0 to 0.5


@dataclass(frozen=True)
class PckhReport:
    """PCKh at one threshold, fractions in [0, 1]; nan where no joint counts.

    Attributes:
        threshold: float, in head sizes.
        per_joint: (16,) in MPII's order.
        pairs: dict, name of PAIRS to the mean of left and right.
        mean: float, unweighted mean over the 14 joints.
        weighted_mean: float, over all annotated ones of these joints.
        hard_mean: float, over all annotated wrists, elbows, hips, knees and ankles.
        num_joints: int, annotated joints among the 14.
    """

    threshold: float
    per_joint: np.ndarray
    pairs: dict[str, float]
    mean: float
    weighted_mean: float
    hard_mean: float
    num_joints: int


def _errors(y_true, y_pred, head_size, valid):
    """Errors in head sizes (N, 16) and which of them count (N, 16)."""
    size = np.asarray(head_size, float).reshape(-1)
    known = known_sizes(size)
    distances = joint_distances(y_true, y_pred)  # (N, 16)
    if distances.shape[1] != 16 or len(size) != len(distances):
        raise ValueError(
            "`y_true` and `y_pred` must be (N, 16, 2) in MPII's order, `head_size` (N,). "
            f"Received: {np.shape(y_true)} and {np.shape(head_size)}"
        )
    valid = valid_joints(y_true) if valid is None else np.asarray(valid, bool)
    return distances / np.where(known, size, 1.0)[:, None], valid & known[:, None]


def pckh_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    head_size: ArrayLike,
    threshold: float = 0.5,
    valid: ArrayLike | None = None,
) -> PckhReport:
    """Return PCKh of joints, pairs and means.

    Args:
        y_true, y_pred: (N, 16, 2) in pixels of the image, MPII's order.
        head_size: (N,) pixels. People without one (NaN, 0, negative) are left out.
        threshold: float, in head sizes.
        valid: (N, 16) bool, the joints that count; None: those that are annotated. With the visible ones, or with the
            annotated ones that are hidden, the report is about these alone.

    Raises:
        ValueError: arrays of other shapes.
    """
    errors, counts = _errors(y_true, y_pred, head_size, valid)
    hits, number = ((errors < threshold) & counts).sum(axis=0), counts.sum(axis=0)  # (16,)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = hits / number
        means = [np.true_divide(hits[joints].sum(), number[joints].sum()) for joints in (COUNTED, HARD)]
    pairs = {name: float(np.mean(scores[list(joints)])) for name, joints in PAIRS.items()}
    mean, (weighted, hard) = float(np.mean(scores[COUNTED])), map(float, means)
    return PckhReport(threshold, scores, pairs, mean, weighted, hard, int(number[COUNTED].sum()))


def pckh_auc(y_true: ArrayLike, y_pred: ArrayLike, head_size: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Return the mean of PCKh, over all annotated ones of the 14 joints, at thresholds 0, 0.01, ... 0.5.

    Args, errors: as `pckh_report`.
    """
    errors, counts = _errors(y_true, y_pred, head_size, valid)
    errors = errors[:, COUNTED][counts[:, COUNTED]]
    return float((errors[:, None] < CURVE).mean()) if len(errors) else float("nan")
