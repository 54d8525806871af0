"""One training step that does not wait for its losses: they stay on the device until somebody reads them."""

from typing import Any

import keras


def start_step(model: keras.Model, x: Any, y: Any) -> dict[str, Any]:
    """Train a compiled model on one batch and return its losses, which may still be on the way.

    It does what `train_on_batch` does, which reads every loss back at once and so keeps the device idle until the next
    batch is there. Here the device may be steps behind; only reading a loss (`float`) waits for it.

    Returns:
        dict of scalars: means over the steps since `model.reset_metrics()`, in the order of `train_on_batch`, by name.
    """
    if model.train_function is None:  # the first step makes losses and metrics
        return model.train_on_batch(x, y, return_dict=True)
    data = (x, y, None)  # no weights of samples: as `train_on_batch` has it, so that nothing is traced again
    if keras.backend.backend() == "jax":
        logs = _start_jax_step(model, data)
    else:
        logs = model.train_function([data])
    return dict(sorted(logs.items()))


def _start_jax_step(model, data):
    """In JAX a step is a function of values, which go back to their variables."""
    groups = (
        *(model.trainable_variables, model.non_trainable_variables),
        *(model.optimizer.variables, model.metrics_variables),
    )
    state = tuple([variable.value for variable in group] for group in groups)
    logs, state = model.train_function(state, iter([_over_devices(data)]))
    for group, values in zip(groups, state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)
    return logs


def _over_devices(data):
    """A batch split over the devices of `use_all_devices`, where that was called."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return data

    def split(array):
        return keras.distribution.distribute_tensor(array, distribution.get_data_layout(array.shape))

    return keras.tree.map_structure(lambda array: None if array is None else split(array), data)
