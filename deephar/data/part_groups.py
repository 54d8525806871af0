"""Groups of related body parts, found in annotated poses by mutual information and spectral clustering.

Tang and Wu, "Does learning specific features for related parts help human pose estimation?", CVPR 2019, section 3.1:
the place of every joint on a lattice of 16 x 16 cells, histograms of pairs of joints, their mutual information as the
affinity of a spectral clustering. The affinity has the joints' entropies on its diagonal, as the sum over all pairs has
it; without the diagonal other groups come out than the paper's.

    poses (N, J, 2) in [0, 1] --> cells --> I(m, n), (J, J) --> eigenvectors --> k-means --> groups
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.optional import require
from deephar.utils.parts import GROUPS, check_groups

__all__ = ["GROUPS", "LATTICE", "check_groups", "find_groups", "mutual_information", "on_lattice"]

LATTICE = 16  # cells along each side
WINDOW_PX = 250  # side of the lattice for a person of scale 1: 200 px, 1.25 times
NUM_STARTS = 50  # of k-means


def on_lattice(joints_px: ArrayLike, centers_px: ArrayLike, scales: ArrayLike) -> np.ndarray:
    """Return poses scaled and centred, (N, J, 2) in [0, 1] inside of the lattice, NaN for absent joints.

    Args:
        joints_px: (N, J, 2) pixels; NaN, or both coordinates at or below 0, where absent.
        centers_px: (N, 2), pixels.
        scales: (N,), body height over 200 px.

    Raises:
        ValueError: a person of no height or centre.
    """
    joints, centers = np.asarray(joints_px, float), np.asarray(centers_px, float)
    scales = np.asarray(scales, float).reshape(-1)
    wrong = np.flatnonzero(~(scales > 0) | ~np.isfinite(scales) | ~np.isfinite(centers).all(axis=-1))
    if len(wrong):
        raise ValueError(
            f"`scales` must be above 0 and `centers_px` known. Received: {scales[wrong[0]]} and "
            f"{centers[wrong[0]].tolist()} for person {wrong[0]}"
        )
    poses = (joints - centers[:, None]) / (WINDOW_PX * scales[:, None, None]) + 0.5
    return np.where((joints <= 0).all(axis=-1, keepdims=True), np.nan, poses)


def mutual_information(poses: ArrayLike, lattice: int = LATTICE) -> np.ndarray:
    """Return the mutual information of the places of joints, (J, J) in nats; the entropies on the diagonal.

    Args:
        poses: (N, J, 2), x and y in [0, 1] of the lattice; joints outside or NaN are left out.
        lattice: int, cells along each side.

    Raises:
        ValueError: another shape, or two joints that are never annotated together.
    """
    poses = np.asarray(poses, float)
    if poses.ndim != 3 or poses.shape[-1] != 2:
        raise ValueError(f"`poses` must be (N, J, 2). Received: {poses.shape}")
    known = ((poses >= 0) & (poses < 1)).all(axis=-1)  # (N, J)
    x, y = np.moveaxis((np.where(known[..., None], poses, 0) * lattice).astype(int), -1, 0)
    cells, number = y * lattice + x, lattice**2  # (N, J)
    information = np.zeros((poses.shape[1],) * 2)
    for m in range(poses.shape[1]):
        for n in range(m + 1):
            both = known[:, m] & known[:, n]
            if not both.any():
                raise ValueError(f"`poses` must have every pair of joints together. Received: none with {m} and {n}")
            joint = np.bincount(cells[both, m] * number + cells[both, n], minlength=number**2).reshape(number, number)
            joint = joint / joint.sum()
            apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
            seen = joint > 0
            information[m, n] = information[n, m] = np.sum(joint[seen] * np.log(joint[seen] / apart[seen]))
    return information


def find_groups(
    poses: ArrayLike, num_groups: int, seed: int = 0, lattice: int = LATTICE
) -> tuple[tuple[int, ...], ...]:
    """Return groups of joints whose places tell much of each other.

    Args:
        poses: (N, J, 2), x and y in [0, 1] of the lattice, see `on_lattice`; NaN where absent.
        num_groups: int, from 1 to J.
        seed: int, of k-means.
        lattice: int, cells along each side.

    Returns:
        Tuples of joint numbers, rising; the groups by their first joint.

    Raises:
        ValueError: as `mutual_information`, or another number of groups.
        ImportError: scikit-learn is not installed; the message says how.

    Example:

        import h5py
        from deephar.data.part_groups import find_groups, on_lattice

        with h5py.File("valid.h5") as file:  # the 2,958 validation people of MPII
            poses = on_lattice(file["part"][:], file["center"][:], file["scale"][:])
        print(find_groups(poses, 5))
    """
    information = mutual_information(poses, lattice)
    if not 1 <= num_groups <= len(information):
        raise ValueError(f"`num_groups` must be from 1 to {len(information)}, the joints. Received: {num_groups}")
    return _as_groups(_cluster(information, num_groups, seed))


def _cluster(affinity, num_groups, seed):
    """Labels (J,) of Ng, Jordan and Weiss' spectral clustering, NIPS 2001."""
    cluster = require("scikit-learn", "Finding groups of parts", module="sklearn.cluster")
    scale = 1 / np.sqrt(affinity.sum(axis=1))
    _, vectors = np.linalg.eigh(scale[:, None] * affinity * scale)
    rows = vectors[:, -num_groups:]  # (J, k), of the largest eigenvalues
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return cluster.KMeans(num_groups, n_init=NUM_STARTS, random_state=seed).fit_predict(rows)


def _as_groups(labels: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    groups = {}
    for joint, label in enumerate(labels):
        groups.setdefault(int(label), []).append(joint)
    return tuple(sorted(tuple(group) for group in groups.values()))
