"""Small networks, one of each architecture, whose weights and input follow from names alone.

They go through the code of the nine full-size networks in seconds; their outputs are in small_networks.npz.
"""

import collections

import keras
from reference_weights import draw, reference_input

from deephar.models.builders import build_network

SPNET = {"num_pyramids": 2, "num_levels": 3, "growth": 8, "num_pose_features": 16, "num_visual_features": 24}
CLIP = {**SPNET, "input_shape": [4, 64, 64, 3], "num_actions": [5], "action_pyramids": [1, 2]}
RECEPTION = {"input_shape": [64, 64, 3], "num_blocks": 2, "ksize": [5, 5], "concat_pose_confidence": False}
CONTEXT = {**RECEPTION, "num_joints": 8, "dim": 2, "num_context_per_joint": 2}
DEPTH = {**RECEPTION, "num_joints": 8, "dim": 3, "depth_maps": 4}
MERGE = {"network": "merge", "num_actions": 5, "num_frames": 4}

NETWORKS = {
    "spnet_2d": {**SPNET, "input_shape": [64, 64, 3], "poselayout": "pa16j2d"},
    "spnet_3d": {**SPNET, "input_shape": [64, 64, 3], "poselayout": "pa17j3d", "downsampling_type": "conv"},
    "spnet_clip_2d": {**CLIP, "poselayout": "pa16j2d", "pose_replica": True},
    "spnet_clip_3d": {**CLIP, "poselayout": "pa17j3d"},
    "reception_2d": {"network": "reception", **CONTEXT},
    "reception_3d": {"network": "reception", **DEPTH},
    "merge_v1_2d": {**MERGE, "pose": CONTEXT, "pose_net_version": "v1"},
    "merge_v2_3d": {**MERGE, "pose": DEPTH, "pose_net_version": "v2"},
}


# Of the kernels in front of a softmax or sigmoid; with them the outputs are neither flat nor saturated.
GAINS = {"heatmaps_conv1": 20.0, "depthmaps_conv1": 4.0, "pred_conv2h0": 4.0, "maps": 4.0}


def drawn(weights):
    """Arrays for a network's weights: each follows from its path and which of that path it is, its shape and gain."""
    seen = collections.Counter()
    for weight in weights:
        layer = weight.path.split("/")[-2]
        gain = next((value for end, value in GAINS.items() if layer.removesuffix("_replica").endswith(end)), 0.9)
        yield draw(weight.path, seen[weight.path], weight.path, tuple(weight.shape), gain)
        seen[weight.path] += 1


def build(name):
    """Build a network of NETWORKS with drawn weights."""
    model = build_network(NETWORKS[name])
    model.set_weights(list(drawn(model.weights)))
    return model


def outputs(model):
    """The network's outputs for 2 images or 1 clip: list of arrays."""
    shape = model.input_shape[1:]
    result = model(reference_input((2 if len(shape) == 3 else 1, *shape)))
    return [keras.ops.convert_to_numpy(y) for y in (result if isinstance(result, list) else [result])]
