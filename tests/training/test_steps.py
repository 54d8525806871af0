"""Steps of training that nobody waits for, and how long training waits for batches."""

import time

import keras
import numpy as np
import pytest

from deephar.training import trainer
from deephar.training.trainer import MultiModelTrainer, NonFiniteError

STEPS = 5


class Batches:
    """Five batches, in their order; one may be spoilt, each may take its time."""

    def __init__(self, spoilt=None, seconds=0.0):
        self.spoilt, self.seconds = spoilt, seconds

    def __len__(self):
        return STEPS

    def __getitem__(self, index):
        time.sleep(self.seconds)
        x = np.random.default_rng(index).normal(size=(2, 3)).astype("float32")
        return (x if index != self.spoilt else x * np.nan,), (x[:, :1], 2 * x[:, 1:2])


def make_model():
    inputs = keras.Input((3,))
    outputs = [keras.layers.Dense(1, kernel_initializer="ones", name=name)(inputs) for name in "ab"]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=["mse", "mae"])
    return model


def test_an_epoch_is_that_of_steps_one_by_one_and_its_losses_are_means():
    model, plain = make_model(), make_model()
    (logs,) = MultiModelTrainer([model], [Batches()], shuffle=False, print_full_losses=True).train(1, STEPS, verbose=0)
    wanted = []
    for index in range(STEPS):
        (x,), y = Batches()[index]
        plain.reset_metrics()
        wanted.append(plain.train_on_batch(x, y, return_dict=True))
    assert logs == pytest.approx(
        {
            "loss0": np.mean([row["loss"] for row in wanted]),
            "a_loss": np.mean([row["a_loss"] for row in wanted]),
            "b_loss": np.mean([row["b_loss"] for row in wanted]),
        }
    )
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("spoilt", range(STEPS))
def test_the_step_of_a_spoilt_loss_is_named_and_nothing_can_be_saved_after_it(spoilt):
    saved = []
    training = MultiModelTrainer([make_model()], [Batches(spoilt)], shuffle=False)
    with pytest.raises(NonFiniteError, match=f"epoch 1, step {spoilt + 1}: `a_loss` of .* is nan; .*kernel"):
        training.train(1, STEPS, end_of_epoch_callback=saved.append, verbose=0)
    assert not saved


def test_no_loss_is_read_before_the_steps_ahead_of_it_have_begun(monkeypatch):
    happened = []
    check, start = trainer.check_finite, trainer.start_step
    monkeypatch.setattr(trainer, "check_finite", lambda *a: happened.append(a[2]) or check(*a))
    monkeypatch.setattr(trainer, "start_step", lambda *a: happened.append("start") or start(*a))
    MultiModelTrainer([make_model()], [Batches()], shuffle=False).train(1, STEPS, verbose=0)
    assert happened[: trainer.STEPS_AHEAD + 2] == ["start"] * (trainer.STEPS_AHEAD + 1) + ["epoch 1, step 1"]
    assert [what for what in happened if what != "start"] == [f"epoch 1, step {k + 1}" for k in range(STEPS)]


def test_the_wait_for_batches_is_measured_and_said_once(monkeypatch, capsys):
    monkeypatch.setattr(trainer, "WAIT_LIMIT_S", 0.1)
    slow = MultiModelTrainer([make_model()], [Batches(seconds=0.1)], workers=1)
    slow.train(2, STEPS, verbose=0)
    assert slow.wait_share > 0.5
    said = "% of the epoch went by waiting for batches: more `workers` (`--workers`; now 1)"
    assert capsys.readouterr().err.count(said) == 1
    fast = MultiModelTrainer([make_model()], [Batches()], workers=1)
    fast.before_step = lambda step: time.sleep(0.05)  # a step that takes its time
    fast.train(1, STEPS, verbose=0)
    assert fast.wait_share < 0.05 and not capsys.readouterr().err
