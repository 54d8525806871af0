"""Every joint layout as a table of points on the synthetic body.

A name is a point of `deephar.synthetic.body`; `a+b` is the middle between two of them. Orders are those of the data
sets: MPII 16, Penn Action 13, LSP 14, FLIC 11, Human3.6M 32, NTU 25, and the pa layouts of the package.
"""

import functools

import numpy as np

from deephar.synthetic.body import NUM_POINTS, P


def _sides(names):
    """`names` for either side, interleaved: r_a l_a r_b l_b."""
    return " ".join(f"{side}_{name}" for name in names.split() for side in "rl")


_PA16 = "pelvis thorax neck head_top " + _sides("shoulder elbow wrist hip knee ankle")
_PA20 = "pelvis thorax neck head_top " + _sides("shoulder elbow wrist hand hip knee ankle foot")

_TABLES = {
    "mpii16": "r_ankle r_knee r_hip l_hip l_knee l_ankle pelvis thorax neck head_top "
    "r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist",
    # Penn's annotators click on the face or the crown; here it is the top of the head as in MPII, so that one joint
    # means one place. What Penn calls left is the side that a viewer sees on the left of a person facing him, the
    # person's right: so it is in its label files, and so the reader takes it.
    "penn13": "head_top " + _sides("shoulder elbow wrist hip knee ankle"),
    "lsp14": "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder l_shoulder l_elbow l_wrist "
    "neck head_top",
    "flic11": "l_shoulder l_elbow l_wrist r_shoulder r_elbow r_wrist l_hip r_hip l_eye r_eye nose",
    # Human3.6M's skeleton has its own places along the spine; here every joint is where the readers' maps look for it
    # (`map_from_h36m`: 11 mid-spine, 12 thorax, 13 neck, 15 head), so that one joint means one place in all data sets.
    # Repeated points: 16 and 24 lie on 12, 20 on 19, 28 on 27.
    "h36m32": "pelvis r_hip r_knee r_ankle r_foot r_toe l_hip l_knee l_ankle l_foot l_toe spine thorax neck nose "
    "head_top thorax l_shoulder l_elbow l_wrist l_wrist l_thumb l_hand l_handtip "
    "thorax r_shoulder r_elbow r_wrist r_wrist r_thumb r_hand r_handtip",
    # Kinect films as a mirror does: its left joints (4 to 7, 12 to 15, 21, 22) are on the side that looks like the
    # person's right in the image, and `map_from_ntu` takes them as right. Joint 3 is the top of the head as in MPII.
    "ntu25": "pelvis spine neck head_top r_shoulder r_elbow r_wrist r_hand l_shoulder l_elbow l_wrist l_hand "
    "r_hip r_knee r_ankle r_foot l_hip l_knee l_ankle l_foot thorax r_handtip r_thumb l_handtip l_thumb",
    "pa13": "head_top " + _sides("shoulder elbow wrist hip knee ankle"),
    "pa14": "neck head_top " + _sides("shoulder elbow wrist hip knee ankle"),
    "pa16": _PA16,
    "pa17": _PA16 + " spine",
    "pa20": _PA20,
    "pa21": _PA20 + " spine",
}
LAYOUTS = {name: tuple(table.split()) for name, table in _TABLES.items()}


def _matrix(names):
    """The table as weights (J, K): one, or two halves, a row."""
    weights = np.zeros((len(names), NUM_POINTS))
    for row, name in enumerate(names):
        parts = name.split("+")
        for part in parts:
            weights[row, P[part]] = 1.0 / len(parts)
    return weights


_MATRICES = {name: _matrix(names) for name, names in LAYOUTS.items()}


def map_points(points, layout):
    """Coordinates of a layout's joints.

    Args:
        points: (..., 36, D) coordinates of the body's points.
        layout: a key of `LAYOUTS`, for instance 'mpii16', or a tuple of names of points.

    Returns:
        (..., J, D).

    Raises:
        ValueError: the layout is unknown.
    """
    return _table(layout) @ points


def map_flags(flags, layout):
    """Visibility flags (..., J) of a layout's joints from those of the body's points (..., 36)."""
    return (np.asarray(flags, np.float64) @ _table(layout).T) > 0.99


def points_of(joint_names):
    """The body's points for joints named as in `deephar.utils.pose`, or None where the body lacks one: (J,) names."""
    words = {"shoul": "shoulder", "elb": "elbow", "tip": "handtip"}
    names = [f"{name[:2]}{words.get(name[2:], name[2:])}" if name[1:2] == "_" else name for name in joint_names]
    names = ["head_top" if name == "head" else name for name in names]
    return tuple(names) if all(name in P for name in names) else None


@functools.cache
def _matrix_of(names):
    return _matrix(names)


def _table(layout):
    if isinstance(layout, tuple):
        return _matrix_of(layout)
    if layout not in _MATRICES:
        raise ValueError(f"`layout` must be one of {sorted(LAYOUTS)}. Received: {layout!r}")
    return _MATRICES[layout]
