"""Samples of a data set computed once, crops included, and kept on disk: for many short trainings on the same images.

    data set --keep_samples--> FOLDER/frame.npy, pose.npy ... --KeptSamples--> get_data

Frames are kept with 8 bits a number. What is drawn at random for a sample (crop, flip, colours) is drawn once.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deephar.data.samples import Dataset, sample_at, shape_of
from deephar.utils.io import atomic_path, write_json
from deephar.utils.jobs import run_jobs

ABOUT = "kept.json"
CHUNK = 50  # samples a job
LEVELS = 255


def keep_samples(
    dataset: Dataset, mode: int, number: int, folder: str | Path, seed: int = 0, workers: int | None = None
) -> "KeptSamples":
    """Compute samples of a data set and write them, unless the folder holds them.

    Args:
        dataset: `Dataset` with a `dataconf`; picklable. Where it has fewer samples they are taken again, cropped anew.
        mode: TEST_MODE, TRAIN_MODE or VALID_MODE.
        number: int. How many.
        folder: str or Path. Made if need be.
        seed: int. Of what is drawn at random.
        workers: int or None. Processes; None: one for each core.

    Returns:
        `KeptSamples` of the folder.

    Raises:
        ValueError: the folder holds others.
    """
    folder = Path(folder)
    about = {"dataset": type(dataset).__name__, "mode": mode, "number": number, "seed": seed}
    about["data"] = dataset.dataconf.to_dict()
    path = folder / ABOUT
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))["about"]
        found["data"] = type(dataset.dataconf).from_dict(found["data"]).to_dict()  # with what an older version lacked
        if found != json.loads(json.dumps(about)):
            raise ValueError(f"`folder` must be empty or hold these samples: {about}. Received: others in {folder}")
        return KeptSamples(folder)
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [range(first, min(first + CHUNK, number)) for first in range(0, number, CHUNK)]
    jobs = [(dataset, mode, keys, seed) for keys in chunks]
    parts = run_jobs(_compute, jobs, workers, f"samples, {CHUNK} at a time")
    for name in parts[0]:
        with atomic_path(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, np.concatenate([part[name] for part in parts]))
    write_json(path, {"about": about, "value_range": dataset.dataconf.value_range, "names": list(parts[0])})
    return KeptSamples(folder)


def _compute(job):
    """The samples of a job as arrays, one an entry; what is not made of numbers is left out."""
    dataset, mode, keys, seed = job
    length, (low, high) = dataset.get_length(mode), dataset.dataconf.value_range
    samples = [dataset.get_data(key % length, mode, rng=np.random.default_rng([seed, key])) for key in keys]
    arrays = {name: np.stack([np.asarray(sample[name]) for sample in samples]) for name in samples[0]}
    arrays["frame"] = np.round((arrays["frame"] - low) * (LEVELS / (high - low))).clip(0, LEVELS).astype(np.uint8)
    return {name: array for name, array in arrays.items() if array.dtype.kind in "fiub"}


class KeptSamples:
    """The samples that `keep_samples` wrote, as a data set: the same ones in every mode.

    Args:
        folder: str or Path.
        value_range: (float, float) or None. What 0 and 255 become in `frame`; None: as when they were kept.
        names: list of str or None. Entries of a sample; None: all.

    Raises:
        FileNotFoundError: the folder holds none.
    """

    def __init__(
        self,
        folder: str | Path,
        value_range: tuple[float, float] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        path = Path(folder) / ABOUT
        if not path.exists():
            raise FileNotFoundError(f"`folder` must hold samples of `keep_samples`. Received: {str(folder)!r}")
        about = json.loads(path.read_text(encoding="utf-8"))
        self.folder, self.value_range = Path(folder), tuple(value_range or about["value_range"])
        self.names = list(names or about["names"])
        self._arrays = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in self.names}
        self._keys = range(len(self._arrays[self.names[0]]))

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Return one sample; nothing is drawn, `rng` is not read."""
        key = sample_at([self._keys] * 3, key, mode)
        sample = {name: np.array(array[key]) for name, array in self._arrays.items()}
        if "frame" in sample:
            low, high = self.value_range
            sample["frame"] = sample["frame"] * np.float32((high - low) / LEVELS) + np.float32(low)
        return sample

    def get_length(self, mode: int) -> int:
        """Return the number of samples, the same in every mode."""
        return len(self._keys)

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        return shape_of({name: array.shape[1:] for name, array in self._arrays.items()}, dictkey)
