"""Softmax over the positions of a map (channel by channel), as functions on tensors."""

from collections.abc import Callable

from keras import ops


def _softmax_over(x, axes):
    e = ops.exp(x - ops.max(x, axis=axes, keepdims=True))
    return e / ops.sum(e, axis=axes, keepdims=True)


def channel_softmax_2d(alpha: float = 1) -> Callable:
    """Heat maps to probability maps: each channel sums to one over rows and columns.

    Args:
        alpha: the maps are multiplied by this first; above 1 the maps get sharper.

    Returns:
        A function (B, [T,] H, W, J) -> the same shape.
    """

    def softmax_2d(x):
        rank = len(x.shape)
        if rank not in (4, 5):
            raise ValueError(f"`x` should be (B, H, W, J) or (B, T, H, W, J). Received: shape {tuple(x.shape)}")
        return _softmax_over(x if alpha == 1 else alpha * x, (-3, -2))

    return softmax_2d


def channel_softmax_1d() -> Callable:
    """Depth scores to probabilities: each channel sums to one over the depth axis.

    Returns:
        A function (B, [T,] D, J) -> the same shape.
    """

    def softmax_1d(x):
        rank = len(x.shape)
        if rank not in (3, 4):
            raise ValueError(f"`x` should be (B, D, J) or (B, T, D, J). Received: shape {tuple(x.shape)}")
        return _softmax_over(x, (-2,))

    return softmax_1d
