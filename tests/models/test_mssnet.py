"""MSS-Net: counts of the part that the paper defines, maps of every scale, the regression on the last stack."""

import numpy as np
import pytest

from deephar.inference import Predictor
from deephar.inference.decode import decode
from deephar.models import hourglass, mssnet


def count(variables):
    return sum(int(np.prod(v.shape)) for v in variables)


@pytest.mark.parametrize(
    ("scales", "filters", "number"),
    [((1,), 64, 949_888), ((1, 2, 4), 64, 958_208), ((1, 2, 4, 8), 64, 962_368), ((1, 2, 4), 128, 3_348_544)],
)
def test_as_many_weights_as_counted_by_hand(scales, filters, number):
    model = mssnet.build(scales=scales, filters=filters, regression=False)
    assert count(model.trainable_weights) == number


def test_outputs_are_scales_of_each_stack_then_the_regression():
    model = mssnet.build((128, 64, 3), num_joints=5, num_stacks=2, filters=8, scales=(1, 2, 8))
    assert [shape[1:] for shape in model.output_shape] == [(32, 16, 5), (16, 8, 5), (4, 2, 5)] * 2 + [(32, 16, 5)]
    names = ["stack1", "stack1_2", "stack1_8", "stack2", "stack2_2", "stack2_8", "regression"]
    assert [spec.block for spec in model.signature.outputs] == names
    assert [spec.stride for spec in model.signature.outputs] == [4, 8, 32, 4, 8, 32, 4]
    assert model.signature.answer == 6


def test_without_regression_the_finest_maps_of_the_last_stack_are_the_answer():
    model = mssnet.build((64, 64, 3), num_joints=5, num_stacks=2, filters=8, regression=False)
    signature = model.signature
    assert signature.answer == 3 and signature.outputs[3].block == "stack2"
    outputs = model.predict_on_batch(np.random.default_rng(0).uniform(0, 1, (2, 64, 64, 3)).astype("float32"))
    np.testing.assert_array_equal(decode(outputs, signature)[0], decode(outputs, signature, 3)[0])
    assert not np.array_equal(decode(outputs, signature)[0], decode(outputs, signature, -1)[0])
    assert Predictor(model).network.pose_block == 3 and Predictor(model, pose_block=-1).network.pose_block == -1


def test_without_scales_and_regression_it_is_an_hourglass():
    options = dict(input_shape=(64, 64, 3), num_joints=5, num_stacks=2, filters=8)
    plain, other = mssnet.build(scales=(1,), regression=False, **options), hourglass.build(**options)
    assert [(v.path, v.shape) for v in plain.weights] == [(v.path, v.shape) for v in other.weights]
    other.set_weights(plain.get_weights())
    frames = np.random.default_rng(0).uniform(0, 1, (1, 64, 64, 3)).astype("float32")
    for a, b in zip(plain(frames), other(frames), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scales", [(), (2, 4), (1, 3), (1, 4, 2), (1, 2, 2), (1, 16)])
def test_scales_are_the_decoders_own(scales):
    with pytest.raises(ValueError, match="`scales` should be 1 and then some of .*Received"):
        mssnet.build((64, 64, 3), scales=scales)
