"""From the pixels that a video stores to those that a player shows: square, upright, mirrored where the file says so.

    stored (h, w)  --pixel aspect: w x width / height of a pixel-->  square pixels  --display matrix-->  shown

A display matrix of a phone turns by quarters, one of a front camera mirrors too. What is left of any other angle is
turned about the centre, the corners black, as FFmpeg does.
"""

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import av

INTERPOLATION = "BILINEAR"  # FFmpeg's scaler averages what it shrinks
SQUARE = Fraction(1)
LEAST_DEGREES = 1.0  # a smaller rest of an angle is left alone
Turn = tuple[bool, bool, bool, float]  # swap the axes, then flip x, flip y; then degrees clockwise
AS_IT_IS: Turn = (False, False, False, 0.0)


def pixel_aspect(stream: "av.VideoStream") -> Fraction:
    """Return the width of a stored pixel over its height, 1 where the stream does not say."""
    aspect = stream.sample_aspect_ratio
    return Fraction(aspect) if aspect and aspect > 0 else SQUARE


def turn_of(frame: "av.VideoFrame") -> Turn:
    """Return how a frame becomes upright by its display matrix."""
    stored = next((bytes(k) for k in frame.side_data if k.type.name == "DISPLAYMATRIX"), None)
    return AS_IT_IS if stored is None else turn_of_matrix(np.frombuffer(stored, np.int32)[:9].reshape(3, 3))


def turn_of_matrix(matrix: np.ndarray) -> Turn:
    """Return how a frame becomes upright by a display matrix (3, 3), which takes rows (x, y, 1); y is down.

    A matrix without area, as broken software writes it, leaves the frame as it is.
    """
    (a, b), (c, d) = np.asarray(matrix, float)[:2, :2]  # where the stored x axis goes, and the y axis
    if a * d == b * c:
        return AS_IT_IS
    swap = abs(b) > abs(a)
    flip_x, flip_y = (c < 0, b < 0) if swap else (a < 0, d < 0)
    nearest = math.atan2(-1 if flip_y else 1, 0) if swap else math.atan2(0, -1 if flip_x else 1)
    rest = math.degrees(math.remainder(math.atan2(b, a) - nearest, math.tau))
    return bool(swap), bool(flip_x), bool(flip_y), rest if abs(rest) > LEAST_DEGREES else 0.0


def shown_size(frame: "av.VideoFrame", aspect: Fraction = SQUARE) -> tuple[int, int]:
    """Return (width, height) px of a frame as it is shown; `aspect` of `pixel_aspect`."""
    size = max(1, round(frame.width * aspect)), frame.height
    return size[::-1] if turn_of(frame)[0] else size


def shown_pixels(
    frame: "av.VideoFrame", aspect: Fraction = SQUARE, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Return a frame as it is shown.

    Args:
        frame: `av.VideoFrame`.
        aspect: Fraction, of `pixel_aspect`.
        size: (width, height) px to which it is scaled; None: `shown_size`.

    Returns:
        uint8 (height, width, 3), RGB.
    """
    swap, flip_x, flip_y, degrees = turn_of(frame)
    width, height = shown_size(frame, aspect) if size is None else size
    width, height = (height, width) if swap else (width, height)
    array = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation=INTERPOLATION)
    array = array.swapaxes(0, 1) if swap else array
    array = array[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    if degrees:
        array = np.asarray(Image.fromarray(np.ascontiguousarray(array)).rotate(-degrees, Image.Resampling.BILINEAR))
    return np.ascontiguousarray(array)
