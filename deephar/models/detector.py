"""A small detector of people on one hourglass: where the middle of a person is, and how far the sides of the box are.

Zhou, Wang and Kraehenbuehl, "Objects as Points", arXiv 1904.07850: a map of centres, whose local maxima are the people,
without boxes to choose from; the distances to the four sides at every cell as in Tian et al., "FCOS", ICCV 2019; the
hourglass of Newell et al., ECCV 2016, behind a lighter stem:

    image -- conv 7x7 / 2, pool / 2, residual --> (B, H / 4, W / 4, F) -- hourglass -- features --+-- score
                                                                                                  +-- distances
"""

import math

import keras
from keras import layers, ops

from deephar.layers import relu
from deephar.layers.frames import stable_dtype
from deephar.models.arguments import check_counts, check_shape
from deephar.models.base import PoseModel
from deephar.models.hourglass import IMAGE_DIV, MAP_DIV, batch_norm, pool, residual, stack_features
from deephar.models.signature import InputSpec, OutputSpec, Signature

STEM_FILTERS = 32
PAD_COLOR = (114, 114, 114)
RARE = -4.6  # bias of the score: sigmoid(-4.6) = 0.01, since few cells are the middle of anybody
USUAL_CELLS = 8.0  # distance from the middle to a side that an output of 0 stands for
FARTHEST = 4.0  # e ** 4 times as far, or as near, is the limit


@keras.saving.register_keras_serializable("deephar")
class CellDistances(layers.Layer):
    """Exponentials of four maps: distances to the left, upper, right and lower side of a box, in cells."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return USUAL_CELLS * exp(x), which is above 0."""
        return USUAL_CELLS * ops.exp(ops.clip(x, -FARTHEST, FARTHEST))

    def compute_flops(self, input_shapes, output_shapes):
        return 2 * math.prod(output_shapes[0])


def build(input_shape: tuple[int, ...] = (256, 256, 3), filters: int = 64) -> PoseModel:
    """Build a detector with fresh weights, not compiled.

    Args:
        input_shape: (H, W, 3) of the images, H and W multiples of 64, or None for any size.
        filters: channels behind the stem, even.

    Returns:
        A `PoseModel`. Output: (B, H / 4, W / 4, 5), float32: in [0, 1] how much the cell is the middle of somebody,
        then the distances from the middle of the cell to the left, upper, right and lower side of the box, in cells.
        `deephar.inference.detector.decode_boxes` makes boxes of it.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> from deephar.models import detector
        >>> detector.build((64, 64, 3), filters=16).output_shape
        (None, 16, 16, 5)
    """
    check_shape(input_shape, IMAGE_DIV)
    check_counts(even=True, filters=filters)
    inputs = layers.Input(tuple(input_shape), name="frame")
    x = layers.Conv2D(STEM_FILTERS, 7, strides=2, padding="same", use_bias=False, name="stem_conv")(inputs)
    x = pool(relu(batch_norm(x, "stem_bn"), name="stem_relu"), "stem_pool")
    features, _ = stack_features(residual(x, filters, "stem_res"), "stack1")
    exact = dict(dtype=stable_dtype())
    score = layers.Conv2D(
        1, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(RARE), name="score_maps", **exact
    )(features)
    distances = CellDistances(name="distances", **exact)(layers.Conv2D(4, 1, name="distance_maps", **exact)(features))
    model = PoseModel(inputs, layers.Concatenate(name="people", **exact)([score, distances]), name="Detector")
    spec = InputSpec.for_shape(input_shape, value_range=(0.0, 1.0), pad_color=PAD_COLOR, crop="whole")
    output = OutputSpec("boxes", "people", stride=MAP_DIV)
    model.signature = Signature([spec], [output], float32_part=("score_maps", "distance_maps", "distances", "people"))
    return model
