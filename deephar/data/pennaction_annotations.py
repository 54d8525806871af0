"""What Penn Action keeps beside its images: `annotations.mat`.

`annotations.mat` holds `sequences_te` and `sequences_tr` (structs `idx`, `action_id` from 1, `frames`; a frame has its
number `f` from 1, `w`, `h`, `pose` 2 x 13 px and `visible` 13), `action_labels` and `joint_labels`.

Left and right: the data set's "left" is the left of the image for a person who faces the camera (in its front views
the "left" shoulder lies left of the other in 97 % of the frames, in its back views right of it in 82 %). Its second
joint, `left_shoulder`, is therefore the person's right shoulder, and the 13 joints are in the order of pa13j already.
"""

import functools
from dataclasses import dataclass

import numpy as np

from deephar.data.files import load_mat, sequences_of
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE

PREPARE = (
    "`python datasets/PennAction/prepare.py` makes the folder from the official release, `deephar synth --format penn "
    "--out DIR` a synthetic one."
)
PREPARE_BOXES = "`python exp/pennaction/predict_bboxes.py` writes such a file."
NUM_JOINTS = 13


@dataclass(frozen=True)
class Sequence:
    """One video.

    Attributes:
        idx: its number, the name of its folder.
        action_id: class, from 1.
        numbers: (F,) frame numbers, from 1.
        size: (width, height) px.
        joints: (F, 13, 2) px.
        visible: (F, 13), 1 where a joint can be seen.
    """

    idx: int
    action_id: int
    numbers: np.ndarray
    size: tuple
    joints: np.ndarray
    visible: np.ndarray

    @property
    def name(self):
        return f"{self.idx:04d}"

    @property
    def num_frames(self):
        return len(self.numbers)


def load_sequences(path):
    """Read `annotations.mat`.

    Returns:
        Dict from mode to list of `Sequence`, the action labels and the joint labels (lists of strings).

    Raises:
        FileNotFoundError, ValueError: the file is missing or not as described.
    """
    names = ["sequences_te", "sequences_tr", "action_labels", "joint_labels"]
    test, train, actions, joints = load_mat(path, names, PREPARE, struct_as_record=False, squeeze_me=True)
    actions, joints = ([str(label) for label in np.atleast_1d(labels)] for labels in (actions, joints))
    parse = functools.partial(_sequence, num_actions=len(actions))
    sequences = {
        TEST_MODE: sequences_of(test, parse, path, "sequences_te", PREPARE),
        TRAIN_MODE: sequences_of(train, parse, path, "sequences_tr", PREPARE),
        VALID_MODE: [],
    }
    return sequences, actions, joints


def _sequence(record, num_actions):
    """Take one MATLAB struct apart."""
    frames = np.atleast_1d(record.frames)
    sequence = Sequence(
        idx=int(record.idx),
        action_id=int(record.action_id),
        numbers=np.array([int(frame.f) for frame in frames]),
        size=(int(frames[0].w), int(frames[0].h)),
        joints=np.array([np.asarray(frame.pose, dtype=np.float64).T for frame in frames]),
        visible=np.array([np.asarray(frame.visible, dtype=np.float64).ravel() for frame in frames]),
    )
    if not 1 <= sequence.action_id <= num_actions:
        raise ValueError(f"`action_id` must be in [1, {num_actions}]; received {sequence.action_id}")
    if sequence.joints.shape != (len(frames), NUM_JOINTS, 2) or sequence.visible.shape != (len(frames), NUM_JOINTS):
        shapes = f"{sequence.joints.shape[1:]} and {sequence.visible.shape[1:]}"
        raise ValueError(f"`pose` must be 2 x 13 and `visible` 13 numbers; received (transposed) {shapes}")
    return sequence
