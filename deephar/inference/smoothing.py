"""Poses over time: short gaps are filled, then every joint is smoothed as far as its confidence and speed allow.

    frames in order --GapFiller, waits for max_gap_s--> nobody and no joint is missing for a short time
        --One-Euro filter of each joint, forwards; waits for look_ahead_s; backwards--> frames in order

The filter is that of Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems" (CHI 2012), on vectors instead of single numbers and with the true times of the frames; backwards
as well, which takes away its lag. Pixels, mm and mm from the camera are filtered alike.
"""

import dataclasses
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deephar.inference.gaps import ROUNDED_S, GapFiller, goes_on, points_of
from deephar.utils.pose import DEPTH_RANGE_MM

if TYPE_CHECKING:
    from deephar.inference.results import FrameResult, PoseResult, Result

METHOD = "one-euro"


@dataclass(frozen=True)
class Smoothing:
    """How poses are smoothed; the defaults are chosen by `benchmarks/smoothing.py`.

    Attributes:
        min_cutoff_hz: float. Cut-off frequency of a sure joint that rests; lower is smoother.
        beta: float. By how much the cut-off grows with speed, Hz for one body length a second; higher lags less. A body
            length is the longer side of the person's box in pixels, and 2000 mm.
        derivative_cutoff_hz: float. Cut-off frequency of the speed itself.
        confidence_power: float. The cut-off is confidence ** confidence_power times that of a sure joint, so that
            unsure joints are followed less; 0: confidence does not count.
        least_confidence: float in [0, 1]. A joint below it is filled from surer sightings before and after.
        max_gap_s: float. The longest time between two sightings that is filled; 0: nothing is.
        look_ahead_s: float. How far the filter runs back; 0: it is the causal filter of the paper, which lags.

    Raises:
        ValueError: a value out of its range.
    """

    min_cutoff_hz: float = 5.0
    beta: float = 3.0
    derivative_cutoff_hz: float = 1.0
    confidence_power: float = 2.0
    least_confidence: float = 0.5
    max_gap_s: float = 0.25
    look_ahead_s: float = 0.1

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            positive = name in ("min_cutoff_hz", "derivative_cutoff_hz")
            most = 1.0 if name == "least_confidence" else np.finfo(float).max
            if not (0 < value if positive else 0 <= value) or not value <= most:
                allowed = "above 0" if positive else "from 0 to 1" if most == 1 else "0 or above"
                raise ValueError(f"`{name}` must be {allowed}. Received: {value!r}")

    @property
    def delay_s(self) -> float:
        """By how much frames come later, s."""
        return self.max_gap_s + self.look_ahead_s

    @classmethod
    def of(cls, value: "Smoothing | bool | None") -> "Smoothing | None":
        """Return the settings that are meant: True is the default ones, None and False no smoothing.

        Raises:
            TypeError: it is none of these.
        """
        if value is not None and not isinstance(value, (bool, cls)):
            raise TypeError(f"`smooth` must be True, False, None or a Smoothing. Received: {value!r}")
        return value if isinstance(value, cls) else cls() if value else None

    def to_dict(self) -> dict:
        """Return a dict for JSON."""
        return {"method": METHOD, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, document: dict) -> "Smoothing":
        """Return the settings that `to_dict` described."""
        return cls(**{key: value for key, value in document.items() if key != "method"})


class OneEuro:
    """The filter of the joints of one person.

    Of points x that come dt seconds after the ones before, with s(f) = dt / (dt + 1 / (2 pi f)) and body lengths L:

        speed  <- speed + s(derivative_cutoff_hz) ((x - y) / (dt L) - speed)
        cutoff  = confidence ** confidence_power (min_cutoff_hz + beta |speed|)
        y      <- y + s(cutoff) (x - y)
    """

    def __init__(self, settings: Smoothing) -> None:
        self._settings, self._points, self._speed = settings, None, None

    def __call__(self, points: np.ndarray, confidence: np.ndarray, dt_s: float, length: np.ndarray) -> np.ndarray:
        """Return the next points, smoothed.

        Args:
            points: float (J, D). A joint that is not finite is given back so, and starts afresh.
            confidence: float (J,), in [0, 1].
            dt_s: float. Seconds since the points before.
            length: float (D,). A body length in the units of the points.
        """
        if self._points is None or self._points.shape != points.shape:
            self._points, self._speed = points, np.zeros_like(points)
            return points
        known, dt_s, settings = np.isfinite(self._points + points), max(dt_s, 1e-6), self._settings
        change = np.where(known, points - self._points, 0.0)  # (J, D)
        speed = self._speed + _share(settings.derivative_cutoff_hz, dt_s) * (change / (dt_s * length) - self._speed)
        self._speed = np.where(known, speed, 0.0)
        fastest = settings.min_cutoff_hz + settings.beta * np.linalg.norm(self._speed, axis=1)
        cutoff = np.clip(confidence, 1e-3, 1) ** settings.confidence_power * fastest  # (J,)
        self._points = np.where(known, self._points + _share(cutoff, dt_s)[:, None] * change, points)
        return self._points


def _share(cutoff_hz, dt_s):
    """The share of a new value in the mean of a low-pass filter."""
    return dt_s / (dt_s + 1 / (2 * np.pi * np.asarray(cutoff_hz)))


class Smoother:
    """Takes the frames of one source in order, and gives them back smoothed, `Smoothing.delay_s` later.

    Memory does not grow with their number. A person is followed by the id; who was away for longer than `max_gap_s`
    starts afresh. The filter runs forwards over everything, then backwards over the frames that wait, so that what it
    gives is not late. Boxes stay; how gaps are filled says `deephar.inference.gaps`.

    Args:
        settings: `Smoothing`.
    """

    def __init__(self, settings: Smoothing) -> None:
        self._settings, self._gaps = settings, GapFiller(settings.max_gap_s, settings.least_confidence)
        self._wait_s = settings.look_ahead_s + ROUNDED_S if settings.look_ahead_s else 0.0
        self._waiting, self._before, self._before_s = deque(), {}, 0.0  # frames with {id: `_Sight`}; the last one's

    def add(self, frame: "FrameResult") -> "list[FrameResult]":
        """Take the next frame; return those that are done."""
        return [done for whole in self._gaps.add(frame) for done in self._forward(whole)]

    def finish(self) -> "list[FrameResult]":
        """Return the frames that still wait."""
        done = [done for whole in self._gaps.finish() for done in self._forward(whole)]
        return done + [self._backward() for _ in range(len(self._waiting))]

    def _forward(self, frame):
        """Take a frame without gaps; return those that waited long enough."""
        sights = {}
        for person in frame.people:
            before = self._before.get(person.id)
            is_new = before is None or not goes_on(person, before.person)
            filters = {key: OneEuro(self._settings) for key in points_of(person)} if is_new else before.filters
            dt_s = 0.0 if is_new else frame.time_s - self._before_s
            sights[person.id] = _Sight(_filtered(person, filters, dt_s), filters)
        self._before, self._before_s = sights, frame.time_s
        self._waiting.append((frame, sights))
        done = []
        while self._waiting and self._waiting[0][0].time_s <= frame.time_s - self._wait_s:
            done.append(self._backward())
        return done

    def _backward(self):
        """The next frame, its people filtered from the last frame that waits back to it."""
        people = [self._person(number, sight) for number, sight in self._waiting[0][1].items()]
        frame, _ = self._waiting.popleft()
        return dataclasses.replace(frame, people=tuple(people))

    def _person(self, number, sight):
        """A person of the next frame, filtered back from the last frame of the same track."""
        ahead = [(frame.time_s, sights.get(number)) for frame, sights in self._waiting]
        same = itertools.takewhile(lambda k: k[1] is not None and k[1].filters is sight.filters, ahead)
        after_s, person, filters = None, sight.person, {key: OneEuro(self._settings) for key in sight.filters}
        for time_s, later in reversed(list(same)):
            person = _filtered(later.person, filters, 0.0 if after_s is None else after_s - time_s)
            after_s = time_s
        return person


@dataclass(frozen=True, eq=False)
class _Sight:
    """A person filtered forwards, and the filters of the track, which are the same ones from sight to sight."""

    person: "PoseResult"
    filters: dict[str, OneEuro]


def _filtered(person, filters, dt_s):
    """A person whose points went through the filter of their kind."""
    side, points = max(person.box[2] - person.box[0], person.box[3] - person.box[1], 1.0), {}
    for key, found in points_of(person).items():
        length = (side, side, 1.0)[: found.shape[1]] if key == "pose_px" else (DEPTH_RANGE_MM,) * 3
        points[key] = filters[key](found, person.confidence, dt_s, np.array(length))
    return dataclasses.replace(person, **points)


def smoothed(steps: Iterable[tuple], settings: Smoothing) -> Iterator[tuple]:
    """Smooth the frames of a stream.

    Args:
        steps: tuples of a `FrameResult` and anything that goes along with it, in order.
        settings: `Smoothing`.

    Yields:
        The same tuples with smoothed frames, each `Smoothing.delay_s` later.
    """
    smoother, along = Smoother(settings), deque()
    for frame, *more in steps:
        along.append(more)
        for done in smoother.add(frame):
            yield done, *along.popleft()
    for done in smoother.finish():
        yield done, *along.popleft()


def smooth(result: "Result", settings: Smoothing | None = None) -> "Result":
    """Return the result of a video with smoothed poses; of an image as it is.

    Args:
        result: `Result`.
        settings: `Smoothing`; None: the defaults.

    Raises:
        ValueError: it was smoothed before.

    Example:

        from deephar.inference import results
        from deephar.inference.smoothing import smooth

        result = smooth(results.read("results/match_prediction.json"))
    """
    if result.head.smoothing is not None:
        raise ValueError(f"`result` must not be smoothed already. Received: {result.source}, which is")
    if result.head.kind == "image":
        return result
    settings = settings or Smoothing()
    frames = tuple(frame for (frame,) in smoothed(((frame,) for frame in result.frames), settings))
    return dataclasses.replace(result, head=dataclasses.replace(result.head, smoothing=settings), frames=frames)
