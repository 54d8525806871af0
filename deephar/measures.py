"""Metrics, under the original's module name; they live in `deephar.metrics`."""

from deephar.metrics.pose2d import (
    mean_distance_error,
    pck3d,
    pck_torso,
    pck_torso_per_joint,
    pckh,
    pckh_per_joint,
    torso_size,
    valid_joints,
)

__all__ = [
    "mean_distance_error",
    "pck3d",
    "pck_torso",
    "pck_torso_per_joint",
    "pckh",
    "pckh_per_joint",
    "torso_size",
    "valid_joints",
]
