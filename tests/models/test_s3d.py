"""S3D: parameters and shapes of its three lineages, and the outputs of an independent implementation."""

import re

import keras
import numpy as np
import pytest

from deephar.models import s3d

COUNTS = {"s3d-g": (9_518_848, 14_560), "s3d-g-cells": (12_136_240, 21_088), "s3d": (8_320_048, 21_216)}


def counts(model):
    """Trainable and frozen weights."""
    parts = (model.trainable_weights, model.non_trainable_weights)
    return tuple(sum(int(np.prod(v.shape)) for v in weights) for weights in parts)


@pytest.fixture(scope="module", params=COUNTS)
def published(request):
    return request.param, s3d.build(variant=request.param)


def test_counts_are_those_of_the_lineages(published):
    variant, model = published
    assert counts(model) == COUNTS[variant]
    gates = [layer.name for layer in model.layers if layer.name.endswith("_gate")]
    assert len(gates) == {"s3d-g": 1 + 4 * 9, "s3d-g-cells": 1 + 9, "s3d": 0}[variant]


@pytest.mark.parametrize(("classes", "number"), [(600, 9_723_848), (101, 9_212_373), (51, 9_161_123)])
def test_counts_follow_the_classes(classes, number, published):
    variant, model = published
    if variant != "s3d-g":
        pytest.skip("one lineage is enough")
    assert counts(model)[0] - 1025 * 400 + 1025 * classes == number


@pytest.mark.parametrize("length", [7, 8, 64])
def test_shapes_are_those_of_the_table(published, length):
    _, model = published
    names = ("2a_pool", "2c_time_relu", "3c_concat", "4f_concat", "5c_concat")
    found = keras.Model(model.input, [model.get_layer(name).output for name in names])
    shapes = found.compute_output_shape((1, length, 128, 128, 3))
    first = (length - 1) // 2 + 1
    times = [first, first, first, -(-first // 2), -(-first // 4)]
    for shape, time, side, channels in zip(shapes, times, (32, 32, 16, 8, 4), (64, 192, 480, 832, 1024), strict=True):
        assert tuple(shape[1:]) == (time, side, side, channels)


def test_a_convolution_in_time_begins_as_identity():
    model = s3d.build((4, 32, 32, 3), num_classes=2, width=0.1)
    layer = model.get_layer("3b_branch1_time_conv")
    x = np.random.default_rng(0).normal(size=(1, 4, 2, 2, layer.kernel.shape[-2])).astype("float32")
    np.testing.assert_allclose(layer(x), x, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "i3d"}, "`variant` should be one of s3d-g, s3d-g-cells, s3d. Received: 'i3d'"),
        ({"width": 0}, "`width` should be above 0. Received: 0"),
        ({"input_shape": (None, None, None, None)}, "`input_shape` should be"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        s3d.build(**options)


def torch_name(layer):
    """Where torchvision keeps the weights of one of our layers."""
    stem = {"1a": "features.0", "2b": "features.2", "2c": "features.3"}
    cells = dict(zip(s3d.CELLS, (5, 6, 8, 9, 10, 11, 12, 14, 15), strict=True))
    name, kind = layer.rsplit("_", 1)
    place, *parts = name.split("_")
    path = stem.get(place) or f"features.{cells[place]}"
    if parts and parts[0].startswith("branch"):
        number = int(parts.pop(0)[-1])
        path += f".branch{number}" + ("" if number == 0 else ".0" if "reduce" in parts else ".1")
    half = {"space": ".0", "time": ".1"}.get((parts or [""])[-1], "")
    return path + half + {"conv": ".0", "bn": ".1"}[kind]


def test_agrees_with_torchvision():
    torch = pytest.importorskip("torch")
    video = pytest.importorskip("torchvision.models.video")
    torch.manual_seed(0)
    theirs, ours = video.s3d(weights=None).eval(), s3d.build((13, 49, 49, 3), variant="s3d")
    state = {name: torch.randn_like(v) * 0.1 + 1 if v.ndim == 1 else v for name, v in theirs.state_dict().items()}
    state = {name: v.abs() if re.search("running_var", name) else v for name, v in state.items()}
    theirs.load_state_dict(state)
    for layer in ours.layers:
        if layer.name.endswith("_conv"):
            kernel = state[f"{torch_name(layer.name)}.weight"].numpy()
            layer.set_weights([kernel.transpose(2, 3, 4, 1, 0)])
        elif layer.name.endswith("_bn"):
            names = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([state[f"{torch_name(layer.name)}.{name}"].numpy() for name in names])
    # With these sides both ways to pad give the same: 49 -> 25 -> 13 -> 7 -> 4 -> 2, in time 13 -> 7 -> 4 -> 2.
    clip = np.random.default_rng(0).uniform(-1, 1, (2, 13, 49, 49, 3)).astype("float32")
    with torch.no_grad():
        expected = theirs.features(torch.from_numpy(clip.transpose(0, 4, 1, 2, 3))).numpy().transpose(0, 2, 3, 4, 1)
    found = keras.Model(ours.input, ours.get_layer("5c_concat").output).predict(clip, verbose=0)
    assert found.shape == expected.shape == (2, 2, 2, 2, 1024) and np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4 * max(1, np.abs(expected).max()))
