"""Joints from raw maps as the CVPR'18 networks read them: values worked out by hand, images and clips alike."""

import keras
import numpy as np
import pytest

from deephar import layers


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def maps():
    """Raw maps (B, H, W, C) of two samples."""
    return np.random.default_rng(0).normal(size=(2, 4, 6, 12)).astype("float32")


def value(y):
    return keras.ops.convert_to_numpy(y)


def test_probability_is_the_sigmoid_of_the_maximum(maps):
    expected = sigmoid(maps.max(axis=(1, 2)))[..., None]
    np.testing.assert_allclose(value(layers.joint_probability(maps)), expected, rtol=1e-6)
    four = value(layers.joint_probability(maps, scale=4.0))
    np.testing.assert_allclose(four, sigmoid(4 * maps.max(axis=(1, 2)))[..., None], rtol=1e-5)


def test_context_is_weighed_by_its_probability():
    pose = np.zeros((1, 2, 2), "float32")
    context = np.array([[[1, 0], [0, 1], [4, 4], [2, 2]]], "float32")  # two of the first joint, two of the second
    weight = np.array([[[0.3], [0.1], [0.5], [0.5]]], "float32")
    y = value(layers.context_aggregation(pose, context, weight, alpha=0.6))
    np.testing.assert_allclose(y, [[[0.4 * 0.75, 0.4 * 0.25], [0.4 * 3, 0.4 * 3]]], rtol=1e-6)


def test_marginals_of_a_volume(maps):
    over_depth, over_pixels = map(value, layers.volume_marginals(maps, depth_maps=4))
    volume = maps.reshape(2, 4, 6, 4, 3)
    np.testing.assert_allclose(over_depth, volume.mean(axis=3), atol=1e-6)
    np.testing.assert_allclose(over_pixels, volume.mean(axis=(1, 2)), atol=1e-6)
    y = value(layers.volume_confidence(over_depth, over_pixels, scale=2.0))
    expected = sigmoid(2 * (volume.mean(axis=3).max(axis=(1, 2)) + volume.mean(axis=(1, 2)).max(axis=1)))
    np.testing.assert_allclose(y, expected[..., None], atol=1e-6)
    with pytest.raises(ValueError, match="`x` should have a multiple of 5 maps, `depth_maps`"):
        layers.volume_marginals(maps, depth_maps=5)


def test_positions_of_sharp_peaks():
    maps, depths = np.full((1, 5, 9, 1), -50, "float32"), np.full((1, 11, 1), -50, "float32")
    maps[0, 1, 6, 0] = depths[0, 3, 0] = 50
    np.testing.assert_allclose(value(layers.position(maps)), [[[6 / 8, 1 / 4]]], atol=1e-6)
    np.testing.assert_allclose(value(layers.depth_position(depths)), [[[3 / 10]]], atol=1e-6)  # first bin 0, last 1


def test_clips_are_images_in_a_row(maps):
    def read(x):
        own = layers.ChannelSlice(0, 4)(x)
        context = layers.ChannelSlice(4)(x)
        weight = layers.joint_probability(context)
        pose = layers.context_aggregation(layers.position(own), layers.position(context), weight)
        over_depth, over_pixels = layers.volume_marginals(x, depth_maps=3)
        volume = layers.depth_position(over_pixels), layers.volume_confidence(over_depth, over_pixels)
        return [pose, layers.joint_probability(own), *volume]

    inputs = keras.Input((2, 4, 6, 12))
    clips = keras.Model(inputs, read(inputs))  # also checks the static shapes
    assert [y.shape[1:] for y in clips.outputs] == [(2, 4, 2), (2, 4, 1), (2, 4, 1), (2, 4, 1)]
    for clip, images in zip(clips(maps[None]), read(maps), strict=True):
        np.testing.assert_allclose(value(clip)[0], value(images), atol=1e-6)


def test_layers_come_back_from_their_configuration(maps):
    for layer in (layers.ChannelSlice(1, 3), layers.JointProbability(4.0), layers.VolumeMarginals(4)):
        again = type(layer).from_config(layer.get_config())
        for a, b in zip(keras.tree.flatten(layer(maps)), keras.tree.flatten(again(maps)), strict=True):
            np.testing.assert_array_equal(value(a), value(b))
    assert layers.ContextAggregation.from_config(layers.ContextAggregation(0.3).get_config()).alpha == 0.3
    assert layers.VolumeConfidence.from_config(layers.VolumeConfidence(2.0).get_config()).scale == 2.0
