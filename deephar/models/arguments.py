"""Checks that the builders of networks share."""

from collections.abc import Sequence


def check_shape(input_shape: Sequence[int | None], div: int) -> None:
    """Check the shape of images.

    Args:
        input_shape: (H, W, C); H and W None where any size will do.
        div: int. What H and W must be multiples of.

    Raises:
        ValueError: it is no such shape.
    """
    shape = tuple(input_shape)
    if len(shape) != 3 or shape[2] is None or any(n is not None and (n < 1 or n % div) for n in shape[:2]):
        raise ValueError(f"`input_shape` should be (H, W, C), H and W multiples of {div} or None. Received: {shape}")


def check_clip_shape(input_shape: Sequence[int | None]) -> None:
    """Check the shape of clips of whole frames.

    Args:
        input_shape: (T, H, W, C); T, H and W None where any will do.

    Raises:
        ValueError: it is no such shape.
    """
    shape = tuple(input_shape)
    if len(shape) != 4 or shape[3] is None or any(n is not None and n < 1 for n in shape):
        raise ValueError(f"`input_shape` should be (T, H, W, C), T, H and W at least 1 or None. Received: {shape}")


def check_counts(even: bool = False, **counts: int) -> None:
    """Raise ValueError where one of {argument: value} is no whole number of at least 1, or not even if it has to be."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"`{name}` should be a whole number of at least 1. Received: {value!r}")
        if even and value % 2:
            raise ValueError(f"`{name}` should be even: a residual has half inside. Received: {value}")
