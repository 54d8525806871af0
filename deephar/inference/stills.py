"""The people of single images: boxes that are given or detected, and the pose in each, in common batches."""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from deephar.inference.boxes import Box, check_box, whole_frame
from deephar.inference.finders import Detected, box_of_seen
from deephar.inference.given_boxes import GivenBox
from deephar.inference.network import PersonNetwork
from deephar.inference.results import PoseResult, Result
from deephar.utils.ahead import ahead
from deephar.utils.errors import is_for_user
from deephar.utils.images import read_image

TOGETHER, READ_AHEAD = 8, 4  # image files that are predicted together, and read meanwhile
Boxes = Sequence[ArrayLike | GivenBox]
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


def predict_files(
    predict: Callable[..., Sequence[Result]],
    paths: Sequence[str | os.PathLike],
    boxes: Sequence[Boxes] | None,
) -> Iterator[tuple[Result | Exception, np.ndarray | None]]:
    """Predict image files in common batches, while a thread reads the next ones.

    Args:
        predict: function (images, boxes) -> results, as `Predictor.predict_images`.
        paths: list of str or Path.
        boxes: list of the boxes of each image, or None.

    Yields:
        (`Result`, uint8 (H, W, 3)), or (error, None) where an image cannot be read or its box is bad.
    """
    with contextlib.closing(ahead(_read_each(paths, boxes), READ_AHEAD)) as images:
        while read := list(itertools.islice(images, TOGETHER)):
            good = [k for k in read if not isinstance(k.pixels, Exception)]
            known = None if boxes is None else [k.boxes for k in good]
            results = iter(predict([k.pixels for k in good], known) if good else ())
            for image in read:
                failed = isinstance(image.pixels, Exception)
                yield (image.pixels, None) if failed else (next(results).of_source(image.path), image.pixels)


class _Read(NamedTuple):
    """An image file: its pixels uint8 (H, W, 3), or the error where it cannot be read or a box of it is bad."""

    path: str
    boxes: Boxes | None
    pixels: np.ndarray | Exception


def _read_each(paths, boxes):
    """Read image files one after the other."""
    for k, path in enumerate(paths):
        known = None if boxes is None else boxes[k]
        try:
            pixels = read_image(path)
            given(known or (), pixels)
        except Exception as error:
            if not is_for_user(error):
                raise
            pixels = error
        yield _Read(str(path), known, pixels)


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
