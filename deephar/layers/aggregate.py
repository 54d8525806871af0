"""Appearance features: what the image shows around each joint.

Luvizon et al., TPAMI 2020, section 3.3: the visual features of a frame, averaged under each joint's probability map.
"""

import math

import keras
from keras import ops

from deephar.layers.frames import StableLayer, is_clip, register


@register
class JointFeatures(StableLayer):
    """Visual features pooled under joint maps: (B, [T,] H, W, J) and (B, [T,] H, W, F) -> (B, [T,] J, F).

    One matrix product a frame; the product of every map with every feature is never laid out in memory.
    """

    def call(self, inputs):
        maps, features = inputs
        equation = "bthwj,bthwf->btjf" if is_clip(maps, "h") else "bhwj,bhwf->bjf"
        return ops.einsum(equation, maps, features)

    def compute_output_shape(self, input_shape):
        maps, features = input_shape
        return (*maps[:-3], maps[-1], features[-1])

    def compute_flops(self, input_shapes, output_shapes):
        maps, features = input_shapes
        return 2 * math.prod(maps) * features[-1]


def kronecker_prod(h: keras.KerasTensor, f: keras.KerasTensor, name: str = "Kronecker_prod") -> keras.KerasTensor:
    """Appearance features (B, [T,] J, F) from joint maps `h` (B, [T,] H, W, J) and visual features `f`."""
    if tuple(h.shape[1:-1]) != tuple(f.shape[1:-1]):
        raise ValueError(
            "`h` and `f` should have the same frames, rows and columns. "
            f"Received: shapes {tuple(h.shape)} and {tuple(f.shape)}"
        )
    return JointFeatures(name=name)([h, f])
