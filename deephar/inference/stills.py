"""The people of single images: boxes that are given or detected, and the pose in each, in common batches."""

import os
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.inference.boxes import Box, check_box, whole_frame
from deephar.inference.finders import Detected, box_of_seen
from deephar.inference.given_boxes import GivenBox
from deephar.inference.network import PersonNetwork
from deephar.inference.results import PoseResult
from deephar.utils.errors import is_for_user
from deephar.utils.images import read_image

Place = tuple[Box, float | None, int | None]  # box of a person, frame px; score and id, where they are known


def given(boxes: Sequence[ArrayLike | GivenBox], frame: np.ndarray) -> list[Place]:
    """Return the places of the boxes that a user gives for an image, as four numbers or as `GivenBox`.

    Raises:
        ValueError: as `check_box`.
    """
    size, found = frame.shape[1::-1], []
    for box in boxes:
        known = isinstance(box, GivenBox)
        place = check_box(box.box if known else box, size)
        found.append((place, box.score, box.id) if known else (place, None, None))
    return found


def read_all(
    paths: Sequence[str | os.PathLike], boxes: Sequence[Sequence[ArrayLike | GivenBox]] | None
) -> list[np.ndarray | Exception]:
    """Return the pixels of image files; in the place of one that cannot be read, or whose box is bad, is the error."""
    read = []
    for k, path in enumerate(paths):
        try:
            pixels = read_image(path)
            given(boxes[k] if boxes is not None else (), pixels)
            read.append(pixels)
        except Exception as error:
            if not is_for_user(error):
                raise
            read.append(error)
    return read


def whole(frame: np.ndarray) -> list[Place]:
    """Return the place of the one person who is looked for in a whole image."""
    return [(whole_frame(frame.shape[1::-1]), None, None)]


def detected(finder: Detected, frames: Sequence[np.ndarray], most: int | None = None) -> list[list[Place]]:
    """Return the places of the people that a detector finds in images, the best `most` of each."""
    found = []
    for people, frame in zip(finder.people(frames), frames, strict=True):
        kept = [seen for seen in people if seen.score >= finder.least_score][:most]
        boxes = [(box_of_seen(seen, frame.shape[1::-1]), seen.score, None) for seen in kept]
        found.append([place for place in boxes if place[0] is not None])
    return found


def people_in_images(
    network: PersonNetwork,
    frames: Sequence[np.ndarray],
    places: Sequence[Sequence[Place]],
    rounds: int,
    person: Callable[..., PoseResult],
) -> list[tuple[PoseResult, ...]]:
    """Return the people of images.

    Args:
        network: PersonNetwork.
        frames: list of uint8 (H, W, 3).
        places: list of `Place` of each image.
        rounds: int. How often each box is looked for again.
        person: function (points (J, D), confidence (J,), box, id, score) -> PoseResult.
    """
    everyone = [(k, *place) for k, some in enumerate(places) for place in some]
    found = [[] for _ in frames]
    if not everyone:
        return [()] * len(frames)
    shown, boxes = [frames[k] for k, *_ in everyone], [box for _, box, *_ in everyone]
    if rounds:
        boxes = [network.locate(frame, box, rounds) for frame, box in zip(shown, boxes, strict=True)]
    points, confidence = network.poses_each(shown, boxes)
    for (k, _, score, number), *pose in zip(everyone, points, confidence, boxes, strict=True):
        found[k].append(person(*pose, number or len(found[k]) + 1, score))
    return [tuple(people) for people in found]
