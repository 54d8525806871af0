"""Short gaps of a stream of people: filled from the sightings before and after, and marked.

    sightings   x . . x        x       the longest time between two that is filled: `gap_s`
    frames      x o o x  . . . x
                         lost: starts afresh

Who was not seen, or which joint was seen with little confidence, lies on the straight line between the sightings before
and after, at the share u of the time between them, with the confidence min(before, after) max(u, 1 - u).
"""

import dataclasses
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from deephar.inference.results import FrameResult, PoseResult

POINTS = ("pose_px", "pose_mm", "camera_mm")  # of a `PoseResult`
ROUNDED_S = 0.001  # times of a document are rounded to this


def points_of(person: "PoseResult") -> dict[str, np.ndarray]:
    """Return the kinds of coordinates that a person has, {field of `PoseResult`: float (J, D)}."""
    return {key: points for key in POINTS if (points := getattr(person, key)) is not None}


def goes_on(person: "PoseResult", before: "PoseResult") -> bool:
    """Return whether two results are of the same person, with the same kinds of coordinates."""
    first, second = ({key: k.shape for key, k in points_of(who).items()} for who in (person, before))
    return person.id == before.id and first == second


@dataclass(eq=False)
class _Track:
    """The last sighting of a person, and the last sure one of each joint: when, points by kind and confidence."""

    seen_s: float
    seen: "PoseResult"
    sure_s: np.ndarray  # (J,), -inf of a joint that was not sure yet
    sure: dict[str, np.ndarray]


class GapFiller:
    """Takes the frames of one source in order, and gives them back with short gaps filled, `gap_s` later.

    Memory does not grow with their number.

    Args:
        gap_s: float. The longest time between two sightings that is filled; 0: nothing is, and nothing waits.
        least_confidence: float. A joint below it counts as not seen.
    """

    def __init__(self, gap_s: float, least_confidence: float) -> None:
        self._gap_s, self._least = gap_s + ROUNDED_S if gap_s else 0.0, least_confidence
        self._waiting, self._tracks = deque(), {}

    def add(self, frame: "FrameResult") -> "list[FrameResult]":
        """Take the next frame; return those that are done."""
        self._waiting.append(frame)
        done = []
        while self._waiting and self._waiting[0].time_s <= frame.time_s - self._gap_s:
            done.append(self._next())
        return done

    def finish(self) -> "list[FrameResult]":
        """Return the frames that still wait."""
        return [self._next() for _ in range(len(self._waiting))]

    def _next(self):
        frame = self._waiting.popleft()
        people = {person.id: person for person in frame.people}
        for number in self._tracks.keys() - people.keys():
            between = self._between(self._tracks[number], frame.time_s)
            if between is None:
                del self._tracks[number]
            else:
                people[number] = between
        filled = [self._person(people[number], frame.time_s) for number in sorted(people)]
        return dataclasses.replace(frame, people=tuple(filled))

    def _later(self, track) -> "Iterator[tuple[float, PoseResult]]":
        """The sightings of a track's person in the frames to come, with their times."""
        for frame in self._waiting:
            yield from ((frame.time_s, person) for person in frame.people if goes_on(person, track.seen))

    def _between(self, track, time_s):
        """The person of a track at a time without a sighting; None where the next one is too far, or none comes."""
        after_s, after = next(self._later(track), (np.inf, None))
        if after_s - track.seen_s > self._gap_s:
            return None
        u, before = (time_s - track.seen_s) / (after_s - track.seen_s), track.seen
        fade = max(u, 1 - u)
        scores = [person.score for person in (before, after) if person.score is not None]
        return dataclasses.replace(
            before,
            **{key: (1 - u) * points + u * getattr(after, key) for key, points in points_of(before).items()},
            confidence=fade * np.minimum(before.confidence, after.confidence),
            box=tuple(((1 - u) * np.array(before.box) + u * np.array(after.box)).tolist()),
            score=fade * min(scores) if scores else None,
            filled=True,
        )

    def _person(self, person, time_s):
        """A person of the next frame with unsure joints filled; remembers what is sure."""
        values, track = {**points_of(person), "confidence": person.confidence}, self._tracks.get(person.id)
        if track is None or not goes_on(person, track.seen):
            track = _Track(time_s, person, np.full(len(person.confidence), -np.inf), values)
            self._tracks[person.id] = track
        whole = self._with_joints(track, person, time_s)
        if not person.filled:
            sure = self._is_sure(person)
            track.sure = {key: _where(sure, values[key], old) for key, old in track.sure.items()}
            track.sure_s = np.where(sure, time_s, track.sure_s)
            track.seen_s, track.seen = time_s, person
        return whole

    def _is_sure(self, person):
        finite = [np.isfinite(points).all(axis=1) for points in points_of(person).values()]
        return (person.confidence >= self._least) & np.all(finite, axis=0)

    def _with_joints(self, track, person, time_s):
        """A person with the unsure joints between two sure sightings put on the straight line between them."""
        missing = (~self._is_sure(person) | person.filled) & (time_s - track.sure_s <= self._gap_s)
        values, done = {**points_of(person), "confidence": person.confidence}, np.zeros_like(missing)
        for after_s, after in self._later(track) if missing.any() else ():
            now = missing & self._is_sure(after) & (after_s - track.sure_s <= self._gap_s)
            since_s = np.where(now, track.sure_s, time_s)
            u = ((time_s - since_s) / (after_s - since_s))[:, None]  # (J, 1)
            for key, before in track.sure.items():
                if key == "confidence":
                    line = np.maximum(u, 1 - u)[:, 0] * np.minimum(before, after.confidence)
                else:
                    line = (1 - u) * before + u * getattr(after, key)
                values[key] = _where(now, line, values[key])
            done, missing = done | now, missing & ~now
        names = tuple(name for name, is_done in zip(person.joint_names, done, strict=True) if is_done)
        return dataclasses.replace(person, **values, joints_filled=() if person.filled else names)


def _where(which, new, old):
    """New values (J, ...) of some joints, old ones of the others."""
    return np.where(which if new.ndim == 1 else which[:, None], new, old)
