"""Ids of people from look to look: crossing, missed, lost, found again, too many, named by the source."""

import numpy as np
import pytest

from deephar.inference.tracking import Seen, Tracker, assign, pose_similarity, unique

SIDE = np.array([-10.0, -20, 10, 20])


def seen(x, y=50.0, score=0.9, pose=True, shape=1.0, **more):
    """A person around (x, y), 20 x 40 px, whose joints lie on a line of their own slope."""
    line = np.linspace(-1, 1, 5)
    points = np.stack([x + 10 * line, y + 20 * shape * line], axis=1)
    return Seen(np.array([x, y, x, y]) + SIDE, points if pose else None, np.ones(5) if pose else None, score, **more)


def follow(tracker, times, looks):
    """{id: x of the sightings} of the looks, each a list of people."""
    found = {}
    for time, people in zip(times, looks, strict=True):
        for track, person in tracker.update(time, people)[0]:
            found.setdefault(track, []).append(float(person.extent[0] + 10))
    tracker.end()
    return {track.id: places for track, places in found.items()}


def test_two_who_stand_side_by_side_keep_their_ids_whatever_the_order():
    looks = [[seen(30 + k), seen(60 - k)][:: 1 - 2 * (k % 2)] for k in range(6)]
    found = follow(Tracker(), 0.1 * np.arange(6), looks)
    assert sorted(found) == [1, 2] and {tuple(v) for v in found.values()} == {
        tuple(30.0 + k for k in range(6)),
        tuple(60.0 - k for k in range(6)),
    }


def test_poses_tell_apart_whose_boxes_are_the_same():
    looks = [[seen(30, shape=1.0), seen(32, shape=-1.0)], [seen(32, shape=1.0), seen(30, shape=-1.0)]]
    tracker = Tracker()
    follow(tracker, [0, 0.1], looks)
    assert {track.id: track.last.points[0, 1] for track in tracker.tracks} == {1: 30.0, 2: 70.0}


def test_who_is_missed_for_a_moment_goes_on_and_who_is_away_longer_is_lost():
    tracker = Tracker(lost_s=0.5, found_s=2.0)
    for time in (0.0, 0.1, 0.2):
        tracker.update(time, [seen(30)])
    assert tracker.update(0.5, []) == ([], [])
    ((track, _),), gone = tracker.update(0.6, [seen(31)])
    assert track.id == 1 and not gone
    tracker.update(1.0, [])
    assert [t.id for t in tracker.update(1.2, [])[1]] == [1] and not tracker.tracks
    ((again, _),), _ = tracker.update(2.0, [seen(32)])
    assert again.id == 1 and again is not track and again.looks == 1
    tracker.update(2.7, [])
    ((other, _),), _ = tracker.update(9.0, [seen(32)])
    assert other.id is None  # until the second sighting
    tracker.update(9.1, [seen(32)])
    assert other.id == 2


def test_a_slow_video_loses_nobody_between_two_looks():
    assert follow(Tracker(lost_s=0.5), [0.0, 2.0, 4.0], [[seen(30)], [seen(31)], [seen(32)]]) == {1: [30, 31, 32]}


def test_a_single_sighting_is_nobody_unless_it_is_the_last_look():
    tracker = Tracker(lost_s=0.2)
    tracker.update(0.0, [seen(30)])
    _, gone = tracker.update(0.3, [seen(200)])
    assert [t.id for t in gone] == [None]
    assert [t.id for t in tracker.end()] == [1]


def test_low_scores_go_on_but_do_not_begin():
    tracker = Tracker(least_new=0.3)
    assert tracker.update(0.0, [seen(30, score=0.2)]) == ([], [])
    assert len(tracker.update(0.1, [seen(30, score=0.3)])[0]) == 1
    assert len(tracker.update(0.2, [seen(31, score=0.1)])[0]) == 1


def test_the_number_of_people_is_limited():
    tracker = Tracker(most=1)
    people = [seen(30), seen(90)]
    assert [s.extent[0] for _, s in tracker.update(0.0, people)[0]] == [20.0]
    assert [s.extent[0] for _, s in tracker.update(0.1, people[::-1])[0]] == [20.0]
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"`people` must be at least 1. Received: {wrong}"):
            Tracker(most=wrong)
    with pytest.raises(ValueError, match="`lost_s` must be from 0 to `found_s`"):
        Tracker(lost_s=9.0)


def test_ids_of_the_source_are_kept():
    looks = [[seen(30, id=7), seen(60, id=9)], [seen(60, id=7), seen(30, id=9)]]
    assert follow(Tracker(), [0, 0.1], looks) == {7: [30, 60], 9: [60, 30]}


def test_two_boxes_on_one_pose_are_one_person():
    people = [seen(30, score=0.5), seen(31, score=0.8), seen(30, score=0.7, shape=-1.0)]
    assert [s.score for s in unique(people)] == [0.8, 0.7]
    assert pose_similarity(seen(30), seen(30)) == pytest.approx(1) and pose_similarity(seen(30), seen(300)) < 1e-3
    assert pose_similarity(seen(30), seen(30, pose=False)) == 0


def test_pairs_of_the_largest_sum():
    assert sorted(assign([[0.9, 0.8], [0.85, 0.1]])) == [(0, 1), (1, 0)]
    assert assign([[0.1, 0.0]]) == [] and assign(np.zeros((0, 3))) == []
