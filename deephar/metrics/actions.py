"""Metrics of action recognition as pure NumPy functions: they return numbers and print nothing.

    name                  what counts                                            result
    top_k_accuracy        the true action is among the k with the best scores    [0, 1]
    confusion             pairs of true and predicted action                     counts
    class_accuracy        of the samples of one action, those that were right    [0, 1] for each action
    mean_class_accuracy   the mean of those: each action weighs the same         [0, 1]
    late_fusion           the sum of several networks' logits                    scores

Any score that grows with belief does: probabilities, their logarithms, logits. Of equal scores the first action wins.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.labels import check_equal_names


def _pair(scores, true):
    """Return scores (K, N, A) and true actions (N,), checked; K is 1 where it was left out."""
    scores, true = np.asarray(scores), np.asarray(true)
    if scores.ndim not in (2, 3) or true.shape != scores.shape[-2:-1]:
        raise ValueError(
            f"`scores` must have shape (N, A) or (K, N, A), and `true` (N,). Received: {scores.shape} and {true.shape}"
        )
    _check_range(true, scores.shape[-1], "true")
    return scores, true.astype(int)


def _check_range(actions, num_actions, name):
    if actions.size and not (0 <= actions.min() and actions.max() < num_actions):
        raise ValueError(
            f"`{name}` must hold numbers of actions, 0 to {num_actions - 1}. "
            f"Received: {actions.min()} to {actions.max()}"
        )


def top_k_accuracy(scores: ArrayLike, true: ArrayLike, k: int = 1) -> float | np.ndarray:
    """Return the share of samples whose true action is among the `k` with the best scores.

    Args:
        scores: array (N, A), or (K, N, A) of K outputs.
        true: (N,) numbers of the true actions, from 0.
        k: int, 1 to A.

    Returns:
        A fraction in [0, 1], or (K,) of them; nan without any sample.

    Raises:
        ValueError: shapes that do not fit, or a number out of range.

    Example:

        >>> top_k_accuracy([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]], [0, 2], k=1)
        0.5
        >>> top_k_accuracy([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]], [0, 2], k=2)
        1.0
    """
    scores, true = _pair(scores, true)
    if not 1 <= k <= scores.shape[-1]:
        raise ValueError(f"`k` must be in 1 to {scores.shape[-1]}, the number of actions. Received: {k!r}")
    best = np.argsort(-scores, axis=-1, kind="stable")[..., :k]  # ([K,] N, k)
    hits = (best == true[:, None]).any(axis=-1).sum(axis=-1)  # ([K,])
    shares = hits / len(true) if len(true) else np.full(np.shape(hits), np.nan)
    return shares if scores.ndim == 3 else float(shares)


def confusion(true: ArrayLike, predicted: ArrayLike, num_actions: int) -> np.ndarray:
    """Return how often each action was taken for each.

    Args:
        true, predicted: (N,) numbers of actions, from 0.
        num_actions: int, A.

    Returns:
        int array (A, A), row the true action, column the predicted one.

    Raises:
        ValueError: shapes that do not fit, or a number out of range.
    """
    true, predicted = np.asarray(true, int), np.asarray(predicted, int)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(
            f"`true` and `predicted` must have one shape (N,). Received: {true.shape} and {predicted.shape}"
        )
    for name, actions in (("true", true), ("predicted", predicted)):
        _check_range(actions, num_actions, name)
    counts = np.zeros((num_actions, num_actions), int)
    np.add.at(counts, (true, predicted), 1)
    return counts


def class_accuracy(counts: ArrayLike) -> np.ndarray:
    """Return the share of each action's samples that were taken for it (recall).

    Args:
        counts: (A, A) of `confusion`, row the true action.

    Returns:
        (A,) fractions in [0, 1]; nan for an action without samples.

    Raises:
        ValueError: `counts` is not square.

    Example:

        >>> class_accuracy([[3, 1], [2, 2]]).tolist()
        [0.75, 0.5]
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"`counts` must have shape (A, A). Received: {counts.shape}")
    samples = counts.sum(axis=1)  # (A,)
    shares = np.full(len(counts), np.nan)
    np.divide(np.diagonal(counts), samples, out=shares, where=samples > 0)
    return shares


def mean_class_accuracy(counts: ArrayLike) -> float:
    """Return the mean of `class_accuracy` over the actions that have samples, in [0, 1]; nan where none has.

    Args:
        counts: (A, A) of `confusion`, row the true action.

    Raises:
        ValueError: `counts` is not square.
    """
    shares = class_accuracy(counts)
    known = shares[~np.isnan(shares)]
    return float(known.mean()) if len(known) else float("nan")


def late_fusion(logits: Sequence[ArrayLike], labels: Sequence[Sequence[str]] | None = None) -> np.ndarray:
    """Return the scores of several networks together: the sum of their logits.

    Source: Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4.

    Args:
        logits: list of arrays of one shape, (N, A) or (K, N, A), one a network or stream; not probabilities, whose sum
            is another thing.
        labels: list of the names of the actions of each network, in the order of its logits; None: not compared.

    Returns:
        float64 array of that shape.

    Raises:
        ValueError: there are no logits, or their shapes or the names of their actions differ.

    Example:

        >>> late_fusion([[[2.0, 1.0]], [[-2.0, 1.0]]]).tolist()
        [[0.0, 2.0]]
    """
    logits = [np.asarray(k, np.float64) for k in logits]
    shapes = [k.shape for k in logits]
    if len(set(shapes)) != 1 or len(shapes[0]) not in (2, 3):
        raise ValueError(f"`logits` must be arrays of one shape, (N, A) or (K, N, A). Received: {shapes or 'none'}")
    if labels is not None:
        if len(labels) != len(logits):
            raise ValueError(f"`labels` must hold {len(logits)} lists of names. Received: {len(labels)}")
        check_equal_names("labels", labels)
    return np.sum(logits, axis=0)


def mean_over_splits(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of every score over the splits of a data set, such as the three of UCF101 and HMDB51.

    Args:
        scores: list of {name: score}, one a split.

    Raises:
        ValueError: there is no split, or their scores have different names.

    Example:

        >>> mean_over_splits([{"top1": 0.5}, {"top1": 0.75}])
        {'top1': 0.625}
    """
    names = [list(k) for k in scores]
    if not names or any(set(k) != set(names[0]) for k in names):
        raise ValueError(f"`scores` must hold scores of the same names for every split. Received: {names or 'none'}")
    return {name: float(np.mean([k[name] for k in scores])) for name in names[0]}
