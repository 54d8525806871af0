"""Convolutional Pose Machines: the counts of the published networks, what stages share, what the centre map does."""

import keras
import numpy as np
import pytest

from deephar.data.inputs import make_inputs
from deephar.models import cpm
from deephar.utils.pose import cpm14j2d


@pytest.mark.parametrize(
    ("num_stages", "num_joints", "number"),
    [(6, 14, 31_219_866), (3, 14, 16_731_021), (1, 14, 4_386_095), (4, 9, 21_323_816), (6, 16, 31_377_062)],
)
def test_as_many_weights_as_the_published_networks(num_stages, num_joints, number):
    model = cpm.build(num_joints=num_joints, num_stages=num_stages)
    assert model.count_params() == number and not model.non_trainable_weights


def test_stages_share_the_trunk_alone():
    model = cpm.build((64, 64, 3), num_stages=3, filters=8)
    shared = [layer.name for layer in model.layers if layer.weights and layer.name.startswith("trunk")]
    assert shared == ["trunk_conv1", "trunk_conv2", "trunk_conv3"]
    assert model.get_layer("stage2_concat").output.shape[-1] == 8 // 4 + 15 + 1
    assert model.output_shape == [(None, 8, 8, 15)] * 3
    assert [spec.people for spec in model.signature.outputs] == ["all", "one", "one"]
    assert model.signature.layout == cpm14j2d


def test_the_centre_map_changes_later_stages_alone():
    model = cpm.build((64, 64, 3), num_joints=4, num_stages=2, filters=8)
    frames = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 64, 64, 3)).astype("float32")
    inputs = [make_inputs(model.signature.inputs, frames, [center]) for center in ((0.5, 0.5), (0.2, 0.7))]
    first, second = ([keras.ops.convert_to_numpy(y) for y in model(x)] for x in inputs)
    np.testing.assert_array_equal(first[0], second[0])
    assert np.abs(first[1] - second[1]).max() > 1e-6


def test_the_pooled_centre_map_is_that_of_the_authors():
    """368 x 368 px, centre on pixel 184 counted from 1: maximum, neighbours and sum behind the 9 x 9 pool."""
    spec = cpm.signature_for((368, 368, 3), 14, 2).inputs[1]
    center = (183 + 0.5) / 368
    (_, maps) = make_inputs([None, spec], np.zeros((1, 368, 368, 3)), [(center, center)])
    pooled = keras.ops.average_pool(maps, 9, 8, padding="same")
    pooled = keras.ops.convert_to_numpy(pooled)[0, ..., 0]
    found = [pooled.max(), pooled[22, 22], pooled[23, 23], pooled[20, 22], pooled.sum()]
    np.testing.assert_allclose(found, [0.96544, 0.96544, 0.93155, 0.65163, 43.295], rtol=2e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (60, 64, 3)}, "`input_shape` should be .* multiples of 8"),
        ({"num_stages": 0}, "`num_stages` should be a whole number of at least 1. Received: 0"),
        ({"filters": 6}, "`filters` should be a multiple of 4. Received: 6"),
    ],
)
def test_arguments_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        cpm.build(**options)
