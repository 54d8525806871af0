"""What a prediction returns: frozen records with named joints in frame pixels, and their form in JSON."""

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np

from deephar.utils.io import file_digest

COORDINATE_DIGITS, CONFIDENCE_DIGITS, MM_DIGITS = 2, 4, 1


@dataclass(frozen=True)
class ModelStamp:
    """Which network made a prediction: its name or path, and the SHA-256 of its weight file.

    For a network that was handed over ready made, the hash is that of the weights themselves.
    """

    name: str
    weights_sha256: str

    @classmethod
    def of_file(cls, name, path):
        """Return the stamp of a network whose weights are those of a file."""
        return cls(str(name), file_digest(path))

    @classmethod
    def of_network(cls, network):
        """Return the stamp of a network as it is: its weights in its order, float32 little-endian."""
        digest = hashlib.sha256()
        for array in network.get_weights():
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return cls(getattr(network, "name", type(network).__name__), digest.hexdigest())

    def to_dict(self):
        """Plain dict for JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, eq=False)
class PoseResult:
    """One person in one image or frame.

    Attributes:
        pose_px: float (J, D); x and y in pixels of the whole frame, (0, 0) the left upper corner. A third
            coordinate, where the model has one, is the depth normalised to the crop.
        confidence: float (J,), in [0, 1].
        box: (x1, y1, x2, y2) in frame pixels, the person's box that the crop was made from. Given back as `box`, it
            leads to the same crop.
        joint_names: J names.
        pose_mm: float (J, 3) mm from the first joint, the root; x to the right, y down, z away from the camera; the
            scale follows from the person's height, see `deephar.inference.millimetres`. None for a model of 2D poses,
            or where the layout has no link of known length.
    """

    pose_px: np.ndarray
    confidence: np.ndarray
    box: tuple
    joint_names: tuple
    pose_mm: np.ndarray | None = None

    def joint(self, name):
        """(x, y, ..., confidence) of a joint by its name."""
        if name not in self.joint_names:
            raise ValueError(f"`name` must be one of {', '.join(self.joint_names)}. Received: {name}")
        index = self.joint_names.index(name)
        return (*self.pose_px[index].tolist(), float(self.confidence[index]))

    def to_dict(self):
        """{'box': [x1, y1, x2, y2], 'joints': {name: [x, y, ..., confidence]}} rounded for JSON.

        With a 3D pose also 'joints_mm': {name: [x, y, z]}.
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
        first_frame, last_frame: the stretch, both included.
        probabilities: float (A,), sums to 1.
        labels: A names.
    """

    first_frame: int
    last_frame: int
    probabilities: np.ndarray
    labels: tuple

    @property
    def name(self):
        """The most probable action."""
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def probability(self):
        """Probability of the most probable action."""
        return float(np.max(self.probabilities))

    def to_dict(self):
        """Plain dict for JSON, actions in the order of the labels."""
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
    """The action of a video: `video` is the mean of `clips`, the scores of its windows in order of time."""

    video: ActionScores
    clips: tuple

    @property
    def name(self):
        """The most probable action of the whole video."""
        return self.video.name

    @property
    def probability(self):
        """Its probability."""
        return self.video.probability

    def to_dict(self):
        """Plain dict for JSON."""
        return {**self.video.to_dict(), "clips": [clip.to_dict() for clip in self.clips]}


@dataclass(frozen=True, eq=False)
class ImageResult:
    """An image's prediction. `source` is the file or None; `size` is (width, height) in pixels."""

    source: str | None
    size: tuple
    pose: PoseResult
    model: ModelStamp

    def to_dict(self):
        """The JSON document for an image."""
        return {**_head(self), **self.pose.to_dict()}


@dataclass(frozen=True, eq=False)
class VideoResult:
    """A video's prediction: one pose a frame, and the action where the model names actions (else None).

    `subsampling` is the step between the frames of one clip; about 0.5 kB a frame is kept in memory.
    """

    source: str | None
    size: tuple
    fps: float
    subsampling: int
    poses: tuple
    action: ActionResult | None
    model: ModelStamp

    def to_dict(self):
        """The JSON document for a video."""
        frames = [{"frame": k, "time_s": round(k / self.fps, 3), **pose.to_dict()} for k, pose in enumerate(self.poses)]
        return {
            **_head(self),
            "fps": round(self.fps, 4),
            "num_frames": len(self.poses),
            "subsampling": self.subsampling,
            "action": self.action.to_dict() if self.action else None,
            "frames": frames,
        }


def _head(result):
    """What every document starts with."""
    from deephar import __version__

    return {
        "deephar": __version__,
        "model": result.model.to_dict(),
        "source": result.source,
        "size": list(result.size),
    }
