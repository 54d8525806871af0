"""Training: one model or several that share layers, in turn, with a stop as soon as a number is not finite.

    feeder 0 -> batch -> model 0 (poses)   \\
                                            > shared layers, one step; next step
    feeder 1 -> batch -> model 1 (actions) /

Source: TPAMI 2020, section 4.2.3: "alternating one batch containing pose estimation samples only and another batch
containing action samples only". `train_stage` of `deephar.training.stages` runs one stage in a
run folder with this.
"""

import collections
import itertools
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from deephar.models.signature import signature_of
from deephar.training.callbacks import SaveModel
from deephar.training.feeder import BatchFeeder, Loader
from deephar.training.packing import PackedLoader, packed_ranges, unpack
from deephar.training.steps import start_step
from deephar.utils.io import warning
from deephar.utils.progress import progress

STEPS_AHEAD = 2  # so many steps may be under way before the loss of the one before them is read
WAIT_LIMIT, WAIT_LIMIT_S = 0.05, 10.0  # share of an epoch and seconds, above both of which its wait is worth a warning
ADVICE = "Saved weights are untouched: lower the learning rate, set `clipnorm`, or train in float32"


class NonFiniteError(FloatingPointError):
    """Training ran into a loss or a weight that is not a finite number."""


def use_all_devices() -> int:
    """Split every batch over all devices of this machine; call it before a network is built.

    Keras' own `keras.distribution.DataParallel`: weights are copied, statistics of batch normalisation are those of the
    whole batch, so the result is that of one device up to rounding.

    Returns:
        The number of devices.

    Raises:
        ValueError: the backend is not JAX, the one for which Keras distributes.
    """
    if keras.backend.backend() != "jax":
        raise ValueError(
            "training on all devices needs the JAX backend: set the environment's KERAS_BACKEND to 'jax'. "
            f"Received: {keras.backend.backend()!r}"
        )
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return len(devices)


def first_nonfinite_weight(model: keras.Model) -> str | None:
    """Return the path of the first weight that holds a value that is not finite, or None."""
    variables = [v for v in model.variables if "float" in v.dtype]
    totals = [keras.ops.cast(keras.ops.sum(keras.ops.abs(v)), "float32") for v in variables]
    finite = np.isfinite(keras.ops.convert_to_numpy(keras.ops.stack(totals))) if totals else np.ones(0, bool)
    return next((v.path for v, good in zip(variables, finite, strict=True) if not good), None)


def check_finite(model: keras.Model, logs: dict[str, Any], where: str) -> None:
    """Stop where a loss is not finite, naming the loss and the first weight that is spoilt.

    The total, in which every loss is, is read alone: what is read, the device has to be waited for.
    """
    if np.isfinite(float(logs["loss"])):
        return
    bad, value = next((k, float(v)) for k, v in logs.items() if not np.isfinite(float(v)))
    raise NonFiniteError(
        f"{where}: `{bad}` of {model.name!r} is {value}; first weight that is not finite: "
        f"{first_nonfinite_weight(model) or 'none yet'}. {ADVICE}"
    )


def unwrap(value: Any) -> Any:
    """Return the one element of a list, or the list."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def epoch_label(epoch: int, epochs: int | None) -> str:
    """Return "epoch 1/40" for epoch 0 of 40, "epoch 1" where their number is not known."""
    return f"epoch {epoch + 1}" + (f"/{epochs}" if epochs else "")


class MultiModelTrainer:
    """Trains several models that share layers, one batch of each in turn.

    Args:
        models: list of compiled keras.Model.
        generators: list of `Loader`. One loader for each, see `BatchFeeder`.
        workers: int or list of int. Threads that load ahead; a list gives one number a loader.
        shuffle: bool. Visit batches in random order.
        max_queue_size: int. Batches loaded ahead.
        print_full_losses: bool. Log the loss of every output, not only each model's total.
        seed: int. Fixes the order of batches.
        use_multiprocessing: bool. Load in processes instead of threads.
        uint8: bool. Batches of RGB images travel as uint8, see `deephar.training.packing`.

    Attributes:
        before_step: function (step: int, from 0) or None. Called before every step; an epoch ends early where it
            returns False.
        logs: dict of str to float. Mean losses of the last epoch.
        wait_share: float. Share of the last epoch's time in which the next batch was not there yet.

    Raises:
        ValueError: models and generators differ in number.
    """

    def __init__(
        self,
        models: Sequence[keras.Model],
        generators: Sequence[Loader],
        workers: int | Sequence[int] = 1,
        shuffle: bool = True,
        max_queue_size: int = 10,
        print_full_losses: bool = False,
        seed: int = 0,
        use_multiprocessing: bool = False,
        uint8: bool = False,
    ) -> None:
        if len(models) != len(generators) or not models:
            raise ValueError(
                f"`models` and `generators` must be lists of one length. Received: {len(models)} and {len(generators)}"
            )
        self.models, self.generators = list(models), list(generators)
        self._ranges = [packed_ranges(signature_of(model)) if uint8 else None for model in self.models]
        if uint8:
            self.generators = [PackedLoader(*k) for k in zip(self.generators, self._ranges, strict=True)]
        self.workers = list(workers) if isinstance(workers, (list, tuple)) else [workers] * len(models)
        self.print_full_losses = print_full_losses
        self.logs, self.wait_share = {}, 0.0
        self.before_step = None
        self._warned = False
        self._options = dict(
            shuffle=shuffle, max_queue_size=max_queue_size, seed=seed, use_multiprocessing=use_multiprocessing
        )

    def train(
        self,
        epochs: int | None,
        steps_per_epoch: int,
        initial_epoch: int = 0,
        end_of_epoch_callback: Callable[[int], bool | None] | None = None,
        verbose: int = 1,
    ) -> list[dict[str, float]]:
        """Train up to epoch `epochs`.

        Args:
            epochs: int or None. Number of the last epoch, counted from 1; not how many follow. None: until the callback
                returns False.
            steps_per_epoch: int. Steps of an epoch; in a step every model sees one batch.
            initial_epoch: int. Epochs that are done; the loaders go on where those would have left them.
            end_of_epoch_callback: called with the number of the epoch just finished, from 0. Training stops where it
                returns False. The epoch's mean losses are in `self.logs`.
            verbose: int. 0 shows nothing, 1 a progress bar.

        Returns:
            list of the logs of each epoch.

        Raises:
            NonFiniteError: a loss or a weight is not finite. The callback was not called for that epoch.
        """
        start, history = initial_epoch * steps_per_epoch, []
        feeders = [
            BatchFeeder(g, workers=w, start=start, **self._options)
            for g, w in zip(self.generators, self.workers, strict=True)
        ]
        try:
            for epoch in itertools.count(initial_epoch) if epochs is None else range(initial_epoch, epochs):
                self._epoch(epoch, epochs, steps_per_epoch, feeders, verbose)
                history.append(self.logs)
                if end_of_epoch_callback is not None and end_of_epoch_callback(epoch) is False:
                    break
        finally:
            for feeder in feeders:
                feeder.close()
        return history

    def _epoch(self, epoch, epochs, steps, feeders, verbose):
        for model in self.models:
            model.reset_metrics()
        start, self._waited_s = time.perf_counter(), 0.0
        numbers, under_way = range(steps), collections.deque()
        for step in progress(numbers, steps, epoch_label(epoch, epochs)) if verbose else numbers:
            if self.before_step is not None and self.before_step(epoch * steps + step) is False:
                break
            under_way.append((f"epoch {epoch + 1}, step {step + 1}", self._start(feeders)))
            if len(under_way) > STEPS_AHEAD:
                self._finish(*under_way.popleft())
        last = under_way[-1][1] if under_way else []
        for where, started in under_way:
            self._finish(where, started)
        self._set_logs(last)
        for model in self.models:
            bad = first_nonfinite_weight(model)
            if bad is not None:
                raise NonFiniteError(f"epoch {epoch + 1}: weight {bad} of {model.name!r} is not finite at its end")
        self._judge_wait(time.perf_counter() - start)

    def _start(self, feeders):
        """Start one step of every model and return their losses, which are not waited for."""
        started = []
        for model, feeder, ranges in zip(self.models, feeders, self._ranges, strict=True):
            start = time.perf_counter()
            x, y = next(feeder)
            if model.train_function is not None:  # a first step waits for workers that have just begun
                self._waited_s += time.perf_counter() - start
            started.append(start_step(model, unwrap(unpack(x, ranges)), unwrap(y)))
        return started

    def _finish(self, where, started):
        for model, logs in zip(self.models, started, strict=True):
            check_finite(model, logs, where)

    def _set_logs(self, started):
        """Keep the losses of an epoch's last step, which are the means over the epoch."""
        self.logs = {}
        for number, logs in enumerate(started):
            logs = {k: float(v) for k, v in logs.items()}
            self.logs[f"loss{number}"] = logs.pop("loss")
            if self.print_full_losses:
                self.logs.update({f"{k}_{number}" if k in self.logs else k: v for k, v in logs.items()})

    def _judge_wait(self, seconds):
        self.wait_share = self._waited_s / seconds
        if self.wait_share > WAIT_LIMIT and self._waited_s > WAIT_LIMIT_S and not self._warned:
            self._warned = True
            warning(
                f"{100 * self.wait_share:.0f} % of the epoch went by waiting for batches: more `workers` "
                f"(`--workers`; now {', '.join(map(str, self.workers))}) load them sooner"
            )


class TrainerOnGenerator:
    """Trains one model with `fit`, lowering the rate and going back to the best weights when validation stands still.

    Args:
        model: keras.Model. The model to save; compiled, unless `gpu_model` is.
        gen_tr: `PyDataset` of batches; `workers` above 1 replaces its own number.
        gpu_model: keras.Model or None. Model to train in its place, on the same weights.
        steps_per_epoch: None: all batches.
        initial_lr, lr_factor, lr_patience, minimum_lr: float, float, int and float. First rate; factor after
            `lr_patience` epochs without a new best; training stops below the minimum.
        validation_callbacks: Callback, list of Callback or None. One or several with an attribute `best_epoch`, counted
            from 1; the last one rules the rate and which weights are best.
        custom_lr_scheduler: function (epoch, rate) -> rate used instead.
        save_tensor_board: bool. Write TensorBoard scores to `logdir`.
        weights_fname: str. File in `logdir` of the best weights, written when their epoch ends; without
            `validation_callbacks` of the last ones.
        logdir: str, Path or None. Folder, or None to save nothing.
    """

    def __init__(
        self,
        model: keras.Model,
        gen_tr: keras.utils.PyDataset,
        gpu_model: keras.Model | None = None,
        steps_per_epoch: int | None = None,
        initial_lr: float = 1e-3,
        lr_factor: float = 0.1,
        lr_patience: int = 10,
        minimum_lr: float = 1e-7,
        epochs: int = 1,
        verbose: int = 1,
        workers: int = 1,
        shuffle: bool = True,
        initial_epoch: int = 0,
        validation_callbacks: keras.callbacks.Callback | Sequence[keras.callbacks.Callback] | None = None,
        custom_lr_scheduler: Callable[[int, float], float] | None = None,
        save_tensor_board: bool = False,
        weights_fname: str = "weights.weights.h5",
        logdir: str | pathlib.Path | None = None,
    ) -> None:
        self.model, self.gpu_model, self.gen_tr = model, gpu_model or model, gen_tr
        self.steps_per_epoch, self.epochs, self.initial_epoch = steps_per_epoch, epochs, initial_epoch
        self.initial_lr, self.lr_factor, self.minimum_lr = initial_lr, lr_factor, minimum_lr
        self.lr_patience, self.lr_wait = lr_patience, 0
        self.verbose, self.shuffle, self.logdir = verbose, shuffle, logdir
        name = SaveModel.accepted_name(weights_fname, model)
        self.weights_path = None if logdir is None else os.path.join(logdir, name)
        several = isinstance(validation_callbacks, (list, tuple))
        self.val_cb = list(validation_callbacks) if several else [validation_callbacks] if validation_callbacks else []
        self.callbacks = list(self.val_cb)
        if self.weights_path is not None:
            best = {"save_best_only": True, "callback_to_monitor": self.val_cb[-1]} if self.val_cb else {}
            self.callbacks.append(SaveModel(self.weights_path, model, verbose=0, **best))
        if custom_lr_scheduler is not None:
            self.callbacks.append(keras.callbacks.LearningRateScheduler(custom_lr_scheduler))
        elif self.val_cb:
            self.callbacks.append(keras.callbacks.LearningRateScheduler(self.learningrate_scheduler))
        if logdir is not None and save_tensor_board:
            self.callbacks.append(keras.callbacks.TensorBoard(log_dir=logdir))
        if workers > 1 and isinstance(gen_tr, keras.utils.PyDataset):
            gen_tr.workers = workers

    def learningrate_scheduler(self, epoch: int, lr: float) -> float:
        """Return the rate of the epoch that begins; `best_epoch` counts from 1: it may be the epoch just finished."""
        best_epoch = self.val_cb[-1].best_epoch
        if epoch == self.initial_epoch:
            return self.initial_lr
        if best_epoch == epoch:
            self.lr_wait = 0
            return lr
        self.lr_wait += 1
        if self.lr_wait < self.lr_patience:
            return lr
        self.lr_wait, lr = 0, lr * self.lr_factor
        if self.weights_path and os.path.isfile(self.weights_path):
            self.model.load_weights(self.weights_path)
        if lr < self.minimum_lr:
            self.gpu_model.stop_training = True
        return lr

    def train(self) -> keras.callbacks.History:
        """Train and return the history of Keras."""
        return self.gpu_model.fit(
            self.gen_tr,
            steps_per_epoch=self.steps_per_epoch,
            epochs=self.epochs,
            initial_epoch=self.initial_epoch,
            verbose=self.verbose,
            shuffle=self.shuffle,
            callbacks=self.callbacks + [keras.callbacks.TerminateOnNaN()],
        )
