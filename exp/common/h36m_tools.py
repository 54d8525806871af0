"""Evaluation of poses on Human3.6M: the original's module name for `deephar.experiments.h36m_tools`."""

from deephar.experiments.h36m_tools import H36MEvalCallback, eval_human36m_sc_error

__all__ = ["H36MEvalCallback", "eval_human36m_sc_error"]
