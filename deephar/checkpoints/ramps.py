"""The frozen kernels of old files, which are computed here: what they must hold.

SPNet: the expected column and row of a probability map came from two separable convolutions as large as the map, stored
as two layers (`..._x`, `..._y`). Their depth-wise kernel is a ramp from 0 to 1 over columns or rows, the same for every
joint, the point-wise one is the identity.

CVPR'18 networks: the same two convolutions in one group (`sSAM` for the joints, `cSAM` for their context maps); a 1D
convolution that is a ramp over depth (`zSAM`); and a matrix that sums the context maps of each joint (`Agg`).

None of them ever changed, so they have no counterpart in a model. They are compared with what is computed before any
weight is taken from that file.
"""

import numpy as np

AXES = {"_x": 1, "_y": 0}
WEIGHT_NAMES = ("depthwise_kernel", "pointwise_kernel")
TOLERANCE = 1e-6


def ramp_kernels(axis, rows, columns, joints):
    """Return the two frozen kernels of one soft-argmax axis.

    Args:
        axis: 1 for the ramp over columns (`_x`), 0 for the ramp over rows (`_y`).
        rows, columns: size of the probability map.
        joints: number of maps.

    Returns:
        depth-wise kernel (rows, columns, joints, 1) and point-wise kernel (1, 1, joints, joints), float32.
    """
    ramp = np.linspace(0.0, 1.0, columns)[None, :] if axis else np.linspace(0.0, 1.0, rows)[:, None]
    depthwise = np.broadcast_to(ramp[:, :, None, None], (rows, columns, joints, 1))
    return depthwise.astype("float32"), np.eye(joints, dtype="float32")[None, None]


def depth_kernel(bins, joints):
    """Return the ramp over depth, (bins, joints, joints): from 0 for the first bin to 1, each joint for itself."""
    return (np.linspace(0.0, 1.0, bins)[:, None, None] * np.eye(joints)).astype("float32")


def context_kernel(per_joint, joints):
    """Return the matrix (per_joint * joints, joints) that sums the context maps of each joint, neighbours in a row."""
    return np.repeat(np.eye(joints, dtype="float32"), per_joint, axis=0)


def fixed_weights(kind, *size):
    """Return what a group of frozen kernels holds.

    Args:
        kind, size: 1 or 0 with rows, columns, joints: one axis of a soft-argmax; "softargmax" with rows, columns,
            joints: both; "depth" with bins, joints; "context" with maps per joint, joints.

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


def kind_of(name, arrays):
    """Return (kind, *size) as `fixed_weights` takes it if a stored group has the name and shapes of one, else None."""
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


def deviation_of(kind, arrays):
    """Return the largest absolute difference of stored kernels from what is computed; `kind` is that of `kind_of`."""
    expected = [array for _, array in fixed_weights(*kind)]
    deviation = [np.max(np.abs(a - e)) for a, e in zip(arrays, expected, strict=True)]
    return float(np.max(deviation)) if np.all(np.isfinite(deviation)) else float("inf")
