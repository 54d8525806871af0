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


def test_a_network_is_traced_once_for_all_sizes_of_batch(network, monkeypatch):
    made, of_keras = [], keras.Model.predict_on_batch
    monkeypatch.setattr("deephar.models.base.any_batch", lambda model: made.append(1) or batches.any_batch(model))
    monkeypatch.setattr(keras.Model, "predict_on_batch", lambda self, x: made.append("keras") or of_keras(self, x))
    monkeypatch.setattr(network, "_made_for", None)
    traces, call = [], PoseModel.call
    monkeypatch.setattr(PoseModel, "call", lambda self, *a, **k: traces.append(1) or call(self, *a, **k))
    sizes = [len(network.predict_on_batch(frames(count))[0]) for count in (1, 3, 2)]
    assert sizes == [1, 3, 2] and made == [1] and len(traces) == 1
    network.compile("sgd", "mse")  # Keras traces anew
    network.predict_on_batch(frames(1))
    assert made == [1, 1]


@pytest.mark.parametrize("x", [frames(2, np.uint8), [frames(2)], frames(2)[:, :, :, :2], frames(2)[0]])
def test_other_batches_go_where_keras_takes_them(x, network, untraced):
    results = []
    for predict in (network.predict_on_batch, super(PoseModel, network).predict_on_batch):
        try:
            results.append(predict(x))
        except ValueError as error:
            results.append(str(error))
    found, expected = results
    if isinstance(expected, str):
        assert found == expected
        return
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_outputs_by_name_stay_so():
    x = keras.Input((2,))
    model = PoseModel(x, {"twice": x * 2, "one": x + 1})
    found = model.predict_on_batch(np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(found["twice"], np.full((3, 2), 2))
    assert list(found) == list(super(PoseModel, model).predict_on_batch(np.ones((3, 2), np.float32)))


def test_a_step_of_ones_own_is_taken(untraced):
    class Own(PoseModel):
        def predict_step(self, data):
            return super().predict_step(data) + 1

    x = keras.Input((2,))
    model = Own(x, x * 2)
    np.testing.assert_array_equal(model.predict_on_batch(np.ones((1, 2), np.float32)), [[3, 3]])


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
