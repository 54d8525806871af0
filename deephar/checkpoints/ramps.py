"""The frozen soft-argmax kernels of old files: what they must hold.

The original computed the expected column and row of a probability map by two separable convolutions as large as the
map. Their kernels never changed: the depth-wise one is a ramp from 0 to 1 over columns (`..._x`) or rows (`..._y`),
the same for every joint, and the point-wise one is the identity. Here the layer computes the ramp, so a file's kernels
have no counterpart in the model. They are compared with the ramp before any weight is taken from that file.
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


def is_ramp_layer(name, arrays):
    """Return whether a stored layer has the name and the shapes of a frozen soft-argmax axis."""
    if name[-2:] not in AXES or len(arrays) != 2 or arrays[0].ndim != 4 or arrays[1].ndim != 4:
        return False
    joints = arrays[0].shape[2]
    return arrays[0].shape[3] == 1 and arrays[1].shape == (1, 1, joints, joints)


def ramp_deviation(name, arrays):
    """Return the largest absolute difference of a stored soft-argmax axis from the ramp that is computed here."""
    rows, columns, joints, _ = arrays[0].shape
    expected = ramp_kernels(AXES[name[-2:]], rows, columns, joints)
    deviation = [np.max(np.abs(a - e)) for a, e in zip(arrays, expected, strict=True)]
    return float(np.max(deviation)) if np.all(np.isfinite(deviation)) else float("inf")
