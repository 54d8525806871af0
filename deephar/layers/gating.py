"""Feature gating: every channel of a clip's features times a number from 0 to 1 that all of the features decide.

Xie, Sun, Huang, Tu and Murphy, "Rethinking Spatiotemporal Feature Learning", ECCV 2018, section 4.6; PERF-Net (Li et
al., WACV 2022) uses it.
"""

import keras
from keras import initializers, layers


def feature_gate(x: keras.KerasTensor, name: str, use_bias: bool = True) -> keras.KerasTensor:
    """Return x times sigmoid(W mean(x) + b), channel by channel, the mean over time, rows and columns.

    Args:
        x: (B, T, H, W, C).
        name: str. Prefix of the layers' names; the weights are `NAME_dense`, W (C, C) from a truncated normal of 0.01.
        use_bias: bool. Whether there is b.

    Returns:
        (B, T, H, W, C).
    """
    channels, start = x.shape[-1], initializers.TruncatedNormal(stddev=0.01)
    mean = layers.GlobalAveragePooling3D(keepdims=True, name=f"{name}_mean")(x)  # (B, 1, 1, 1, C)
    dense = layers.Dense(
        channels, activation="sigmoid", use_bias=use_bias, kernel_initializer=start, name=f"{name}_dense"
    )
    return layers.Multiply(name=name)([x, dense(mean)])
