"""Short gaps are filled on straight lines and marked; long ones, and who is unsure for long, stay as they are."""

import numpy as np
import pytest

from deephar.inference.gaps import GapFiller
from deephar.inference.results import FrameResult, PoseResult

NAMES = ("head", "neck", "knee")


def person(x, number=1, confidence=(0.9, 0.8, 0.7), score=0.6, mm=True):
    points = np.array([[x, 0.0], [x, 10], [x, 20]])
    flat = np.column_stack([points, points[:, 0]]) * 10
    box = (x - 10.0, 0.0, x + 10, 20)
    return PoseResult(points, np.array(confidence), box, NAMES, flat if mm else None, number, score, flat + 3000)


def frames_of(people, fps=20):
    """Frames of a list of lists of people."""
    return [FrameResult(k, k / fps, tuple(some)) for k, some in enumerate(people)]


def filled(frames, gap_s=0.25, least=0.5):
    filler = GapFiller(gap_s, least)
    return [done for frame in frames for done in filler.add(frame)] + filler.finish()


def test_a_short_gap_of_a_person_is_filled_and_marked():
    done = filled(frames_of([[person(0)], [], [], [], [person(40, score=0.8)], [person(50)]]))
    assert [len(frame.people) for frame in done] == [1] * 6 and [frame.index for frame in done] == list(range(6))
    who = [frame.people[0] for frame in done]
    assert [p.filled for p in who] == [False, True, True, True, False, False]
    assert [p.pose_px[1, 0] for p in who] == pytest.approx([0, 10, 20, 30, 40, 50])
    assert [p.pose_mm[2, 2] for p in who] == pytest.approx([0, 100, 200, 300, 400, 500])
    assert who[1].camera_mm[0].tolist() == pytest.approx([3100, 3000, 3100]) and who[1].box == (0, 0, 20, 20)
    assert [p.confidence[0] for p in who] == pytest.approx([0.9, 0.675, 0.45, 0.675, 0.9, 0.9])
    assert [p.score for p in who] == pytest.approx([0.6, 0.45, 0.3, 0.45, 0.8, 0.6])
    assert not any(p.joints_filled for p in who)


def test_a_long_gap_stays_and_nobody_goes_on_after_the_end():
    people = [[person(0)], *([[]] * 5), [person(60)], [], []]
    assert [len(frame.people) for frame in filled(frames_of(people))] == [1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert [len(frame.people) for frame in filled(frames_of(people), gap_s=0.3)] == [1] * 7 + [0, 0]
    assert [len(frame.people) for frame in filled(frames_of(people), gap_s=0.0)] == [1, 0, 0, 0, 0, 0, 1, 0, 0]


def test_an_unsure_joint_lies_between_its_sure_sightings():
    unsure = (0.9, 0.8, 0.1)
    people = [[person(0)], [person(100, confidence=unsure)], [person(200, confidence=unsure)], [person(30)]]
    done = [frame.people[0] for frame in filled(frames_of(people))]
    assert [p.joints_filled for p in done] == [(), ("knee",), ("knee",), ()] and not any(p.filled for p in done)
    assert [p.pose_px[2, 0] for p in done] == pytest.approx([0, 10, 20, 30])
    assert [p.pose_px[0, 0] for p in done] == [0, 100, 200, 30]
    assert done[1].pose_mm[2, 0] == pytest.approx(100) and done[1].pose_mm[0, 0] == 1000
    assert [p.confidence[2] for p in done] == pytest.approx([0.7, 0.7 * 2 / 3, 0.7 * 2 / 3, 0.7])
    long = [[person(0)], *([[person(100, confidence=unsure)]] * 6), [person(30)]]
    assert not any(frame.people[0].joints_filled for frame in filled(frames_of(long)))
    never = filled(frames_of([[person(k, confidence=unsure)] for k in range(4)]))
    assert [frame.people[0].pose_px[2, 0] for frame in never] == [0, 1, 2, 3]  # as predicted


def test_in_a_gap_of_a_person_an_unsure_joint_is_drawn_from_further_off():
    unsure = (0.9, 0.8, 0.1)
    people = [[person(0)], [person(10, confidence=unsure)], [], [person(30)]]
    people[1][0].pose_px[2] = 999
    done = [frame.people[0] for frame in filled(frames_of(people))]
    assert [p.filled for p in done] == [False, False, True, False] and done[1].joints_filled == ("knee",)
    np.testing.assert_allclose([p.pose_px[2] for p in done], [[0, 20], [10, 20], [20, 20], [30, 20]])


def test_a_joint_that_is_not_there_is_one_that_is_unsure():
    people = [[person(0)], [person(100)], [person(20)]]
    people[1][0].pose_px[1] = np.nan
    done = [frame.people[0] for frame in filled(frames_of(people))]
    assert done[1].joints_filled == ("neck",) and done[1].pose_px[1].tolist() == pytest.approx([10, 10])


def test_everyone_has_gaps_of_their_own():
    people = [[person(0), person(0, 2)], [person(10)], [person(200, 2), person(300, 5)], [person(30)]]
    done = filled(frames_of(people))
    assert [[(p.id, p.filled) for p in frame.people] for frame in done] == [
        [(1, False), (2, False)],
        [(1, False), (2, True)],
        [(1, True), (2, False), (5, False)],
        [(1, False)],
    ]


def test_frames_wait_no_longer_than_a_gap():
    filler = GapFiller(0.25, 0.5)
    waits, late = 0, []
    for frame in frames_of([[person(k)] for k in range(200)]):
        waits += 1
        for done in filler.add(frame):
            waits -= 1
            late.append(frame.time_s - done.time_s)
        assert waits <= 6
    assert max(late) == pytest.approx(0.3)  # the first frame that comes later than 0.25 s and 1 ms
    assert GapFiller(0.0, 0.5).add(frames_of([[person(1)]])[0])


def test_coordinates_of_other_kinds_are_another_track():
    done = filled(frames_of([[person(0)], [], [person(20, mm=False)]]))
    assert [len(frame.people) for frame in done] == [1, 0, 1]
