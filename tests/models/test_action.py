"""The action networks of CVPR'18: sizes, graph, starting weights, frozen layers, errors, training."""

import keras
import numpy as np
import pytest

from deephar.losses import elasticnet_loss_on_valid_joints
from deephar.models import action, reception

SIDE, FRAMES, JOINTS, ACTIONS = 64, 4, 8, 5
SHAPE = (SIDE, SIDE, 3)


def run(model, x):
    y = model(x)
    return [keras.ops.convert_to_numpy(k) for k in (y if isinstance(y, list) else [y])]


def sharpen(model_pe, blocks):
    """Heat maps far from flat, so that poses and confidences differ from joint to joint."""
    for n in range(1, blocks + 1):
        maps = model_pe.get_layer(f"RegMap{n}").get_layer("maps")
        maps.set_weights([100 * w for w in maps.get_weights()])
    return model_pe


@pytest.fixture(scope="module")
def pose_net():
    keras.utils.set_random_seed(0)
    return action.build_pose_model(JOINTS, ACTIONS, FRAMES)


@pytest.fixture(scope="module")
def pe_2d():
    keras.utils.set_random_seed(0)
    return sharpen(reception.build(SHAPE, JOINTS, 2, num_blocks=2, concat_pose_confidence=False), 2)


@pytest.fixture(scope="module")
def pe_3d():
    keras.utils.set_random_seed(0)
    network = reception.build(SHAPE, JOINTS, 3, num_blocks=1, depth_maps=4, concat_pose_confidence=False)
    return sharpen(network, 1)


@pytest.fixture(scope="module")
def clips():
    return np.random.default_rng(0).uniform(-1, 1, (2, FRAMES, *SHAPE)).astype("float32")


def merge_2d(model_pe, **options):
    return action.build_merge_model(model_pe, ACTIONS, SHAPE, FRAMES, JOINTS, **{"num_blocks": 2, **options})


@pytest.fixture(scope="module")
def merged(pe_2d):
    return merge_2d(pe_2d, output_poses=True)


def poses(seed=0, batch=3, frames=FRAMES):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, (batch, frames, JOINTS, 2)), rng.uniform(0, 1, (batch, frames, JOINTS, 1))


def test_pose_network_gives_four_probabilities(pose_net):
    assert pose_net.name == "PoseAR" and pose_net.output_names == ["y1", "y2", "y3", "y4"]
    for y in run(pose_net, list(poses())):
        assert y.shape == (3, ACTIONS)
        np.testing.assert_allclose(y.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        (dict(num_joints=16, num_actions=15, num_temp_frames=16), 856_160),
        (dict(num_joints=20, num_actions=60, num_temp_frames=20, pose_dim=3, network_version="v2"), 3_810_464),
    ],
)
def test_published_sizes(arguments, parameters):
    assert action.build_pose_model(**arguments).count_params() == parameters


def test_absent_joints_do_not_matter(pose_net):
    pose, confidence = poses()
    confidence[:, :, 3] = 0
    elsewhere = pose.copy()
    elsewhere[:, :, 3] += 0.4
    np.testing.assert_array_equal(run(pose_net, [pose, confidence]), run(pose_net, [elsewhere, confidence]))
    elsewhere[:, :, 4] += 0.4
    assert np.abs(run(pose_net, [pose, confidence])[0] - run(pose_net, [elsewhere, confidence])[0]).max() > 1e-6


def test_top_is_softmax_of_max_plus_min(pose_net):
    bare = action.build_pose_model(JOINTS, ACTIONS, FRAMES, include_top=False)
    bare.set_weights(pose_net.get_weights())
    for maps, y in zip(run(bare, list(poses())), run(pose_net, list(poses())), strict=True):
        assert maps.shape == (3, FRAMES // 4, JOINTS // 4, ACTIONS)
        score = np.exp(maps.max(axis=(1, 2)) + maps.min(axis=(1, 2)))
        np.testing.assert_allclose(y, score / score.sum(axis=-1, keepdims=True), atol=1e-6)


def test_any_number_of_frames(pose_net):
    free = action.build_pose_model(JOINTS, ACTIONS)
    free.set_weights(pose_net.get_weights())
    np.testing.assert_allclose(run(free, list(poses())), run(pose_net, list(poses())), atol=1e-6)
    assert run(free, list(poses(frames=8)))[3].shape == (3, ACTIONS)


def test_visual_network():
    model = action.build_visual_model(JOINTS, ACTIONS, 12, FRAMES)
    assert model.name == "GuidedVisAR" and model.input_shape == (None, FRAMES, JOINTS, 12)
    assert [y.shape for y in model.outputs] == [(None, ACTIONS)] * 4
    assert action.build_visual_model(16, 15, 576, 16).count_params() == 4_070_144


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_joints": 17}, "`num_joints` should be a multiple of 4"),
        ({"num_temp_frames": 6}, "`num_frames` should be a multiple of 4"),
        ({"num_actions": 1}, "`num_actions` should be a whole number of at least 2"),
        ({"network_version": "v3"}, "`network_version` should be one of"),
    ],
)
def test_pose_network_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        action.build_pose_model(**{"num_joints": JOINTS, "num_actions": ACTIONS, **options})


def test_merged_outputs(merged, clips):
    assert merged.output_names[2:] == ["p1", "p2", "p3", "p4", "v1", "v2", "v3", "v4", "m"]
    pose, confidence, *actions = run(merged, clips)
    assert pose.shape == (2, FRAMES, JOINTS, 2) and confidence.shape == (2, FRAMES, JOINTS, 1)
    assert all(y.shape == (2, ACTIONS) for y in actions)
    np.testing.assert_allclose(np.sum(actions, axis=-1), 1, atol=1e-5)


def test_merged_poses_are_those_of_the_last_block_used(pe_2d, pe_3d, merged, clips):
    """In 2D the sigmoid sees 4 times the raw map, in 3D twice the sum of the two maxima."""
    options = dict(pose_dim=3, depth_maps=4, num_context_per_joint=0, output_poses=True, num_blocks=1)
    first = merge_2d(pe_2d, num_blocks=1, output_poses=True)
    for model, model_pe, place, factor in (
        (merged, pe_2d, 2, 4),
        (first, pe_2d, 0, 4),
        (merge_2d(pe_3d, **options), pe_3d, 0, 2),
    ):
        pose, confidence, *_ = run(model, clips)
        expected = run(model_pe, clips.reshape(-1, *SHAPE))[place : place + 2]
        np.testing.assert_allclose(pose.reshape(expected[0].shape), expected[0], atol=1e-5)
        odds = np.log(expected[1] / (1 - expected[1]))
        np.testing.assert_allclose(confidence.reshape(odds.shape), 1 / (1 + np.exp(-factor * odds)), atol=1e-4)
        assert np.ptp(confidence) > 0.01 and np.ptp(pose[..., 0]) > 0.01


def test_weighting_starts_as_a_plain_sum(pe_2d, merged, clips):
    plain = merge_2d(pe_2d, weighted_merge=False)
    assert "PoseAR_weighting" not in [layer.name for layer in plain.layers]
    for name in ("PoseAR", "GuidedVisAR"):
        plain.get_layer(name).set_weights(merged.get_layer(name).get_weights())
    np.testing.assert_allclose(run(plain, clips)[-1], run(merged, clips)[-1], atol=1e-6)
    layer = merged.get_layer("PoseAR_weighting")
    kept = layer.get_weights()
    layer.set_weights([0 * kept[0], kept[1]])
    after = run(merged, clips)
    layer.set_weights(kept)
    np.testing.assert_allclose(after[-1], after[-2], atol=1e-6)  # nothing but appearance is left


def test_parts_start_from_weight_files(pe_2d, pose_net, clips, tmp_path):
    guided = action.build_guided_visual_model(pe_2d, ACTIONS, SHAPE, FRAMES, JOINTS, 2)
    pose_net.save_weights(tmp_path / "pose.weights.h5")
    guided.get_layer("GuidedVisAR").save_weights(tmp_path / "visual.h5")
    files = dict(ar_pose_weights=tmp_path / "pose.weights.h5", ar_visual_weights=tmp_path / "visual.h5")
    model = merge_2d(pe_2d, output_poses=True, **files)
    pose, confidence, *actions = run(model, clips)
    np.testing.assert_allclose(actions[:4], run(pose_net, [pose, confidence]), atol=1e-5)
    np.testing.assert_allclose(actions[4:8], run(guided, clips), atol=1e-5)


def test_weights_come_back_from_both_kinds_of_files(pe_2d, merged, clips, tmp_path):
    expected = run(merged, clips)
    for name in ("m.h5", "m.weights.h5"):
        merged.save_weights(tmp_path / name)
        other = merge_2d(
            reception.build(SHAPE, JOINTS, 2, num_blocks=2, concat_pose_confidence=False), output_poses=True
        )
        assert other.load_weights(tmp_path / name).complete
        for y, e in zip(run(other, clips), expected, strict=True):
            np.testing.assert_allclose(y, e, atol=1e-5)


def test_old_pose_network_is_taken_too(clips):
    old = reception.build(SHAPE, JOINTS, 2, num_blocks=1, old_model=True, concat_pose_confidence=False)
    model = merge_2d(old, num_blocks=1, output_poses=True)
    pose = run(model, clips)[0]
    np.testing.assert_allclose(pose.reshape(-1, JOINTS, 2), run(old, clips.reshape(-1, *SHAPE))[0], atol=1e-5)


def test_pose_layers_learn_only_when_asked_to():
    for flag in (False, True):
        model_pe = reception.build(SHAPE, JOINTS, 2, num_blocks=1, concat_pose_confidence=False)
        model = merge_2d(model_pe, num_blocks=1, full_trainable=flag)
        learning = {layer.name for layer in model.layers if layer.trainable_weights}
        parts = {"PoseAR", "GuidedVisAR", "PoseAR_weighting", "GuidedVisAR_weighting"}
        assert learning == (parts | {"td_Stem", "td_rBlock1", "td_Model1"} if flag else parts)
        assert model_pe.get_layer("Stem").trainable is flag


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_blocks": 3}, "`num_blocks` should be 1 to 2"),
        ({"num_context_per_joint": 0}, "`model_pe` should make 8 maps"),
        ({"pose_dim": 3}, "`model_pe` should make 64 maps"),
        ({"pose_dim": 4}, "`pose_dim` should be 2 or 3"),
        ({"input_shape": (32, 32, 3)}, r"`input_shape` should be \(64, 64, 3\)"),
        ({"num_frames": 6}, "`num_frames` should be a multiple of 4"),
        ({"pose_net_version": "v0"}, "`network_version` should be one of"),
    ],
)
def test_merge_refuses(pe_2d, options, message):
    arguments = dict(input_shape=SHAPE, num_frames=FRAMES, num_joints=JOINTS, num_blocks=2)
    with pytest.raises(ValueError, match=message):
        action.build_merge_model(pe_2d, ACTIONS, **{**arguments, **options})


def test_compile(pose_net, merged):
    action.compile(pose_net, lr=0.01, momentum=0.9, loss_weights=0.5)
    assert isinstance(pose_net.optimizer, keras.optimizers.SGD) and pose_net.optimizer.nesterov
    assert float(pose_net.optimizer.learning_rate) == pytest.approx(0.01) and pose_net.optimizer.momentum == 0.9
    action.compile(merged, pose_predicted=True)
    assert merged.loss[:3] == [elasticnet_loss_on_valid_joints, "binary_crossentropy", "categorical_crossentropy"]
    assert len(merged.loss) == 11 and merged.optimizer.momentum == 0.95
    for model, flag in ((pose_net, True), (merged, False)):
        with pytest.raises(ValueError, match="`pose_predicted` should say"):
            action.compile(model, pose_predicted=flag)
    with pytest.raises(ValueError, match="`loss_weights` should have 4 entries"):
        action.compile(pose_net, loss_weights=[1, 2])


@pytest.mark.slow
def test_learns_from_poses():
    """Two actions that differ in where one joint moves."""
    keras.utils.set_random_seed(1)
    model = action.build_pose_model(JOINTS, 2, FRAMES)
    action.compile(model, lr=0.02, momentum=0.9)
    pose, confidence = poses(seed=1, batch=16)
    labels = np.arange(16) % 2
    pose[:, :, 2, 1] = np.where(labels, 0.9, 0.1)[:, None]
    inputs, wanted = [pose, np.ones_like(confidence)], [np.eye(2)[labels]] * 4
    losses = [float(model.train_on_batch(inputs, wanted, return_dict=True)["loss"]) for _ in range(12)]
    assert losses[-1] < 0.2 * losses[0]
