"""Convolutional Pose Machines: belief maps of the joints, refined from stage to stage with ever larger context.

Wei, Ramakrishna, Kanade and Sheikh, "Convolutional Pose Machines", CVPR 2016, section 3 and figure 2; what the text
leaves open as in the authors' published network definitions: pools of 3 x 3, one more copy of the first three
convolutions that all stages but the first read, a convolution of their own behind it, no normalisation anywhere.

    image --+-- stage1: conv 9, pool, conv 9, pool, conv 9, pool, conv 5, conv 9, conv 1 -- conv 1 --> beliefs 1
            |                                                                                              |
            +-- trunk:  conv 9, pool, conv 9, pool, conv 9, pool --+-- conv 5 --+                          |
                                                                   |            +-- concat <---------------+
    centre map ---- average pool 9 / 8 ----------------------------|------------+     |
                                                                   |         conv 11, 11, 11, 1 -- conv 1 --> beliefs 2
                                                                   +-- conv 5 -- concat <--------------------------+
                                                                                  ...

Beliefs have one map a joint and a last one for the background. The centre map, a Gaussian at the centre of the person,
tells which of several people is meant. Weights of the stages are not shared, only the output of the trunk is.
"""

from keras import layers

from deephar.layers import relu
from deephar.layers.frames import stable_dtype
from deephar.models.arguments import check_counts, check_shape
from deephar.models.base import PoseModel
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import PoseLayout, as_layout, cpm14j2d, flic9j2d, mpii16j2d, usual_layout

MAP_DIV = 8  # three pools divide rows and columns by this
FLOAT32_PART = ("*_maps",)
MARGIN = 368 / (200 * 41 / 35)  # crops of 368 px in which a person of 200 px at scale 1 is 41 / 35 as large
PIXELS = dict(value_range=(-0.5, 0.5), pad_color=(128, 128, 128), margin=MARGIN)
TARGET = dict(stride=MAP_DIV, sigma_px=7.0 / MAP_DIV, cutoff=0.01, background=True)  # 7 px of the input
CENTER_SIGMA_PX = 21.0
LAYOUTS = {14: cpm14j2d, 16: mpii16j2d, 9: flic9j2d}  # as published for MPII and LSP; for MPII's 16; for FLIC


def conv(x, filters, size, name):
    """Convolution with bias and ReLU; same rows and columns out."""
    x = layers.Conv2D(filters, size, padding="same", name=name)(x)
    return relu(x, name=f"{name}_relu")


def trunk(x, filters, name):
    """Images (B, H, W, 3) to features (B, H / 8, W / 8, filters)."""
    for number in (1, 2, 3):
        x = conv(x, filters, 9, f"{name}_conv{number}")
        x = layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool{number}")(x)
    return x


def belief_maps(x, num_joints, name):
    """Belief maps (B, H, W, J + 1) without activation, float32 whatever the precision of the rest."""
    return layers.Conv2D(num_joints + 1, 1, dtype=stable_dtype(), name=f"{name}_maps")(x)


def first_stage(image, num_joints, filters, dropout, name="stage1"):
    """Beliefs from the image alone: (B, H, W, 3) -> (B, H / 8, W / 8, J + 1)."""
    x = conv(trunk(image, filters, name), filters // 4, 5, f"{name}_conv4")
    for number, size in ((5, 9), (6, 1)):
        x = conv(x, 4 * filters, size, f"{name}_conv{number}")
        x = layers.Dropout(dropout, name=f"{name}_dropout{number}")(x)
    return belief_maps(x, num_joints, name)


def later_stage(features, beliefs, center, filters, name):
    """Beliefs from those of the stage before, the trunk's features and the pooled centre map (or None)."""
    x = [conv(features, filters // 4, 5, f"{name}_image"), beliefs, *([] if center is None else [center])]
    x = layers.Concatenate(name=f"{name}_concat")(x)  # (B, H / 8, W / 8, 32 + J + 1 + 1)
    for number, size in enumerate((11, 11, 11, 1), 1):
        x = conv(x, filters, size, f"{name}_conv{number}")
    return belief_maps(x, beliefs.shape[-1] - 1, name)


def signature_for(input_shape, num_joints, num_stages, center_map=True, poselayout=None):
    """Signature of the network: pixels in [-0.5, 0.5], beliefs of all people in stage 1, of the one person after it."""
    layout = as_layout(poselayout or LAYOUTS.get(num_joints) or usual_layout(num_joints, 2))
    inputs = [InputSpec.for_shape(input_shape, **PIXELS)]
    if center_map:
        inputs.append(InputSpec.center_map(input_shape[:2], CENTER_SIGMA_PX))
    outputs = [
        OutputSpec("heatmaps", f"stage{k}", layout, people="all" if k == 1 else "one", **TARGET)
        for k in range(1, num_stages + 1)
    ]
    return Signature(inputs, outputs, float32_part=FLOAT32_PART)


def build(
    input_shape: tuple[int, ...] = (368, 368, 3),
    num_joints: int = 14,
    num_stages: int = 6,
    center_map: bool = True,
    filters: int = 128,
    dropout: float = 0.5,
    poselayout: PoseLayout | str | None = None,
) -> PoseModel:
    """Build a Convolutional Pose Machine with fresh weights, not compiled.

    Args:
        input_shape: (H, W, C) of the images, H and W multiples of 8, or None for any size; 368 in the paper.
        num_joints: J; 14 in the paper, 9 for FLIC.
        num_stages: 6 in the paper, 4 for FLIC.
        center_map: whether the network also takes a map of where the person is, (B, H, W, 1).
        filters: channels of most convolutions, a multiple of 4; 128 in the paper. A quarter of it goes from the trunk
            to each stage, four times as many stand at the end of stage 1.
        dropout: rate behind the two widest convolutions of stage 1, in training alone; 0.5 in the authors' code.
        poselayout: `PoseLayout` of the joints, or its name; None: the authors' order for 14 joints, MPII's for 16.

    Returns:
        A `PoseModel`. Inputs: image, or [image, centre map]. Outputs: a list of belief maps (B, H / 8, W / 8, J + 1),
        one a stage, the background last, named `stage1_maps`, `stage2_maps`, ...

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import cpm
        >>> cpm.build((64, 64, 3), num_stages=2, filters=8).output_shape
        [(None, 8, 8, 15), (None, 8, 8, 15)]
    """
    check_shape(input_shape, MAP_DIV)
    check_counts(num_joints=num_joints, num_stages=num_stages, filters=filters)
    if filters % 4:
        raise ValueError(f"`filters` should be a multiple of 4. Received: {filters}")
    image = layers.Input(tuple(input_shape), name="frame")
    inputs, center = [image], None
    outputs = [first_stage(image, num_joints, filters, dropout)]
    if center_map:
        inputs.append(layers.Input((*input_shape[:2], 1), name="center_map"))
        center = layers.AveragePooling2D(9, MAP_DIV, padding="same", name="center_pool")(inputs[1])
    features = trunk(image, filters, "trunk") if num_stages > 1 else None
    for number in range(2, num_stages + 1):
        outputs.append(later_stage(features, outputs[-1], center, filters, f"stage{number}"))
    model = PoseModel(inputs if center_map else image, outputs, name="CPM")
    model.signature = signature_for(input_shape, num_joints, num_stages, center_map, poselayout)
    return model
