"""How well people are found in images: recall, precision and average precision of boxes, and images of nobody.

Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 2010: a box counts as found where a predicted one
has an intersection over union of at least 0.5 with it; predictions are matched the best score first, each person once,
and average precision is the area under the precision that is reached at each recall or beyond it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from deephar.data.scenes import Scene
from deephar.inference.detector import Detector, overlaps
from deephar.utils.progress import progress

FOUND = 0.5  # intersection over union
LOW_SCORE = 0.02  # of predictions that average precision still counts


@dataclass(frozen=True)
class PeopleScores:
    """What a detector found.

    Attributes:
        scores: float (N,). Of all predictions.
        found: bool (N,). Whether each one is a person.
        people: int. Number of annotated people.
        empty: int. Number of images without annotated people.
        disturbed: int. Of them, those with a prediction at `least_score` or above.
        least_score: float. Above which a prediction counts as a person.
    """

    scores: np.ndarray = field(repr=False)
    found: np.ndarray = field(repr=False)
    people: int
    empty: int
    disturbed: int
    least_score: float

    @property
    def recall(self) -> float:
        """Share of the people that are found at `least_score`, in [0, 1]; NaN without people."""
        return float(self.found[self.scores >= self.least_score].sum() / self.people) if self.people else np.nan

    @property
    def precision(self) -> float:
        """Share of the predictions at `least_score` that are people, in [0, 1]; NaN without predictions."""
        kept = self.found[self.scores >= self.least_score]
        return float(kept.mean()) if len(kept) else np.nan

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, in [0, 1]; NaN without people."""
        if not self.people:
            return np.nan
        found = self.found[np.argsort(-self.scores, kind="stable")]
        hits = np.cumsum(found)
        precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
        return float(precision[found].sum() / self.people)

    @property
    def disturbed_share(self) -> float:
        """Share of the images of nobody in which somebody was found, in [0, 1]; NaN without such images."""
        return self.disturbed / self.empty if self.empty else np.nan


def match_people(boxes: np.ndarray, scores: np.ndarray, people: np.ndarray, least: float = FOUND) -> np.ndarray:
    """Return which predicted boxes are people, each of whom is found once.

    Args:
        boxes, scores: float (N, 4), x1 y1 x2 y2, and (N,). Predictions.
        people: float (P, 4). Annotated boxes.
        least: float. Intersection over union at which a box is found.

    Returns:
        bool (N,).
    """
    found = np.zeros(len(boxes), bool)
    free = overlaps(boxes, people) if len(boxes) and len(people) else np.zeros((len(boxes), 0))  # (N, P)
    for k in np.argsort(-scores, kind="stable") if free.size else ():
        person = int(free[k].argmax())
        if free[k, person] >= least:
            found[k] = True
            free[:, person] = -1.0
    return found


def score_people(
    detect: Detector, scenes: Iterable[Scene], number: int, least_score: float, verbose: bool = True
) -> PeopleScores:
    """Let a detector find the people of scenes.

    Args:
        detect: function of a list of frames, such as a `PersonDetector`. For average precision it should also return
            predictions of low scores.
        scenes: iterable of (frame uint8 (H, W, 3), boxes (P, 4) px).
        number: int. How many there are, for the progress bar.
        least_score: float. Of what counts as a person.
        verbose: bool. Show progress.

    Returns:
        `PeopleScores`.

    Example:

        scores = score_people(PersonDetector(model, least_score=0.05), scenes, len(scenes), least_score=0.3)
        print(scores.recall, scores.disturbed_share)
    """
    all_scores, all_found, people, empty, disturbed = [], [], 0, 0, 0
    for frame, true in progress(scenes, number, "people") if verbose else scenes:
        boxes, scores = detect([frame])[0]
        all_scores.append(scores)
        all_found.append(match_people(boxes, scores, true))
        people += len(true)
        empty += not len(true)
        disturbed += not len(true) and bool((scores >= least_score).any())
    joined = [np.concatenate(parts) if parts else np.zeros(0) for parts in (all_scores, all_found)]
    return PeopleScores(joined[0], joined[1].astype(bool), people, empty, disturbed, least_score)
