"""Samples as fixed-size uint8 images with a margin, and how each is to be cropped: for a data set on an accelerator.

    reader, no augmentation, a larger window --> canvas (S, S) of pixels, joints on it     once, kept on the device
    DataConfig.random_data_generator --> place_crop on the canvas --> a row of numbers     every time a sample is used

A canvas is to its crops what a frame is to the reader's: an image with one person in the middle. What is drawn at
random, and the affine map that follows from it, are computed here by the readers' own functions, as `Draws`; the row
of numbers is all that the accelerator gets to make a crop (`deephar.training.augment`). A window begins on a whole
pixel of the canvas, as a reader's begins on one of the frame, so a crop lies up to a pixel beside the reader's.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deephar.config import DataConfig
from deephar.data.frames import Crop, place_crop
from deephar.data.samples import Dataset, draw_augmentation, shape_of
from deephar.utils.parser import TRAIN_MODE

SHIFTS = 200  # of a reader's window: what one of `trans_x` is where a reader moves its window by parts of it
DENSITY = 0.75  # px of a canvas for one px of the crop at scale 1
SIDE_STEP = 16
BYTES = 4  # of a pixel, RGB and one that is not used, so that a pixel is fetched as one number

# Where the numbers of a row of `Draws` stand.
RECORD, ZOOM, HFLIP = 0, 1, 2
SHIFT, POWERS, OCCLUSION = slice(3, 5), slice(5, 8), slice(8, 12)
TO_CANVAS, TO_CROP = slice(12, 18), slice(18, 24)
DRAWN = 24


@dataclass(frozen=True)
class Canvas:
    """How large the stored images are.

    Attributes:
        side: int. Of a stored image, px.
        reach: float. Side of its window over that of the reader's at scale 1.
    """

    side: int
    reach: float

    @property
    def window(self) -> float:
        """Side of the reader's window at scale 1, px of the canvas."""
        return self.side / self.reach


def canvas_of(dataconf: DataConfig, canvas_side: int | None = None) -> Canvas:
    """Return the canvas in which every crop that a `DataConfig` draws lies, moved ones included.

    Args:
        dataconf: `DataConfig`. Its crops must be square.
        canvas_side: int or None. Px; None: three quarters of the crop's resolution at scale 1.

    Raises:
        ValueError: crops that are not square, or a canvas that a crop would be shrunk from by 2 or more.
    """
    width, height = dataconf.crop_resolution
    if width != height:
        raise ValueError(f"`crop_resolution` must be square to store samples. Received: {dataconf.crop_resolution}")
    turns = np.deg2rad(np.clip(np.abs(dataconf.angles) % 180, 0, 180))
    turned = float((np.abs(np.cos(turns)) + np.abs(np.sin(turns))).max())
    leaning = 1 + max(map(abs, dataconf.shears))
    moved = 2 * max(map(abs, (*dataconf.trans_x, *dataconf.trans_y))) / SHIFTS
    reach = max(dataconf.scales) * turned * leaning + moved
    side = canvas_side or SIDE_STEP * math.ceil(DENSITY * width * reach / SIDE_STEP)
    if not max(2, 2 * reach) <= side < 2 * width * reach / max(dataconf.scales):
        allowed = f"from {math.ceil(2 * reach)} to {math.ceil(2 * width * reach / max(dataconf.scales)) - 1}"
        raise ValueError(f"`canvas_side` must be {allowed} px for crops of {width} px. Received: {side}")
    return Canvas(side, reach)


def uncut(dataset: Dataset, canvas: Canvas) -> Dataset:
    """Return a copy of a reader of single images that gives canvases: nothing is drawn at random, frames are 0 to 255.

    Raises:
        ValueError: it gives clips, does not say how it moves its window, or keeps joints outside of the crop.
    """
    shape = dataset.get_shape("frame")
    if len(shape) != 3 or not hasattr(dataset, "shift_unit") or not getattr(dataset, "remove_outer_joints", True):
        allowed = "a reader of single images with a `shift_unit` that removes joints outside of the crop"
        raise ValueError(f"`dataset` must be {allowed}. Received: {type(dataset).__name__} of frames {shape}")
    copied = copy.copy(dataset)
    if hasattr(dataset, "render_size"):
        copied.size = dataset.render_size()  # as large as for the crops themselves
    copied.dataconf = dataset.dataconf.replace(
        **dict(crop_resolution=(canvas.side,) * 2, scales=(canvas.reach,), value_range=(0.0, 255.0), chpower=(1,)),
        **dict(angles=(0,), shears=(0,), trans_x=(0,), trans_y=(0,), hflips=(0,), geoocclusion=None),
    )
    return copied


def take_records(reader: Dataset, keys: Sequence[int], everybody: bool = False) -> dict[str, np.ndarray]:
    """Return training samples of an `uncut` reader as arrays.

    Args:
        reader: `Dataset`.
        keys: list of int.
        everybody: bool. Whether the joints of other people are kept, too.

    Returns:
        `pixels` (N, S * S) uint32, a pixel's bytes R, G, B, 0; `people` (N, P, J, dim + 1) float32, as a reader's,
        normalised to the canvas, the person who is meant first; `frame_px` (N,) px of the canvas for one of the frame.
    """
    side = reader.dataconf.crop_resolution[0]
    pixels = np.zeros((len(keys), side * side, BYTES), np.uint8)
    people, frame_px = [], np.empty(len(keys))
    for row, key in enumerate(keys):
        sample = reader.get_data(int(key), TRAIN_MODE, rng=np.random.default_rng(0))
        pixels[row, :, :3] = np.rint(sample["frame"]).astype(np.uint8).reshape(-1, 3)
        people.append(sample["people"] if everybody else sample["pose"][None])
        frame_px[row] = sample["afmat"][0, 0] * side
    return {"pixels": pixels.view("<u4")[..., 0], "people": np.float32(people), "frame_px": frame_px}


class Draws:
    """How stored samples are cropped, as a data set for a `BatchLoader`: random numbers and no pixels.

    Args:
        dataset: `Dataset`. The reader that the samples come from; its `dataconf` and `shift_unit` are read.
        canvas: `Canvas`.
        number: int. How many samples are stored.

    A sample has `drawn` (24,): the record; `ZOOM`, reach of the canvas over the scale of the crop; 1 for a flip; x and
    y that the window is moved besides, px of the frame; exponents of the channels; the box x1, y1, x2, y2 px that is
    blanked, empty where none is; and the affine maps (2, 3) from px of the crop to px of the canvas, and from there to
    the crop normalised to [0, 1].

    Raises:
        ValueError: a `shift_unit` of another kind.
    """

    def __init__(self, dataset: Dataset, canvas: Canvas, number: int) -> None:
        self.dataconf, self.unit, self.canvas, self.number = dataset.dataconf, dataset.shift_unit, canvas, number
        if self.unit not in ("window", "frame", None):
            allowed = "'window', 'frame' or None"
            raise ValueError(f"`shift_unit` of the data set must be {allowed}. Received: {self.unit!r}")

    def get_length(self, mode: int) -> int:
        """Return the number of stored samples, the same in every mode."""
        return self.number

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of `drawn`, the one entry of a sample."""
        return shape_of({"drawn": (DRAWN,)}, dictkey)

    def get_data(self, key: int, mode: int, rng: np.random.Generator) -> dict:
        """Draw a crop of sample `key`, the same numbers as its reader draws from this generator."""
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        shift = np.array([augmentation["transx"], augmentation["transy"]], float)
        of_window = self.canvas.window / SHIFTS * shift if self.unit == "window" else 0.0
        of_frame = augmentation["scale"] * shift if self.unit == "frame" else 0.0
        window, size = (self.canvas.window * augmentation["scale"],) * 2, (self.canvas.side,) * 2
        crop = place_crop(size, self.canvas.side / 2 + of_window + np.zeros(2), window, augmentation, self.dataconf)
        return {"drawn": drawn_row(key, crop, augmentation, self.canvas.reach, of_frame)}


def drawn_row(
    key: int, crop: Crop, augmentation: dict, reach: float = 1.0, shift_px: ArrayLike = 0.0
) -> np.ndarray:
    """Return the numbers (24,) float32 by which a `Crop` of a stored sample is made, see `Draws`.

    Args:
        key: int. The record.
        crop: `Crop`, whose frame is the canvas.
        augmentation: dict. What was drawn for it: scale, chpower, geoocclusion are read.
        reach: float. Of the canvas.
        shift_px: (x, y) px of the frame that the window is moved besides.
    """
    drawn = np.zeros(DRAWN)
    drawn[RECORD], drawn[ZOOM], drawn[HFLIP] = key, reach / augmentation["scale"], crop.hflip
    drawn[SHIFT], drawn[POWERS] = shift_px, augmentation["chpower"]
    drawn[OCCLUSION] = augmentation["geoocclusion"] or 0
    to_crop_px = np.diag([*crop.resolution, 1.0]) @ crop.afmat
    drawn[TO_CANVAS], drawn[TO_CROP] = np.linalg.inv(to_crop_px)[:2].ravel(), crop.afmat[:2].ravel()
    return drawn.astype(np.float32)
