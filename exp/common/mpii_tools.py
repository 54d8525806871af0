"""Evaluation of poses on MPII: the original's module name for `deephar.experiments.mpii_tools`."""

from deephar.experiments.mpii_tools import (
    MpiiEvalCallback,
    absulute_pred,
    eval_singleperson_pckh,
    refine_pred,
)

__all__ = [
    "MpiiEvalCallback",
    "absulute_pred",
    "eval_singleperson_pckh",
    "refine_pred",
]
