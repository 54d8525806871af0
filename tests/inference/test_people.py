"""Everyone in a stream: frames come back in order with those who are there, whoever comes, goes or is missed."""

from types import SimpleNamespace

import numpy as np
import pytest

from deephar.inference.finders import PRESENT, Detected, Followed, Given, check_detected
from deephar.inference.given_boxes import GivenBox, GivenBoxes
from deephar.inference.people import PeopleStream
from deephar.inference.results import PoseResult
from deephar.inference.tracking import Tracker

SIZE = (240, 60)
NAMES = tuple("abcd")
CORNERS = np.array([[-8.0, -20], [8, -20], [8, 20], [-8, 20]])


class SpotNetwork:
    """Sees the bright columns of a frame as people: four joints around the brightest one in the box."""

    labels, calibrated = ("jump", "dig"), False
    batch_size, detect = 16, None

    def __init__(self, num_frames=4):
        self.signature, self.passes = SimpleNamespace(num_frames=num_frames), []

    def poses_each(self, frames, boxes):
        points, confidence = np.zeros((len(frames), 4, 2)), np.full((len(frames), 4), 0.05)
        for k, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
            line = frame[0, :, 0].astype(int) * (np.abs(np.arange(SIZE[0]) - (box[0] + box[2]) / 2) < 40)
            points[k] = [line.argmax() + 0.5, 30] + CORNERS
            confidence[k] = 0.9 if line.max() else 0.05
        return points, confidence

    def locate(self, frame, box, rounds):
        return box

    def clips(self, clips, boxes):
        self.passes.append(len(clips))
        found = [self.poses_each(clip, [box] * len(clip)) for clip, box in zip(clips, boxes, strict=True)]
        scores = np.array([[0.8, 0.2] if box[0] < 100 else [0.1, 0.9] for box in boxes])
        return np.stack([p for p, _ in found]), np.stack([c for _, c in found]), scores


def frame_of(*places):
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for place in places:
        frame[:, place] = 200
    return frame


def detect(frames):
    """Boxes around the bright columns."""
    found = []
    for frame in frames:
        places = np.flatnonzero(frame[0, :, 0])
        boxes = np.array([[x - 8, 10, x + 8, 50] for x in places], float).reshape(-1, 4)
        found.append((boxes, np.full(len(boxes), 0.9)))
    return found


def person(points, confidence, box, number, score):
    return PoseResult(points, confidence, box, NAMES, id=number, score=score)


def run(places, finder=None, network=None, step=0.1, looks=1, fps=25, **tracker):
    """Frames with people at some places, predicted; (results, clips, most frames that waited)."""
    network = network or SpotNetwork()
    finder = finder or Detected(network, detect)
    stream = PeopleStream(network, finder, Tracker(**tracker), person, step, False, looks)
    done, waiting = [], 0
    for k, some in enumerate(places):
        for result, pixels in stream.add(frame_of(*some), k / fps):
            assert np.array_equal(pixels, frame_of(*places[result.index]))
            done.append(result)
        waiting = max(waiting, stream.waiting)
    done += [result for result, _ in stream.finish()]
    assert [r.index for r in done] == list(range(len(places))) and stream.waiting == 0
    return done, stream.new_clips, waiting


def ids(done):
    return [tuple(p.id for p in frame.people) for frame in done]


@pytest.mark.parametrize("looks", [1, 8])
@pytest.mark.parametrize("num_frames", [4, None])
def test_everyone_gets_a_pose_in_every_frame_and_an_own_action(looks, num_frames):
    places = [(40 + k // 2, 180 - k // 2) for k in range(60)]
    done, clips, _ = run(places, network=SpotNetwork(num_frames), looks=looks)
    assert ids(done) == [(1, 2)] * 60
    for frame, true in zip(done, places, strict=True):
        centres = sorted(p.pose_px[:, 0].mean() for p in frame.people)
        np.testing.assert_allclose(centres, np.array(true) + 0.5, atol=1e-9)
        assert all(p.score == 0.9 for p in frame.people)
    if num_frames:
        left = next(p.id for p in done[0].people if p.pose_px[:, 0].mean() < 100)
        assert {number for number, _ in clips} == {1, 2}
        assert all((scores.name == "jump") == (number == left) for number, scores in clips)


def test_windows_of_several_people_share_a_pass():
    network = SpotNetwork()
    run([(40, 180)] * 20, network=network)
    assert max(network.passes) % 2 == 0 and max(network.passes) >= 4


def test_nobody_is_nobody_and_nothing_waits():
    done, clips, waiting = run([()] * 100)
    assert ids(done) == [()] * 100 and not clips and waiting <= 3


def test_who_comes_later_and_leaves_is_there_in_between():
    places = [(40, 180) if 20 <= k < 45 else (40,) for k in range(80)]
    done, *_ = run(places)
    there = [k for k, some in enumerate(ids(done)) if 2 in some]
    assert all(1 in some for some in ids(done))
    assert 20 <= there[0] <= 23 and 40 <= there[-1] < 45 and len(there) == there[-1] - there[0] + 1


def test_nobody_in_the_middle_and_the_same_id_afterwards():
    places = [(40,) if not 30 <= k < 80 else () for k in range(120)]
    done, clips, _ = run(places)
    found = ids(done)
    assert all(some == (1,) for some in found[:25]) and all(some == () for some in found[30:80])
    assert all(some == (1,) for some in found[85:])
    assert not any(scores.first_frame < 40 < scores.last_frame for _, scores in clips)
    assert {2} == {p.id for f in run(places, found_s=1.0)[0][85:] for p in f.people}


def test_a_look_that_misses_somebody_is_bridged():
    def blinking(frames):
        return [(np.zeros((0, 4)), np.zeros(0)) if (f[0, 0] > 0).any() else detect([f])[0] for f in frames]

    network, places = SpotNetwork(), [(40, 0) if k % 5 == 0 else (40,) for k in range(60)]
    done, *_ = run(places, Detected(network, lambda frames: blinking(frames)), network, fps=50)
    assert [1 in some for some in ids(done)].count(False) <= 3  # the first look misses


def test_a_flash_is_nobody():
    network = SpotNetwork()
    calls = iter(range(1000))

    def once(frames):
        return [detect([f])[0] if next(calls) == 3 else (np.zeros((0, 4)), np.zeros(0)) for f in frames]

    done, *_ = run([(40,)] * 60, Detected(network, once), network)
    assert ids(done) == [()] * 60


def test_only_so_many_people():
    done, *_ = run([(40, 180)] * 30, most=1)
    assert ids(done) == [(1,)] * 30


def test_boxes_of_a_file_with_ids_are_kept_as_they_are():
    boxes = {k: (GivenBox((30.0 + k, 10, 60 + k, 50), 0.7, 5),) for k in range(0, 41, 10)}
    done, *_ = run([(45 + k,) for k in range(50)], Given(GivenBoxes("b.csv", boxes, {})))
    assert ids(done) == [(5,)] * 41 + [()] * 9
    assert all(f.people[0].score == 0.7 and f.people[0].box[1::2] == (10, 50) for f in done[:41])


def test_one_person_is_in_every_frame_when_nobody_looks_for_people():
    network = SpotNetwork()
    done, *_ = run([(40,) if k < 30 else () for k in range(60)], Followed(network), network)
    assert ids(done) == [(1,)] * 60 and done[0].people[0].score is None
    kept, *_ = run([(40,)] * 20, Followed(network, 0, (20, 10, 60, 50)), network)
    assert {f.people[0].box for f in kept} == {(20, 10, 60, 50)}


def test_memory_does_not_grow():
    waits = [run([(40, 180)] * number)[2] for number in (60, 240)]
    assert waits[0] == waits[1] < 40


def test_a_slow_video_of_a_long_step():
    done, clips, _ = run([(40,)] * 12, fps=1)
    assert ids(done) == [(1,)] * 12 and clips[-1][1].last_frame == 11


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "NoneType for 1 frames"),
        ([], "0 entries for 1 frames"),
        ([(np.zeros((2, 4)), np.zeros(1))], "boxes (2, 4), scores (1,)"),
        ([(np.full((1, 4), np.nan), np.ones(1))], "all finite"),
        ([("boxes", "scores")], "Received"),
    ],
)
def test_detectors_of_users_are_checked(found, words):
    with pytest.raises(ValueError, match="`detector` must return a list") as caught:
        check_detected(found, 1)
    assert words in str(caught.value)


class Doubtful(SpotNetwork):
    """Believes only what it sees in boxes of at least a width, and says with which probability it is right."""

    calibrated = True

    def __init__(self, width):
        super().__init__()
        self.width, self.widths = width, []

    def poses_each(self, frames, boxes):
        points, _ = super().poses_each(frames, boxes)
        self.widths += [box[2] - box[0] for box in boxes]
        sure = [0.81 if box[2] - box[0] >= self.width else 0.09 for box in boxes]
        return points, np.repeat(np.array(sure)[:, None], 4, axis=1)


def test_a_doubtful_pose_is_looked_for_in_larger_boxes_and_has_a_say_in_the_score():
    def one(frames):
        return [(np.array([[72.0, 20, 88, 36]]), np.array([0.49])) for _ in frames]

    frame, sure = frame_of(80), Doubtful(0)
    (seen,) = Detected(sure, one).people([frame])[0]
    assert len(sure.widths) == 1 and seen.score == pytest.approx(np.sqrt(0.49 * 0.81))
    width = sure.widths[0]
    (seen,) = Detected(Doubtful(1.2 * width), one).people([frame])[0]
    assert seen.score == pytest.approx(np.sqrt(0.49 * 0.81)) and seen.confidence.tolist() == [0.81] * 4
    nobody = Doubtful(1e6)
    (seen,) = Detected(nobody, one).people([frame])[0]
    assert seen.score == pytest.approx(np.sqrt(0.49 * 0.09)) and seen.score < Detected(nobody, one).least_score
    assert np.diff(nobody.widths).min() > 0 and len(nobody.widths) == 3
    assert Detected(nobody, one, rounds=0).people([frame])[0][0].score == 0.49


def test_a_box_that_no_pose_could_make_a_person_is_not_looked_at():
    def several(frames):
        return [(np.array([[72.0, 20, 88, 36]] * 3), np.array([0.1, PRESENT**2, 0.9 * PRESENT**2])) for _ in frames]

    sure = Doubtful(0)
    (seen,) = Detected(sure, several).people([frame_of(80)])[0]
    assert len(sure.widths) == 1 and seen.score == pytest.approx(PRESENT * 0.9)
    sure.calibrated = False
    assert len(Detected(sure, several).people([frame_of(80)])[0]) == 1 and len(sure.widths) == 1 + 3


def test_where_no_pose_is_believed_the_detectors_own_box_stays():
    class Astray(Doubtful):
        def poses_each(self, frames, boxes):
            points, confidence = super().poses_each(frames, boxes)
            return points + 1000, confidence * [[k + 1] for k in range(len(boxes))] * len(self.widths)

    def one(frames):
        return [(np.array([[72.0, 20, 88, 36]]), np.array([0.49])) for _ in frames]

    network = Astray(1e6)
    (seen,) = Detected(network, one).people([frame_of(80)])[0]
    assert len(network.widths) == 3 and seen.confidence[0] == pytest.approx(3 * 0.09)
    assert seen.extent.tolist() == [72, 20, 88, 36]
