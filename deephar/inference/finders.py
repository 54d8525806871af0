"""Who is where in a frame: by a detector, by boxes of the user, or one person who is followed by the poses alone.

    Detected    a detector's boxes, the pose in each one, the box around its joints
    Given       the boxes of a file
    Followed    one person, in the user's box or anywhere in the frame; the pose of a look gives the box of the next
"""

from collections.abc import Sequence

import numpy as np

from deephar.inference.boxes import Box, Size, box_of_extents, check_box, joint_extents, whole_frame
from deephar.inference.detector import LEAST_SCORE, Detector, overlaps
from deephar.inference.given_boxes import GivenBoxes
from deephar.inference.network import PersonNetwork
from deephar.inference.people import Moment
from deephar.inference.tracking import Seen, unique
from deephar.inference.tracks import LOOKS, see_next

PRESENT = 0.34  # least score of somebody who is there, where the pose has a say in it
DOUBTFUL = 0.5  # mean probability that a joint is right, below which a larger box is looked at
WIDER = (1.5, 2.2)  # sides of the larger boxes over those of the detector's
ASTRAY = 0.2  # intersection over union of a pose's box and its detection below which the pose is not believed


def check_detected(found: object, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what a detector gave for `number` frames as arrays.

    Raises:
        ValueError: it is not a list of (boxes (N, 4), scores (N,)) with one entry a frame.
    """
    allowed = "`detector` must return a list of (boxes (N, 4), scores (N,)), one a frame"
    if not isinstance(found, (list, tuple)) or len(found) != number:
        what = f"{len(found)} entries" if isinstance(found, (list, tuple)) else type(found).__name__
        raise ValueError(f"{allowed}. Received: {what} for {number} frames")
    checked = []
    for entry in found:
        try:
            boxes, scores = (np.asarray(k, float) for k in entry)
            boxes = boxes.reshape(-1, 4)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{allowed}. Received: {entry!r}") from error
        if scores.shape != boxes.shape[:1] or not np.isfinite(boxes).all() or not np.isfinite(scores).all():
            raise ValueError(f"{allowed}, all finite. Received: boxes {boxes.shape}, scores {scores.shape}")
        order = np.argsort(-scores, kind="stable")
        checked.append((boxes[order], scores[order]))
    return checked


class Detected:
    """People by a detector.

    Args:
        network: PersonNetwork, which looks at the pose in each box.
        detector: function of a list of frames uint8 (H, W, 3) that returns for each one (boxes (N, 4), x1 y1 x2 y2 px
            around the joints of each person, scores (N,) in [0, 1]), such as a `PersonDetector`.
        rounds: int. How often a box is looked for again around the pose in it; 0: boxes stay as they are.

    Where the network's confidences are probabilities, a doubtful pose is looked for in larger boxes too, and the score
    is the geometric mean of the detector's and the pose's mean confidence. A box whose score could not reach PRESENT
    whatever the pose is not looked at.

    Attributes:
        least_score: float. From which somebody is taken for a person.
    """

    def __init__(self, network: PersonNetwork, detector: Detector, rounds: int = 1) -> None:
        self._network, self._detector, self._rounds = network, detector, rounds
        self._verified = bool(rounds and network.calibrated)
        self.least_score = PRESENT if self._verified else LEAST_SCORE

    def looks_at(self, index: int, due: bool) -> bool:
        return due

    def __call__(self, moments: Sequence[Moment]) -> list[list[Seen]]:
        return self.people([moment.frame for moment in moments])

    def people(self, frames: Sequence[np.ndarray]) -> list[list[Seen]]:
        """Return the people in frames, the best score of each frame first."""
        found = check_detected(self._detector(list(frames)), len(frames))
        if self._verified:
            found = [(boxes[scores >= PRESENT**2], scores[scores >= PRESENT**2]) for boxes, scores in found]
        boxes = [box for boxes, _ in found for box in boxes]
        where = [k for k, (boxes, _) in enumerate(found) for _ in boxes]
        scores = [float(score) for _, scores in found for score in scores]
        seen = self._poses([frames[k] for k in where], boxes, scores)
        return [unique([s for s, at in zip(seen, where, strict=True) if at == k]) for k in range(len(frames))]

    def _poses(self, frames, boxes, scores):
        """A `Seen` for each box, with the pose in it; the box around the joints where these are believed."""
        if not boxes:
            return []
        with_margin = [_around(box, frame) for box, frame in zip(boxes, frames, strict=True)]
        points, confidence = self._network.poses_each(frames, with_margin)
        if not self._rounds:
            exact = [np.array(box) for box in with_margin]
            return [Seen(*k, exact=True) for k in zip(exact, points, confidence, scores, strict=True)]
        around = boxes
        if self._verified:
            points, confidence, around = self._look_wider(frames, points, confidence, boxes)
            scores = np.sqrt(np.array(scores) * confidence.mean(axis=1)).tolist()
        extents = joint_extents(points, confidence)  # (N, 4)
        near = np.array([overlaps(e, b)[0, 0] for e, b in zip(np.nan_to_num(extents), around, strict=True)]) >= ASTRAY
        extents = np.where(near[:, None], extents, boxes)
        return [Seen(*k) for k in zip(extents, points, confidence, scores, strict=True)]

    def _look_wider(self, frames, points, confidence, boxes):
        """The poses, where they are doubtful the surest one of larger boxes, and the boxes that they were found in."""
        points, confidence, found = points.copy(), confidence.copy(), list(boxes)
        doubtful = np.flatnonzero(confidence.mean(axis=1) < DOUBTFUL).tolist()
        for factor in WIDER if doubtful else ():
            some = [frames[k] for k in doubtful]
            wider = [_enlarged(boxes[k], factor, frame) for k, frame in zip(doubtful, some, strict=True)]
            around = [_around(box, frame) for box, frame in zip(wider, some, strict=True)]
            for k, box, *pose in zip(doubtful, wider, *self._network.poses_each(some, around), strict=True):
                if pose[1].mean() > confidence[k].mean():
                    (points[k], confidence[k]), found[k] = pose, box
        return points, confidence, found


class Given:
    """People by the boxes of a file, which are taken as they are; between its frames they move on a straight line.

    Args:
        boxes: `GivenBoxes`.
    """

    least_score = 0.0

    def __init__(self, boxes: GivenBoxes) -> None:
        self._boxes, self._frames = boxes, set(boxes.frames)

    def looks_at(self, index: int, due: bool) -> bool:
        return index in self._frames

    def __call__(self, moments: Sequence[Moment]) -> list[list[Seen]]:
        found = []
        for moment in moments:
            size = moment.frame.shape[1::-1]
            entries = [(check_box(b.box, size), b) for b in self._boxes.of_frame(moment.index)]
            found.append([Seen(np.array(box), score=b.score, id=b.id, exact=True) for box, b in entries])
        return found


class Followed:
    """One person, who is in every frame: in a box of the user, or looked for in the whole frame.

    Args:
        network: PersonNetwork.
        rounds: int. How often the box is looked for again where it is not known; 0: it stays as it is.
        box: (x1, y1, x2, y2) px in the first frame; None: the whole frame.
        first_rounds: int. How often a given box is looked for again in the first frame.
    """

    least_score = 0.0

    def __init__(
        self, network: PersonNetwork, rounds: int = LOOKS, box: Box | None = None, first_rounds: int = 0
    ) -> None:
        self._network, self._rounds, self._box, self._first_rounds = network, rounds, box, first_rounds
        self._started = False

    def looks_at(self, index: int, due: bool) -> bool:
        return due

    def __call__(self, moments: Sequence[Moment]) -> list[list[Seen]]:
        return [[self._next(moment.frame)] for moment in moments]

    def _next(self, frame):
        size = frame.shape[1::-1]
        if not self._started and self._box is not None:
            self._box = self._network.locate(frame, check_box(self._box, size), self._first_rounds)
        self._started = True
        if not self._rounds:
            return Seen(np.array(self._box or whole_frame(size)), id=1, exact=True)
        points, confidence, (self._box,) = see_next(self._network, [frame], [self._box], self._rounds)
        return Seen(joint_extents(points, confidence)[0], points[0], confidence[0], id=1)


def box_of_seen(seen: Seen, size: Size) -> Box | None:
    """Return the box to crop for a person, frame px; None where it is hardly in the frame of `size` (W, H)."""
    return tuple(seen.extent.tolist()) if seen.exact else box_of_extents(seen.extent, size)


def _enlarged(box, factor, frame):
    """A box with longer sides, within the frame."""
    middle, half = (box[:2] + box[2:]) / 2, factor * (box[2:] - box[:2]) / 2
    return np.clip(np.concatenate([middle - half, middle + half]), 0, np.tile(frame.shape[1::-1], 2))


def _around(box, frame):
    """A detector's box with the margin that a box of joints gets, within the frame."""
    return box_of_extents(box, frame.shape[1::-1]) or whole_frame(frame.shape[1::-1])
