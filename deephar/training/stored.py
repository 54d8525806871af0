"""Samples of data sets in an accelerator's memory as uint8, renewed while they are trained on (JAX backend).

    reader --workers--> canvases, joints --> arrays on the device ------------------+
    Draws, what is drawn at random for a sample --BatchLoader--> rows of numbers ---+--> crops, labels

The rows come in the order, and from the generators, of a `BatchLoader`. A data set of more samples than are stored is
renewed: workers read others, at random, and each replaces the oldest.
"""

import collections
import concurrent.futures
import multiprocessing
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from deephar.data.loader import BatchLoader
from deephar.data.records import BYTES, RECORD, Draws, canvas_of, take_records, uncut
from deephar.data.samples import MAX_PEOPLE, Dataset
from deephar.models.signature import Signature
from deephar.training.augment import center_maps, crop_frames, crop_people, moved
from deephar.training.feeder import light_keras
from deephar.training.objectives import pose_labels
from deephar.utils.parser import TRAIN_MODE
from deephar.utils.processes import follow_parent
from deephar.utils.progress import progress

CHUNK = 32  # samples that a worker reads at once
FIRST = 1024  # samples with which the training on a renewed data set begins
_WORKER = {}  # the reader of a worker process


def require_jax(option: str) -> None:
    """Raise unless Keras runs on JAX.

    Raises:
        ValueError: another backend; names the option that needs it.
    """
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"`{option}` needs the JAX backend: set the environment's KERAS_BACKEND to jax. "
            f"Received: {keras.backend.backend()!r}"
        )


def _start_worker(reader, everybody):
    follow_parent()
    _WORKER.update(reader=reader, everybody=everybody)


def _read_in_worker(keys):
    return take_records(_WORKER["reader"], keys, _WORKER["everybody"])


class _Stored:
    """The samples of one data set on the device: `arrays`, of which the first `filled` rows hold some."""

    def __init__(self, dataset, canvas, limit, everybody, workers, rng):
        self.dataset, self.canvas, self.everybody = dataset, canvas, everybody
        self.length, self.rng, self.workers = dataset.get_length(TRAIN_MODE), rng, workers
        self.is_renewed = self.length > limit
        self.number = max(CHUNK, limit // CHUNK * CHUNK) if self.is_renewed else self.length  # of whole chunks
        people = (MAX_PEOPLE if everybody else 1, *dataset.get_shape("pose"))
        self.shapes = {"pixels": ((canvas.side**2,), "uint32"), "people": (people, "float32")}
        self.shapes["frame_px"] = ((), "float32")
        self.count, self._pool, self._waiting = 0, None, collections.deque()

    @property
    def filled(self):
        return min(self.count, self.number)

    @property
    def num_bytes(self):
        return self.number * sum(BYTES * int(np.prod(shape)) for shape, _ in self.shapes.values())

    def fill(self, put):
        """Read all samples, or as many as the training begins with."""
        import jax.numpy as jnp

        self.arrays = {name: jnp.zeros((self.number, *shape), kind) for name, (shape, kind) in self.shapes.items()}
        first = min(self.number, FIRST) if self.is_renewed and self.workers else self.number
        keys = self._random_keys(first) if self.is_renewed else np.arange(first)
        chunks = [keys[k : k + CHUNK] for k in range(0, first, CHUNK)]
        name, asked = type(self.dataset).__name__, iter(chunks)
        self._start()
        for _ in progress(range(len(chunks)), len(chunks), f"{name}, {CHUNK} samples at a time"):
            while len(self._waiting) < 2 * self.workers and (chunk := next(asked, None)) is not None:
                self._ask(chunk)
            self._put(put, self._waiting.popleft().result() if self._pool else self._read(next(asked)))
        if self.is_renewed and self._pool:
            for _ in range(2 * self.workers):
                self._ask(self._random_keys(CHUNK))
        else:
            self.close()

    def renew(self, put):
        """Replace the oldest samples by those that workers have read meanwhile."""
        while self._waiting and self._waiting[0].done():
            self._put(put, self._waiting.popleft().result())
            self._ask(self._random_keys(CHUNK))

    def close(self):
        """Stop the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool, self._waiting = None, collections.deque()

    def _random_keys(self, number):
        return self.rng.integers(self.length, size=number)

    def _read(self, keys):
        return take_records(uncut(self.dataset, self.canvas), keys, self.everybody)

    def _start(self):
        if self.workers:
            given = uncut(self.dataset, self.canvas), self.everybody
            spawn = multiprocessing.get_context("spawn")
            self._pool = concurrent.futures.ProcessPoolExecutor(self.workers, spawn, _start_worker, given)

    def _ask(self, keys):
        with light_keras():  # processes start when work arrives
            self._waiting.append(self._pool.submit(_read_in_worker, keys))

    def _put(self, put, records):
        records = {name: np.asarray(records[name], kind) for name, (_, kind) in self.shapes.items()}
        self.arrays = put(self.arrays, records, np.int32(self.count % self.number))
        self.count += len(records["frame_px"])


class StoredSamples:
    """Training samples of data sets of poses, in an accelerator's memory as uint8; a context manager.

    Args:
        datasets: list of `Dataset` of single images.
        sizes: list of int. Samples of a batch from each.
        signature: `Signature` of the network that is trained on them.
        limit: int. Most samples of a data set that are stored; a larger one is renewed all the time.
        canvas_side: int or None. Of the stored images, px, see `deephar.data.records.canvas_of`.
        workers: int. Processes that read; with 0 samples are read once, here, and none is renewed.
        seed: int. Fixes the order and what is drawn.
        first_epoch: int. Epochs that are done, so that a renewed data set begins with other samples.

    Attributes:
        loader: `BatchLoader` of rows of `Draws`, for `train_stage`.
        num_bytes: int. What they take on the device.

    Raises:
        ValueError: the backend is not JAX, or a data set cannot be stored, see `uncut` and `canvas_of`.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        sizes: Sequence[int],
        signature: Signature,
        limit: int = 32768,
        canvas_side: int | None = None,
        workers: int = 2,
        seed: int = 0,
        first_epoch: int = 0,
    ) -> None:
        require_jax("on_device")
        self.sizes, self.specs = list(sizes), signature.inputs
        self.labels, self.counts = pose_labels(signature)
        canvases = [canvas_of(dataset.dataconf, canvas_side) for dataset in datasets]
        rngs = np.random.default_rng([seed, first_epoch]).spawn(len(datasets))
        everybody = "people" in self.labels
        pairs = zip(datasets, canvases, rngs, strict=True)
        self._stored = [_Stored(data, canvas, limit, everybody, workers, rng) for data, canvas, rng in pairs]
        draws = [Draws(k.dataset, k.canvas, k.number) for k in self._stored]
        self.loader = BatchLoader(draws, ["drawn"], [], TRAIN_MODE, self.sizes, seed=seed)
        self.num_bytes = sum(k.num_bytes for k in self._stored)

    def __str__(self) -> str:
        parts = [
            f"{k.number:,} samples of {type(k.dataset).__name__}{' (renewed)' * k.is_renewed} of {k.canvas.side} px"
            for k in self._stored
        ]
        return f"{', '.join(parts)}: {self.num_bytes / 1e6:,.1f} MB of the device's memory"

    def __enter__(self) -> "StoredSamples":
        import jax

        def put(arrays, records, start):
            update = jax.lax.dynamic_update_slice_in_dim
            return {name: update(arrays[name], records[name], start, axis=0) for name in arrays}

        self._put = jax.jit(put, donate_argnums=0)
        try:
            for stored in self._stored:
                stored.fill(self._put)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers."""
        for stored in self._stored:
            stored.close()

    def renew(self) -> None:
        """Take what workers have read, without waiting for them."""
        for stored in self._stored:
            stored.renew(self._put)

    @property
    def label_shapes(self) -> list[tuple[int, ...]]:
        """Shape of one sample's label for each output that has one."""
        pose = self._stored[0].shapes["people"][0]
        shapes = {"people": pose, "pose": pose[1:]}
        return [shapes[name] for name, count in zip(self.labels, self.counts, strict=True) for _ in range(count)]

    @property
    def arrays(self) -> list[tuple[dict, np.int32]]:
        """For each data set {name: array} on the device, and how many rows are filled."""
        return [(stored.arrays, np.int32(stored.filled)) for stored in self._stored]

    def batch(self, arrays: list, drawn: Any) -> tuple[list, list]:
        """Return a batch as (inputs, labels), computed where the arrays are.

        Args:
            arrays: `self.arrays`.
            drawn: (B, 24) float32. A batch of the loader.
        """
        ops, parts, done = keras.ops, [], 0
        for (rows, filled), stored, size in zip(arrays, self._stored, self.sizes, strict=True):
            own = drawn[done : done + size]
            parts.append(self._crops(rows, ops.cast(own[:, RECORD], "int32") % filled, own, stored))
            done += size
        together = {name: ops.concatenate([part[name] for part in parts], axis=0) for name in parts[0]}
        inputs = [together[spec.name] for spec in self.specs]
        pairs = zip(self.labels, self.counts, strict=True)
        return inputs, [together[f"label {name}"] for name, count in pairs for _ in range(count)]

    def _crops(self, rows, at, drawn, stored):
        """Inputs and labels of the samples of one data set in a batch."""
        conf, side = stored.dataset.dataconf, stored.canvas.side
        resolution = conf.crop_resolution[0]
        drawn = moved(drawn, rows["frame_px"][at])
        frames = crop_frames(rows["pixels"][at], drawn, resolution, conf.value_range, conf.pad_color)
        found = {self.specs[0].name: frames}
        for spec in self.specs[1:]:
            found[spec.name] = center_maps(drawn, side, resolution, spec.sigma_px)
        people = crop_people(rows["people"][at], drawn, side, stored.dataset.poselayout.map_hflip)
        return {**found, "label people": people, "label pose": people[:, 0]}
