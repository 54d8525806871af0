"""Boxes of people from a detector's maps: decoded by hand, in frame pixels, frames of any sizes; what is refused."""

import keras
import numpy as np
import pytest

from deephar.inference.detector import NamedDetector, PersonDetector, apart, decode_boxes, named_detector, overlaps
from deephar.models import detector, hourglass


def maps_of(people, size=(16, 24)):
    """Maps (H, W, 5) of people as (row, column, score, left, up, right, down) in cells."""
    maps = np.zeros((*size, 5))
    for row, column, *values in people:
        maps[row, column] = values
    return maps


def test_boxes_are_those_of_the_peaks():
    people = [(4, 6, 0.5, 2, 3, 1, 4), (10, 20, 0.9, 1.5, 1, 1, 2.5), (1, 1, 0.2, 1, 1, 1, 1)]
    boxes, scores = decode_boxes(maps_of(people)[None], stride=4)[0]
    assert scores.tolist() == [0.9, 0.5]
    np.testing.assert_allclose(boxes, [[4 * 19, 4 * 9.5, 4 * 21.5, 4 * 13], [4 * 4.5, 4 * 1.5, 4 * 7.5, 4 * 8.5]])
    assert len(decode_boxes(maps_of(people)[None], least_score=0.1)[0][0]) == 3
    (boxes, scores), other = decode_boxes(np.stack([maps_of([]), maps_of(people)]))
    assert boxes.shape == (0, 4) and scores.shape == (0,) and len(other[0]) == 2


def test_the_cells_around_a_peak_count_by_their_scores():
    around = [(0, 6, 0.6, 2, 0.5, 2, 3), (1, 7, 0.3, 5, 2, 3, 2), (0, 8, 0.25, 9, 9, 9, 9)]  # the last is no neighbour
    (box,), scores = decode_boxes(maps_of(around)[None], stride=1)[0]
    assert scores.tolist() == [0.6]
    peak, other = np.array([4.5, 0, 8.5, 3.5]), np.array([2.5, -0.5, 10.5, 3.5])
    np.testing.assert_allclose(box, (0.6 * peak + 0.3 * other) / 0.9)


def test_of_boxes_that_overlap_the_best_stays():
    people = [(4, 6, 0.5, 3, 3, 3, 3), (4, 8, 0.8, 5, 3, 1.5, 3), (4, 16, 0.7, 3, 3, 3, 3)]
    assert decode_boxes(maps_of(people)[None])[0][1].tolist() == [0.8, 0.7]
    assert len(decode_boxes(maps_of(people)[None], most_overlap=1.0)[0][0]) == 3


def test_overlaps():
    boxes = [[0, 0, 2, 2], [1, 1, 3, 3], [2, 2, 4, 4], [5, 5, 5, 9]]
    np.testing.assert_allclose(overlaps(boxes[:1], boxes), [[1, 1 / 7, 0, 0]])
    assert overlaps(np.zeros((0, 4)), boxes).shape == (0, 4)
    assert apart(np.array([[0, 0, 2, 2], [0, 0, 2, 1.9], [0, 0, 1, 1]], float), 0.5) == [0, 2]


class Fixed(keras.Model):
    """A network that always gives the same maps."""

    def __init__(self, maps):
        super().__init__()
        self.signature, self.maps = detector.build((64, 64, 3), filters=4).signature, maps

    def predict_on_batch(self, x):
        self.seen = x
        return np.repeat(self.maps[None], len(x), axis=0)


def test_boxes_come_in_pixels_of_frames_of_any_size():
    network = Fixed(maps_of([(8, 8, 0.9, 4, 2, 4, 2)], (16, 16)))  # of 64 px: x 18 to 50, y 26 to 42
    frames = [np.full((90, 180, 3), 255, np.uint8), np.full((128, 64, 3), 255, np.uint8)]
    (wide, score), (tall, _) = PersonDetector(network, batch_size=2)(frames)
    np.testing.assert_allclose(wide, [[18 * 180 / 64, (26 - 16) * 180 / 64, 50 * 180 / 64, (42 - 16) * 180 / 64]])
    np.testing.assert_allclose(tall, [[(18 - 16) * 2, 52, 64, 84]])  # cut at the frame's side
    assert score.tolist() == [0.9]
    np.testing.assert_allclose(network.seen[0, [2, 32, 61], 32, 0], [114 / 255, 1, 114 / 255], atol=0.01)
    np.testing.assert_allclose(network.seen[1, 32, [2, 32, 61], 0], [114 / 255, 1, 114 / 255], atol=0.01)


def test_people_outside_of_the_frame_are_nobody():
    network = Fixed(maps_of([(1, 8, 0.9, 2, 1, 2, 1)], (16, 16)))  # in the padding over a wide frame
    assert len(PersonDetector(network)([np.zeros((32, 64, 3), np.uint8)])[0][0]) == 0
    assert PersonDetector(network)([]) == []


def test_a_free_network_sees_320_px_and_a_pose_network_is_refused():
    keras.utils.set_random_seed(0)
    found = PersonDetector(detector.build((None, None, 3), filters=4), least_score=0.0, batch_size=1)
    assert found.signature.frame.size == (320, 320)
    (boxes, scores), *_ = found([np.random.default_rng(0).integers(0, 256, (50, 40, 3)).astype(np.uint8)])
    assert len(boxes) == len(scores) > 0 and (boxes >= 0).all() and (boxes <= [40, 50, 40, 50]).all()
    with pytest.raises(ValueError, match=r"`model` must have an output of boxes.*Received: \['heatmaps'\]"):
        PersonDetector(hourglass.build((64, 64, 3), num_stacks=1, filters=4))


def test_detectors_by_name(monkeypatch):
    from deephar.models.signature import signature_of

    person = signature_of(hourglass.build((64, 64, 3), num_stacks=1, filters=4))
    whole = person.replace(crop="whole")
    assert [named_detector(k, person).function for k in (None, "none")] == [None, None]
    monkeypatch.setattr("deephar.inference.detector.DEFAULT_DETECTOR", "mine")
    assert named_detector("auto", whole) == named_detector("none") and named_detector("auto", person).name == "mine"

    def mine(frames):
        return []

    assert named_detector(mine) == NamedDetector("mine", mine)
    with pytest.raises(ValueError, match="`detector` must be auto, none, dfine .* Received: int"):
        named_detector(3)
    with pytest.raises(ValueError, match="`detector` must be a file or one of .* Received: 'peopel'"):
        named_detector("peopel").function([])
