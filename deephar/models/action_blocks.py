"""The parts of the CVPR'18 action networks: what reads poses, what reads appearance, and the prediction block.

Luvizon, Picard and Tabia, "2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning", CVPR 2018,
section 4. Poses and appearance are laid out as images with time for rows and joints for columns. K prediction blocks
in a row, each with action heat maps that go back into the features:

    x --+-- 1x1 -- 3x3 --+--> add --+-- 3x3 --+-- max-min pool -- 3x3 --> action heat maps --+
        +----------------+          |         |                 upsample -- 3x3 <------------+
                                    +---------+----> add <------------+
                                                      |
                                                    next block (the last one ends with its heat maps)

The order in which layers are made matters: original weight files list them in the order of this graph.
"""

import keras
from keras import layers

from deephar.layers import (
    act_conv,
    act_conv_bn,
    conv_bn,
    conv_bn_act,
    global_max_min_pooling,
    max_min_pooling,
    maxpooling2d,
    upsampling2d,
)
from deephar.layers.frames import stable_dtype

NUM_BLOCKS = 4  # prediction blocks of a network in the paper
NUM_VISUAL_FEATURES = 256
# Channels of the three first convolutions, of the two wide ones, and inside the second of these.
POSE_CHANNELS = {"v1": ((8, 16, 24), 56, 32), "v2": ((12, 24, 36), 112, 64)}
POSE_KERNELS = ((3, 1), (3, 3), (3, 5))  # frames x joints


def check_version(version: str) -> None:
    """Raise ValueError unless `version` names a pose network."""
    if version not in POSE_CHANNELS:
        raise ValueError(f"`network_version` should be one of {tuple(POSE_CHANNELS)}. Received: {version!r}")


def check_grid(num_frames: int | None, num_joints: int | None) -> None:
    """Raise ValueError unless frames and joints can be halved twice and doubled again; None passes."""
    for name, size in (("num_frames", num_frames), ("num_joints", num_joints)):
        if size is not None and (size < 4 or size % 4):
            raise ValueError(f"`{name}` should be a multiple of 4: it is halved twice. Received: {size}")


def action_top(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Return the probabilities (B, A) of action heat maps (B, T', J', A)."""
    x = global_max_min_pooling(x, name=f"{name}_maxmin")  # (B, A)
    return layers.Activation("softmax", dtype=stable_dtype(), name=name)(x)


def pose_entry(pose: keras.KerasTensor, confidence: keras.KerasTensor, version: str) -> keras.KerasTensor:
    """Return features (B, T / 2, J / 2, F) of poses (B, T, J, D).

    Joints are weighted by their confidence (B, T, J, 1), so that absent ones fade out.
    """
    first, wide, narrow = POSE_CHANNELS[version]
    x = layers.Multiply(name="masked_pose")([pose, confidence])  # (B, T, J, D)
    branches = [
        conv_bn_act(x, filters, kernel, name=f"entry{letter}")
        for letter, filters, kernel in zip("abc", first, POSE_KERNELS, strict=True)
    ]
    x = layers.Concatenate(name="entry_concat")(branches)
    direct = conv_bn(x, wide, (3, 3), name="wide_a")
    x = conv_bn(x, narrow, (1, 1), name="wide_b0")
    x = conv_bn(x, wide, (3, 3), name="wide_b1")
    x = layers.Concatenate(name="wide_concat")([direct, x])
    return max_min_pooling(x, (2, 2), name="wide_maxmin")


def visual_entry(appearance: keras.KerasTensor) -> keras.KerasTensor:
    """Return features (B, T / 2, J / 2, 256) of the appearance (B, T, J, F) at the joints."""
    x = conv_bn(appearance, NUM_VISUAL_FEATURES, (1, 1), name="entry")
    return maxpooling2d(x, (2, 2), name="entry_pool")


def prediction_block(
    x: keras.KerasTensor, num_actions: int, name: str, last: bool = False
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Return the action heat maps (B, T / 2, J / 2, A) of features (B, T, J, F), and the features for the next block.

    The last block has no features for a next one: they are None.
    """
    num_features = x.shape[-1]
    trunk = x
    x = act_conv_bn(x, num_features // 2, (1, 1), name=f"{name}_r1")
    x = act_conv_bn(x, num_features, (3, 3), name=f"{name}_r2")
    trunk = layers.Add(name=f"{name}_radd")([trunk, x])
    inner = act_conv_bn(trunk, num_features, (3, 3), name=f"{name}_inner")
    x = max_min_pooling(inner, (2, 2), name=f"{name}_maxmin")
    heatmaps = act_conv(x, num_actions, (3, 3), name=f"{name}_heatmaps")
    if last:
        return heatmaps, None
    x = upsampling2d(heatmaps, (2, 2), name=f"{name}_up")
    x = act_conv_bn(x, num_features, (3, 3), name=f"{name}_back")
    return heatmaps, layers.Add(name=f"{name}_add")([trunk, inner, x])


def prediction_blocks(x: keras.KerasTensor, num_actions: int, include_top: bool) -> list[keras.KerasTensor]:
    """Return the outputs of the four blocks: probabilities (B, A), or without the top heat maps (B, T', J', A)."""
    outputs = []
    for number in range(1, NUM_BLOCKS + 1):
        heatmaps, x = prediction_block(x, num_actions, f"block{number}", last=number == NUM_BLOCKS)
        outputs.append(action_top(heatmaps, f"y{number}") if include_top else heatmaps)
    return outputs
