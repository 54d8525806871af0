"""Where a data set lies: the original's module name for `deephar.experiments.datasetpath`."""

from deephar.experiments.datasetpath import datasetpath

__all__ = ["datasetpath"]
