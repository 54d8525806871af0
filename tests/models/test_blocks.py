"""The names of `deephar.models.common` and `deephar.models.blocks`."""

import keras
import numpy as np
import pytest

from deephar import models
from deephar.models import blocks, common, surgery

RNG = np.random.default_rng(0)


def run(model, *inputs):
    return np.asarray(model.predict_on_batch(list(inputs) if len(inputs) > 1 else inputs[0]))


def test_common_has_the_tools_of_their_rooms():
    assert common.set_trainable_layers is surgery.set_trainable_layers is models.set_trainable_layers
    assert common.residual is common.residual_unit and all(hasattr(common, name) for name in common.__all__)
    one, two = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    assert common.add_tensorlist([one]) is one and common.concat_tensorlist([one]) is one
    assert common.add_tensorlist([one, two]).shape == (None, 4, 4, 3)
    assert common.concat_tensorlist([one, two]).shape == (None, 4, 4, 6)
    for wrong in (one, []):
        with pytest.raises(TypeError, match="`t` must be a list of tensors"):
            common.add_tensorlist(wrong)


def test_softargmax_and_probability_of_a_peak():
    maps = np.zeros((1, 5, 9, 2), "float32")
    maps[0, 1, 4, 0] = maps[0, 4, 8, 1] = 50
    model = blocks.build_softargmax_2d((5, 9, 2), name="sam")
    assert model.name == "sam" and model.layers[1].name == "sam_softmax"
    np.testing.assert_allclose(run(model, maps)[0], [[0.5, 0.25], [1.0, 1.0]], atol=1e-5)
    probability = blocks.build_joints_probability((5, 9, 2))
    np.testing.assert_allclose(run(probability, maps / 50)[0], [[1.0], [1.0]], atol=1e-5)
    depth = np.zeros((1, 4, 2), "float32")
    depth[0, 3, 0] = 50
    np.testing.assert_allclose(run(blocks.build_softargmax_1d((4, 2)), depth)[0, :, 0], [0.875, 0.5], atol=1e-5)
    with pytest.raises(ValueError, match="`rho` must be 0.*Received: 0.5"):
        blocks.build_softargmax_2d((5, 9, 2), rho=0.5)


@pytest.mark.parametrize("frames", [1, 3])
def test_context_aggregation(frames):
    lead = (2,) if frames == 1 else (2, frames)
    pose, context, weight = (RNG.uniform(size=(*lead, n, d)).astype("float32") for n, d in ((4, 2), (8, 2), (8, 1)))
    pair = [x.reshape(*lead, 4, 2, -1) for x in (context, weight)]
    expected = 0.8 * pose + 0.2 * (pair[0] * pair[1]).sum(axis=-2) / pair[1].sum(axis=-2)
    model = blocks.build_context_aggregation(4, 2, 0.8, num_frames=frames, name="context")
    np.testing.assert_allclose(run(model, pose, context, weight), expected, atol=1e-5)


def test_bottlenecks():
    x = keras.Input((8, 8, 6))
    assert blocks.identity_block(x, (3, 3), (2, 2, 6)).shape == (None, 8, 8, 6)
    model = keras.Model(x, blocks.conv_block(x, (3, 3), (2, 2, 5), last_act=False))
    assert model.output_shape == (None, 8, 8, 5)
    assert (run(model, RNG.normal(size=(2, 8, 8, 6)).astype("float32")) < 0).any()
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == 4
