"""What a prediction returns: frozen records with named joints in frame pixels, and their form in JSON."""

import dataclasses
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deephar.inference.boxes import Box, Size
from deephar.utils.io import file_digest, weights_digest

if TYPE_CHECKING:
    import keras

COORDINATE_DIGITS, CONFIDENCE_DIGITS, MM_DIGITS = 2, 4, 1


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
    """

    pose_px: np.ndarray
    confidence: np.ndarray
    box: Box
    joint_names: tuple[str, ...]
    pose_mm: np.ndarray | None = None

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
        """Return a dict for JSON, with rounded numbers.

        It is {'box': [x1, y1, x2, y2], 'joints': {name: [x, y, ..., confidence]}}, for a 3D pose also with 'joints_mm':
        {name: [x, y, z]}.
        """
        coordinates = np.round(self.pose_px.astype(float), COORDINATE_DIGITS).tolist()
        confidence = np.round(self.confidence.astype(float), CONFIDENCE_DIGITS).tolist()
        joints = {n: [*xy, c] for n, xy, c in zip(self.joint_names, coordinates, confidence, strict=True)}
        document = {"box": [round(float(v), COORDINATE_DIGITS) for v in self.box], "joints": joints}
        if self.pose_mm is not None:
            millimetres = np.round(self.pose_mm.astype(float), MM_DIGITS).tolist()
            document["joints_mm"] = dict(zip(self.joint_names, millimetres, strict=True))
        return document


@dataclass(frozen=True, eq=False)
class ActionScores:
    """Probabilities of the actions over a stretch of frames.

    Attributes:
        first_frame, last_frame: int. First and last frame of the stretch, counted from 0.
        probabilities: float (A,), in [0, 1], with the sum 1.
        labels: tuple of A str, the names of the actions.
    """

    first_frame: int
    last_frame: int
    probabilities: np.ndarray
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The most probable action."""
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def probability(self) -> float:
        """Probability of the most probable action, in [0, 1]."""
        return float(np.max(self.probabilities))

    def to_dict(self) -> dict:
        """Return a dict for JSON, with rounded numbers and the actions in the order of the labels."""
        values = np.round(self.probabilities.astype(float), CONFIDENCE_DIGITS).tolist()
        return {
            "first_frame": self.first_frame,
            "last_frame": self.last_frame,
            "name": self.name,
            "probability": round(self.probability, CONFIDENCE_DIGITS),
            "probabilities": dict(zip(self.labels, values, strict=True)),
        }


@dataclass(frozen=True, eq=False)
class ActionResult:
    """The action of a video.

    Attributes:
        video: ActionScores of the whole video, the mean of `clips`.
        clips: tuple of ActionScores, one for each window, in order of time.
    """

    video: ActionScores
    clips: tuple[ActionScores, ...]

    @property
    def name(self) -> str:
        """The most probable action of the whole video."""
        return self.video.name

    @property
    def probability(self) -> float:
        """Probability of the most probable action of the whole video, in [0, 1]."""
        return self.video.probability

    def to_dict(self) -> dict:
        """Return a dict for JSON: that of the video, with those of the windows as 'clips'."""
        return {**self.video.to_dict(), "clips": [clip.to_dict() for clip in self.clips]}


@dataclass(frozen=True, eq=False)
class ImageResult:
    """An image's prediction.

    Attributes:
        source: str. The image file; None where the image was an array or a `PIL.Image`.
        size: (width, height) of the image in pixels.
        pose: PoseResult.
        model: ModelStamp.
    """

    source: str | None
    size: Size
    pose: PoseResult
    model: ModelStamp

    def to_dict(self) -> dict:
        """Return the JSON document for an image as a dict."""
        return {**_head(self), **self.pose.to_dict()}


@dataclass(frozen=True, eq=False)
class VideoResult:
    """A video's prediction, about 0.5 kB of memory for each frame.

    Attributes:
        source: str. The video file.
        size: (width, height) of the frames in pixels.
        fps: float. Frames per second.
        subsampling: float. Step between the frames of a clip, in frames; a step in seconds need not be whole frames.
        poses: tuple of PoseResult, one for each frame.
        action: ActionResult, or None where the model has no actions.
        model: ModelStamp.
        times_s: tuple of float, when each frame is shown, s after the first one; None: number / `fps`.
        complete: bool. Whether no frame of the source seems to be missing or damaged.
        problems: tuple of str. What was damaged, missing or changed, see `VideoReader`.
    """

    source: str | None
    size: Size
    fps: float
    subsampling: float
    poses: tuple[PoseResult, ...]
    action: ActionResult | None
    model: ModelStamp
    times_s: tuple[float, ...] | None = None
    complete: bool = True
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.times_s is None:
            object.__setattr__(self, "times_s", tuple(k / self.fps for k in range(len(self.poses))))

    @property
    def has_fixed_rate(self) -> bool:
        """Whether every frame is shown within half a frame of its number / `fps`."""
        return all(abs(time * self.fps - k) <= 0.5 for k, time in enumerate(self.times_s))

    def to_dict(self) -> dict:
        """Return the JSON document for a video as a dict."""
        frames = [
            {"frame": k, "time_s": round(time, 3), **pose.to_dict()}
            for k, (time, pose) in enumerate(zip(self.times_s, self.poses, strict=True))
        ]
        return {
            **_head(self),
            "complete": self.complete,
            "problems": list(self.problems),
            "fps": round(self.fps, 4),
            "num_frames": len(self.poses),
            "subsampling": self.subsampling,
            "action": self.action.to_dict() if self.action else None,
            "frames": frames,
        }


def _head(result):
    """Return the entries that every document starts with."""
    from deephar import __version__

    return {
        "deephar": __version__,
        "model": result.model.to_dict(),
        "source": result.source,
        "size": list(result.size),
    }
