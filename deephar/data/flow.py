"""Optical flow of videos by TV-L1, its compact form on disk, and its mirror image.

Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1 Optical Flow", DAGM 2007; the recipe of two-stream
networks (Carreira and Zisserman, CVPR 2017; PERF-Net, WACV 2022): grey frames, clipped at 20 px, [-1, 1] for a network.

    frames (T, H, W, 3) --tvl1--> (T, H, W, 2) px --encode_flow--> uint8, 0.16 px a level --decode_flow--> px

The flow of a frame is where its pixels go until the next one; the last frame has that of the one before it.
"""

import contextlib
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.images import rgb_array
from deephar.utils.optional import install_hint, require

CLIP_PX = 20.0
LEVELS, ZERO = 127, 128  # levels on each side of the one that stands for no motion


def tvl1(frames: ArrayLike) -> np.ndarray:
    """Return the optical flow of a video by OpenCV's TV-L1 with its usual settings.

    Args:
        frames: uint8 (T, H, W, 3), RGB, or (T, H, W), grey.

    Returns:
        float32 (T, H, W, 2): x to the right and y down, px from each frame to the next, not clipped. The last frame
        repeats the flow of the one before; a single frame has none, zeros.

    Raises:
        ImportError: OpenCV's contrib package is not installed.
        ValueError: frames of another shape.

    Example:
        flow = tvl1(frames)  # uint8 (T, H, W, 3)
        np.save("flow.npy", encode_flow(flow))
    """
    frames = np.asarray(frames)
    if frames.ndim not in (3, 4) or not len(frames):
        raise ValueError(f"`frames` must be (T, H, W, 3) or (T, H, W), T at least 1. Received: {frames.shape}")
    cv2 = _contrib()
    if frames.ndim == 4:
        frames = np.stack([cv2.cvtColor(rgb_array(frame), cv2.COLOR_RGB2GRAY) for frame in frames])  # (T, H, W)
    method = cv2.optflow.DualTVL1OpticalFlow_create()
    flow = np.zeros((*frames.shape, 2), np.float32)
    for number, (first, second) in enumerate(itertools.pairwise(frames)):
        flow[number] = method.calc(first, second, None)
    flow[-1] = flow[len(frames) - 2] if len(frames) > 1 else 0
    return flow


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread in the body, for work that runs in a process a core; flows are the same to the bit."""
    cv2 = _contrib()
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _contrib():
    """Return the module `cv2` with its contrib modules, or raise ImportError."""
    cv2 = require("opencv-contrib-python-headless", "TV-L1 optical flow", module="cv2")
    if not hasattr(cv2, "optflow"):
        hint = install_hint("opencv-contrib-python-headless")
        raise ImportError(f"TV-L1 optical flow needs OpenCV's contrib modules: {hint}, in place of opencv-python")
    return cv2


def encode_flow(flow_px: ArrayLike) -> np.ndarray:
    """Return flow clipped at 20 px as uint8 of the same shape; 128 is no motion, a level 0.157 px."""
    return (np.rint(normalise_flow(flow_px) * LEVELS) + ZERO).astype(np.uint8)


def decode_flow(levels: ArrayLike) -> np.ndarray:
    """Return float32 px from what `encode_flow` gave."""
    return (np.asarray(levels, np.float32) - ZERO) * (CLIP_PX / LEVELS)


def normalise_flow(flow_px: ArrayLike) -> np.ndarray:
    """Return flow clipped at 20 px as float32 in [-1, 1], as networks take it."""
    return np.clip(np.asarray(flow_px, np.float32) / CLIP_PX, -1, 1)


def mirror_flow(flow: ArrayLike) -> np.ndarray:
    """Return the flow (..., H, W, 2) of the mirrored video: columns in the other order, x negated."""
    return np.asarray(flow)[..., ::-1, :] * np.array([-1, 1], np.float32)
