"""Losses against the reference, and what they must leave out."""

import keras
import numpy as np
import pytest

from deephar.inference.decode import decode
from deephar.layers import losses
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import usual_layout


@pytest.fixture(scope="module")
def functions(reference):
    return np.load(reference / "functions_s0.npz")


@pytest.mark.parametrize("kind", ["image", "clip"])
@pytest.mark.parametrize("name", losses.POSE_LOSSES)
def test_pose_loss_agrees_with_the_reference(functions, name, kind):
    prefix = f"loss/{name}/{kind}"
    ours = losses.pose_regression_loss(name, 0.01)(functions[f"{prefix}/in0"], functions[f"{prefix}/in1"])
    ours = keras.ops.convert_to_numpy(ours)
    assert ours.shape == functions[f"{prefix}/out0"].shape
    np.testing.assert_allclose(ours, functions[f"{prefix}/out0"], rtol=1e-3)


def test_absent_joints_have_no_gradient():
    true = np.random.default_rng(0).uniform(0.1, 0.9, (2, 5, 4)).astype("float32")
    true[:, 1, :3] = -1e9
    true[:, 2, 2] = -1e9  # a 2D label among 3D ones
    layer = keras.layers.Dense(4, kernel_initializer="identity")
    model = keras.Sequential([keras.Input((5, 4)), layer])
    start = np.random.default_rng(1).uniform(0.1, 0.9, (2, 5, 4)).astype("float32")
    loss = losses.pose_regression_loss("l1l2bincross", 0.01)
    far = start.copy()
    far[:, 1, :3] = 0.5
    far[:, 2, 2] = 0.5
    first, second = (keras.ops.convert_to_numpy(loss(true, p)) for p in (start, far))
    np.testing.assert_allclose(first, second, rtol=1e-6)
    model.compile("sgd", loss=loss)
    model.train_on_batch(start, true)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_sample_without_any_joint_gives_a_finite_loss():
    true = np.full((1, 4, 3), -1e9, "float32")
    true[..., -1] = 0
    value = losses.pose_regression_loss("l1l2bincross", 0.01)(true, np.full((1, 4, 3), 0.3, "float32"))
    assert np.isfinite(keras.ops.convert_to_numpy(value)).all()


def test_loss_survives_saving_and_loading():
    loss = losses.pose_regression_loss("l1l2", 0.02)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == {"pose_loss": "l1l2", "visibility_weight": 0.02}


def test_wrong_name_and_shape_are_refused():
    with pytest.raises(ValueError, match="`pose_loss` must be one of l1, l2, l1l2, l1l2bincross. Received: 'l3'"):
        losses.pose_regression_loss("l3", 0.01)
    with pytest.raises(ValueError, match="`y_true` and `y_pred`.*Received: shapes"):
        losses.pose_regression_loss("l1", 0.01)(np.zeros((2, 3), "f"), np.zeros((2, 3), "f"))


def maps_of(poses, size, **options):
    poses = np.asarray(poses, np.float32)
    return keras.ops.convert_to_numpy(losses.gaussian_heatmaps(poses, size, **options))


def test_the_patch_is_that_of_torch():
    maps = maps_of([[[0.53, 0.47, 1.0]]], (20, 20), sigma_px=1.75, patch=7)[0, ..., 0]  # centre in cell (9, 10)
    row = [0.230066, 0.520450, 0.849366, 1.0, 0.849366, 0.520450, 0.230066]
    np.testing.assert_allclose(maps[9, 7:14], row, atol=1e-6)
    np.testing.assert_allclose(maps[6:13, 10], row, atol=1e-6)
    np.testing.assert_allclose(maps[6:13, 7:14], np.outer(row, row), atol=1e-6)
    assert maps.sum() == pytest.approx(np.sum(row) ** 2, rel=1e-5)  # nothing outside of it


def test_a_patch_at_the_border_is_cut():
    maps = maps_of([[[0.01, 0.99, 1.0]]], (20, 20), sigma_px=1.75, patch=7)[0, ..., 0]
    assert np.argwhere(maps).min(axis=0).tolist() == [16, 0] and np.argwhere(maps).max(axis=0).tolist() == [19, 3]
    assert maps[19, 0] == 1


def test_a_gaussian_without_a_patch_keeps_its_place_between_cells():
    maps = maps_of([[[0.5, 0.25, 1.0]]], (8, 16), sigma_px=2.0)[0, ..., 0]  # cell (1.5, 7.5)
    rows, columns = np.mgrid[:8, :16]
    expected = np.exp(-((rows - 1.5) ** 2 + (columns - 7.5) ** 2) / 8)
    np.testing.assert_allclose(maps, expected, atol=1e-6)


def test_absent_joints_have_empty_maps_and_count_for_the_background():
    pose = [[[0.5, 0.5, 1.0], [-1e9, -1e9, 0.0], [0.3, -1e9, 0.0]]]
    maps = maps_of(pose, (8, 8), background=True)[0]
    assert maps[..., 0].max() > 0.5 and not maps[..., 1:3].any()
    np.testing.assert_allclose(maps[..., 3], 1 - maps[..., 0], atol=1e-6)
    assert (maps_of([[[-1e9, -1e9, 0.0]]], (4, 4), background=True)[0, ..., 1] == 1).all()


def test_heatmap_loss_by_hand():
    pose = np.array([[[0.5, 0.5, 1.0]], [[-1e9, -1e9, 0.0]]], "float32")
    loss = losses.HeatmapLoss(1.75, 7)
    true = maps_of(pose, (9, 9), sigma_px=1.75, patch=7)
    assert keras.ops.convert_to_numpy(loss(pose, true)).tolist() == [0, 0]
    values = keras.ops.convert_to_numpy(loss(pose, np.full((2, 9, 9, 1), 0.5, "float32")))
    np.testing.assert_allclose(values, [np.mean((true[0] - 0.5) ** 2), 0.25], rtol=1e-6)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    rest = {"background": False, "cutoff": 0.0, "reduction": "mean"}
    assert again.get_config() == {"sigma_px": 1.75, "patch": 7, **rest}


def test_squares_become_one_value_in_the_ways_of_the_papers():
    pose, maps = np.full((2, 3, 3), -1e9, "float32"), np.full((2, 4, 5, 3), 0.5, "float32")
    values = {k: keras.ops.convert_to_numpy(losses.HeatmapLoss(reduction=k)(pose, maps)) for k in losses.HEATMAP_LOSSES}
    assert {k: v.tolist() for k, v in values.items()} == {"mean": [0.25] * 2, "cells": [5.0] * 2, "sum": [7.5] * 2}
    with pytest.raises(ValueError, match="`reduction` must be one of mean, cells, sum. Received: 'all'"):
        losses.HeatmapLoss(reduction="all")


def test_targets_of_convolutional_pose_machines():
    """What the authors' code draws for a joint on pixel (184, 184) of 368 x 368 px, at a stride of 8."""
    joint = (184 + 0.5) / 368  # the middle of the pixel
    maps = maps_of(np.array([[[joint, joint, 1]]]), (46, 46), sigma_px=7 / 8, cutoff=0.01, background=True)[0]
    expected = [0, 0.0112, 0.1651, 0.6615, 0.7178, 0.2110, 0.0168, 0]
    np.testing.assert_allclose(maps[22, 19:27, 0], expected, atol=5e-5)
    np.testing.assert_allclose(maps[..., 1], 1 - maps[..., 0], atol=1e-6)
    assert maps[..., 0][maps[..., 0] > 0].min() >= 0.01


def test_several_people_are_summed_and_end_at_one():
    near, far, absent = [0.40, 0.5, 1.0], [0.45, 0.5, 1.0], [-1e9, -1e9, 0.0]
    together = maps_of(np.array([[[near], [far], [absent]]]), (20, 20), sigma_px=2.0)[0, ..., 0]
    alone = [maps_of(np.array([[pose]]), (20, 20), sigma_px=2.0)[0, ..., 0] for pose in (near, far)]
    np.testing.assert_allclose(together, np.minimum(sum(alone), 1), atol=1e-6)
    assert together.max() == 1 and sum(alone).max() > 1.5


def test_the_row_of_the_patch_of_torch():
    row = maps_of(np.array([[[0.5, 0.5, 1]]]), (15, 15), sigma_px=1.75, patch=7)[0, 7, :, 0]
    np.testing.assert_allclose(row[7:12], [1, 0.849366, 0.520450, 0.230066, 0], atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"background": True}, {"patch": 7, "sigma_px": 1.75}])
def test_perfect_maps_decode_to_their_label_within_a_quarter_cell(options):
    size = (16, 24)
    pose = np.random.default_rng(0).uniform(0.1, 0.9, (50, 3, 3)).astype("float32")
    spec = OutputSpec("heatmaps", layout=usual_layout(3, 2), background="background" in options)
    points, confidence = decode([maps_of(pose, size, **options)], Signature([InputSpec()], [spec]))
    cells = np.abs(points - pose[..., :2]) * size[::-1]
    limit = 0.5 if "patch" in options else 0.25  # a patch is moved to a whole cell
    assert cells.max() <= limit + 1e-5
    assert confidence.min() > 0.7


@pytest.mark.parametrize("from_logits", [True, False])
def test_each_sample_weighs_what_its_class_does(from_logits):
    rng = np.random.default_rng(0)
    logits, true = rng.normal(size=(6, 3)).astype("float32"), np.array([0, 1, 2, 2, 0, 1])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    surprise = -np.log(shares[np.arange(6), true])
    weights = np.array([2.0, 0.5, 0.0])
    loss = losses.ClassWeightedCrossentropy(weights, from_logits)
    found = loss(np.eye(3)[true], logits if from_logits else shares)
    assert float(found) == pytest.approx(np.mean(weights[true] * surprise), rel=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config() and again.class_weights == (2.0, 0.5, 0.0)
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)(np.eye(3)[true], logits)
    assert float(losses.ClassWeightedCrossentropy([1, 1, 1])(np.eye(3)[true], logits)) == pytest.approx(float(plain))


def test_half_precision_logits_are_measured_in_float32():
    logits = keras.ops.cast(np.array([[3.0, -3.0]], "float32"), "bfloat16")
    found = losses.ClassWeightedCrossentropy([1.0, 1.0])(np.array([[1.0, 0.0]]), logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert float(found) == pytest.approx(np.log1p(np.exp(-6.0)), rel=1e-4)  # bfloat16 has 3 digits
