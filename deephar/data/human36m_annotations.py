"""What Human3.6M keeps beside its images: `annotations.mat`, read a split at a time.

`annotations.mat` holds `sequences_te`, `sequences_tr` and, where there is validation, `sequences_val` (structs `name`,
`camera_parameters`, `frames`), `action_labels` and `joint_labels`.

    name                a letter, two digits of the action (from 1, a place in `action_labels`), then anything
    camera_parameters   R (3 x 3), T (position in the world, mm), f, c (px), p, k (distortion)
    frames              f (number, from 1), w, h (px), pose3d (3 x 32, world mm)

The training split is large; so each is read when it is first asked for, and kept as arrays.
"""

import functools
import re
from dataclasses import dataclass

import numpy as np

from deephar.data.files import load_mat, sequences_of
from deephar.utils.camera import Camera
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE

PREPARE = (
    "`python datasets/Human3.6M/prepare.py` makes the folder from the official release, `deephar synth --format h36m "
    "--out DIR` a synthetic one."
)
NUM_JOINTS = 32
VARIABLES = {TEST_MODE: "sequences_te", TRAIN_MODE: "sequences_tr", VALID_MODE: "sequences_val"}
NAME = re.compile(r"[A-Za-z](\d\d)(?!\d)")  # what a sequence's name begins with: its action


@dataclass(frozen=True, eq=False)
class Sequence:
    """One video of one camera.

    Attributes:
        name: of its folder in `images/`.
        action: class, from 0.
        camera: `Camera`.
        numbers: (F,) frame numbers, the names of the images.
        size: (width, height) px.
        joints: (F, 32, 3) world mm.
    """

    name: str
    action: int
    camera: Camera
    numbers: np.ndarray
    size: tuple
    joints: np.ndarray


class Splits:
    """The sequences of each mode, `splits[mode]`, read from `annotations.mat` when first asked for.

    Raises:
        FileNotFoundError, ValueError: the file is missing or has no labels (when it is made); it has no such split, or
            one that is not as described (when that is asked for).
    """

    def __init__(self, path):
        self.path = path
        labels = ["action_labels", "joint_labels"]
        loaded = load_mat(path, labels, PREPARE, squeeze_me=True, variable_names=labels)
        self.action_labels, self.joint_labels = ([str(label) for label in np.atleast_1d(item)] for item in loaded)
        self._read = {}

    def __getitem__(self, mode):
        if mode not in self._read:
            name = VARIABLES[mode]
            options = dict(struct_as_record=False, squeeze_me=True, variable_names=[name])
            needed, optional = ([], [name]) if mode == VALID_MODE else ([name], [])
            (records,) = load_mat(self.path, needed, PREPARE, optional, **options)
            records = [] if records is None else records
            parse = functools.partial(_sequence, num_actions=len(self.action_labels))
            self._read[mode] = sequences_of(records, parse, self.path, name, PREPARE)
        return self._read[mode]

    def __setitem__(self, mode, sequences):
        self._read[mode] = sequences


def _sequence(record, num_actions):
    """Take one MATLAB struct apart."""
    name, frames = str(record.name), np.atleast_1d(record.frames)
    found = NAME.match(name)
    if not found or not 1 <= int(found.group(1)) <= num_actions:
        raise ValueError(f"`name` must begin with a letter and its action, 01 to {num_actions:02d}; received {name!r}")
    sequence = Sequence(
        name=name,
        action=int(found.group(1)) - 1,
        camera=_camera(record.camera_parameters),
        numbers=np.array([int(frame.f) for frame in frames]),
        size=(int(frames[0].w), int(frames[0].h)),
        joints=np.array([np.asarray(frame.pose3d, dtype=np.float64).T for frame in frames]),
    )
    if sequence.joints.shape != (len(frames), NUM_JOINTS, 3):
        shape = sequence.joints.shape[:0:-1]
        raise ValueError(f"`pose3d` must be 3 x {NUM_JOINTS} numbers in every frame; received {shape}")
    if min(sequence.size) < 1:
        raise ValueError(f"`w` and `h` must be positive; received {sequence.size}")
    return sequence


def _camera(parameters):
    values = [np.asarray(getattr(parameters, key), dtype=np.float64) for key in "RTfcpk"]
    if not all(np.isfinite(value).all() for value in values) or values[0].shape != (3, 3):
        raise ValueError("`camera_parameters` must be finite and `R` 3 x 3")
    if not abs(np.linalg.det(values[0])) > 0.5:
        raise ValueError(f"`R` must be a rotation; received {values[0].tolist()}")
    return Camera(*values)
