"""Metrics of 3D pose estimation as pure NumPy functions: they return numbers and print nothing.

All take poses (N, J, 3) in mm, in any one Cartesian frame (world or camera: none of them changes with it), and differ
in what of the predicted pose is put right before distances are taken. A joint counts where all of its true coordinates
are above -1e6; a pose without its root (or, for P-MPJPE, with less than three joints) does not count.

    name       put right, pose by pose                result    source
    mpjpe      position of the root                   mm        Ionescu et al., PAMI 2014 (protocol 1)
    n_mpjpe    position of the root, scale            mm        Rhodin et al., CVPR 2018
    p_mpjpe    position, scale and rotation           mm        Martinez et al., ICCV 2017 (protocol 2)
    pck3d_150  position of the root                   [0, 1]    Mehta et al., 3DV 2017: nearer than 150 mm
    auc_150    position of the root                   [0, 1]    the same: mean of PCK at 0, 5, ... 150 mm

The root counts as a joint of distance zero in mpjpe and n_mpjpe, as in the published scores of Human3.6M (17 joints),
and does not count in pck3d_150 and auc_150.
"""

import numpy as np
from numpy.typing import ArrayLike

from deephar.metrics.pose2d import joint_distances, valid_joints
from deephar.utils.pose import ABSENT

PCK_THRESHOLD_MM = 150
AUC_THRESHOLDS_MM = np.arange(0, PCK_THRESHOLD_MM + 1, 5)


def _poses(y_true, y_pred):
    """Both as float arrays (N, J, 3), checked, and the mask (N, J) of the joints that exist."""
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    if y_true.shape != y_pred.shape or y_true.ndim != 3 or y_true.shape[-1] != 3:
        raise ValueError(
            f"`y_true` and `y_pred` must have one shape (N, J, 3). Received: {y_true.shape} and {y_pred.shape}"
        )
    return y_true, y_pred, valid_joints(y_true)


def align_root(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Move both poses so that their root is the origin.

    Args:
        y_true, y_pred: (N, J, 3), one unit.
        root: number of the root joint.

    Returns:
        Both (N, J, 3); true joints that do not exist, and all of a pose without root, are -1e9.
    """
    y_true, y_pred, valid = _poses(y_true, y_pred)
    if not -y_true.shape[1] <= root < y_true.shape[1]:
        raise ValueError(f"`root` must be the number of one of {y_true.shape[1]} joints. Received: {root!r}")
    valid = valid & valid[:, [root]]
    moved = np.where(valid[..., None], y_true - y_true[:, [root]], ABSENT)
    return moved, y_pred - y_pred[:, [root]]


def align_scale(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Move both poses as `align_root` does, then scale the predicted one so that the squared distance is least.

    Returns:
        Both (N, J, 3).
    """
    y_true, y_pred = align_root(y_true, y_pred, root)
    valid = valid_joints(y_true)[..., None]
    true, pred = np.where(valid, y_true, 0.0), np.where(valid, y_pred, 0.0)
    norm = np.sum(pred**2, axis=(1, 2), keepdims=True)
    scale = np.sum(true * pred, axis=(1, 2), keepdims=True) / np.where(norm > 0, norm, 1.0)  # (N, 1, 1)
    return y_true, scale * y_pred


def align_similarity(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Move, turn (no reflection) and scale the predicted pose so that the squared distance is least.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.

    Returns:
        The true pose, -1e9 where it has less than three joints, and the predicted one, both (N, J, 3).
    """
    y_true, y_pred, valid = _poses(y_true, y_pred)
    valid = valid & (valid.sum(axis=1, keepdims=True) >= 3)
    weight = valid / np.maximum(valid.sum(axis=1, keepdims=True), 1)  # (N, J)
    y_true = np.where(valid[..., None], y_true, ABSENT)
    true = np.where(valid[..., None], y_true, 0.0)
    centre_true = np.einsum("nj,njd->nd", weight, true)[:, None]  # (N, 1, 3)
    centre_pred = np.einsum("nj,njd->nd", weight, np.where(valid[..., None], y_pred, 0.0))[:, None]
    true, pred = true - centre_true, y_pred - centre_pred
    left, size, right = np.linalg.svd(np.einsum("nj,nja,njb->nab", weight, true, np.where(valid[..., None], pred, 0.0)))
    sign = np.ones_like(size)  # (N, 3)
    sign[:, 2] = np.sign(np.linalg.det(left) * np.linalg.det(right))
    rotation = (left * sign[:, None]) @ right  # (N, 3, 3), predicted to true
    spread = np.einsum("nj,njd->n", weight, np.where(valid[..., None], pred, 0.0) ** 2)
    scale = np.sum(size * sign, axis=1) / np.where(spread > 0, spread, 1.0)
    return y_true, scale[:, None, None] * (pred @ np.swapaxes(rotation, 1, 2)) + centre_true


def _mean(y_true, y_pred, per_joint):
    """Mean distance over existing joints, in all or of each joint (J,); nan where there are none."""
    valid = valid_joints(y_true)
    distance = np.where(valid, joint_distances(y_true, y_pred), 0.0)
    axis = 0 if per_joint else None
    with np.errstate(invalid="ignore"):
        return np.true_divide(distance.sum(axis=axis), valid.sum(axis=axis))


def mpjpe(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0, per_joint: bool = False) -> float | np.ndarray:
    """Return the mean per joint position error of root-aligned poses, mm.

    Args:
        y_true, y_pred: (N, J, 3) mm.
        root: number of the root joint; it counts, with distance zero.
        per_joint: return (J,), the mean of each joint, instead of one number.

    Returns:
        Mean over poses and joints; nan without any.
    """
    return _mean(*align_root(y_true, y_pred, root), per_joint)


def n_mpjpe(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0, per_joint: bool = False) -> float | np.ndarray:
    """Return the mean joint error of root-aligned poses, the predicted one scaled, mm.

    Args and result as `mpjpe`. The scale is that of least squares, one a pose.
    """
    return _mean(*align_scale(y_true, y_pred, root), per_joint)


def p_mpjpe(y_true: ArrayLike, y_pred: ArrayLike, per_joint: bool = False) -> float | np.ndarray:
    """Return the mean joint error after a similarity (Procrustes) alignment of each predicted pose, mm.

    Args and result as `mpjpe`; all joints take part in the alignment.
    """
    return _mean(*align_similarity(y_true, y_pred), per_joint)


def pck3d_150(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0, per_joint: bool = False) -> float | np.ndarray:
    """Return the share of joints at most 150 mm off of root-aligned poses; the root does not count.

    Args:
        y_true, y_pred: (N, J, 3) mm.
        root: number of the root joint.
        per_joint: return (J,), the share of each joint (nan for the root), instead of one number.

    Returns:
        A fraction in [0, 1].
    """
    return _share(*_without_root(y_true, y_pred, root, per_joint), PCK_THRESHOLD_MM, strict=False)


def auc_150(y_true: ArrayLike, y_pred: ArrayLike, root: int = 0, per_joint: bool = False) -> float | np.ndarray:
    """Return the mean of the shares of joints nearer than 0, 5, ... 150 mm, root-aligned.

    Args and result as `pck3d_150`. Distances must be below the threshold, as in the evaluation code of MPI-INF-3DHP: no
    joint is nearer than 0 mm, so a perfect prediction has 30/31.
    """
    true, pred = _without_root(y_true, y_pred, root, per_joint)
    return np.mean([_share(true, pred, threshold, strict=True) for threshold in AUC_THRESHOLDS_MM], axis=0)


def _without_root(y_true, y_pred, root, per_joint):
    """Both poses root-aligned, the true root absent; all joints as one, (N * J, 1, 3), or (N, J, 3)."""
    y_true, y_pred = align_root(y_true, y_pred, root)
    y_true[:, root] = ABSENT
    return (y_true, y_pred) if per_joint else (y_true.reshape(-1, 1, 3), y_pred.reshape(-1, 1, 3))


def _share(y_true, y_pred, threshold, strict):
    """The share of distances up to the threshold, or below it: (J,), of one joint a number; nan where it is absent."""
    valid, distance = valid_joints(y_true), joint_distances(y_true, y_pred)
    hits = (distance < threshold if strict else distance <= threshold) & valid
    with np.errstate(invalid="ignore"):
        shares = np.true_divide(hits.sum(axis=0), valid.sum(axis=0))
    return shares[0] if len(shares) == 1 else shares
