"""The networks of the merged training share weights, and each stage trains the layers that it should."""

import keras
import numpy as np
import pytest

from deephar.experiments import merge_training
from deephar.training.recipes import MERGE_RECIPE
from deephar.training.stages import compile_for_stage

pytestmark = pytest.mark.usefixtures("untraced")

NETWORK = {
    "network": "merge",
    "pose": dict(input_shape=[256, 256, 3], num_joints=8, dim=2, ksize=[3, 3], num_blocks=4),
    "num_actions": 5,
    "num_frames": 16,
    "pose_net_version": "v1",
    "output_poses": True,
}
OF_POSES = {"td_Stem", "td_rBlock1", "td_Model1"}
OF_ACTIONS = {"PoseAR", "GuidedVisAR", "PoseAR_weighting", "GuidedVisAR_weighting"}


@pytest.fixture(scope="module")
def models():
    keras.utils.set_random_seed(0)
    return merge_training.build(merge_training.small_network(NETWORK, tiny=True, num_frames=4))


def changed(models, model, x, y):
    """Names of the parts of the merged network that one step changes."""
    merged = models[0]
    before = {layer.name: layer.get_weights() for layer in merged.layers}
    model.train_on_batch(x, y)
    return {
        name
        for name, kept in before.items()
        for a, b in zip(kept, merged.get_layer(name).get_weights(), strict=True)
        if not np.array_equal(a, b)
    }


def test_networks_share_weights(models):
    merged, pose_net, action_net = models
    assert pose_net.input_shape == (None, 32, 32, 3) and action_net.input_shape == (None, 4, 32, 32, 3)
    assert [len(m.outputs) for m in models] == [11, 1, 9]  # points and confidence of clips apart
    theirs = {id(w) for w in merged.weights}
    assert all(id(w) in theirs for w in pose_net.weights + action_net.weights)
    assert {layer.name for layer in merged.layers if layer.weights} == OF_POSES | OF_ACTIONS


def test_stages_train_what_they_say(models):
    merged, pose_net, action_net = models
    rng = np.random.default_rng(0)
    images, clips = rng.uniform(-1, 1, (2, 32, 32, 3)), rng.uniform(-1, 1, (1, 4, 32, 32, 3))
    poses, actions = rng.uniform(0, 1, (2, 8, 3)), [np.eye(5)[[1]]] * 9
    stages = {stage.name: stage.replace(learning_rate=1e-3) for stage in MERGE_RECIPE.stages}
    compile_for_stage([pose_net], stages["pose"], merged)
    assert changed(models, pose_net, images, poses) == OF_POSES
    compile_for_stage([action_net], stages["action"], merged)
    assert changed(models, action_net, clips, actions) == OF_ACTIONS  # moving averages of the poses stand still too
    compile_for_stage([pose_net, action_net], stages["finetune"], merged)
    assert changed(models, action_net, clips, actions) == OF_POSES | OF_ACTIONS


@pytest.mark.slow
def test_start_from_pose_weights_or_from_merged_ones(models, tmp_path):
    class Arguments:
        init, weights = None, None

    merged, pose_net, _ = models
    pose_net.save_weights(tmp_path / "pose.weights.h5")
    merged.save_weights(tmp_path / "merged.weights.h5")
    for name, complete in (("pose", False), ("merged", True)):
        others = merge_training.build(merge_training.small_network(NETWORK, tiny=True, num_frames=4))
        Arguments.init = tmp_path / f"{name}.weights.h5"
        merge_training.initialise(Arguments, others)
        same = [np.array_equal(a, b) for a, b in zip(merged.get_weights(), others[0].get_weights(), strict=True)]
        assert all(same) is complete
        ours, theirs = (m[0].get_layer("td_Model1").get_weights() for m in (models, others))
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    Arguments.init = "spnet-2d"
    with pytest.raises(ValueError, match="`init` must be .*same family.*ReceptionNet.*SPNet"):
        merge_training.initialise(Arguments, models)
    (tmp_path / "bad.weights.h5").write_bytes(b"nothing")
    Arguments.init = tmp_path / "bad.weights.h5"
    with pytest.raises(ValueError, match=r"bad\.weights\.h5"):
        merge_training.initialise(Arguments, models)
