"""What a prediction returns: frozen records with named joints in frame pixels, and their form in JSON.

    Result      of an image or a video: frames, actions, what was missing      docs/results.md describes the document
    FrameResult     who is in a frame, and when it was
    PoseResult          one person: id, box, joints
    ActionResult    what one person does: scores of clips, and segments from when to when
"""

import dataclasses
import pathlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from deephar.inference.actions import CONFIDENCE_DIGITS, TIME_DIGITS, ActionResult, ActionScores
from deephar.inference.boxes import Box, Size
from deephar.inference.smoothing import Smoothing
from deephar.utils.io import file_digest, weights_digest

if TYPE_CHECKING:
    import keras

__all__ = ["ActionResult", "ActionScores", "FrameResult", "Head", "ModelStamp", "PoseResult", "Result", "read"]

COORDINATE_DIGITS, MM_DIGITS = 2, 1
FORMAT, VERSION = "deephar-results", 2
UNITS = {
    "time": "s after the first frame of the source",
    "box": "px of the upright frame, x1 y1 x2 y2; (0, 0) is the upper left corner of the first pixel",
    "score": "0 to 1, how sure it is that a person is there; null where the user gave the box",
    "joints": "x, y in px as the box; confidence, 0 to 1, that the joint is right",
    "joints_mm": "mm from the first joint, the root; x to the right, y down, z away from the camera",
    "joints_camera_mm": "mm from the camera's centre; axes as joints_mm",
    "probability": "0 to 1; those of a clip sum to 1",
}


@dataclass(frozen=True)
class ModelStamp:
    """Which network made a prediction.

    Attributes:
        name: str. Registered name or path of the network, or the model's own name.
        weights_sha256: str. SHA-256 of the weight file as hexadecimal digits; for a network that was given as a
            `keras.Model`, that of the weights themselves.
    """

    name: str
    weights_sha256: str

    @classmethod
    def of_file(cls, name: str | pathlib.Path, path: str | pathlib.Path) -> "ModelStamp":
        """Return the stamp of a network whose weights come from a file.

        Args:
            name: str or Path. Name of the network.
            path: str or Path. Its weight file.

        Raises:
            FileNotFoundError: there is no such file.
        """
        return cls(str(name), file_digest(path))

    @classmethod
    def of_network(cls, network: "keras.Model") -> "ModelStamp":
        """Return the stamp of a network as it is, from its weights in their order as little-endian float32."""
        return cls(getattr(network, "name", type(network).__name__), weights_digest(network))

    def to_dict(self) -> dict[str, str]:
        """Return the fields as a dict for JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, eq=False)
class PoseResult:
    """One person in one image or frame.

    Attributes:
        pose_px: float (J, D); x and y in pixels of the whole frame, (0, 0) the upper left corner. A third
            coordinate, where the model has one, is the depth normalised to the crop.
        confidence: float (J,), in [0, 1].
        box: (x1, y1, x2, y2) in frame pixels, the person's box that the crop was made from. Passed as `box` to
            `predict_image`, it gives the same crop.
        joint_names: tuple of J str.
        pose_mm: float (J, 3) in mm from the first joint, the root; x to the right, y down, z away from the camera. The
            scale follows from the person's height, see `deephar.inference.millimetres`. None for a model of 2D poses,
            or where the layout has no link of known length.
        id: int. Who it is: the same number is the same person in all frames of a video.
        score: float in [0, 1] or None. How sure it is that a person is there, by the detector and, where the network's
            confidences are probabilities, by the pose; None where no detector was asked.
        camera_mm: float (J, 3) in mm from the camera's centre, axes as `pose_mm`. None without a known camera.
        filled: bool. The person was not seen here: the pose lies between those before and after, by smoothing.
        joints_filled: tuple of str. The joints of a person who was seen that lie between those before and after.
    """

    pose_px: np.ndarray
    confidence: np.ndarray
    box: Box
    joint_names: tuple[str, ...]
    pose_mm: np.ndarray | None = None
    id: int = 1
    score: float | None = None
    camera_mm: np.ndarray | None = None
    filled: bool = False
    joints_filled: tuple[str, ...] = ()

    def joint(self, name: str) -> tuple[float, ...]:
        """Return (x, y, ..., confidence) of a joint by its name, x and y in frame pixels.

        Raises:
            ValueError: unknown name.
        """
        if name not in self.joint_names:
            raise ValueError(f"`name` must be one of {', '.join(self.joint_names)}. Received: {name}")
        index = self.joint_names.index(name)
        return (*self.pose_px[index].tolist(), float(self.confidence[index]))

    def to_dict(self) -> dict:
        """Return a dict for JSON, with rounded numbers; of the pixels x and y alone."""
        coordinates = np.round(self.pose_px[:, :2].astype(float), COORDINATE_DIGITS).tolist()
        confidence = np.round(self.confidence.astype(float), CONFIDENCE_DIGITS).tolist()
        joints = {n: [*xy, c] for n, xy, c in zip(self.joint_names, coordinates, confidence, strict=True)}
        document = {
            "id": self.id,
            "box": [round(float(v), COORDINATE_DIGITS) for v in self.box],
            "score": None if self.score is None else round(float(self.score), CONFIDENCE_DIGITS),
            "joints": joints,
        }
        for key, points in (("joints_mm", self.pose_mm), ("joints_camera_mm", self.camera_mm)):
            if points is not None:
                rounded = np.round(points.astype(float), MM_DIGITS).tolist()
                document[key] = dict(zip(self.joint_names, rounded, strict=True))
        if self.filled:
            document["filled"] = True
        if self.joints_filled:
            document["joints_filled"] = list(self.joints_filled)
        return document

    @classmethod
    def from_dict(cls, document: dict) -> "PoseResult":
        """Return the person that `to_dict` described."""
        names = tuple(document["joints"])
        joints = np.array([document["joints"][n] for n in names], float).reshape(-1, 3)
        parts = {
            key: np.array([document[key][n] for n in names], float) if key in document else None
            for key in ("joints_mm", "joints_camera_mm")
        }
        found = (joints[:, :2], joints[:, 2], tuple(document["box"]), names, parts["joints_mm"])
        filled = (document.get("filled", False), tuple(document.get("joints_filled", ())))
        return cls(*found, document["id"], document["score"], parts["joints_camera_mm"], *filled)


@dataclass(frozen=True, eq=False)
class FrameResult:
    """Who is in a frame.

    Attributes:
        index: int. Number of the frame, from 0.
        time_s: float. When it is shown, s after the first one.
        people: tuple of `PoseResult`, by id; empty where nobody is.
    """

    index: int
    time_s: float
    people: tuple[PoseResult, ...] = ()

    def to_dict(self) -> dict:
        """Return a dict for JSON."""
        people = [person.to_dict() for person in self.people]
        return {"index": self.index, "time_s": round(self.time_s, TIME_DIGITS), "people": people}

    @classmethod
    def from_dict(cls, document: dict) -> "FrameResult":
        """Return the frame that `to_dict` described."""
        people = tuple(map(PoseResult.from_dict, document["people"]))
        return cls(document["index"], document["time_s"], people)


@dataclass(frozen=True)
class Head:
    """What is known about a result before its first frame.

    Attributes:
        source: str or None. The file, URL or camera; None for arrays.
        kind: str. "image" or "video".
        size: (width, height) of the upright frames in px.
        model: `ModelStamp`.
        layout: str. Name of the joint layout.
        detector: str. What found the people: its name, "boxes" of the user, or "none".
        fps: float or None. Mean frames a second; None for images.
        clip_frames: int or None. Frames of a clip, None for a network of images.
        clip_step_s: float or None. Seconds between two frames of a clip.
        smoothing: `Smoothing` or None. How the poses were smoothed; None: they are as predicted.
        deephar: str or None. Version of the package that wrote the document; None: this one.
    """

    source: str | None
    kind: str
    size: Size
    model: ModelStamp
    layout: str
    detector: str = "none"
    fps: float | None = None
    clip_frames: int | None = None
    clip_step_s: float | None = None
    smoothing: Smoothing | None = None
    deephar: str | None = field(default=None, compare=False)

    def to_dict(self) -> dict:
        """Return what every document begins with."""
        from deephar import __version__

        clip = self.clip_frames and {"frames": self.clip_frames, "step_s": self.clip_step_s}
        return {
            "format": FORMAT,
            "version": VERSION,
            "deephar": self.deephar or __version__,
            "units": UNITS,
            "source": self.source,
            "kind": self.kind,
            "size": list(self.size),
            "model": self.model.to_dict(),
            "layout": self.layout,
            "detector": self.detector,
            "fps": self.fps and round(self.fps, 4),
            "clip": clip or None,
            "smoothing": self.smoothing and self.smoothing.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: dict) -> "Head":
        """Return the head that `to_dict` described."""
        clip, model = document["clip"] or {}, ModelStamp(**document["model"])
        about = (document["source"], document["kind"], tuple(document["size"]), model, document["layout"])
        smoothing = document.get("smoothing") and Smoothing.from_dict(document["smoothing"])
        more = (document["detector"], document["fps"], clip.get("frames"), clip.get("step_s"), smoothing)
        return cls(*about, *more, document.get("deephar"))


@dataclass(frozen=True, eq=False)
class Result:
    """What was found in an image or a video; about 0.5 kB of memory for each person of each frame.

    Attributes:
        head: `Head`.
        frames: tuple of `FrameResult`, one for an image.
        actions: tuple of `ActionResult`, one for each person of whom clips were seen, by id.
        complete: bool. Whether nothing of the source seems to be missing or damaged.
        problems: tuple of str. What was damaged, missing or changed.
    """

    head: Head
    frames: tuple[FrameResult, ...]
    actions: tuple[ActionResult, ...] = ()
    complete: bool = True
    problems: tuple[str, ...] = ()

    def of_source(self, source: str) -> "Result":
        """Return the same result with the file that it is of."""
        return dataclasses.replace(self, head=dataclasses.replace(self.head, source=source))

    @property
    def source(self) -> str | None:
        """The file, URL or camera; None for arrays."""
        return self.head.source

    @property
    def size(self) -> Size:
        """(width, height) of the upright frames in px."""
        return self.head.size

    @property
    def fps(self) -> float | None:
        """Mean frames a second; None for images."""
        return self.head.fps

    @property
    def model(self) -> ModelStamp:
        """Which network it was."""
        return self.head.model

    @property
    def people(self) -> tuple[PoseResult, ...]:
        """Everyone in the first frame: of an image, everyone."""
        return self.frames[0].people if self.frames else ()

    @property
    def pose(self) -> PoseResult | None:
        """The first person of the first frame; None where nobody is."""
        return self.people[0] if self.people else None

    @property
    def poses(self) -> tuple[PoseResult | None, ...]:
        """The first person of every frame, None where nobody is: for videos of one person."""
        return tuple(frame.people[0] if frame.people else None for frame in self.frames)

    @property
    def times_s(self) -> tuple[float, ...]:
        """When each frame is shown, s after the first one."""
        return tuple(frame.time_s for frame in self.frames)

    @property
    def action(self) -> ActionResult | None:
        """What the person does of whom most clips were seen; None without actions."""
        return max(self.actions, key=lambda action: len(action.clips), default=None)

    def to_dict(self) -> dict:
        """Return the document as a dict for JSON, see docs/results.md."""
        return {
            **self.head.to_dict(),
            "complete": self.complete,
            "problems": list(self.problems),
            "num_frames": len(self.frames),
            "frames": [frame.to_dict() for frame in self.frames],
            "actions": [action.to_dict() for action in self.actions],
        }

    @classmethod
    def from_dict(cls, document: dict) -> "Result":
        """Return the result that `to_dict` described."""
        frames = tuple(map(FrameResult.from_dict, document["frames"]))
        actions = tuple(map(ActionResult.from_dict, document["actions"]))
        return cls(Head.from_dict(document), frames, actions, document["complete"], tuple(document["problems"]))


def read(path: str | pathlib.Path) -> Result:
    """Read a document of results, or the lines of a run that did not end.

    Args:
        path: str or Path. NAME_prediction.json; NAME_prediction.jsonl, of which the last line may be cut off; or
            coco.json of one source, as `deephar convert` writes it.

    Returns:
        `Result`; of lines without an end it is not complete and says so.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such document, of another version, or damaged.

    Example:

        from deephar.inference import results

        result = results.read("results/match_prediction.json")
        for frame in result.frames:
            print(frame.time_s, [person.id for person in frame.people])
    """
    from deephar.inference.result_files import read_document

    return read_document(pathlib.Path(path))
