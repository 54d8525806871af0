"""Metrics of pose estimation as pure NumPy functions: they return numbers and print nothing.

A joint counts where all of its true coordinates are above -1e6 (missing ones are -1e9), unless a `valid` mask is given.
A person whose size, the unit of the threshold, is not known (NaN, 0 or negative) is left out: no hit and no miss.
Scores are fractions in [0, 1]; distances carry the unit of their input.

    name                 threshold               joints                        source
    pckh                 0.5 x head size         14: no pelvis, no thorax      Andriluka et al., CVPR 2014
    pck_torso            0.2 x torso size        all that are annotated        Yang and Ramanan, PAMI 2013
    pck3d                150 mm                  all but the root (0)          Mehta et al., 3DV 2017
    mean_distance_error  -                       all                           MPJPE when in millimetres

Those of 3D poses with an alignment (MPJPE, N-MPJPE, P-MPJPE, AUC) are in `deephar.metrics.pose3d`.
"""

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.pose import VALID_ABOVE, PoseLayout

PCKH_JOINTS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)  # pa16j without pelvis and thorax
LSP_LEFT_SHOULDER, LSP_RIGHT_HIP = 9, 2
PA16J_LEFT_SHOULDER, PA16J_RIGHT_HIP = 5, 10


def _pair(y_true, y_pred, last=None):
    """Return both poses as float arrays (N, J, D), checked to have one shape."""
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    if y_true.shape != y_pred.shape or y_true.ndim != 3 or (last and y_true.shape[-1] != last):
        raise ValueError(
            f"`y_true` and `y_pred` must have one shape (N, J, {last or 'D'}). "
            f"Received: {y_true.shape} and {y_pred.shape}"
        )
    return y_true, y_pred


def _size(size, num_samples, name):
    """Return one size a sample, (N,), from (N,) or (N, 1); NaN where it is not known."""
    size = np.asarray(size, float).reshape(-1)
    if len(size) != num_samples:
        raise ValueError(f"`{name}` must hold one value for each of {num_samples} samples. Received: {len(size)}")
    return np.where(known_sizes(size), size, np.nan)


def _fraction(hits, valid, axis=None):
    """Return the share of hits among valid entries; nan where there are none."""
    hits, count = np.sum(hits & valid, axis=axis), np.sum(valid, axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.true_divide(hits, count)


def known_sizes(size: ArrayLike) -> np.ndarray:
    """Return the mask (N,) of the people whose head or torso size is known: finite and above 0.

    Args:
        size: (N,) or (N, 1), any unit.
    """
    size = np.asarray(size, float).reshape(-1)
    return np.isfinite(size) & (size > 0)


def valid_joints(y_true: ArrayLike, min_valid: float = VALID_ABOVE) -> np.ndarray:
    """Return the mask (N, J) of joints whose coordinates (N, J, D) are all above `min_valid`."""
    return np.all(np.asarray(y_true) > min_valid, axis=-1)


def joint_distances(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    """Return the Euclidean distances (N, J) between two poses (N, J, D), in their unit."""
    y_true, y_pred = _pair(y_true, y_pred)
    return np.linalg.norm(y_true - y_pred, axis=-1)


def mean_distance_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean joint distance over valid joints.

    Args:
        y_true, y_pred: (N, J, D), any one unit (mm for MPJPE).

    Returns:
        The mean in that unit; nan without any valid joint.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    valid = valid_joints(y_true)
    distance = np.where(valid, joint_distances(y_true, y_pred), 0.0)
    with np.errstate(invalid="ignore"):
        return np.true_divide(distance.sum(), valid.sum())


def sample_errors(y_true: ArrayLike, y_pred: ArrayLike, size: ArrayLike | None = None) -> np.ndarray:
    """Return the mean joint distance of each sample over its valid joints.

    Args:
        y_true, y_pred: (N, J, D), any one unit.
        size: None, or (N,) what the distances of each sample are divided by, such as head sizes in that unit.

    Returns:
        (N,) in sizes or in that unit; nan for a sample without any valid joint or whose size is not known.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    valid = valid_joints(y_true)
    total = np.where(valid, joint_distances(y_true, y_pred), 0.0).sum(axis=1)  # (N,)
    with np.errstate(invalid="ignore"):
        mean = np.true_divide(total, valid.sum(axis=1))
    return mean if size is None else mean / _size(size, len(y_true), "size")


def pckh(y_true: ArrayLike, y_pred: ArrayLike, head_size: ArrayLike, refp: float = 0.5) -> float:
    """Return PCKh: the share of joints nearer than `refp` head sizes (Andriluka et al., CVPR 2014).

    Args:
        y_true, y_pred: (N, 16, 2) poses in pixels of the frame, in the order of pa16j; pelvis and thorax do not count.
        head_size: (N,) or (N, 1), pixels: 0.6 x the diagonal of the head box. People without one (NaN, 0, negative) are
            left out.
        refp: the threshold in head sizes.

    Returns:
        A fraction in [0, 1], every joint weighted by how often it is annotated; nan where nobody counts.
    """
    y_true, y_pred = _pair(y_true, y_pred, last=2)
    size = _size(head_size, len(y_true), "head_size")
    joints = list(PCKH_JOINTS)
    y_true, y_pred = y_true[:, joints], y_pred[:, joints]  # (N, 14, 2)
    valid = valid_joints(y_true) & known_sizes(size)[:, None]
    return _fraction(joint_distances(y_true, y_pred) / size[:, None] <= refp, valid)


def pckh_per_joint(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    head_size: ArrayLike,
    pose_layout: PoseLayout | None = None,
    refp: float = 0.5,
    verbose: int = 0,
    valid: ArrayLike | None = None,
) -> np.ndarray | dict[str, float]:
    """Return PCKh of every joint.

    Args:
        y_true, y_pred: (N, J, 2) poses in pixels of the frame.
        head_size: (N,) or (N, 1), pixels. People without one (NaN, 0, negative) are left out.
        pose_layout: names the joints when given: the result is then a dict.
        refp: the threshold in head sizes.
        verbose: kept for old code; nothing is printed.
        valid: (N, J) mask of the joints that count; from `y_true` when None.

    Returns:
        dict of joint name to fraction, or an array (J,) without `pose_layout`; nan for a joint that is never annotated.
    """
    y_true, y_pred = _pair(y_true, y_pred, last=2)
    size = _size(head_size, len(y_true), "head_size")
    valid = valid_joints(y_true) if valid is None else np.asarray(valid, bool)
    valid = valid & known_sizes(size)[:, None]
    scores = _fraction(joint_distances(y_true, y_pred) / size[:, None] <= refp, valid, axis=0)  # (J,)
    if pose_layout is None:
        return scores
    if pose_layout.num_joints != len(scores):
        raise ValueError(f"`pose_layout` must have {len(scores)} joints. Received: {pose_layout.num_joints}")
    return dict(zip(pose_layout.joint_names, scores.tolist(), strict=True))


def pck3d(y_true: ArrayLike, y_pred: ArrayLike, refp: float = 150) -> float:
    """Return PCK3D: the share of joints nearer than `refp` (Mehta et al., 3DV 2017), joint 0, the root, left out.

    Args:
        y_true, y_pred: (N, J, 3) root-aligned poses in mm.
        refp: the threshold in mm.

    Returns:
        A fraction in [0, 1].
    """
    y_true, y_pred = _pair(y_true, y_pred, last=3)
    y_true, y_pred = y_true[:, 1:], y_pred[:, 1:]  # (N, J - 1, 3)
    return _fraction(joint_distances(y_true, y_pred) <= refp, valid_joints(y_true))


def torso_size(y_true: ArrayLike, left_shoulder: int, right_hip: int) -> np.ndarray:
    """Return the distance (N,) from left shoulder to right hip; nan where one of them is not annotated."""
    y_true = np.asarray(y_true, float)
    size = np.linalg.norm(y_true[:, left_shoulder] - y_true[:, right_hip], axis=-1)
    seen = valid_joints(y_true)
    return np.where(seen[:, left_shoulder] & seen[:, right_hip] & (size > 0), size, np.nan)


def pck_torso_per_joint(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    refp: float = 0.2,
    torso: tuple[int, int] = (PA16J_LEFT_SHOULDER, PA16J_RIGHT_HIP),
    pairs: dict[str, tuple[int, ...]] | None = None,
) -> np.ndarray | dict[str, float]:
    """Return PCK of every joint, relative to the torso from left shoulder to right hip.

    Args:
        y_true, y_pred: (N, J, 2) poses in pixels. People whose torso is not annotated are left out.
        refp: the threshold in torso sizes.
        torso: joint numbers of left shoulder and right hip: (5, 10) in pa16j, (9, 2) in LSP's order.
        pairs: dict of name to joint numbers that are counted together, `{"knee": (1, 4)}`; every joint alone when None.

    Returns:
        array (J,), or dict of name to fraction; nan where nothing is annotated.
    """
    y_true, y_pred = _pair(y_true, y_pred, last=2)
    size = torso_size(y_true, *torso)
    kept = known_sizes(size)
    y_true, y_pred, size = y_true[kept], y_pred[kept], size[kept]
    hits, valid = joint_distances(y_true, y_pred) < refp * size[:, None], valid_joints(y_true)
    if pairs is None:
        return _fraction(hits, valid, axis=0)
    return {name: float(_fraction(hits[:, list(js)], valid[:, list(js)])) for name, js in pairs.items()}


def pck_torso(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    refp: float = 0.2,
    torso: tuple[int, int] = (PA16J_LEFT_SHOULDER, PA16J_RIGHT_HIP),
) -> float:
    """Return PCK: the mean over joints of the share nearer than `refp` torso sizes (Yang and Ramanan, PAMI 2013).

    Args and the people left out: see `pck_torso_per_joint`.

    Returns:
        A fraction in [0, 1]: the unweighted mean over the joints that are annotated at least once.
    """
    scores = pck_torso_per_joint(y_true, y_pred, refp, torso)
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")
