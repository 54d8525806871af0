"""Evaluation of actions on Penn Action: the original's module name for `deephar.experiments.penn_tools`."""

from deephar.experiments.penn_tools import (
    PennActionEvalCallback,
    eval_multiclip_dataset,
    eval_singleclip,
    eval_singleclip_generator,
    eval_singleclip_gt_bbox,
    eval_singleclip_gt_bbox_generator,
)

__all__ = [
    "PennActionEvalCallback",
    "eval_multiclip_dataset",
    "eval_singleclip",
    "eval_singleclip_generator",
    "eval_singleclip_gt_bbox",
    "eval_singleclip_gt_bbox_generator",
]
