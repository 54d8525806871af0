"""Prediction of arrays batch by batch, without a data pipeline between the arrays and the network."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    import tensorflow

Arrays = np.ndarray | Sequence[np.ndarray]
BATCH_SIZE = 32  # Keras' own


def are_arrays(x: object) -> bool:
    """Return whether `x` is an array of numbers, or a list of such arrays of one length, and not empty."""
    arrays = list(x) if isinstance(x, (list, tuple)) else [x]
    if not arrays or not all(isinstance(k, np.ndarray) and k.ndim and k.dtype.kind in "biuf" for k in arrays):
        return False
    return len({len(k) for k in arrays}) == 1 and len(arrays[0]) > 0


def predict_arrays(
    model: keras.Model,
    x: Arrays,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    callbacks: "Sequence[keras.callbacks.Callback] | keras.callbacks.CallbackList | None" = None,
) -> Any:
    """Return what `model.predict` returns for arrays, with the same callbacks and the same progress bar.

    Args:
        model: keras.Model.
        x, batch_size, verbose, callbacks: as of `keras.Model.predict`.
    """
    many = isinstance(x, (list, tuple))
    arrays, size = list(x) if many else [x], BATCH_SIZE if batch_size is None else int(batch_size)
    count = len(arrays[0])
    steps = math.ceil(count / size)
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        shown = dict(add_progbar=verbose != 0, verbose=verbose, epochs=1, steps=steps, model=model)
        callbacks = keras.callbacks.CallbackList(callbacks, **shown)
    model.stop_predicting, outputs = False, []
    callbacks.on_predict_begin()
    for step in range(steps):
        callbacks.on_predict_batch_begin(step)
        part = [_as_input(k[step * size : (step + 1) * size]) for k in arrays]
        outputs.append(model.predict_on_batch(part if many else part[0]))
        callbacks.on_predict_batch_end(step, {"outputs": outputs[-1]})
        if model.stop_predicting:
            break
    callbacks.on_predict_end()
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts) if steps > 1 else parts[0], *outputs)


def _as_input(array):
    """An array as Keras hands it to a network: numbers with a point in its usual precision."""
    return np.ascontiguousarray(array, keras.config.floatx() if array.dtype.kind == "f" else array.dtype)


def trace(
    model: keras.Model, batch: int | None = None, names: Sequence[str] | None = None
) -> "tensorflow.types.experimental.PolymorphicFunction":
    """Return a network as a `tf.function` for inference: its inputs, one by one, to a list of arrays.

    Args:
        model: a functional network; a dimension that is None stays free.
        batch: int or None. Size of the batch that it takes; None: any, and it is traced once for all.
        names: of the inputs; None: they need none.
    """
    import tensorflow as tf

    inputs = zip(model.inputs, names or [None] * len(model.inputs), strict=True)
    specs = [tf.TensorSpec((batch, *tensor.shape[1:]), tensor.dtype, name=name) for tensor, name in inputs]

    @tf.function(input_signature=specs, autograph=False)
    def serve(*arrays):
        found = model(list(arrays) if len(arrays) > 1 else arrays[0], training=False)
        return [tf.identity(y) for y in keras.tree.flatten(found)]

    return serve


def any_batch(model: keras.Model) -> Callable[[Arrays], Any]:
    """Return a function that gives what `model.predict_on_batch` gives for arrays; None for those it is not made for.

    Keras traces a network for the first size of a batch and again for the next one; this is traced once for all.
    """
    serve = trace(model)

    def run(x):
        arrays = list(x) if isinstance(x, (list, tuple)) else [x]
        if not are_arrays(arrays) or not _fit(arrays, model.inputs):
            return None
        return keras.tree.pack_sequence_as(model.output, [y.numpy() for y in serve(*arrays)])

    return run


def _fit(arrays, inputs):
    """Whether arrays have the types and shapes of a network's inputs."""
    if len(arrays) != len(inputs):
        return False
    pairs = list(zip(arrays, inputs, strict=True))
    same = all(array.dtype == tensor.dtype and array.ndim == len(tensor.shape) for array, tensor in pairs)
    return same and all(n in (None, m) for array, t in pairs for n, m in zip(t.shape, array.shape, strict=True))
