"""The frozen kernels of old files and the values that they must have, which are computed here.

SPNet: the expected column and row of a probability map came from two separable convolutions as large as the map, stored
as two layers (`..._x`, `..._y`). Their depth-wise kernel is a ramp from 0 to 1 over columns or rows, the same for every
joint, the point-wise one is the identity.

CVPR'18 networks: the same two convolutions in one group (`sSAM` for the joints, `cSAM` for their context maps); a 1D
convolution that is a ramp over depth (`zSAM`); and a matrix that sums the context maps of each joint (`Agg`).

None of them ever changed, so they have no counterpart in a model. They are compared with what is computed before any
weight is taken from that file.
"""

from collections.abc import Sequence

import numpy as np

from deephar.checkpoints.hdf5 import Weights

AXES = {"_x": 1, "_y": 0}
WEIGHT_NAMES = ("depthwise_kernel", "pointwise_kernel")
TOLERANCE = 1e-6


def ramp_kernels(axis: int, rows: int, columns: int, joints: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the two frozen kernels of one soft-argmax axis.

    Args:
        axis: int, 1 for the ramp over columns (`_x`), 0 for the ramp over rows (`_y`).
        rows, columns: int. Size of the probability map in cells.
        joints: int. Number of maps.

    Returns:
        depthwise: float32 (rows, columns, joints, 1).
        pointwise: float32 (1, 1, joints, joints).
    """
    ramp = np.linspace(0.0, 1.0, columns)[None, :] if axis else np.linspace(0.0, 1.0, rows)[:, None]
    depthwise = np.broadcast_to(ramp[:, :, None, None], (rows, columns, joints, 1))
    return depthwise.astype("float32"), np.eye(joints, dtype="float32")[None, None]


def depth_kernel(bins: int, joints: int) -> np.ndarray:
    """Return the ramp over depth, float32 (bins, joints, joints): from 0 for the first bin to 1, each joint alone."""
    return (np.linspace(0.0, 1.0, bins)[:, None, None] * np.eye(joints)).astype("float32")


def context_kernel(per_joint: int, joints: int) -> np.ndarray:
    """Return the matrix, float32 (per_joint * joints, joints), that sums the successive context maps of each joint."""
    return np.repeat(np.eye(joints, dtype="float32"), per_joint, axis=0)


def fixed_weights(kind: int | str, *size: int) -> Weights:
    """Return the weights of a group of frozen kernels.

    Args:
        kind: 1 or 0, one axis of a soft-argmax as in `ramp_kernels`; "softargmax", both; "depth"; or "context".
        *size: int. Rows, columns and joints for a soft-argmax; bins and joints for "depth"; maps per joint and joints
            for "context".

    Returns:
        [(weight name, array), ...].
    """
    if kind == "depth":
        return [("kernel", depth_kernel(*size))]
    if kind == "context":
        return [("kernel", context_kernel(*size))]
    if kind == "softargmax":
        both = (("x", 1), ("y", 0))
        return [(f"{letter}/{name}", a) for letter, axis in both for name, a in fixed_weights(axis, *size)]
    return list(zip(WEIGHT_NAMES, ramp_kernels(kind, *size), strict=True))


def kind_of(name: str, arrays: Sequence[np.ndarray]) -> tuple | None:
    """Return (kind, *size) as `fixed_weights` takes it where a group has the name and shapes of one, else None.

    Args:
        name: str. Name of the stored group.
        arrays: its weights in order.
    """
    shapes = [a.shape for a in arrays]
    if name[-2:] in AXES and _is_axis(shapes):
        return (AXES[name[-2:]], *shapes[0][:3])
    if name in ("sSAM", "cSAM") and _is_axis(shapes[:2]) and shapes[:2] == shapes[2:]:
        return ("softargmax", *shapes[0][:3])
    if name == "zSAM" and len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][1] == shapes[0][2]:
        return ("depth", *shapes[0][:2])
    if name == "Agg" and len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][1] and not shapes[0][0] % shapes[0][1]:
        return ("context", shapes[0][0] // shapes[0][1], shapes[0][1])
    return None


def _is_axis(shapes):
    if [len(s) for s in shapes] != [4, 4]:
        return False
    joints = shapes[0][2]
    return shapes[0][3] == 1 and shapes[1] == (1, 1, joints, joints)


def deviation_of(kind: tuple, arrays: Sequence[np.ndarray]) -> float:
    """Return the largest absolute difference of stored kernels from computed ones; infinity where one is not finite.

    Args:
        kind: tuple (kind, *size), of `kind_of`.
        arrays: the stored kernels in order.
    """
    expected = [array for _, array in fixed_weights(*kind)]
    deviation = [np.max(np.abs(a - e)) for a, e in zip(arrays, expected, strict=True)]
    return float(np.max(deviation)) if np.all(np.isfinite(deviation)) else float("inf")
