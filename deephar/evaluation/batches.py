"""Samples of a data set as batches, read ahead while the network runs."""

import collections
import concurrent.futures
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deephar.data.samples import Dataset
from deephar.inference.engines import forward_flip
from deephar.models.signature import Signature
from deephar.utils.progress import progress as progress_bar

if TYPE_CHECKING:
    import keras

READERS = 2  # threads


def prefetched(function: Callable, items: Iterable, ahead: int = 2, threads: int = 1) -> Iterator:
    """Yield `function(item)` in order, computed up to `ahead` items early by threads while the caller works."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        waiting = collections.deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def forward_samples(
    model: "keras.Model", signature: Signature, samples: Sequence[dict], batch_size: int, flip: bool = False
) -> list[np.ndarray]:
    """Return all outputs of a network for the crops of some samples, see `deephar.inference.engines.forward_flip`."""
    frames = np.stack([sample["frame"] for sample in samples])  # (B, [T,] H, W, C)
    centers = np.stack([sample["center"] for sample in samples]) if "center" in samples[0] else None  # (B, 2)
    return forward_flip(model, signature, frames, batch_size, flip, centers)


def sample_batches(
    dataset: Dataset,
    mode: int,
    keys: Sequence[int] | None = None,
    batch_size: int = 16,
    progress: bool = True,
    label: str = "samples",
) -> Iterator[list[dict]]:
    """Yield lists of `batch_size` samples in order, the last one shorter.

    Args:
        dataset: has `get_data(key, mode)` and `get_length(mode)`.
        keys: numbers of the samples; None: all.
        progress, label: bar on stderr, which counts samples.

    Raises:
        ValueError: there are no samples.
    """
    keys = list(range(dataset.get_length(mode)) if keys is None else keys)
    if not keys:
        raise ValueError(f"`dataset` must have samples in `mode` {mode}. Received: {type(dataset).__name__}, empty")
    stream = prefetched(lambda key: dataset.get_data(key, mode), keys, ahead=2 * batch_size, threads=READERS)
    batch = []
    for sample in progress_bar(stream, len(keys), label) if progress else stream:
        batch.append(sample)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
