"""`predict` of arrays is Keras' own, without its data pipeline: same outputs, same callbacks, same bar."""

import keras
import numpy as np
import pytest

from deephar.models import batches
from deephar.models.base import PoseModel
from tests.contract.networks import TINY


@pytest.fixture(scope="module")
def network():
    return TINY["reception_separate"].build()


@pytest.fixture
def ours(monkeypatch):
    """How often the way for arrays was taken."""
    taken, predict = [], batches.predict_arrays
    monkeypatch.setattr("deephar.models.base.predict_arrays", lambda *args: taken.append(1) or predict(*args))
    return taken


class Calls(keras.callbacks.Callback):
    def __init__(self, stop_after=None):
        super().__init__()
        self.seen, self.stop_after = [], stop_after

    def on_predict_begin(self, logs=None):
        self.seen.append("begin")

    def on_predict_batch_begin(self, batch, logs=None):
        self.seen.append(batch)

    def on_predict_batch_end(self, batch, logs=None):
        self.seen.append((batch, keras.tree.map_structure(np.shape, logs["outputs"])))
        self.model.stop_predicting = batch == self.stop_after

    def on_predict_end(self, logs=None):
        self.seen.append("end")


def both(network):
    """Our `predict` and the one of Keras."""
    return network.predict, super(PoseModel, network).predict


def frames(count, dtype=np.float32):
    values = np.random.default_rng(count).uniform(-1, 1, (count, 32, 32, 3))
    return values.astype(dtype) if dtype != np.uint8 else ((values + 1) * 127).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize(("count", "size"), [(1, None), (4, 2), (5, 2)])
def test_outputs_are_those_of_keras(count, size, dtype, network, ours, untraced):
    x = frames(count, dtype)
    found, expected = (f(x, batch_size=size, verbose=0) for f in both(network))
    assert ours == [1] and len(found) == len(expected) == 4
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_callbacks_and_the_bar_are_those_of_keras(network, ours, untraced, capsys):
    seen, bars = [], []
    for predict in both(network):
        calls = Calls()
        predict(frames(5), batch_size=2, callbacks=[calls])
        seen.append(calls.seen)
        bars.append(capsys.readouterr().out.count("3/3"))
    assert seen[0] == seen[1] and seen[0][0] == "begin" and seen[0][-1] == "end" and len(seen[0]) == 8
    assert bars[0] == bars[1] > 0 and ours == [1]


def test_a_callback_can_stop_it(network, untraced):
    found = network.predict(frames(6), batch_size=2, verbose=0, callbacks=[Calls(stop_after=1)])
    assert {len(y) for y in found} == {4}


@pytest.mark.parametrize(
    "x", [[], np.zeros((0, 3)), np.array(["a"]), [np.zeros(2), np.zeros(3)], {"frame": np.zeros(2)}, np.float32(3)]
)
def test_what_is_no_array_is_left_to_keras(x):
    assert not batches.are_arrays(x)


def test_several_inputs_come_as_a_list(ours, untraced):
    network = TINY["cpm"].build()
    inputs = [np.random.default_rng(k).random((3, 64, 64, c)).astype(np.float32) for k, c in enumerate((3, 1))]
    found, expected = (f(inputs, batch_size=2, verbose=0) for f in both(network))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours == [1]
