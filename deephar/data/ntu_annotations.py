"""What NTU RGB+D keeps beside its images: one array a video, `nturgb+d_numpy/S001C001P001R001A001.npy`.

A row is a frame in which Kinect saw the person: its number from 1, x, y and z of 25 joints in Kinect's metres, then 25
x and 25 y in px of the 1920 x 1080 video and 25 depths in mm, 151 numbers in all; zeros, or what is not finite, where a
joint was lost. Every second row has an image, at half size, that bears the frame's number: 00001.jpg, 00003.jpg, ...

The name tells setup, camera, performer, replication and action. Splits: Shahroudy et al., "NTU RGB+D: A Large Scale
Dataset for 3D Human Activity Analysis", CVPR 2016, section 3.2.
"""

import re
from dataclasses import dataclass

import numpy as np

from deephar.data.files import data_folder, inside, malformed
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.progress import progress

PREPARE = (
    "`python datasets/NTU/prepare.py` makes the folder from the official release, `deephar synth --format ntu "
    "--out DIR` a synthetic one."
)
PREPARE_BOXES = "`python exp/ntu/predict_bboxes.py` writes such a file."
NUM_JOINTS, NUM_ACTIONS, NUM_SETUPS = 25, 60, 17
NUM_COLUMNS = 1 + 6 * NUM_JOINTS
MAX_FRAMES = 100_000  # of a video: five digits name an image
FRAME_STEP, FRAME_SIZE = 2, (960, 540)  # what the readers take: every second frame, at half size
TRAINING_SUBJECTS = frozenset((1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38))
TRAINING_CAMERAS = frozenset((2, 3))
SPLITS = ("cross-subject", "cross-view")
NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")


@dataclass(frozen=True)
class Sequence:
    """One video.

    Attributes:
        name: SsssCccPpppRrrrAaaa, the name of its folder of images.
        setup, camera, subject, replication, action_id: the numbers in it, from 1.
        num_frames: frames that have an image: every second row.
        size: (width, height) px of these frames.
    """

    name: str
    setup: int
    camera: int
    subject: int
    replication: int
    action_id: int
    num_frames: int
    size: tuple = FRAME_SIZE


def parse_name(name):
    """Return (setup, camera, subject, replication, action) of a video.

    Raises:
        ValueError: the name is of another form, or the action is none of the 60.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"`name` must be of the form S001C001P001R001A001. Received: {name!r}")
    numbers = tuple(int(digits) for digits in match.groups())
    if min(numbers) < 1 or numbers[-1] > NUM_ACTIONS:
        raise ValueError(f"`name` must count from 1, with an action in [1, {NUM_ACTIONS}]. Received: {name!r}")
    return numbers


def load_sequences(folder, num_setups=NUM_SETUPS, split="cross-subject"):
    """List the videos of setups 1 to `num_setups`, without loading their rows.

    Args:
        folder: the folder `nturgb+d_numpy`.
        num_setups: setups to take.
        split: 'cross-subject' or 'cross-view'.

    Returns:
        Dict from mode to list of `Sequence`, in the order of their names; there is no validation split.

    Raises:
        FileNotFoundError, ValueError: there is no such folder, it has no videos, or a file is not as described.
    """
    folder = data_folder(folder, PREPARE)
    sequences = {TEST_MODE: [], TRAIN_MODE: [], VALID_MODE: []}
    names = sorted(path.stem for path in folder.iterdir() if path.suffix == ".npy" and not path.name.startswith("."))
    for name in progress(names, label="videos of NTU"):
        with malformed(folder / f"{name}.npy", "the name of the file", PREPARE):
            numbers = parse_name(name)
        if numbers[0] <= num_setups:
            num_frames = -(-len(_open_rows(folder, name)) // FRAME_STEP)
            sequence = Sequence(name, *numbers, num_frames)
            sequences[TRAIN_MODE if _is_training(sequence, split) else TEST_MODE].append(sequence)
    if not any(sequences.values()):
        what = f"arrays SsssCccPpppRrrrAaaa.npy of setups 1 to {num_setups}"
        raise FileNotFoundError(f"{str(folder)!r} must hold {what}. Received: {len(names)} arrays. {PREPARE}")
    return sequences


def _is_training(sequence, split):
    if split == "cross-view":
        return sequence.camera in TRAINING_CAMERAS
    return sequence.subject in TRAINING_SUBJECTS


def _open_rows(folder, name):
    """Return the rows of a video (F, 151), mapped from its file: only those that are used are read."""
    path = inside(folder, f"{name}.npy")
    with malformed(path, "the array", PREPARE):
        try:
            rows = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"Annotation file not found: {str(path)!r}. {PREPARE}") from error
        except (OSError, EOFError, SyntaxError) as error:
            raise ValueError(f"it cannot be read: {error}") from error
        if getattr(rows, "ndim", 0) != 2 or rows.shape[1] != NUM_COLUMNS or rows.dtype.kind != "f" or not len(rows):
            kind = f"{getattr(rows, 'shape', type(rows))} of {getattr(rows, 'dtype', 'no type')}"
            raise ValueError(f"it must be frames x {NUM_COLUMNS} real numbers, at least one frame; received {kind}")
    return rows


def _rows(folder, sequence, frame_list):
    """Return the rows (T, 151) of frames that have an image."""
    rows = _open_rows(folder, sequence.name)
    return np.asarray(rows[[FRAME_STEP * frame for frame in frame_list]], dtype=np.float64)


def load_frame_numbers(folder, sequence, frame_list):
    """Read the numbers of some frames, from 1, in the names of their images; arguments as `load_joints`.

    Raises:
        FileNotFoundError, ValueError: the file has gone or is not as described.
    """
    numbers = _rows(folder, sequence, frame_list)[:, 0]
    with malformed(folder / f"{sequence.name}.npy", "the first column", PREPARE):
        if not ((numbers >= 1) & (numbers < MAX_FRAMES) & (numbers == np.round(numbers))).all():
            raise ValueError(f"it must number the frames from 1; received {numbers.tolist()}")
    return [int(number) for number in numbers]


def load_joints(folder, sequence, frame_list):
    """Read the joints of some frames.

    Args:
        folder: the folder `nturgb+d_numpy`.
        sequence: `Sequence`.
        frame_list: indices of frames that have an image, from 0.

    Returns:
        (T, 25, 3): x and y in px of the half-size frame, depth in mm; NaN where a joint was lost.

    Raises:
        FileNotFoundError, ValueError: the file has gone or is not as described.
    """
    chosen = _rows(folder, sequence, frame_list)
    x, y, depth = np.split(chosen[:, 1 + 3 * NUM_JOINTS :], 3, axis=1)  # (T, 25) each
    joints = np.stack([x / FRAME_STEP, y / FRAME_STEP, depth], axis=-1)  # (T, 25, 3)
    joints[~np.isfinite(joints) | (joints == 0)] = np.nan
    joints[np.isnan(joints[..., :2]).any(axis=-1)] = np.nan
    return joints
