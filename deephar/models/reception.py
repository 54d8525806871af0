"""The ReceptionNet of CVPR 2018: 2D poses with context maps, or 3D poses from volumetric heat maps, in images.

Luvizon, Picard and Tabia, "2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning", CVPR 2018,
section 3. A stem, then `num_blocks` prediction blocks in a row:

    image -- Stem --+-- rBlockN --+-- SepConvN --+-- RegMapN --+-- pose, confidence
                      ^             |              |          fReMapN
                      |             +--------------+-------------+
                      +------------------- add <------------------

Here a joint's probability is the sigmoid of its raw map's maximum and the depth ramp goes from 0 to 1; the SPNet does
both in another way. Soft-argmax and context sums, frozen kernels in old files (sSAM, cSAM, zSAM, Agg), are computed;
loading compares what a file holds with them.
"""

import keras
import numpy as np
from keras import layers

from deephar.layers.frames import stable_dtype
from deephar.layers.losses import elasticnet_loss_on_valid_joints, pose_regression_loss
from deephar.models.base import PoseModel
from deephar.models.reception_blocks import (
    feedback_block,
    frozen_kernels,
    map_block,
    pose_2d,
    pose_3d,
    reception_block,
    separable_block,
    stem,
)
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import usual_layout

FLOAT32_PART = ("RegMap*",)
IMAGE_DIV = 32  # the stem divides rows and columns by 8, a reception block by 4 more
CONFIDENCE_WEIGHT = 0.01


@keras.saving.register_keras_serializable(package="deephar")
class ReceptionNet(PoseModel):
    """A functional model that reads and writes old and new weight files; made by `build`."""

    def legacy_layout(self):
        """The groups of an old weight file in its order: [(layer, what it holds that is computed here, or None)]."""
        trained = [layer for layer in self.layers if layer.weights]
        return [(layer.name, None) for layer in trained] + frozen_kernels(self, "pb1")


def _check(input_shape, num_joints, dim, num_context_per_joint, num_blocks, depth_maps, export_vfeat_block):
    if dim not in (2, 3):
        raise ValueError(f"`dim` should be 2 or 3. Received: {dim!r}")
    if len(input_shape) != 3 or any(n is None or n < IMAGE_DIV or n % IMAGE_DIV for n in input_shape[:2]):
        raise ValueError(
            f"`input_shape` should be (H, W, C), H and W multiples of {IMAGE_DIV}. Received: {input_shape}"
        )
    if dim == 3 and num_context_per_joint:
        raise ValueError(f"`num_context_per_joint` should be None or 0 for 3D poses. Received: {num_context_per_joint}")
    least = {"num_joints": num_joints, "num_blocks": num_blocks, "depth_maps": depth_maps}
    for name, value in least.items():
        if value < 1:
            raise ValueError(f"`{name}` should be at least 1. Received: {value}")
    if num_context_per_joint is not None and num_context_per_joint < 0:
        raise ValueError(f"`num_context_per_joint` should be at least 0. Received: {num_context_per_joint}")
    if export_vfeat_block is not None and not 1 <= export_vfeat_block <= num_blocks:
        raise ValueError(f"`export_vfeat_block` should be None or 1 to {num_blocks}. Received: {export_vfeat_block}")


def build(
    input_shape,
    num_joints,
    dim,
    num_context_per_joint=None,
    alpha=0.8,
    num_blocks=4,
    depth_maps=16,
    ksize=(3, 3),
    export_heatmaps=False,
    export_vfeat_block=None,
    old_model=False,
    concat_pose_confidence=True,
):
    """Build a ReceptionNet with fresh weights, not compiled.

    Args:
        input_shape: (H, W, C) of the images, RGB in [-1, 1]; H and W multiples of 32.
        num_joints: J.
        dim: 2 or 3 coordinates of a joint.
        num_context_per_joint: context maps of each joint in 2D; None for 2; 0 for none.
        alpha: share of a joint's own map in its position, the rest is its context's.
        num_blocks: prediction blocks; 8 in the published pose networks, 4 in the action networks.
        depth_maps: maps over depth of each joint in 3D.
        ksize: rows and columns of the separable convolutions; (5, 5) in the published networks.
        export_heatmaps: whether the raw heat maps (B, H / 8, W / 8, J) follow the outputs of each block.
        export_vfeat_block: number (from 1) of the block whose features (B, H / 8, W / 8, C) are the last output.
        old_model: the first version of the network, with a lighter stem and 512 instead of 576 channels.
        concat_pose_confidence: one output (B, J, dim + 1) a block; else pose (B, J, dim) and confidence (B, J, 1).

    Returns:
        A functional model `ReceptionNet`. Coordinates are normalised to the input, z is 0.5 at the root. The outputs
        are named `pb1`, or `pb1_pose` and `pb1_confidence`, and `pb1_heatmaps`. Of the options after `ksize` only
        `old_model` changes the weights.

    Raises:
        ValueError: an option out of its range, context maps in 3D.
    """
    _check(input_shape, num_joints, dim, num_context_per_joint, num_blocks, depth_maps, export_vfeat_block)
    per_joint = depth_maps if dim == 3 else 1 + (2 if num_context_per_joint is None else num_context_per_joint)
    inputs = layers.Input(input_shape, name="frame")
    x = stem(inputs, old_model)
    layout, outputs, exported = usual_layout(num_joints, dim), [], []
    for n in range(1, num_blocks + 1):
        ident = reception_block(x, ksize, f"rBlock{n}")
        if n == export_vfeat_block:
            exported.append((ident, OutputSpec("features", f"pb{n}")))
        x = separable_block(ident, ksize, f"SepConv{n}")
        h = map_block(x, per_joint * num_joints, f"RegMap{n}")
        pose, confidence, maps = _read_maps(h, num_joints, dim, depth_maps, alpha, f"pb{n}")
        outputs += _outputs(pose, confidence, concat_pose_confidence, layout, f"pb{n}")
        if export_heatmaps:
            outputs.append((layers.Identity(name=f"pb{n}_heatmaps")(maps), OutputSpec("features", f"pb{n}")))
        if n < num_blocks:
            back = feedback_block(h, ident.shape[-1], f"fReMap{n}")
            x = layers.Add(name=f"pb{n}_reinject")([ident, x, back])
    tensors, specs = zip(*outputs, *exported, strict=True)
    model = ReceptionNet(inputs, list(tensors), name="ReceptionNet")
    model.signature = Signature([InputSpec.for_shape(input_shape)], specs, float32_part=FLOAT32_PART)
    return model


def _read_maps(h, num_joints, dim, depth_maps, alpha, name):
    return pose_3d(h, depth_maps, 1.0, name) if dim == 3 else pose_2d(h, num_joints, alpha, 1.0, name)


def _outputs(pose, confidence, concatenated, layout, name):
    """The outputs of one block with their specs, under names that tell what they are."""
    spec = OutputSpec("pose", name, layout=layout, has_confidence=concatenated)
    if concatenated:
        return [(layers.Concatenate(name=name, dtype=stable_dtype())([pose, confidence]), spec)]
    pose = layers.Identity(name=f"{name}_pose")(pose)
    confidence = layers.Identity(name=f"{name}_confidence")(confidence)
    return [(pose, spec), (confidence, OutputSpec("confidence", name))]


def compile(model, ptr, vtr, num_y_per_branch=1):
    """Compile for training: elastic net on poses, binary cross entropy times 0.01 on confidences, RMSprop at 0.001.

    Args:
        model: built by `build`, without heat maps or features among its outputs.
        ptr: true poses (N, J, dim), or a placeholder for them; absent coordinates -1e9.
        vtr: true confidences (N, J, 1), or a placeholder.
        num_y_per_branch: poses of each block before its confidence; 1 unless a model was assembled in another way.
            With `concat_pose_confidence` a block has one output, of which `ptr` and `vtr` are the parts.

    Returns:
        The targets, a list in the order of the outputs.

    Raises:
        ValueError: outputs that are neither poses nor confidences in that order.
    """
    kinds = [_target_kind(spec) for spec in model.signature.outputs]
    branch = ["both"] if "both" in kinds else ["pose"] * num_y_per_branch + ["confidence"]
    if kinds != branch * (len(kinds) // len(branch)):
        raise ValueError(
            f"`model` should have {num_y_per_branch} poses and a confidence, or one output with both, a block. "
            f"Received: outputs {kinds}"
        )
    targets, losses, weights = {"pose": ptr, "confidence": vtr}, [], []
    if "both" in kinds:
        targets["both"] = np.concatenate([ptr, vtr], axis=-1)  # (N, J, dim + 1)
    known = {
        "pose": (elasticnet_loss_on_valid_joints, 1.0),
        "confidence": ("binary_crossentropy", CONFIDENCE_WEIGHT),
        "both": (pose_regression_loss("l1l2", CONFIDENCE_WEIGHT), 1.0),
    }
    for kind in kinds:
        loss, weight = known[kind]
        losses.append(loss)
        weights.append(weight)
    model.compile(optimizer=keras.optimizers.RMSprop(), loss=losses, loss_weights=weights)
    return [targets[kind] for kind in kinds]


def _target_kind(spec):
    """What an output is trained on: "pose", "confidence" or "both"; another kind as it is."""
    return "both" if spec.kind == "pose" and spec.has_confidence else spec.kind
