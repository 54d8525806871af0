"""Losses, under the original's module name; they live in `deephar.layers.losses`."""

from deephar.layers.losses import (
    ClassWeightedCrossentropy,
    HeatmapLoss,
    PoseRegressionLoss,
    elasticnet_bincross_loss_on_valid_joints,
    elasticnet_loss_on_valid_joints,
    gaussian_heatmaps,
    heatmap_crossentropy,
    l1_loss_on_valid_joints,
    l2_loss_on_valid_joints,
    pose_regression_loss,
)

__all__ = [
    "ClassWeightedCrossentropy",
    "HeatmapLoss",
    "PoseRegressionLoss",
    "elasticnet_bincross_loss_on_valid_joints",
    "elasticnet_loss_on_valid_joints",
    "gaussian_heatmaps",
    "heatmap_crossentropy",
    "l1_loss_on_valid_joints",
    "l2_loss_on_valid_joints",
    "pose_regression_loss",
]
