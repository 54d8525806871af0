"""PCP on LSP: the percentage of body parts of which both ends are right.

Johnson and Everingham, "Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation", BMVC 2010, section
5, after Ferrari, Marin-Jimenez and Zisserman, CVPR 2008. A part counts as found where each of its two ends is nearer to
the annotated one than half of the part's annotated length (the strict reading: both ends, not their mean). Joints are
in LSP's order; the torso reaches from the middle of the shoulders to the middle of the hips, the head from neck to top.
"""

import numpy as np
from numpy.typing import ArrayLike

from deephar.metrics.pose2d import valid_joints

PARTS = {  # name: parts of it, each the joints whose mean is one end and those whose mean is the other
    "torso": (((8, 9), (2, 3)),),
    "upper leg": (((2,), (1,)), ((3,), (4,))),
    "lower leg": (((1,), (0,)), ((4,), (5,))),
    "upper arm": (((8,), (7,)), ((9,), (10,))),
    "forearm": (((7,), (6,)), ((10,), (11,))),
    "head": (((12,), (13,)),),
}


def pcp_per_part(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """Return the share of annotated parts that are found, left and right together, and "mean", over all ten parts.

    Args:
        y_true, y_pred: (N, 14, 2) px in LSP's order; what is not annotated is -1e9. A part without one of its joints
            does not count.
        threshold: float, in lengths of the part.

    Returns:
        dict of float in [0, 1], NaN where no part counts. The mean counts every one of the ten parts alike.

    Raises:
        ValueError: arrays of other shapes.

    Example:
        >>> import numpy as np
        >>> from deephar.metrics.pcp import pcp_per_part
        >>> people = np.random.default_rng(0).uniform(0, 100, (5, 14, 2))
        >>> pcp_per_part(people, people)["forearm"]
        1.0
    """
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    if y_true.shape != y_pred.shape or y_true.shape[1:] != (14, 2):
        raise ValueError(
            f"`y_true` and `y_pred` must be (N, 14, 2) in LSP's order. Received: {y_true.shape} and {y_pred.shape}"
        )
    annotated, shares, scores = valid_joints(y_true), {}, []
    for name, parts in PARTS.items():
        found = [_found(y_true, y_pred, annotated, first, second, threshold) for first, second in parts]
        hits, counts = (np.array(values) for values in zip(*found, strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            shares[name] = float(np.true_divide(hits.sum(), counts.sum()))
            scores += list(np.true_divide(hits, counts))
    return {**shares, "mean": float(np.mean(scores))}


def _found(y_true, y_pred, annotated, first, second, threshold):
    """How many people have a part right, and how many have it annotated."""
    counts = annotated[:, [*first, *second]].all(axis=1)  # (N,)
    true, pred = ([y[:, list(end)].mean(axis=1) for end in (first, second)] for y in (y_true, y_pred))  # (N, 2) each
    limit = threshold * np.linalg.norm(true[0] - true[1], axis=-1)  # (N,) px
    errors = [np.linalg.norm(a - b, axis=-1) for a, b in zip(true, pred, strict=True)]
    return int(np.sum(counts & (np.maximum(*errors) <= limit))), int(counts.sum())
