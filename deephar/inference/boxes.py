"""Boxes of people: checked, turned into crop windows, found again from poses.

    box of a person  --window_of-->  square to cut (1.25 x the longer side)  --network-->  pose
         ^------------------------------- box_from_poses (1.2 x the joints) ----------------------'

Together the margins make the square 1.5 times the box of the joints, the size that training crops have. The box that
covers the whole frame is cut without a margin.
"""

import numpy as np
from numpy.typing import ArrayLike

Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in frame pixels
Size = tuple[int, int]  # width, height in pixels

JOINTS_TO_BOX = 1.2
CONFIDENT = 0.25  # a joint with at least this confidence helps to find the box
LOST_BELOW = 0.27  # mean confidence of the better half of the joints under which nobody is in the box
MIN_WINDOW_PX = 32.0


def whole_frame(size: Size) -> Box:
    """Return the box (x1, y1, x2, y2) of a whole frame of `size` (width, height), px."""
    return (0.0, 0.0, float(size[0]), float(size[1]))


def check_box(box: ArrayLike, size: Size) -> Box:
    """Return `box` as four floats.

    Args:
        box: four numbers (x1, y1, x2, y2) in frame pixels.
        size: (width, height) of the frame, px.

    Raises:
        ValueError: `box` is not four finite numbers, has no area, or lies outside of the frame.
    """
    allowed = "`box` must be x1,y1,x2,y2 in pixels with x1 < x2 and y1 < y2"
    try:
        x1, y1, x2, y2 = (float(v) for v in np.asarray(box, dtype=float).reshape(-1))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{allowed}. Received: {box}") from error
    if not np.isfinite([x1, y1, x2, y2]).all() or x1 >= x2 or y1 >= y2:
        raise ValueError(f"{allowed}. Received: {box}")
    if max(x1, y1, x2, y2) <= 1 and min(size) > 1:
        hint = f"these look like parts of the frame: multiply them by {size[0]} and {size[1]}"
        raise ValueError(f"{allowed}. Received: {box}; {hint}")
    if x2 <= 0 or y2 <= 0 or x1 >= size[0] or y1 >= size[1]:
        raise ValueError(f"`box` must overlap the frame of {size[0]} x {size[1]} pixels. Received: {box}")
    return (x1, y1, x2, y2)


def window_of(box: Box, size: Size, margin: float = 1.25) -> tuple[tuple[float, float], float]:
    """Return the centre (x, y) and the side of the square to cut for the person in a box, in frame px.

    Args:
        box: (x1, y1, x2, y2) of the person, frame px.
        size: (width, height) of the frame, px.
        margin: float. Side of the square over the longer side of the box; a box that covers the frame gets no margin.
    """
    x1, y1, x2, y2 = box
    covers = x1 <= 0 and y1 <= 0 and x2 >= size[0] and y2 >= size[1]
    side = max(x2 - x1, y2 - y1) * (1.0 if covers else margin)
    return ((x1 + x2) / 2, (y1 + y2) / 2), max(side, MIN_WINDOW_PX)


def joint_extents(poses_px: ArrayLike, confidence: ArrayLike) -> np.ndarray:
    """Return the box (N, 4) of the joints of each pose, x1 y1 x2 y2 in frame pixels, NaN where nobody seems to be.

    Args:
        poses_px: array (N, J, D), x and y in frame pixels.
        confidence: array (N, J) in [0, 1]. Joints of at least CONFIDENT count, or the better half where fewer do.
    """
    points, confidence = np.asarray(poses_px, float)[..., :2], np.asarray(confidence, float)
    half = max(1, confidence.shape[1] // 2)
    ranked = np.sort(confidence, axis=1)[:, ::-1]  # (N, J)
    enough = np.minimum(ranked[:, half - 1], CONFIDENT)  # (N,)
    used = (confidence >= enough[:, None])[..., None]  # (N, J, 1)
    low, high = np.where(used, points, np.inf).min(axis=1), np.where(used, points, -np.inf).max(axis=1)  # (N, 2)
    found = ranked[:, :half].mean(axis=1) >= LOST_BELOW  # (N,)
    return np.where(found[:, None], np.concatenate([low, high], axis=1), np.nan)


def box_of_extents(extents: ArrayLike, size: Size) -> Box | None:
    """Return the box around a person, JOINTS_TO_BOX times that of the joints in one or more frames.

    Args:
        extents: array (N, 4) of `joint_extents`, NaN where nobody was found.
        size: (width, height) of the frame in pixels, to which the box is cut.

    Returns:
        (x1, y1, x2, y2) in frame pixels, or None where nobody seems to be.
    """
    extents = np.asarray(extents, float).reshape(-1, 4)
    extents = extents[~np.isnan(extents).any(axis=1)]
    if not len(extents):
        return None
    low, high = extents[:, :2].min(axis=0), extents[:, 2:].max(axis=0)
    middle, reach = (low + high) / 2, np.maximum(high - low, MIN_WINDOW_PX / 2) * JOINTS_TO_BOX / 2
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach, size)
    if (high - low < 2).any():
        return None
    return (*low.tolist(), *high.tolist())


def box_from_poses(poses_px: ArrayLike, confidence: ArrayLike, size: Size) -> Box | None:
    """Find the box around a person from poses of one or more frames.

    Args:
        poses_px, confidence: as for `joint_extents`.
        size: (width, height) of the frame in pixels, to which the box is cut.

    Returns:
        (x1, y1, x2, y2) in frame pixels, or None where nobody seems to be.
    """
    return box_of_extents(joint_extents(poses_px, confidence), size)
