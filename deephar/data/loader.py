"""BatchLoader: batches from one data set or a mixture, the same for any number of workers.

Every sample draws its random numbers from a generator of its own, seeded by (seed, epoch, data set, position), and
every round through a data set follows a permutation seeded alike. No state moves between batches, so it does not matter
which thread or process computes a batch, nor in which order; and a run that is resumed at epoch E sets
`loader.epoch = E`. (Keras' `fit` calls `on_epoch_end` once more than there are epochs when it builds a model; a trainer
that must resume exactly sets `loader.epoch` at the beginning of each epoch.)

    epoch ----> round r of data set d: permutation (seed, epoch, d, r) ----> key
           `--> sample at position p:  generator   (seed, epoch, d, p) ----> augmentation
"""

import inspect
import numbers
from collections.abc import Sequence

import numpy as np
from keras.utils import PyDataset

from deephar.data.samples import Dataset

KEEP_ORDERS = 64  # permutations kept; more only costs drawing them again
ORDER, SAMPLE, NESTED = 0, 1, 2  # what a stream of random numbers is for


class BatchLoader(PyDataset):
    """Batches of a data set, or of several mixed in fixed proportions.

    A `BatchLoader` is itself a data set whose samples are its batches, so loaders nest: one that loads 8 images a
    batch makes clips of 8 for another. A nested loader follows the seed and the epoch of the outer one.

    An epoch ends when the longest data set has been seen once; shorter ones start over, in a new order. All batches are
    full: the last one of an epoch is filled from the start of the data set (or of the next round).

    Args:
        dataset: `Dataset` or list of `Dataset`. Object with `get_data(key, mode)`, `get_length(mode)` and
            `get_shape(dictkey)`, or a list of them. If its `get_data` takes `rng`, it receives the sample's
            `numpy.random.Generator`.
        x_dictkeys: list of str. Keys of the inputs.
        y_dictkeys: list of str. Keys of the labels; every data set must provide them in the same shape.
        mode: int. TEST_MODE, TRAIN_MODE or VALID_MODE.
        batch_size: int or list of int. Samples from each data set; a list gives one number a data set.
        num_predictions: int or list of int. How often each label is repeated, once for each prediction of the model; a
            list gives one number a label, dummies included. Labels come key by key: `pose, pose, act, act`.
        shuffle: bool. Visit samples in random order.
        custom_dummy_dictkey: list of (str, shape of a whole batch, float). Constant labels after the others.
        seed: int or None. Fixes order and augmentation; None draws one, which `loader.seed` then shows.
        workers, use_multiprocessing, max_queue_size: as in `keras.utils.PyDataset`.

    A batch is a pair of tuples, `(frame,), (pose, pose, act, act)`. A Keras model takes it without a warning if its
    inputs are a list, `keras.Model([x], ...)`, as those of the networks here are, `keras.Model(model.input, ...)`.

    Example: images of 4 x 4 px with two labels, for a network of two blocks that predict both::

        import numpy as np
        from deephar.data import BatchLoader
        from deephar.utils import TRAIN_MODE

        class Images:
            shapes = {"frame": (4, 4, 3), "pose": (16, 3), "act": (15,)}

            def get_length(self, mode):
                return 100

            def get_shape(self, dictkey):
                return self.shapes[dictkey]

            def get_data(self, key, mode, rng):
                return {name: rng.uniform(size=shape) for name, shape in self.shapes.items()}

        loader = BatchLoader(Images(), ["frame"], ["pose", "act"], TRAIN_MODE, batch_size=8, num_predictions=2, seed=0)
        (frames,), labels = loader[0]
        print(len(loader), frames.shape, [label.shape for label in labels])
        # 13 (8, 4, 4, 3) [(8, 16, 3), (8, 16, 3), (8, 15), (8, 15)]

    Raises:
        ValueError: data sets disagree in a shape, are empty, or an argument is out of range.
    """

    def __init__(
        self,
        dataset: Dataset | Sequence[Dataset],
        x_dictkeys: Sequence[str],
        y_dictkeys: Sequence[str],
        mode: int,
        batch_size: int | Sequence[int] = 24,
        num_predictions: int | Sequence[int] = 1,
        shuffle: bool = True,
        custom_dummy_dictkey: Sequence[tuple[str, Sequence[int], float]] = (),
        seed: int | None = None,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ) -> None:
        super().__init__(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=max_queue_size)
        self.datasets = list(dataset) if isinstance(dataset, (list, tuple)) else [dataset]
        self.x_dictkeys = list(x_dictkeys)
        self.allkeys = self.x_dictkeys + list(y_dictkeys)
        self.custom_dummy_dictkey = [(key, tuple(shape), value) for key, shape, value in custom_dummy_dictkey]
        self.y_dictkeys = list(y_dictkeys) + [key for key, _, _ in self.custom_dummy_dictkey]
        sizes = batch_size if isinstance(batch_size, (list, tuple)) else [batch_size] * len(self.datasets)
        self.batch_sizes = [int(size) for size in sizes]
        self.mode = mode
        several = isinstance(num_predictions, (list, tuple))
        self.num_predictions = list(num_predictions) if several else [num_predictions] * len(self.y_dictkeys)
        self.shuffle = shuffle
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
        self.epoch = 0
        self._check()
        self._lengths = [data.get_length(mode) for data in self.datasets]
        self._takes_rng = [_accepts_rng(data.get_data) for data in self.datasets]
        self._orders = {}
        self._check_lengths()

    def _check(self):
        if not self.datasets or len(self.datasets) != len(self.batch_sizes):
            raise ValueError(
                "`dataset` and `batch_size` must have the same length, at least 1. "
                f"Received: {len(self.datasets)} data sets and batch_size={self.batch_sizes}"
            )
        if min(self.batch_sizes) < 1 or self.seed < 0:
            raise ValueError(
                "`batch_size` must be at least 1, `seed` at least 0. Received: "
                f"batch_size={self.batch_sizes}, seed={self.seed}"
            )
        counts = self.num_predictions
        whole = all(isinstance(n, numbers.Integral) and not isinstance(n, bool) and n >= 1 for n in counts)
        if len(counts) != len(self.y_dictkeys) or not whole:
            raise ValueError(
                "`num_predictions` must be an integer of at least 1, or a list of them, one for each of the "
                f"{len(self.y_dictkeys)} labels {self.y_dictkeys}. Received: {counts}"
            )
        for key, _, _ in self.custom_dummy_dictkey:
            if key in self.allkeys:
                raise ValueError(f"`custom_dummy_dictkey` repeats a key of the data set. Received: {key!r}")
        for key in self.allkeys:
            shapes = [tuple(data.get_shape(key)) for data in self.datasets]
            if len(set(shapes)) > 1:
                raise ValueError(f"All data sets must give {key!r} in one shape. Received: {shapes}")

    def _check_lengths(self):
        for index, length in enumerate(self._lengths):
            if length < 1:
                name = type(self.datasets[index]).__name__
                raise ValueError(f"`dataset` {index} ({name}) has no samples in `mode` {self.mode}. Received: {length}")

    def __len__(self) -> int:
        return max(-(-length // size) for length, size in zip(self._lengths, self.batch_sizes, strict=True))

    def __getitem__(self, idx: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Return batch `idx` as (inputs, labels), two tuples of float32 arrays; each label is repeated in a block.

        They are tuples because `tf.data`, through which Keras' `fit` reads, does not know lists.
        """
        if not 0 <= idx < len(self):
            raise IndexError(f"`idx` must be in [0, {len(self) - 1}]. Received: {idx}")
        data = self.get_data(idx, self.mode)
        inputs = tuple(data[key] for key in self.x_dictkeys)
        counts = zip(self.y_dictkeys, self.num_predictions, strict=True)
        labels = tuple(data[key] for key, count in counts for _ in range(count))
        return inputs, labels

    def on_epoch_end(self) -> None:
        """Go on to the next epoch: new order, new augmentation."""
        self.epoch += 1

    def get_batch_size(self) -> int:
        """Return the number of samples in a batch over all data sets."""
        return sum(self.batch_sizes)

    def get_length(self, mode: int) -> int:
        """Return the number of batches; `mode` must be the loader's own."""
        self._check_mode(mode)
        return len(self)

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of `dictkey` in a batch, the batch axis included."""
        for key, shape, _ in self.custom_dummy_dictkey:
            if key == dictkey:
                return shape
        return (self.get_batch_size(), *self.datasets[0].get_shape(dictkey))

    def get_data(self, idx: int, mode: int) -> dict[str, np.ndarray]:
        """Return batch `idx` as a dict from key to float32 array."""
        self._check_mode(mode)
        return self._batch(idx, (self.seed, self.epoch))

    def _check_mode(self, mode):
        if mode != self.mode:
            raise ValueError(f"`mode` must be the loader's own, {self.mode}. Received: {mode}")

    def _batch(self, idx, stream):
        """Fill batch `idx`; `stream` is the tuple of integers that all its random numbers derive from."""
        batch = {key: np.empty(self.get_shape(key), dtype=np.float32) for key in self.allkeys}
        row = 0
        for which, size in enumerate(self.batch_sizes):
            for position in range(idx * size, (idx + 1) * size):
                sample = self._sample(which, position, (*stream, which))
                for key in self.allkeys:
                    batch[key][row] = sample[key]
                row += 1
        for key, shape, value in self.custom_dummy_dictkey:
            batch[key] = np.full(shape, value, dtype=np.float32)
        return batch

    def _sample(self, which, position, stream):
        data = self.datasets[which]
        turn, offset = divmod(position, self._lengths[which])
        key = int(self._order(which, (*stream, ORDER, turn))[offset]) if self.shuffle else offset
        if isinstance(data, BatchLoader):
            return data._batch(key, (*stream, NESTED, turn))
        if self._takes_rng[which]:
            return data.get_data(key, self.mode, rng=np.random.default_rng((*stream, SAMPLE, position)))
        return data.get_data(key, self.mode)

    def _order(self, which, stream):
        """Return the permutation that belongs to `stream`, drawing it the first time."""
        order = self._orders.get(stream)
        if order is None:
            order = np.random.default_rng(stream).permutation(self._lengths[which])
            if len(self._orders) >= KEEP_ORDERS:
                self._orders = {}
            self._orders[stream] = order
        return order

    @property
    def num_datasets(self) -> int:
        """Number of data sets mixed."""
        return len(self.datasets)


def _accepts_rng(function):
    """Tell whether a data set's `get_data` takes the keyword `rng`."""
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "rng" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
