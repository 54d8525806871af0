"""The published schedules, and what a batch of mixed 2D and 3D labels teaches."""

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import BatchLoader, Human36M, MpiiSinglePerson, Ntu
from deephar.training.recipes import NTU_IMAGES, NTU_RECIPE, PENN_IMAGES, PENN_RECIPE
from deephar.utils import TRAIN_MODE, pa17j3d


def test_ntu_schedule_is_the_published_one():
    stages = {stage.name: stage for stage in NTU_RECIPE.stages}
    assert list(stages) == [stage.name for stage in PENN_RECIPE.stages] == ["pose", "action", "joint", "decoupled"]
    assert (stages["pose"].optimizer, stages["pose"].learning_rate) == ("rmsprop", 0.001)
    assert stages["pose"].epochs * stages["pose"].steps_per_epoch == 32000
    assert stages["action"].epochs == 50 and stages["decoupled"].pose_replica
    for name in ("action", "joint"):
        stage = stages[name]
        assert (stage.optimizer, stage.learning_rate, stage.momentum) == ("sgd", 0.01, 0.9)
        assert (stage.confidence_weight, stage.action_weight) == (0.01, 0.01)
    joint = stages["joint"]
    rates = [joint.rate(epoch * joint.steps_per_epoch) for epoch in (0, 49, 50, 54, 55, 59)]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001])


def test_shares_of_images_are_the_published_ones():
    assert NTU_IMAGES == {"h36m": 0.5, "mpii": 0.375, "ntu": 0.125} and PENN_IMAGES == {"mpii": 0.8, "penn": 0.2}
    assert sum(NTU_IMAGES.values()) == sum(PENN_IMAGES.values()) == 1


def test_sgd_has_nesterov_momentum():
    import keras

    from deephar.training.stages import compile_for_stage

    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
    compile_for_stage([model], NTU_RECIPE.stages[2])
    optimizer = model.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD) and optimizer.nesterov and optimizer.momentum == 0.9
    assert float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == pytest.approx(0.01)


@pytest.fixture(scope="module")
def batch(fixture_world):
    """Poses (8, 17, 4) of four people of Human3.6M, three of MPII and one of NTU."""
    conf = DataConfig(crop_resolution=(16, 16))
    frames = {"topology": "frames"}
    sets = [
        Human36M(fixture_world / "Human3.6M", conf, pa17j3d, **frames),
        MpiiSinglePerson(fixture_world / "MPII", conf, pa17j3d),
        Ntu(fixture_world / "NTU", conf, pa17j3d, **frames),
    ]
    loader = BatchLoader(sets, ["frame"], ["pose"], TRAIN_MODE, [4, 3, 1], seed=0)
    inputs, labels = loader[0]
    assert inputs[0].shape == (8, 16, 16, 3) and labels[0].shape == (8, 17, 4)
    return labels[0]


def test_three_data_sets_agree_in_shape_and_mpii_has_no_depth(batch):
    depth = batch[..., 2]
    assert (depth[4:7] == -1e9).all() and (depth[[0, 1, 2, 3, 7]] > 0).any(axis=1).all()
    assert (batch[4:7, 16, :] == [-1e9, -1e9, -1e9, 0]).all()  # MPII does not annotate the mid-spine either
    assert ((batch[4:7, :16, :2] > 0).sum(axis=(1, 2)) > 10).all()


@pytest.mark.parametrize("pose_loss", ["l1", "l2", "l1l2", "l1l2bincross"])
def test_depth_that_is_not_known_does_not_count(batch, pose_loss):
    from keras import ops

    from deephar.losses import pose_regression_loss

    rng = np.random.default_rng(0)
    predicted = rng.uniform(0.1, 0.9, batch.shape).astype(np.float32)
    moved = predicted.copy()
    moved[..., 2] = rng.uniform(0.1, 0.9, moved.shape[:-1])
    loss = pose_regression_loss(pose_loss, 0.01)
    first, second = (ops.convert_to_numpy(loss(batch, p)) for p in (predicted, moved))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first[4:7], second[4:7])  # MPII
    assert (first[[0, 1, 2, 3, 7]] != second[[0, 1, 2, 3, 7]]).all()
    flat = ops.convert_to_numpy(loss(batch[4:7][..., [0, 1, 3]], predicted[4:7][..., [0, 1, 3]]))
    np.testing.assert_allclose(first[4:7], flat, rtol=1e-6)  # the same as if the network were one of 2D poses
