"""What the frozen part of a network gives, computed once and kept on disk, so that many epochs can be trained on it.

    loader (clips, labels) -> body (frozen) -> FOLDER/000000.npy ..., one file a batch -> CachedFeatures -> head

A row of a file is one sample: all features one after the other, then the label, in float16. Files are written whole, so
what a killed run has computed is kept; more samples are more files. Body and head are the halves of
`deephar.models.split_at_action_part`.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from deephar.training.feeder import BatchFeeder, Loader
from deephar.utils.io import atomic_path, plain, weights_digest, write_json
from deephar.utils.progress import progress

ABOUT = "features.json"


class CachedFeatures:
    """A `Loader` of batches of stored samples, in a new order in every pass.

    Args:
        folder: str or Path, written by `cache_features`.
        num_samples: int. So many are used, the first ones.
        batch_size: int. Samples of a batch.
        num_predictions: int. How often the label is repeated, once for each output.
        seed: int. Fixes the order, and what is mixed.
        mixup: float. Above 0 each sample is mixed with another one of the batch, features and label alike, in parts
            drawn from Beta(mixup, mixup): with few samples that are seen often it keeps the head from learning them by
            heart (Zhang et al., "mixup", ICLR 2018). 0: not mixed.

    Raises:
        ValueError: the folder holds fewer samples, or a batch is larger than all of them.
    """

    def __init__(
        self,
        folder: str | pathlib.Path,
        num_samples: int,
        batch_size: int,
        num_predictions: int = 1,
        seed: int = 0,
        mixup: float = 0.0,
    ) -> None:
        self.folder = pathlib.Path(folder)
        about = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))
        self.shapes, self.rows = [tuple(shape) for shape in about["shapes"]], about["rows"]
        self.ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes])
        stored = self.rows * len(list(self.folder.glob("*.npy")))
        if not batch_size <= num_samples <= stored:
            raise ValueError(
                f"`num_samples` must be from `batch_size` to the {stored} in {str(self.folder)!r}. "
                f"Received: num_samples={num_samples}, batch_size={batch_size}"
            )
        self.num_samples, self.batch_size, self.num_predictions = num_samples, batch_size, num_predictions
        self.seed, self.mixup, self.epoch = seed, mixup, 0

    def __len__(self) -> int:
        return self.num_samples // self.batch_size

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Return batch `index` of the pass `self.epoch` as (features, labels), two tuples of float32 arrays."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.num_samples)
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        rows = np.stack([self._row(*divmod(int(number), self.rows)) for number in chosen]).astype(np.float32)
        if self.mixup:
            rng = np.random.default_rng([self.seed, self.epoch, index])
            part = rng.beta(self.mixup, self.mixup, (len(rows), 1)).astype(np.float32)
            rows = part * rows + (1 - part) * rows[rng.permutation(len(rows))]
        *features, label = np.split(rows, self.ends, axis=1)
        features = [x.reshape(-1, *shape) for x, shape in zip(features, self.shapes, strict=True)]
        return tuple(features), (label,) * self.num_predictions

    def _row(self, file, row):
        return np.load(_file(self.folder, file), mmap_mode="r", allow_pickle=False)[row]


def _file(folder, number):
    return folder / f"{number:06d}.npy"


def cache_features(
    body: keras.Model,
    loader: Loader,
    folder: str | pathlib.Path,
    num_samples: int,
    about: Mapping[str, Any] | None = None,
    **feeding: Any,
) -> None:
    """Compute what a frozen network gives for `num_samples` samples, leaving out those that the folder holds already.

    Args:
        body: keras.Model. It runs as in prediction: batch normalisation uses its moving statistics.
        loader: `Loader` of batches (inputs, labels) that all have one size; labels after the first are not read.
        folder: str or Path. Made where needed.
        num_samples: int. Rounded up to whole batches.
        about: dict of plain values that the samples depend on, such as the data set's settings.
        feeding: more for `BatchFeeder`, such as `workers`.

    Raises:
        ValueError: the folder holds features of other weights or other samples.
        FloatingPointError: a feature is not finite or beyond float16.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    inputs, labels = loader[0]
    rows, shapes = len(labels[0]), [tuple(x.shape[1:]) for x in body.outputs]
    about = {"shapes": shapes, "rows": rows, "weights": weights_digest(body), **(about or {})}
    about = json.loads(json.dumps(about, default=plain))
    _check_about(folder / ABOUT, about)
    files = [_file(folder, number) for number in range(-(-num_samples // rows))]
    done = next((number for number, file in enumerate(files) if not file.exists()), len(files))
    if done == len(files):
        return
    with BatchFeeder(loader, shuffle=False, start=done, **feeding) as feeder:
        for file in progress(files[done:], len(files) - done, f"features of {num_samples} clips"):
            inputs, labels = next(feeder)
            with atomic_path(file) as temporary, open(temporary, "wb") as stream:
                np.save(stream, _as_rows(body, inputs, labels[0]), allow_pickle=False)


def _as_rows(body, inputs, label):
    """Features and label of a batch as one array (B, all of them) of float16."""
    inputs = inputs[0] if isinstance(inputs, (list, tuple)) and len(inputs) == 1 else inputs
    features = body.predict_on_batch(inputs)
    features = features if isinstance(features, (list, tuple)) else [features]
    rows = np.concatenate([*(np.asarray(x).reshape(len(label), -1) for x in features), label], axis=1)
    with np.errstate(over="ignore"):
        rows = rows.astype(np.float16)
    if not np.isfinite(rows).all():
        raise FloatingPointError(f"`body` must give finite features below 65504. Received: {body.name!r}, which do not")
    return rows


def _check_about(path, about):
    if not path.exists():
        write_json(path, about)
        return
    stored = json.loads(path.read_text(encoding="utf-8"))
    wrong = [name for name in {**stored, **about} if stored.get(name) != about.get(name)]
    if wrong:
        raise ValueError(
            f"`folder` must hold features of the same weights and samples. Received: {str(path.parent)!r}, "
            f"which differs in {', '.join(wrong)}: remove it, or take another one"
        )
