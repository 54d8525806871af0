"""Optimizers of a stage on two backends: factors of the rate, decay, frozen layers, schedule, accumulated gradients."""

import json

import numpy as np
import pytest

from deephar.training.recipes import Stage

CODE = """
import json
import random
import keras
import numpy as np
from deephar.training.optimizers import make_optimizer
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage

rng = np.random.default_rng(0)
x, y = rng.normal(size=(4, 2, 2, 3)).astype("float32"), rng.uniform(0.1, 0.9, (4, 4, 3)).astype("float32")

def build():
    random.seed(0)
    inputs = keras.Input((2, 2, 3))
    h = keras.layers.Dense(5, name="a", bias_initializer="ones")(keras.layers.Flatten()(inputs))
    h = keras.layers.Dense(12, name="b", bias_initializer="ones", activation="sigmoid")(h)
    return keras.Model(inputs, keras.layers.Reshape((4, 3))(h))

def values(model):
    return {w.path: keras.ops.convert_to_numpy(w).astype(float) for w in model.weights}

def updates(stage, compile_model=None):
    model = build()
    before = values(model)
    if compile_model:
        compile_model([model], stage)
    else:
        model.compile(make_optimizer(stage, model.trainable_variables), "mse")
    model.train_on_batch(x, y)
    return {k: (v - before[k]).tolist() for k, v in values(model).items()}

sgd = Stage("s", optimizer="sgd", learning_rate=0.1, momentum=0.0, nesterov=False)
rms = Stage("s", learning_rate=0.01, epsilon=1e-12)
decay = dict(weight_decay=0.5, no_decay=("bias", "b/kernel"))
rated = sgd.replace(rate_factors=(("a/*", 10), ("*/bias", 0.5)))
optimizer = make_optimizer(rated)
again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))

step = Stage("s", epochs=3, steps_per_epoch=2, learning_rate=1.0, decay_epochs=(1, 2), warmup_steps=2)
schedules = {s.schedule: s for s in (step, step.replace(schedule="cosine"))}
model = build()
schedule = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(step.keras_schedule()))
model.compile(keras.optimizers.SGD(schedule), loss=lambda true, predicted: keras.ops.mean(model.layers[2].bias))
bias = [values(model)["a/bias"][0]]
for _ in range(6):
    model.train_on_batch(x, y)
    bias.append(values(model)["a/bias"][0])

rng = np.random.default_rng(1)
halves = [(rng.normal(size=x.shape).astype("float32"), rng.uniform(0.1, 0.9, y.shape)) for _ in range(6)]

whole = [tuple(map(np.concatenate, zip(*halves[k : k + 2]))) for k in (0, 2, 4)]
shaky = sgd.replace(learning_rate=0.5, momentum=0.9, rate_factors=(("b/*", 2.0),), clipnorm=0.5,
                    weight_decay=0.1, no_decay=("bias",))

def after_each(stage, batches):
    model, found = build(), []
    model.compile(make_optimizer(stage, model.trainable_variables), "mse")
    model.optimizer.build(model.trainable_variables)
    for number, batch in enumerate(batches):
        model.optimizer.learning_rate = 0.5 / (1 + number // stage.accumulation_steps)
        model.train_on_batch(*batch)
        found.append({k: v.tolist() for k, v in values(model).items()})
    return found

print(json.dumps({
    "whole": after_each(shaky, whole),
    "halves": {k: after_each(shaky.replace(accumulation_steps=2, precision=k), halves)
               for k in ("float32", "mixed_float16")},
    "start": {k: v.tolist() for k, v in values(build()).items()},
    "plain": updates(sgd),
    "factors": updates(rated),
    "decay": updates(sgd.replace(**decay)),
    "rho 0.9": updates(rms),
    "rho 0.5": updates(rms.replace(rho=0.5)),
    "frozen": updates(sgd.replace(frozen=("a*",)), compile_for_stage),
    "again": [type(again).__name__, again.rate_factors],
    "rates": {n: [float(s.keras_schedule()(k)) for k in range(6)] for n, s in schedules.items()},
    "steps": np.diff(bias).tolist(),
}))
"""


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def found(request, on_backend):
    """What the code prints on a backend; updates are changes of the weights in one step."""
    return json.loads(on_backend(request.param, CODE).splitlines()[-1])


def test_rate_factors_scale_the_updates_of_their_weights_alone(found):
    factors = {"a/kernel": 10, "a/bias": 5, "b/kernel": 1, "b/bias": 0.5}
    for path, factor in factors.items():
        assert np.any(found["plain"][path])
        expected = factor * np.asarray(found["plain"][path])
        np.testing.assert_allclose(found["factors"][path], expected, rtol=1e-3, atol=1e-6)
    assert found["again"] == ["SGDWithRateFactors", [["a/*", 10], ["*/bias", 0.5]]]


def test_weight_decay_spares_what_it_should(found):
    for path, decays in {"a/kernel": True, "a/bias": False, "b/kernel": False, "b/bias": False}.items():
        extra = np.asarray(found["decay"][path]) - found["plain"][path]
        expected = -0.1 * 0.5 * np.asarray(found["start"][path]) * decays
        np.testing.assert_allclose(extra, expected, atol=1e-6)


def test_rho_is_that_of_rmsprop(found):
    for rho in (0.9, 0.5):
        update = np.abs(found[f"rho {rho}"]["b/bias"])
        np.testing.assert_allclose(update, 0.01 / np.sqrt(1 - rho), rtol=1e-3)


def test_frozen_layers_keep_their_weights(found):
    frozen = found["frozen"]
    assert not np.any(frozen["a/kernel"]) and not np.any(frozen["a/bias"])
    assert np.any(frozen["b/kernel"]) and np.any(frozen["b/bias"])


def test_the_schedule_for_fit_is_the_rate_of_the_stage(found):
    stage = Stage("s", epochs=3, steps_per_epoch=2, learning_rate=1.0, decay_epochs=(1, 2), warmup_steps=2)
    np.testing.assert_allclose([stage.rate(k) for k in range(6)], [0.5, 1, 0.1, 0.1, 0.01, 0.01])
    for name, rates in found["rates"].items():
        np.testing.assert_allclose(rates, [stage.replace(schedule=name).rate(k) for k in range(6)], rtol=1e-5)
    np.testing.assert_allclose(found["steps"], [-stage.rate(k) / 5 for k in range(6)], rtol=1e-3)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_accumulated_halves_are_one_batch(found, precision):
    whole, halves = found["whole"], found["halves"][precision]  # no layer is in half precision, the loss is scaled
    assert len(whole) == 3 and len(halves) == 6
    before = found["start"]
    for step, expected in enumerate(whole):
        for path, value in expected.items():
            assert halves[2 * step][path] == before[path]  # half a batch changes nothing yet
            np.testing.assert_allclose(halves[2 * step + 1][path], value, rtol=1e-4, atol=1e-6)
            assert np.abs(np.subtract(value, before[path])).max() > 1e-3
        before = halves[2 * step + 1]


def test_numbers_of_accumulated_batches_are_checked():
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match=f"`accumulation_steps` must be 1, 2, ... Received: {wrong}"):
            Stage("s", accumulation_steps=wrong)
