"""Training with the samples on an accelerator: crops are made there, and many steps are one call (JAX backend).

    StoredSamples: canvases, joints ---+
    rows of its loader --BatchFeeder --+--> crops, labels --> train_step --> state     `steps_per_call` times in a call

The step is Keras' own `train_step` of the compiled model, so objectives, optimizer and logs are those of every other
training, and a run is resumed where it was. Only what workers have renewed by when depends on the clock.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from deephar.data.loader import BatchLoader
from deephar.training.stored import StoredSamples
from deephar.training.trainer import (
    MultiModelTrainer,
    NonFiniteError,
    check_finite,
    epoch_label,
    first_nonfinite_weight,
    unwrap,
)
from deephar.utils.io import printnl
from deephar.utils.progress import progress


class OnDeviceTrainer(MultiModelTrainer):
    """Trains one model on `StoredSamples`; as `MultiModelTrainer` in all else.

    Args:
        models: list of one compiled keras.Model.
        generators: list of one `Loader`, that of `samples`.
        samples: `StoredSamples`.
        steps_per_call: int. Steps that are one call of the accelerator.
        in_loop: bool or None. Whether the steps of a call are a loop within one program; None: except on a CPU, where
            XLA is several times slower at convolutions within a loop.
        options: of `MultiModelTrainer`.

    Attributes:
        logs: also `samples_per_s`, the epoch's, compiling not counted.

    Raises:
        ValueError: several models, or fewer than one step.
    """

    def __init__(
        self,
        models: Sequence[keras.Model],
        generators: Sequence[BatchLoader],
        samples: StoredSamples,
        steps_per_call: int = 10,
        in_loop: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(models, generators, **{**options, "uint8": False})  # what travels here is no image
        if len(self.models) != 1 or steps_per_call < 1:
            raise ValueError(
                "`models` must be one model, `steps_per_call` at least 1. "
                f"Received: {len(self.models)}, steps_per_call={steps_per_call}"
            )
        self.samples, self.steps_per_call = samples, int(steps_per_call)
        self.in_loop = _device_kind() != "cpu" if in_loop is None else in_loop
        self._program, self.wait_share = None, 0.0

    def _epoch(self, epoch, epochs, steps, feeders, verbose):
        (model,), (feeder,), number = self.models, feeders, self.steps_per_call
        if steps % number:
            raise ValueError(f"`steps_per_epoch` must be whole calls of {number} steps. Received: {steps}")
        build_losses(model, self.samples)
        model.reset_metrics()
        state, logs, waited_s, done, begin = state_of(model), None, 0.0, 0, None
        calls = self._calls(model, epoch * steps, steps)
        for rates in progress(calls, steps // number, epoch_label(epoch, epochs)) if verbose else calls:
            asked = time.perf_counter()
            drawn = np.stack([next(feeder)[0][0] for _ in rates])  # (K, B, 24)
            waited_s += time.perf_counter() - asked if begin else 0.0
            self.samples.renew()
            given = state, self.samples.arrays, drawn, np.float32(rates)
            self._program = self._program or _compile(model, self.samples, given, self.in_loop)
            begin, before = begin or time.perf_counter(), logs
            state, logs = self._program(*given)
            done += number
            if before is not None:  # of the call before; this one goes on meanwhile
                self._check(model, state, before, f"epoch {epoch + 1}, up to step {done - number}")
        self._check(model, state, logs, f"epoch {epoch + 1}, up to step {done}")
        seconds = time.perf_counter() - begin
        put_state(model, state)
        bad = first_nonfinite_weight(model)
        if bad is not None:
            raise NonFiniteError(f"epoch {epoch + 1}: weight {bad} of {model.name!r} is not finite at its end")
        losses = {name: float(value) for name, value in logs.items()}
        self.logs = {"loss0": losses.pop("loss"), **(losses if self.print_full_losses else {})}
        self.logs["samples_per_s"] = round(done * sum(self.samples.sizes) / seconds, 1)
        self.wait_share = waited_s / seconds

    def _calls(self, model, first, steps) -> Iterator[list[float]]:
        """Yield the learning rates of each call, from step `first` on, until `before_step` says that time is over."""
        for begin in range(first, first + steps, self.steps_per_call):
            rates, over = [], False
            for step in range(begin, begin + self.steps_per_call):
                over |= self.before_step is not None and self.before_step(step) is False
                rates.append(float(model.optimizer.learning_rate))
            if over and begin > first:
                return
            yield rates

    def _check(self, model, state, logs, where):
        logs = {name: float(value) for name, value in logs.items()}
        if not np.isfinite(list(logs.values())).all():
            put_state(model, state)
            check_finite(model, logs, where)


def _device_kind():
    import jax

    return jax.default_backend()


def build_losses(model: keras.Model, samples: StoredSamples) -> None:
    """Let a compiled model make what it counts its losses in, which a step on the device cannot do."""
    outputs = [np.full((1, *output.shape[1:]), 0.5, np.float32) for output in model.outputs]
    labels = [np.full((1, *shape), 0.5, np.float32) for shape in samples.label_shapes]
    model.compute_loss(None, unwrap(labels), unwrap(outputs))


def state_of(model: keras.Model) -> tuple[list, list, list, list]:
    """Return copies of what a training step changes: weights, other variables, those of optimizer and metrics."""
    import jax.numpy as jnp

    return tuple([jnp.array(v.value, copy=True) for v in group] for group in _groups(model))


def put_state(model: keras.Model, state: tuple[list, list, list, list]) -> None:
    """Give a model what `state_of` took, or a step has made of it."""
    for group, values in zip(_groups(model), state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)


def _groups(model):
    own = model.trainable_variables, model.non_trainable_variables
    return [*own, model.optimizer.variables, model.metrics_variables]


def _compile(model, samples, given, in_loop):
    """Compile a call, a function (state, arrays, drawn, rates) -> (state, logs), for arguments like those given."""
    import jax

    rate_place = next(k for k, v in enumerate(model.optimizer.variables) if v is model.optimizer.learning_rate)

    def step(state, arrays, drawn, rate):
        trainable, others, optimizer, metrics = state
        optimizer = [rate if k == rate_place else value for k, value in enumerate(optimizer)]
        inputs, labels = samples.batch(arrays, drawn)
        logs, state = model.train_step((trainable, others, optimizer, metrics), (unwrap(inputs), unwrap(labels)))
        return tuple(map(list, state)), logs  # means of the epoch so far

    def loop(state, arrays, drawn, rates):
        state, logs = jax.lax.scan(lambda state, now: step(state, arrays, *now), state, (drawn, rates))
        return state, {name: values[-1] for name, values in logs.items()}

    def one_by_one(state, arrays, drawn, rates):
        for now in zip(drawn, rates, strict=True):
            state, logs = program(state, arrays, *now)
        return state, logs

    start, (state, arrays, drawn, rates) = time.perf_counter(), given
    how, first = (loop, (drawn, rates)) if in_loop else (step, (drawn[0], rates[0]))
    program = jax.jit(how, donate_argnums=0).lower(state, arrays, *first).compile()
    printnl(f"{len(rates)} steps a call, compiled in {time.perf_counter() - start:.0f} s")
    return program if in_loop else one_by_one
