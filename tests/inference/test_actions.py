"""Actions from when to when: begun, gone on, given way, ended; their words."""

import numpy as np
import pytest

from deephar.inference.actions import ActionResult, ActionScores, clock, headline, segments_of

LABELS = ("squat", "golf_swing", "bowl")


def clips(*scores, step=1.0, start=0.0):
    """Clips of `step` s one after the other, each by the scores of squat and golf swing."""
    found = []
    for k, (squat, golf) in enumerate(scores):
        about = (10 * k, 10 * k + 9, np.array([squat, golf, 1 - squat - golf]), LABELS)
        found.append(ActionScores(*about, start + k * step, start + (k + 1) * step))
    return found


def spans(found):
    return [(s.name, s.start_s, s.end_s) for s in found]


def test_one_action_after_the_other():
    found = segments_of(clips((0.9, 0.1), (0.6, 0.2), (0.1, 0.8), (0.0, 1.0)))
    assert spans(found) == [("squat", 0, 2), ("golf_swing", 2, 4)]
    assert found[0].probability == pytest.approx(0.75) and str(found[1]) == "golf swing 0:02-0:04"


def test_it_goes_on_through_a_weak_clip_but_does_not_begin_with_one():
    assert spans(segments_of(clips((0.4, 0.3), (0.7, 0.1), (0.35, 0.4), (0.7, 0.1)))) == [("squat", 1, 4)]
    assert spans(segments_of(clips((0.7, 0.1), (0.2, 0.4), (0.7, 0.1)))) == [("squat", 0, 1), ("squat", 2, 3)]
    assert segments_of(clips((0.4, 0.3), (0.4, 0.3))) == () == segments_of([])


def test_overlapping_clips_and_a_gap():
    overlapping = clips((0.9, 0.0), (0.0, 0.9), step=2.0)
    late = ActionScores(15, 34, overlapping[1].probabilities, LABELS, 1.5, 3.5)
    assert spans(segments_of([overlapping[0], late])) == [("squat", 0, 2), ("golf_swing", 2, 3.5)]
    apart = [*clips((0.9, 0.0)), *clips((0.9, 0.0), start=5.0)]
    assert spans(segments_of(apart)) == [("squat", 0, 1), ("squat", 5, 6)]


def test_words():
    one = ActionResult(tuple(clips((0.9, 0.1), (0.1, 0.8))), 1)
    other = ActionResult(tuple(clips((0.4, 0.35))), 4)
    assert headline([one]) == "squat 0:00-0:01, golf swing 0:01-0:02"
    assert headline([one, other]).endswith("; 4: no action is sure, perhaps squat 0.40")
    assert [clock(s) for s in (0, 59.6, 3605)] == ["0:00", "1:00", "1:00:05"]


def test_the_mean_over_the_clips_and_the_document():
    action = ActionResult(tuple(clips((0.9, 0.1), (0.1, 0.7))), 3)
    assert action.name == "squat" and action.probability == pytest.approx(0.5)
    document = action.to_dict()
    assert document["id"] == 3 and document["segments"][0] == {
        "start_s": 0.0,
        "end_s": 1.0,
        "name": "squat",
        "probability": 0.9,
    }
    again = ActionResult.from_dict(document)
    assert again.to_dict() == document and again.segments == action.segments
