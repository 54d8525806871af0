"""Small models around one computation, under the original's module name; the functions are in `deephar.layers`.

None has weights of its own: ramps and sums that the original kept as frozen kernels are computed.
"""

from collections.abc import Sequence

import keras
from keras import Input, layers

from deephar.layers import (
    act_channel_softmax,
    act_depth_softmax,
    context_aggregation,
    conv_bn,
    conv_bn_act,
    keypoint_confidence,
    lin_interpolation_1d,
    relu,
    softargmax2d,
)
from deephar.layers.frames import derived_name
from deephar.models.base import PoseModel


def build_context_aggregation(
    num_joints: int, num_context: int, alpha: float, num_frames: int = 1, name: str | None = None
) -> PoseModel:
    """Build a model of poses with the help of their context, see `layers.context_aggregation`.

    Args:
        num_joints: int. J, number of joints.
        num_context: int. N, context maps of a joint.
        alpha: float. Share of the joint's own map.
        num_frames: int. T; where it is above 1, all shapes have it behind the batch.
        name: str or None, of the model.

    Returns:
        Model of poses (B, J, 2), poses of the context maps (B, J * N, 2) and their probability (B, J * N, 1); it gives
        (B, J, 2).
    """
    frames = () if num_frames == 1 else (num_frames,)
    shapes = [(num_joints, 2), (num_joints * num_context, 2), (num_joints * num_context, 1)]
    inputs = [Input((*frames, *shape)) for shape in shapes]
    return PoseModel(inputs, context_aggregation(*inputs, alpha), name=name)


def build_softargmax_1d(input_shape: tuple[int, int], name: str | None = None) -> PoseModel:
    """Build a model from raw depth scores (B, D, J) to depths (B, J, 1) in [0, 1]; `input_shape` is (D, J)."""
    scores = Input(input_shape)
    return PoseModel(scores, lin_interpolation_1d(act_depth_softmax(scores, derived_name(name, "_softmax"))), name=name)


def build_softargmax_2d(input_shape: tuple[int, int, int], rho: float = 0.0, name: str | None = None) -> PoseModel:
    """Build a model from raw maps (B, H, W, J) to poses (B, J, 2) in [0, 1]; `input_shape` is (H, W, J).

    Raises:
        ValueError: `rho` is not 0; there is no such penalty on the maps.
    """
    if rho != 0:
        raise ValueError(f"`rho` must be 0: maps have no penalty here. Received: {rho!r}")
    maps = Input(input_shape)
    return PoseModel(maps, softargmax2d(act_channel_softmax(maps, derived_name(name, "_softmax"))), name=name)


def build_joints_probability(input_shape: tuple[int, int, int], name: str | None = None, verbose: int = 0) -> PoseModel:
    """Build a model from probability maps (B, H, W, J) to confidences (B, J, 1), the largest mass of 2 x 2 pixels.

    The CVPR'18 networks have `layers.joint_probability` of the raw maps in its place.

    Args:
        input_shape: tuple (H, W, J).
        name: str or None, of the model.
        verbose: int. 1 prints a summary.
    """
    maps = Input(input_shape)
    model = PoseModel(maps, keypoint_confidence(maps), name=name)
    if verbose:
        model.summary()
    return model


def conv_block(
    inp: keras.KerasTensor, kernel_size: tuple[int, int], filters: Sequence[int], last_act: bool = True
) -> keras.KerasTensor:
    """Return a bottleneck of three convolutions (1 x 1, `kernel_size`, 1 x 1) plus a 1 x 1 convolution of `inp`.

    Args:
        inp: tensor (B, H, W, C).
        kernel_size: tuple (rows, columns).
        filters: list of int. The numbers of maps of the three convolutions.
        last_act: bool, end with a relu.
    """
    return _bottleneck(inp, kernel_size, filters, conv_bn(inp, filters[2], (1, 1)), last_act)


def identity_block(
    inp: keras.KerasTensor, kernel_size: tuple[int, int], filters: Sequence[int], last_act: bool = True
) -> keras.KerasTensor:
    """Return what `conv_block` does, plus `inp` itself, which has `filters[2]` maps."""
    return _bottleneck(inp, kernel_size, filters, inp, last_act)


def _bottleneck(inp, kernel_size, filters, shortcut, last_act):
    x = conv_bn_act(inp, filters[0], (1, 1))
    x = conv_bn_act(x, filters[1], kernel_size)
    x = layers.Add()([conv_bn(x, filters[2], (1, 1)), shortcut])
    return relu(x) if last_act else x
