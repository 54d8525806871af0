"""Who is in an image: boxes of people, found in the whole frame by a small network.

    frame --long side scaled to the input's, rest padded--> maps --local maxima--> boxes, the best of those that overlap
      boxes in frame pixels <--afmat inverted------------------------------------------------------------+
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter

from deephar.inference.boxes import Size, whole_frame
from deephar.inference.crops import crop_frames, crop_of
from deephar.inference.engines import forward, open_engine
from deephar.models.cards import DEFAULT_DETECTOR
from deephar.models.signature import Signature, signature_of
from deephar.utils.errors import arguments_renamed
from deephar.utils.transform import crop_to_frame

if TYPE_CHECKING:
    import keras

Detector = Callable[[Sequence[np.ndarray]], list[tuple[np.ndarray, np.ndarray]]]  # frames -> (boxes, scores) of each
LEAST_SCORE = 0.3  # of somebody who is there
FOLLOWED_SCORE = 0.1  # of somebody who was there a moment ago
MOST_OVERLAP = 0.6  # of the boxes of two people, intersection over union
FREE_SIZE = (320, 320)  # px of the input of a network that takes any size


def decode_boxes(
    maps: np.ndarray, stride: int = 4, least_score: float = LEAST_SCORE, most_overlap: float = MOST_OVERLAP
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the boxes that a detector's maps show: at every local maximum of the score the mean of 3 x 3 cells.

    Args:
        maps: float (B, H, W, 5) of `deephar.models.detector`.
        stride: int. Input pixels a cell.
        least_score: float in [0, 1]. Scores below it are nobody's.
        most_overlap: float in [0, 1]. Of boxes with more intersection over union the one with the best score stays.

    Returns:
        For each of the B images (boxes float (N, 4), x1 y1 x2 y2 in px of the input; scores float (N,) in [0, 1]), the
        best first.
    """
    found = []
    for image in np.asarray(maps, np.float64):
        score = image[..., 0]  # (H, W)
        peak = (score == maximum_filter(score, 3, mode="constant")) & (score >= least_score)
        rows, columns = np.nonzero(peak)
        boxes = stride * _boxes_around(image, rows, columns)
        order = np.argsort(-score[rows, columns], kind="stable")
        boxes, scores = boxes[order], score[rows, columns][order]
        kept = apart(boxes, most_overlap)
        found.append((boxes[kept], scores[kept]))
    return found


def _boxes_around(image, rows, columns):
    """Boxes (N, 4) in cells at the local maxima: means over the 3 x 3 cells there, weighted by their scores."""
    steps, (height, width) = np.arange(-1, 2), image.shape[:2]
    y, x = np.broadcast_arrays(rows[:, None, None] + steps[:, None], columns[:, None, None] + steps)  # (N, 3, 3)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    score, left, up, right, down = np.moveaxis(image[y.clip(0, height - 1), x.clip(0, width - 1)], -1, 0)
    boxes = np.stack([x + 0.5 - left, y + 0.5 - up, x + 0.5 + right, y + 0.5 + down], axis=-1)  # (N, 3, 3, 4)
    weight = (score * inside)[..., None]
    return (weight * boxes).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union (N, M) of boxes (N, 4) and (M, 4), x1 y1 x2 y2; 0 for boxes without area."""
    a, b = np.asarray(a, float).reshape(-1, 4)[:, None], np.asarray(b, float).reshape(-1, 4)[None]
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)  # (N, M, 2)
    shared = sides.prod(axis=-1)
    areas = [np.clip(k[..., 2:] - k[..., :2], 0, None).prod(axis=-1) for k in (a, b)]
    return shared / np.maximum(areas[0] + areas[1] - shared, 1e-12)


def apart(boxes: np.ndarray, most_overlap: float = MOST_OVERLAP) -> list[int]:
    """Return the indices of the boxes (N, 4), best first, that no better one overlaps by more than `most_overlap`."""
    shared, kept = overlaps(boxes, boxes), []
    for k in range(len(boxes)):
        if not (shared[k, kept] > most_overlap).any():
            kept.append(k)
    return kept


def inside_frame(corners: np.ndarray, scores: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (N, 4) and their scores, cut at the frame's sides, without those of which less than 1 px is left.

    Args:
        corners: float (N, 2, 2), upper left and lower right corner x y, px.
        scores: float (N,).
        size: (W, H) of the frame, px.
    """
    inside = np.clip(corners, 0, size)
    seen = (inside[:, 1] - inside[:, 0] >= 1).all(axis=1)
    return inside[seen].reshape(-1, 4), scores[seen]


class PersonDetector:
    """Finds people in frames with a network that `deephar.models.detector` built.

    Args:
        model: keras.Model.
        least_score, most_overlap: as for `decode_boxes`.
        batch_size: int. Frames in one forward pass.
        size: (int, int). (W, H) px of the input of a network that takes any size.

    Example:

        detect = PersonDetector(deephar.load_model("people"))
        (boxes, scores), *_ = detect([frame])
    """

    def __init__(
        self,
        model: "keras.Model",
        least_score: float = LEAST_SCORE,
        most_overlap: float = MOST_OVERLAP,
        batch_size: int = 16,
        size: tuple[int, int] = FREE_SIZE,
        engine: str = "keras",
    ) -> None:
        signature = signature_of(model)
        indices = signature.indices("boxes")
        if not indices:
            kinds = [spec.kind for spec in signature.outputs]
            raise ValueError(f"`model` must have an output of boxes, see deephar.models.detector. Received: {kinds}")
        self.model, self.batch_size, self._engine = model, batch_size, open_engine(model, engine)
        self.least_score, self.most_overlap = least_score, most_overlap
        self.signature = signature.replace(size=size) if None in signature.frame.size else signature
        self._output = indices[-1]

    def __call__(self, frames: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the people in frames.

        Args:
            frames: list of uint8 (H, W, 3), RGB, of any sizes.

        Returns:
            For each of them (boxes float (N, 4), x1 y1 x2 y2 in px, within the frame; scores float (N,) in [0, 1]), the
            best first.
        """
        found, spec = [], self.signature.frame
        stride = self.signature.outputs[self._output].stride
        for first in range(0, len(frames), self.batch_size):
            some = frames[first : first + self.batch_size]
            sizes = [frame.shape[1::-1] for frame in some]
            crops = [crop_of(whole_frame(size), size, spec) for size in sizes]
            inputs = np.concatenate([crop_frames([f], crop, spec) for f, crop in zip(some, crops, strict=True)])
            maps = forward(self._engine, inputs, self.batch_size)[self._output]
            decoded = decode_boxes(maps, stride, self.least_score, self.most_overlap)
            for size, crop, (boxes, scores) in zip(sizes, crops, decoded, strict=True):
                corners = boxes.reshape(-1, 2, 2) / spec.resolution
                found.append(inside_frame(crop_to_frame(corners, crop.afmat), scores, size))
        return found


@dataclass(frozen=True)
class NamedDetector:
    """What finds the people of a `Predictor`.

    Attributes:
        name: str, for the results.
        function: function of frames that returns (boxes, scores) of each one; None: nobody looks.
    """

    name: str
    function: Detector | None


def named_detector(
    detector: object, signature: Signature | None = None, engine: str = "keras"
) -> NamedDetector:
    """Return the detector that a user asks for; its network is loaded when it is used first.

    Args:
        detector: str, function or None, as of `deephar.Predictor`.
        signature: `Signature` of the network of poses, or None; one that sees whole frames needs no detector.

        engine: str. What runs a detector of this package, see `deephar.inference.engines.open_engine`.

    Raises:
        ValueError: it is no such thing.
    """
    useless = signature is not None and signature.frame.crop != "person"
    if detector is None or detector == "none" or (detector == "auto" and useless):
        return NamedDetector("none", None)
    if callable(detector):
        return NamedDetector(getattr(detector, "__name__", type(detector).__name__), detector)
    if not isinstance(detector, (str, os.PathLike)):
        allowed = "auto, none, dfine or dfine-SIZE, the name of a detector, a run's folder, or a function"
        raise ValueError(f"`detector` must be {allowed}. Received: {type(detector).__name__}")
    name = DEFAULT_DETECTOR if detector == "auto" else str(detector)
    return NamedDetector(name, _OnFirstUse(name, engine))


class _OnFirstUse:
    """A detector that is loaded when it is called first."""

    def __init__(self, name, engine):
        self._name, self._engine, self._detect = name, engine, None

    def __call__(self, frames):
        if self._detect is None:
            self._detect = self._load()
        return self._detect(frames)

    def _load(self):
        family, _, size = self._name.partition("-")
        if family == "dfine":
            from deephar.inference.dfine import DFineDetector

            return DFineDetector(f"dfine_{size or 'nano'}_coco")
        from deephar.models.zoo import load_model

        with arguments_renamed(name_or_path="detector", model="detector"):
            return PersonDetector(load_model(self._name), least_score=FOLLOWED_SCORE, engine=self._engine)
