"""The label files of Penn Action's download, `labels/0001.mat` and so on: joints, action and official split.

Zhang, Zhu and Derpanis, "From Actemes to Action: A Strongly-supervised Representation for Detailed Action
Understanding", ICCV 2013. A file holds `action`, `pose` (the view), `x`, `y` and `visibility` (T x 13), `train` (1, or
-1 for test), `bbox`, `dimensions` (height, width, frames) and `nframes`. Some store x and y as whole numbers; some have
fewer boxes than frames (boxes are not read here). A joint outside of the image is not visible and lies at (1, 1).

The 13 joints are in the order of pa13j; for left and right see `deephar.data.pennaction_annotations`.
"""

import pathlib
import re
from dataclasses import dataclass

import numpy as np

from deephar.data.files import load_mat, malformed
from deephar.utils.labels import PENN_LABELS
from deephar.utils.progress import progress

NUM_JOINTS = 13
ACTIONS = PENN_LABELS
PREPARE = "It is the folder `labels` of Penn_Action.tar.gz from http://dreamdragon.github.io/PennAction/."
FIELDS = ("action", "pose", "x", "y", "visibility", "train", "dimensions", "nframes")


@dataclass(frozen=True)
class PennLabel:
    """One video.

    Attributes:
        number: of the video, the name of its file and of its folder of frames.
        action: its name, one of `ACTIONS`.
        view: "front", "back", "left" or "right".
        train: whether it is of the official training split.
        joints_px: (T, 13, 2), x and y as the file has them (first pixel 1).
        visible: (T, 13), True where a joint can be seen.
        size: (width, height) px.
    """

    number: int
    action: str
    view: str
    train: bool
    joints_px: np.ndarray
    visible: np.ndarray
    size: tuple

    @property
    def annotated(self):
        """(T, 13), True where a joint has a position: visible ones, and hidden ones inside of the image."""
        return self.visible | (self.joints_px > 1).all(axis=-1)


def read_label(path):
    """Read one label file.

    Raises:
        FileNotFoundError, ValueError: it is missing, damaged or not as described; the error names it.
    """
    path = pathlib.Path(path)
    values = dict(zip(FIELDS, load_mat(path, FIELDS, PREPARE, squeeze_me=True), strict=True))
    with malformed(path, "the label", PREPARE):
        return _label(path, values)


def _label(path, values):
    x, y, visible = (np.asarray(values[name], np.float64).reshape(-1, NUM_JOINTS) for name in ("x", "y", "visibility"))
    action, train = str(values["action"]), int(values["train"])
    height, width = (int(v) for v in values["dimensions"][:2])
    if not len(x) == len(y) == len(visible) == int(values["nframes"]) > 0:
        raise ValueError(
            f"`x`, `y` and `visibility` must have `nframes` rows; received {len(x)}, {len(y)}, {len(visible)} and "
            f"{values['nframes']}"
        )
    if not np.isfinite([x, y, visible]).all():
        raise ValueError("`x`, `y` and `visibility` must be finite")
    if action not in ACTIONS:
        raise ValueError(f"`action` must be one of {', '.join(ACTIONS)}; received {action!r}")
    if train not in (1, -1):
        raise ValueError(f"`train` must be 1 or -1; received {train}")
    joints = np.stack([x, y], axis=-1)  # (T, 13, 2)
    return PennLabel(int(path.stem), action, str(values["pose"]), train == 1, joints, visible > 0, (width, height))


def read_labels(folder, show_progress=True):
    """Read all label files of a folder, in the order of their numbers.

    Args:
        folder: `labels`, or the folder that holds it.
        show_progress: show a progress bar.

    Returns:
        List of `PennLabel`.

    Raises:
        FileNotFoundError, ValueError: there are none, or one is not as described; the error names it.
    """
    folder = pathlib.Path(folder)
    folder = folder / "labels" if (folder / "labels").is_dir() else folder
    paths = [p for p in folder.glob("*.mat") if re.fullmatch(r"\d+", p.stem)] if folder.is_dir() else []
    if not paths:
        raise FileNotFoundError(
            f"`folder` must hold label files 0001.mat and so on. Received: {str(folder)!r}. {PREPARE}"
        )
    paths.sort(key=lambda p: int(p.stem))
    listed = progress(paths, len(paths), "labels") if show_progress else paths
    return [read_label(path) for path in listed]
