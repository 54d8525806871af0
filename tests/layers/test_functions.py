"""Layer functions against the reference values, on images and clips, and their properties."""

import keras
import numpy as np
import pytest

from deephar import activations, layers


def values(x):
    return keras.ops.convert_to_numpy(x)


@pytest.fixture(scope="module")
def golden(reference):
    """Return a function: name -> (inputs, expected output)."""
    stored = np.load(reference / "functions_s0.npz")

    def get(name):
        inputs = [stored[f"{name}/in{i}"] for i in range(2) if f"{name}/in{i}" in stored]
        return inputs, stored[f"{name}/out0"]

    return get


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("channel_softmax_2d/image/a1", activations.channel_softmax_2d()),
        ("channel_softmax_2d/image/a2", activations.channel_softmax_2d(alpha=2)),
        ("channel_softmax_2d/clip/a1", layers.act_channel_softmax),
        ("channel_softmax_2d/clip/a2", layers.ChannelSoftmax2D(alpha=2)),
        ("softargmax2d/image", layers.softargmax2d),
        ("softargmax2d/clip", layers.softargmax2d),
        ("keypoint_confidence/image", layers.keypoint_confidence),
        ("keypoint_confidence/clip", layers.keypoint_confidence),
        ("kronecker_prod", layers.kronecker_prod),
        ("max_min_pooling", layers.max_min_pooling),
        ("global_max_min_pooling", layers.global_max_min_pooling),
    ],
)
def test_agrees_with_reference(golden, name, function):
    inputs, expected = golden(name)
    result = values(function(*inputs))
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, atol=1e-5)


def maps(*shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    return values(layers.act_channel_softmax(x))


def test_probability_maps_sum_to_one_and_stay_finite():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4, 5)).astype("float32") * 1e4
    h = values(layers.act_channel_softmax(x))
    np.testing.assert_allclose(h.sum(axis=(2, 3)), 1, atol=1e-6)


def test_clip_is_images_one_by_one():
    x = maps(2, 3, 8, 6, 5)
    for function in (layers.softargmax2d, layers.keypoint_confidence, layers.global_max_min_pooling):
        whole = values(function(x))
        single = np.stack([values(function(x[:, t])) for t in range(3)], axis=1)
        np.testing.assert_allclose(whole, single, atol=1e-6)


def test_softargmax_finds_a_single_pixel_and_honours_limits():
    h = np.zeros((1, 5, 9, 1), "float32")
    h[0, 1, 6, 0] = 1
    np.testing.assert_allclose(values(layers.softargmax2d(h))[0, 0], [6 / 8, 1 / 4], atol=1e-6)
    limited = values(layers.softargmax2d(h, limits=(-1, 2, 1, 4)))[0, 0]
    np.testing.assert_allclose(limited, [0.5, 2.5], atol=1e-6)


def test_softargmax_is_its_two_interpolations():
    h = maps(2, 8, 6, 5)
    both = [values(layers.lin_interpolation_2d(h, axis))[..., 0] for axis in (0, 1)]
    np.testing.assert_allclose(np.stack(both, -1), values(layers.softargmax2d(h)), atol=1e-6)


def test_softargmax_equals_the_stored_ramp_kernels():
    h = maps(2, 8, 6, 5)
    expected = [np.einsum("bhwj,hw->bj", h, layers.ramp_kernel(8, 6, axis)) for axis in (0, 1)]
    np.testing.assert_allclose(np.stack(expected, -1), values(layers.softargmax2d(h)), atol=1e-6)


def bumps(*peaks, size=32, sigma=1.2):
    """One probability map (1, H, W, 1) of Gaussians at (x, y, height), in cells."""
    y, x = np.mgrid[:size, :size].astype("float32")
    h = sum(height * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * sigma**2)) for a, b, height in peaks)
    return (h / h.sum())[None, :, :, None].astype("float32")


def cells(h, **options):
    return 31 * values(layers.softargmax2d(h, **options))[0, 0]


def test_a_window_follows_the_higher_of_two_peaks():
    two = bumps((6.0, 20.0, 0.65), (25.0, 9.0, 0.35))
    assert np.abs(cells(two) - [6, 20]).max() > 3  # the mean lies between the two
    np.testing.assert_allclose(cells(two, window=3.0), [6, 20], atol=0.7)
    flipped = cells(np.ascontiguousarray(two[:, :, ::-1]), window=3.0)
    np.testing.assert_allclose(flipped[0], 31 - cells(two, window=3.0)[0], atol=1e-4)


def test_a_window_keeps_the_fraction_of_a_cell():
    for x, y in ((10.3, 15.8), (12.5, 12.5), (20.0, 7.1)):
        one = bumps((x, y, 1.0))
        np.testing.assert_allclose(cells(one, window=3.0), [x, y], atol=0.01)
    np.testing.assert_allclose(cells(two := bumps((9, 9, 0.6), (20, 20, 0.4)), window=1e4), cells(two), atol=1e-3)
    assert layers.SoftArgmax2D.from_config(layers.SoftArgmax2D(window=3.0).get_config()).window == 3.0
    with pytest.raises(ValueError, match="`window` should be None or above 0. Received: 0"):
        layers.SoftArgmax2D(window=0)


def test_depth_ramps():
    d = values(layers.act_depth_softmax(np.eye(4, dtype="float32")[None] * 1e3))  # joint j certainly in bin j
    np.testing.assert_allclose(values(layers.lin_interpolation_1d(d))[0, :, 0], [0.125, 0.375, 0.625, 0.875], atol=1e-6)
    ends = values(layers.lin_interpolation_1d(d, vmin=0.0, vmax=1.0))[0, :, 0]
    np.testing.assert_allclose(ends, [0, 1 / 3, 2 / 3, 1], atol=1e-6)


def test_depth_is_mean_of_sigmoid_under_the_map():
    h, d = maps(2, 8, 6, 5), np.random.default_rng(1).normal(size=(2, 8, 6, 5)).astype("float32")
    expected = (h / (1 + np.exp(-d))).sum(axis=(1, 2))[..., None]
    np.testing.assert_allclose(values(layers.depth_expectation(d, h)), expected, atol=1e-6)


def test_appearance_features_of_images():
    h, f = maps(2, 8, 6, 5), np.random.default_rng(1).normal(size=(2, 8, 6, 7)).astype("float32")
    expected = np.einsum("bhwj,bhwf->bjf", h, f)
    np.testing.assert_allclose(values(layers.kronecker_prod(h, f)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x, **k: layers.conv2d(x, 6, (3, 3), strides=(2, 2), **k), (4, 4, 6)),
        (lambda x, **k: layers.sepconv2d(x, 6, (5, 5), **k), (8, 8, 6)),
        (lambda x, **k: layers.conv2dtranspose(x, 6, (2, 2), strides=(2, 2), **k), (16, 16, 6)),
        (layers.maxpooling2d, (4, 4, 3)),
        (layers.upsampling2d, (16, 16, 3)),
        (layers.max_min_pooling, (4, 4, 3)),
        (lambda x, **k: layers.residual(x, (3, 3), out_size=6, **k), (8, 8, 6)),
        (lambda x, **k: layers.residual(x, (3, 3), strides=(2, 2), convtype="normal", **k), (4, 4, 3)),
    ],
)
def test_images_or_clip_by_rank(function, shape):
    image, clip = keras.Input((8, 8, 3)), keras.Input((5, 8, 8, 3))
    one = keras.Model(image, function(image, name="a"))
    many = keras.Model(clip, function(clip, name="a"))
    assert one.output.shape == (None, *shape)
    assert many.output.shape == (None, 5, *shape)
    many.set_weights(one.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 5, 8, 8, 3)).astype("float32")
    single = np.stack([values(one(x[:, t])) for t in range(5)], axis=1)
    np.testing.assert_allclose(values(many(x)), single, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (layers.conv_bn, {"a_conv", "a"}),
        (layers.conv_bn_act, {"a_conv", "a_bn", "a"}),
        (layers.conv_act, {"a_conv", "a"}),
        (layers.bn_act_conv, {"a_bn", "a_act", "a"}),
        (layers.act_conv, {"a_act", "a"}),
        (layers.act_conv_bn, {"a_act", "a_conv", "a"}),
        (layers.separable_conv_bn, {"a_conv", "a"}),
        (layers.separable_conv_bn_act, {"a_conv", "a_bn", "a"}),
        (layers.separable_act_conv_bn, {"a_act", "a_conv", "a"}),
    ],
)
def test_composites_name_their_parts(function, names):
    x = keras.Input((8, 8, 3), name="x")
    model = keras.Model(x, function(x, 4, (3, 3), name="a"))
    assert {layer.name for layer in model.layers} == names | {"x"}
    assert model.output.shape == (None, 8, 8, 4)
    assert not any("bias" in w.name for w in model.weights)
    keras.Model(x, function(x, 4, (3, 3)))  # unnamed works too


def test_dense_and_3d_composites():
    assert layers.bn_act_dense(keras.Input((7,)), 4, name="d").shape == (None, 4)
    assert layers.bn_act_conv3d(keras.Input((4, 8, 8, 3)), 6, (3, 3, 3)).shape == (None, 4, 8, 8, 6)
    x = np.array([[-2.0, 3.0]], "float32")
    np.testing.assert_allclose(values(layers.relu(x, leakyrelu=True)), [[-0.2, 3.0]], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.conv2d(keras.Input((8, 3)), 4, (3, 3)), "`x` should be images"),
        (lambda: layers.conv2d(keras.Input((None, 8, 8, 3)), 4, (3, 3)), "fixed number of frames"),
        (lambda: layers.residual(keras.Input((8, 8, 3)), (3, 3), convtype="wide"), "`convtype`.*'wide'"),
        (lambda: layers.lin_interpolation_2d(keras.Input((8, 8, 3)), axis=2), "`axis`.*2"),
        (lambda: layers.ramp_kernel(4, 4, axis=3), "`axis`.*3"),
        (lambda: layers.softargmax2d(keras.Input((8, 8, 3)), limits=(0, 1)), "`limits`"),
        (lambda: layers.max_min_pooling(keras.Input((8, 8, 3)), padding="full"), "`padding`.*'full'"),
        (lambda: layers.kronecker_prod(keras.Input((8, 8, 3)), keras.Input((4, 8, 3))), "same frames, rows"),
        (lambda: activations.channel_softmax_2d()(np.zeros((2, 3))), r"`x` should be .*\(2, 3\)"),
        (lambda: activations.channel_softmax_1d()(np.zeros((2, 3))), r"`x` should be .*\(2, 3\)"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


LAYERS = [
    (layers.FoldFrames(name="l"), [(2, 3, 8, 8, 4)], (6, 8, 8, 4)),
    (layers.UnfoldFrames(3, name="l"), [(6, 5, 2)], (2, 3, 5, 2)),
    (layers.StopGradient(name="l"), [(6, 5)], (6, 5)),
    (layers.ChannelSoftmax2D(2, name="l"), [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (layers.ChannelSoftmax1D(name="l"), [(2, 8, 4)], (2, 8, 4)),
    (layers.LinearExpectation2D(1, -1.0, 2.0, name="l"), [(2, 8, 8, 4)], (2, 4, 1)),
    (layers.LinearExpectation1D(0.0, 1.0, name="l"), [(2, 8, 4)], (2, 4, 1)),
    (layers.SoftArgmax2D((0, 0, 2, 2), name="l"), [(2, 3, 8, 8, 4)], (2, 3, 4, 2)),
    (layers.KeypointConfidence(name="l"), [(2, 8, 8, 4)], (2, 4, 1)),
    (layers.DepthExpectation(name="l"), [(2, 8, 8, 4), (2, 8, 8, 4)], (2, 4, 1)),
    (layers.MaxMinPooling2D((2, 3), "valid", name="l"), [(2, 9, 8, 4)], (2, 4, 2, 4)),
    (layers.GlobalMaxMinPooling2D(name="l"), [(2, 9, 8, 4)], (2, 4)),
    (layers.JointFeatures(name="l"), [(2, 3, 8, 8, 4), (2, 3, 8, 8, 7)], (2, 3, 4, 7)),
]


@pytest.mark.parametrize(("layer", "shapes", "expected"), LAYERS, ids=lambda v: type(v).__name__)
def test_layer_states_its_shape_and_serialises(layer, shapes, expected):
    inputs = [np.random.default_rng(0).normal(size=s).astype("float32") for s in shapes]
    inputs, shapes = (inputs, shapes) if len(inputs) > 1 else (inputs[0], shapes[0])
    result = values(layer(inputs))
    assert result.shape == expected == tuple(layer.compute_output_shape(shapes))
    config = keras.saving.serialize_keras_object(layer)
    assert config["registered_name"].startswith("deephar>")
    twin = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(values(twin(inputs)), result)


def test_fold_and_unfold_keep_frames_in_place_for_any_batch():
    clip = keras.Input((3, 4, 4, 2))
    model = keras.Model(clip, layers.UnfoldFrames(3)(layers.FoldFrames()(clip)))
    assert model.output.shape == (None, 3, 4, 4, 2)
    for batch in (1, 5):
        x = np.random.default_rng(0).normal(size=(batch, 3, 4, 4, 2)).astype("float32")
        np.testing.assert_array_equal(model.predict_on_batch(x), x)
