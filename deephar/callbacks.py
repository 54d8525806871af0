"""Callbacks, under the original's module name; they live in `deephar.training.callbacks`."""

from deephar.training.callbacks import SaveModel

__all__ = ["SaveModel"]
