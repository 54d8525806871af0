"""S3D and S3D-G: Inception in space and time, its 3D convolutions separated, with feature gates.

Xie, Sun, Huang, Tu and Murphy, "Rethinking Spatiotemporal Feature Learning", ECCV 2018, figures 3 and 11; a backbone of
PERF-Net (Li et al., WACV 2022).

    clip (B, T, H, W, C) -- 1a: 7 / 2 -- pool / 1,2,2 -- 2b: 1 -- 2c: sep 3, gate -- pool / 1,2,2 -- 3b 3c -- pool / 2
         -- 4b 4c 4d 4e 4f -- pool / 2 -- 5b 5c -- mean over T, H, W --> logits

    cell:   +-- conv 1 --------------- (gate) --+
            +-- conv 1 -- sep 3 ------ (gate) --+
        x --+-- conv 1 -- sep 3 ------ (gate) --+--> concat --> (gate)
            +-- max pool 3 -- conv 1 - (gate) --+
    sep 3:  conv 1 x 3 x 3, BN, ReLU -- conv 3 x 1 x 1, (BN,) ReLU

Three lineages differ in details: "s3d-g" has those of the authors' published code, "s3d-g-cells" those of the
TensorFlow Model Garden, "s3d" those of torchvision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from deephar.layers import relu
from deephar.layers.gating import feature_gate
from deephar.models.arguments import check_clip_shape, check_counts
from deephar.models.base import PoseModel
from deephar.models.r3d import clip_signature, logits_of
from deephar.utils.labels import default_labels

CELLS = {  # channels: conv 1 | conv 1, sep 3 | conv 1, sep 3 | conv 1 behind the pool
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
POOLS = {"3c": ((3, 3, 3), 2), "4f": ((2, 2, 2), 2)}  # behind these cells: window and stride
BN_EPSILON = 1e-3


@dataclass(frozen=True)
class Details:
    """What the lineages do not agree about.

    Attributes:
        separable_stem: whether the first convolution is separated, too.
        gates: "branches", "cells" or "none"; the layer 2c has a gate unless it is "none".
        gate_bias: whether gates have a bias.
        temporal_bn: whether a convolution in time has batch normalisation; else it has a bias and begins as identity.
        scale: whether batch normalisation has a scale.
        momentum: of batch normalisation's moving statistics.
        pool_first: whether the fourth branch pools before its convolution or after it.
    """

    separable_stem: bool = False
    gates: str = "branches"
    gate_bias: bool = False
    temporal_bn: bool = False
    scale: bool = False
    momentum: float = 0.999
    pool_first: bool = True


VARIANTS = {
    "s3d-g": Details(),
    "s3d-g-cells": Details(gates="cells", gate_bias=True, temporal_bn=True, pool_first=False),
    "s3d": Details(separable_stem=True, gates="none", temporal_bn=True, scale=True, momentum=0.999),
}


@keras.saving.register_keras_serializable("deephar")
class CentreTap(keras.initializers.Initializer):
    """Kernel (t, 1, 1, C, C') of a convolution in time that at first lets every frame pass as it is."""

    def __call__(self, shape, dtype=None):
        kernel = np.zeros(shape, np.float32)
        kernel[shape[0] // 2, 0, 0] = np.eye(*shape[-2:])
        return keras.ops.convert_to_tensor(kernel, dtype)


class _Blocks:
    """The parts of a network of one lineage."""

    def __init__(self, details, width):
        self.details, self.width = details, width

    def channels(self, number):
        return max(1, round(number * self.width))

    def bn_relu(self, x, name):
        options = dict(momentum=self.details.momentum, epsilon=BN_EPSILON, scale=self.details.scale)
        return relu(layers.BatchNormalization(**options, name=f"{name}_bn")(x), name=f"{name}_relu")

    def conv(self, x, filters, size, name, strides=1):
        """Convolution without bias, batch normalisation, ReLU."""
        x = layers.Conv3D(filters, size, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return self.bn_relu(x, name)

    def separable(self, x, filters, size, name, stride=1):
        """Convolution in space, then one in time, each with ReLU."""
        x = self.conv(x, filters, (1, size, size), f"{name}_space", (1, stride, stride))
        kernel, step = (size, 1, 1), (stride, 1, 1)
        if self.details.temporal_bn:
            return self.conv(x, filters, kernel, f"{name}_time", step)
        start = CentreTap()
        x = layers.Conv3D(filters, kernel, step, "same", kernel_initializer=start, name=f"{name}_time_conv")(x)
        return relu(x, name=f"{name}_time_relu")

    def gate(self, x, name, place):
        return feature_gate(x, f"{name}_gate", self.details.gate_bias) if self.details.gates in place else x

    def cell(self, x, channels, name):
        """One Inception cell: (B, T, H, W, C) -> (B, T, H, W, sum of the branches)."""
        first, reduce1, sep1, reduce2, sep2, last = map(self.channels, channels)
        pool = layers.MaxPooling3D(3, 1, padding="same", name=f"{name}_pool")
        branches = [
            self.conv(x, first, 1, f"{name}_branch0"),
            self.separable(self.conv(x, reduce1, 1, f"{name}_branch1_reduce"), sep1, 3, f"{name}_branch1"),
            self.separable(self.conv(x, reduce2, 1, f"{name}_branch2_reduce"), sep2, 3, f"{name}_branch2"),
            self.conv(pool(x), last, 1, f"{name}_branch3")
            if self.details.pool_first
            else pool(self.conv(x, last, 1, f"{name}_branch3")),
        ]
        branches = [self.gate(y, f"{name}_branch{k}", ("branches",)) for k, y in enumerate(branches)]
        return self.gate(layers.Concatenate(name=f"{name}_concat")(branches), name, ("cells",))


def build(
    input_shape: Sequence[int | None] = (None, None, None, 3),
    num_classes: int = 400,
    variant: str = "s3d-g",
    width: float = 1.0,
    dropout: float = 0.2,
    labels: Sequence[str] | None = None,
) -> PoseModel:
    """Build an S3D with fresh weights, not compiled.

    Args:
        input_shape: (T, H, W, C), None where any length or size will do; 3 channels, or 2 of optical flow. Time is
            divided by 8, rows and columns by 32, rounded up.
        num_classes: K; 400 for Kinetics-400.
        variant: "s3d-g", gates behind the four branches of every cell, convolutions in time with a bias and without
            batch normalisation; "s3d-g-cells", gates behind whole cells; or "s3d", without gates.
        width: factor of all channels; 1 as published.
        dropout: rate in front of the logits, in training alone.
        labels: names of the classes; None: those that are usual for their number.

    Returns:
        A `PoseModel`. Input: a clip in [-1, 1]; output: logits (B, K).

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import s3d
        >>> s3d.build((8, 32, 32, 3), num_classes=5, width=0.125).output_shape
        (None, 5)
    """
    if variant not in VARIANTS:
        raise ValueError(f"`variant` should be one of {', '.join(VARIANTS)}. Received: {variant!r}")
    if not width > 0:
        raise ValueError(f"`width` should be above 0. Received: {width!r}")
    check_clip_shape(input_shape)
    check_counts(num_classes=num_classes)
    details = VARIANTS[variant]
    blocks = _Blocks(details, width)
    inputs = layers.Input(tuple(input_shape), name="frame")
    first, second, third = map(blocks.channels, (64, 64, 192))
    if details.separable_stem:
        x = blocks.separable(inputs, first, 7, "1a", stride=2)
    else:
        x = blocks.conv(inputs, first, (3, 7, 7), "1a", 2)
    x = layers.MaxPooling3D((1, 3, 3), (1, 2, 2), padding="same", name="2a_pool")(x)
    x = blocks.separable(blocks.conv(x, second, 1, "2b"), third, 3, "2c")
    x = blocks.gate(x, "2c", ("branches", "cells"))
    x = layers.MaxPooling3D((1, 3, 3), (1, 2, 2), padding="same", name="3a_pool")(x)
    for name, channels in CELLS.items():
        x = blocks.cell(x, channels, name)
        if name in POOLS:
            window, stride = POOLS[name]
            x = layers.MaxPooling3D(window, stride, padding="same", name=f"{name}_down")(x)
    model = PoseModel(inputs, logits_of(x, num_classes, dropout), name="S3D" if details.gates == "none" else "S3DG")
    model.signature = clip_signature(input_shape, labels or default_labels(num_classes))
    return model
