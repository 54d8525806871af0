"""What one person does: scores of clips, and actions as segments with start and end, by hysteresis on the scores.

    clips of a person in order of time --an action begins at ENTER, goes on above LEAVE, or gives way--> segments
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from deephar.utils.progress import clock

CONFIDENCE_DIGITS, TIME_DIGITS = 4, 3
ENTER = 0.5  # probability at which an action begins
LEAVE = 0.3  # probability below which it ends


@dataclass(frozen=True)
class Segment:
    """An action from when to when.

    Attributes:
        start_s, end_s: float. In s after the first frame of the source.
        name: str. The action.
        probability: float. In [0, 1], the mean over the segment's clips.
    """

    start_s: float
    end_s: float
    name: str
    probability: float

    def __str__(self) -> str:
        return f"{self.name.replace('_', ' ')} {clock(self.start_s)}-{clock(self.end_s)}"


@dataclass(frozen=True, eq=False)
class ActionScores:
    """Probabilities of the actions over a stretch of frames.

    Attributes:
        first_frame, last_frame: int. First and last frame of the stretch, counted from 0.
        probabilities: float (A,), in [0, 1], with the sum 1.
        labels: tuple of A str, the names of the actions.
        start_s, end_s: float. When the first frame is shown and when the last one ends, s after the source's first one.
    """

    first_frame: int
    last_frame: int
    probabilities: np.ndarray
    labels: tuple[str, ...]
    start_s: float = 0.0
    end_s: float = 0.0

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
            "start_s": round(self.start_s, TIME_DIGITS),
            "end_s": round(self.end_s, TIME_DIGITS),
            "name": self.name,
            "probability": round(self.probability, CONFIDENCE_DIGITS),
            "probabilities": dict(zip(self.labels, values, strict=True)),
        }

    @classmethod
    def from_dict(cls, document: dict) -> "ActionScores":
        """Return the scores that `to_dict` described."""
        values = document["probabilities"]
        stretch = (document["first_frame"], document["last_frame"])
        return cls(*stretch, np.array([*values.values()], float), tuple(values), document["start_s"], document["end_s"])


class Hysteresis:
    """Finds the segments of one person as clips come.

    An action begins with a clip in which it is the most probable one and has at least `enter`. It goes on while its
    probability is at least `leave` and no other action begins; where clips overlap, the later one begins where the
    earlier one ends. A gap between clips, in which the person was not seen, ends it.

    Args:
        enter, leave: float in [0, 1].

    Attributes:
        ended: list of `Segment`, those that are over.
    """

    def __init__(self, enter: float = ENTER, leave: float = LEAVE) -> None:
        self.enter, self.leave, self.ended = enter, leave, []
        self._start_s, self._end_s, self._action, self._labels = 0.0, -np.inf, None, ()
        self._sum, self._count = 0.0, 0  # of the probabilities in the segment

    @property
    def current(self) -> Segment | None:
        """The segment that the last clip belongs to; None where no action goes on."""
        if self._action is None:
            return None
        return Segment(self._start_s, self._end_s, self._labels[self._action], self._sum / self._count)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments so far."""
        return (*self.ended, *([self.current] if self.current else []))

    def add(self, clip: ActionScores) -> None:
        """Take the next clip in order of time."""
        scores, best = clip.probabilities, int(np.argmax(clip.probabilities))
        start, gap = max(clip.start_s, self._end_s), clip.start_s > self._end_s + (clip.end_s - clip.start_s) / 2
        begins = scores[best] >= self.enter
        goes_on = self._action is not None and not gap and scores[self._action] >= self.leave
        if not (goes_on and (best == self._action or not begins)):
            self.ended += [self.current] if self.current else []
            self._start_s, self._action, self._sum, self._count = start, best if begins else None, 0.0, 0
        if self._action is not None:
            self._sum, self._count = self._sum + float(scores[self._action]), self._count + 1
        self._end_s, self._labels = max(clip.end_s, start), clip.labels


def segments_of(clips: Sequence[ActionScores], enter: float = ENTER, leave: float = LEAVE) -> tuple[Segment, ...]:
    """Return the actions of one person from when to when, see `Hysteresis`.

    Args:
        clips: scores in order of time.
        enter, leave: float in [0, 1].
    """
    found = Hysteresis(enter, leave)
    for clip in clips:
        found.add(clip)
    return found.segments


class _OverAllClips:
    """What follows from the mean scores over all clips of a person, `video`."""

    @property
    def name(self) -> str:
        """The most probable action over all clips."""
        return self.video.name

    @property
    def probability(self) -> float:
        """Probability of the most probable action over all clips, in [0, 1]."""
        return self.video.probability


class ActionTally(_OverAllClips):
    """What one person has done so far, as clips come: of memory the segments alone grow.

    Args:
        person: int. Who it is.

    Attributes:
        id: int. Who it is.
        count: int. Number of clips.
    """

    def __init__(self, person: int = 1) -> None:
        self.id, self.count = person, 0
        self._found, self._sum, self._first, self._last = Hysteresis(), 0.0, None, None

    def add(self, clip: ActionScores) -> None:
        """Take the next clip in order of time."""
        self._found.add(clip)
        self._sum, self.count = self._sum + clip.probabilities, self.count + 1
        self._first, self._last = self._first or clip, clip

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The actions from when to when."""
        return self._found.segments

    @property
    def video(self) -> ActionScores:
        """Mean scores over all clips; there must be one."""
        first, last, mean = self._first, self._last, self._sum / self.count  # (A,)
        return ActionScores(first.first_frame, last.last_frame, mean, first.labels, first.start_s, last.end_s)

    def to_dict(self) -> dict:
        """Return a dict for JSON, without the clips."""
        segments = [
            {
                "start_s": round(segment.start_s, TIME_DIGITS),
                "end_s": round(segment.end_s, TIME_DIGITS),
                "name": segment.name,
                "probability": round(segment.probability, CONFIDENCE_DIGITS),
            }
            for segment in self.segments
        ]
        mean = self.video.to_dict()
        return {"id": self.id, **{k: mean[k] for k in ("name", "probability", "probabilities")}, "segments": segments}


@dataclass(frozen=True, eq=False)
class ActionResult(_OverAllClips):
    """What one person does.

    Attributes:
        clips: tuple of `ActionScores`, one for each window of the person's frames, in order of time; at least one.
        id: int. Who it is.
    """

    clips: tuple[ActionScores, ...]
    id: int = 1

    @functools.cached_property
    def _tally(self):
        tally = ActionTally(self.id)
        for clip in self.clips:
            tally.add(clip)
        return tally

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The actions from when to when."""
        return self._tally.segments

    @property
    def video(self) -> ActionScores:
        """Mean scores over all clips."""
        return self._tally.video

    def to_dict(self) -> dict:
        """Return a dict for JSON."""
        return {**self._tally.to_dict(), "clips": [clip.to_dict() for clip in self.clips]}

    @classmethod
    def from_dict(cls, document: dict) -> "ActionResult":
        """Return the actions that `to_dict` described."""
        return cls(tuple(map(ActionScores.from_dict, document["clips"])), document["id"])


def actions_of(clips: Iterable[tuple[int, ActionScores]]) -> tuple[ActionResult, ...]:
    """Return what each person does, by id.

    Args:
        clips: (id, scores), those of a person in order of time.
    """
    found = {}
    for person, scores in clips:
        found.setdefault(person, []).append(scores)
    return tuple(ActionResult(tuple(found[person]), person) for person in sorted(found))


def headline(actions: Sequence[ActionResult | ActionTally]) -> str:
    """Return who did what when in one line: 'pushup 0:00-0:03, strum guitar 0:03-0:06', with ids for several people."""
    parts = []
    for action in actions:
        who = f"{action.id}: " if len(actions) > 1 else ""
        words = ", ".join(map(str, action.segments)) or "no action is sure, perhaps " + action_words(action)
        parts.append(who + words)
    return "; ".join(parts)


def action_words(action: ActionResult | ActionTally | ActionScores | Segment) -> str:
    """Return an action and its probability as words: 'golf swing 0.93'."""
    return f"{action.name.replace('_', ' ')} {action.probability:.2f}"
