"""The optimizer of a stage, with rates that differ by layer."""

import keras

from deephar.models.signature import matches

CLASSES = {
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
}


def make_optimizer(stage):
    """Return a new optimizer with the settings of a `Stage`.

    Where `stage.rate_factors` names layers, the update of their weights uses the learning rate times their factor.
    """
    options = {"global_clipnorm": stage.clipnorm}
    if stage.weight_decay is not None:
        options["weight_decay"] = stage.weight_decay
    if stage.epsilon is not None and stage.optimizer != "sgd":
        options["epsilon"] = stage.epsilon
    if stage.optimizer == "sgd":
        options.update(momentum=stage.momentum, nesterov=stage.nesterov)
    if stage.optimizer == "rmsprop":
        options.update(rho=stage.rho, momentum=stage.rms_momentum)
    optimizer_class = CLASSES[stage.optimizer]
    if stage.rate_factors:
        optimizer_class = _with_factors(optimizer_class, stage.rate_factors)
    optimizer = optimizer_class(stage.rate(0), **options)
    if stage.no_decay:
        optimizer.exclude_from_weight_decay(var_names=list(stage.no_decay))
    return optimizer


def _with_factors(base, factors):
    """An optimizer class like `base` whose learning rate is multiplied by the factors of a weight's path."""

    class WithRateFactors(base):
        def update_step(self, gradient, variable, learning_rate):
            for pattern, factor in factors:
                learning_rate = learning_rate * factor if matches(variable.path, (pattern,)) else learning_rate
            super().update_step(gradient, variable, learning_rate)

    WithRateFactors.__name__ = base.__name__
    return WithRateFactors
