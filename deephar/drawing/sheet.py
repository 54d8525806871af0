"""Contact sheets: many images side by side in one, with captions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from deephar.drawing.skeleton import draw_label, draw_pose
from deephar.utils.images import rgb_array
from deephar.utils.pose import PoseLayout


def contact_sheet(
    images: Sequence[np.ndarray],
    columns: int,
    pad: int = 4,
    captions: Sequence[str] | None = None,
    cell: int | None = None,
    background: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
    """Lay images out row by row in one image.

    Args:
        images: sequence of uint8 arrays (H, W, 3); sizes may differ, each is centred in its cell.
        columns: number of images in a row.
        pad: pixels between and around the images.
        captions: None or one text for each image (an empty text writes nothing).
        cell: (width, height) of a cell in pixels, images are scaled to fit; None takes the largest image's size.
        background: RGB.

    Returns:
        uint8 array (H, W, 3).

    Raises:
        ValueError: no images, `columns` below 1, or another number of captions than images.
    """
    images = [rgb_array(image) for image in images]
    if not images or columns < 1:
        raise ValueError(f"`images` must not be empty and `columns` at least 1. Received: {len(images)}, {columns}")
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"`captions` must hold one text for each of {len(images)} images. Received: {len(captions)}")
    if cell is not None:
        images = [_fit(image, cell) for image in images]
    if captions is not None:
        images = [draw_label(i, text, (0, 0)) if text else i for i, text in zip(images, captions, strict=True)]
    cell_w, cell_h = cell or (max(i.shape[1] for i in images), max(i.shape[0] for i in images))
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    size = (rows * (cell_h + pad) + pad, columns * (cell_w + pad) + pad, 3)
    sheet = np.empty(size, np.uint8)
    sheet[:] = background
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        y = pad + row * (cell_h + pad) + (cell_h - image.shape[0]) // 2
        x = pad + column * (cell_w + pad) + (cell_w - image.shape[1]) // 2
        sheet[y : y + image.shape[0], x : x + image.shape[1]] = image
    return sheet


def _fit(image, cell):
    """`image` scaled so that it just fits into `cell` (width, height)."""
    factor = min(cell[0] / image.shape[1], cell[1] / image.shape[0])
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def with_heading(image: np.ndarray, text: str, size: int = 12) -> np.ndarray:
    """Return an image below a dark band with lines of text; letters are `size` px high, or smaller to fit the width."""
    height = (text.count("\n") + 1) * (size + size // 2) + size // 2
    band = np.full((height, image.shape[1], 3), 20, np.uint8)
    return np.concatenate([draw_label(band, text, (0, 0), size), image])


def crop_image(sample: dict, side: int, value_range: tuple[float, float] = (-1.0, 1.0)) -> np.ndarray:
    """The crop of a data set's sample as a uint8 image whose larger side is `side`.

    Args:
        sample: dict with `frame` (H, W, 3).
        side: px.
        value_range: what the pixel values 0 and 255 became in `frame`.
    """
    low, high = value_range
    pixels = np.round(255 / (high - low) * (sample["frame"] - low))
    return _fit(np.clip(pixels, 0, 255).astype(np.uint8), (side, side))


def pose_sheet(
    samples: Sequence[dict], poses_px: ArrayLike, layout: PoseLayout, columns: int = 8, cell: int = 256
) -> np.ndarray:
    """Lay out the crops of some people with poses drawn on them.

    Args:
        samples: sequence of N samples of a data set, dicts with `frame` (H, W, 3) in [-1, 1] and `afmat`.
        poses_px: (N, J, 2) in pixels of the frames that the crops were cut from.
        layout: joint layout.
        columns: crops in a row.
        cell: larger side of a crop on the sheet, in pixels.

    Returns:
        uint8 array (H, W, 3).
    """
    images = []
    for sample, pose in zip(samples, poses_px, strict=True):
        crop = crop_image(sample, cell)
        points = pose @ sample["afmat"][:2, :2].T + sample["afmat"][:2, 2]  # (J, 2) normalised to the crop
        images.append(draw_pose(crop, points * crop.shape[1::-1], layout))
    return contact_sheet(images, columns)
