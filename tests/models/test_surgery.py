"""Cutting, splitting, freezing and compiling built networks."""

import keras
import numpy as np
import pytest

from deephar.models import (
    builders,
    compile_model,
    compile_split_models,
    copy_replica_layers,
    cut_model,
    image_view,
    join_confidence,
    prediction_blocks,
    set_trainable_layers,
    sharpen_maps,
    signature_of,
    split_model,
    spnet,
)


@pytest.fixture(scope="module")
def network(small_clip):
    """A small clip network with actions in the first and third of three pyramids, and its configuration."""
    cfg = small_clip(num_actions=[5, 3], num_pyramids=3, action_pyramids=[1, 3], pose_replica=True)
    cfg = cfg.replace(dbg_decoupled_pose=True)
    return spnet.build(cfg), cfg


@pytest.fixture
def action_network(small_clip):
    """A fresh small clip network with replica poses, and its configuration."""
    cfg = small_clip(pose_replica=True, poselayout="pa17j3d", action_pyramids=[2], num_levels=2)
    return spnet.build(cfg), cfg


@pytest.fixture(scope="module")
def clip():
    """A batch of two clips."""
    return np.random.default_rng(0).uniform(-1, 1, (2, 4, 64, 64, 3)).astype("float32")


def run(model, x):
    """Outputs as arrays, without the time that tracing a small model takes."""
    return [keras.ops.convert_to_numpy(y) for y in model(x)]


def learning(model):
    return {layer.name for layer in model.layers if layer.trainable_weights}


def test_cut_gives_the_same_outputs_for_less(network, clip):
    model, _ = network
    full = dict(zip(model.output_names, run(model, clip), strict=True))
    blocks = prediction_blocks(model)
    assert blocks == ["dp1_pb1", "dp1_pb2", "up2_pb1", "up2_pb0", "dp3_pb1", "dp3_pb2"]
    before = model.count_params(), len(model.layers)
    sizes = []
    for count, block in enumerate(blocks, 1):
        cut = cut_model(model, block)
        assert prediction_blocks(cut) == blocks[:count]
        for name, y in zip(cut.output_names, run(cut, clip), strict=True):
            np.testing.assert_allclose(y, full[name], atol=1e-6)
        sizes.append((cut.count_params(), len(cut.layers)))
    assert sizes == sorted(set(sizes))
    assert sizes[0][0] < 0.3 * before[0]
    assert sizes[-1] == before == (model.count_params(), len(model.layers))


def test_cut_keeps_actions_and_debug_outputs_of_its_blocks(network):
    model, _ = network
    by_block = {
        2: ["act1_ac_a0", "act1_ac_a1", "act2_ac_a0", "act2_ac_a1"],
        5: ["act1_ac_a0", "act1_ac_a1", "act2_ac_a0", "act2_ac_a1", "act3_ac_a0", "act3_ac_a1"],
    }
    for count, actions in by_block.items():
        cut = cut_model(model, count)
        debug = [n for n in model.output_names if "_dbg" in n and n.split("_dbg")[0] in prediction_blocks(cut)]
        assert cut.output_names == prediction_blocks(model)[:count] + actions + debug


def test_cut_drops_layers_and_shares_weights(network):
    model, _ = network
    cut = cut_model(model, "dp1_pb1")
    names = {layer.name for layer in cut.layers}
    assert not [n for n in names if n.startswith(("dp1_du2", "dp1_pb2", "up2", "dp3"))]
    assert not names & {"dp1_pb1_heatmaps_conv2", "dp1_pb1_heatmaps_fw_maps", "dp1_pb1_reinject"}
    assert cut.get_layer("conv1") is model.get_layer("conv1")
    assert type(cut) is type(model)
    assert cut_model(cut, 1).output_names == cut.output_names


@pytest.mark.parametrize("block", [0, 7, -1, True, "up2_pb3", "conv1", None, 2.0])
def test_cut_after_no_such_block(network, block):
    with pytest.raises(ValueError, match=r"`block` should be 1 to 6 or one of dp1_pb1, .*Received: "):
        cut_model(network[0], block)


def test_split_shares_layers(network, clip):
    model, cfg = network
    pose, action = split_model(model, cfg, model_names=["P", "A"])
    assert (pose.name, action.name) == ("P", "A")
    assert pose.output_names == prediction_blocks(model)
    assert action.output_names == [f"act{n}_ac_a{i}" for n in range(1, 5) for i in (0, 1)]
    assert pose.get_layer("conv1") is action.get_layer("conv1")
    full = run(model, clip)
    for y, expected in zip(run(pose, clip) + run(action, clip), full, strict=False):  # the debug outputs are in neither
        np.testing.assert_allclose(y, expected, atol=1e-6)


def test_split_of_interlaced_outputs(small_clip):
    cfg = small_clip(num_actions=[5, 3], action_pyramids=[1])
    model = spnet.build(cfg)
    p, a = model.outputs[:4], model.outputs[4:]
    mixed = type(model)(model.inputs[0], [p[0], a[0], a[1], p[1], a[2], a[3], p[2], p[3]])
    pose, action = split_model(mixed, cfg, interlaced=True)
    assert pose.output_names == prediction_blocks(model)
    assert action.output_names == [f"act{n}_ac_a{i}" for n in (1, 2) for i in (0, 1)]


def test_split_errors(network, small, small_clip):
    model, cfg = network
    with pytest.raises(ValueError, match="`full_model` should have 14 outputs to fit `cfg`.*Received: 22"):
        split_model(model, cfg.replace(num_actions=[5], dbg_decoupled_pose=False, num_pyramids=5))
    with pytest.raises(ValueError, match="`cfg` should have actions"):
        split_model(spnet.build(small()), small())


def test_set_trainable_layers(action_network):
    model, _ = action_network
    everything = learning(model)
    set_trainable_layers(model, "action", None, False)
    actions = {n for n in everything if "action" in n}
    assert learning(model) == actions
    set_trainable_layers(model, "action", False)
    assert not learning(model)
    set_trainable_layers(model, "heatmaps", True, None)
    assert learning(model) == {n for n in everything if "heatmaps" in n}
    set_trainable_layers(model, "action", True, True)
    assert learning(model) == everything


def test_copy_replica_layers(action_network):
    model, _ = action_network
    replicas = [layer for layer in model.layers if layer.name.endswith("_replica")]
    assert len(replicas) == 2
    others = {n: model.get_layer(n).get_weights() for n in learning(model) if "_replica" not in n}
    copy_replica_layers(model)
    for layer in replicas:
        source = model.get_layer(layer.name.removesuffix("_replica"))
        np.testing.assert_array_equal(layer.get_weights()[0], source.get_weights()[0])
    for name, weights in others.items():
        for a, b in zip(weights, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def train_once(model, clip, poses, classes):
    targets = [poses if len(y.shape) == 4 else classes for y in model.outputs]
    model.train_on_batch(clip, targets)


def test_compile_split_models_trains_each_part_alone(action_network, clip, capsys, untraced):
    model, cfg = action_network
    pose, action = compile_split_models(model, cfg, keras.optimizers.SGD(0.05), pose_trainable=True, copy_replica=True)
    assert pose.name == "Pose"
    assert action.name == "Action"
    assert pose.optimizer is not action.optimizer
    assert float(action.optimizer.learning_rate) == pytest.approx(0.05)
    assert capsys.readouterr().out == ""
    poses = np.random.default_rng(1).uniform(0.1, 0.9, (2, 4, 17, 4)).astype("float32")
    classes = np.eye(5, dtype="float32")[:2]
    names = ("up2_pb0_depthmaps_conv1", "up2_pb0_depthmaps_conv1_replica", "act1_action_pred_conv1")

    def changed(part):
        before = {n: model.get_layer(n).get_weights()[0].copy() for n in names}
        train_once(part, clip, poses, classes)
        return [n for n in names if not np.array_equal(before[n], model.get_layer(n).get_weights()[0])]

    assert changed(pose) == [names[0]]
    assert changed(action) == [names[1], names[2]]


def test_one_learning_rate_serves_both_parts(action_network, clip):
    model, cfg = action_network
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    pose, action = compile_split_models(model, cfg, optimizer, pose_trainable=True)
    assert pose.optimizer is optimizer and len(action.optimizer.variables) == len(optimizer.variables)
    classes = np.eye(5, dtype="float32")[:2]
    action.run_eagerly = True  # two steps take less time than tracing one
    for rate in (0.0, 0.05):
        before = model.get_layer("act1_action_pred_conv1").get_weights()[0].copy()
        optimizer.learning_rate.assign(rate)
        assert float(action.optimizer.learning_rate) == pytest.approx(rate)
        train_once(action, clip, None, classes)
        changed = not np.array_equal(before, model.get_layer("act1_action_pred_conv1").get_weights()[0])
        assert changed == (rate > 0)


def test_compile_split_models_freezes_the_pose_part(action_network, clip, capsys):
    model, cfg = action_network
    _, action = compile_split_models(model, cfg, "sgd", ar_loss_weights=0.5, verbose=1)
    assert action.get_compile_config()["loss_weights"] == [0.5]
    text = capsys.readouterr().out
    assert "frozen    | conv1 | Conv2D | 9408" in text
    assert "trainable | act1_action_v_conv0 | Conv2D" in text
    frozen = {n: model.get_layer(n).get_weights() for n in ("conv1", "res0_bn1", "up2_pb0_heatmaps_conv1_replica")}
    train_once(action, clip, None, np.eye(5, dtype="float32")[:2])
    for name, weights in frozen.items():
        for a, b in zip(weights, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_compile_model_spreads_one_setting_over_all_outputs(small):
    model = spnet.build(small())
    compile_model(model, "mse", "sgd", loss_weights=0.5)
    config = model.get_compile_config()
    assert config["loss"] == ["mse"] * 4
    assert config["loss_weights"] == [0.5] * 4
    compile_model(model, ["mse", "mae", "mse", "mae"], "sgd")
    assert model.get_compile_config()["loss_weights"] is None
    with pytest.raises(ValueError, match="`loss` should have 4 entries.*Received: 2"):
        compile_model(model, ["mse", "mae"], "sgd")
    with pytest.raises(ValueError, match="`loss_weights` should have 4 entries.*Received: 3"):
        compile_model(model, "mse", "sgd", loss_weights=(1, 2, 3))


@pytest.mark.parametrize("block", ["dp1_pb1", -1])
def test_sharpening_moves_one_block_towards_its_peaks(small_clip, clip, block):
    model = spnet.build(small_clip(num_levels=2, action_pyramids=[], num_actions=[]))
    blocks = prediction_blocks(model)
    number = blocks.index(block) if isinstance(block, str) else len(blocks) - 1
    before = run(model, clip)
    sharpen_maps(model, 1e6, block)
    after = run(model, clip)
    for k, (old, new) in enumerate(zip(before, after, strict=True)):
        if k != number:
            np.testing.assert_allclose(new, old, atol=1e-4)
    side = model.get_layer(f"{blocks[number]}_probmaps").output.shape[1]
    cells = after[number][..., :2] * (side - 1)
    assert np.mean(np.abs(cells - np.round(cells)) < 0.01) > 0.97  # on the cell of the peak
    assert np.abs(after[number] - before[number]).max() > 0.05
    sharpen_maps(model, 1e-6, block)
    np.testing.assert_allclose(run(model, clip)[number], before[number], atol=1e-4)


@pytest.mark.parametrize(("factor", "block"), [(0, -1), (-1, -1), (2, "dp9_pb1"), (2, 99), (float("nan"), -1)])
def test_sharpening_refuses(network, factor, block):
    with pytest.raises(ValueError, match=r"`block` should be .* Received: block="):
        sharpen_maps(network[0], factor, block)


def test_poses_and_confidences_of_clips_become_one_output():
    pose = dict(input_shape=(32, 32, 3), num_joints=4, dim=2, num_blocks=1)
    model = builders.build_merge(pose, num_actions=3, num_frames=4, output_poses=True)
    joined = join_confidence(model)
    assert joined.output_names == ["pose_clip_joined_clip", *model.output_names[2:]]
    x = np.random.default_rng(0).uniform(-1, 1, (1, 4, 32, 32, 3)).astype("float32")
    apart, together = run(model, x), run(joined, x)
    np.testing.assert_array_equal(together[0], np.concatenate(apart[:2], axis=-1))
    np.testing.assert_array_equal(together[-1], apart[-1])
    signature = signature_of(joined)
    assert signature.pose_outputs == (0,) and signature.action_outputs == tuple(range(1, 10))
    (images,) = keras.tree.flatten(image_view(joined)(x[0]))  # each frame alone
    np.testing.assert_allclose(keras.ops.convert_to_numpy(images), together[0][0], atol=1e-6)
