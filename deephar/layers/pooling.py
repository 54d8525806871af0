"""Max plus min pooling, which lets strong evidence against an action count as much as evidence for it.

Luvizon et al., TPAMI 2020, section 3.3: the action heat maps are pooled to scores by their largest plus their
smallest value, so one very negative region can veto an action.
"""

import math

import keras
from keras import ops

from deephar.layers.frames import StableLayer, per_frame, register


@register
class MaxMinPooling2D(StableLayer):
    """Largest plus smallest value of each window: (B, H, W, C) -> (B, H', W', C).

    Args:
        strides: window size and step, rows and columns.
        padding: "same" or "valid"; padded cells are never picked.
    """

    def __init__(self, strides=(2, 2), padding="same", **kwargs):
        super().__init__(**kwargs)
        if padding not in ("same", "valid"):
            raise ValueError(f'`padding` should be "same" or "valid". Received: {padding!r}')
        self.strides = tuple(strides)
        self.padding = padding

    def _pool(self, x):
        return ops.max_pool(x, self.strides, self.strides, padding=self.padding, data_format="channels_last")

    def call(self, x):
        return self._pool(x) - self._pool(-x)

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        slack = 0 if self.padding == "valid" else 1  # same: rounded up
        pooled = [None if n is None else (n + slack * (s - 1)) // s for n, s in zip(sizes, self.strides, strict=True)]
        return (batch, *pooled, channels)

    def get_config(self):
        return {**super().get_config(), "strides": self.strides, "padding": self.padding}

    def compute_flops(self, input_shapes, output_shapes):
        return (2 * math.prod(self.strides) + 1) * math.prod(output_shapes[0])


@register
class GlobalMaxMinPooling2D(StableLayer):
    """Largest plus smallest value of each channel: (B, [T,] H, W, C) -> (B, [T,] C)."""

    def call(self, x):
        return ops.max(x, axis=(-3, -2)) + ops.min(x, axis=(-3, -2))  # (B, [T,] C)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], input_shape[-1])

    def compute_flops(self, input_shapes, output_shapes):
        return 2 * math.prod(input_shapes[0])


def max_min_pooling(
    x: keras.KerasTensor, strides: int | tuple[int, int] = (2, 2), padding: str = "same", name: str | None = None
) -> keras.KerasTensor:
    """Largest plus smallest value of each `strides` window of (B, [T,] H, W, C)."""
    return per_frame(MaxMinPooling2D(strides, padding, name=name), x)


def global_max_min_pooling(x: keras.KerasTensor, name: str | None = None) -> keras.KerasTensor:
    """Largest plus smallest value of each channel, (B, [T,] H, W, C) -> (B, [T,] C)."""
    return GlobalMaxMinPooling2D(name=name)(x)
