"""The stacked hourglass network: heatmaps of the joints, refined from stack to stack.

Newell, Yang and Deng, "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016, sections 3.1 to 3.3, figures 3
and 4; details the text leaves open (widths of the stem, biases, the place of each normalisation) as in the authors'
Torch code. The whole network, input of each stack x:

    image -- stem --> x --+-- hourglass -- residual -- features --+-- maps 1x1 --+--> heatmaps of this stack
                          |                                       |              |
                          |                                    back 1x1      maps_back 1x1
                          |                                       |              |
                          +------------------------------------> add <-----------+
                                                                  +--> x of the next stack

One hourglass of depth d; its inside is an hourglass of depth d - 1, or one residual at depth 1:

    x --+-- skip ---------------------------------------------------------> add --> decoder features of this level
        +-- pool /2 -- down -- (hourglass of depth d - 1) -- up -- x2 nearest --^

A residual puts normalisation and ReLU before each convolution; the short way has a 1x1 convolution where widths differ:

    x --+-- bn1, relu1, conv1 1x1 -- bn2, relu2, conv2 3x3 -- bn3, relu3, conv3 1x1 --> add
        +-- (shortcut 1x1) -------------------------------------------------------------^
"""

from keras import layers

from deephar.layers import relu
from deephar.layers.frames import stable_dtype
from deephar.models.arguments import check_counts, check_shape
from deephar.models.base import PoseModel
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import PoseLayout, as_layout, mpii16j2d, usual_layout

DEPTH = 4  # times that an hourglass halves rows and columns
MAP_DIV = 4  # the stem divides rows and columns by this
IMAGE_DIV = MAP_DIV * 2**DEPTH
FLOAT32_PART = ("*_maps",)
TARGET = dict(sigma_px=1.75, patch=7)  # the Gaussian of Torch that the authors trained with


def batch_norm(x, name):
    """Batch normalisation with Torch's constants."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def conv(x, filters, size, name):
    """Convolution with bias, stride 1; same rows and columns out."""
    return layers.Conv2D(filters, size, padding="same", name=name)(x)


def pool(x, name):
    """Half the rows and columns, the largest value of each 2x2 window."""
    return layers.MaxPooling2D(2, name=name)(x)


def residual(x, filters, name):
    """The bottleneck of figure 4: (B, H, W, C) -> (B, H, W, filters), half of `filters` inside."""
    shortcut = x if x.shape[-1] == filters else conv(x, filters, 1, f"{name}_shortcut")
    for step, (width, size) in enumerate(((filters // 2, 1), (filters // 2, 3), (filters, 1)), 1):
        x = relu(batch_norm(x, f"{name}_bn{step}"), name=f"{name}_relu{step}")
        x = conv(x, width, size, f"{name}_conv{step}")
    return layers.Add(name=f"{name}_add")([shortcut, x])


def entry_residuals(x, filters, name="stem"):
    """The second half of the stem: (B, H, W, 64) -> (B, H / 2, W / 2, filters)."""
    x = pool(residual(x, 128, f"{name}_res1"), f"{name}_pool")
    x = residual(x, 128, f"{name}_res2")
    return residual(x, filters, f"{name}_res3")


def stem(x, filters, name="stem"):
    """Images (B, H, W, 3) to features (B, H / 4, W / 4, filters)."""
    x = layers.ZeroPadding2D(3, name=f"{name}_pad")(x)  # three on each side, which "same" padding does not give
    x = layers.Conv2D(64, 7, strides=2, name=f"{name}_conv")(x)
    x = relu(batch_norm(x, f"{name}_bn"), name=f"{name}_relu")
    return entry_residuals(x, filters, name)


def hourglass(x, name, depth=DEPTH):
    """An hourglass on features (B, H, W, C), H and W multiples of 2 ** depth.

    Args:
        x: features.
        name: prefix of the layers' names.
        depth: how often rows and columns are halved.

    Returns:
        The decoder's features from fine to coarse, a list of `depth` tensors (B, H / 2**k, W / 2**k, C), k = 0, 1, ...
        The first one is the output of the hourglass.
    """
    filters, level = x.shape[-1], f"{name}_level{depth}"
    skip = residual(x, filters, f"{level}_skip")
    low = residual(pool(x, f"{level}_pool"), filters, f"{level}_down")
    inner = hourglass(low, name, depth - 1) if depth > 1 else []
    low = inner[0] if inner else residual(low, filters, f"{level}_bottom")
    low = layers.UpSampling2D(2, name=f"{level}_upsample")(residual(low, filters, f"{level}_up"))
    return [layers.Add(name=f"{level}_add")([skip, low]), *inner]


def stack_features(x, name):
    """What one stack finds in features (B, H, W, C), before its heads.

    Returns:
        (features for the heads and the next stack (B, H, W, C), the decoder's features as `hourglass` gives them).
    """
    decoder = hourglass(x, f"{name}_hourglass")
    x = residual(decoder[0], x.shape[-1], f"{name}_res")
    x = batch_norm(conv(x, x.shape[-1], 1, f"{name}_features_conv"), f"{name}_features_bn")
    return relu(x, name=f"{name}_features"), decoder


def heatmap_head(x, num_joints, name):
    """Heatmaps (B, H, W, J) from features, without activation; float32 whatever the precision of the rest."""
    return layers.Conv2D(num_joints, 1, dtype=stable_dtype(), name=name)(x)


def next_input(x, features, heatmaps, name):
    """Input of the next stack: this one's `x` plus its features and its heatmaps, each through a 1x1 convolution."""
    filters = x.shape[-1]
    back = [conv(features, filters, 1, f"{name}_back"), conv(heatmaps, filters, 1, f"{name}_maps_back")]
    return layers.Add(name=f"{name}_merge")([x, *back])


def signature_for(input_shape, num_joints, blocks, poselayout=None, target=TARGET):
    """Signature of a network of heatmaps on images in [0, 1]; 16 joints are MPII's unless a layout is given.

    `blocks` are (name, scale) of the outputs: maps of scale 2 have half the rows and columns of those of scale 1.
    """
    layout = as_layout(poselayout or (mpii16j2d if num_joints == 16 else usual_layout(num_joints, 2)))
    specs = [OutputSpec("heatmaps", name, layout, stride=MAP_DIV * scale, **target) for name, scale in blocks]
    return Signature([InputSpec.for_shape(input_shape, value_range=(0.0, 1.0))], specs, float32_part=FLOAT32_PART)


def build(
    input_shape: tuple[int, ...] = (256, 256, 3),
    num_joints: int = 16,
    num_stacks: int = 8,
    filters: int = 256,
    poselayout: PoseLayout | str | None = None,
) -> PoseModel:
    """Build a stacked hourglass network with fresh weights, not compiled.

    Args:
        input_shape: (H, W, C) of the images, H and W multiples of 64, or None for any size.
        num_joints: J.
        num_stacks: hourglasses in a row; 8 in the paper.
        filters: channels between the layers behind the stem, even; 256 in the paper.
        poselayout: `PoseLayout` of the joints, or its name; None: MPII's order for 16 joints, as in the paper.

    Returns:
        A `PoseModel`. Outputs: a list of heatmaps (B, H / 4, W / 4, J), one a stack, in order of computation, named
        `stack1_maps`, `stack2_maps`, ... Names and weights of the layers do not depend on `input_shape`.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import hourglass
        >>> hourglass.build((64, 64, 3), num_stacks=2, filters=16).output_shape
        [(None, 16, 16, 16), (None, 16, 16, 16)]
    """
    check_shape(input_shape, IMAGE_DIV)
    check_counts(num_joints=num_joints, num_stacks=num_stacks)
    check_counts(even=True, filters=filters)
    inputs = layers.Input(tuple(input_shape), name="frame")
    x, outputs = stem(inputs, filters), []
    for number in range(1, num_stacks + 1):
        name = f"stack{number}"
        features, _ = stack_features(x, name)
        outputs.append(heatmap_head(features, num_joints, f"{name}_maps"))
        if number < num_stacks:
            x = next_input(x, features, outputs[-1], name)
    model = PoseModel(inputs, outputs, name="Hourglass")
    blocks = [(f"stack{k + 1}", 1) for k in range(num_stacks)]
    model.signature = signature_for(input_shape, num_joints, blocks, poselayout)
    return model
