"""The action part of the SPNet: what one prediction block says about the action in a clip.

Luvizon, Picard and Tabia, TPAMI 2020, section 3.3. Poses and appearance features are laid out as images with time
for rows and joints for columns:

    pose * confidence (B, T, J, dim) -- three convolutions, r1 -- pad, pool --+
    appearance        (B, T, J, F) ---- 1x1 convolution --------- pad, pool --+-- r2 --> pred --> next block
    action features of the block before (B, T', J', F) -----------------------+

    pred: x -- conv1 --+-- max-min pool -- one head for each set of actions --+--> softmax of global max-min --> action
          |            |                                                      +-- upsample -- conv3 --+
          +------------+------------------------------------------------------------------------------+--> add
"""

from keras import layers

from deephar.layers import (
    batch_norm,
    conv2d,
    global_max_min_pooling,
    max_min_pooling,
    maxpooling2d,
    relu,
    residual_unit,
    upsampling2d,
)
from deephar.layers.frames import stable_dtype

LONG_CLIP = 16  # frames from which time is halved by the first pooling


def _padding(size, multiple):
    """Cells before and after, the rest after, that bring `size` up to a multiple."""
    missing = -size % multiple
    return missing // 2, missing - missing // 2


def _pad_and_pool(x, name):
    """Zero padding to what the later poolings need, then 2x2 max pooling: (B, T, J, F) -> (B, T', J', F).

    J' is half of J rounded up to a multiple of four; T' is T rounded up to even, from 16 frames on half of T rounded
    up to a multiple of four.
    """
    num_frames, num_joints = x.shape[1:3]
    time_stride = 2 if num_frames >= LONG_CLIP else 1
    padding = (_padding(num_frames, 2 * time_stride), _padding(num_joints, 4))
    if any(map(any, padding)):
        x = layers.ZeroPadding2D(padding, data_format="channels_last", name=f"{name}_pad")(x)
    return maxpooling2d(x, (2, 2), strides=(time_stride, 2), name=f"{name}_pool")  # (B, T', J', F)


def _pose_features(pose, confidence, num_features, name):
    """Poses, absent joints faded out, through convolutions of one, three and five joints: (B, T, J, num_features)."""
    x = layers.Multiply(name=f"{name}_masked_pose")([pose, confidence])  # (B, T, J, dim)
    x = layers.Concatenate(name=f"{name}_p_concat")(
        [
            conv2d(x, num_features // 16, (3, 1), name=f"{name}_p_conv0a"),
            conv2d(x, num_features // 8, (3, 3), name=f"{name}_p_conv0b"),
            conv2d(x, num_features // 4, (3, 5), name=f"{name}_p_conv0c"),
        ]
    )
    return residual_unit(x, (3, 3), out_size=num_features, convtype="normal", features_div=2, name=f"{name}_r1")


def _prediction(x, num_actions, name, output_name):
    """Action probabilities [(B, A), ...], one for each set of actions, and the features that go on (B, T', J', F)."""
    num_features = x.shape[-1]
    trunk = x
    x = relu(batch_norm(x, name=f"{name}_bn1"), name=f"{name}_act1")
    inner = conv2d(x, num_features, (3, 3), name=f"{name}_conv1")
    x = max_min_pooling(inner, (2, 2), name=f"{name}_maxmin")  # (B, T' / 2, J' / 2, F)
    x = relu(batch_norm(x, name=f"{name}_bn2"), name=f"{name}_act2")
    heads = [conv2d(x, n, (3, 3), name=f"{name}_conv2h{i}") for i, n in enumerate(num_actions)]

    actions = []
    for i, head in enumerate(heads):
        scores = global_max_min_pooling(head, name=f"{output_name}{i}_maxmin")  # (B, A)
        actions.append(layers.Activation("softmax", dtype=stable_dtype(), name=f"{output_name}{i}")(scores))

    x = layers.Concatenate(name=f"{name}_heads")(heads) if len(heads) > 1 else heads[0]
    x = upsampling2d(x, (2, 2), name=f"{name}_up")  # (B, T', J', A)
    x = conv2d(relu(x, name=f"{name}_act3"), num_features, (3, 3), name=f"{name}_conv3")
    return actions, layers.Add(name=f"{name}_add")([trunk, inner, x])


def action_block(xa, pose, confidence, appearance, cfg, name):
    """Actions from the poses and appearance of one prediction block.

    Args:
        xa: action features (B, T', J', F) of the block before, or None in the first.
        pose: (B, T, J, dim) in [0, 1].
        confidence: (B, T, J, 1) in [0, 1].
        appearance: visual features at the joints (B, T, J, C).
        cfg: `ModelConfig`; num_actions, num_pose_features and num_visual_features are read.
        name: `act1` and so on; outputs are named `act1_ac_a0`, `act1_ac_a1`, ..., one for each set of actions.

    Returns:
        (list of action probabilities (B, A), action features (B, T', J', F) for the next block).
    """
    part = f"{name}_action"
    x = _pose_features(pose, confidence, cfg.num_pose_features, part)
    fusion = [_pad_and_pool(x, f"{part}_p")]
    x = conv2d(appearance, cfg.num_visual_features, (1, 1), name=f"{part}_v_conv0")
    fusion.append(_pad_and_pool(x, f"{part}_v"))
    if xa is not None:
        fusion.append(xa)
    x = layers.Concatenate(name=f"{part}_fusion")(fusion)
    num_features = max(cfg.num_pose_features, cfg.num_visual_features)
    x = residual_unit(x, (3, 3), out_size=num_features, convtype="normal", features_div=4, name=f"{part}_r2")
    return _prediction(x, cfg.num_actions, f"{part}_pred", f"{name}_ac_a")
