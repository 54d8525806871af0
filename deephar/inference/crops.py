"""Crops of frames as a network's input spec asks for them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deephar.data.frames import Crop, cut, frame_window, make_crop, normalise
from deephar.inference.boxes import Box, Size, window_of
from deephar.models.signature import InputSpec

PLAIN = {"angle": 0, "hflip": 0}


def crop_of(box: Box, size: Size, spec: InputSpec) -> Crop:
    """Return the `Crop` that shows a network the person in a box, or the whole frame, as its input asks for.

    Args:
        box: (x1, y1, x2, y2) of the person, frame px.
        size: (width, height) of the frame, px.
        spec: `InputSpec` of the network.

    Raises:
        ValueError: the network takes any size; choose one by `signature.replace(size=(H, W))`.
    """
    if None in spec.size:
        fix = "`signature.replace(size=(H, W))` chooses one"
        raise ValueError(f"`size` of the network's input must be known; {fix}. Received: {spec.size}")
    if spec.crop == "person":
        centre, side = window_of(box, size, spec.margin)
        window = (side, side)
    else:
        centre, window = frame_window(size, spec.resolution, spec.crop == "whole")
    return make_crop(size, centre, window, PLAIN, spec.resolution, spec.pad_color)


def crop_frames(frames: Sequence[np.ndarray], crop: Crop, spec: InputSpec) -> np.ndarray:
    """Cut frames and normalise their values.

    Args:
        frames: sequence of N arrays, uint8 (H, W, 3).
        crop: `Crop`, the same for all frames.
        spec: `InputSpec` of the network.

    Returns:
        float32 (N, h, w, 3), in the value range that `spec` asks for.
    """
    return np.stack([normalise(cut(Image.fromarray(k), crop), value_range=spec.value_range) for k in frames])
