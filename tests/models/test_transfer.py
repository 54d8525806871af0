"""Weights of one network start another: joint by joint where only the joints differ, and nothing else is touched."""

import keras
import numpy as np
import pytest

from deephar.models import spnet
from deephar.models.transfer import reestimate_batch_norm, transfer_weights
from deephar.utils.pose import pa13j2d, pa16j2d, pa17j3d, pa20j3d

SIZE = {"num_pyramids": 1, "num_levels": 3}  # two blocks: what a block hands on exists in the first


def randomised(model, seed):
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.05 * rng.uniform(size=w.shape).astype("float32") for w in model.get_weights()])
    return model


def weights_of(model):
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


@pytest.fixture
def networks(small, small_clip):
    source = spnet.build(small_clip(**SIZE, poselayout=pa16j2d, num_actions=[15], action_pyramids=[1]))
    target = spnet.build(small_clip(**SIZE, poselayout=pa17j3d, num_actions=[60], action_pyramids=[1]))
    return randomised(source, 0), randomised(target, 1)


def test_two_dimensions_start_three(networks):
    source, target = networks
    before = weights_of(target)
    kept = transfer_weights(source, target, pa16j2d, pa17j3d)
    old, new = weights_of(source), weights_of(target)
    depth = {f"dp1_{block}_depthmaps_{part}" for block, part in (("pb1", "conv1"), ("pb1", "conv2"), ("pb2", "conv1"))}
    assert {name for name in kept if "depthmaps" in name} == depth and not any(new[name][0].any() for name in depth)
    for name in set(kept) - depth:
        assert all(np.array_equal(a, b) for a, b in zip(before[name], new[name], strict=True)), name
    maps = "dp1_pb1_heatmaps"
    copied = [name for name in new if name not in kept and "_heatmaps_" not in name]
    assert "conv1" in copied and any("action" in name for name in copied)
    for name in copied:
        assert all(np.array_equal(a, b) for a, b in zip(old[name], new[name], strict=True)), name
    for part in ("conv1", "fw_maps"):  # the first 16 joints are the same ones, the last is new
        np.testing.assert_array_equal(new[f"{maps}_{part}"][0][..., :16], old[f"{maps}_{part}"][0])
        assert not new[f"{maps}_{part}"][0][..., 16].any()
    back, old_back = new[f"{maps}_conv2"][0], old[f"{maps}_conv2"][0]  # free maps, then heat maps
    np.testing.assert_array_equal(back[:, :, :16], old_back[:, :, :16])
    np.testing.assert_array_equal(back[:, :, 17:33], old_back[:, :, 16:])
    assert not back[:, :, [16, 33]].any()


def test_poses_of_the_same_joints_stay_the_same(networks):
    source, target = networks
    transfer_weights(source, target, pa16j2d, pa17j3d)
    x = np.random.default_rng(0).uniform(-1, 1, (1, *source.input_shape[1:])).astype("float32")
    for old, new in zip(source.predict_on_batch(x)[:2], target.predict_on_batch(x)[:2], strict=True):
        np.testing.assert_allclose(new[..., :16, :2], old[..., :2], atol=1e-5)
        np.testing.assert_allclose(new[..., 2], 0.5, atol=1e-6)


def test_joints_go_by_name(small):
    source = randomised(spnet.build(small(**SIZE, poselayout=pa20j3d)), 0)
    target = randomised(spnet.build(small(**SIZE, poselayout=pa17j3d)), 1)
    assert transfer_weights(source, target, pa20j3d, pa17j3d) == []
    for part in ("heatmaps_conv1", "depthmaps_conv1"):
        (old,), (new,) = (model.get_layer(f"dp1_pb1_{part}").get_weights() for model in (source, target))
        for k, name in enumerate(pa17j3d.joint_names):
            known = name in pa20j3d.joint_names
            expected = old[..., pa20j3d.joint_names.index(name)] if known else np.zeros_like(new[..., k])
            np.testing.assert_array_equal(new[..., k], expected, err_msg=name)


def batches_of(model, count):
    rng = np.random.default_rng(3)
    return [rng.normal(k, 1 + k, (4, *model.input_shape[1:])).astype("float32") for k in range(count)]


def test_statistics_are_the_means_over_the_images(small):
    source = randomised(spnet.build(small(**SIZE, poselayout=pa17j3d)), 0)
    target = spnet.build(small(**SIZE, poselayout=pa16j2d))
    batches = batches_of(target, 3)
    transfer_weights(source, target, pa17j3d, pa16j2d)
    plain = weights_of(target)
    first = next(layer for layer in target.layers if "moving_mean" in str([w.path for w in layer.weights]))
    before = keras.Model(target.inputs[0], first.input)
    seen = [np.asarray(before(batch)) for batch in batches]
    transfer_weights(source, target, pa17j3d, pa16j2d, images=iter(batches))
    axes = (0, 1, 2)
    np.testing.assert_allclose(first.moving_mean, np.mean([x.mean(axes) for x in seen], axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(first.moving_variance, np.mean([x.var(axes) for x in seen], axis=0), rtol=1e-2)
    assert first.momentum == 0.99
    for name, weights in weights_of(target).items():  # nothing but the statistics moved
        for variable, old, new in zip(target.get_layer(name).weights, plain[name], weights, strict=True):
            assert "moving_" in variable.path or np.array_equal(old, new), variable.path


def test_statistics_of_frozen_layers_stay(small):
    model = spnet.build(small(**SIZE))
    model.trainable = False
    before = model.get_weights()
    assert reestimate_batch_norm(model, batches_of(model, 1)) == 1
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    with pytest.raises(ValueError, match="`batches` must hold at least one batch"):
        reestimate_batch_norm(model, [])


def test_a_foreign_network_is_refused(small):
    target = randomised(spnet.build(small(**SIZE)), 1)
    before = target.get_weights()
    foreign = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="other")])
    with pytest.raises(ValueError, match="none fits"):
        transfer_weights(foreign, target, pa13j2d, pa16j2d)
    assert all(np.array_equal(a, b) for a, b in zip(before, target.get_weights(), strict=True))
