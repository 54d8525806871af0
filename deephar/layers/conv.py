"""Convolution, pooling and their usual company, on images (B, H, W, C) or clips (B, T, H, W, C) by rank.

All convolutions are without bias, channels last; a clip is seen frame by frame. Composite functions give their parts
names derived from `name`, in the same way as the original package, so that weight files fit by name.
"""

from keras import layers, regularizers

from deephar.layers.frames import derived_name, per_frame

_CONV = {"use_bias": False, "data_format": "channels_last"}


def relu(x, leakyrelu=False, name=None):
    """max(x, 0), or with `leakyrelu` a slope of 0.1 below zero; any shape."""
    layer = layers.LeakyReLU(negative_slope=0.1, name=name) if leakyrelu else layers.Activation("relu", name=name)
    return layer(x)


def batch_norm(x, scale=True, name=None):
    """Batch normalisation of the last axis; any shape."""
    return layers.BatchNormalization(axis=-1, scale=scale, name=name)(x)


def conv2d(x, filters, kernel_size, strides=(1, 1), padding="same", name=None):
    """2D convolution, per frame."""
    return per_frame(layers.Conv2D(filters, kernel_size, strides, padding, name=name, **_CONV), x)


def sepconv2d(x, filters, kernel_size, strides=(1, 1), padding="same", name=None):
    """Depthwise convolution followed by a 1x1 convolution, per frame."""
    return per_frame(layers.SeparableConv2D(filters, kernel_size, strides, padding, name=name, **_CONV), x)


def conv2dtranspose(x, filters, kernel_size, strides=(1, 1), padding="same", name=None):
    """Transposed 2D convolution, per frame."""
    return per_frame(layers.Conv2DTranspose(filters, kernel_size, strides, padding, name=name, **_CONV), x)


def maxpooling2d(x, kernel_size=(2, 2), strides=(2, 2), padding="same", name=None):
    """Max pooling, per frame."""
    return per_frame(layers.MaxPooling2D(kernel_size, strides, padding, data_format="channels_last", name=name), x)


def upsampling2d(x, kernel_size=(2, 2), name=None):
    """Each pixel repeated `kernel_size` times, per frame."""
    return per_frame(layers.UpSampling2D(kernel_size, data_format="channels_last", name=name), x)


def conv_bn(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Convolution (`name`_conv), normalisation (`name`)."""
    x = conv2d(x, filters, size, strides, padding, derived_name(name, "_conv"))
    return batch_norm(x, scale=False, name=name)


def conv_act(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Convolution (`name`_conv), relu (`name`)."""
    x = conv2d(x, filters, size, strides, padding, derived_name(name, "_conv"))
    return relu(x, name=name)


def conv_bn_act(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Convolution (`name`_conv), normalisation (`name`_bn), relu (`name`)."""
    x = conv2d(x, filters, size, strides, padding, derived_name(name, "_conv"))
    x = batch_norm(x, scale=False, name=derived_name(name, "_bn"))
    return relu(x, name=name)


def bn_act_conv(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Normalisation (`name`_bn), relu (`name`_act), convolution (`name`)."""
    x = batch_norm(x, scale=False, name=derived_name(name, "_bn"))
    x = relu(x, name=derived_name(name, "_act"))
    return conv2d(x, filters, size, strides, padding, name)


def act_conv(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Relu (`name`_act), convolution (`name`)."""
    x = relu(x, name=derived_name(name, "_act"))
    return conv2d(x, filters, size, strides, padding, name)


def act_conv_bn(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Relu (`name`_act), convolution (`name`_conv), normalisation (`name`)."""
    x = relu(x, name=derived_name(name, "_act"))
    return conv_bn(x, filters, size, strides, padding, name)


def separable_conv_bn(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Separable convolution (`name`_conv), normalisation (`name`)."""
    x = sepconv2d(x, filters, size, strides, padding, derived_name(name, "_conv"))
    return batch_norm(x, scale=False, name=name)


def separable_conv_bn_act(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Separable convolution (`name`_conv), normalisation (`name`_bn), relu (`name`)."""
    x = sepconv2d(x, filters, size, strides, padding, derived_name(name, "_conv"))
    x = batch_norm(x, scale=False, name=derived_name(name, "_bn"))
    return relu(x, name=name)


def separable_act_conv_bn(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Relu (`name`_act), separable convolution (`name`_conv), normalisation (`name`)."""
    x = relu(x, name=derived_name(name, "_act"))
    return separable_conv_bn(x, filters, size, strides, padding, name)


def bn_act_conv3d(x, filters, size, strides=(1, 1, 1), padding="same", name=None):
    """Normalisation (`name`_bn), relu (`name`_act), 3D convolution (`name`) of a clip (B, T, H, W, C)."""
    x = batch_norm(x, scale=False, name=derived_name(name, "_bn"))
    x = relu(x, name=derived_name(name, "_act"))
    return layers.Conv3D(filters, size, strides, padding, name=name, **_CONV)(x)


def dense(x, filters, name=None):
    """Fully connected layer on the last axis, its kernel kept sparse by an L1 penalty of 0.001."""
    return layers.Dense(filters, kernel_regularizer=regularizers.L1(0.001), name=name)(x)


def bn_act_dense(x, filters, name=None):
    """Normalisation (`name`_bn), relu (`name`_act), fully connected layer (`name`)."""
    x = batch_norm(x, scale=False, name=derived_name(name, "_bn"))
    return dense(relu(x, name=derived_name(name, "_act")), filters, name)


def deconv(x, filters, size, strides=(1, 1), padding="same", name=None):
    """Transposed 2D convolution, per frame."""
    return conv2dtranspose(x, filters, size, strides, padding, name)


conv = conv2d
