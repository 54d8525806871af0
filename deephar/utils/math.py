"""Ramps and Gaussians on a grid, and the place where a function reaches a value."""

import numpy as np

EPSILON = 1e-7  # a Gaussian with less mass than this on the grid counts as absent


def linspace_2d(nb_rols: int, nb_cols: int, dim: int = 0) -> np.ndarray:
    """A ramp from 0 to 1 along the columns (dim 0) or down the rows (dim 1): (rows, columns) float32."""
    ramp = np.linspace(0, 1, nb_rols if dim == 1 else nb_cols, dtype=np.float32)
    return np.broadcast_to(ramp[:, None] if dim == 1 else ramp, (nb_rols, nb_cols)).copy()


def normalpdf2d(numbins: int, xmean: float, ymean: float, var: float) -> np.ndarray:
    """A Gaussian on a grid, with sum 1; zeros where it lies (almost) outside.

    Args:
        numbins: side of the grid.
        xmean, ymean: its centre in bins, numbers or arrays of one shape.
        var: its variance in square bins.

    Returns:
        (..., numbins, numbins), rows are y.
    """
    bins = np.arange(numbins)

    def density(mean):
        mean = np.asarray(mean, dtype=float)[..., None]
        return np.exp(-((bins - mean) ** 2) / (2 * var)) / np.sqrt(2 * np.pi * var)  # (..., numbins)

    grid = density(ymean)[..., :, None] * density(xmean)[..., None, :]  # (..., numbins, numbins)
    mass = grid.sum(axis=(-2, -1), keepdims=True)
    return np.where(mass > EPSILON, grid / np.maximum(mass, EPSILON), 0.0)


def solve_increasing(function, target, low, high, halvings=40):
    """Where an increasing function reaches a target, by halving the range, for many functions at once.

    Args:
        function: array of positions -> array of values, element by element.
        target: wanted value.
        low, high: arrays of positions, the range of each element; outside of it the nearer end is returned.
        halvings: how often the range is halved.

    Returns:
        Array of positions: the upper ends of the last ranges.
    """
    for _ in range(halvings):
        middle = (low + high) / 2
        below = function(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high
