"""People of several videos followed at once: looked for, followed, lost, found again."""

import numpy as np
import pytest

from deephar.inference.tracks import see_next

WHOLE = (0.0, 0.0, 160.0, 120.0)


class SpotNetwork:
    """Sees a bright spot: four joints around it, sure if it is in the box, unsure otherwise."""

    batch_size = 4
    detect = None

    def __init__(self):
        self.calls = []

    def poses_each(self, frames, boxes):
        self.calls.append([tuple(map(float, box)) for box in boxes])
        points, confidence = np.zeros((len(frames), 4, 2)), np.zeros((len(frames), 4))
        for k, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
            rows, columns = np.nonzero(frame[..., 0])
            if len(rows):
                x, y = columns.mean(), rows.mean()
                points[k] = [x, y] + 20 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
                confidence[k] = 0.9 if box[0] <= x <= box[2] and box[1] <= y <= box[3] else 0.1
        return points, confidence


def spot(x=None, y=60, size=(160, 120)):
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    if x is not None:
        frame[y - 1 : y + 2, x - 1 : x + 2] = 255
    return frame


def test_a_person_is_looked_for_and_then_followed():
    network = SpotNetwork()
    points, confidence, boxes = see_next(network, [spot(40), spot(100, size=(200, 120))], [None, None])
    assert network.calls[0] == [WHOLE, (0, 0, 200, 120)] and len(network.calls) == 3  # two looks, then the poses
    np.testing.assert_allclose(points.mean(axis=1), [[40, 60], [100, 60]])
    assert (confidence == 0.9).all() and boxes[0] == pytest.approx((16, 36, 64, 84))
    points, _, moved = see_next(network, [spot(50), spot(110, size=(200, 120))], boxes)
    assert network.calls[3:] == [boxes]  # one pass, in the boxes of the frames before
    assert moved[0] == pytest.approx((26, 36, 74, 84)) and points[1].mean(axis=0) == pytest.approx((110, 60))


def test_who_is_lost_is_looked_for_again_alone():
    network = SpotNetwork()
    *_, boxes = see_next(network, [spot(40), spot(40)], [None, None])
    network.calls.clear()
    points, confidence, found = see_next(network, [spot(45), spot(120)], boxes)
    assert network.calls[:2] == [boxes, [WHOLE]] and {len(call) for call in network.calls[1:]} == {1}
    np.testing.assert_allclose(points.mean(axis=1), [[45, 60], [120, 60]])
    assert (confidence == 0.9).all() and found[1] == pytest.approx((96, 36, 144, 84))


def test_where_nobody_is_nobody_is_found():
    network = SpotNetwork()
    _, confidence, boxes = see_next(network, [spot(), spot(40)], [None, None])
    assert (confidence[0] < 0.25).all() and boxes[0] is None and boxes[1] is not None
    network.calls.clear()
    see_next(network, [spot(), spot()], boxes)
    assert sum(map(len, network.calls)) == 5  # a look for both and a pass for both, and one more for the second


def test_a_detector_finds_who_is_not_known():
    network = SpotNetwork()
    found = [(np.array([[90.0, 40, 110, 80]]), np.array([0.8])), (np.array([[0.0, 0, 9, 9]]), np.array([0.1]))]
    network.detect = lambda frames: found[: len(frames)]
    points, *_ = see_next(network, [spot(100), spot(40)], [None, None])
    assert network.calls[-1][0] == pytest.approx((88, 36, 112, 84)) and network.calls[0] == [WHOLE]
    np.testing.assert_allclose(points.mean(axis=1), [[100, 60], [40, 60]])
