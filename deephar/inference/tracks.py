"""One person in each of several videos, followed at once: a pass of the network takes the next frame of every video.

    frame of each video, its box of the frame before --crops--> network --> poses --> boxes for the next frames
             no box yet, or the person is lost --detector's best box, or a look in the whole frame, twice--> box

So every frame is seen in the box of the one before, and the network still gets batches.
"""

from collections.abc import Sequence

import numpy as np

from deephar.inference.boxes import Box, box_from_poses, box_of_extents, whole_frame
from deephar.inference.detector import LEAST_SCORE
from deephar.inference.network import PersonNetwork

LOOKS = 2  # times that the box is looked for again, starting from the whole frame, where nobody gave one


def see_next(
    network: PersonNetwork, frames: Sequence[np.ndarray], boxes: Sequence[Box | None], rounds: int = LOOKS
) -> tuple[np.ndarray, np.ndarray, list[Box | None]]:
    """Find the pose in the next frame of each of N videos.

    Args:
        network: PersonNetwork. Its `detect`, if any, finds who is not known.
        frames: sequence of N arrays, uint8 (H, W, 3), of one size or of several.
        boxes: sequence of N boxes (x1, y1, x2, y2) px, where the person was in the frame before; None: not known.
        rounds: int. How often a box that is not known is looked for, see `PersonNetwork.locate`.

    Returns:
        points: float (N, J, D), x and y in px of the frame.
        confidence: float (N, J), in [0, 1].
        boxes: list of N, around the poses found, for the frames after these; None where nobody seems to be.
    """
    unknown = [k for k, box in enumerate(boxes) if box is None]
    boxes = _look(network, frames, unknown, list(boxes), rounds)
    points, confidence = network.poses_each(frames, boxes)
    found = _boxes_of(frames, points, confidence)
    lost = [k for k in range(len(frames)) if found[k] is None and k not in unknown]
    if lost:
        again = [frames[k] for k in lost]
        boxes = _look(network, frames, lost, boxes, rounds)
        points[lost], confidence[lost] = network.poses_each(again, [boxes[k] for k in lost])
        for k, box in zip(lost, _boxes_of(again, points[lost], confidence[lost]), strict=True):
            found[k] = box
    return points, confidence, found


def _look(network, frames, which, boxes, rounds):
    """Return the boxes, those of the videos `which` found by the detector or from the whole frame.

    Where nobody is found the whole frame is kept.
    """
    for k in which:
        boxes[k] = whole_frame(frames[k].shape[1::-1])
    if which and rounds and network.detect is not None:
        found = _detected(network, [frames[k] for k in which])
        for k, box in zip(which, found, strict=True):
            boxes[k] = box or boxes[k]
        which = [k for k, box in zip(which, found, strict=True) if box is None]
    for _ in range(rounds):
        if not which:
            break
        some = [frames[k] for k in which]
        found = _boxes_of(some, *network.poses_each(some, [boxes[k] for k in which]))
        for k, box, frame in zip(which, found, some, strict=True):
            boxes[k] = box or whole_frame(frame.shape[1::-1])
        which = [k for k, box in zip(which, found, strict=True) if box is not None]
    return boxes


def _detected(network, frames):
    """The best box of each frame with the margin of a box of joints; None where the detector finds nobody."""
    found = []
    for frame, (boxes, scores) in zip(frames, network.detect(frames), strict=True):
        sure = len(scores) > 0 and scores[0] >= LEAST_SCORE
        found.append(box_of_extents(boxes[0], frame.shape[1::-1]) if sure else None)
    return found


def _boxes_of(frames, points, confidence):
    """The box around the pose in each frame, None where nobody seems to be."""
    found = zip(frames, points, confidence, strict=True)
    return [box_from_poses(pose[None], sure[None], frame.shape[1::-1]) for frame, pose, sure in found]
