"""Configurations of the networks in the reference, and of small ones."""

import pytest

from deephar.config import ModelConfig

IMAGES = {"input_shape": (256, 256, 3)}
CLIPS = {"input_shape": (8, 256, 256, 3)}
PENN = {**CLIPS, "poselayout": "pa16j2d", "num_actions": [15], "num_pose_features": 160, "num_visual_features": 160}
NTU = {**CLIPS, "poselayout": "pa17j3d", "num_actions": [60], "num_pose_features": 192, "num_visual_features": 192}

PUBLISHED = {
    "spnet_mpii_8p": {**IMAGES, "poselayout": "pa16j2d"},
    "spnet_3d_8p": {**IMAGES, "poselayout": "pa17j3d"},
    "spnet_penn_6p": {**PENN, "num_pyramids": 6, "action_pyramids": [5, 6], "pose_replica": True},
    "spnet_ntu_2p": {**NTU, "num_pyramids": 2, "action_pyramids": [1, 2]},
    "spnet_ntu_4p": {**NTU, "num_pyramids": 4, "action_pyramids": [3, 4], "pose_replica": True},
    "penn_2p": {**PENN, "num_pyramids": 2, "action_pyramids": [1, 2]},
}
SMALL = {
    "input_shape": (64, 64, 3),
    "poselayout": "pa16j2d",
    "num_pyramids": 2,
    "num_levels": 3,
    "growth": 8,
    "num_pose_features": 16,
    "num_visual_features": 24,
}


@pytest.fixture(scope="session")
def published():
    """Return a function: name of a reference network, changes -> its `ModelConfig`."""
    return lambda name, **changes: ModelConfig(**{**PUBLISHED[name], **changes})


@pytest.fixture(scope="session")
def small():
    """Return a function: changes -> `ModelConfig` of a network that builds in a moment."""
    return lambda **changes: ModelConfig(**{**SMALL, **changes})


@pytest.fixture(scope="session")
def small_clip(small):
    """Return a function: changes -> `ModelConfig` of a small network for clips of 4 frames with 5 actions."""
    return lambda **changes: small(**{"input_shape": (4, 64, 64, 3), "num_actions": [5], **changes})


@pytest.fixture(scope="module")
def weight_file(reference, reference_weights, tmp_path_factory):
    """Return a function: name -> an .h5 file as Keras 2.1.4 wrote it."""
    folder = tmp_path_factory.mktemp("weights")

    def get(name):
        path = folder / f"{name}.h5"
        if not path.exists():
            reference_weights.write_h5(reference / f"{name}.json", path)
        return path

    return get
