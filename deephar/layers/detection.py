"""The loss of a detector's maps: focal loss on the middles of people, overlap of the boxes around them.

    boxes (B, N, 4) --> Gaussians as wide and high as each box, 1 at the cell of its middle --> focal loss on the scores
                    --> the cells near the middle ------------> 1 - overlap of box and predicted box, there

The focal loss is that of Law and Deng, "CornerNet", ECCV 2018, equation 1; the overlap is the generalized one of
Rezatofighi et al., CVPR 2019, weighted by the Gaussian as in Liu et al., "TTFNet", AAAI 2020.
"""

import keras
from keras import ops

SPREAD = 0.1  # width of a Gaussian over the side of its box
LEAST_CELLS = 0.6  # width of a Gaussian in cells, at least
NEAR = 0.4  # value of the Gaussian from which on a cell must know the box
FOCUS, RELIEF = 2.0, 4.0  # alpha and beta of the focal loss
EPSILON = 1e-6


def cell_middles(height: int, width: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the places of the middles of cells, rows (H, 1) and columns (1, W), in cells."""
    rows, columns = (ops.cast(ops.arange(n), "float32") + 0.5 for n in (height, width))
    return rows[:, None], columns[None, :]


def people_gaussians(boxes: keras.KerasTensor, height: int, width: int) -> keras.KerasTensor:
    """Return the Gaussian (B, N, H, W) of each person, 1 at the cell that the middle of the box is in.

    Args:
        boxes: (B, N, 4), x1 y1 x2 y2 in cells; boxes without area stand for nobody and give 0.
        height, width: H, W of the maps.
    """
    x1, y1, x2, y2 = (boxes[..., k, None, None] for k in range(4))  # (B, N, 1, 1)
    rows, columns = cell_middles(height, width)

    def falls(low, high, places, cells):
        middle = ops.clip(ops.floor((low + high) / 2), 0.0, ops.cast(cells, "float32") - 1.0) + 0.5
        return ops.square((places - middle) / ops.maximum(SPREAD * (high - low), LEAST_CELLS))

    found = ops.exp(-(falls(x1, x2, columns, width) + falls(y1, y2, rows, height)) / 2)
    return ops.where(ops.logical_and(x2 > x1, y2 > y1), found, 0.0)


def overlap(a: tuple, b: tuple) -> keras.KerasTensor:
    """Return the generalized intersection over union, in [-1, 1], of boxes given as four tensors x1, y1, x2, y2."""
    wide = ops.minimum(a[2], b[2]) - ops.maximum(a[0], b[0])
    high = ops.minimum(a[3], b[3]) - ops.maximum(a[1], b[1])
    shared = ops.maximum(wide, 0.0) * ops.maximum(high, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    hull_wide = ops.maximum(a[2], b[2]) - ops.minimum(a[0], b[0])
    hull_high = ops.maximum(a[3], b[3]) - ops.minimum(a[1], b[1])
    hull = hull_wide * hull_high
    return shared / (union + EPSILON) - (hull - union) / (hull + EPSILON)


@keras.saving.register_keras_serializable("deephar")
class DetectionLoss:
    """Callable loss on a detector's maps from boxes, one value a sample.

    Input: `y_true` boxes (B, N, 4), x1 y1 x2 y2 in [0, 1] of the input, those without area stand for nobody; `y_pred`
    maps (B, H, W, 5) of `deephar.models.detector`. Output: (B,), the focal loss over the people of a sample, at least
    one, plus `box_weight` times the mean of 1 - overlap.

    Args:
        box_weight: float.
    """

    def __init__(self, box_weight: float = 2.0) -> None:
        self.box_weight, self.name = float(box_weight), "detection_loss"

    def __call__(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        y_pred = ops.cast(y_pred, "float32")
        height, width = (y_pred.shape[k] or ops.shape(y_pred)[k] for k in (1, 2))
        sides = ops.cast(ops.stack([width, height, width, height]), "float32")
        boxes = ops.cast(y_true, "float32") * sides  # (B, N, 4), in cells
        each = people_gaussians(boxes, height, width)  # (B, N, H, W)
        people = ops.maximum(ops.sum(ops.cast(ops.max(each, axis=(2, 3)) > 0, "float32"), axis=1), 1.0)  # (B,)
        target, score = ops.max(each, axis=1), ops.clip(y_pred[..., 0], EPSILON, 1 - EPSILON)  # (B, H, W)
        lost = self._boxes(boxes, each, target, y_pred, cell_middles(height, width))
        return self._focal(target, score) / people + self.box_weight * lost

    @staticmethod
    def _focal(target, score):
        right = ops.power(1 - score, FOCUS) * ops.log(score)
        wrong = ops.power(1 - target, RELIEF) * ops.power(score, FOCUS) * ops.log(1 - score)
        return -ops.sum(ops.where(target > 1 - EPSILON, right, wrong), axis=(1, 2))  # (B,)

    @staticmethod
    def _boxes(boxes, each, target, y_pred, middles):
        """1 - overlap, a mean over the cells near somebody, each of whom counts the same; 0 where nobody is."""
        rows, columns = middles
        left, up, right, down = (y_pred[:, None, :, :, k] for k in range(1, 5))  # (B, 1, H, W)
        predicted = (columns - left, rows - up, columns + right, rows + down)
        true = tuple(boxes[..., k, None, None] for k in range(4))  # (B, N, 1, 1)
        near = ops.logical_and(each >= NEAR, each >= target[:, None])  # of two people the nearer one
        weight = ops.where(near, each, 0.0)  # (B, N, H, W)
        weight = weight / (ops.sum(weight, axis=(2, 3), keepdims=True) + EPSILON)
        lost = ops.sum(weight * (1 - overlap(predicted, true)), axis=(1, 2, 3))  # (B,)
        return lost / ops.maximum(ops.sum(weight, axis=(1, 2, 3)), 1.0)

    def get_config(self) -> dict:
        return {"box_weight": self.box_weight}

    @classmethod
    def from_config(cls, config: dict) -> "DetectionLoss":
        return cls(**config)
