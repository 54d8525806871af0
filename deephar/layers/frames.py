"""Clips as batches of images: fold time into the batch, take it out again, and pick the right rank.

Axes: B batch, T frames, H rows, W columns, C channels, J joints. Everything that looks at one frame at a time sees a
clip as B * T images:

    (B, T, H, W, C) --FoldFrames--> (B * T, H, W, C) --per-frame layers--> (B * T, ...) --UnfoldFrames--> (B, T, ...)
"""

import keras
from keras import ops


def register(cls):
    """Make a layer class known to Keras' saving under the package name "deephar"."""
    return keras.saving.register_keras_serializable(package="deephar")(cls)


def stable_dtype():
    """The dtype for sums, exponentials and outputs: float32 under a half precision policy, else None (the policy's)."""
    return "float32" if "16" in keras.config.dtype_policy().compute_dtype else None


class StableLayer(keras.layers.Layer):
    """A layer without weights that computes in float32 even when the model runs in half precision."""

    def __init__(self, **kwargs):
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = stable_dtype()
        super().__init__(**kwargs)


@register
class FoldFrames(keras.layers.Layer):
    """Frames become samples: (B, T, ...) -> (B * T, ...), the frames of one clip in a row."""

    def call(self, x):
        return ops.reshape(x, (-1, *x.shape[2:]))  # (B * T, ...)

    def compute_output_shape(self, input_shape):
        batch, num_frames, *rest = input_shape
        folded = None if batch is None or num_frames is None else batch * num_frames
        return (folded, *rest)

    def compute_flops(self, input_shapes, output_shapes):
        return 0


@register
class UnfoldFrames(StableLayer):
    """The way back from `FoldFrames`: (B * T, ...) -> (B, T, ...).

    Args:
        num_frames: T, the frames in a clip.
    """

    def __init__(self, num_frames, **kwargs):
        super().__init__(**kwargs)
        self.num_frames = int(num_frames)

    def call(self, x):
        return ops.reshape(x, (-1, self.num_frames, *x.shape[1:]))  # (B, T, ...)

    def compute_output_shape(self, input_shape):
        folded, *rest = input_shape
        return (None if folded is None else folded // self.num_frames, self.num_frames, *rest)

    def get_config(self):
        return {**super().get_config(), "num_frames": self.num_frames}

    def compute_flops(self, input_shapes, output_shapes):
        return 0


@register
class StopGradient(keras.layers.Layer):
    """The input, unchanged; no gradient passes back through it."""

    def call(self, x):
        return ops.stop_gradient(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_flops(self, input_shapes, output_shapes):
        return 0


def derived_name(name, suffix):
    """`name + suffix`, or None for an unnamed layer."""
    return None if name is None else name + suffix


def is_clip(x, what="x"):
    """True for a clip (B, T, H, W, C), False for images (B, H, W, C).

    Raises:
        ValueError: the tensor has another rank.
    """
    rank = len(x.shape)
    if rank not in (4, 5):
        raise ValueError(
            f"`{what}` should be images (B, H, W, C) or a clip (B, T, H, W, C). Received: shape {tuple(x.shape)}"
        )
    return rank == 5


def per_frame(layer, x):
    """Apply an image layer to images, or to every frame of a clip."""
    if not is_clip(x):
        return layer(x)
    num_frames = x.shape[1]
    if num_frames is None:
        raise ValueError(f"`x` should have a fixed number of frames. Received: shape {tuple(x.shape)}")
    folded = FoldFrames(name=f"{layer.name}_fold", dtype=layer.dtype_policy)(x)
    return UnfoldFrames(num_frames, name=f"{layer.name}_unfold", dtype=layer.dtype_policy)(layer(folded))
