"""The loss that sums over annotated coordinates."""

import numpy as np

from deephar import losses, objectives


def test_sum_over_annotated_coordinates():
    rng = np.random.default_rng(0)
    true, pred = rng.uniform(0.1, 0.9, (2, 3, 5, 2)).astype("float32"), rng.uniform(size=(2, 3, 5, 2)).astype("float32")
    true[0, 0, :2] = -1e9
    error = np.where(true > -1e6, pred - true, 0)
    expected = (abs(error) + error**2).sum(axis=(-2, -1))  # (2, 3)
    found = np.asarray(objectives.elasticnet_loss_on_valid_joints(true, pred))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    mean = np.asarray(losses.elasticnet_loss_on_valid_joints(true, pred))
    np.testing.assert_allclose(found / mean, [[6, 10, 10], [10, 10, 10]], rtol=1e-5)


def test_coordinates_that_are_zero_or_outside_count_as_well():
    true = np.array([[[0.0, -0.5], [-1e9, -1e9]]], dtype="float32")
    found = objectives.elasticnet_loss_on_valid_joints(true, np.ones_like(true))
    np.testing.assert_allclose(np.asarray(found), [1 + 1 + 1.5 + 1.5**2], rtol=1e-6)
