"""Batches whose images travel as uint8: a quarter of the bytes between processes and on to the device.

    worker: images in [low, high] float32 --rounded to 256 levels--> uint8 --> queue, device --> float32 --> network

Pixels come from files of 256 levels, so the rounding changes those alone whose colours were augmented, and mid-grey
rectangles: by half a level at most, 1/510 of the range. Labels and inputs that are no RGB image travel as they are.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from deephar.training.feeder import Loader

if TYPE_CHECKING:
    from deephar.models.signature import Signature

LEVELS = 255
Range = tuple[float, float] | None  # what 0 and 255 become in an input; None: it is not packed


def packed_ranges(signature: "Signature") -> list[Range]:
    """Return of each input of a network the range of its RGB images, None for other inputs."""
    return [k.value_range if k.kind == "image" and k.channels == 3 else None for k in signature.inputs]


def _each(function, x, ranges):
    """A function on each input of a batch, which is an array or a list of them, and its range."""
    if not isinstance(x, (list, tuple)):
        return function(x, ranges[0])
    return tuple(function(*pair) for pair in itertools.zip_longest(x, ranges[: len(x)]))  # teachers' inputs: None


def pack(x: np.ndarray, value_range: Range) -> np.ndarray:
    """Return images as uint8, or as they are: where they are no float32, not in the range, or it is None."""
    if value_range is None or x.dtype != np.float32:
        return x
    low, high = value_range
    levels = (x - np.float32(low)) * np.float32(LEVELS / (high - low))
    if not (levels.min() > -0.5 and levels.max() < LEVELS + 0.5):  # NaN, too
        return x
    levels += np.float32(0.5)
    return levels.astype(np.uint8)


def unpack(x: Any, ranges: Sequence[Range] | None) -> Any:
    """Return the inputs of a batch of a `PackedLoader`, on the device, what is uint8 of them as float32.

    Args:
        x: array, or list of arrays, one an input.
        ranges: as of `PackedLoader`; None: the batch is not packed.
    """
    return x if ranges is None else _each(_unpack, x, ranges)


def _unpack(x, value_range):
    if value_range is None or getattr(x, "dtype", None) != np.uint8:
        return keras.ops.convert_to_tensor(x)  # a network takes no mixture of arrays and tensors
    low, high = value_range
    return keras.ops.cast(x, "float32") * ((high - low) / LEVELS) + low


class PackedLoader:
    """A loader with the inputs of its batches packed.

    Args:
        loader: `Loader`. Its `epoch`, where it has one, is that of this one.
        ranges: list of `Range`, one an input.
    """

    def __init__(self, loader: Loader, ranges: Sequence[Range]) -> None:
        self.loader, self.ranges = loader, list(ranges)

    def __len__(self) -> int:
        return len(self.loader)

    def __getitem__(self, index: int) -> tuple:
        """Return batch `index` as (inputs, labels)."""
        x, y = self.loader[index]
        return _each(pack, x, self.ranges), y

    @property
    def epoch(self) -> int:
        """The loader's number of the pass; an AttributeError where it has none, so that `hasattr` tells."""
        return self.loader.epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self.loader.epoch = number
