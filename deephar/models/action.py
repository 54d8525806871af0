"""The action networks of CVPR 2018: from poses, from appearance, and both merged on top of a ReceptionNet.

Luvizon, Picard and Tabia, "2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning", CVPR 2018,
section 4. The merged network of a clip (B, T, H, W, 3):

    frames -- td_Stem -- td_rBlock1 --+-- td_Model1 --> raw maps --+-- pose, confidence --> PoseAR ------> p1 .. p4
                                      |                            +-- probability maps --+
                                      +-- features ------------------ appearance at joints --> GuidedVisAR -> v1 .. v4

PoseAR and GuidedVisAR have four prediction blocks each, all of which give probabilities of the actions; the output `m`
adds the action heat maps of the last block of both, each behind a trainable 1x1 weighting. In the paper poses are
trained first, then PoseAR and GuidedVisAR on frozen poses, then everything.

Other than in the ReceptionNet the probability of a joint is the sigmoid of 4 times the raw map's maximum in 2D, and of
twice the sum of the two maxima in 3D.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from deephar.layers import (
    ContextAggregation,
    FoldFrames,
    UnfoldFrames,
    act_channel_softmax,
    joint_probability,
    kronecker_prod,
)
from deephar.layers.losses import elasticnet_loss_on_valid_joints
from deephar.models.action_blocks import (
    action_top,
    check_grid,
    check_version,
    pose_entry,
    prediction_blocks,
    visual_entry,
)
from deephar.models.base import PoseModel
from deephar.models.reception_blocks import frozen_kernels, pose_2d, pose_3d
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.models.surgery import compile_model
from deephar.utils.labels import default_labels
from deephar.utils.pose import usual_layout

POSE_NAME, VISUAL_NAME = "PoseAR", "GuidedVisAR"
ACTION_PART = ("*AR*",)  # in the names of all layers of the action part
FLOAT32_PART = ("*RegMap*",)
PROBABILITY_SCALE = {2: 4.0, 3: 2.0}  # of the raw maps (2D), of the sum of two maxima (3D)


@keras.saving.register_keras_serializable(package="deephar")
class ActionNet(PoseModel):
    """A functional model that reads and writes old and new weight files; made by the builders here."""

    def legacy_layout(self):
        """The groups of an old weight file in its order: [(layer, what it holds that is computed here, or None)]."""
        groups = [(layer.name, None) for layer in self.layers if layer.weights]
        place = [name for name, _ in groups].index("td_Model1") + 1 if ("td_Model1", None) in groups else None
        return groups if place is None else groups[:place] + frozen_kernels(self, "pose") + groups[place:]


def _check_actions(num_actions):
    if isinstance(num_actions, bool) or not isinstance(num_actions, int) or num_actions < 2:
        raise ValueError(f"`num_actions` should be a whole number of at least 2. Received: {num_actions!r}")


def build_pose_model(
    num_joints: int,
    num_actions: int,
    num_temp_frames: int | None = None,
    pose_dim: int = 2,
    name: str | None = None,
    include_top: bool = True,
    network_version: str = "v1",
) -> ActionNet:
    """Build the network that tells actions from poses, with fresh weights, not compiled.

    Args:
        num_joints: J, a multiple of 4.
        num_actions: A.
        num_temp_frames: T, a multiple of 4; None for any.
        pose_dim: D, coordinates of a joint.
        name: of the model; `PoseAR` by default.
        include_top: outputs are probabilities (B, A) named y1 to y4; else action heat maps (B, T / 4, J / 4, A).
        network_version: "v1" (112 features, Penn Action) or "v2" (224, NTU).

    Returns:
        A functional model of two inputs, poses (B, T, J, D) in [0, 1] and confidences (B, T, J, 1) in [0, 1], and four
        outputs, one a prediction block.

    Raises:
        ValueError: an argument out of its range.
    """
    check_version(network_version)
    check_grid(num_temp_frames, num_joints)
    _check_actions(num_actions)
    pose = layers.Input((num_temp_frames, num_joints, pose_dim), name="pose")
    confidence = layers.Input((num_temp_frames, num_joints, 1), name="confidence")
    x = pose_entry(pose, confidence, network_version)
    model = ActionNet([pose, confidence], prediction_blocks(x, num_actions, include_top), name=name or POSE_NAME)
    inputs = [
        InputSpec("pose", (num_temp_frames, num_joints), pose_dim, kind="features"),
        InputSpec("confidence", (num_temp_frames, num_joints), 1, kind="features"),
    ]
    model.signature = _action_signature(model, num_actions, include_top, inputs)
    return model


def build_visual_model(
    num_joints: int,
    num_actions: int,
    num_features: int,
    num_temp_frames: int | None = None,
    name: str | None = None,
    include_top: bool = True,
) -> ActionNet:
    """Build the network that tells actions from appearance, with fresh weights, not compiled.

    Args:
        num_features: F, visual features at a joint.
        num_joints, num_actions, num_temp_frames, include_top: as `build_pose_model`.
        name: of the model; `GuidedVisAR` by default.

    Returns:
        A functional model of one input, appearance features (B, T, J, F), and four outputs, one a prediction block.

    Raises:
        ValueError: an argument out of its range.
    """
    check_grid(num_temp_frames, num_joints)
    _check_actions(num_actions)
    appearance = layers.Input((num_temp_frames, num_joints, num_features), name="appearance")
    outputs = prediction_blocks(visual_entry(appearance), num_actions, include_top)
    model = ActionNet(appearance, outputs, name=name or VISUAL_NAME)
    inputs = [InputSpec("appearance", (num_temp_frames, num_joints), num_features, kind="features")]
    model.signature = _action_signature(model, num_actions, include_top, inputs)
    return model


def _action_signature(model, num_actions, include_top, inputs):
    """Signature of a network of actions alone: probabilities, or without its top action heat maps; all is trained."""
    labels, kind = (default_labels(num_actions), "action") if include_top else ((), "features")
    specs = [OutputSpec(kind, f"y{k + 1}", labels=labels) for k in range(len(model.outputs))]
    return Signature(inputs, specs, ("*",))


def _frame_models(model_pe, num_blocks, trainable):
    """The pose network in three parts, on its very layers: stem, first block, everything up to the last raw maps.

    Raises:
        ValueError: the network has fewer blocks.
    """
    names = {layer.name for layer in model_pe.layers}
    available = sum(f"RegMap{n}" in names for n in range(1, len(names)))
    if not 1 <= num_blocks <= available:
        raise ValueError(f"`num_blocks` should be 1 to {available}, the blocks of `model_pe`. Received: {num_blocks}")
    first = model_pe.get_layer("rBlock1")
    features = first._inbound_nodes[0].input_tensors[0]
    stem = keras.Model(model_pe.inputs, features, name="td_Stem")
    inputs = layers.Input(features.shape[1:], name="features")
    block = keras.Model(inputs, first(inputs), name="td_rBlock1")
    inputs = layers.Input(features.shape[1:], name="block_features")
    maps = keras.Model(inputs, _raw_maps(model_pe, inputs, num_blocks), name="td_Model1")
    for part in (stem, block, maps):
        part.trainable = trainable
    return stem, block, maps


def _raw_maps(model_pe, x, num_blocks):
    """The raw maps of block `num_blocks` from the features of the first reception block."""
    for n in range(1, num_blocks):
        separable = model_pe.get_layer(f"SepConv{n}")(x)
        back = model_pe.get_layer(f"fReMap{n}")(model_pe.get_layer(f"RegMap{n}")(separable))
        x = layers.Add(name=f"reinject{n}")([x, separable, back])
        x = model_pe.get_layer(f"rBlock{n + 1}")(x)
    return model_pe.get_layer(f"RegMap{num_blocks}")(model_pe.get_layer(f"SepConv{num_blocks}")(x))


def _num_maps(num_joints, pose_dim, depth_maps, num_context_per_joint):
    return num_joints * (depth_maps if pose_dim == 3 else 1 + (num_context_per_joint or 0))


def _check_pose_net(model_pe, maps, input_shape, num_joints, pose_dim, depth_maps, num_context_per_joint):
    if pose_dim not in PROBABILITY_SCALE:
        raise ValueError(f"`pose_dim` should be 2 or 3. Received: {pose_dim!r}")
    if tuple(input_shape) != tuple(model_pe.input_shape[1:]):
        raise ValueError(
            f"`input_shape` should be {tuple(model_pe.input_shape[1:])}, that of `model_pe`. Received: {input_shape}"
        )
    expected = _num_maps(num_joints, pose_dim, depth_maps, num_context_per_joint)
    if maps.output_shape[-1] != expected:
        raise ValueError(
            f"`model_pe` should make {expected} maps for {num_joints} joints in {pose_dim}D, `depth_maps` "
            f"{depth_maps}, `num_context_per_joint` {num_context_per_joint}. Received: one that makes "
            f"{maps.output_shape[-1]}"
        )


def _context_alpha(model_pe):
    """The share of a joint's own map in its position, as `model_pe` has it."""
    return next((layer.alpha for layer in model_pe.layers if isinstance(layer, ContextAggregation)), 0.8)


def _poses_and_appearance(frames, models, num_joints, pose_dim, depth_maps, alpha):
    """Pose (B, T, J, D), confidence (B, T, J, 1) and appearance features (B, T, J, F) of a clip (B, T, H, W, 3)."""
    stem, block, maps = models
    num_frames = frames.shape[1]
    features = block(stem(FoldFrames(name="fold_frames")(frames)))  # (B * T, h, w, F)
    h = maps(features)  # (B * T, h, w, maps)
    if pose_dim == 3:
        pose, confidence, raw = pose_3d(h, depth_maps, PROBABILITY_SCALE[3], "pose")
    else:
        pose, _, raw = pose_2d(h, num_joints, alpha, 1.0, "pose")  # context maps are weighed without a factor
        confidence = joint_probability(raw, PROBABILITY_SCALE[2], name="pose_confidence")
    appearance = kronecker_prod(act_channel_softmax(raw, name="joint_maps"), features, name="joint_features")
    parts = {"pose_clip": pose, "confidence_clip": confidence, "appearance_clip": appearance}
    return [UnfoldFrames(num_frames, name=name)(x) for name, x in parts.items()]


def build_guided_visual_model(
    model_pe: keras.Model,
    num_actions: int,
    input_shape: tuple[int, ...],
    num_frames: int,
    num_joints: int,
    num_blocks: int,
    num_context_per_joint: int | None = 2,
    pose_dim: int = 2,
    depth_maps: int = 8,
    full_trainable: bool = False,
) -> ActionNet:
    """Build the appearance network on top of a pose network: clips in, actions out, to train it before merging.

    Args: as `build_merge_model`.

    Returns:
        A functional model of one input (B, T, H, W, C) and four outputs (B, A), one a prediction block. Its part
        `model.get_layer("GuidedVisAR")` is the network whose weights `build_merge_model` takes as `ar_visual_weights`.

    Raises:
        ValueError: arguments that do not fit each other.
    """
    check_grid(num_frames, num_joints)
    models = _frame_models(model_pe, num_blocks, full_trainable)
    _check_pose_net(model_pe, models[-1], input_shape, num_joints, pose_dim, depth_maps, num_context_per_joint)
    frames, alpha = layers.Input((num_frames, *input_shape), name="frame"), _context_alpha(model_pe)
    _, _, appearance = _poses_and_appearance(frames, models, num_joints, pose_dim, depth_maps, alpha)
    visual = build_visual_model(num_joints, num_actions, appearance.shape[-1], num_frames)
    outputs = [layers.Identity(name=f"y{k + 1}")(y) for k, y in enumerate(visual(appearance))]
    model = ActionNet(frames, outputs, name="GuidedVisual")
    specs = [OutputSpec("action", f"v{k + 1}", labels=default_labels(num_actions)) for k in range(len(outputs))]
    model.signature = Signature([InputSpec.for_shape((num_frames, *input_shape))], specs, ACTION_PART, FLOAT32_PART)
    return model


def build_merge_model(
    model_pe: keras.Model,
    num_actions: int,
    input_shape: tuple[int, ...],
    num_frames: int,
    num_joints: int,
    num_blocks: int,
    pose_dim: int = 2,
    depth_maps: int = 8,
    num_context_per_joint: int | None = 2,
    pose_net_version: str = "v1",
    output_poses: bool = False,
    weighted_merge: bool = True,
    ar_pose_weights: str | Path | None = None,
    ar_visual_weights: str | Path | None = None,
    full_trainable: bool = False,
) -> ActionNet:
    """Build the network that reads poses and appearance from clips and merges what both say about the action.

    Args:
        model_pe: a ReceptionNet (`reception.build`); its layers become part of the new network, weights are shared.
        num_actions: A.
        input_shape: (H, W, C) of a frame, that of `model_pe`.
        num_frames: T, a multiple of 4; 16 for Penn Action, 20 for NTU in the paper.
        num_joints: J, a multiple of 4.
        num_blocks: how many blocks of `model_pe` to use, 4 in the paper; the poses are those of the last one used.
        pose_dim: 2 or 3.
        depth_maps: of `model_pe`, read in 3D only.
        num_context_per_joint: of `model_pe`, read in 2D only; None or 0 for none.
        pose_net_version: "v1" or "v2", see `build_pose_model`.
        output_poses: whether poses (B, T, J, D) and confidences (B, T, J, 1) are the first two outputs.
        weighted_merge: whether each of the last two action heat maps passes a trainable 1x1 weighting, at first the
            identity, before they are added.
        ar_pose_weights: weight file of a `build_pose_model` to start from.
        ar_visual_weights: weight file of a `build_visual_model` to start from.
        full_trainable: whether the layers of `model_pe` are trainable; this sets their `trainable` in `model_pe` too.

    Returns:
        A functional model of one input, clips (B, T, H, W, C), RGB in [-1, 1]. Outputs: [pose, confidence,] actions
        (B, A) from poses p1 to p4, from appearance v1 to v4, and merged m.

    Raises:
        ValueError: arguments that do not fit each other, or a weight file that does not fit.
        FileNotFoundError: a weight file is missing.
    """
    check_version(pose_net_version)
    check_grid(num_frames, num_joints)
    models = _frame_models(model_pe, num_blocks, full_trainable)
    _check_pose_net(model_pe, models[-1], input_shape, num_joints, pose_dim, depth_maps, num_context_per_joint)
    frames, alpha = layers.Input((num_frames, *input_shape), name="frame"), _context_alpha(model_pe)
    pose, confidence, appearance = _poses_and_appearance(frames, models, num_joints, pose_dim, depth_maps, alpha)

    pose_net = build_pose_model(
        num_joints, num_actions, num_frames, pose_dim, include_top=False, network_version=pose_net_version
    )
    visual_net = build_visual_model(num_joints, num_actions, appearance.shape[-1], num_frames, include_top=False)
    for net, path in ((pose_net, ar_pose_weights), (visual_net, ar_visual_weights)):
        if path is not None:
            net.load_weights(path)
    from_pose, from_visual = pose_net([pose, confidence]), visual_net(appearance)

    outputs = [action_top(x, f"p{k + 1}") for k, x in enumerate(from_pose)]
    outputs += [action_top(x, f"v{k + 1}") for k, x in enumerate(from_visual)]
    outputs.append(action_top(_merge(from_pose[-1], from_visual[-1], weighted_merge), "m"))
    model = ActionNet(frames, ([pose, confidence] if output_poses else []) + outputs, name="MergeNet")
    blocks = [f"{letter}{k + 1}" for letter in "pv" for k in range(len(from_pose))] + ["m"]
    specs = [OutputSpec("action", block, labels=default_labels(num_actions)) for block in blocks]
    if output_poses:
        pose_spec = OutputSpec("pose", "pose", layout=usual_layout(num_joints, pose_dim), has_confidence=False)
        specs = [pose_spec, OutputSpec("confidence", "pose"), *specs]
    model.signature = Signature([InputSpec.for_shape((num_frames, *input_shape))], specs, ACTION_PART, FLOAT32_PART)
    return model


def _weighting(x, name):
    """A trainable 1x1 weighting of action heat maps, at first the identity; same shape out."""
    num_actions = x.shape[-1]
    layer = layers.SeparableConv2D(num_actions, (1, 1), use_bias=False, data_format="channels_last", name=name)
    y = layer(x)
    layer.set_weights([np.ones((1, 1, num_actions, 1)), np.eye(num_actions)[None, None]])
    return y


def _merge(from_pose, from_visual, weighted):
    """The sum of two action heat maps (B, T', J', A)."""
    if weighted:
        from_pose, from_visual = (
            _weighting(from_pose, f"{POSE_NAME}_weighting"),
            _weighting(from_visual, f"{VISUAL_NAME}_weighting"),
        )
    return layers.Add(name="merge_add")([from_pose, from_visual])


def compile(
    model: keras.Model,
    lr: float = 0.001,
    momentum: float = 0.95,
    loss_weights: Sequence[float] | None = None,
    pose_predicted: bool = False,
) -> None:
    """Compile an action network: SGD with Nesterov momentum, cross entropy on every action output.

    Args:
        model: of any builder here.
        lr: learning rate.
        momentum: of the optimizer.
        loss_weights: one number for all outputs, a list of one each, or None for 1.
        pose_predicted: whether the first two outputs are poses and confidences (`output_poses`), with the elastic net
            loss on valid joints and binary cross entropy.

    Raises:
        ValueError: the outputs are others than `pose_predicted` says.
    """
    kinds = [spec.kind for spec in model.signature.outputs]
    poses = ["pose", "confidence"] if pose_predicted else []
    if kinds != poses + ["action"] * (len(kinds) - len(poses)):
        raise ValueError(
            f"`pose_predicted` should say whether the model gives poses first. Received: {pose_predicted} for outputs "
            f"{kinds}"
        )
    loss = [elasticnet_loss_on_valid_joints, "binary_crossentropy"] if pose_predicted else []
    loss += ["categorical_crossentropy"] * (len(kinds) - len(loss))
    compile_model(model, loss, keras.optimizers.SGD(lr, momentum=momentum, nesterov=True), loss_weights)
