"""Own videos of people: where the person is, found once by a pose network, and clips by time, cropped as in prediction.

    videos --see_next, a look every step of a clip--> box of the joints at each look --> OUT/boxes.json
    video --frames at a fixed rate--> T frames, a step apart --cropped around the looks among them--> frame (T, H, W, 3)

Looks, boxes and crops are those of `deephar.Predictor` for one person: where nobody is found, the whole frame is seen.
"""

import contextlib
import json
import math
import os
import pathlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data.video_frames import frames_at, read_frames, read_timeline
from deephar.data.videofolder import VideoFolder
from deephar.data.videos import VideoDataset
from deephar.inference.boxes import box_of_extents, joint_extents, whole_frame, window_of
from deephar.inference.detector import named_detector
from deephar.models.signature import signature_of
from deephar.models.specs import InputSpec
from deephar.utils.bbox import objposwin_to_bbox
from deephar.utils.io import weights_digest, write_json
from deephar.utils.pose import PoseLayout
from deephar.utils.progress import progress

if TYPE_CHECKING:
    import keras

SAVE_EVERY_S = 20.0
TOGETHER = 8  # videos that are followed at once
EXTENT_DIGITS = 1


@dataclass(frozen=True, eq=False)
class PersonInVideo:
    """Where the person is in one video.

    Attributes:
        num_frames: int. Frames at the fixed rate.
        size: (width, height) px.
        extents: float (N, 4), box of the joints at every look, x1 y1 x2 y2 px; NaN where nobody was found.
    """

    num_frames: int
    size: tuple[int, int]
    extents: np.ndarray

    @property
    def found(self) -> bool:
        """Whether somebody was found in one look or more."""
        return bool(np.isfinite(self.extents).any())


@dataclass(frozen=True, eq=False)
class PeopleInVideos:
    """Where the people are in the videos of a folder.

    Attributes:
        path: Path of the file.
        videos: {name of the video: `PersonInVideo`}.
    """

    path: pathlib.Path
    videos: dict[str, PersonInVideo]

    @property
    def empty(self) -> list[str]:
        """Names of the videos in which nobody was found, sorted."""
        return sorted(name for name, person in self.videos.items() if not person.found)


def find_people(
    model: "keras.Model", root: str | pathlib.Path, names: Sequence[str], path: str | pathlib.Path, frame: InputSpec
) -> PeopleInVideos:
    """Find the person in every video, with a progress bar; what the file holds already is not looked for again.

    Args:
        model: keras.Model. A network with poses, for images or clips.
        root: str or Path. Folder of the videos.
        names: list of str. Their paths below it.
        path: str or Path. File of JSON that keeps the boxes, written now and then, whole or not at all. Boxes of
            another network or rate in it are found anew, as are those of a video that has changed since.
        frame: `InputSpec` of the clips: a look is taken every `frame_step` of its frames at `fps`.

    Returns:
        `PeopleInVideos` of `names`.

    Raises:
        DamagedVideoError: a video cannot be read.
        ImportError: PyAV is not installed.
    """
    detector = named_detector("auto", signature_of(model))
    about = {"weights": weights_digest(model), "detector": detector.name, "fps": frame.fps, "step": frame.frame_step}
    path = pathlib.Path(path)
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = content["videos"] if content.get("about") == about else {}
    stamps = {name: _stamp(root, name) for name in names}
    left = [name for name in names if known.get(name, {}).get("stamp") != stamps[name]]
    saved, looks = time.monotonic(), _looks(model, detector.function, root, left, frame)
    for number, (name, found) in enumerate(progress(looks, len(left), f"people in {len(left)} videos"), 1):
        known[name] = {"stamp": stamps[name], **found}
        if number == len(left) or time.monotonic() - saved > SAVE_EVERY_S:
            write_json(path, {"about": about, "videos": known})
            saved = time.monotonic()
    return PeopleInVideos(path, {name: _person(known[name]) for name in names})


def _stamp(root, name):
    """Size and time of change of a file, which tell whether it is still the one that was looked at."""
    found = os.stat(pathlib.Path(root) / name)
    return [found.st_size, found.st_mtime_ns]


def _person(record):
    extents = [[np.nan] * 4 if box is None else box for box in record["extents"]]
    return PersonInVideo(record["num_frames"], tuple(record["size"]), np.array(extents, float).reshape(-1, 4))


def _looks(model, detect, root, names, frame):
    """Yield (name, {num_frames, size, extents}) of every video; several are followed at once."""
    from deephar.inference.network import PersonNetwork

    network = PersonNetwork(model, signature_of(model), detect=detect)
    for first in range(0, len(names), TOGETHER):
        some = names[first : first + TOGETHER]
        timelines = [read_timeline(pathlib.Path(root) / name) for name in some]
        rate = frame.fps / frame.frame_step
        streams = [frames_at(pathlib.Path(root) / n, rate, None, t) for n, t in zip(some, timelines, strict=True)]
        for name, timeline, extents in zip(some, timelines, _extents(network, streams), strict=True):
            yield name, {"num_frames": timeline.num_frames(frame.fps), "size": timeline.size, "extents": extents}


def _extents(network, streams):
    """The boxes of the joints in all frames of each of several streams, None where nobody was found."""
    from deephar.inference.tracks import see_next

    extents, boxes, left = [[] for _ in streams], [None] * len(streams), list(range(len(streams)))
    while left:
        shown = {k: pixels for k in left if (pixels := next(streams[k], None)) is not None}
        left = list(shown)
        if not left:
            break
        points, confidence, found = see_next(network, list(shown.values()), [boxes[k] for k in left])
        for k, box, joints in zip(left, found, joint_extents(points, confidence), strict=True):
            boxes[k] = box
            extents[k].append(np.round(joints, EXTENT_DIGITS).tolist() if np.isfinite(joints).all() else None)
    return extents


@dataclass(frozen=True, eq=False)
class _Sequence:
    """A video of a split: its name below the root, the number of its class, and its person."""

    name: str
    label: int
    person: PersonInVideo

    @property
    def num_frames(self):
        return self.person.num_frames

    @property
    def size(self):
        return self.person.size


class PersonVideos(VideoDataset):
    """Clips of the person in each video of a folder, without annotated poses.

    Frames are counted at the rate of the network that the clips are for, whatever that of the file: frame k is what a
    player shows k / fps seconds after the first one. A clip is cropped around the person as `deephar.Predictor` does.

    Args:
        folder: `VideoFolder`. Videos, classes and splits.
        people: `PeopleInVideos` of all of them.
        dataconf: DataConfig. `trans_x` and `trans_y` are px of the crop here, since people are of any size; `scales`
            are factors on the window that prediction takes.
        poselayout: PoseLayout of `pose`, which is absent.
        frame: `InputSpec` of the network: frames of a clip, `fps` and `frame_step`, margin around the person.
        seed: int or None. Seed of the augmentation when `get_data` gets no `rng`; None: a random one.

    A sample has `seq_idx`, `frame_list`, `action` (one-hot K), `pose`, `frame`, `bbox`, `afmat`.
    """

    action_key = "action"

    def __init__(
        self,
        folder: VideoFolder,
        people: PeopleInVideos,
        dataconf: DataConfig,
        poselayout: PoseLayout | str,
        frame: InputSpec,
        seed: int | None = None,
    ):
        super().__init__(
            folder.root, dataconf, poselayout, "sequences", False, True, frame.num_frames, False, None, seed
        )
        self.action_labels, self.input, self.pred_bboxes = folder.labels, frame, people
        for mode, videos in folder.videos.items():
            self.set_split(mode, [_Sequence(k.name, k.label, people.videos[k.name]) for k in videos])

    def _annotation(self, sequence, frame_list, scale):
        shape = len(frame_list), self.poselayout.num_joints
        return np.full((*shape, self.poselayout.dim), np.nan), np.zeros(shape)

    def _labels(self, sequence):
        return {self.action_key: np.eye(len(self.action_labels))[sequence.label]}

    def _label_shapes(self):
        return {self.action_key: (len(self.action_labels),)}

    def _open_images(self, sequence, frame_list) -> Iterator:
        path = pathlib.Path(self.dataset_path) / sequence.name
        for frame in read_frames(path, frame_list, self.input.fps, None):
            yield contextlib.nullcontext(Image.fromarray(frame))

    def _box(self, key, mode, seq_idx, sequence, frame_list, joints, visible, scale):
        """Return the window around the person over the clip, or the whole frame, as prediction chooses it."""
        step = self.input.frame_step
        first, last = min(frame_list) // step, math.ceil(max(frame_list) / step)
        box = box_of_extents(sequence.person.extents[first : last + 1], sequence.size) or whole_frame(sequence.size)
        centre, side = window_of(box, sequence.size, self.input.margin)
        return objposwin_to_bbox(centre, (scale * side, scale * side))

    def _crop_clip(self, sequence, frame_list, joints, bbox, augmentation):
        unit = (bbox[2] - bbox[0]) / self.dataconf.crop_resolution[0] / augmentation["scale"]  # frame px a crop px
        shift = {name: unit * augmentation[name] for name in ("transx", "transy")}
        return super()._crop_clip(sequence, frame_list, joints, bbox, {**augmentation, **shift})
