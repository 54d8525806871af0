"""R3D50-G: a 3D ResNet of 50 layers with feature gates, which names what happens in a clip.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 3.1 and table 1.

    clip (B, T, H, W, C) -- conv 5x7x7 / 1,2,2 -- BN, ReLU -- max pool 1x3x3 / 1,2,2 --+
       +-------------------------------------------------------------------------------+
       +--> res2 x 3, gate --> res3 x 4, gate --> res4 x 6, gate --> res5 x 3, gate --> mean over T, H, W --> logits

    block:  x --+-- conv t x 1 x 1, BN, ReLU -- conv 1 x 3 x 3 / s, BN, ReLU -- conv 1 x 1 x 1, BN --> add --> ReLU
                +-- (conv 1 x 1 x 1 / s, BN) ----------------------------------------------------------^

Time is never strided. Which blocks see neighbouring frames (t = 3) the paper's table leaves open for the last stage:
(1, 3, 1) gives the operations that it states.
"""

from collections.abc import Sequence

import keras
from keras import layers

from deephar.layers import relu
from deephar.layers.frames import stable_dtype
from deephar.layers.gating import feature_gate
from deephar.models.arguments import check_clip_shape, check_counts
from deephar.models.base import PoseModel
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.labels import default_labels

FPS = 25.0  # frame rate of the clips in the paper
TEMPORAL = {  # frames that the first convolution of each block sees
    "res2": (3, 3, 3),
    "res3": (3, 1, 3, 1),
    "res4": (3, 1, 3, 1, 3, 1),
    "res5": (1, 3, 1),
}
EXPANSION = 4  # channels of a block's output over those inside
GATES = ("stage", "block", "none")
FLOAT32_PART = ("logits",)


def conv_bn(x, filters, size, strides, name, activation=True):
    """Convolution without bias, batch normalisation, ReLU."""
    x = layers.Conv3D(filters, size, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)
    return relu(x, name=f"{name}_relu") if activation else x


def bottleneck(x, filters, frames, stride, name):
    """One block: (B, T, H, W, C) -> (B, T, H / stride, W / stride, 4 x filters)."""
    step = (1, stride, stride)
    shortcut = x
    if x.shape[-1] != EXPANSION * filters or stride > 1:
        shortcut = conv_bn(x, EXPANSION * filters, 1, step, f"{name}_shortcut", activation=False)
    y = conv_bn(x, filters, (frames, 1, 1), 1, f"{name}_a")
    y = conv_bn(y, filters, (1, 3, 3), step, f"{name}_b")
    y = conv_bn(y, EXPANSION * filters, 1, 1, f"{name}_c", activation=False)
    return relu(layers.Add(name=f"{name}_add")([shortcut, y]), name=f"{name}_relu")


def clip_signature(input_shape: Sequence[int | None], labels: Sequence[str]) -> Signature:
    """Signature of a network that names actions of whole frames by logits.

    Args:
        input_shape: (T, H, W, C).
        labels: list of str. Names of the classes.
    """
    frame = InputSpec.for_shape(input_shape, crop="frame", fps=FPS)
    output = OutputSpec("action", "logits", labels=labels, logits=True)
    return Signature([frame], [output], ("*",), FLOAT32_PART)


def logits_of(x: keras.KerasTensor, num_classes: int, dropout: float) -> keras.KerasTensor:
    """Mean of features (B, T, H, W, C) over time and space, dropout, scores (B, K) before the softmax in float32."""
    x = layers.GlobalAveragePooling3D(name="mean")(x)  # (B, C)
    x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(num_classes, dtype=stable_dtype(), name="logits")(x)


def build(
    input_shape: Sequence[int | None] = (None, None, None, 3),
    num_classes: int = 600,
    gates: bool | str = True,
    filters: int = 64,
    dropout: float = 0.2,
    labels: Sequence[str] | None = None,
) -> PoseModel:
    """Build an R3D50, with or without feature gates, with fresh weights, not compiled.

    Args:
        input_shape: (T, H, W, C), None where any length or size will do; 3 channels, or 2 of optical flow. The paper
            trains on 64 x 224 x 224 and tests on 250 x 256 x 256.
        num_classes: K; 600 for Kinetics-600.
        gates: True or "stage": a gate behind each of the four stages, as in the paper; "block": behind every block,
            which the paper found as good; False or "none": none.
        filters: channels of the stem; 64 in the paper.
        dropout: rate in front of the logits, in training alone. The paper does not speak of it.
        labels: names of the classes; None: those that are usual for their number.

    Returns:
        A `PoseModel`. Input: a clip in [-1, 1]; output: logits (B, K).

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import r3d
        >>> r3d.build((8, 32, 32, 3), num_classes=5, filters=8).output_shape
        (None, 5)
    """
    gates = {True: "stage", False: "none"}.get(gates, gates)
    if gates not in GATES:
        raise ValueError(f"`gates` should be True, False or one of {', '.join(GATES)}. Received: {gates!r}")
    check_clip_shape(input_shape)
    check_counts(num_classes=num_classes, filters=filters)
    inputs = layers.Input(tuple(input_shape), name="frame")
    x = conv_bn(inputs, filters, (5, 7, 7), (1, 2, 2), "stem")
    x = layers.MaxPooling3D((1, 3, 3), (1, 2, 2), padding="same", name="stem_pool")(x)
    for number, (stage, frames) in enumerate(TEMPORAL.items()):
        for block, length in enumerate(frames, 1):
            stride = 2 if block == 1 and number > 0 else 1
            x = bottleneck(x, filters * 2**number, length, stride, f"{stage}_block{block}")
            if gates == "block" or (gates == "stage" and block == len(frames)):
                x = feature_gate(x, f"{stage}_block{block}_gate")
    model = PoseModel(inputs, logits_of(x, num_classes, dropout), name="R3D50G" if gates != "none" else "R3D50")
    model.signature = clip_signature(input_shape, labels or default_labels(num_classes))
    return model
