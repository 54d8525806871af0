"""Who is who from one look to the next: stable ids by overlap of boxes and distance of poses.

    people seen at a look --similarity to the tracks, `linear_sum_assignment`--> ids
       a track not seen for `lost_s` is lost; somebody who appears near where a track was lost less than `found_s` ago
       is taken for the same person; others are new, and count from their second sighting on
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from deephar.inference.detector import overlaps

LOST_S = 0.5
FOUND_S = 5.0
SIMILAR = 0.15  # least similarity of a person and a track
SAME = 0.7  # similarity of poses from which two people of one look are one
JOINT_SPREAD = 0.1  # distance of joints at which similarity falls to exp(-1/2), over the longer side of the box


@dataclass(frozen=True, eq=False)
class Seen:
    """A person at one look.

    Attributes:
        extent: float (4,), x1 y1 x2 y2 in frame px, the box around the joints; NaN where the pose shows nobody.
        points, confidence: float (J, 2 or 3) in frame px and (J,), of the pose; None where no network has looked.
        score: float in [0, 1], how sure it is that somebody is there; None where the user says so.
        id: int, who it is, where the source of boxes says so; None: the tracker decides.
        exact: bool, whether `extent` is a box to crop, which must not be changed.
    """

    extent: np.ndarray
    points: np.ndarray | None = None
    confidence: np.ndarray | None = None
    score: float | None = None
    id: int | None = None
    exact: bool = False


class Track:
    """One person over time.

    Attributes:
        id: int, from 1; None before the second sighting.
        last: `Seen` of the last sighting.
        seen_s: float, when that was.
        looks: int, number of sightings.
    """

    def __init__(self, seen: Seen, time_s: float) -> None:
        self.id, self.last, self.seen_s, self.looks = None, seen, time_s, 1


def pose_similarity(a: Seen, b: Seen) -> float:
    """Return how near two poses are, in [0, 1]: a mean over the joints, 1 for equal ones; 0 where one has no pose."""
    if a.points is None or b.points is None or a.points.shape != b.points.shape:
        return 0.0
    side = max(np.nanmax(np.r_[k.extent[2:] - k.extent[:2], 1.0]) for k in (a, b))
    distance = np.linalg.norm(a.points[:, :2] - b.points[:, :2], axis=1) / side  # (J,)
    weight = np.minimum(a.confidence, b.confidence) + 1e-6
    return float(np.average(np.exp(-((distance / JOINT_SPREAD) ** 2) / 2), weights=weight))


def similarities(tracks: list[Track], people: list[Seen]) -> np.ndarray:
    """Return similarity (T, P) in [0, 1]: boxes' intersection over union, or its mean with the poses' similarity."""
    found = np.zeros((len(tracks), len(people)))
    for row, track in enumerate(tracks):
        for column, seen in enumerate(people):
            shared = overlaps(np.nan_to_num(track.last.extent), np.nan_to_num(seen.extent))[0, 0]
            posed = track.last.points is not None and seen.points is not None
            found[row, column] = (shared + pose_similarity(track.last, seen)) / 2 if posed else shared
    return found


def unique(people: list[Seen]) -> list[Seen]:
    """Return the people, the best score first, without those whose pose is that of a better one."""
    kept = []
    for seen in sorted(people, key=lambda k: -(k.score or 0.0)):
        if not any(pose_similarity(seen, other) >= SAME for other in kept):
            kept.append(seen)
    return kept


def assign(similarity: ArrayLike, least: float = SIMILAR) -> list[tuple[int, int]]:
    """Return pairs (row, column) of the largest total similarity, without those below `least`."""
    similarity = np.asarray(similarity, float)
    if not similarity.size:
        return []
    pairs = zip(*linear_sum_assignment(np.where(similarity >= least, similarity, 0.0), maximize=True), strict=True)
    return [(int(r), int(c)) for r, c in pairs if similarity[r, c] >= least]


class Tracker:
    """Gives people ids from look to look.

    Args:
        lost_s: float. Seconds without a sighting after which a person is lost.
        found_s: float. Seconds after the last sighting in which who appears at the same place is the same person.
        most: int or None. People to follow at once at most; who is followed goes first, then the first of a look.
        least_new: float in [0, 1]. Score from which somebody is taken for a new person; who is followed already is
            recognised at any score.

    Attributes:
        tracks: list of `Track`, those that are followed.
        lost: list of `Track`, those that may be found again.

    Example:

        >>> import numpy as np
        >>> from deephar.inference.tracking import Seen, Tracker
        >>> tracker = Tracker()
        >>> for k in range(3):
        ...     pairs, lost = tracker.update(0.1 * k, [Seen(np.array([10.0 + k, 10, 30 + k, 60]))])
        >>> [track.id for track, _ in pairs]
        [1]
    """

    def __init__(
        self, lost_s: float = LOST_S, found_s: float = FOUND_S, most: int | None = None, least_new: float = 0.0
    ) -> None:
        if not 0 <= lost_s <= found_s:
            raise ValueError(f"`lost_s` must be from 0 to `found_s`. Received: lost_s={lost_s}, found_s={found_s}")
        if most is not None and most < 1:
            raise ValueError(f"`people` must be at least 1. Received: {most}")
        self.lost_s, self.found_s, self.most, self.least_new = lost_s, found_s, most, least_new
        self.tracks, self.lost, self._number = [], [], 0

    def update(self, time_s: float, people: list[Seen]) -> tuple[list[tuple[Track, Seen]], list[Track]]:
        """Take the people of the next look.

        Returns:
            (track, seen) of everyone who is followed; the tracks that are lost now.
        """
        pairs, left = self._match(self.tracks, people)
        seen_now = [track for track, _ in pairs]
        gone = [t for t in self.tracks if t not in seen_now and time_s - t.seen_s > self.lost_s]
        self.tracks = [t for t in self.tracks if t not in gone]
        self.lost = [t for t in self.lost + gone if t.id is not None and time_s - t.seen_s <= self.found_s]
        room = len(people) if self.most is None else max(0, self.most - len(self.tracks))
        left = [seen for seen in left if seen.score is None or seen.score >= self.least_new]
        found, left = self._match(self.lost, left[:room])
        found = [(self._again(track), seen) for track, seen in found]
        new = [(Track(seen, time_s), seen) for seen in left]
        for track, _ in pairs:
            track.looks += 1
            self._name(track)
        for track, seen in [*pairs, *found, *new]:
            track.last, track.seen_s, track.id = seen, time_s, seen.id or track.id
        self.tracks += [track for track, _ in [*found, *new]]
        return [*pairs, *found, *new], gone

    def end(self) -> list[Track]:
        """Name those who appeared at the last look, and return all who are followed."""
        for track in self.tracks:
            self._name(track)
        return self.tracks

    def _name(self, track):
        if track.id is None:
            self._number += 1
            track.id = self._number

    def _again(self, track):
        """A new track of the same id, whose clips do not reach over the gap."""
        self.lost.remove(track)
        again = Track(track.last, track.seen_s)
        again.id = track.id
        return again

    @staticmethod
    def _match(tracks, people):
        """Pairs (track, seen), and the people that are left."""
        similarity = similarities(tracks, people)
        for row, track in enumerate(tracks):  # who is named by the source of boxes is nobody else
            for column, seen in enumerate(people):
                if seen.id is not None:
                    similarity[row, column] = float(track.id == seen.id)
        pairs = assign(similarity)
        taken = {column for _, column in pairs}
        return [(tracks[r], people[c]) for r, c in pairs], [p for k, p in enumerate(people) if k not in taken]
