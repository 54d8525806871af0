"""Gradients whose inside is computed again are those of the plain network, and so is everything else of a step."""

import keras
import numpy as np
import pytest

from deephar.config import ModelConfig
from deephar.models import spnet
from deephar.models.base import PoseModel
from deephar.models.recompute import Segments

CLIP = dict(growth=16, num_levels=2, num_pyramids=1, action_pyramids=[1], num_actions=[5], num_pose_features=16)
CLIP |= dict(num_visual_features=16)


def small_spnet():
    return spnet.build(ModelConfig((2, 32, 32, 3), "pa16j2d", **CLIP))


def stepped(build, recompute, jit_compile=False, steps=2):
    """Return the losses of some steps on random samples, and the weights after them."""
    keras.utils.set_random_seed(3)
    model = build()
    model.recompute = recompute
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2, *model.inputs[0].shape[1:])).astype("float32")
    y = [rng.uniform(0.1, 0.9, (2, *output.shape[1:])).astype("float32") for output in model.outputs]
    model.compile(keras.optimizers.SGD(0.01), loss=["mse"] * len(y), jit_compile=jit_compile)
    losses = [float(model.train_on_batch(x, y, return_dict=True)["loss"]) for _ in range(steps)]
    return losses, {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


def test_a_step_of_a_clip_network_is_the_same(untraced):
    plain, weights = stepped(small_spnet, recompute=False)
    losses, again = stepped(small_spnet, recompute=True)
    assert losses == pytest.approx(plain, rel=1e-5)
    assert weights.keys() == again.keys()
    for name, value in weights.items():  # moving statistics among them: changed once a step
        np.testing.assert_allclose(again[name], value, rtol=1e-3, atol=2e-5, err_msg=name)


def with_dropout():
    x = inputs = keras.Input((6, 6, 3))
    for number in range(4):
        x = keras.layers.Conv2D(4, 3, padding="same", name=f"conv{number}", trainable=number > 0)(x)
        x = keras.layers.Dropout(0.5, seed=number, name=f"dropout{number}")(x)
    return PoseModel(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_what_is_random_is_drawn_once_and_what_is_frozen_stays():
    losses, weights = stepped(with_dropout, False)
    again, others = stepped(with_dropout, True)
    assert again == pytest.approx(losses, rel=1e-5)
    for name, value in weights.items():
        np.testing.assert_allclose(others[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_segments_hold_less_than_the_network_and_every_operation_once():
    model = small_spnet()
    segments = Segments(model).segments
    operations = [node.operation.name for segment in segments for node in segment.nodes]
    assert len(segments) > 3 and len(set(operations)) == len(operations)
    assert sorted([*operations, "frame"]) == sorted(layer.name for layer in model.layers)


def test_a_layer_used_twice_gets_both_gradients():
    def build():
        inputs = keras.Input((4,))
        layer = keras.layers.Dense(4, name="shared")
        return PoseModel(inputs, layer(keras.layers.ReLU()(layer(inputs))))

    plain, again = stepped(build, False), stepped(build, True)
    np.testing.assert_allclose(again[1]["shared/kernel"], plain[1]["shared/kernel"], rtol=1e-5)
