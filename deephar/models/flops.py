"""Operations of one forward pass, counted from the shapes of a model's layers: the same on every backend.

A multiplication with its addition counts as two. Convolutions and dense layers are counted exactly; what is done once
or a few times for every number (normalisation, activation, sums, pooling) by a small constant, and moving numbers
(concatenation, padding, repetition, reshaping) not at all.
"""

import math

import keras

from deephar.models.graph import operations_behind

FREE = ("InputLayer", "Concatenate", "ZeroPadding2D", "UpSampling2D", "Reshape", "Permute", "Dropout", "Flatten")
FREE += ("FoldFrames", "UnfoldFrames", "StopGradient", "Identity", "ChannelSlice")
PER_OUTPUT = {"BatchNormalization": 2, "Softmax": 5, "ChannelSoftmax2D": 5, "ChannelSoftmax1D": 5}
PER_INPUT = {"SoftArgmax2D": 4, "KeypointConfidence": 3, "MaxMinPooling2D": 2, "GlobalMaxMinPooling2D": 2}
PER_INPUT.update({"JointProbability": 1, "VolumeMarginals": 2, "VolumeConfidence": 1, "ContextAggregation": 3})


def count_flops(model):
    """Floating point operations of one forward pass of one sample (an image, or a whole clip).

    Args:
        model: a functional model with a fixed input shape.

    Returns:
        int.
    """
    total, folded = 0, {}  # folded: images for each sample at that place, T between folding and unfolding
    for operation, parents in operations_behind(model.outputs).items():
        kind = type(operation).__name__
        folded[operation] = 1 if kind == "UnfoldFrames" else max([folded[p] for p in parents], default=1)
        total += folded[operation] * layer_flops(operation)
        if kind == "FoldFrames":
            folded[operation] = operation._inbound_nodes[0].input_tensors[0].shape[1]
    return total


def layer_flops(layer):
    """Floating point operations of one layer, or model, for one row of its batch, where it was used first."""
    if isinstance(layer, keras.Model):
        return count_flops(layer)
    node = layer._inbound_nodes[0]
    outputs = sum(_size(x.shape) for x in node.output_tensors)
    inputs = sum(_size(x.shape) for x in node.input_tensors)
    kind = type(layer).__name__
    if kind in FREE:
        return 0
    if kind in ("Conv2D", "Conv3D", "Conv1D"):
        return 2 * _size(layer.kernel.shape[:-1], 0) * outputs
    if kind == "SeparableConv2D":
        positions = outputs // layer.filters
        return 2 * positions * (_size(layer.depthwise_kernel.shape, 0) + _size(layer.pointwise_kernel.shape, 0))
    if kind == "Conv2DTranspose":
        return 2 * _size(layer.kernel.shape[:-2], 0) * layer.kernel.shape[-2] * inputs
    if kind == "Dense":
        return 2 * layer.kernel.shape[0] * outputs
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        return math.prod(layer.pool_size) * outputs
    if kind == "JointFeatures":
        return 2 * _size(node.input_tensors[0].shape) * outputs // node.output_tensors[0].shape[-2]
    return PER_INPUT[kind] * inputs if kind in PER_INPUT else PER_OUTPUT.get(kind, 1) * outputs


def _size(shape, start=1):
    """Numbers of one sample: the product of the sizes from axis `start`."""
    return math.prod(n for n in shape[start:] if n is not None)
