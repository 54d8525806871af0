"""The pose part of the SPNet: entry flow and prediction block.

Luvizon, Picard and Tabia, "Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action Recognition",
TPAMI 2020, sections 3.1 and 3.2, figures 4 and 5. One prediction block:

    xp -- r1 --+-- bn1, act1, conv1 --+-- bn2 --+-- heatmaps: conv1 --> probability maps --> x, y, confidence
               |                      |         |      +-- fw_maps, conv2 --+
               |                      |         +-- depthmaps: conv1 --> z  |
               |                      |                +-- conv2 -----------+
               +----------------------+-------------------------------------+--> add --> xp of the next block

With `pose_replica` a second set of maps (`*_conv1_replica`) feeds only the action part, so that learning actions does
not disturb the poses (section 4.2.3).

In a clip model everything here sees (B * T, H, W, C); time comes back in what leaves for the outputs and the actions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import keras
from keras import layers

from deephar.config import ModelConfig
from deephar.layers import (
    ChannelSoftmax2D,
    UnfoldFrames,
    batch_norm,
    conv2d,
    depth_expectation,
    keypoint_confidence,
    kronecker_prod,
    maxpooling2d,
    relu,
    residual_unit,
    sepconv2d,
    softargmax2d,
    window_confidence,
)
from deephar.layers.frames import stable_dtype
from deephar.models.signature import OutputSpec
from deephar.models.spnet_action import action_block
from deephar.utils.labels import default_labels

CONFIDENCE_SHARE = 0.5  # of the window, in which a pose's confidence is the mass of its map


@dataclass
class Predictions:
    """What the blocks of one model have predicted so far: lists of (tensor, `OutputSpec`), in order of computation."""

    poses: list[tuple[keras.KerasTensor, OutputSpec]] = field(default_factory=list)  # (B, [T,] J, dim + 1)
    actions: list[tuple[keras.KerasTensor, OutputSpec]] = field(
        default_factory=list
    )  # (B, A), block by block, one for every set
    decoupled_poses: list[tuple[keras.KerasTensor, OutputSpec]] = field(default_factory=list)  # (B, [T,] J, 3)
    decoupled_maps: list[tuple[keras.KerasTensor, OutputSpec]] = field(default_factory=list)  # (B, [T,] H, W, J)
    num_action_blocks: int = 0

    def as_lists(self) -> Iterator[tuple]:
        """Return the outputs of the model and their specs, two tuples in one order."""
        return zip(*self.poses, *self.actions, *self.decoupled_poses, *self.decoupled_maps, strict=True)


def entry_flow(x: keras.KerasTensor, cfg: ModelConfig) -> keras.KerasTensor:
    """Return features (B, H / image_div, W / image_div, growth * log2(image_div)) of images (B, H, W, 3)."""
    growth = cfg.growth
    x = conv2d(x, 64, (7, 7), strides=(2, 2), name="conv1")
    x = residual_unit(x, (3, 3), out_size=growth, convtype="normal", name="res0")
    x = maxpooling2d(x, (3, 3), strides=(2, 2), name="res0_pool")
    x = residual_unit(x, (3, 3), out_size=2 * growth, convtype="normal", name="res1")
    x = residual_unit(x, (3, 3), out_size=2 * growth, convtype="normal", name="res2")

    pooled = cfg.downsampling_type == "maxpooling"
    for step in range(cfg.image_div.bit_length() - 3):  # down from 4 to image_div
        if pooled:
            x = maxpooling2d(x, (2, 2), name=f"res{2 * step + 2}_pool")
        size = {"out_size": (3 + step) * growth, "convtype": "normal"}
        x = residual_unit(x, (3, 3), (1, 1) if pooled else (2, 2), name=f"res{2 * step + 3}", **size)
        x = residual_unit(x, (3, 3), name=f"res{2 * step + 4}", **size)
    return x


def prediction_branch(
    x: keras.KerasTensor, num_maps: int, replica: bool, forward_maps: bool, name: str
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor | None]:
    """Predict one kind of maps (heat maps or depth maps), and lead them back into the trunk.

    Args:
        x: tensor. Features (B, H, W, C).
        num_maps: int. J, number of joints.
        replica: bool. Whether to make a second set of maps for the action part.
        forward_maps: bool. Whether J free maps go back beside the predicted ones, both through a relu.
        name: str. Prefix of the layers' names.

    Returns:
        (features for the trunk (B, H, W, C), maps (B, H, W, J), replica maps or None).
    """
    num_features = x.shape[-1]
    x = relu(x, name=f"{name}_act1")
    maps = conv2d(x, num_maps, (1, 1), name=f"{name}_conv1")
    replica_maps = conv2d(x, num_maps, (1, 1), name=f"{name}_conv1_replica") if replica else None
    back = maps
    if forward_maps:
        free_maps = conv2d(x, num_maps, (1, 1), name=f"{name}_fw_maps")
        back = layers.Concatenate(name=f"{name}_concat")([free_maps, maps])  # (B, H, W, 2 J)
        back = relu(back, name=f"{name}_act2")
    return conv2d(back, num_features, (1, 1), name=f"{name}_conv2"), maps, replica_maps


def pose_from_maps(
    heatmaps: keras.KerasTensor,
    depthmaps: keras.KerasTensor | None,
    cfg: ModelConfig,
    names: Mapping[str, str],
    for_action: bool = False,
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Return probability maps (B, H, W, J), pose (B, J, dim) and confidence (B, J, 1) of raw maps.

    Args:
        heatmaps: tensor (B, H, W, J).
        depthmaps: tensor (B, H, W, J), or None for 2D poses.
        cfg: `ModelConfig`.
        names: dict. Names of the layers: maps, xy, xyz, vis.
        for_action: bool. The action part reads the paper's confidence, the largest mass in a 2 x 2 window, always.
    """
    maps = ChannelSoftmax2D(cfg.sam_alpha, name=names["maps"])(heatmaps)  # (B, H, W, J)
    pose = xy = softargmax2d(maps, window=cfg.xy_window, name=names["xy"])
    if depthmaps is not None:
        z = depth_expectation(depthmaps, maps, name=names["xyz"] + "_z")
        pose = layers.Concatenate(name=names["xyz"], dtype=stable_dtype())([pose, z])  # (B, J, 3)
    if cfg.xy_window is None or for_action:
        return maps, pose, keypoint_confidence(maps, name=names["vis"])
    return maps, pose, window_confidence(maps, xy, CONFIDENCE_SHARE * cfg.xy_window, name=names["vis"])


def _unfold(x, cfg, name):
    """Time comes back in a clip model: (B * T, ...) -> (B, T, ...)."""
    return x if cfg.num_frames is None else UnfoldFrames(cfg.num_frames, name=name)(x)


def _pose_output(pose, confidence, cfg, name):
    """The pose output (B, [T,] J, dim + 1); the last layer carries the block's name."""
    inner = name if cfg.num_frames is None else f"{name}_frames"
    output = layers.Concatenate(name=inner, dtype=stable_dtype())([pose, confidence])
    return _unfold(output, cfg, name)


def _decoupled_outputs(heatmaps, predictions, cfg, name):
    """The poses (x, y, confidence) and the probability maps that the action part sees, for debugging."""
    names = {"maps": f"{name}_dbg_h", "xy": f"{name}_dbg_xy", "vis": f"{name}_dbg_vis"}
    if cfg.num_frames is not None:
        names["maps"] += "_frames"
    maps, pose, confidence = pose_from_maps(heatmaps, None, cfg, names)
    if cfg.dbg_decoupled_pose:
        output = _pose_output(pose, confidence, cfg, f"{name}_dbg")
        predictions.decoupled_poses.append((output, OutputSpec("features", name)))
    predictions.decoupled_maps.append((_unfold(maps, cfg, f"{name}_dbg_h"), OutputSpec("features", name)))


def _action_predictions(xa, zp, heatmaps, depthmaps, predictions, cfg):
    """Poses and appearance features of one block, with time again, into the action block."""
    predictions.num_action_blocks += 1
    name = f"act{predictions.num_action_blocks}"
    names = {"maps": f"{name}_probmaps2", "xy": f"{name}_xy2", "xyz": f"{name}_xyz2", "vis": f"{name}_vis2"}
    maps, pose, confidence = pose_from_maps(heatmaps, depthmaps, cfg, names, for_action=True)
    appearance = kronecker_prod(maps, zp, name=f"{name}_kron")  # (B * T, J, F)
    pose = _unfold(pose, cfg, f"{name}_pose_clip")  # (B, T, J, dim)
    confidence = _unfold(confidence, cfg, f"{name}_vis_clip")  # (B, T, J, 1)
    appearance = _unfold(appearance, cfg, f"{name}_kron_clip")  # (B, T, J, F)
    actions, xa = action_block(xa, pose, confidence, appearance, cfg, name)
    specs = [OutputSpec("action", name, labels=default_labels(count)) for count in cfg.num_actions]
    predictions.actions += zip(actions, specs, strict=True)
    return xa


def prediction_block(
    xp: keras.KerasTensor,
    xa: keras.KerasTensor | None,
    zp: keras.KerasTensor,
    predictions: Predictions,
    cfg: ModelConfig,
    do_action: bool,
    name: str,
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Predict poses and, with `do_action`, actions, and hand features on.

    Args:
        xp: tensor. Pose features (B, H, W, C).
        xa: tensor or None. Action features (B, T', J', F) of the block before; None for the first.
        zp: tensor. Visual features (B, H, W, C) of this resolution from the first pyramid.
        predictions: `Predictions`, to which this block's are added.
        name: str. The block's name, `dp1_pb1` and so on.

    Returns:
        (pose features, action features) for the next block.
    """
    replica = cfg.pose_replica and do_action
    num_features = xp.shape[-1]
    xp = residual_unit(xp, cfg.kernel_size, name=f"{name}_r1")
    reinject = [xp]
    xp = relu(batch_norm(xp, name=f"{name}_bn1"), name=f"{name}_act1")
    xp = sepconv2d(xp, num_features, cfg.kernel_size, name=f"{name}_conv1")
    reinject.append(xp)
    xp = batch_norm(xp, name=f"{name}_bn2")

    back, heatmaps, action_heatmaps = prediction_branch(xp, cfg.num_joints, replica, True, f"{name}_heatmaps")
    reinject.append(back)
    depthmaps = action_depthmaps = None
    if cfg.dim == 3:
        back, depthmaps, action_depthmaps = prediction_branch(xp, cfg.num_joints, replica, False, f"{name}_depthmaps")
        reinject.append(back)

    names = {"maps": f"{name}_probmaps", "xy": f"{name}_xy", "xyz": f"{name}_xyz", "vis": f"{name}_vis"}
    _, pose, confidence = pose_from_maps(heatmaps, depthmaps, cfg, names)
    spec = OutputSpec("pose", name, layout=cfg.poselayout, maps_layer=names["maps"])
    predictions.poses.append((_pose_output(pose, confidence, cfg, name), spec))
    if do_action:
        seen = (action_heatmaps, action_depthmaps) if replica else (heatmaps, depthmaps)
        xa = _action_predictions(xa, zp, *seen, predictions, cfg)
    if replica and (cfg.dbg_decoupled_pose or cfg.dbg_decoupled_h):
        _decoupled_outputs(action_heatmaps, predictions, cfg, name)
    return layers.Add(name=f"{name}_reinject")(reinject), xa
