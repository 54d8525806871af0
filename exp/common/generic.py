"""Boxes from poses: the original's module name for `deephar.experiments.generic`."""

from deephar.experiments.generic import get_bbox_from_poses

__all__ = ["get_bbox_from_poses"]
