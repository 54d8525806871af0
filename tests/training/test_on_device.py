"""Training on samples that are stored on the device: the steps of the usual trainer, resumed exactly."""

import json

import keras
import pytest

from deephar.synthetic.writers import write_lsp
from deephar.training.stored import StoredSamples, require_jax

BEGIN = """
import functools, json, sys, time
import keras
import numpy as np
from deephar.data import Lsp, SyntheticPoses
from deephar.experiments.networks import small_dataconf
from deephar.models.base import PoseModel
from deephar.models.signature import signature_of
from deephar.training.on_device import OnDeviceTrainer
from deephar.training.recipes import Stage
from deephar.training.run import Run
from deephar.training.stages import compile_for_stage, train_stage
from deephar.training.stored import StoredSamples
from deephar.training.trainer import MultiModelTrainer, NonFiniteError

folder, conf = sys.argv[1], small_dataconf(32)
lsp, told = Lsp(folder + "/LSP", conf), {}

def build():
    inputs = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Conv2D(4, 8, 8, use_bias=False, name="conv1")(inputs)
    x = keras.layers.Flatten()(keras.layers.BatchNormalization(name="bn1")(x))
    poses = [keras.layers.Dense(48, "sigmoid", name=f"pb{k}_conv1")(x) for k in range(2)]
    return PoseModel(inputs, [keras.layers.Reshape((16, 3), name=f"pb{k}")(p) for k, p in enumerate(poses)])

def stored(model, epoch=0, **options):
    return StoredSamples([lsp], [4], signature_of(model, verbose=False), workers=0, first_epoch=epoch, **options)

def run(name, stage, resume=False, model=None, in_loop=None):
    model, folder_run = model or build(), Run(f"{folder}/{name}", resume=resume)
    with stored(model) as samples:
        trainer = functools.partial(OnDeviceTrainer, samples=samples, steps_per_call=2, in_loop=in_loop)
        options = dict(make_trainer=trainer, verbose=0, workers=0)
        rows = train_stage(model, samples.loader, stage, folder_run, lambda epoch: {"score": float(epoch)}, **options)
    return model, rows

def far(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))

def stored_people(model):
    return StoredSamples([SyntheticPoses(conf, length=200)], [4], signature_of(model), limit=32, workers=1)

stage = Stage("pose", epochs=2, steps_per_epoch=4, optimizer="adam", schedule="cosine")
"""

STEPS = BEGIN + """
straight, rows = run("straight", stage)
told["columns"] = list(rows[0])
told["rates"] = [row["learning_rate"] for row in rows]

class Frames:  # what the device makes of the rows, as batches for the usual trainer
    def __init__(self, samples):
        self.samples = samples
    def __len__(self):
        return len(self.samples.loader)
    def __getitem__(self, index):
        self.samples.loader.epoch = self.epoch
        inputs, labels = self.samples.batch(self.samples.arrays, self.samples.loader[index][0][0])
        return tuple(map(np.asarray, inputs)), tuple(map(np.asarray, labels))
    epoch = 0

told["in_loop"] = far(straight, run("in_loop", stage, in_loop=True)[0])

plain = build()
with stored(plain) as samples:
    train_stage(plain, Frames(samples), stage, Run(folder + "/usual"), verbose=0, workers=0)
told["weights"] = far(straight, plain)

class Killed(Exception):
    pass

def kill(epoch):
    if epoch == 1:
        raise Killed
    return {"score": 0.0}

first = build()
with stored(first) as samples:
    trainer = functools.partial(OnDeviceTrainer, samples=samples, steps_per_call=2)
    try:
        options = dict(make_trainer=trainer, verbose=0, workers=0)
        train_stage(first, samples.loader, stage, Run(folder + "/killed"), kill, **options)
    except Killed:
        pass
resumed, rows = run("killed", stage, resume=True)
told["resumed"] = [far(straight, resumed), [row["epoch"] for row in rows]]
print(json.dumps(told))
"""

MORE = BEGIN + """
spoilt = build()
spoilt.get_layer("conv1").set_weights([np.full((8, 8, 3, 4), np.nan, "float32")])
try:
    run("spoilt", stage, model=spoilt)
except NonFiniteError as error:
    told["spoilt"] = str(error)

averaged, _ = run("averaged", stage.replace(ema_decay=0.5))
files = build()
files.load_weights(folder + "/averaged/weights_last.weights.h5")
raw = build()
Run(folder + "/averaged", resume=True).restore(raw)
told["averaged"] = [far(averaged, files), far(averaged, raw)]

with stored_people(averaged) as samples:
    told["renewed"] = str(samples)
    before = [np.asarray(array["people"]) for array, _ in samples.arrays]
    for _ in range(300):
        samples.renew()
        now = [np.asarray(array["people"]) for array, _ in samples.arrays]
        if not np.array_equal(before, now):
            break
        time.sleep(0.1)
    told["changed"] = float(np.mean(before[0] != now[0]))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a few people of LSP."""
    path = tmp_path_factory.mktemp("on_device")
    write_lsp(path, train=12, size=(96, 96), seed=0, workers=1)
    return path


@pytest.fixture(scope="module")
def told(on_backend, folder):
    return json.loads(on_backend("jax", STEPS, folder).splitlines()[-1])


@pytest.fixture(scope="module")
def more(on_backend, folder):
    return json.loads(on_backend("jax", MORE, folder).splitlines()[-1])


def test_the_steps_are_those_of_the_usual_trainer(told):
    assert told["weights"] < 1e-5 and told["in_loop"] < 1e-5


def test_the_log_has_the_usual_columns_and_samples_a_second(told):
    usual = {"stage", "epoch", "seconds", "learning_rate", "loss0", "pb0_loss", "pb1_loss", "score", "time"}
    assert set(told["columns"]) == {*usual, "samples_per_s", "wait_share"}
    assert told["rates"][0] > told["rates"][1] > 0


def test_a_killed_run_goes_on_exactly(told):
    assert told["resumed"] == [0.0, [1, 2]]


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_it_by_name(more):
    assert "epoch 1, up to step 2: `loss`" in more["spoilt"] and "conv1" in more["spoilt"]


@pytest.mark.slow
def test_averages_are_what_a_stage_ends_with_and_its_state_is_not(more):
    assert more["averaged"][0] == 0 < more["averaged"][1] < 0.1


@pytest.mark.slow
def test_a_data_set_that_is_too_large_is_renewed(more):
    assert more["renewed"].startswith("32 samples of SyntheticPoses (renewed) of 48 px: ") and more["changed"] > 0.5


def test_the_backend_must_be_jax():
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    with pytest.raises(ValueError, match="`--on-device` needs the JAX backend.*KERAS_BACKEND to jax.*Received: 'tens"):
        require_jax("--on-device")
    with pytest.raises(ValueError, match="`on_device` needs the JAX backend"):
        StoredSamples([], [], None)
