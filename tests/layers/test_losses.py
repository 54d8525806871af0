"""Losses against the reference, and what they must leave out."""

import keras
import numpy as np
import pytest

from deephar.layers import losses


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
