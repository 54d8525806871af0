"""Feeds batches to a trainer in a fixed order from threads or processes, starting at any step.

A `Loader` is anything with `len(loader)` and `loader[i] -> (x, y)`, such as a `BatchLoader` or any Keras `PyDataset`.
One pass goes through all of its batches once, in an order drawn from (seed, pass). The number of the pass is handed to
the loader as its `epoch`, from which `BatchLoader` draws order and augmentation, so step k gives the same batch however
many workers there are and whether or not the run was interrupted before it.

    step k -> pass k // len, position k % len -> permutation (seed, pass) -> loader[i] -> queue -> trainer
"""

import concurrent.futures
import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from deephar.utils.processes import follow_parent

_WORKER = {}  # the loader of a worker process


def _start_worker(loader):
    follow_parent()
    _WORKER["loader"] = loader


def _load_in_worker(epoch, index):
    loader = _WORKER["loader"]
    if hasattr(loader, "epoch"):
        loader.epoch = epoch
    return loader[index]


@contextlib.contextmanager
def light_keras() -> Iterator[None]:
    """Let worker processes, which only load data, import Keras without a big backend."""
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = "numpy"
    try:
        yield
    finally:
        os.environ.pop("KERAS_BACKEND") if before is None else os.environ.update(KERAS_BACKEND=before)


class Loader(Protocol):
    """What a trainer asks of a source of batches."""

    def __len__(self) -> int:
        """Return the number of batches of one pass."""

    def __getitem__(self, index: int) -> tuple:
        """Return batch `index` as (inputs, labels)."""


class BatchFeeder:
    """Endless iterator over the batches of a loader.

    Args:
        loader: `Loader`. The source of batches.
        shuffle: bool. Visit batches in random order; a `BatchLoader` shuffles samples itself.
        seed: int. Fixes the order of batches.
        workers: int. Threads or processes that load ahead; 0 loads when asked.
        max_queue_size: int. Batches that are loaded ahead at most.
        use_multiprocessing: bool. Processes instead of threads; the loader must be picklable.
        start: int. Step to begin with, counted over passes.
    """

    def __init__(
        self,
        loader: Loader,
        shuffle: bool = True,
        seed: int = 0,
        workers: int = 1,
        max_queue_size: int = 10,
        use_multiprocessing: bool = False,
        start: int = 0,
    ) -> None:
        if len(loader) < 1:
            raise ValueError(f"`loader` must have at least one batch. Received: {loader!r}")
        self.loader, self.shuffle, self.seed = loader, shuffle, seed
        self.workers, self.max_queue_size = workers, max(1, max_queue_size)
        self.use_multiprocessing = use_multiprocessing
        self.step = start
        self._pool = None
        self._batches = self._run()

    def __iter__(self) -> Iterator[tuple]:
        return self

    def __next__(self) -> tuple:
        return next(self._batches)

    def close(self) -> None:
        """Stop the workers."""
        self._batches.close()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> "BatchFeeder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _order(self, number):
        size = len(self.loader)
        return np.random.default_rng([self.seed, number]).permutation(size) if self.shuffle else np.arange(size)

    def _start_pool(self):
        if self._pool is None and self.use_multiprocessing:
            self._pool = concurrent.futures.ProcessPoolExecutor(
                self.workers, multiprocessing.get_context("spawn"), _start_worker, (self.loader,)
            )
        elif self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(self.workers)
        return self._pool

    def _submit(self, number, index):
        if not self.use_multiprocessing:
            return self._pool.submit(self.loader.__getitem__, index)
        with light_keras():  # processes start when work arrives
            return self._pool.submit(_load_in_worker, number, index)

    def _one_pass(self, number, first):
        """Yield the batches of one pass; nothing of the next pass is asked for before all of this one are there."""
        if hasattr(self.loader, "epoch"):
            self.loader.epoch = number
        order = [int(i) for i in self._order(number)[first:]]
        if not self.workers:
            yield from (self.loader[i] for i in order)
            return
        self._start_pool()
        waiting = []
        for index in order:
            waiting.append(self._submit(number, index))
            if len(waiting) >= self.max_queue_size:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()

    def _run(self):
        while True:
            number, first = divmod(self.step, len(self.loader))
            for batch in self._one_pass(number, first):
                self.step += 1
                yield batch
