"""MSS-Net: stacked hourglasses that are trained at several scales, and a network that makes one pose of all scales.

Ke, Chang, Qi and Lyu, "Multi-scale structure-aware network for human pose estimation", ICIP 2018, sections 2.1 to 2.3
and figure 2: conv-deconv stacks of 64 channels, heatmaps at each of the decoder's scales, a structural regression on
the maps of the last stack. Its stacks are those of `deephar.models.hourglass`. What the text does not say: the layers
of the regression, which here are convolutions of 7 x 7 with normalisation, one of 1 x 1 and the maps; the coarse maps
are enlarged by repetition.

    decoder of a stack, fine to coarse               heatmaps            trained for
    H / 4   -- residual -- 1x1 (features) -- 1x1 --> stackK_maps         Gaussians drawn on each map's own grid
    H / 8   -------------------------------- 1x1 --> stackK_maps_2
    H / 16  -------------------------------- 1x1 --> stackK_maps_4

    last stack: all maps, enlarged to H / 4 -- concat -- conv 7, ..., conv 1 -- 1x1 --> regression_maps
"""

from keras import layers

from deephar.layers import relu
from deephar.models import hourglass
from deephar.models.arguments import check_counts, check_shape
from deephar.models.base import PoseModel
from deephar.models.hourglass import batch_norm, conv, heatmap_head, next_input, stack_features
from deephar.utils.pose import PoseLayout

SCALES = tuple(2**k for k in range(hourglass.DEPTH))  # the decoder's, 1 for the finest
REGRESSION_KERNEL = 7


def check_scales(scales):
    """Return scales as a tuple; raise ValueError where they are not some of SCALES, the finest first."""
    found = tuple(scales)
    if not found or found[0] != 1 or list(found) != sorted(set(found)) or not set(found) <= set(SCALES):
        raise ValueError(f"`scales` should be 1 and then some of {SCALES[1:]}, rising. Received: {scales}")
    return found


def multi_scale_heads(features, decoder, num_joints, scales, name):
    """Heatmaps of one stack, a list with one a scale: (B, H / s, W / s, J)."""
    sources = [features, *decoder[1:]]
    names = [f"{name}_maps" if scale == 1 else f"{name}_maps_{scale}" for scale in scales]
    return [
        heatmap_head(sources[SCALES.index(scale)], num_joints, label)
        for scale, label in zip(scales, names, strict=True)
    ]


def structural_regression(maps, scales, filters, num_layers, name="regression"):
    """One map a joint from the maps of all scales: a list of (B, H / s, W / s, J) -> (B, H, W, J)."""
    num_joints = maps[0].shape[-1]
    x = [
        m if scale == 1 else layers.UpSampling2D(scale, name=f"{name}_up_{scale}")(m)
        for m, scale in zip(maps, scales, strict=True)
    ]
    x = layers.Concatenate(name=f"{name}_concat")(x) if len(x) > 1 else x[0]  # (B, H, W, J * S)
    for number, size in enumerate([REGRESSION_KERNEL] * num_layers + [1], 1):
        x = batch_norm(conv(x, filters, size, f"{name}_conv{number}"), f"{name}_bn{number}")
        x = relu(x, name=f"{name}_relu{number}")
    return heatmap_head(x, num_joints, f"{name}_maps")


def build(
    input_shape: tuple[int, ...] = (256, 256, 3),
    num_joints: int = 16,
    num_stacks: int = 4,
    filters: int = 64,
    scales: tuple[int, ...] = (1, 2, 4),
    regression: bool = True,
    regression_layers: int = 3,
    poselayout: PoseLayout | str | None = None,
) -> PoseModel:
    """Build an MSS-Net with fresh weights, not compiled.

    Args:
        input_shape: (H, W, C) of the images, H and W multiples of 64, or None for any size.
        num_joints: J.
        num_stacks: 4 in the paper.
        filters: channels between the layers behind the stem, even; 64 in the paper.
        scales: 1 for maps of the finest size, 2 for half of it ...; (1, 2, 4) was best in the paper, 8 is possible.
            With (1,) and no regression it is a stacked hourglass.
        regression: whether the structural regression network follows the last stack.
        regression_layers: its convolutions of 7 x 7; not stated in the paper.
        poselayout: `PoseLayout` of the joints, or its name; None: MPII's order for 16 joints.

    Returns:
        A `PoseModel`. Outputs: a list of heatmaps, for each stack those of all scales (B, H / (4 s), W / (4 s), J),
        the finest first, then the regression's (B, H / 4, W / 4, J).

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import mssnet
        >>> model = mssnet.build((64, 64, 3), num_stacks=1, filters=8)
        >>> [shape[1] for shape in model.output_shape]
        [16, 8, 4, 16]
    """
    check_shape(input_shape, hourglass.IMAGE_DIV)
    check_counts(num_joints=num_joints, num_stacks=num_stacks, regression_layers=regression_layers)
    check_counts(even=True, filters=filters)
    scales = check_scales(scales)
    inputs = layers.Input(tuple(input_shape), name="frame")
    x, outputs, blocks = hourglass.stem(inputs, filters), [], []
    for number in range(1, num_stacks + 1):
        name = f"stack{number}"
        features, decoder = stack_features(x, name)
        maps = multi_scale_heads(features, decoder, num_joints, scales, name)
        outputs += maps
        blocks += [(name if scale == 1 else f"{name}_{scale}", scale) for scale in scales]
        if number < num_stacks:
            x = next_input(x, features, maps[0], name)
    if regression:
        outputs.append(structural_regression(maps, scales, filters, regression_layers))
        blocks.append(("regression", 1))
    model = PoseModel(inputs, outputs, name="MSSNet")
    model.signature = hourglass.signature_for(input_shape, num_joints, blocks, poselayout)
    return model
