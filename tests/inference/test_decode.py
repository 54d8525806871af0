"""Poses from maps and coordinates: positions worked out by hand, flips taken back, confidences found."""

import dataclasses

import numpy as np
import pytest

from deephar.inference.decode import action_probabilities, average_flip, decode, decode_all
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import pa16j2d, usual_layout

ONE = usual_layout(1, 2)


def signature(*outputs):
    return Signature([InputSpec()], outputs)


def read(peaks, shape=(4, 8), **spec):
    """The decoded (x, y) in cells and the confidence of one map with values at some cells {(row, column): value}."""
    maps = np.zeros((1, *shape, 1))
    for cell, value in peaks.items():
        maps[0][cell] = value
    points, confidence = decode([maps], signature(OutputSpec("heatmaps", layout=ONE, **spec)))
    x, y = points[0, 0] * shape[::-1]
    return pytest.approx((x, y)), confidence[0, 0]


def test_a_peak_is_at_the_centre_of_its_cell():
    assert read({(1, 5): 0.7}) == ((5.5, 1.5), 0.7)


@pytest.mark.parametrize(
    ("neighbour", "position"),
    [((1, 4), (5.25, 1.5)), ((1, 6), (5.75, 1.5)), ((0, 5), (5.5, 1.25)), ((2, 5), (5.5, 1.75))],
)
def test_a_quarter_cell_towards_the_higher_neighbour(neighbour, position):
    assert read({(1, 5): 1.0, neighbour: 1e-6}) == (position, 1.0)


def test_both_axes_shift_at_once():
    assert read({(1, 5): 1.0, (1, 4): 0.1, (2, 5): 0.2, (1, 6): 0.05}) == ((5.25, 1.75), 1.0)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 5), (3, 5), (1, 0), (2, 7)])
def test_a_peak_on_the_border_stays(row, column):
    around = {(r, c): 0.5 for r in range(4) for c in range(8) if 0 < abs(r - row) + abs(c - column) <= 1}
    around.pop(next(iter(around)))  # the sides differ
    assert read({**around, (row, column): 1.0}) == ((column + 0.5, row + 0.5), 1.0)


def test_the_first_of_equal_peaks_and_an_empty_map():
    assert read({(1, 2): 1.0, (2, 5): 1.0}) == ((2.5, 1.5), 1.0)
    assert read({}) == ((0.5, 0.5), 0.0)


def test_confidence_is_the_peak_kept_in_range():
    assert read({(1, 5): 1.3})[1] == 1 and read({(1, 5): 1.3}, decoding="softargmax")[1] == 1


def test_softargmax_is_the_mean_of_what_is_above_zero():
    assert read({(1, 2): 0.25, (2, 4): 0.75, (0, 7): -1.0}, decoding="softargmax") == ((4.0, 2.25), 0.75)


def test_the_background_is_not_read():
    maps = np.zeros((1, 4, 4, 2))
    maps[0, 1, 2, 0], maps[0, 3, 3, 1] = 0.5, 1.0
    points, confidence = decode([maps], signature(OutputSpec("heatmaps", layout=ONE, background=True)))
    assert points.tolist() == [[[2.5 / 4, 1.5 / 4]]] and confidence.tolist() == [[0.5]]


def test_confidence_inside_beside_and_absent():
    pose = np.random.default_rng(0).uniform(0, 1, (2, 16, 2))
    beside = OutputSpec("pose", "b", layout=pa16j2d, has_confidence=False)
    inside = OutputSpec("pose", "a", layout=pa16j2d)
    own = np.concatenate([pose, np.full((2, 16, 1), 0.3)], axis=-1)
    layout = signature(inside, beside, OutputSpec("confidence", "b"), OutputSpec("pose", "c", layout=pa16j2d))
    points, confidence = decode_all([own, pose, np.full((2, 16, 1), 1.7), own], layout)
    np.testing.assert_array_equal(points, [pose] * 3)
    assert [sorted(set(c.ravel())) for c in confidence] == [[0.3], [1.0], [0.3]]
    assert (decode([pose], signature(beside))[1] == 1).all()


def test_no_such_block():
    with pytest.raises(ValueError, match="`block` must be from -1 to 0. Received: 1"):
        decode([None], signature(OutputSpec("heatmaps", layout=ONE)), block=1)
    with pytest.raises(ValueError, match="`block` must be of a network that has such outputs. Received: -1"):
        decode([None], signature(OutputSpec("action", labels=["a"])))


def test_flipped_maps_are_averaged_as_maps():
    spec = OutputSpec("heatmaps", layout=pa16j2d, background=True)
    maps = np.random.default_rng(0).uniform(0, 1, (2, 4, 6, 17))
    flipped = maps[:, :, ::-1, [*pa16j2d.map_hflip, 16]]
    np.testing.assert_allclose(average_flip([maps], [flipped], signature(spec))[0], maps)
    plain = average_flip([maps], [np.zeros_like(maps)], signature(spec))[0]
    np.testing.assert_allclose(plain, maps / 2)


def test_a_right_wrist_on_flipped_frames_is_the_left_one():
    right, left = (pa16j2d.joint_names.index(f"{side}_wrist") for side in "rl")
    pose = np.full((1, 16, 3), 0.5)
    pose[0, right] = (0.2, 0.6, 1.0)
    other = np.full((1, 16, 3), 0.5)
    other[0, left] = (0.6, 0.4, 0.0)  # 0.4 on the frames as they are
    mean = average_flip([pose], [other], signature(OutputSpec("pose", layout=pa16j2d)))[0]
    np.testing.assert_allclose(mean[0, right], (0.3, 0.5, 0.5))


def test_confidences_follow_the_layout_of_their_pose():
    pair = dataclasses.replace(usual_layout(2, 2), map_hflip=[1, 0])
    layout = signature(
        OutputSpec("pose", "a", layout=pa16j2d, has_confidence=False),
        OutputSpec("confidence", "a"),
        OutputSpec("pose", "b", layout=pair, has_confidence=False),
    )
    y = np.arange(16.0).reshape(1, 16, 1)
    outputs = [np.zeros((1, 16, 2)), y, np.zeros((1, 2, 2))]
    flipped = [np.ones((1, 16, 2)) * (1, 0), y[:, pa16j2d.map_hflip], np.ones((1, 2, 2)) * (1, 0)]
    np.testing.assert_array_equal(average_flip(outputs, flipped, layout)[1], y)


def test_a_layout_without_sides_cannot_be_flipped():
    maps = np.zeros((1, 4, 4, 1))
    with pytest.raises(ValueError, match="`flip` needs a joint layout .* Received: 'joints1_2d'"):
        average_flip([maps], [maps], signature(OutputSpec("heatmaps", layout=ONE)))


def test_features_and_actions():
    layout = signature(OutputSpec("features"), OutputSpec("action", labels=("a", "b")))
    mean = average_flip([np.ones(3), np.array([0.2, 0.8])], [np.zeros(3), np.array([0.6, 0.4])], layout)
    assert mean[0].tolist() == [1, 1, 1] and mean[1] == pytest.approx([0.4, 0.6])


def test_an_action_that_was_never_trained_is_no_answer():
    masked = OutputSpec("action", labels=("a", None, "c"))
    found = action_probabilities(np.array([[0.2, 0.7, 0.1], [0.0, 1.0, 0.0]]), masked)
    np.testing.assert_allclose(found, [[2 / 3, 0, 1 / 3], [0.5, 0, 0.5]])
    plain = np.array([0.25, 0.75])
    np.testing.assert_array_equal(action_probabilities(plain, OutputSpec("action", labels=("a", "b"))), plain)
    with pytest.raises(ValueError, match="`labels` must be a list of names"):
        OutputSpec("action", labels=(None, None))


def test_logits_become_probabilities():
    spec = OutputSpec("action", labels=("a", None, "c"), logits=True)
    found = action_probabilities(np.array([1000.0, 2000.0, 1000.0 + np.log(3)]), spec)
    np.testing.assert_allclose(found, [0.25, 0, 0.75])
