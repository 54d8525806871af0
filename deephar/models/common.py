"""Units and tools, under the original's module name; they live in `deephar.layers` and `deephar.models.surgery`."""

import keras
from keras import layers

from deephar.layers import (
    channel_softmax_2d,
    downscaling,
    downscaling_unit,
    residual,
    residual_unit,
    upscaling,
    upscaling_unit,
)
from deephar.models.surgery import compile_model, copy_replica_layers, set_trainable_layers

__all__ = [
    "add_tensorlist",
    "channel_softmax_2d",
    "compile_model",
    "concat_tensorlist",
    "copy_replica_layers",
    "downscaling",
    "downscaling_unit",
    "residual",
    "residual_unit",
    "set_trainable_layers",
    "upscaling",
    "upscaling_unit",
]


def concat_tensorlist(t: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Return a list of tensors joined along their last axis; one alone as it is."""
    return _merged(layers.Concatenate, t)


def add_tensorlist(t: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Return the sum of a list of tensors of one shape; one alone as it is."""
    return _merged(layers.Add, t)


def _merged(layer, tensors):
    if not isinstance(tensors, list) or not tensors:
        raise TypeError(f"`t` must be a list of tensors. Received: {tensors!r}")
    return layer()(tensors) if len(tensors) > 1 else tensors[0]
