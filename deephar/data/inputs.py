"""What a network takes besides the image, made of a sample: the map of where the person is.

    sample: frame (H, W, 3), center (2,) --NetworkInputs--> frame, center_map (H, W, 1), ...

Nothing here is drawn from the image: an input spec says of each input how it is made.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.data.samples import Dataset
from deephar.utils.heatmaps import center_maps

MIDDLE = (0.5, 0.5)  # of a crop


def make_inputs(specs: Sequence, frames: np.ndarray, centers: ArrayLike | None = None) -> list[np.ndarray]:
    """Return the inputs of a network for a batch of crops.

    Args:
        specs: list of `InputSpec`, those of the network; the first one is that of the frames.
        frames: float array (B, [T,] H, W, C), cropped and scaled.
        centers: float array (B, 2) or None. x and y of the people who are meant, normalised to the crops; None: they
            are in the middle, where a crop around a person has them.

    Returns:
        List of arrays, one an input.

    Raises:
        ValueError: an input that cannot be made of a crop.
    """
    made = [frames]
    for spec in specs[1:]:
        if spec.kind != "center_map":
            raise ValueError(f"`specs` must be of an image and of what follows from it. Received: {spec.name!r}")
        where = np.broadcast_to(MIDDLE, (len(frames), 2)) if centers is None else np.asarray(centers)
        made.append(center_maps(where, frames.shape[-3:-1], spec.sigma_px))
    return made


class NetworkInputs:
    """A data set with an entry for each input of a network, of the input's name.

    Args:
        dataset: `Dataset` whose samples have `frame` and, where the network takes a map of it, `center`.
        specs: list of `InputSpec`, those of the network.

    Raises:
        ValueError: the network takes a map of the person's centre, and the data set does not know it.
    """

    def __init__(self, dataset: Dataset, specs: Sequence):
        self.dataset, self.specs = dataset, tuple(specs)
        maps = [spec.name for spec in self.specs if spec.kind == "center_map"]
        try:
            _ = [dataset.get_shape("center") for _ in maps]
        except ValueError as error:
            name = type(dataset).__name__
            raise ValueError(f"`dataset` must know the centre of a person for {maps[0]!r}. Received: {name}") from error

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Load one sample, with the inputs made of it."""
        sample = self.dataset.get_data(key, mode, rng=rng)
        centers = sample["center"][None] if "center" in sample else None
        inputs = make_inputs(self.specs, np.asarray(sample["frame"])[None], centers)
        return {**sample, **{spec.name: x[0] for spec, x in zip(self.specs, inputs, strict=True)}}

    def get_length(self, mode: int) -> int:
        """Return the number of samples of a split."""
        return self.dataset.get_length(mode)

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        if dictkey in [spec.name for spec in self.specs if spec.kind == "center_map"]:
            return (*self.dataset.get_shape("frame")[:-1], 1)
        return self.dataset.get_shape(dictkey)


def with_inputs(dataset: Dataset, specs: Sequence) -> Dataset:
    """Return the data set itself where a network takes frames alone, else its `NetworkInputs`."""
    return dataset if len(specs) == 1 else NetworkInputs(dataset, specs)
