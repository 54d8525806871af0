"""Operations counted by hand, over the frames of a clip, and over cuts."""

import math

import keras
import pytest
from keras import layers

from deephar.config import ModelConfig
from deephar.layers import FoldFrames, UnfoldFrames
from deephar.models import action, cut_model, reception, spnet
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
    small = 2 * 16**3 + 16**3 + 4 * 8 * 8 * 16 + 8 * 8 * 16
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


def test_convolutions_of_every_kind_by_hand():
    inputs = keras.Input((8, 8, 4))
    x = layers.Conv2D(6, 3, groups=2, dilation_rate=2, padding="same", activation="relu")(inputs)
    grouped = 2 * (3 * 3 * 2) * (8 * 8 * 6) + 8 * 8 * 6
    x = layers.DepthwiseConv2D(3, depth_multiplier=2)(x)
    depthwise = 2 * (3 * 3) * (6 * 6 * 12)
    x = layers.Conv2DTranspose(5, 2, strides=2)(x)
    transposed = 2 * (2 * 2 * 5) * (6 * 6 * 12)
    x = layers.Conv1D(7, 3)(layers.Reshape((144, 5))(x))
    along = 2 * (3 * 5) * (142 * 7)
    assert count_flops(keras.Model(inputs, x)) == grouped + depthwise + transposed + along


def test_three_dimensions_by_hand():
    inputs = keras.Input((4, 8, 8, 3))
    x = layers.Conv3D(6, (3, 1, 1), strides=(1, 2, 2), padding="same")(inputs)
    x = layers.MaxPooling3D((1, 2, 2))(layers.BatchNormalization()(x))
    convolution, normalisation, pooling = 2 * (3 * 3) * (4 * 4 * 4 * 6), 2 * (4 * 4 * 4 * 6), 4 * (4 * 2 * 2 * 6)
    assert count_flops(keras.Model(inputs, x)) == convolution + normalisation + pooling


def test_sums_count_each_addition():
    inputs = keras.Input((4, 4, 3))
    x = layers.Add()([inputs, inputs, inputs])
    x = layers.Concatenate()([layers.UpSampling2D()(x), layers.UpSampling2D(interpolation="bilinear")(x)])
    assert count_flops(keras.Model(inputs, x)) == 2 * (4 * 4 * 3) + 8 * (8 * 8 * 3)


def test_a_layer_counts_each_time_it_is_used():
    inputs = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 1)
    x = shared(layers.MaxPooling2D()(shared(inputs)))
    assert count_flops(keras.Model(inputs, x)) == 2 * 3 * (8 * 8 * 3 + 4 * 4 * 3) + 4 * (4 * 4 * 3)


def test_free_sizes_need_an_input_shape():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, some_layers(inputs))
    assert count_flops(model, (32, 32, 3)) == CONV + SEPARABLE
    with pytest.raises(ValueError, match="`input_shape` should be given with every size known. Received: None"):
        count_flops(model)
    with pytest.raises(ValueError, match="`input_shape` should fit the model's inputs"):
        count_flops(model, (32, 32, 4))


def test_sequential_and_several_inputs():
    dense = keras.Sequential([keras.Input((4,)), layers.Dense(5)])
    assert count_flops(dense) == 2 * 4 * 5
    one, two = keras.Input((None, 4)), keras.Input((None, 4))
    model = keras.Model([one, two], layers.Dense(5)(layers.Add()([one, two])))
    assert count_flops(model, [(3, 4), (3, 4)]) == 3 * 4 + 3 * 2 * 4 * 5


class Unknown(layers.Layer):
    def call(self, x):
        return x * x


class Known(Unknown):
    def compute_flops(self, input_shapes, output_shapes):
        return math.prod(input_shapes[0])


def test_a_layer_of_our_own_says_its_cost():
    inputs = keras.Input((4, 4, 3))
    assert count_flops(keras.Model(inputs, Known()(inputs))) == 4 * 4 * 3


def test_an_unknown_layer_is_named():
    inputs = keras.Input((4, 4, 3))
    with pytest.raises(ValueError, match=r"`compute_flops\(input_shapes, output_shapes\)`.*'square', a Unknown"):
        count_flops(keras.Model(inputs, Unknown(name="square")(inputs)))
    with pytest.raises(TypeError, match="`model` should be a functional model. Received: Unknown"):
        count_flops(Unknown())


def test_depth_costs_more():
    shape, options = (64, 64, 3), dict(num_pyramids=1, num_levels=2, growth=8, **NARROW)
    flat, deep = (count_flops(spnet.build(ModelConfig(shape, layout, **options))) for layout in ("pa17j2d", "pa17j3d"))
    assert flat < deep
    flat, deep = (count_flops(reception.build(shape, 16, dim, 0, num_blocks=1)) for dim in (2, 3))
    assert flat < deep


def test_merged_network_does_more_than_its_pose_network_in_each_frame():
    pose = reception.build((64, 64, 3), 16, 2, num_blocks=1)
    merged = action.build_merge_model(pose, 5, (64, 64, 3), num_frames=4, num_joints=16, num_blocks=1)
    assert 4 * count_flops(pose) < count_flops(merged)
