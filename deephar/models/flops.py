"""Operations of one forward pass, counted from the shapes in a model's graph: the same on every backend.

A multiplication with its addition (1 MAC) counts as two operations (2 FLOPs). Convolutions and dense layers are counted
exactly, borders included, without their biases. What is done once or a few times for every number (normalisation,
activation, sums, pooling) counts by a small constant, and moving numbers (concatenation, padding, repetition) not at
all.

Every kind of layer must be known. A layer of Keras is in the table COSTS; a layer of our own says its cost itself:

    def compute_flops(self, input_shapes, output_shapes):  # lists of shapes, batch axis included
        return 3 * math.prod(output_shapes[0])
"""

import math
from collections.abc import Sequence

import keras
from keras import layers

BY_RESAMPLING = {"nearest": 0, "bilinear": 8, "bicubic": 32}  # operations for every number out: 2 for each one read


def count_flops(model: keras.Model, input_shape: Sequence[int] | Sequence[Sequence[int]] | None = None) -> int:
    """Return the floating point operations of one forward pass of one sample, an image or a clip; 1 MAC = 2 FLOPs.

    Args:
        model: keras.Model. A functional model. A layer or a model inside of it counts each time it is used.
        input_shape: tuple of int, list of them or None. Shape of one sample without its batch axis, or one for each of
            several inputs. Needed where the model leaves sizes free; None for the model's own.

    Returns:
        int.

    Raises:
        TypeError: the model is not functional.
        ValueError: a size is free, `input_shape` does not fit the model, or a layer's cost is not known.

    Example:
        >>> inputs = keras.Input((None, None, 3))
        >>> count_flops(keras.Model(inputs, layers.Conv2D(8, 3)(inputs)), (4, 4, 3))  # 2 x (3 x 3 x 3) x (2 x 2 x 8)
        1728
    """
    graph = _graph_of(model)
    if graph is None:
        raise TypeError(f"`model` should be a functional model. Received: {type(model).__name__}")
    inputs = [keras.KerasTensor((1, *shape)) for shape in _sample_shapes(model, input_shape)]
    counted = []

    def counting(operation):
        def count(*args, **kwargs):
            nested = _graph_of(operation)
            if nested is not None:
                return nested._run_through_graph(args, counting)
            outputs = operation.compute_output_spec(*args, **kwargs)
            counted.append(layer_flops(operation, _shapes((args, kwargs)), _shapes(outputs)))
            return outputs

        return count

    graph._run_through_graph(inputs, counting)
    return sum(counted)


def layer_flops(
    layer: keras.Operation, input_shapes: Sequence[tuple[int, ...]], output_shapes: Sequence[tuple[int, ...]]
) -> int:
    """Return the floating point operations of one use of a layer; shapes include the batch axis.

    Raises:
        ValueError: the cost of this kind of layer is not known.
    """
    if hasattr(layer, "compute_flops"):
        return layer.compute_flops(input_shapes, output_shapes)
    if type(layer) not in COSTS:
        raise ValueError(
            "`model` should have layers of known cost; one of your own says it by a method "
            f"`compute_flops(input_shapes, output_shapes)`. Received: {layer.name!r}, a {type(layer).__name__}"
        )
    return COSTS[type(layer)](layer, input_shapes, output_shapes)


def _graph_of(operation):
    """The functional model that `operation` is or, if sequential, has; None for anything else."""
    graph = getattr(operation, "_functional", operation)
    return graph if hasattr(graph, "_run_through_graph") else None


def _sample_shapes(model, input_shape):
    """The shape of one sample of every input, all sizes known."""
    own = [tuple(x.shape[1:]) for x in model.inputs]
    if input_shape is None:
        shapes = own
    else:
        several = any(n is not None and not isinstance(n, int) for n in input_shape)
        shapes = [tuple(shape) for shape in (input_shape if several else [input_shape])]
    if not all(isinstance(n, int) for shape in shapes for n in shape):
        raise ValueError(f"`input_shape` should be given with every size known. Received: {input_shape} for {own}")
    fits = len(shapes) == len(own) and all(len(a) == len(b) for a, b in zip(shapes, own, strict=False))
    if not fits or any(b not in (None, a) for s, o in zip(shapes, own, strict=True) for a, b in zip(s, o, strict=True)):
        raise ValueError(f"`input_shape` should fit the model's inputs, {own}. Received: {input_shape}")
    return shapes


def _shapes(tensors):
    """The shapes of all tensors in a nested structure, in order."""
    return [tuple(x.shape) for x in keras.tree.flatten(tensors) if isinstance(x, keras.KerasTensor)]


def _size(shapes):
    """Numbers in tensors of these shapes."""
    return sum(math.prod(shape) for shape in shapes)


def _free(layer, inputs, outputs):
    return 0


def _per_output(number):
    return lambda layer, inputs, outputs: number * _size(outputs)


def _per_input(layer, inputs, outputs):
    return _size(inputs)


def _activation(layer, inputs, outputs):
    """Of an activation layer, or of the one inside of a convolution or a dense layer: 1 for every number, softmax 5."""
    name = getattr(layer.activation, "__name__", "")
    return {"linear": 0, "softmax": 5}.get(name, 1) * _size(outputs)


def _sum(layer, inputs, outputs):
    return (len(inputs) - 1) * _size(outputs)


def _average(layer, inputs, outputs):
    return len(inputs) * _size(outputs)


def _conv(layer, inputs, outputs):
    taps = math.prod(layer.kernel_size) * inputs[0][-1] // layer.groups
    return 2 * taps * _size(outputs) + _activation(layer, inputs, outputs)


def _conv_transpose(layer, inputs, outputs):
    taps = math.prod(layer.kernel_size) * layer.filters
    return 2 * taps * _size(inputs) + _activation(layer, inputs, outputs)


def _depthwise_conv(layer, inputs, outputs):
    return 2 * math.prod(layer.kernel_size) * _size(outputs) + _activation(layer, inputs, outputs)


def _separable_conv(layer, inputs, outputs):
    between = inputs[0][-1] * layer.depth_multiplier  # channels of the depthwise convolution
    taps = between * (math.prod(layer.kernel_size) + layer.filters)
    return 2 * taps * (_size(outputs) // layer.filters) + _activation(layer, inputs, outputs)


def _dense(layer, inputs, outputs):
    return 2 * inputs[0][-1] * _size(outputs) + _activation(layer, inputs, outputs)


def _pooling(layer, inputs, outputs):
    return math.prod(layer.pool_size) * _size(outputs)


def _upsampling(layer, inputs, outputs):
    return BY_RESAMPLING[layer.interpolation] * _size(outputs)


def _costs():
    """Cost functions of the layers of Keras, by class: exact classes, since a subclass may do more."""
    kinds = {
        _free: "Concatenate Reshape Permute Flatten RepeatVector Dropout Identity UpSampling1D UpSampling3D",
        _per_output(1): "ReLU LeakyReLU PReLU ELU",
        _per_output(2): "BatchNormalization Rescaling",
        _per_output(5): "Softmax",
        _activation: "Activation",
        _sum: "Add Subtract Multiply Maximum Minimum",
        _average: "Average",
        _conv: "Conv1D Conv2D Conv3D",
        _conv_transpose: "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
        _depthwise_conv: "DepthwiseConv1D DepthwiseConv2D",
        _separable_conv: "SeparableConv1D SeparableConv2D",
        _dense: "Dense",
        _upsampling: "UpSampling2D",
    }
    by_rank = {
        _free: "ZeroPadding{}D Cropping{}D SpatialDropout{}D",
        _per_input: "GlobalMaxPooling{}D GlobalAveragePooling{}D",
        _pooling: "MaxPooling{}D AveragePooling{}D",
    }
    names = list(kinds.items()) + [(cost, text.format(*[n] * 3)) for cost, text in by_rank.items() for n in (1, 2, 3)]
    return {getattr(layers, name): cost for cost, text in names for name in text.split()}


COSTS = _costs()
