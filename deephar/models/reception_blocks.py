"""The parts of the ReceptionNet: stem, reception block, and what turns raw heat maps into a pose.

Luvizon, Picard and Tabia, "2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning", CVPR 2018,
section 3 and its supplementary material. Most parts are models of their own inside of the network, under the names that
weight files know: Stem, rBlockN, SepConvN, RegMapN, fReMapN. Inside of each, names depend on the place only.

A reception block works at three resolutions, each residual separable (`sepconv_*`):

    x --+-------------------------- l1 -----------------------------+--> add
        +-- 1/2 -- low --- l2_1 --+----- l2_2 ---------+-- l2_3 -- x2 --+
                                  +-- 1/2 -- l3_1..3 -- x2 --+
"""

from collections.abc import Callable

import keras
from keras import layers

from deephar.layers import (
    ChannelSlice,
    act_conv,
    act_conv_bn,
    context_aggregation,
    conv_bn,
    conv_bn_act,
    depth_position,
    joint_probability,
    maxpooling2d,
    position,
    separable_act_conv_bn,
    upsampling2d,
    volume_confidence,
    volume_marginals,
)
from deephar.layers.frames import stable_dtype

OLD_WIDTH, WIDTH = 512, 576  # channels behind the stem


def submodel(
    x: keras.KerasTensor, make: Callable[[keras.KerasTensor], keras.KerasTensor], name: str
) -> keras.KerasTensor:
    """Apply `make`, a function from tensor to tensor, to `x` as a model of its own with the name `name`."""
    inputs = layers.Input(x.shape[1:], name="features")
    return keras.Model(inputs, make(inputs), name=name)(x)


def sepconv_residual(x: keras.KerasTensor, out_size: int, kernel_size: tuple[int, int], name: str) -> keras.KerasTensor:
    """Return a residual separable convolution (B, H, W, out_size), 1x1 on the shortcut where the width changes."""
    shortcut, size = x, x.shape[-1]
    if size != out_size:
        shortcut = act_conv_bn(x, out_size, (1, 1), name=f"{name}_shortcut")
    if out_size < size:
        x = act_conv_bn(x, out_size, (1, 1), name=f"{name}_reduce")
    x = separable_act_conv_bn(x, out_size, kernel_size, name=name)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def _stem_layers(x, old_model):
    x = conv_bn_act(x, 32, (3, 3), strides=(2, 2), name="conv1")
    if not old_model:
        x = conv_bn_act(x, 32, (3, 3), name="conv2")
    x = conv_bn_act(x, 64, (3, 3), name="conv3")
    narrow = conv_bn_act(x, 32 if old_model else 96, (3, 3), strides=(2, 2), name="down1")
    pooled = maxpooling2d(x, (3, 3), strides=(2, 2), name="down1_pool")
    x = layers.Concatenate(name="down1_concat")([narrow, pooled])

    short = conv_bn_act(x, 64, (1, 1), name="short1")
    short = conv_bn(short, 96, (3, 3), name="short2")
    wide = conv_bn_act(x, 64, (1, 1), name="wide1")
    wide = conv_bn_act(wide, 64, (5, 1), name="wide2")
    wide = conv_bn_act(wide, 64, (1, 5), name="wide3")
    wide = conv_bn(wide, 96, (3, 3), name="wide4")
    x = layers.Concatenate(name="wide_concat")([short, wide])

    narrow = act_conv_bn(x, 192, (3, 3), strides=(2, 2), name="down2")
    pooled = maxpooling2d(x, (2, 2), name="down2_pool")
    x = layers.Concatenate(name="down2_concat")([narrow, pooled])
    return x if old_model else sepconv_residual(x, WIDTH, (3, 3), "sepconv1")


def stem(x: keras.KerasTensor, old_model: bool = False) -> keras.KerasTensor:
    """Return features (B, H / 8, W / 8, 576) of images (B, H, W, 3); 512 maps in the first version of the network."""
    x = submodel(x, lambda inputs: _stem_layers(inputs, old_model), "Stem")
    return sepconv_residual(x, OLD_WIDTH, (3, 3), "sepconv1") if old_model else x


def _reception_layers(x, kernel_size):
    size, half = x.shape[-1], x.shape[-1] // 2
    level1 = sepconv_residual(x, size, kernel_size, "sepconv_l1")
    low = act_conv_bn(maxpooling2d(x, (2, 2), name="l2_pool"), half, (1, 1), name="low")
    low = sepconv_residual(low, half, kernel_size, "sepconv_l2_1")
    level2 = sepconv_residual(low, half, kernel_size, "sepconv_l2_2")
    level3 = maxpooling2d(low, (2, 2), name="l3_pool")
    for step in (1, 2, 3):
        level3 = sepconv_residual(level3, half, kernel_size, f"sepconv_l3_{step}")
    level2 = layers.Add(name="l2_add")([level2, upsampling2d(level3, (2, 2), name="l3_up")])
    level2 = sepconv_residual(level2, size, kernel_size, "sepconv_l2_3")
    return layers.Add(name="l1_add")([level1, upsampling2d(level2, (2, 2), name="l2_up")])


def reception_block(x: keras.KerasTensor, kernel_size: tuple[int, int], name: str) -> keras.KerasTensor:
    """Return the hourglass-like block on features (B, H, W, C), where H and W are multiples of 4; the shape stays."""
    return submodel(x, lambda inputs: _reception_layers(inputs, kernel_size), name)


def separable_block(x: keras.KerasTensor, kernel_size: tuple[int, int], name: str) -> keras.KerasTensor:
    """Return a relu, a separable convolution and a normalisation of features; the shape stays."""
    return submodel(x, lambda inputs: separable_act_conv_bn(inputs, x.shape[-1], kernel_size, name="sepconv"), name)


def map_block(x: keras.KerasTensor, num_maps: int, name: str) -> keras.KerasTensor:
    """Return raw heat maps (B, H, W, num_maps) of features (B, H, W, C)."""
    return submodel(x, lambda inputs: act_conv(inputs, num_maps, (1, 1), name="maps"), name)


def feedback_block(x: keras.KerasTensor, num_filters: int, name: str) -> keras.KerasTensor:
    """Return features (B, H, W, num_filters) of raw heat maps (B, H, W, J)."""
    return submodel(x, lambda inputs: act_conv_bn(inputs, num_filters, (1, 1), name="features_back"), name)


def pose_2d(
    h: keras.KerasTensor, num_joints: int, alpha: float, scale: float, name: str
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Return the pose (B, [T,] J, 2), its confidence (B, [T,] J, 1) and the joints' own maps, from raw maps.

    Args:
        h: tensor (B, [T,] H, W, J * (1 + N)). The maps of the joints, then N context maps of each joint in turn.
        num_joints: int. J, number of joints.
        alpha: float. See `ContextAggregation`.
        scale: float. Factor on the maps before the sigmoid of the probabilities.
        name: str. Prefix of the layers' names.
    """
    maps_name = f"{name}_probmaps"
    if h.shape[-1] == num_joints:
        return position(h, f"{name}_xy", maps_name), joint_probability(h, scale, name=f"{name}_probability"), h
    own = ChannelSlice(0, num_joints, name=f"{name}_own")(h)
    context = ChannelSlice(num_joints, name=f"{name}_context")(h)
    weight = joint_probability(context, scale, name=f"{name}_context_weight")
    own_xy = position(own, f"{name}_own_xy", maps_name)
    context_xy = position(context, f"{name}_context_xy", f"{name}_context_maps")
    pose = context_aggregation(own_xy, context_xy, weight, alpha, name=f"{name}_xy")
    return pose, joint_probability(own, scale, name=f"{name}_probability"), own


def pose_3d(
    h: keras.KerasTensor, depth_maps: int, scale: float, name: str
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Return the pose (B, [T,] J, 3), its confidence (B, [T,] J, 1) and the maps averaged over depth, from a volume.

    Args:
        h: tensor (B, [T,] H, W, D * J). The J maps of each depth in turn.
        depth_maps: int. D, number of depths.
        scale: float. Factor on the sum of the two maxima before the sigmoid.
        name: str. Prefix of the layers' names.
    """
    maps, depths = volume_marginals(h, depth_maps, name=f"{name}_marginals")
    xy, z = position(maps, f"{name}_xy", f"{name}_probmaps"), depth_position(depths, name=f"{name}_z")
    pose = layers.Concatenate(name=f"{name}_xyz", dtype=stable_dtype())([xy, z])
    return pose, volume_confidence(maps, depths, scale, name=f"{name}_probability"), maps


def frozen_kernels(model: keras.Model, name: str) -> list[tuple[str, tuple]]:
    """Return what old weight files hold as kernels and a pose named `name` computes here, for `legacy_layout`.

    One kernel of each kind serves all blocks: soft-argmax of the joints' maps (sSAM) and of their context maps (cSAM),
    the sum over context maps (Agg), expectation over depth (zSAM).
    """
    found = {layer.name: layer for layer in model.layers if layer.name.startswith(f"{name}_")}
    maps = found.get(f"{name}_own_xy", found.get(f"{name}_xy")).input.shape[1:]  # (H, W, J)
    groups = [("sSAM", ("softargmax", *maps))]
    if f"{name}_context_xy" in found:
        contexts = found[f"{name}_context_xy"].input.shape[1:]
        groups.append(("cSAM", ("softargmax", *contexts)))
        groups.append(("Agg", ("context", contexts[-1] // maps[-1], maps[-1])))
    if f"{name}_z" in found:
        groups.append(("zSAM", ("depth", *found[f"{name}_z"].input.shape[1:])))
    return groups
