"""Evaluation of actions on NTU: the original's module name for `deephar.experiments.ntu_tools`."""

from deephar.experiments.ntu_tools import *  # noqa: F403
