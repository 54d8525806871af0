"""Inflation: a still clip gives what the image network gives, all weights are carried or none, errors name layers."""

import keras
import numpy as np
import pytest
from keras import layers

from deephar.models import r3d, s3d
from deephar.models.inflation import inflate

FILTERS, BLOCKS = 4, (3, 4, 6, 3)
LENGTH = 2 * (2 + 9) + 1  # frames of which the middle one is not reached by the zeros beyond the ends of the clip


def randomised(model, seed=0):
    """A model whose weights are all drawn, so that no two are alike and no scale or bias is the usual one."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if len(variable.shape) > 1:
            variable.assign(rng.normal(0, np.prod(variable.shape[:-1]) ** -0.5, variable.shape))
        elif "variance" in variable.path or "gamma" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif "seed" not in variable.path:
            variable.assign(rng.normal(0, 0.2, variable.shape))
    return model


def conv_bn(x, filters, size, stride=1, use_bias=True, scale=True, name=None):
    x = layers.Conv2D(filters, size, stride, "same", use_bias=use_bias, name=name)(x)
    return layers.BatchNormalization(epsilon=1.001e-5, scale=scale)(x)


def image_resnet(filters=FILTERS, blocks=BLOCKS, size=32, shortcut_last=False):
    """A small ResNet of images with biases, the stride on the second convolution of a block, and a classifier."""
    inputs = keras.Input((size, size, 3))
    x = layers.ReLU()(conv_bn(inputs, filters, 7, 2, name="first"))
    x = layers.MaxPooling2D(3, 2, "same")(x)
    for stage, count in enumerate(blocks):
        width = filters * 2**stage
        for block in range(count):
            stride = 2 if block == 0 and stage > 0 else 1
            shortcut = x if block else conv_bn(x, 4 * width, 1, stride)
            y = layers.ReLU()(conv_bn(x, width, 1, name=f"s{stage}_b{block}_1"))
            y = layers.ReLU()(conv_bn(y, width, 3, stride))
            y = conv_bn(y, 4 * width, 1)
            x = layers.ReLU()(layers.Add()([y, shortcut] if shortcut_last else [shortcut, y]))
    features = x
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(7, name="classes")(x))
    return randomised(model), keras.Model(inputs, features)


def features_of(model, clip):
    """Features (B, T, H, W, C) in front of the mean of a clip network."""
    found = keras.Model(model.inputs[0], model.get_layer("mean").input)(clip)
    return keras.ops.convert_to_numpy(found)


def still(length, size, channels=3, seed=1):
    image = np.random.default_rng(seed).uniform(-1, 1, (1, size, size, channels)).astype("float32")
    return image, np.repeat(image[:, None], length, axis=1)  # (1, T, H, W, C)


@pytest.fixture(scope="module")
def resnet():
    return image_resnet(shortcut_last=True)  # other than in the R3D50


@pytest.fixture(scope="module")
def plain_r3d():
    return r3d.build((None, 32, 32, 3), num_classes=5, gates=False, filters=FILTERS)


@pytest.mark.parametrize(("how", "length"), [("repeat", LENGTH), ("identity", 2)])
def test_a_still_clip_gives_an_r3d_the_features_of_the_image(how, length, resnet, plain_r3d):
    (image_model, image_features), model = resnet, plain_r3d
    report = inflate(model, image_model, how)
    image, clip = still(length, 32)
    expected = keras.ops.convert_to_numpy(image_features(image))
    found = features_of(model, clip)
    assert np.ptp(expected) > 0.1
    checked = range(length) if how == "identity" else [length // 2]
    for frame in checked:
        np.testing.assert_allclose(found[:, frame], expected, rtol=1e-3, atol=1e-5)
    if how == "repeat":
        assert np.abs(found[:, 0] - expected).max() > 1e-3  # where the zeros beyond the end are seen
    assert len(report.taken) == 1 + 3 * sum(BLOCKS) + 4 and report.taken[0] == ("stem_conv", "first")
    assert (report.fresh, report.unused, report.moved_strides) == (("logits",), ("classes",), ())
    assert str(report) == "53 convolutions taken, 0 in time begin as identity, 1 layers fresh, 0 with another stride"


def test_repeated_kernels_are_the_mean_over_taps_and_gates_stay(resnet):
    image_model, _ = resnet
    model = r3d.build((4, 32, 32, 3), num_classes=5, filters=FILTERS)
    gates = {k.name: k.get_weights() for k in model.layers if k.name.endswith("_gate_dense") or k.name == "logits"}
    assert len(gates) == 5
    for how in ("repeat", "identity"):
        report = inflate(model, image_model, how)
        for name, source in (("stem_conv", "first"), ("res2_block2_a_conv", "s0_b1_1")):
            kernel, image_kernel = (m.get_layer(k).get_weights()[0] for m, k in ((model, name), (image_model, source)))
            length = len(kernel)
            taps = np.full(length, 1 / length) if how == "repeat" else np.eye(length)[length // 2]
            assert length > 1
            np.testing.assert_allclose(kernel, taps[:, None, None, None, None] * image_kernel, rtol=1e-6)
    assert set(report.fresh) == set(gates)
    for name, weights in gates.items():
        assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_layer(name).get_weights(), strict=True))


def image_inception(width, scale):
    """The S3D without time, its cells on images; outputs: behind layer 2c, cell 4f and cell 5c."""

    def conv(x, filters, size, stride=1):
        filters = max(1, round(filters * width))
        return layers.ReLU()(conv_bn(x, filters, size, stride, use_bias=False, scale=scale))

    inputs = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D(3, 2, "same")(conv(inputs, 64, 7, 2))
    x = behind_2c = conv(conv(x, 64, 1), 192, 3)
    x, cells = layers.MaxPooling2D(3, 2, "same")(x), {}
    for name, (first, reduce1, sep1, reduce2, sep2, last) in s3d.CELLS.items():
        pooled = layers.MaxPooling2D(3, 1, "same")(x)
        branches = [conv(x, first, 1), conv(conv(x, reduce1, 1), sep1, 3), conv(conv(x, reduce2, 1), sep2, 3)]
        x = cells[name] = layers.Concatenate()([*branches, conv(pooled, last, 1)])
        if name in s3d.POOLS:
            x = layers.MaxPooling2D(s3d.POOLS[name][0][1:], 2, "same")(x)
    return randomised(keras.Model(inputs, [behind_2c, cells["4f"], cells["5c"]]))


@pytest.mark.parametrize(
    ("variant", "in_time", "names"),
    [("s3d", 20, ("2c_time_relu", "4f_concat", "5c_concat")), ("s3d-g", 19, ("2c_time_relu",))],  # up to the first gate
)
def test_a_separable_network_passes_time_as_it_is(variant, in_time, names):
    image_model = image_inception(0.06, scale=variant == "s3d")
    model = randomised(s3d.build((4, 32, 32, 3), num_classes=5, variant=variant, width=0.06), 1)
    report = inflate(model, image_model, "identity")
    assert len(report.identity) == in_time and len(report.taken) == 1 + 2 + 6 * len(s3d.CELLS)
    assert all(name.endswith("_time_conv") for name in report.identity)
    image, clip = still(4, 32)
    found = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])(clip)
    for expected, y in zip(image_model(image), found if len(names) > 1 else [found], strict=False):
        expected, y = keras.ops.convert_to_numpy(expected), keras.ops.convert_to_numpy(y)  # (1, H, W, C), (1, T, ...)
        assert np.ptp(expected) > 0.1
        for frame in range(y.shape[1]):
            np.testing.assert_allclose(y[:, frame], expected, rtol=1e-3, atol=1e-5)


def test_flow_takes_the_mean_over_colours(resnet):
    image_model, _ = resnet
    model = r3d.build((4, 32, 32, 2), num_classes=5, filters=FILTERS)
    inflate(model, image_model, "identity")
    kernel = model.get_layer("stem_conv").get_weights()[0][2]
    mean = image_model.get_layer("first").get_weights()[0].mean(axis=2)
    assert kernel.shape[2] == 2
    for channel in range(2):
        np.testing.assert_allclose(kernel[:, :, channel], mean, rtol=1e-5, atol=1e-7)
    inflate(model, image_model, "identity", preparation="caffe")
    np.testing.assert_allclose(model.get_layer("stem_conv").get_weights()[0][2][:, :, 1], 127.5 * mean, rtol=1e-4)
    bias, moving_mean = image_model.get_layer("first").get_weights()[1], model.get_layer("stem_bn").get_weights()[2]
    own = next(k for k in image_model.layers if isinstance(k, layers.BatchNormalization)).get_weights()[2]
    np.testing.assert_allclose(moving_mean, own - bias, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def published():
    """The network of `keras.applications`, drawn at random, and a whole R3D50 for one frame."""
    image_model = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(65, 65, 3))
    rng = np.random.default_rng(0)
    for variable in image_model.variables:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape) if "variance" in variable.path else variable + 0.1)
    return image_model, r3d.build((1, 65, 65, 3), num_classes=5, gates=False)


def test_the_network_of_keras_applications_fits(published):
    image_model, model = published
    report = inflate(model, image_model)
    assert len(report.taken) == 53 and not report.unused
    assert dict(report.taken)["res4_block1_shortcut_conv"] == "conv4_block1_0_conv"
    assert dict(report.taken)["res5_block3_c_conv"] == "conv5_block3_3_conv"
    assert report.moved_strides == tuple(f"res{k}_block1_{part}_conv" for k in (3, 4, 5) for part in "ab")
    image, clip = still(1, 65)
    name, image_name = "res2_block3_relu", "conv2_block3_out"  # in front of the first stride that is elsewhere
    expected = keras.Model(image_model.inputs[0], image_model.get_layer(image_name).output)(image)
    inflate(model, image_model, "identity")
    found = keras.Model(model.inputs[0], model.get_layer(name).output)(clip)
    np.testing.assert_allclose(np.asarray(found)[:, 0], np.asarray(expected), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("mode", ["caffe", "torch", "tf"])
def test_pixels_are_prepared_in_the_first_kernel(published, mode):
    image_model, model = published
    inflate(model, image_model, "identity", preparation=mode)
    image, clip = still(1, 65)
    pixels = keras.applications.imagenet_utils.preprocess_input(127.5 * (image + 1), "channels_last", mode)
    expected = keras.Model(image_model.inputs[0], image_model.get_layer("conv1_bn").output)(pixels)
    found = keras.Model(model.inputs[0], model.get_layer("stem_bn").output)(clip)
    inside = (slice(None), slice(2, -2), slice(2, -2))
    expected, found = np.asarray(expected)[inside], np.asarray(found)[:, 0][inside]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def without_norm():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(FILTERS, 7, 2, "same", name="bare")(inputs)
    return keras.Model(inputs, layers.ReLU()(x))


def preactivated():
    inputs = keras.Input((32, 32, 3))
    x = conv_bn(inputs, FILTERS, 7, 2, name="first")
    x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.Conv2D(4, 1)(layers.BatchNormalization(name="in_front")(x)))


def squeezed():
    inputs = keras.Input((32, 32, 3))
    x = conv_bn(inputs, FILTERS, 7, 2, name="first")
    x = layers.Multiply()([x, layers.Dense(FILTERS, name="squeeze")(layers.GlobalAveragePooling2D(keepdims=True)(x))])
    return keras.Model(inputs, conv_bn(x, FILTERS, 1))


def depthwise():
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, layers.DepthwiseConv2D(3, name="by_depth")(inputs))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: image_resnet(8, [1])[0], r"shape \(7, 7, 3, 4\) there. Received: \(7, 7, 3, 8\); 'stem_conv' of"),
        (lambda: image_resnet(blocks=[2, 1])[0], r"shape \(1, 1, 16, 4\) there.*'res2_block3_a_conv' of the clip"),
        (lambda: image_resnet(blocks=[3])[0], "'res3_block1_a_conv' of the clip network has no counterpart"),
        (without_norm, "batch normalisation right behind every convolution.*'bare' of the image network"),
        (preactivated, "each followed by its BatchNormalization.*'in_front', a BatchNormalization"),
        (squeezed, "`image_model` must have weights in Conv2D.*'squeeze', a Dense"),
        (depthwise, "`image_model` must have weights in Conv2D.*'by_depth', a DepthwiseConv2D"),
    ],
)
def test_a_network_that_does_not_fit_changes_nothing(build, message, plain_r3d):
    before = plain_r3d.get_weights()
    with pytest.raises(ValueError, match=message):
        inflate(plain_r3d, build())
    assert all(np.array_equal(a, b) for a, b in zip(before, plain_r3d.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("scale", "message"),
    [(True, "'s0_b0_1' of the image network has no counterpart"), (False, "one with a scale only.*'only' of the clip")],
)
def test_an_image_network_with_more_in_it_is_refused(scale, message):
    inputs = keras.Input((2, 32, 32, 3))
    x = layers.Conv3D(FILTERS, (1, 7, 7), padding="same", name="only")(inputs)
    model = keras.Model(inputs, layers.BatchNormalization(scale=scale)(x))
    with pytest.raises(ValueError, match=message):
        inflate(model, image_resnet(blocks=[1])[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"how": "mean"}, "`how` must be one of repeat, identity. Received: 'mean'"),
        ({"preparation": "bgr"}, "`preparation` must be one of tf, torch, caffe. Received: 'bgr'"),
    ],
)
def test_bad_arguments_are_named(options, message):
    model = keras.Model(*2 * [keras.Input((2, 8, 8, 3))])
    with pytest.raises(ValueError, match=message):
        inflate(model, model, **options)
