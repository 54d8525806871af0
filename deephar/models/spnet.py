"""The Sequential Pyramid Network (SPNet): 2D or 3D poses in images, poses and actions in clips.

Luvizon, Picard and Tabia, "Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action Recognition",
TPAMI 2020, section 3 and figures 3 to 5. P pyramids in a row, alternately down and up through L resolutions, each with
L - 1 prediction blocks; blocks of the same resolution are linked sideways.

    level 0   stem ------------------------------> up2_pb0 ----------------------------> up4_pb0
    level 1     +--> dp1_pb1 ------------> up2_pb1 --> +--> dp3_pb1 ------------> up4_pb1 --> ...
    level 2            +--> dp1_pb2 --> up2_pb2               +--> dp3_pb2 --> up4_pb2
    level 3                   +--> dp1_pb3 --^                       +--> dp3_pb3 --^

A clip (B, T, H, W, C) is folded to images (B * T, H, W, C) right behind the input; the action part and the outputs
get time back. Layers of a clip model carry the names of the image model, and depend on the place only.
"""

from collections.abc import Sequence

import keras
from keras import layers

from deephar.config import ModelConfig
from deephar.layers import FoldFrames, StopGradient, downscaling_unit, residual_unit, upscaling_unit
from deephar.layers.losses import pose_regression_loss
from deephar.models.base import PoseModel
from deephar.models.legacy_order import legacy_order
from deephar.models.signature import InputSpec, Signature
from deephar.models.spnet_blocks import Predictions, entry_flow, prediction_block
from deephar.models.surgery import copy_replica_layers, set_trainable_layers, trainable_table

ACTION_PART = ("*action*",)  # in the names of all layers of the action part
FLOAT32_PART = ("*_heatmaps_conv1*", "*_depthmaps_conv1*")
MIN_POSE_FEATURES = 16  # the first of the convolutions on poses has a sixteenth of them


@keras.saving.register_keras_serializable(package="deephar")
class SPNet(PoseModel):
    """A whole SPNet or a part of one: a functional model that reads and writes old and new weight files."""

    def legacy_layout(self):
        """The layers of an old weight file in its order; see `legacy_order`."""
        return legacy_order(self)


class _Lateral:
    """What waits at each resolution: pose features, action features, visual features of the first visit."""

    def __init__(self, num_levels, stem):
        self.pose = [stem] + [None] * (num_levels - 1)
        self.action = [None] * num_levels
        self.visual = [stem] + [None] * (num_levels - 1)


def _add_lateral(x, lateral, name):
    return x if lateral is None else layers.Add(name=name)([x, lateral])


def _level(xp, xa, i, direction, lateral, predictions, cfg, do_action, pyramid):
    """Arrive at resolution `i` with pose and action features, link, predict, leave features for later pyramids."""
    unit = f"{pyramid}_{'du' if direction > 0 else 'uu'}{i}"
    rescale = downscaling_unit if direction > 0 else upscaling_unit
    xp = rescale(xp, cfg, xp.shape[-1] + direction * cfg.growth, name=unit)
    if lateral.visual[i] is None:
        lateral.visual[i] = xp
    xp = _add_lateral(xp, lateral.pose[i], f"{unit}_lateral")
    if do_action and xa is not None:
        xa = residual_unit(xa, (3, 3), name=f"{unit}_action_r0")
        xa = _add_lateral(xa, lateral.action[i], f"{unit}_action_lateral")
    zp = lateral.visual[i]
    xp, xa = prediction_block(xp, xa, zp, predictions, cfg, do_action, f"{pyramid}_pb{i}")
    lateral.pose[i], lateral.action[i] = xp, xa
    return xp, xa


def _pyramid(number, lateral, predictions, cfg):
    """Pyramid `number` (from 1): odd ones go down from level 0, even ones up from the lowest level."""
    do_action = bool(cfg.num_actions) and number in cfg.action_pyramids
    down = number % 2 == 1
    start = 0 if down else cfg.num_levels - 1
    levels = range(1, cfg.num_levels) if down else range(cfg.num_levels - 2, -1, -1)
    xp, xa = lateral.pose[start], lateral.action[start]
    for i in levels:
        direction = 1 if down else -1
        name = f"{'dp' if down else 'up'}{number}"
        xp, xa = _level(xp, xa, i, direction, lateral, predictions, cfg, do_action, name)


def _check_config(cfg):
    if not isinstance(cfg, ModelConfig):
        raise TypeError(f"`cfg` should be a ModelConfig. Received: {type(cfg).__name__}")
    cfg.check()
    if cfg.num_actions and cfg.num_frames is None:
        raise ValueError(
            "`cfg.input_shape` should be a clip (T, H, W, C) when `cfg.num_actions` is not empty. "
            f"Received: {cfg.input_shape}"
        )
    if cfg.num_actions and not cfg.pose_replica and (cfg.dbg_decoupled_pose or cfg.dbg_decoupled_h):
        raise ValueError("`cfg.dbg_decoupled_pose` and `cfg.dbg_decoupled_h` need `pose_replica`. Received: False")
    if cfg.num_actions and cfg.num_pose_features < MIN_POSE_FEATURES:
        raise ValueError(
            f"`cfg.num_pose_features` should be at least {MIN_POSE_FEATURES} for actions. "
            f"Received: {cfg.num_pose_features}"
        )
    smallest = [n // (cfg.image_div * 2 ** (cfg.num_levels - 1)) for n in cfg.input_shape[-3:-1]]
    if min(smallest) < 2:
        raise ValueError(
            "`cfg.input_shape` should leave at least 2 rows and columns at the lowest level. "
            f"Received: {cfg.input_shape}, {smallest[0]} x {smallest[1]} there"
        )


def build(cfg: ModelConfig, stop_grad_stem: bool = False) -> SPNet:
    """Build an SPNet with fresh weights, not compiled; `cfg` is left as it is.

    Args:
        cfg: `ModelConfig`. `predict_rootz` has no effect on this architecture; `dbg_decoupled_h` without
            `dbg_decoupled_pose` adds the decoupled probability maps only.
        stop_grad_stem: whether the entry flow is frozen.

    Returns:
        A functional model `SPNet`. Input: `cfg.input_shape`, RGB in [-1, 1]. Outputs, a flat list: all poses in order
        of computation (B, [T,] J, dim + 1), coordinates normalised to the input, last the joint confidence; all actions
        (B, A), probabilities, block by block and in each block one for every entry of `cfg.num_actions`; with
        `dbg_decoupled_pose` the poses that the action part sees (B, T, J, 3), x, y, confidence, and their probability
        maps (B, T, H, W, J).

    Raises:
        TypeError: `cfg` is no `ModelConfig`.
        ValueError: images with actions, decoupled outputs without replica, or an input too small.
    """
    _check_config(cfg)
    inputs = layers.Input(cfg.input_shape, name="frame")
    x = inputs if cfg.num_frames is None else FoldFrames(name="fold_frames")(inputs)  # (B * T, H, W, C)
    x = entry_flow(x, cfg)
    if stop_grad_stem:
        x = StopGradient(name="stop_grad_stem")(x)

    lateral = _Lateral(cfg.num_levels, x)
    predictions = Predictions()
    for number in range(1, cfg.num_pyramids + 1):
        _pyramid(number, lateral, predictions, cfg)
    outputs, specs = predictions.as_lists()
    model = SPNet(inputs, list(outputs), name="SPNet")
    action_part = ACTION_PART if cfg.num_actions else ()
    model.signature = Signature([InputSpec.for_shape(cfg.input_shape)], specs, action_part, FLOAT32_PART)
    return model


def get_num_predictions(num_pyramids: int, num_levels: int) -> int:
    """How many prediction blocks `num_pyramids` pyramids of `num_levels` resolutions have."""
    return num_pyramids * (num_levels - 1)


def _split_outputs(outputs, num_poses, num_actions, num_sets, interlaced):
    if not interlaced:
        return outputs[:num_poses], outputs[num_poses : num_poses + num_actions]
    poses, actions, rest = [], [], list(outputs)
    for _ in range(num_poses):
        poses.append(rest.pop(0))
        if len(actions) < num_actions:
            actions += [rest.pop(0) for _ in range(num_sets)]
    return poses, actions


def split_model(
    full_model: keras.Model,
    cfg: ModelConfig,
    interlaced: bool = False,
    model_names: Sequence[str | None] = (None, None),
) -> list[PoseModel]:
    """A pose model and an action model on the layers of `full_model`, sharing its weights.

    Args:
        full_model: built from `cfg`; its debug outputs, if any, are in neither part.
        interlaced: whether each pose output is followed by the action outputs of its block.
        model_names: names of the two.

    Returns:
        [pose model, action model].

    Raises:
        ValueError: the model has other outputs than `cfg` says, or no action outputs.
    """
    num_poses = get_num_predictions(cfg.num_pyramids, cfg.num_levels)
    num_blocks = get_num_predictions(len(cfg.action_pyramids), cfg.num_levels)
    num_actions = num_blocks * len(cfg.num_actions)
    if num_actions == 0:
        raise ValueError("`cfg` should have actions: this is a pose only model. Received: num_actions=[]")
    num_debug = num_blocks * (2 if cfg.dbg_decoupled_pose else int(cfg.dbg_decoupled_h))
    expected = num_poses + num_actions + num_debug
    if len(full_model.outputs) != expected:
        raise ValueError(
            f"`full_model` should have {expected} outputs to fit `cfg` ({num_poses} poses, {num_actions} actions). "
            f"Received: {len(full_model.outputs)}"
        )
    parts = _split_outputs(range(expected), num_poses, num_actions, len(cfg.num_actions), interlaced)
    return [full_model.part(indices, name) for indices, name in zip(parts, model_names, strict=True)]


def _twin(optimizer):
    """Return an optimizer with the settings of another one, its own state, and the other's learning rate variable."""
    twin = optimizer.__class__.from_config(optimizer.get_config())
    own, shared = twin._learning_rate, optimizer._learning_rate  # Keras has no public way to share it
    if isinstance(shared, keras.Variable):
        twin._untrack_variable(own)
        twin._learning_rate = shared
    return twin


def compile_split_models(
    full_model: keras.Model,
    cfg: ModelConfig,
    optimizer: str | keras.optimizers.Optimizer,
    pose_trainable: bool = False,
    copy_replica: bool = False,
    ar_loss_weights: float | Sequence[float] = 0.01,
    interlaced: bool = False,
    verbose: int = 0,
) -> list[PoseModel]:
    """Split `full_model` and compile both parts for alternating training (section 4.2.3 of the paper).

    Args:
        optimizer: of the pose model; the action model gets its own with the same settings. Both read one learning rate:
            `optimizer.learning_rate.assign(rate)` changes it for both.
        pose_trainable: whether layers without "action" in their name are trainable; the others keep their state.
        copy_replica: whether to start the decoupled poses from the poses (`copy_replica_layers`).
        ar_loss_weights: weight of every action output; poses weigh 1.
        interlaced: see `split_model`.
        verbose: 1 prints which layers are trainable.

    Returns:
        [pose model, action model].
    """
    if copy_replica:
        copy_replica_layers(full_model)
    pose_model, action_model = split_model(full_model, cfg, interlaced, ["Pose", "Action"])
    set_trainable_layers(full_model, "action", None, pose_trainable)

    optimizer = keras.optimizers.get(optimizer)
    twin = _twin(optimizer)
    num_poses, num_actions = len(pose_model.outputs), len(action_model.outputs)
    pose_loss = pose_regression_loss("l1l2bincross", 0.01)
    pose_model.compile(optimizer, loss=[pose_loss] * num_poses, loss_weights=[1.0] * num_poses)
    action_model.compile(
        twin, loss=["categorical_crossentropy"] * num_actions, loss_weights=[ar_loss_weights] * num_actions
    )
    if verbose:
        for model in (pose_model, action_model):
            print(trainable_table(model))
    return [pose_model, action_model]
