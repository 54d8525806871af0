"""Training with `fit`: when the rate falls and which weights are kept."""

import keras
import numpy as np
import pytest

from deephar.training.trainer import TrainerOnGenerator


class Batches(keras.utils.PyDataset):
    """One batch; every step adds the rate to the only weight."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return (np.ones((1, 1), np.float32),), (np.zeros((1, 1), np.float32),)


class BestEpoch(keras.callbacks.Callback):
    """Says which of some epochs is the best one so far."""

    def __init__(self, *epochs):
        super().__init__()
        self.epochs, self.best_epoch = epochs, np.inf

    def on_epoch_end(self, epoch, logs=None):
        self.best_epoch = epoch + 1 if epoch + 1 in self.epochs else self.best_epoch


def make_model():
    inputs = keras.Input((1,))
    kernel = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Model(inputs, kernel(inputs))
    model.compile("sgd", loss=lambda true, predicted: -predicted)
    return model


def saved_steps(tmp_path, epochs, callbacks, **options):
    """Train at a rate of 1 and return after how many steps the saved weights were those of the model."""
    model = make_model()
    options = {"initial_lr": 1.0, "verbose": 0, "logdir": tmp_path, **options}
    TrainerOnGenerator(model, Batches(), epochs=epochs, validation_callbacks=callbacks, **options).train()
    model.load_weights(tmp_path / "weights.weights.h5")
    return float(model.get_weights()[0][0, 0])


@pytest.mark.parametrize(("best", "epochs"), [((1,), 1), ((1, 3), 3), ((2,), 3)])
def test_the_best_epoch_is_saved_when_it_ends(tmp_path, best, epochs):
    assert saved_steps(tmp_path, epochs, BestEpoch(*best)) == best[-1]


def test_without_validation_the_last_epoch_is_saved(tmp_path):
    assert saved_steps(tmp_path, 2, None, custom_lr_scheduler=lambda epoch, rate: 1.0) == 2


def test_the_rate_falls_where_validation_stands_still(tmp_path):
    model = make_model()
    options = dict(epochs=4, lr_patience=2, initial_lr=0.01, verbose=0, logdir=tmp_path)
    TrainerOnGenerator(model, Batches(), validation_callbacks=BestEpoch(1), **options).train()
    assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.001)
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(0.01 + 0.001)  # went back to epoch 1 before the last
