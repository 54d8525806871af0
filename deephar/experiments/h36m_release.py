"""The files of Human3.6M's release: cameras and the names of recordings in `metadata.xml`, poses in `.cdf`.

Ionescu, Papava, Olaru and Sminchisescu, "Human3.6M: Large Scale Datasets and Predictive Methods for 3D Human Sensing in
Natural Environments", TPAMI 2014.

`metadata.xml` holds, among other things:
    mapping            rows of a table; first "", "", S1, S2 ... S11, then the action's number (2 Directions ... 16
                       WalkTogether), take (1, 2), and for each subject the base name of the recording's files
    dbcameras/index2id the names of the four cameras
    w0                 "[300 numbers]": for each camera, for each of 11 subjects, three angles a (radians) and the
                       position T of the camera (mm); then for each camera f (2), c (2), k (3), p (2)
A point X in the world (mm, z up) is R (X - T) in the camera, R = Rx(a1) Ry(a2) Rz(a3).

A `.cdf` file of `D3_Positions` holds `Pose`, 1 x T x 96: x y z (mm) of 32 joints in the world, 50 frames a second.
"""

import pathlib
import xml.etree.ElementTree as ElementTree
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.optional import require

NUM_SUBJECTS, NUM_JOINTS = 11, 32
CAMERAS = ("54138969", "55011271", "58860488", "60457274")
FIRST_ACTION = 2  # number 1 is a recording of everything
NUM_ACTIONS = 15
DOWNLOAD = "Download it from http://vision.imar.ro/human3.6m again."


def read_metadata(
    path: str | pathlib.Path,
) -> tuple[dict[tuple[int, int], dict], dict[tuple[int, str], tuple[int, int]]]:
    """Read `metadata.xml`.

    Returns:
        Cameras: dict from (subject, place in CAMERAS) to a dict R (3, 3), T (3, 1), f, c, p (1, 2), k (1, 3).
        Recordings: dict from (subject, base name) to (action from 1, take).

    Raises:
        ValueError: names the file.
    """
    try:
        root = ElementTree.parse(path).getroot()
        numbers = np.array(root.find(".//w0").text.strip().strip("[]").replace(";", " ").split(), dtype=np.float64)
        rows = [[(cell.text or "").strip() for cell in row] for row in root.find(".//mapping")]
        names = [cell.text.strip() for cell in root.find(".//dbcameras/index2id")]
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not the metadata.xml of Human3.6M or is damaged ({error}). {DOWNLOAD}") from error
    expected = len(CAMERAS) * (6 * NUM_SUBJECTS + 9)
    if numbers.shape != (expected,) or not np.isfinite(numbers).all() or tuple(names) != CAMERAS:
        what = f"{numbers.size} numbers of {len(names)} cameras instead of {expected} of {len(CAMERAS)}"
        raise ValueError(f"{path} holds {what}, or other cameras than {CAMERAS}. {DOWNLOAD}")
    return _cameras(numbers), _recordings(path, rows)


def _cameras(numbers):
    outer = numbers[: 6 * NUM_SUBJECTS * len(CAMERAS)].reshape(len(CAMERAS), NUM_SUBJECTS, 2, 3)
    inner = numbers[outer.size :].reshape(len(CAMERAS), 9)
    cameras = {}
    for camera in range(len(CAMERAS)):
        lens = {"f": inner[camera, None, 0:2], "c": inner[camera, None, 2:4]}
        lens |= {"p": inner[camera, None, 7:9], "k": inner[camera, None, 4:7]}
        for subject in range(NUM_SUBJECTS):
            angles, position = outer[camera, subject]
            cameras[subject + 1, camera] = {"R": rotation(angles), "T": position[:, None], **lens}
    return cameras


def rotation(angles: ArrayLike) -> np.ndarray:
    """Return the matrix (3, 3) Rx(a1) Ry(a2) Rz(a3) of three angles in radians."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def _recordings(path, rows):
    """Base names of the table, for the fifteen actions."""
    recordings = {}
    try:
        subjects = [int(name[1:]) for name in rows[0][2:]]
        for action, take, *names in rows[1:]:
            if action.isdecimal() and FIRST_ACTION <= int(action) < FIRST_ACTION + NUM_ACTIONS:
                for subject, name in zip(subjects, names, strict=True):
                    recordings[subject, name] = (int(action) - FIRST_ACTION + 1, int(take))
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path}: `mapping` is not the table of recordings ({error}). {DOWNLOAD}") from error
    return recordings


def require_cdflib() -> ModuleType:
    """Return the module `cdflib`, or raise ImportError with the command that installs it."""
    return require("cdflib", "Reading the poses of Human3.6M")


def read_poses(path: str | pathlib.Path) -> np.ndarray:
    """Read a file of `D3_Positions`.

    Returns:
        (T, 32, 3) float32, mm in the world.

    Raises:
        FileNotFoundError, ValueError: name the file.
        ImportError: cdflib is not installed.
    """
    cdflib = require_cdflib()
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        poses = np.asarray(cdflib.CDF(str(path)).varget("Pose"), dtype=np.float32)
    except Exception as error:  # a damaged file makes cdflib raise nearly anything
        raise ValueError(f"{path} is not a CDF file with `Pose` or is damaged ({error}). {DOWNLOAD}") from error
    if poses.ndim < 2 or poses.shape[-1] != 3 * NUM_JOINTS or not poses.size or not np.isfinite(poses).all():
        raise ValueError(f"{path}: `Pose` must be 1 x T x 96 finite numbers. Received: {poses.shape}. {DOWNLOAD}")
    return poses.reshape(-1, NUM_JOINTS, 3)
