"""The optimizer of a stage: learning rates that differ by layer, its schedule as one of Keras, averaged weights."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence

import keras
from keras import ops

from deephar.models.signature import matches
from deephar.training.recipes import Stage

CLASSES = {
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
}


@keras.saving.register_keras_serializable("deephar")
class StageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of every step of a `Stage`; usually made by `Stage.keras_schedule`.

    Args:
        stage: `Stage`, or its fields as a dict.
    """

    def __init__(self, stage: Stage | dict) -> None:
        self.stage = Stage(**stage) if isinstance(stage, dict) else stage

    def __call__(self, step: int | keras.KerasTensor) -> keras.KerasTensor:
        return ops.cast(self.stage.rate_by(ops, ops.cast(step, "int32")), "float32")

    def get_config(self) -> dict:
        """Return the stage as plain values."""
        return {"stage": dataclasses.asdict(self.stage)}


class _RateFactors:
    """Mixed into an optimizer: multiplies the rate by the factor of every pattern that a weight's path fits."""

    def __init__(self, *args, rate_factors=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.rate_factors = tuple(map(tuple, rate_factors))

    def build(self, variables):
        super().build(variables)
        fitting = [[f for pattern, f in self.rate_factors if matches(v.path, (pattern,))] for v in variables]
        self._factors = [math.prod(factors) for factors in fitting]

    def update_step(self, gradient, variable, learning_rate):
        # On TensorFlow this variable is TensorFlow's own, which does not know its path.
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self):
        return {**super().get_config(), "rate_factors": [list(pair) for pair in self.rate_factors]}


def _with_factors(base):
    made = type(f"{base.__name__}WithRateFactors", (_RateFactors, base), {"__module__": __name__})
    return keras.saving.register_keras_serializable("deephar")(made)


WITH_FACTORS = {name: _with_factors(base) for name, base in CLASSES.items()}


def make_optimizer(stage: Stage, variables: Sequence[keras.Variable] = ()) -> keras.optimizers.Optimizer:
    """Return a new optimizer with the settings of a stage, at the learning rate of its first step.

    Args:
        stage: `Stage`.
        variables: list of the weights that will be trained; only read where `stage.no_decay` names some of them.

    Returns:
        One of CLASSES; for 'mixed_float16' within a `LossScaleOptimizer`.
    """
    options = {"global_clipnorm": stage.clipnorm}
    if stage.accumulation_steps > 1:
        options["gradient_accumulation_steps"] = stage.accumulation_steps
    if stage.ema_decay is not None:
        options.update(use_ema=True, ema_momentum=stage.ema_decay, ema_overwrite_frequency=None)
    if stage.weight_decay is not None:
        options["weight_decay"] = stage.weight_decay
    if stage.epsilon is not None and stage.optimizer != "sgd":
        options["epsilon"] = stage.epsilon
    if stage.optimizer == "sgd":
        options.update(momentum=stage.momentum, nesterov=stage.nesterov)
    if stage.optimizer == "rmsprop":
        options.update(rho=stage.rho, momentum=stage.rms_momentum)
    if stage.rate_factors:
        options["rate_factors"] = stage.rate_factors
    optimizer = (WITH_FACTORS if stage.rate_factors else CLASSES)[stage.optimizer](stage.rate(0), **options)
    spared = [v for v in variables if matches(v.path, stage.no_decay) or matches(v.name, stage.no_decay)]
    optimizer.exclude_from_weight_decay(var_list=spared)
    # Keras does this itself only for a model whose own policy, not that of its layers, is half precision.
    return keras.optimizers.LossScaleOptimizer(optimizer) if stage.precision == "mixed_float16" else optimizer


def take_averages(models: Sequence[keras.Model]) -> None:
    """Give compiled models the moving averages of their weights, where their optimizers keep some.

    Of models that share layers, the last one's averages count.
    """
    for model in _with_averages(models):
        model.optimizer.finalize_variable_values(model.trainable_variables)
        for variable in model.trainable_variables:
            variable.assign(ops.copy(variable))  # on JAX it shares memory with its average, and a prediction frees it


def _with_averages(models):
    optimizers = [getattr(model.optimizer, "inner_optimizer", model.optimizer) for model in models]
    return [model for model, optimizer in zip(models, optimizers, strict=True) if optimizer.use_ema]


@contextlib.contextmanager
def averaged(models: Sequence[keras.Model]) -> Iterator[None]:
    """Let compiled models have the moving averages of their weights for the body of a `with`, as `take_averages`."""
    before = [(v, ops.copy(v)) for model in _with_averages(models) for v in model.trainable_variables]
    take_averages(models)
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
