"""The stacked hourglass: the reference's numbers of weights, shapes, names, weight files, gradients, errors."""

import math

import keras
import numpy as np
import pytest

from deephar.models import hourglass
from deephar.models.flops import count_flops

SHAPE = (64, 64, 3)
TINY = dict(num_joints=5, num_stacks=2, filters=8)


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(0)
    return hourglass.build(SHAPE, **TINY)


@pytest.fixture(scope="module")
def free():
    return hourglass.build((None, None, 3), **TINY)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 1, (2, *SHAPE)).astype("float32")


def count(variables):
    return sum(int(np.prod(v.shape)) for v in variables)


def run(model, x):
    return [keras.ops.convert_to_numpy(y) for y in keras.tree.flatten(model(x))]


@pytest.mark.parametrize(
    ("num_stacks", "filters", "trainable", "frozen"),
    [(1, 256, 3_426_448, 16_640), (2, 256, 6_570_400, 31_488), (4, 64, 949_888, 16_256)],
)
def test_as_many_weights_as_the_reference(num_stacks, filters, trainable, frozen):
    model = hourglass.build(num_stacks=num_stacks, filters=filters)
    assert (count(model.trainable_variables), count(model.non_trainable_variables)) == (trainable, frozen)


@pytest.mark.slow
def test_the_network_of_the_paper():
    model = hourglass.build()
    assert (count(model.trainable_variables), count(model.non_trainable_variables)) == (25_434_112, 120_576)
    assert model.output_shape == [(None, 64, 64, 16)] * 8
    kernels = [(layer.output.shape[1:3], layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel")]
    of_convolutions = sum(2 * math.prod(positions) * math.prod(kernel) for positions, kernel in kernels)
    assert of_convolutions < count_flops(model) < 1.01 * of_convolutions


def test_one_map_a_stack_in_order(tiny, images):
    assert tiny.output_names == ["stack1_maps", "stack2_maps"]
    assert [y.shape for y in run(tiny, images)] == [(2, 16, 16, 5)] * 2
    first = keras.Model(tiny.input, tiny.get_layer("stack1_maps").output)
    np.testing.assert_allclose(run(first, images)[0], run(tiny, images)[0], atol=1e-6)


def test_layers_carry_the_same_names_in_every_build(tiny, free):
    assert [layer.name for layer in free.layers] == [layer.name for layer in tiny.layers]
    assert [v.path for v in free.variables] == [v.path for v in tiny.variables]


def test_free_sizes_give_the_same_maps(tiny, free, images):
    assert free.output_shape == [(None, None, None, 5)] * 2
    free.set_weights(tiny.get_weights())
    np.testing.assert_allclose(run(free, images), run(tiny, images), atol=1e-6)
    assert run(free, images[:, :, :32].repeat(4, axis=2))[1].shape == (2, 16, 32, 5)


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_weight_files_round_trip(tiny, free, tmp_path, suffix):
    tiny.save_weights(tmp_path / f"net{suffix}")
    free.set_weights([w + 1 for w in tiny.get_weights()])
    free.load_weights(tmp_path / f"net{suffix}")
    for stored, weight in zip(tiny.get_weights(), free.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, stored)


def test_normalisation_has_the_constants_of_the_reference(tiny):
    norms = [layer for layer in tiny.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {(layer.epsilon, layer.momentum) for layer in norms} == {(1e-5, 0.9)}


def test_the_first_convolution_pads_three_pixels_on_each_side(tiny):
    image = np.zeros((1, *SHAPE), "float32")
    image[0, 3, 3] = 1.0
    entry = keras.Model(tiny.input, tiny.get_layer("stem_conv").output)
    seen = run(entry, image)[0] - run(entry, np.zeros_like(image))[0]  # (1, 32, 32, 64)
    kernel = keras.ops.convert_to_numpy(tiny.get_layer("stem_conv").kernel).sum(axis=2)  # (7, 7, 64)
    np.testing.assert_allclose(seen[0, 0, 0], kernel[6, 6], atol=1e-6)
    np.testing.assert_allclose(seen[0, 3, 3], kernel[0, 0], atol=1e-6)


def followed_by_normalisation(path):
    """True for a bias that a normalisation takes away again, whose gradient is nothing but rounding."""
    return path.endswith(("_conv1/bias", "_conv2/bias", "stem_conv/bias", "_features_conv/bias"))


def test_every_trainable_weight_moves_in_one_step():
    keras.utils.set_random_seed(0)
    model = hourglass.build(SHAPE, num_joints=5, num_stacks=2, filters=8)
    model.compile(keras.optimizers.SGD(1.0), loss=["mse"] * 2, run_eagerly=True)
    rng = np.random.default_rng(1)  # at the bottom one pixel an image is left: enough images to normalise over
    images, targets = (rng.uniform(0, 1, (8, *shape)).astype("float32") for shape in (SHAPE, (16, 16, 5)))
    before = model.get_weights()
    model.train_on_batch(images, [targets] * 2)
    steps = [np.abs(new - old).max() for new, old in zip(model.get_weights(), before, strict=True)]
    still = [v.path for v, step in zip(model.weights, steps, strict=True) if step == 0]
    assert [path for path in still if not followed_by_normalisation(path)] == []


def test_an_hourglass_gives_its_decoder_from_fine_to_coarse():
    x = keras.Input((32, 16, 8))
    decoder = hourglass.hourglass(x, "hg", depth=3)
    assert [tuple(y.shape[1:]) for y in decoder] == [(32, 16, 8), (16, 8, 8), (8, 4, 8)]
    residuals = {layer.name.rsplit("_", 1)[0] for layer in keras.Model(x, decoder).layers if "conv1" in layer.name}
    assert len(residuals) == 3 * 3 + 1


def test_parts_of_a_stack_fit_together():
    x = keras.Input((16, 16, 8))
    features, decoder = hourglass.stack_features(x, "stack")
    maps = hourglass.heatmap_head(features, 5, "maps")
    merged = hourglass.next_input(x, features, maps, "stack")
    assert (features.shape, merged.shape, maps.shape[1:]) == (x.shape, x.shape, (16, 16, 5))
    assert len(decoder) == hourglass.DEPTH


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(input_shape=(96, 64, 3)), r"`input_shape` .* multiples of 64 or None. Received: \(96, 64, 3\)"),
        (dict(input_shape=(64, 64)), "`input_shape`"),
        (dict(input_shape=(64, 64, None)), "`input_shape`"),
        (dict(num_joints=0), "`num_joints` .* Received: 0"),
        (dict(num_stacks=1.5), "`num_stacks` .* Received: 1.5"),
        (dict(filters=15), "`filters` should be even.* Received: 15"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        hourglass.build(**arguments)
