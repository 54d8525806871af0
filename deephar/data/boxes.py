"""Files of predicted boxes, one box a frame or one a clip: a file's form says which of them it is.

    [{"video.frame": [x1, y1, x2, y2]}, {...}, {...}]  test, training, validation       --> FrameBoxes
    {"0012.2.003.1": [x1, y1, x2, y2], ...}            test video, step, clip, flipped  --> ClipBoxes

Corners are in px of the frame, also those of a flipped clip: it is cropped first and then flipped. Numbers start at 0;
clips are counted in the order of the data set's `get_clip_index`.
"""

import pathlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deephar.data.clips import union_box
from deephar.data.files import load_json, malformed
from deephar.data.samples import Dataset
from deephar.utils.parser import TEST_MODE

CLIP_KEY = re.compile(r"(\d{4,})\.([1-9]\d*)\.(\d{3,})\.([01])")


@dataclass(frozen=True, eq=False)
class FrameBoxes:
    """Boxes of single frames.

    Attributes:
        path: Path. The file, for errors.
        prepare: str. Sentence telling how the file comes to be, for errors.
        splits: tuple of dict, one each for test, training and validation, from the frame's name to [x1, y1, x2, y2] px.
    """

    path: pathlib.Path
    prepare: str
    splits: tuple[dict[str, list[float]], ...]

    step = None  # of the clips: any

    def union(self, mode: int, names: Sequence[str]) -> np.ndarray:
        """Return the box (4,) around the boxes of some frames.

        Args:
            mode: int. TEST_MODE, TRAIN_MODE or VALID_MODE.
            names: list of str. Names of the frames, as the data set's `box_name` gives them.

        Raises:
            ValueError: a frame has no box.
        """
        missing = [name for name in names if name not in self.splits[mode]]
        if missing:
            raise ValueError(f"{str(self.path)!r} has no box for {missing} of `mode` {mode}. {self.prepare}")
        return union_box([self.splits[mode][name] for name in names])

    def check(self, dataset: Dataset, videos: Sequence[int]) -> None:
        """Accept any clips: boxes of frames fit all of them."""

    def of_clip(self, dataset: Dataset, video: int, clip: int, frames: Sequence[int], flipped: bool) -> np.ndarray:
        """Return the box (4,) of a clip of a test video; `clip` and `flipped` make no difference."""
        name = getattr(dataset, "box_name", lambda mode, video, frame: f"{video}.{frame}")
        return self.union(TEST_MODE, [name(TEST_MODE, video, frame) for frame in frames])


@dataclass(frozen=True, eq=False)
class ClipBoxes:
    """Boxes of the clips of test videos, all with one step between their frames.

    Attributes:
        path, prepare: Path and str. As in `FrameBoxes`.
        step: int. Step between the frames of a clip.
        boxes: dict from (video, clip, flipped) to [x1, y1, x2, y2] px.
    """

    path: pathlib.Path
    prepare: str
    step: int
    boxes: dict[tuple[int, int, int], list[float]]

    def check(self, dataset: Dataset, videos: Sequence[int]) -> None:
        """Make sure that the file has a box for every clip of some test videos, and no other clips of these.

        Raises:
            ValueError: it is of clips of another length, or is not complete.
        """
        found = {video: set() for video in videos}
        for video, clip, flipped in self.boxes:
            found.get(video, set()).add((clip, flipped))
        for video in videos:
            number = len(dataset.get_clip_index(video, TEST_MODE, subsamples=[self.step]))
            wanted = {(clip, flipped) for clip in range(number) for flipped in (0, 1)}
            if found[video] != wanted:
                clip, flipped = min(found[video] ^ wanted)
                has = "no box" if (clip, flipped) in wanted else "a box"
                raise ValueError(
                    f"{str(self.path)!r} must have boxes for the clips that the network sees, {number} of test video "
                    f"{video} at every {self.step} frames, each also flipped. Received: {has} for "
                    f"{clip_name(video, self.step, clip, flipped)!r}; are they of clips of another length?"
                )

    def of_clip(self, dataset: Dataset, video: int, clip: int, frames: Sequence[int], flipped: bool) -> np.ndarray:
        """Return the box (4,) of a clip, or of its flipped copy, that `check` has found."""
        return np.asarray(self.boxes[video, clip, int(flipped)], dtype=np.float64)


def clip_name(video: int, step: int, clip: int, flipped: bool) -> str:
    """Return the key of a clip's box in a file: test video, step, number of the clip, 1 for its flipped copy."""
    return f"{video:04d}.{step:d}.{clip:03d}.{int(flipped):d}"


def find_box_file(name: str | pathlib.Path, folder: str | pathlib.Path, argument: str, prepare: str) -> pathlib.Path:
    """Return the path of a file of boxes: as seen from the working directory, or else below the data set's folder.

    Raises:
        FileNotFoundError: it is in neither; names the argument.
    """
    places = [pathlib.Path(name), pathlib.Path(folder, name)]
    for path in places:
        if path.is_file():
            return path
    looked = " nor ".join(dict.fromkeys(repr(str(path)) for path in places))
    raise FileNotFoundError(f"`{argument}` must be a file. Received: {str(name)!r}, there is no {looked}. {prepare}")


def read_box_file(path: str | pathlib.Path, prepare: str) -> FrameBoxes | ClipBoxes:
    """Read predicted boxes.

    Args:
        path: str or Path. JSON file of either form.
        prepare: str. Sentence telling how the file comes to be, for errors.

    Returns:
        `FrameBoxes` or `ClipBoxes`.

    Raises:
        FileNotFoundError, ValueError: the file is missing or of neither form.
    """
    path, content = pathlib.Path(path), load_json(path, prepare)
    if isinstance(content, dict) and content:
        _check_boxes(path, prepare, content)
        return _clip_boxes(path, prepare, content)
    if not (isinstance(content, list) and len(content) == 3 and all(isinstance(boxes, dict) for boxes in content)):
        raise ValueError(
            f"{str(path)!r} must hold a list of three dicts, test, training, validation, or a dict of clips. {prepare}"
        )
    for boxes in content:
        _check_boxes(path, prepare, boxes)
    return FrameBoxes(path, prepare, tuple(content))


def _check_boxes(path, prepare, boxes):
    for name, box in boxes.items():
        with malformed(path, f"box {name!r}", prepare):
            if np.shape(box) != (4,) or not np.isfinite(np.asarray(box, dtype=np.float64)).all():
                raise ValueError(f"must be four finite numbers; received {box!r}")


def _clip_boxes(path, prepare, content):
    boxes, steps = {}, set()
    for name, box in content.items():
        matched = CLIP_KEY.fullmatch(name)
        if matched is None:
            raise ValueError(f"{str(path)!r} must have keys like {clip_name(12, 2, 3, True)!r}. Received: {name!r}")
        video, step, clip, flipped = map(int, matched.groups())
        boxes[video, clip, flipped] = box
        steps.add(step)
    if len(steps) > 1:
        raise ValueError(f"{str(path)!r} must have clips of one step between frames. Received: {sorted(steps)}")
    return ClipBoxes(path, prepare, steps.pop(), boxes)
