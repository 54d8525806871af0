"""Boxes from poses and what all evaluations share: the original's module name for `deephar.experiments.generic`."""

from deephar.experiments.generic import *  # noqa: F403
