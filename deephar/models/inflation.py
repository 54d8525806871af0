"""Starts a network of clips from one of images: every two-dimensional kernel becomes one in time, rows and columns.

Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017, section 2.4; for separable networks Xie et al.,
"Rethinking Spatiotemporal Feature Learning", ECCV 2018.

    kernel (h, w, C, C') of the image network --+-- "repeat"     the same at each of T taps, divided by T
                                                +-- "identity"   at the middle tap, zero at the others
    convolution in time alone (S3D's *_time)  ----- middle tap, the identity over channels

Either way a clip of one image repeated gives what the image network gives, but for the frames at its ends, where
"repeat" sees the zeros beyond them.
"""

import itertools
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers

from deephar.checkpoints.loading import weights_kept_on_error
from deephar.models.graph import operations_behind

KINDS = ("repeat", "identity")
TIME = "_time_conv"  # ends the name of a convolution that has no counterpart in an image network, see `s3d`

# Pixels as keras.applications names their preparation: what [-1, 1] RGB is multiplied by and what is added, in the
# order of the image network's channels, and whether those are BGR.
PREPARATIONS = {
    "tf": ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), False),
    "torch": ((0.5 / 0.229, 0.5 / 0.224, 0.5 / 0.225), (0.015 / 0.229, 0.044 / 0.224, 0.094 / 0.225), False),
    "caffe": ((127.5, 127.5, 127.5), (127.5 - 103.939, 127.5 - 116.779, 127.5 - 123.68), True),
}


@dataclass(frozen=True)
class InflationReport:
    """What `inflate` did; it prints as one line. The entries are names of layers.

    Attributes:
        taken: (layer of the clip network, layer of the image network) of every convolution; their batch normalisations
            go with them.
        identity: convolutions in time that now let every frame pass as it is.
        fresh: layers with weights that keep their own: gates and the classifier.
        unused: layers with weights of the image network that have no place in the clip network: its classifier.
        moved_strides: layers of the clip network with another stride in rows and columns than their counterpart has.
    """

    taken: tuple[tuple[str, str], ...] = field(repr=False)
    identity: tuple[str, ...] = field(repr=False)
    fresh: tuple[str, ...]
    unused: tuple[str, ...]
    moved_strides: tuple[str, ...]

    def __str__(self) -> str:
        """Say how many layers were taken, are the identity, and are fresh."""
        return (
            f"{len(self.taken)} convolutions taken, {len(self.identity)} in time begin as identity, "
            f"{len(self.fresh)} layers fresh, {len(self.moved_strides)} with another stride"
        )


def inflate(
    model: keras.Model, image_model: keras.Model, how: str = "repeat", preparation: str = "tf"
) -> InflationReport:
    """Give a network of clips the weights of an image network of the same structure, all of them or none.

    Layers are paired in the order in which the graphs are walked from the input to the output: of a sum's branches the
    one with more convolutions first, those of a concatenation as they are concatenated. Every convolution must agree
    with its counterpart in rows, columns and channels. A bias of the image network, which a normalisation follows, goes
    into that normalisation's moving mean, and a difference between the two epsilons into its moving variance, so that
    nothing is lost. Gates and the classifier stay as they are. Where the clip network takes two channels of optical
    flow, the first kernel is its mean over the image's channels for each of them.

    An R3D50 takes the `ResNet50` of `keras.applications` and networks of torchvision's layout. Two things of theirs do
    not lie in the weights, and training on clips has to make up for them. `keras.applications` puts the stride of a
    stage on the first convolution of its first block, the R3D50 and torchvision on the second, which thus sees
    neighbours at half the distance; `moved_strides` of the report names these layers. And both pad rows and columns
    alike on both sides, but "same" of Keras pads more behind than in front; only sizes of 32 n + 1 px are padded alike.

    Args:
        model: keras.Model. An R3D50, an S3D or another functional network of `Conv3D`, changed in place.
        image_model: keras.Model. A functional network of `Conv2D`, each of them with a batch normalisation right behind
            it, such as `keras.applications.ResNet50()`; only read.
        how: "repeat" or "identity", see the top of this module. With "identity" no frame sees its neighbours at first.
        preparation: how pixels are prepared for the image network, as `keras.applications` calls it: "tf", RGB in
            [-1, 1], as the clip networks here take them; "torch", RGB minus mean by standard deviation; or "caffe", BGR
            minus mean (`keras.applications.ResNet50`). The first kernel is changed so that [-1, 1] RGB gives the same,
            but for the padding around a frame, which is grey then. For optical flow, which has no mean colour, only
            the scale is taken over.

    Returns:
        `InflationReport`, which prints as one line.

    Raises:
        ValueError: an unknown `how` or `preparation`, or networks that do not fit; the message names the first layer
            that does not, and no weight is changed.

    Example:
        >>> import keras
        >>> from deephar.models import r3d
        >>> from deephar.models.inflation import inflate
        >>> model = r3d.build((8, 65, 65, 3), num_classes=5)
        >>> print(inflate(model, keras.applications.ResNet50(weights=None), preparation="caffe"))
        53 convolutions taken, 0 in time begin as identity, 5 layers fresh, 6 with another stride
    """
    for name, value, allowed in (("how", how, KINDS), ("preparation", preparation, PREPARATIONS)):
        if value not in allowed:
            raise ValueError(f"`{name}` must be one of {', '.join(allowed)}. Received: {value!r}")
    units, fresh = _units(model, layers.Conv3D, "model")
    sources, unused = _units(image_model, layers.Conv2D, "image_model")
    in_time = [unit for unit in units if unit[0].name.endswith(TIME)]
    places = [unit for unit in units if unit not in in_time]
    plan = [pair for unit in in_time for pair in _identity_in_time(*unit)]
    for number, (place, source) in enumerate(itertools.zip_longest(places, sources)):
        _check_pair(place, source, first=number == 0)
        plan += _taken(place, source, how, preparation if number == 0 else "tf")
    pairs = list(zip(places, sources, strict=True))
    report = InflationReport(
        taken=tuple((place[0].name, source[0].name) for place, source in pairs),
        identity=tuple(conv.name for conv, _ in in_time),
        fresh=tuple(fresh),
        unused=tuple(unused),
        moved_strides=tuple(p[0].name for p, s in pairs if tuple(p[0].strides[1:]) != tuple(s[0].strides)),
    )
    with weights_kept_on_error(model):
        for variable, array in plan:
            variable.assign(array)
    return report


def _walk(model):
    """Operations of a model from its input to its outputs, and {operation: operations that made its inputs}."""
    behind = operations_behind(model.outputs)
    depth = {}  # convolutions on the longest way to an operation
    for operation, made_by in behind.items():
        own = isinstance(operation, (layers.Conv2D, layers.Conv3D))
        depth[operation] = max((depth[other] for other in made_by), default=0) + own
        if isinstance(operation, layers.Add):
            behind[operation] = sorted(made_by, key=depth.get, reverse=True)
    found, pending = {}, [y._keras_history[0] for y in reversed(model.outputs)]
    while pending:
        operation = pending[-1]
        missing = next((other for other in behind[operation] if other not in found), None)
        if missing is None:
            found[pending.pop()] = None
        else:
            pending.append(missing)
    return list(found), behind


def _units(model, kind, argument):
    """[(convolution, its normalisation or None), ...] of a model in order, and the names of its other weighted layers.

    Raises:
        ValueError: weights in other layers, which could not be taken.
    """
    order, behind = _walk(model)
    norm_of = {
        behind[operation][0]: operation
        for operation in order
        if isinstance(operation, layers.BatchNormalization) and isinstance(behind[operation][0], kind)
    }
    units = [(operation, norm_of.get(operation)) for operation in order if isinstance(operation, kind)]
    taken = {*norm_of.values(), *(conv for conv, _ in units)}
    rest = [operation for operation in order if getattr(operation, "weights", None) and operation not in taken]
    last = order.index(units[-1][0]) if units and kind is layers.Conv2D else 0
    for operation in rest:
        if not isinstance(operation, layers.Dense) or order.index(operation) < last:
            raise ValueError(
                f"`{argument}` must have weights in {kind.__name__}, each followed by its BatchNormalization, and in "
                f"Dense as gates of a clip network or as classifier. Received: {model.name!r} with "
                f"{operation.name!r}, a {type(operation).__name__}"
            )
    return units, [operation.name for operation in rest]


def _check_pair(place, source, first):
    """Raise ValueError where a convolution and its counterpart do not fit; either is None where the other is left."""
    if place is None or source is None:
        only, where = (source, "image network") if place is None else (place, "clip network")
        raise ValueError(
            f"`image_model` must have one convolution for each of `model`'s. Received: {only[0].name!r} of the {where} "
            "has no counterpart"
        )
    (conv, norm), (image_conv, image_norm) = place, source
    wanted, given = tuple(conv.kernel.shape[1:]), tuple(image_conv.kernel.shape)
    names = f"{conv.name!r} of the clip network, {image_conv.name!r} of the image network"
    if wanted[:2] + wanted[3:] != given[:2] + given[3:] or (wanted[2] != given[2] and not (first and given[2] == 3)):
        raise ValueError(f"`image_model` must have kernels of shape {wanted} there. Received: {given}; {names}")
    plain = keras.activations.linear
    if set(image_conv.dilation_rate) != {1} or image_conv.activation is not plain or conv.activation is not plain:
        raise ValueError(f"`image_model` must have convolutions without dilation and activation. Received: {names}")
    if norm is None or image_norm is None or (image_norm.scale and not norm.scale):
        allowed = "`image_model` must have a batch normalisation right behind every convolution, one with a scale only"
        raise ValueError(f"{allowed} where the clip network's has one. Received: {names}")


def _taken(place, source, how, preparation):
    """[(variable, array), ...] that give a convolution and its normalisation what their counterparts have."""
    (conv, norm), (image_conv, image_norm) = place, source
    kernel, constant = _prepared(_array(image_conv.kernel), preparation)  # (h, w, C, C'), (C',)
    channels = conv.kernel.shape[-2]
    if channels != kernel.shape[-2]:  # optical flow
        kernel = np.repeat(kernel.mean(axis=2, keepdims=True), channels, axis=2)
        constant = 0.0
    length = conv.kernel.shape[0]
    taps = np.full(length, 1 / length) if how == "repeat" else np.eye(length)[length // 2]
    plan = [(conv.kernel, taps[:, None, None, None, None] * kernel)]  # (T, h, w, C, C')
    bias = constant + (_array(image_conv.bias) if image_conv.use_bias else 0.0)
    count = kernel.shape[-1]
    if conv.use_bias:
        plan.append((conv.bias, np.zeros(count)))
    return plan + _norm_plan(
        norm,
        gamma=_array(image_norm.gamma) if image_norm.scale else np.ones(count),
        beta=_array(image_norm.beta) if image_norm.center else np.zeros(count),
        mean=_array(image_norm.moving_mean) - bias,
        variance=_array(image_norm.moving_variance) + image_norm.epsilon - norm.epsilon,
    )


def _identity_in_time(conv, norm):
    """[(variable, array), ...] that make a convolution in time and its normalisation let frames pass as they are."""
    length, _, _, channels, filters = conv.kernel.shape
    kernel = np.zeros(conv.kernel.shape)
    kernel[length // 2, 0, 0] = np.eye(channels, filters)
    plan = [(conv.kernel, kernel)]
    if conv.use_bias:
        plan.append((conv.bias, np.zeros(filters)))
    if norm is None:
        return plan
    zero, one = np.zeros(filters), np.ones(filters)
    return plan + _norm_plan(norm, gamma=one, beta=zero, mean=zero, variance=one - norm.epsilon)


def _norm_plan(norm, gamma, beta, mean, variance):
    plan = [(norm.beta, beta), (norm.moving_mean, mean), (norm.moving_variance, variance)]
    return [*plan, (norm.gamma, gamma)] if norm.scale else plan


def _prepared(kernel, preparation):
    """A first kernel (h, w, C, C') for pixels in [-1, 1], RGB, and what is to be added to its result, (C',)."""
    factors, offsets, is_bgr = PREPARATIONS[preparation]
    if preparation == "tf" or kernel.shape[2] != len(factors):
        return kernel, 0.0
    constant = np.einsum("hwcd,c->d", kernel, np.array(offsets))  # (C',)
    kernel = kernel * np.array(factors)[:, None]
    return kernel[:, :, ::-1] if is_bgr else kernel, constant


def _array(variable):
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
