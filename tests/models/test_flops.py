"""Operations counted by hand, over the frames of a clip, and over cuts."""

import keras
from keras import layers

from deephar.config import ModelConfig
from deephar.layers import FoldFrames, UnfoldFrames
from deephar.models import cut_model, spnet
from deephar.models.flops import count_flops

NARROW = dict(num_pose_features=16, num_visual_features=16)
CONV = 2 * (3 * 3 * 3) * (8 * 32 * 32)
SEPARABLE = 2 * (16 * 16) * (5 * 5 * 8 + 8 * 16)


def some_layers(x):
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    return layers.SeparableConv2D(16, 5, strides=2, padding="same", use_bias=False)(x)


def test_layers_by_hand():
    inputs = keras.Input((32, 32, 3))
    x = layers.BatchNormalization()(some_layers(inputs))
    x = layers.MaxPooling2D(2)(layers.Activation("relu")(x))
    x = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
    small = 2 * 16**3 + 16**3 + 4 * 8 * 8 * 16 + 16
    assert count_flops(keras.Model(inputs, x)) == CONV + SEPARABLE + small + 2 * 16 * 5


def test_frames_of_a_clip_count_each():
    inputs = keras.Input((4, 32, 32, 3))
    x = UnfoldFrames(4)(some_layers(FoldFrames()(inputs)))
    assert count_flops(keras.Model(inputs, x)) == 4 * (CONV + SEPARABLE)


def test_models_inside_of_models_count():
    inner = keras.Input((32, 32, 3))
    nested = keras.Model(inner, some_layers(inner))
    inputs = keras.Input((4, 32, 32, 3))
    x = UnfoldFrames(4)(nested(FoldFrames()(inputs)))
    assert count_flops(keras.Model(inputs, x)) == 4 * (CONV + SEPARABLE)


def test_a_cut_network_does_less():
    clip = spnet.build(ModelConfig((4, 64, 64, 3), "pa16j2d", [5], num_pyramids=2, num_levels=3, growth=8, **NARROW))
    flops = [count_flops(cut_model(clip, number)) for number in range(1, 5)]
    assert flops == sorted(set(flops)) and flops[-1] == count_flops(clip)
    image = spnet.build(ModelConfig((64, 64, 3), "pa16j2d", num_pyramids=2, num_levels=3, growth=8, **NARROW))
    assert 4 * count_flops(image) < count_flops(clip) < 5 * count_flops(image)
