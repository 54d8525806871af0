"""Builds a network from plain data, as the config.json of a run holds it; the only table of the families of networks.

What may stand there, a network's name and the arguments of its builder, or those of a `ModelConfig` alone:

    {"network": "reception", "input_shape": [256, 256, 3], "num_joints": 16, "dim": 2, ...}
    {"network": "merge", "pose": {... of the pose network ...}, "num_actions": 15, "num_frames": 16, ...}
    {"network": "pose-action", "num_joints": 16, "num_actions": 15, "num_temp_frames": 16, ...}
    {"network": "visual", "num_joints": 16, "num_actions": 15, "num_features": 576, ...}
    {"input_shape": [8, 256, 256, 3], "poselayout": "pa16j2d", ...}
"""

import importlib
from typing import TYPE_CHECKING, Any

from deephar.config import ModelConfig
from deephar.utils.progress import busy

if TYPE_CHECKING:
    from deephar.models.base import PoseModel

NETWORKS = {  # family: module and function that builds it; imported when it is built, so that this table needs no Keras
    "spnet": ("deephar.models.builders", "build_spnet"),
    "reception": ("deephar.models.reception", "build"),
    "hourglass": ("deephar.models.hourglass", "build"),
    "cpm": ("deephar.models.cpm", "build"),
    "mssnet": ("deephar.models.mssnet", "build"),
    "pbn": ("deephar.models.pbn", "build"),
    "detector": ("deephar.models.detector", "build"),
    "r3d": ("deephar.models.r3d", "build"),
    "s3d": ("deephar.models.s3d", "build"),
    "merge": ("deephar.models.builders", "build_merge"),
    "pose-action": ("deephar.models.action", "build_pose_model"),
    "visual": ("deephar.models.action", "build_visual_model"),
}


def build_spnet(**config: Any) -> "PoseModel":
    """Build an SPNet from the fields of a `ModelConfig`."""
    from deephar.models import spnet

    return spnet.build(ModelConfig.from_dict(config))


def build_merge_parts(pose: dict, **options: Any) -> "tuple[PoseModel, PoseModel]":
    """Build the merged action network of CVPR'18 together with its pose network, on shared weights.

    Args:
        pose: dict, arguments of `reception.build`.
        options: of `action.build_merge_model`; what both take is taken from `pose`.

    Returns:
        (pose network for images, merged network for clips).
    """
    from deephar.models import action, reception

    same = {name: pose[name] for name in ("input_shape", "num_joints")}
    same.update(num_blocks=pose.get("num_blocks", 4), pose_dim=pose["dim"])
    if pose["dim"] == 3:
        same["depth_maps"] = pose.get("depth_maps", 16)
    else:
        contexts = pose.get("num_context_per_joint")
        same["num_context_per_joint"] = 2 if contexts is None else contexts
    model_pe = reception.build(**pose)
    return model_pe, action.build_merge_model(model_pe, **{**same, **options})


def build_merge(pose: dict, **options: Any) -> "PoseModel":
    """Build the merged action network of CVPR'18; arguments as `build_merge_parts`."""
    return build_merge_parts(pose, **options)[1]


def build_network(config: dict) -> "PoseModel":
    """Build a network with random weights.

    Args:
        config: dict; `network` is one of NETWORKS (without it: "spnet"), the rest are its arguments.

    Returns:
        The model, not compiled.

    Raises:
        ValueError: no such network, or other arguments than it takes.
    """
    config = dict(config)
    name = config.pop("network", "spnet")
    if name not in NETWORKS:
        raise ValueError(f"`network` must be one of {', '.join(NETWORKS)}. Received: {name!r}")
    module, function = NETWORKS[name]
    build = getattr(importlib.import_module(module), function)
    try:
        with busy(f"building {name}"):
            return build(**config)
    except (TypeError, KeyError) as error:
        raise ValueError(f"`config` must hold the arguments of {name}: {error}. Received: {config}") from error
