"""One or more tiny networks of every family and variant, with the inputs and labels that the contract is tested on.

A new family is one entry of TINY. Everything else, the shapes of inputs and labels, follows from its signature.
"""

import random
from dataclasses import dataclass

import keras
import numpy as np

from deephar.models import action, reception
from deephar.models.builders import build_network
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage
from deephar.training.trainer import unwrap
from deephar.utils.pose import LIMB_COLORS, PoseLayout

FREE_SIZE, FREE_FRAMES, BATCH, TRAINING_BATCH = 64, 4, 2, 6

SPNET = dict(network="spnet", num_pyramids=2, num_levels=2, image_div=4, growth=8)
IMAGE = dict(**SPNET, input_shape=(32, 32, 3))
CLIP = dict(**SPNET, input_shape=(4, 32, 32, 3), num_pose_features=16, num_visual_features=16)
RECEPTION_2D = dict(input_shape=(32, 32, 3), num_joints=4, dim=2, num_blocks=1)
RECEPTION_3D = {**RECEPTION_2D, "dim": 3, "depth_maps": 4}
TWO_BLOCKS = {"network": "reception", **RECEPTION_2D, "num_blocks": 2}
REPLICA = dict(action_pyramids=[2], pose_replica=True, dbg_decoupled_pose=True, dbg_decoupled_h=True)
MERGE = dict(network="merge", num_actions=5, num_frames=4)
POSE_ACTION_3D = dict(network="pose-action", num_joints=4, num_actions=5, pose_dim=3)
HOURGLASS = dict(network="hourglass", num_joints=4, filters=8)
CPM = dict(network="cpm", num_joints=4, num_stages=2, filters=8)
MSSNET = dict(network="mssnet", num_joints=4, num_stacks=1, filters=8)
PBN = dict(network="pbn", num_stacks=2, filters=8, branch_filters=4)
DETECTOR = dict(network="detector", filters=8)
R3D = dict(network="r3d", num_classes=5, filters=4)
S3D = dict(network="s3d", num_classes=5, width=0.05)
OVERLAPPING = [[9, 8, 7, 13, 12, 14, 15, 11, 10], [7, 3, 2, 6, 4, 1, 5, 0]]

# Biases in front of a normalisation, which takes them away again.
NORMALISED_BIASES = ("*_conv1/bias", "*_conv2/bias", "stem_conv/bias", "*_features_conv/bias")


def _guided_visual():
    pose_network = reception.build(**RECEPTION_2D)
    return action.build_guided_visual_model(pose_network, 5, (32, 32, 3), num_frames=4, num_joints=4, num_blocks=1)


@dataclass(frozen=True)
class Tiny:
    """A tiny network.

    Attributes:
        config: what `build_network` takes; or a function, where `build_network` does not know the network.
        still: patterns of paths of trainable weights that may get no gradient.
        whole: whether it is also trained, saved and built a second time; the others differ from one that is only in
            which of their tensors are outputs, in sizes, or in where the same layers get their input from.
    """

    config: object
    still: tuple = ()
    whole: bool = False

    def build(self):
        """Build the network: random weights, the same in every process, no vector of them constant."""
        random.seed(1)  # of Keras' initializers; `keras.utils.set_random_seed` would import TensorFlow everywhere
        model = self.config() if callable(self.config) else build_network(self.config)
        rng = np.random.default_rng(0)
        drawn = [1.3 * w if w.ndim > 1 else w + rng.normal(0, 0.1, w.shape) for w in model.get_weights()]
        model.set_weights(drawn)
        return model


TINY = {
    "spnet_image": Tiny({**IMAGE, "poselayout": "pa16j2d"}),
    "spnet_image_3d": Tiny({**IMAGE, "poselayout": "pa17j3d", "downsampling_type": "conv"}),
    "spnet_image_window": Tiny({**IMAGE, "poselayout": "pa17j3d", "xy_window": 3.0}),
    "spnet_clip_poses": Tiny({**CLIP, "poselayout": "pa16j2d"}),
    "spnet_clip": Tiny({**CLIP, "poselayout": "pa16j2d", "num_actions": [5, 3]}, whole=True),
    "spnet_clip_replica": Tiny({**CLIP, **REPLICA, "poselayout": "pa17j3d", "num_actions": [5]}, whole=True),
    "reception": Tiny(TWO_BLOCKS),
    "reception_separate": Tiny({**TWO_BLOCKS, "concat_pose_confidence": False}, whole=True),
    "reception_maps": Tiny({**TWO_BLOCKS, "export_heatmaps": True, "export_vfeat_block": 2}),
    "reception_3d": Tiny({"network": "reception", **RECEPTION_3D}),
    "merge": Tiny({**MERGE, "pose": RECEPTION_2D}),
    "merge_poses": Tiny({**MERGE, "pose": RECEPTION_2D, "output_poses": True}, whole=True),
    "merge_3d": Tiny({**MERGE, "pose": RECEPTION_3D, "pose_net_version": "v2"}),
    "merge_3d_poses": Tiny({**MERGE, "pose": RECEPTION_3D, "output_poses": True}),
    "pose_action": Tiny(dict(network="pose-action", num_joints=4, num_actions=5, num_temp_frames=4)),
    "pose_action_3d": Tiny({**POSE_ACTION_3D, "network_version": "v2"}, whole=True),
    "visual": Tiny(dict(network="visual", num_joints=4, num_actions=5, num_features=8, num_temp_frames=4), whole=True),
    "guided_visual": Tiny(_guided_visual),
    "hourglass": Tiny({**HOURGLASS, "input_shape": (64, 64, 3), "num_stacks": 2}),
    "hourglass_free": Tiny(
        {**HOURGLASS, "input_shape": (None, None, 3), "num_stacks": 1}, still=NORMALISED_BIASES, whole=True
    ),
    "cpm": Tiny({**CPM, "input_shape": (None, None, 3)}, whole=True),
    "cpm_image": Tiny({**CPM, "input_shape": (64, 64, 3), "center_map": False}),
    "mssnet": Tiny({**MSSNET, "input_shape": (None, None, 3)}, still=NORMALISED_BIASES, whole=True),
    "pbn": Tiny({**PBN, "input_shape": (64, 64, 3), "groups": OVERLAPPING}, still=NORMALISED_BIASES, whole=True),
    "pbn_specific": Tiny({**PBN, "input_shape": (None, None, 3), "fusion": "specific"}),
    "r3d": Tiny({**R3D, "input_shape": (None, None, None, 3)}, whole=True),
    "r3d_flow": Tiny({**R3D, "input_shape": (4, 32, 32, 2), "gates": "block"}),
    "s3d": Tiny({**S3D, "input_shape": (None, None, None, 3)}, whole=True),
    "s3d_plain": Tiny({**S3D, "input_shape": (4, 32, 32, 2), "variant": "s3d"}),
    "detector": Tiny({**DETECTOR, "input_shape": (None, None, 3)}, still=NORMALISED_BIASES, whole=True),
    "pbn_deep": Tiny({**PBN, "input_shape": (64, 64, 3), "head": "deep"}),
}
STEPS = ("spnet_image", "pose_action", "detector")  # trained on every backend
AGREEING = (
    *(*STEPS, "spnet_clip_replica", "reception", "reception_3d", "merge_poses", "visual"),
    *("hourglass", "cpm", "mssnet", "pbn", "r3d", "s3d"),
)
WHOLE = [name for name, tiny in TINY.items() if tiny.whole]


def own_layout(num_joints, dim):
    """A layout that no table knows: joints in pairs of right and left, the last one alone where one is over."""
    pairs = [f"{side}_{k}" for k in range(num_joints // 2) for side in "rl"]
    names = pairs + ["middle"] * (num_joints % 2)
    other = [k ^ 1 if k < len(pairs) else k for k in range(num_joints)]
    return PoseLayout(f"own{num_joints}", dim, names, other, [[0, 1]], list(LIMB_COLORS), [0] * num_joints)


def renamed(signature):
    """The signature with a user's own layout, labels and clip step."""
    layout = signature.layout and own_layout(signature.layout.num_joints, signature.layout.dim)
    labels = [f"my {k}" for k in range(len(signature.labels))]
    return signature.replace(layout, labels, frame_step=3, fps=25.0)


def expected_shape(spec, signature, size):
    """The shape of one sample of an output, from its spec and the size (H, W) of the input."""
    clip = () if signature.num_frames is None else (signature.num_frames,)
    if spec.kind == "action":
        return (len(spec.labels),)
    if spec.kind == "heatmaps":
        return (size[0] // spec.stride, size[1] // spec.stride, spec.layout.num_joints + spec.background)
    if spec.kind == "boxes":
        return (size[0] // spec.stride, size[1] // spec.stride, 5)
    if spec.kind == "pose":
        return (*clip, spec.layout.num_joints, spec.layout.dim + spec.has_confidence)
    (layout,) = {k.layout for k in signature.outputs if k.kind == "pose" and k.block == spec.block}
    return (*clip, layout.num_joints, 1)


def inputs_of(signature, batch=BATCH):
    """Random inputs for a network, a list."""
    rng, arrays = np.random.default_rng(2), []
    for spec in signature.inputs:
        size = [n or FREE_SIZE for n in spec.size]
        clip = [] if spec.num_frames is None else [spec.num_frames or FREE_FRAMES]
        arrays.append(rng.uniform(*spec.value_range, (batch, *clip, *size, spec.channels)).astype("float32"))
    return arrays


def labels_of(signature, batch):
    """Random labels for every output of a network, a list."""
    rng, labels = np.random.default_rng(3), []
    clip = () if signature.num_frames is None else (signature.num_frames,)
    for spec in signature.outputs:
        if spec.kind == "action":
            labels.append(np.eye(len(spec.labels))[rng.integers(0, len(spec.labels), batch)])
            continue
        if spec.kind == "boxes":
            corners = np.sort(rng.uniform(0, 1, (batch, 3, 2, 2)), axis=2)
            labels.append(corners.reshape(batch, 3, 4) * rng.integers(0, 2, (batch, 3, 1)))  # without area: nobody
            continue
        layout = spec.layout or signature.layout
        pose = rng.uniform(0.1, 0.9, (batch, *clip, layout.num_joints, layout.dim))
        visible = rng.integers(0, 2, (*pose.shape[:-1], 1)).astype(float)
        parts = {"confidence": [visible], "pose": [pose, visible] if spec.has_confidence else [pose]}
        labels.append(np.concatenate(parts.get(spec.kind, [pose, visible]), axis=-1))
    return [label.astype("float32") for label in labels]


def run(model, inputs):
    """The network's outputs as a list of arrays, without the time that tracing takes."""
    outputs = keras.tree.flatten(model(unwrap(inputs)))
    return [keras.ops.convert_to_numpy(y) for y in outputs]


def trained_part(model):
    """The network without the outputs that nothing can be trained on."""
    signature = model.signature
    kept = signature.indices("pose", "confidence", "heatmaps", "action", "boxes")
    return model if len(kept) == len(signature.outputs) else model.part(kept)


def train_once(model):
    """Train every layer of a network for one step of gradient descent; the loss, and the paths that stood still."""
    part = trained_part(model)
    compile_for_stage([part], Stage("contract", "joint", optimizer="sgd", learning_rate=1.0), model)
    part.run_eagerly = keras.backend.backend() == "tensorflow"  # where tracing takes longer than the step
    inputs, before = inputs_of(model.signature, TRAINING_BATCH), arrays_of(part.trainable_variables)
    loss = part.train_on_batch(unwrap(inputs), labels_of(part.signature, TRAINING_BATCH), return_dict=True)["loss"]
    pairs = zip(part.trainable_variables, before, arrays_of(part.trainable_variables), strict=True)
    return float(loss), [v.path for v, old, new in pairs if np.array_equal(old, new)]


def arrays_of(variables):
    """Copies of some variables as arrays."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
