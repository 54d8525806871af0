"""Losses on body joints that leave out what was not annotated, and on actions of unequal number, with `keras.ops`.

Source: Luvizon, Picard and Tabia, TPAMI 2020, section 4.2.1: the elastic net of equation 11 on the coordinates that
exist, and binary cross entropy, weighted by 0.01 (section 4.2.3), on the confidence of a joint.

A coordinate exists where its true value is above zero: data sets mark what is missing or outside of the crop by -1e9,
and a two-dimensional annotation among three-dimensional ones marks only its depth that way. Sums over existing
coordinates are divided by their number, never by less than one.

    y_true, y_pred   (B, [T,] J, D + 1)
                            |
              +-------------+-------------+
        coordinates (.., D)        confidence (..)
        |e| + e^2 [+ 0.01 BCE]      BCE, mean over J
              +-------------+-------------+
                            |
                 mean over T -> (B,)
"""

from collections.abc import Sequence

import keras
from keras import ops

POSE_LOSSES = ("l1", "l2", "l1l2", "l1l2bincross")
COORDINATE_BINCROSS_WEIGHT = 0.01


def _valid(y_true):
    """Return the 0/1 mask of existing coordinates and how many there are, at least one, (...,)."""
    mask = ops.cast(ops.greater(y_true, 0.0), y_true.dtype)
    return mask, ops.maximum(ops.sum(mask, axis=(-1, -2)), 1.0)


def _binary_crossentropy(y_true, y_pred):
    """Return the element-wise binary cross entropy of probabilities, `y_pred` kept off 0 and 1 by 1e-7."""
    y_pred = ops.clip(y_pred, keras.config.epsilon(), 1.0 - keras.config.epsilon())
    return -(y_true * ops.log(y_pred) + (1.0 - y_true) * ops.log(1.0 - y_pred))


def _mean_on_valid(element, y_true, y_pred):
    """Return `element(y_true, y_pred)` averaged over the existing coordinates, (..., J, D) -> (...,)."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    mask, count = _valid(y_true)
    # Absent values are far away (-1e9): they are replaced before anything is computed, so that no gradient
    # of theirs can become infinite times zero.
    y_true = ops.where(mask > 0, y_true, ops.zeros_like(y_true))
    values = ops.where(mask > 0, element(y_true, y_pred), ops.zeros_like(y_pred))
    return ops.sum(values, axis=(-1, -2)) / count


@keras.saving.register_keras_serializable("deephar")
def l1_loss_on_valid_joints(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean absolute error over existing coordinates, (..., J, D) -> (...,)."""
    return _mean_on_valid(lambda t, p: ops.abs(p - t), y_true, y_pred)


@keras.saving.register_keras_serializable("deephar")
def l2_loss_on_valid_joints(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean squared error over existing coordinates, (..., J, D) -> (...,)."""
    return _mean_on_valid(lambda t, p: ops.square(p - t), y_true, y_pred)


@keras.saving.register_keras_serializable("deephar")
def elasticnet_loss_on_valid_joints(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Return the elastic net |e| + e^2 of equation 11 over existing coordinates, (..., J, D) -> (...,)."""
    return _mean_on_valid(lambda t, p: ops.abs(p - t) + ops.square(p - t), y_true, y_pred)


@keras.saving.register_keras_serializable("deephar")
def elasticnet_bincross_loss_on_valid_joints(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Return the elastic net plus 0.01 times the binary cross entropy of the coordinates, (..., J, D) -> (...,).

    The second term is what the authors trained with; the paper does not mention it. It needs coordinates in [0, 1].
    """

    def element(t, p):
        return ops.abs(p - t) + ops.square(p - t) + COORDINATE_BINCROSS_WEIGHT * _binary_crossentropy(t, p)

    return _mean_on_valid(element, y_true, y_pred)


_ON_COORDINATES = dict(
    zip(
        POSE_LOSSES,
        (
            l1_loss_on_valid_joints,
            l2_loss_on_valid_joints,
            elasticnet_loss_on_valid_joints,
            elasticnet_bincross_loss_on_valid_joints,
        ),
        strict=True,
    )
)


@keras.saving.register_keras_serializable("deephar")
class PoseRegressionLoss:
    """Callable loss on poses with confidence, one value a sample.

    Input: `y_true` and `y_pred` (B, J, D + 1) or (B, T, J, D + 1), the last column the confidence in [0, 1].
    Output: (B,), for clips the mean over the frames.
    Source: TPAMI 2020, equation 11 and section 4.2.3. Usually made by `pose_regression_loss`.
    """

    def __init__(self, pose_loss: str = "l1l2bincross", visibility_weight: float = 0.01) -> None:
        if pose_loss not in POSE_LOSSES:
            raise ValueError(f"`pose_loss` must be one of {', '.join(POSE_LOSSES)}. Received: {pose_loss!r}")
        self.pose_loss = pose_loss
        self.visibility_weight = float(visibility_weight)
        self.name = "pose_regression_loss"

    def __call__(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        rank = len(y_pred.shape)
        if rank not in (3, 4) or len(y_true.shape) != rank:
            raise ValueError(
                "`y_true` and `y_pred` must both be (B, J, dim + 1) or (B, T, J, dim + 1). "
                f"Received: shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
            )
        pose = _ON_COORDINATES[self.pose_loss](y_true[..., :-1], y_pred[..., :-1])  # (B, [T])
        confidence = ops.mean(_binary_crossentropy(y_true[..., -1], y_pred[..., -1]), axis=-1)  # (B, [T])
        loss = pose + self.visibility_weight * confidence
        return ops.mean(loss, axis=-1) if rank == 4 else loss  # (B,)

    def get_config(self) -> dict:
        return {"pose_loss": self.pose_loss, "visibility_weight": self.visibility_weight}

    @classmethod
    def from_config(cls, config: dict) -> "PoseRegressionLoss":
        return cls(**config)


def pose_regression_loss(pose_loss: str, visibility_weight: float) -> "PoseRegressionLoss":
    """Return the loss used on every pose output, for `model.compile(loss=...)`.

    Args:
        pose_loss: `l1`, `l2`, `l1l2` (elastic net) or `l1l2bincross` (elastic net and 0.01 binary cross entropy).
        visibility_weight: weight of the confidence's binary cross entropy, 0.01 in the paper.

    Returns:
        A serialisable callable, `(B, [T,] J, dim + 1)` twice to `(B,)`.

    Raises:
        ValueError: on another `pose_loss`.
    """
    return PoseRegressionLoss(pose_loss, visibility_weight)


def heatmap_crossentropy(y_true: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
    """Return the cross entropy of probability maps against the pixels around each true joint, one value a sample.

    The target of a joint has its mass on the two nearest columns and rows, so that its soft-argmax is exactly the true
    position: this loss and the regression of coordinates have the same optimum, and it says more about where a joint is
    not. Joints that do not exist (a coordinate at or below zero) are left out. Not in the paper.

    Args:
        y_true: (B, [T,] J, D + 1), x and y first, normalised to the input.
        maps: (B or B * T, H, W, J) probabilities.

    Returns:
        (B or B * T,), the mean over existing joints in nats.
    """
    maps = ops.cast(maps, "float32")
    num_rows, num_columns, num_joints = maps.shape[1:]
    xy = ops.cast(ops.reshape(y_true, (-1, num_joints, y_true.shape[-1]))[..., :2], maps.dtype)  # (B, J, 2)
    exists = ops.cast(ops.all(xy > 0.0, axis=-1), maps.dtype)  # (B, J)
    xy = ops.where(exists[..., None] > 0, xy, 0.5)
    columns = _share_of_pixels(xy[..., 0], num_columns)  # (B, J, W)
    rows = _share_of_pixels(xy[..., 1], num_rows)  # (B, J, H)
    surprise = -ops.einsum("bjh,bjw,bhwj->bj", rows, columns, ops.log(maps + keras.config.epsilon()))
    return ops.sum(surprise * exists, axis=-1) / ops.maximum(ops.sum(exists, axis=-1), 1.0)


def _share_of_pixels(position, count):
    """Positions (B, J) in [0, 1] -> shares (B, J, count) of the pixels at 0 to 1, linear between neighbours."""
    pixels = ops.arange(count, dtype=position.dtype)
    return ops.maximum(0.0, 1.0 - ops.abs(position[..., None] * (count - 1) - pixels))


def gaussian_heatmaps(
    y_true: keras.KerasTensor,
    size: tuple[int, int],
    sigma_px: float = 1.0,
    patch: int = 0,
    background: bool = False,
    cutoff: float = 0.0,
) -> keras.KerasTensor:
    """Return the heat maps that a network of maps is trained for, one Gaussian of peak 1 a joint.

    Args:
        y_true: (B, J, D + 1), x and y first, normalised to the input. A joint that does not exist (x or y at or below
            zero) has an empty map. Or (B, P, J, D + 1), several people: the sum of their maps, at most 1.
        size: (H, W) of the maps; the centre of cell c is at (c + 0.5) / W.
        sigma_px: float, width in cells.
        patch: int, side in cells of the square that the Gaussian is cut to, its centre moved to a whole cell; 0: the
            whole map. Newell's hourglass uses the 7 x 7 patch of width 1.75 of Torch's `image.gaussian`.
        background: bool, add a last map, 1 minus the largest of the others.
        cutoff: float, values of each Gaussian below it are 0.

    Returns:
        (B, H, W, J [+ 1]) float32.
    """
    xy = ops.cast(y_true[..., :2], "float32")  # (B, [P,] J, 2)
    exists = ops.cast(ops.all(xy > 0.0, axis=-1), "float32")  # (B, [P,] J)
    xy = ops.where(exists[..., None] > 0, xy, 0.5)
    columns = _gaussian(xy[..., 0], size[1], sigma_px, patch)  # (B, [P,] J, W)
    rows = _gaussian(xy[..., 1], size[0], sigma_px, patch) * exists[..., None]  # (B, [P,] J, H)
    maps = ops.einsum("...jh,...jw->...hwj", rows, columns)  # (B, [P,] H, W, J)
    if cutoff:
        maps = ops.where(maps < cutoff, 0.0, maps)
    if len(y_true.shape) == 4:
        maps = ops.minimum(ops.sum(maps, axis=1), 1.0)  # (B, H, W, J)
    if not background:
        return maps
    rest = ops.maximum(0.0, 1.0 - ops.max(maps, axis=-1, keepdims=True))
    return ops.concatenate([maps, rest], axis=-1)  # (B, H, W, J + 1)


def _gaussian(position, count, sigma_px, patch):
    """Positions (..., J) in [0, 1] -> a Gaussian of peak 1 over `count` cells, (..., J, count)."""
    cell = position[..., None] * count - 0.5
    cell = ops.round(cell) if patch else cell
    distance = ops.arange(count, dtype="float32") - cell
    values = ops.exp(-ops.square(distance) / (2.0 * sigma_px**2))
    return ops.where(ops.abs(distance) <= patch // 2, values, 0.0) if patch else values


def _mean_of_squares(squares):
    return ops.mean(squares, axis=(1, 2, 3))


def _sum_over_cells(squares):
    return ops.mean(ops.sum(squares, axis=(1, 2)), axis=-1)


def _half_sum(squares):
    return 0.5 * ops.sum(squares, axis=(1, 2, 3))


HEATMAP_LOSSES = {
    "mean": _mean_of_squares,  # Newell et al., ECCV 2016, in Torch: the mean over cells and joints
    "cells": _sum_over_cells,  # Ke et al., ICIP 2018, equation 1: the sum over cells, the mean over joints
    "sum": _half_sum,  # Wei et al., CVPR 2016, in Caffe: half the sum over cells and joints
}


@keras.saving.register_keras_serializable("deephar")
class HeatmapLoss:
    """Callable loss on heat maps from pose labels: squared differences to `gaussian_heatmaps`, one value a sample.

    Input: `y_true` poses (B, [P,] J, D + 1), `y_pred` maps (B, H, W, J [+ 1]) of any size. Output: (B,).
    Source: Newell, Yang and Deng, ECCV 2016, section 3.1; all joints of all maps count, absent ones as empty maps.

    Args:
        sigma_px, patch, background, cutoff: of the Gaussians.
        reduction: str, how squares become one value a sample, one of HEATMAP_LOSSES: "mean" over cells and joints;
            "cells", the sum over cells and the mean over joints, so that maps of twice the size weigh four times as
            much; "sum", half the sum.
    """

    def __init__(
        self,
        sigma_px: float = 1.0,
        patch: int = 0,
        background: bool = False,
        cutoff: float = 0.0,
        reduction: str = "mean",
    ) -> None:
        if reduction not in HEATMAP_LOSSES:
            raise ValueError(f"`reduction` must be one of {', '.join(HEATMAP_LOSSES)}. Received: {reduction!r}")
        self.sigma_px, self.patch, self.background = float(sigma_px), int(patch), bool(background)
        self.cutoff, self.reduction = float(cutoff), reduction
        self.name = "heatmap_loss"

    def __call__(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        y_pred = ops.cast(y_pred, "float32")
        size = tuple(y_pred.shape[1:3]) if None not in y_pred.shape[1:3] else ops.shape(y_pred)[1:3]
        true = gaussian_heatmaps(y_true, size, self.sigma_px, self.patch, self.background, self.cutoff)
        return HEATMAP_LOSSES[self.reduction](ops.square(y_pred - true))  # (B,)

    def get_config(self) -> dict:
        names = ("sigma_px", "patch", "background", "cutoff", "reduction")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict) -> "HeatmapLoss":
        return cls(**config)


@keras.saving.register_keras_serializable("deephar")
class ClassWeightedCrossentropy(keras.losses.Loss):
    """Cross entropy of actions, each sample times the weight of its true class, for classes of unequal number.

    Input: `y_true` one-hot (B, A), `y_pred` (B, A). Output: the mean over the batch of weight x cross entropy; it is
    not divided by the sum of a batch's weights, so weights of mean 1 over the data keep the size of the loss.

    Args:
        class_weights: list of float, A of them, 0 or above, such as `objectives.balanced_weights` gives.
        from_logits: bool. Whether `y_pred` is scores before the softmax instead of probabilities.
        reduction, name: as in `keras.losses.Loss`.
    """

    def __init__(
        self,
        class_weights: Sequence[float],
        from_logits: bool = True,
        reduction: str = "sum_over_batch_size",
        name: str = "class_weighted_crossentropy",
        **kwargs: str,
    ) -> None:
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.class_weights, self.from_logits = tuple(map(float, class_weights)), bool(from_logits)

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        y_true = ops.cast(y_true, y_pred.dtype)
        weights = ops.sum(y_true * ops.convert_to_tensor(self.class_weights, y_pred.dtype), axis=-1)  # (B,)
        return weights * ops.categorical_crossentropy(y_true, y_pred, from_logits=self.from_logits)  # (B,)

    def get_config(self) -> dict:
        own = {"class_weights": list(self.class_weights), "from_logits": self.from_logits}
        return {**super().get_config(), **own}
