"""Metrics of action recognition as pure NumPy functions: they return numbers and print nothing.

    name             what counts                                            result
    top_k_accuracy   the true action is among the k with the best scores    [0, 1]
    confusion        pairs of true and predicted action                     counts

Any score that grows with belief does: probabilities, their logarithms, logits. Of equal scores the first action wins.
"""

import numpy as np
from numpy.typing import ArrayLike


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
