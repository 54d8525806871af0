"""R3D50-G: parameters, operations and shapes of the paper."""

import keras
import numpy as np
import pytest

from deephar.models import r3d
from deephar.models.flops import count_flops


def trainable(model):
    """The number of trainable weights."""
    return sum(int(np.prod(v.shape)) for v in model.trainable_weights)


@pytest.fixture(scope="module")
def published():
    return r3d.build()


def test_counts_are_those_of_the_paper(published):
    assert trainable(published) == 34_027_672 and published.count_params() == 34_080_792
    assert published.signature.frame.crop == "frame" and published.signature.frame.num_frames == 0
    assert len(published.signature.labels) == 600 and published.signature.outputs[0].logits


def test_operations_are_those_of_the_paper(published):
    total = count_flops(published, (250, 256, 256, 3)) / 1e9
    assert total == pytest.approx(3665, rel=0.005)  # convolutions alone; normalisation, sums and gates add 0.4 %


def test_stages_never_shorten_time(published):
    gates = [layer.output for layer in published.layers if layer.name.endswith("_gate")]
    found = keras.Model(published.input, gates).compute_output_shape((1, 64, 224, 224, 3))
    expected = [(64, 56, 56, 256), (64, 28, 28, 512), (64, 14, 14, 1024), (64, 7, 7, 2048)]
    assert [tuple(shape[1:]) for shape in found] == expected


def test_only_the_named_blocks_see_neighbouring_frames():
    model = r3d.build((4, 32, 32, 3), num_classes=2, filters=4)
    lengths = [k.kernel_size[0] for k in model.layers if k.name.endswith("_a_conv")]
    assert lengths == [3, 3, 3, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 1, 3, 1]
    strides = {k.strides for k in model.layers if k.name.endswith("_b_conv")}
    assert strides == {(1, 1, 1), (1, 2, 2)} and {k.strides[0] for k in model.layers if hasattr(k, "strides")} == {1}


def test_a_gate_is_a_number_from_0_to_1_for_each_channel():
    model = r3d.build((4, 32, 32, 3), num_classes=2, filters=4)
    gate = model.get_layer("res2_block3_gate")
    part = keras.Model(model.input, [gate.input[0], gate.output])
    x, y = part.predict(np.random.default_rng(0).uniform(-1, 1, (2, 4, 32, 32, 3)), verbose=0)
    kernel, bias = model.get_layer("res2_block3_gate_dense").get_weights()
    gates = 1 / (1 + np.exp(-(x.mean(axis=(1, 2, 3)) @ kernel + bias)))
    np.testing.assert_allclose(y, x * gates[:, None, None, None], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (224, 224, 3)}, r"`input_shape` should be \(T, H, W, C\).*Received: \(224, 224, 3\)"),
        ({"gates": "cell"}, "`gates` should be True, False or one of stage, block, none. Received: 'cell'"),
        ({"num_classes": 0}, "`num_classes` should be a whole number of at least 1. Received: 0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        r3d.build(**options)
