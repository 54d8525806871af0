"""Which frames of a sequence make a clip, and the boxes that hold a person over a clip (NumPy only)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def get_clip_frame_index(
    sequence_size: int,
    subsample: int,
    num_frames: int,
    random_clip: bool = False,
    rng: np.random.Generator | None = None,
) -> list[int]:
    """Choose `num_frames` frames of a sequence, one in `subsample`.

    A sequence that is too short for the step takes the largest step that fits; one shorter than the clip repeats
    frames. Without `random_clip` the clip is taken from the middle.

    Args:
        sequence_size: int. Frames in the sequence, at least 1.
        subsample: int. Step between chosen frames, a positive integer.
        num_frames: int. Frames of the clip, at least 1.
        random_clip: bool. Draw the first frame at random.
        rng: `numpy.random.Generator` for the draw; None takes a fresh one.

    Returns:
        List of `num_frames` frame indices, ascending.

    Raises:
        TypeError, ValueError: an argument is not an integer or not positive.
    """
    for name, value in (("sequence_size", sequence_size), ("subsample", subsample), ("num_frames", num_frames)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
            raise TypeError(f"`{name}` must be an integer. Received: {value!r}")
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1. Received: {value!r}")
    stretch = 1.0  # a short sequence is stretched by repeating frames until the clip fits
    while stretch * sequence_size < num_frames:
        stretch *= 1.5
    length = stretch * sequence_size
    step = min(int(subsample), int(length / num_frames))
    last_start = length - (step * (num_frames - 1) + 1)
    if random_clip:
        start = int((np.random.default_rng() if rng is None else rng).integers(int(last_start + 1)))
    else:
        start = int(last_start / 2)
    return [int((start + step * i) / stretch) for i in range(num_frames)]


def choose_frames(
    frame_list: Sequence[int] | None,
    length: int,
    subsample: int,
    num_frames: int,
    random_clip: bool,
    rng: np.random.Generator | None,
    key: int,
) -> list[int]:
    """Return the frames that a caller asks for, checked, or those that `get_clip_frame_index` chooses.

    Args:
        frame_list: list of int or None. Frames, counted from 0.
        length: int, frames of the sequence.
        subsample, num_frames, random_clip, rng: as for `get_clip_frame_index`.
        key: int. Number of the sequence, for the error.

    Raises:
        ValueError: `frame_list` is empty or holds a frame that the sequence does not have.
    """
    if frame_list is None:
        return get_clip_frame_index(length, subsample, num_frames, random_clip, rng)
    frame_list = [int(frame) for frame in frame_list]
    if not frame_list or min(frame_list) < 0 or max(frame_list) >= length:
        raise ValueError(f"`frame_list` must hold frames in [0, {length - 1}] of key {key}. Received: {frame_list}")
    return frame_list


def clip_windows(sequence_size: int, clip_size: int, subsamples: Sequence[int]) -> list[range]:
    """List the clips that cover a sequence: for each step, windows that advance by half a clip.

    Args:
        sequence_size: int. Frames in the sequence.
        clip_size: int. Frames of a clip.
        subsamples: list of int. Steps between frames, one set of windows each.

    Returns:
        List of `range` objects of `clip_size` frame indices; empty if the sequence is too short for every step.
    """
    windows = []
    for step in subsamples:
        span, advance = clip_size * step, clip_size // 2 + step - 1
        starts = range(0, sequence_size - span + 1, max(1, advance))
        windows.extend(range(first, first + span, step) for first in starts)
    return windows


def union_box(boxes: ArrayLike) -> np.ndarray:
    """Return the smallest box (x1, y1, x2, y2) around (N, 4) boxes."""
    boxes = np.asarray(boxes, dtype=np.float64)
    return np.concatenate([boxes[:, 0:2].min(axis=0), boxes[:, 2:4].max(axis=0)])
