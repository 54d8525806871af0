"""A heat map over an image: the image in grey, what is hot in colour."""

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from deephar.utils.images import rgb_array

COLD, HOT = np.array([0, 60, 160.0]), np.array([255, 200, 0.0])  # RGB of small and of large values
MOST = 0.85  # of the image that the largest value covers


def draw_heat(image: np.ndarray, heat: ArrayLike) -> np.ndarray:
    """Draw a map over a grey copy of an image.

    Args:
        image: uint8 array (H, W, 3), RGB.
        heat: (h, w) numbers of any size; negative ones count as 0, the largest one is drawn strongest.

    Returns:
        New uint8 array (H, W, 3); without any value above 0 the grey image.
    """
    image, heat = rgb_array(image), np.clip(np.nan_to_num(np.asarray(heat, np.float64)), 0, None)
    grey = image.astype(float).mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    if not heat.max() > 0:
        return np.round(grey).astype(np.uint8)
    small = Image.fromarray((heat / heat.max()).astype(np.float32))
    share = np.asarray(small.resize(image.shape[1::-1], Image.Resampling.BILINEAR))[..., None]  # (H, W, 1)
    color = (1 - share) * COLD + share * HOT
    cover = MOST * np.sqrt(np.clip(share, 0, 1))
    return np.round((1 - cover) * grey + cover * color).astype(np.uint8)
