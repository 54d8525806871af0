"""Structure of the SPNet: outputs, options, names, parameters, errors."""

import dataclasses
import re

import keras
import numpy as np
import pytest

from deephar.models import get_num_predictions, spnet


def random_input(model, batch=2):
    return np.random.default_rng(0).uniform(-1, 1, (batch, *model.input_shape[1:])).astype("float32")


def run(model, x):
    """Outputs as arrays, without the time that tracing a small model takes."""
    return [keras.ops.convert_to_numpy(y) for y in model(x)]


def weights_by_name(model):
    return {layer.name: [tuple(w.shape) for w in layer.weights] for layer in model.layers if layer.weights}


def blocks(pyramids, levels=3):
    """Names of the prediction blocks of some pyramids."""
    down, up = range(1, levels), range(levels - 2, -1, -1)
    return [f"{'dp' if p % 2 else 'up'}{p}_pb{i}" for p in pyramids for i in (down if p % 2 else up)]


@pytest.mark.parametrize(("layout", "joints", "dim"), [("pa16j2d", 16, 2), ("pa17j3d", 17, 3)])
def test_poses_in_images(small, layout, joints, dim):
    model = spnet.build(small(poselayout=layout))
    assert model.name == "SPNet"
    assert not model.compiled
    assert model.output_names == blocks([1, 2])
    assert len(model.outputs) == get_num_predictions(2, 3)
    for y in run(model, random_input(model)):
        assert y.shape == (2, joints, dim + 1)
        assert y.min() >= 0
        assert y.max() <= 1 + 1e-5


def test_images_need_no_actions_switched_off(small):
    default = spnet.build(small())
    none = spnet.build(small(action_pyramids=[], pose_replica=True, dbg_decoupled_pose=True))
    assert weights_by_name(default) == weights_by_name(none)
    assert len(none.outputs) == 4


def test_actions_in_clips_come_after_poses(small_clip):
    model = spnet.build(small_clip(num_actions=[5, 3], num_pyramids=3, action_pyramids=[2, 3]))
    actions = [f"act{n}_ac_a{i}" for n in range(1, 5) for i in (0, 1)]
    assert model.output_names == blocks([1, 2, 3]) + actions
    outputs = run(model, random_input(model))
    assert [y.shape for y in outputs] == [(2, 4, 16, 3)] * 6 + [(2, 5), (2, 3)] * 4
    for y in outputs[6:]:
        np.testing.assert_allclose(y.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("num_frames", [1, 5, 16, 18])
def test_clip_lengths_and_joint_counts_that_need_padding(small_clip, num_frames):
    cfg = small_clip(input_shape=(num_frames, 32, 32, 3), num_levels=2, poselayout="pa17j3d", action_pyramids=[1])
    model = spnet.build(cfg)
    time = num_frames + num_frames % 2 if num_frames < 16 else -(-num_frames // 4) * 4 // 2
    assert model.get_layer("act1_action_p_pool").output.shape == (None, time, 10, 16)
    assert model.outputs[-1].shape == (None, 5)


def test_clip_model_sees_frames_one_by_one(small, small_clip):
    clip, image = spnet.build(small_clip(num_actions=[])), spnet.build(small())
    assert weights_by_name(clip) == weights_by_name(image)
    clip.set_weights(image.get_weights())
    x = random_input(clip)
    outputs = clip.predict_on_batch(x)
    assert [y.shape for y in clip.predict_on_batch(x[:1])] == [(1, 4, 16, 3)] * 4  # no fixed batch size
    for t in range(4):
        for y, single in zip(outputs, run(image, x[:, t]), strict=True):
            np.testing.assert_allclose(y[:, t], single, atol=1e-5)


def test_frames_are_folded_once(small_clip):
    model = spnet.build(small_clip(pose_replica=True))
    assert [layer.name for layer in model.layers if type(layer).__name__ == "FoldFrames"] == ["fold_frames"]
    assert model.layers[1].name == "fold_frames"
    per_frame = [layer for layer in model.layers if re.match(r"(dp|up)\d_.*conv|res\d|conv1$", layer.name)]
    per_frame = [layer for layer in per_frame if "action" not in layer.name]
    assert len(per_frame) > 40
    assert all(len(layer.output.shape) == 4 for layer in per_frame)


def test_nothing_of_size_height_width_joints_features(small_clip):
    model = spnet.build(small_clip())
    assert max(len(layer.output.shape) for layer in model.layers) == 5


def test_replica_feeds_only_the_actions(small_clip):
    cfg = small_clip(poselayout="pa17j3d", pose_replica=True, num_pyramids=2, action_pyramids=[2])
    model = spnet.build(cfg)
    replicas = [layer for layer in model.layers if layer.name.endswith("_replica")]
    assert {layer.name for layer in replicas} == {
        f"{b}_{kind}_conv1_replica" for b in blocks([2]) for kind in ("heatmaps", "depthmaps")
    }
    x = random_input(model)
    before = run(model, x)
    for layer in replicas:
        layer.set_weights([5 * w[..., ::-1] for w in layer.get_weights()])
    after = run(model, x)
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        assert np.array_equal(a, b) == (i < 4), model.output_names[i]


def test_debug_outputs_are_the_decoupled_poses_and_maps(small_clip):
    cfg = small_clip(poselayout="pa17j3d", pose_replica=True, action_pyramids=[2], dbg_decoupled_pose=True)
    model = spnet.build(cfg)
    assert model.output_names[-4:] == ["up2_pb1_dbg", "up2_pb0_dbg", "up2_pb1_dbg_h", "up2_pb0_dbg_h"]
    for b in blocks([2]):
        kernel = model.get_layer(f"{b}_heatmaps_conv1").get_weights()
        model.get_layer(f"{b}_heatmaps_conv1_replica").set_weights(kernel)
    outputs = dict(zip(model.output_names, run(model, random_input(model)), strict=True))
    for b, size in zip(blocks([2]), (4, 8), strict=True):
        np.testing.assert_allclose(outputs[f"{b}_dbg"], outputs[b][..., [0, 1, 3]], atol=1e-6)
        assert outputs[f"{b}_dbg_h"].shape == (2, 4, size, size, 17)
        np.testing.assert_allclose(outputs[f"{b}_dbg_h"].sum(axis=(2, 3)), 1, atol=1e-5)
    only_maps = spnet.build(cfg.replace(dbg_decoupled_pose=False, dbg_decoupled_h=True))
    assert only_maps.output_names == [n for n in model.output_names if not n.endswith("_dbg")]


def test_strided_convolutions_instead_of_pooling(small):
    model = spnet.build(small(downsampling_type="conv"))
    names = {layer.name for layer in model.layers}
    assert {"up2_uu1_bn1", "up2_uu1_convtrans1", "up2_uu0_convtrans1"} <= names
    assert "dp1_du1_pool" not in names
    assert model.get_layer("dp1_du1_r0_conv1").strides == model.get_layer("res3_conv2").strides == (2, 2)
    assert model.outputs[0].shape == (None, 16, 3)


@pytest.mark.parametrize(("image_div", "last", "features"), [(4, "res2", 16), (8, "res4", 24), (16, "res6", 32)])
def test_entry_flow_depth(small, image_div, last, features):
    model = spnet.build(small(input_shape=(128, 128, 3), image_div=image_div))
    size = 128 // image_div
    assert model.get_layer(f"{last}_add").output.shape == (None, size, size, features)
    assert f"res{int(last[3:]) + 1}_conv1" not in weights_by_name(model)


def test_kernel_size_and_sharpness(small):
    model = spnet.build(small(kernel_size=(3, 1), sam_alpha=2.5))
    assert model.get_layer("dp1_pb1_conv1").kernel_size == (3, 1)
    assert model.get_layer("dp1_pb1_probmaps").alpha == 2.5


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_stem_learns_nothing_behind_a_stopped_gradient(small):
    model = spnet.build(small(num_levels=2, num_pyramids=1), stop_grad_stem=True)
    assert model.get_layer("stop_grad_stem").output.shape == model.get_layer("res4_add").output.shape
    model.compile(keras.optimizers.SGD(0.1), loss=["mse"])
    before = {name: model.get_layer(name).get_weights()[0] for name in ("conv1", "res4_conv2", "dp1_pb1_conv1")}
    x = random_input(model)
    model.train_on_batch(x, [np.zeros((2, 16, 3), "float32")])
    changed = [name for name, w in before.items() if not np.array_equal(w, model.get_layer(name).get_weights()[0])]
    assert changed == ["dp1_pb1_conv1"]


def test_names_depend_on_the_place_only(small_clip):
    cfg = small_clip(num_actions=[5, 3], pose_replica=True, dbg_decoupled_pose=True, poselayout="pa17j3d")
    first = spnet.build(cfg)
    keras.layers.Add()([keras.Input((3,)), keras.Input((3,))])  # moves Keras' counters on
    second = spnet.build(cfg)
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert first.output_names == second.output_names
    assert len(set(names)) == len(names)
    assert not [n for n in names if re.fullmatch(r"(add|concatenate|multiply|conv2d|activation|functional)(_\d+)?", n)]


def test_config_is_left_as_it_is(small_clip):
    cfg = small_clip()
    before = dataclasses.asdict(cfg), vars(cfg).copy()
    spnet.build(cfg)
    assert (dataclasses.asdict(cfg), vars(cfg)) == before


def test_parameters_of_the_published_network(published):
    model = spnet.build(published("penn_2p"))
    ramps = [ramp for _, ramp in model.legacy_layout() if ramp is not None]
    stored = sum(rows * columns * joints + joints**2 for _, rows, columns, joints in ramps)
    assert len(ramps) == 24  # 6 blocks, x and y, for pose and for action
    assert stored == 4 * sum(size**2 * 16 + 16**2 for size in (16, 8, 4, 8, 16, 32)) == 113_664
    assert model.count_params() == 10_216_232
    assert model.count_params() + stored == 10_329_896  # the count of the original, frozen ramps included


def test_errors(small, small_clip):
    with pytest.raises(TypeError, match="`cfg` should be a ModelConfig. Received: dict"):
        spnet.build({})
    with pytest.raises(ValueError, match=r"`cfg.input_shape` should be a clip.*\(64, 64, 3\)"):
        spnet.build(small(num_actions=[5]))
    with pytest.raises(ValueError, match="`cfg.dbg_decoupled_pose`.*need `pose_replica`"):
        spnet.build(small_clip(dbg_decoupled_pose=True))
    with pytest.raises(ValueError, match=r"at least 2 rows and columns.*1 x 2 there"):
        spnet.build(small(input_shape=(32, 64, 3)))
    with pytest.raises(ValueError, match="`cfg.num_pose_features` should be at least 16 for actions. Received: 8"):
        spnet.build(small_clip(num_pose_features=8))
