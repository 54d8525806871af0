"""One pose from several predictions of it: the mean of the fullest cell of a grid."""

import numpy as np


def clustering_grid(y_pred, size=10):
    """For every joint, lay a grid over its predictions and average those in the fullest cell.

    Args:
        y_pred: (P, N, J, 2), P predictions of the same poses.
        size: cells along each side.

    Returns:
        (N, J, 2); of equally full cells the first one counts, row by row.
    """
    y_pred = np.asarray(y_pred, dtype=float)
    if y_pred.ndim != 4 or y_pred.shape[-1] != 2:
        raise ValueError(f"`y_pred` must have the shape (predictions, N, J, 2). Received: {y_pred.shape}")
    low = y_pred.min(axis=0)  # (N, J, 2)
    step = (y_pred.max(axis=0) - low) / size
    position = np.divide(y_pred - low, step, out=np.zeros_like(y_pred), where=step > 0)
    column_row = np.clip(np.ceil(position) - 1, 0, size - 1).astype(int)  # (P, N, J, 2)
    cell = column_row[..., 0] + size * column_row[..., 1]  # (P, N, J)
    together = cell[:, None] == cell[None]  # (P, P, N, J)
    fullness = together.sum(axis=1) * size**2 - cell  # most members first, then the lowest cell
    best = fullness.argmax(axis=0)  # (N, J)
    members = np.take_along_axis(together, best[None, None], axis=0)[0]  # (P, N, J)
    return (y_pred * members[..., None]).sum(axis=0) / members.sum(axis=0)[..., None]  # (N, J, 2)
