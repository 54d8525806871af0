"""Evaluation of poses on MPII: the original's module name for `deephar.experiments.mpii_tools`."""

from deephar.experiments.mpii_tools import *  # noqa: F403
