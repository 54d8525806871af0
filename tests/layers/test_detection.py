"""The loss of a detector: by hand on small maps, lowest where they are right, also where nobody is."""

import keras
import numpy as np
import pytest

from deephar.layers.detection import DetectionLoss, overlap, people_gaussians

SIZE = (12, 16)
PEOPLE = np.array([[[2, 2, 6, 10], [9, 1, 15, 7], [0, 0, 0, 0]], np.zeros((3, 4))], "float32")  # in cells
BOXES = PEOPLE / np.tile(SIZE[::-1], 2).astype("float32")


def perfect(score=1 - 1e-6):
    """Maps that say where the two people of the first sample are."""
    maps = np.zeros((2, *SIZE, 5), "float32")
    rows, columns = (np.arange(n) + 0.5 for n in SIZE)
    for x1, y1, x2, y2 in PEOPLE[0, :2]:
        near = np.s_[0, int(y1) : int(y2), int(x1) : int(x2)]
        x, y = columns[int(x1) : int(x2)], rows[int(y1) : int(y2), None]
        maps[near][..., 1], maps[near][..., 2], maps[near][..., 3], maps[near][..., 4] = x - x1, y - y1, x2 - x, y2 - y
        maps[0, int((y1 + y2) / 2), int((x1 + x2) / 2), 0] = score
    return maps


def test_gaussians_are_as_wide_as_the_boxes_and_1_in_the_middle():
    found = keras.ops.convert_to_numpy(people_gaussians(keras.ops.convert_to_tensor(PEOPLE), 12, 16))
    assert found.shape == (2, 3, *SIZE) and not found[1].any() and not found[0, 2].any()
    assert [np.unravel_index(found[0, k].argmax(), SIZE) for k in range(2)] == [(6, 4), (4, 12)]
    assert found[0, :2].max() == 1
    assert found[0, 0, 7, 4] == pytest.approx(np.exp(-0.5 / 0.8**2))
    assert found[0, 0, 6, 5] == pytest.approx(np.exp(-0.5 / 0.6**2))


def test_overlap_is_the_generalized_one():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [4, 0, 6, 2]], "float32").T
    a = tuple(keras.ops.convert_to_tensor(k) for k in boxes[:, [0, 0, 0]])
    b = tuple(keras.ops.convert_to_tensor(k) for k in boxes)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(overlap(a, b)), [1, 1 / 7 - 2 / 9, -4 / 12], atol=1e-5)


def loss_of(maps, **options):
    return keras.ops.convert_to_numpy(DetectionLoss(**options)(keras.ops.convert_to_tensor(BOXES), maps))


def test_right_maps_cost_nothing_and_every_fault_costs():
    right = perfect()
    assert loss_of(right).shape == (2,)
    np.testing.assert_allclose(loss_of(right), 0, atol=1e-3)
    missed, invented, wrong_box = right.copy(), right.copy(), right.copy()
    missed[0, 6, 4, 0] = 0.1
    invented[1, 3, 3, 0] = 0.9
    wrong_box[0, ..., 1] *= 2
    np.testing.assert_allclose(loss_of(missed)[0], 0.9**2 * -np.log(0.1) / 2, rtol=1e-3)
    np.testing.assert_allclose(loss_of(invented), [0, 0.9**2 * -np.log(0.1)], atol=1e-3)
    assert loss_of(wrong_box)[0] > 0.1 and loss_of(wrong_box, box_weight=0.0)[0] < 1e-3
    near = right.copy()
    near[0, 7, 4, 0] = 0.5  # beside the middle of somebody a score costs little
    assert 0 < loss_of(near)[0] < 0.05 * loss_of(invented)[1]


def test_it_comes_back_from_its_config():
    loss = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(DetectionLoss(3.0)))
    assert isinstance(loss, DetectionLoss) and loss.box_weight == 3
