"""Evaluation of actions on Penn Action: the original's module name for `deephar.experiments.penn_tools`."""

from deephar.experiments.penn_tools import *  # noqa: F403
