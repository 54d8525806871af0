"""Evaluation of actions on NTU: the original's module name for `deephar.experiments.ntu_tools`."""

from deephar.experiments.ntu_tools import (
    NtuEvalCallback,
    eval_multiclip_dataset,
    eval_singleclip,
    eval_singleclip_generator,
    eval_singleclip_gt_bbox,
    eval_singleclip_gt_bbox_generator,
)

__all__ = [
    "NtuEvalCallback",
    "eval_multiclip_dataset",
    "eval_singleclip",
    "eval_singleclip_generator",
    "eval_singleclip_gt_bbox",
    "eval_singleclip_gt_bbox_generator",
]
