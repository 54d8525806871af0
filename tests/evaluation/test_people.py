"""People found in scenes: matched once, the best score first; recall, precision, average precision, empty images."""

import numpy as np
import pytest

from deephar.evaluation.people import match_people, score_people

PEOPLE = np.array([[0, 0, 10, 10], [20, 0, 30, 10.0]])


def test_a_person_is_found_once_and_by_the_better_score():
    boxes = np.array([[0, 0, 10, 9], [0, 0, 10, 10], [21, 0, 31, 10], [0, 20, 10, 30.0]])
    assert match_people(boxes, np.array([0.5, 0.9, 0.3, 0.8]), PEOPLE).tolist() == [False, True, True, False]
    assert match_people(boxes[:1], np.ones(1), PEOPLE, least=0.95).tolist() == [False]
    assert match_people(np.zeros((0, 4)), np.zeros(0), PEOPLE).tolist() == []
    assert match_people(boxes, np.ones(4), np.zeros((0, 4))).tolist() == [False] * 4


def scored(found, people, least_score=0.5):
    detections = iter([(np.array(b, float).reshape(-1, 4), np.array(s, float)) for b, s in found])
    scenes = [(np.zeros((4, 4, 3), np.uint8), np.array(p, float).reshape(-1, 4)) for p in people]
    return score_people(lambda frames: [next(detections)], scenes, len(scenes), least_score, verbose=False)


def test_scores_of_three_scenes():
    found = [
        ([PEOPLE[0], PEOPLE[1], [50, 50, 60, 60]], [0.9, 0.4, 0.7]),
        ([PEOPLE[0]], [0.6]),
        ([[0, 0, 5, 5]], [0.55]),
    ]
    scores = scored(found, [PEOPLE, [PEOPLE[0]], []])
    assert scores.people == 3 and scores.recall == pytest.approx(2 / 3) and scores.precision == pytest.approx(2 / 4)
    # by score: found, wrong, found, wrong, found: precision 1, 2/3, 3/5 at each person
    assert scores.average_precision == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert (scores.empty, scores.disturbed, scores.disturbed_share) == (1, 1, 1.0)


def test_what_there_is_none_of_has_no_score():
    nobody = scored([([], [])], [[]])
    assert np.isnan([nobody.recall, nobody.precision, nobody.average_precision]).all() and nobody.disturbed_share == 0
    missed = scored([([], [])], [PEOPLE])
    assert (missed.recall, missed.average_precision) == (0.0, 0.0) and np.isnan(missed.disturbed_share)
