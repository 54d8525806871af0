"""The residual unit of the SPNet, plain or separable, and the units that change resolution.

Luvizon et al., TPAMI 2020, figure 5. Pre-activation, with a 1x1 convolution on the short way only where the shape
changes (then the short way starts behind the normalisation):

    x --+-- bn1 -- act1 -- conv1 [-- bn2 -- act2 -- conv2] --+--> add
        +--------- (shortcut_act -- shortcut_conv) ----------+
"""

import keras
from keras import layers

from deephar.config import ModelConfig
from deephar.layers.conv import batch_norm, conv2d, conv2dtranspose, maxpooling2d, relu, sepconv2d, upsampling2d
from deephar.layers.frames import derived_name

CONVTYPES = ("depthwise", "normal")
DOWNSAMPLING_TYPES = ("maxpooling", "conv")


def residual_unit(
    x: keras.KerasTensor,
    kernel_size: int | tuple[int, int],
    strides: int | tuple[int, int] = (1, 1),
    out_size: int | None = None,
    convtype: str = "depthwise",
    shortcut_act: bool = True,
    features_div: int = 2,
    name: str | None = None,
) -> keras.KerasTensor:
    """Residual unit on images (B, H, W, C) or clips.

    Args:
        kernel_size: rows and columns of the spatial convolution.
        strides: of the spatial convolution and the short way.
        out_size: channels out; None for as many as come in.
        convtype: "depthwise" (one separable convolution) or "normal" (1x1 to `out_size / features_div`, then full).
        shortcut_act: relu on the short way where it has a convolution.
        features_div: how much narrower the inside of the normal unit is.
        name: prefix of every layer's name.

    Raises:
        ValueError: unknown `convtype`.
    """
    if convtype not in CONVTYPES:
        raise ValueError(f"`convtype` should be one of {CONVTYPES}. Received: {convtype!r}")
    out_size = x.shape[-1] if out_size is None else out_size
    normed = batch_norm(x, name=derived_name(name, "_bn1"))

    shortcut = x
    if x.shape[-1] != out_size or tuple(strides) != (1, 1):
        shortcut = relu(normed, name=derived_name(name, "_shortcut_act")) if shortcut_act else normed
        shortcut = conv2d(shortcut, out_size, (1, 1), strides, name=derived_name(name, "_shortcut_conv"))

    x = relu(normed, name=derived_name(name, "_act1"))
    if convtype == "depthwise":
        x = sepconv2d(x, out_size, kernel_size, strides, name=derived_name(name, "_conv1"))
    else:
        x = conv2d(x, int(out_size / features_div), (1, 1), name=derived_name(name, "_conv1"))
        x = batch_norm(x, name=derived_name(name, "_bn2"))
        x = relu(x, name=derived_name(name, "_act2"))
        x = conv2d(x, out_size, kernel_size, strides, name=derived_name(name, "_conv2"))
    return layers.Add(name=derived_name(name, "_add"))([shortcut, x])


def downscaling_unit(
    x: keras.KerasTensor, cfg: ModelConfig, out_size: int | None = None, name: str | None = None
) -> keras.KerasTensor:
    """Half the rows and columns, then a separable residual unit to `out_size` channels."""
    strides = (2, 2)
    if cfg.downsampling_type == "maxpooling":
        x = maxpooling2d(x, (2, 2), name=derived_name(name, "_pool"))
        strides = (1, 1)
    return residual_unit(x, cfg.kernel_size, strides, out_size, name=derived_name(name, "_r0"))


def upscaling_unit(
    x: keras.KerasTensor, cfg: ModelConfig, out_size: int | None = None, name: str | None = None
) -> keras.KerasTensor:
    """Twice the rows and columns, with `out_size` channels."""
    out_size = x.shape[-1] if out_size is None else out_size
    if cfg.downsampling_type == "maxpooling":
        x = upsampling2d(x, (2, 2), name=derived_name(name, "_up"))
        return residual_unit(x, cfg.kernel_size, out_size=out_size, name=derived_name(name, "_r0"))
    x = batch_norm(x, name=derived_name(name, "_bn1"))
    x = relu(x, name=derived_name(name, "_act1"))
    return conv2dtranspose(x, out_size, (2, 2), strides=(2, 2), name=derived_name(name, "_convtrans1"))


residual = residual_unit
downscaling = downscaling_unit
upscaling = upscaling_unit
