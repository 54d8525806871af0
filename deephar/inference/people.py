"""Everyone in a stream of frames: found, followed, and seen by the network, in memory that does not grow.

    frames, time --a look at every few--> finder: who is where --> tracks with ids
        between two sightings a person is where a straight line says
        `PersonClips` of each person --full windows, in one batch--> poses, scores of actions
    a frame is given back when everyone in it has a pose

Frames wait until it is known who is in them: for the looks that are taken together, for `Tracker.lost_s`, and for one
window. What a frame costs in memory is the frame; the wait is `PeopleStream.delay_s`.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from deephar.data.video_frames import DEFAULT_FPS
from deephar.inference.network import PersonNetwork
from deephar.inference.results import ActionScores, FrameResult, PoseResult
from deephar.inference.tracking import Seen, Tracker
from deephar.inference.windows import IMAGES_PER_WINDOW, ROUNDING, PersonClips, Sight, gap_of, predict_windows

LOOKS_PER_WINDOW = 8
LOOKS_TOGETHER = 8
IMAGES_S = IMAGES_PER_WINDOW / DEFAULT_FPS  # a window of a network of images
Step = tuple[FrameResult, np.ndarray, list[tuple[int, ActionScores]]]  # a frame's people, its pixels, new clips


@dataclass(eq=False)
class Moment:
    """A frame that waits for the poses of those in it.

    Attributes:
        index, time_s, time: number, s after the first frame, and the same in the unit of the clips' step.
        frame: uint8 (H, W, 3).
        people: list of `PoseResult`, those that are there.
        missing: int, number of people in it whose pose is not there yet.
    """

    index: int
    time_s: float
    time: float
    frame: np.ndarray
    people: list[PoseResult] = field(default_factory=list)
    missing: int = 0


class Finder(Protocol):
    """Says who is where in some frames."""

    def looks_at(self, index: int, due: bool) -> bool:
        """Return whether frame `index` is one of them; `due`: by the usual distance of time it is."""

    def __call__(self, moments: Sequence[Moment]) -> list[list[Seen]]:
        """Return the people of each of some frames in order of time, the most certain first."""


class PeopleStream:
    """Takes frames one by one and gives back those that are done, in order.

    Args:
        network: PersonNetwork.
        finder: `Finder`.
        tracker: `Tracker`.
        person: function (points (J, D), confidence (J,), box, id, score) -> PoseResult.
        step: float. Step between the frames of a clip: seconds, or with `by_number` frames.
        by_number: bool. Clips count frames instead of seconds.
        looks_together: int. Looks whose people are searched in one batch; 1 gives the shortest delay.

    Attributes:
        size: (width, height) of the frames in px; None before the first one.
        new_clips: list of (id, ActionScores) that were found since it was emptied last.
        waiting: int. Frames that are held.
    """

    def __init__(
        self,
        network: PersonNetwork,
        finder: Finder,
        tracker: Tracker,
        person: Callable[..., PoseResult],
        step: float,
        by_number: bool,
        looks_together: int = LOOKS_TOGETHER,
    ) -> None:
        self._network, self._finder, self._tracker, self._person = network, finder, tracker, person
        self._step, self._by_number, self._looks_together = step, by_number, looks_together
        frames = network.signature.num_frames
        window = frames * step if frames else IMAGES_PER_WINDOW if by_number else IMAGES_S
        self._look_every = window / LOOKS_PER_WINDOW
        self._moments, self._looks, self._next_look = deque(), [], -np.inf
        self._clips, self._sightings = {}, {}  # of a track: its `PersonClips`; (Moment, Seen) of its looks
        self._count, self.size, self.new_clips = 0, None, []

    @property
    def waiting(self) -> int:
        return len(self._moments)

    def add(self, frame: np.ndarray, time_s: float | None = None) -> list[tuple[FrameResult, np.ndarray]]:
        """Take the next frame; return those that are done, with their pixels.

        Args:
            frame: uint8 (H, W, 3).
            time_s: float or None. When it is shown, s after the first one; None: at 25 frames a second.

        Raises:
            ValueError: another size than the first frame's.
        """
        size = frame.shape[1], frame.shape[0]
        self.size = self.size or size
        if size != self.size:
            raise ValueError(f"`frame` must be {self.size} (width, height) as the first one. Received: {size}")
        time_s = self._count / DEFAULT_FPS if time_s is None else float(time_s)
        moment = Moment(self._count, time_s, float(self._count) if self._by_number else time_s, frame)
        self._moments.append(moment)
        due = moment.time >= self._next_look - ROUNDING
        if self._finder.looks_at(self._count, due):
            self._next_look = moment.time + self._look_every
            self._looks.append(moment)
        self._count += 1
        if len(self._looks) >= self._looks_together:
            self._look()
        return self._done()

    def finish(self) -> list[tuple[FrameResult, np.ndarray]]:
        """See what is left and return the last frames, with their pixels."""
        last = self._moments[-1] if self._moments else None
        if last is not None and last not in self._looks[-1:] and self._finder.looks_at(last.index, True):
            self._looks.append(last)
        self._look()
        tracks = self._tracker.end()
        self._give(tracks)
        self._predict([(track, window) for track in tracks if (window := self._end_of(track)) is not None])
        tracks.clear()
        return self._done()

    def steps(self, timed: Iterable[tuple[np.ndarray, float]]) -> Iterator[Step]:
        """Take all frames of a source with their times in s; yield those that are done with the clips found by then."""
        timed = iter(timed)
        try:
            parts = itertools.chain((self.add(*frame) for frame in timed), (self.finish() for _ in range(1)))
            for done in itertools.chain.from_iterable(parts):
                new, self.new_clips = self.new_clips, []
                yield *done, new
        finally:
            if hasattr(timed, "close"):  # a source that reads ahead
                timed.close()

    def _look(self):
        """Find the people at the looks that were collected, follow them, and see those whose windows are full."""
        looks, self._looks = self._looks, []
        for moment, people in zip(looks, self._finder(looks) if looks else (), strict=True):
            pairs, gone = self._tracker.update(moment.time_s, people)
            for track, seen in pairs:
                self._sightings.setdefault(track, []).append((moment, seen))
            named = [track for track in gone if track.id is not None]
            self._predict([(track, window) for track in named if (window := self._end_of(track)) is not None])
            for track in gone:
                self._sightings.pop(track, None)
                self._clips.pop(track, None)
            self._give([track for track, _ in pairs if track.id is not None])

    def _end_of(self, track):
        """The last window of a track, or None."""
        clips = self._clips.pop(track, None)
        return clips and clips.finish()

    def _give(self, tracks):
        """Give the clips of tracks their frames up to the last sighting, and predict the windows that are full."""
        queues = {track: deque(self._sights(track)) for track in tracks}
        while queues:
            full = []
            for track, queue in list(queues.items()):
                window = None
                while queue and window is None:
                    window = self._clips_of(track).add(queue.popleft())
                if window is None:
                    del queues[track]
                else:
                    full.append((track, window))
            self._predict(full)

    def _clips_of(self, track):
        if track not in self._clips:
            self._clips[track] = PersonClips(self._network.signature.num_frames, self._step, self._by_number)
        return self._clips[track]

    def _sights(self, track):
        """The new frames of a track, one by one; between two sightings the box moves on a straight line."""
        sightings = self._sightings.get(track, [])
        if not sightings:
            return []
        known, found = track in self._clips, []
        pairs = [(None, sightings[0])] * (not known) + list(itertools.pairwise(sightings))
        for before, after in pairs:
            found += self._between(before, after)
        self._sightings[track] = sightings[-1:]
        return found

    def _between(self, before, after):
        """The frames after one sighting (or None) up to the next one."""
        moment, seen = after
        first = moment.index if before is None else before[0].index + 1
        found = []
        for index in range(first, moment.index + 1):
            here = self._moments[index - self._moments[0].index]
            here.missing += 1
            extent = seen.extent
            if before is not None:
                share = (index - before[0].index) / (moment.index - before[0].index)
                extent = (1 - share) * before[1].extent + share * seen.extent
            found.append(Sight(index, here.time_s, here.time, here.frame, extent, seen.exact, seen.score))
        return found

    def _predict(self, full):
        """Predict windows (track, `Window`), and put what is found to the frames."""
        if not full:
            return
        results = predict_windows(self._network, [window for _, window in full])
        for (track, window), (points, confidence, scores) in zip(full, results, strict=True):
            for sight, *pose in zip(window.new, points, confidence, strict=True):
                moment = self._moments[sight.index - self._moments[0].index]
                moment.people.append(self._person(*pose, window.box, track.id, sight.score))
                moment.missing -= 1
            if scores is not None:
                first, last = window.sights[0], window.sights[-1]
                end = last.time_s + gap_of(np.array([k.time_s for k in window.sights]))
                about = (first.index, last.index, scores, self._network.labels, first.time_s, float(end))
                self.new_clips.append((track.id, ActionScores(*about)))

    def _done(self):
        """The frames that nobody can be found in any more, and in which everyone has a pose."""
        limit = self._looks[0].index if self._looks else self._count
        for track in self._tracker.tracks:
            moment, _ = self._sightings[track][0]
            limit = min(limit, moment.index + (track in self._clips))
        done = []
        while self._moments and self._moments[0].index < limit and not self._moments[0].missing:
            moment = self._moments.popleft()
            people = tuple(sorted(moment.people, key=lambda k: k.id))
            done.append((FrameResult(moment.index, moment.time_s, people), moment.frame))
        return done
