"""Training on toy models: stages, resume, a stop on what is not finite, the run folder."""

import csv
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from deephar.callbacks import SaveModel
from deephar.models.base import PoseModel
from deephar.trainer import MultiModelTrainer, NonFiniteError, use_all_devices
from deephar.training.feeder import BatchFeeder
from deephar.training.recipes import PENN_RECIPE, Recipe, Stage
from deephar.training.run import Run
from deephar.training.stages import compile_for_stage, run_recipe, set_precision, train_stage

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAGE = Stage("pose", epochs=4, steps_per_epoch=4, decay_epochs=(2,))


class Batches(keras.utils.PyDataset):
    """Three batches a pass, which depend on the pass and the position only."""

    def __init__(self, shapes, spoilt_pass=None):
        super().__init__()
        self.epoch, self.shapes, self.spoilt_pass = 0, shapes, spoilt_pass

    def __len__(self):
        return 3

    def __getitem__(self, index):
        rng = np.random.default_rng([self.epoch, index])
        x = rng.normal(size=(4, 6, 6, 3)).astype("float32")
        if self.epoch == self.spoilt_pass:
            x[0] = np.nan
        return (x,), tuple(
            np.eye(5, dtype="float32")[rng.integers(5, size=4)]
            if len(s) == 1
            else rng.uniform(0.1, 0.9, (4, *s)).astype("float32")
            for s in self.shapes
        )


POSE, ACTION = Batches([(4, 3), (4, 3)]), Batches([(5,)])


def build(pose_replica=False):
    """Two pose outputs and one action output on a shared convolution: (full, pose, action) models."""
    random.seed(1)  # of the initializers
    x = inputs = keras.Input((6, 6, 3), name="image")
    x = keras.layers.Conv2D(4, 3, use_bias=False, name="conv1")(x)
    x = keras.layers.BatchNormalization(name="res0_bn1")(x)
    x = keras.layers.Flatten(name="flat")(x)
    maps = [keras.layers.Dense(12, activation="sigmoid", name=f"pb{k}_conv1") for k in range(2)]
    poses = [keras.layers.Reshape((4, 3), name=f"pb{k}")(layer(x)) for k, layer in enumerate(maps)]
    h = keras.layers.Dense(12, activation="sigmoid", name="pb1_conv1_replica")(x) if pose_replica else maps[1](x)
    action = keras.layers.Dense(5, activation="softmax", name="act1_action_pred")(h)
    return PoseModel(inputs, [*poses, action]), PoseModel(inputs, poses), PoseModel(inputs, action)


def weights(model):
    return {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


def changed(before, model):
    return {path for path, value in weights(model).items() if not np.array_equal(before[path], value)}


def rows_of(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_can_be_killed_and_resumed_exactly(tmp_path):
    straight = build()
    joint = STAGE.replace(name="joint", task="joint")
    train_stage(straight[1:], [POSE, ACTION], joint, Run(tmp_path / "a"), full_model=straight[0], verbose=0)

    class Kill(Exception):
        pass

    def validation(epoch):
        if epoch == 2:
            raise Kill
        return {"score": float(epoch)}

    first = build()
    with pytest.raises(Kill):
        run = Run(tmp_path / "b")
        train_stage(first[1:], [POSE, ACTION], joint, run, validation, full_model=first[0], verbose=0)
    assert len(rows_of(tmp_path / "b")) == 2
    keras.utils.set_random_seed(7)
    second, run = build(), Run(tmp_path / "b", resume=True)
    train_stage(second[1:], [POSE, ACTION], joint, run, full_model=second[0], verbose=0, workers=3)
    for a, b in zip(straight[0].get_weights(), second[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = rows_of(tmp_path / "b")
    assert [r["epoch"] for r in rows] == ["1", "2", "3", "4"]
    assert [r["loss0"] for r in rows] == [r["loss0"] for r in rows_of(tmp_path / "a")]
    np.testing.assert_allclose([float(r["learning_rate"]) for r in rows], [1e-3, 1e-3, 1e-4, 1e-4])
    assert train_stage(second[1:], [POSE, ACTION], joint, run, full_model=second[0], verbose=0) == run.rows


def test_run_folder(tmp_path):
    _, pose, _ = build()
    scores = [0.1, 0.3, 0.2, 0.3]
    run = Run(tmp_path, config={"stage": "x"})
    train_stage(pose, POSE, STAGE, run, lambda epoch: {"score": scores[epoch], "z": 1}, verbose=0)
    names = {"config.json", "log.csv", "tensorboard", "weights_last.weights.h5", "weights_best.weights.h5", "state.npz"}
    names.add("validation.json")
    assert {p.name for p in tmp_path.iterdir()} == names
    assert json.loads((tmp_path / "config.json").read_text())["config"] == {"stage": "x"}
    assert run.meta["best"] == 0.3 and run.finished("pose")
    last = build()[1]
    last.load_weights(tmp_path / "weights_last.weights.h5")
    assert not changed(weights(pose), last)
    last.load_weights(tmp_path / "weights_best.weights.h5")
    assert changed(weights(pose), last)
    with pytest.raises(FileExistsError, match="`folder`.*`resume`"):
        Run(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == names


def test_damaged_state_and_other_model_are_refused(tmp_path):
    full, pose, _ = build()
    train_stage(pose, POSE, STAGE.replace(epochs=1), Run(tmp_path), verbose=0)
    before = weights(full)
    with pytest.raises(ValueError, match="`model` must be the one that"):
        Run(tmp_path, resume=True).restore(build(pose_replica=True)[0])
    assert not changed(before, full)
    state = tmp_path / "state.npz"
    state.write_bytes(state.read_bytes()[:-200])
    with pytest.raises(ValueError, match="`folder` must hold a whole state.npz"):
        Run(tmp_path, resume=True)


def test_frozen_pose_layers_do_not_change():
    full, _, action = build()
    before = weights(full)
    compile_for_stage([action], Stage("action", "action"), full)
    MultiModelTrainer([action], [ACTION]).train(1, 3, verbose=0)
    assert {p.split("/")[0] for p in changed(before, full)} == {"act1_action_pred"}


@pytest.mark.slow
def test_recipe_runs_through_and_decouples(tmp_path):
    short = dict(epochs=1, steps_per_epoch=2)
    recipe = Recipe(
        "tiny",
        (
            Stage("pose", "pose", **short),
            Stage("action", "action", **short),
            Stage("joint", "joint", **short),
            Stage("late", "joint", pose_replica=True, learning_rate=1e-9, **short),
        ),
    )
    full = run_recipe(recipe, build, {"pose": POSE, "action": ACTION}, Run(tmp_path), verbose=0)
    kernel, copy = (full.get_layer(n).get_weights()[0] for n in ("pb1_conv1", "pb1_conv1_replica"))
    np.testing.assert_allclose(kernel, copy, atol=1e-6)
    assert [r["stage"] for r in rows_of(tmp_path)] == ["pose", "action", "joint", "late"]
    again = run_recipe(recipe, build, {"pose": POSE, "action": ACTION}, Run(tmp_path, resume=True), verbose=0)
    assert not changed(weights(full), again)


def test_nan_stops_training_and_keeps_what_was_saved(tmp_path):
    _, pose, _ = build()
    run = Run(tmp_path)
    with pytest.raises(NonFiniteError, match=r"epoch 3, step 2: `loss` of .* is nan; first weight.*conv1.*clipnorm"):
        train_stage(pose, Batches([(4, 3), (4, 3)], spoilt_pass=3), STAGE.replace(steps_per_epoch=4), run, verbose=0)
    saved = build()[1]
    saved.load_weights(tmp_path / "weights_last.weights.h5")
    assert all(np.isfinite(w).all() for w in saved.get_weights()) and len(rows_of(tmp_path)) == 2


def test_a_spoilt_gradient_is_found_before_anything_is_saved(tmp_path):
    """The loss is finite, its gradient is not: the square root at zero."""
    _, pose, _ = build()
    pose.compile("sgd", loss=lambda t, p: keras.ops.sqrt(keras.ops.sum(0.0 * p, axis=(-1, -2))))
    saved = []
    with pytest.raises(NonFiniteError, match="epoch 1: weight .*conv1.*is not finite"):
        MultiModelTrainer([pose], [POSE]).train(2, 1, end_of_epoch_callback=saved.append, verbose=0)
    assert not saved


LOOP = """
import sys, numpy as np, keras
sys.path.insert(0, {tests!r})
from test_stages import build
from deephar.training.run import Run
model = build()[0]
run, n = Run({folder!r}), 0
while True:
    n += 1
    for v in model.weights: v.assign(np.full(v.shape, n, "float32"))
    run.log({{"epoch": n}})
    run.save(model, is_best=True, epoch=n)
    print(n, flush=True)
"""


@pytest.mark.slow
def test_a_kill_while_saving_leaves_whole_files(tmp_path):
    for attempt in range(2):
        folder = tmp_path / str(attempt)
        code = LOOP.format(tests=str(ROOT / "tests" / "training"), folder=str(folder))
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        while int(process.stdout.readline()) < 3:
            pass
        time.sleep(0.013 * (attempt + 1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        run = Run(folder, resume=True)
        epoch = run.meta["epoch"]
        model = build()[0]
        run.restore(model)
        assert epoch >= 3 and all((w == epoch).all() for w in model.get_weights())
        for name in ("weights_last.weights.h5", "weights_best.weights.h5"):
            model.load_weights(folder / name)
            values = {float(v) for w in model.get_weights() for v in (w.min(), w.max())}
            assert len(values) == 1 and values.pop() in (epoch, epoch + 1)
        assert len(rows_of(folder)) in (epoch, epoch + 1)


def test_feeder_gives_the_same_batches_for_any_workers_and_start():
    def take(count, **options):
        with BatchFeeder(Batches([(4, 3)]), seed=3, **options) as feeder:
            return [next(feeder)[0][0] for _ in range(count)]

    reference = take(8, workers=0)
    for options in ({"workers": 1}, {"workers": 4, "max_queue_size": 2}):
        np.testing.assert_array_equal(reference, take(8, **options))
    np.testing.assert_array_equal(reference[5:], take(3, start=5))
    assert not np.array_equal(reference[:3], reference[3:6])


def test_multi_model_trainer_alternates_and_reports():
    full, pose, action = build()
    compile_for_stage([pose, action], STAGE, full)
    seen = []
    trainer = MultiModelTrainer([pose, action], [POSE, ACTION], workers=[1, 2], print_full_losses=True)
    history = trainer.train(3, 2, initial_epoch=1, end_of_epoch_callback=seen.append, verbose=0)
    assert seen == [1, 2] and len(history) == 2
    assert set(history[0]) == {"loss0", "loss1", "pb0_loss", "pb1_loss"}
    with pytest.raises(ValueError, match="`models` and `generators` must be lists of one length. Received: 2 and 1"):
        MultiModelTrainer([pose, action], [POSE])


def test_save_model_uses_names_that_can_be_loaded(tmp_path):
    _, pose, _ = build()
    callback = SaveModel(tmp_path / "weights_{epoch:03d}.hdf5", model_to_save=pose, verbose=0)
    callback.on_epoch_end(4)
    build()[1].load_weights(tmp_path / "weights_005.hdf5")
    plain = keras.Model(pose.inputs, pose.outputs)
    SaveModel(tmp_path / "w.hdf5", model_to_save=plain, verbose=0).on_epoch_end(0)
    plain.load_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="`save_best_only` must come with `callback_to_monitor`"):
        SaveModel("x", save_best_only=True)


SPLIT = """
import sys
sys.path.insert(0, {tests!r})
from test_stages import POSE, STAGE, build
from deephar.training.run import Run
from deephar.training.stages import train_stage
from deephar.trainer import use_all_devices
for devices in (1, 2):
    assert devices == 1 or use_all_devices() == 2
    full, pose, _ = build()
    run = Run({folder!r} + str(devices))
    rows = train_stage(pose, POSE, STAGE.replace(epochs=1), run, full_model=full, verbose=0, workers=0)
    print(len(full.weights[0].value.devices()), rows[0]["loss0"])
"""


@pytest.mark.slow
def test_batches_are_split_over_devices(tmp_path, on_backend, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    code = SPLIT.format(tests=str(ROOT / "tests" / "training"), folder=str(tmp_path / "run"))
    one, one_loss, two, two_loss = on_backend("jax", code).split()[-4:]
    assert (one, two) == ("1", "2")
    assert float(one_loss) == pytest.approx(float(two_loss), rel=1e-5)


def test_all_devices_need_jax():
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    with pytest.raises(ValueError, match="needs the JAX backend.*Received"):
        use_all_devices()


def test_schedules():
    step = Stage("s", epochs=30, steps_per_epoch=10)
    assert [step.rate(10 * e) for e in (0, 14, 15, 25)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])
    cosine = Stage("c", epochs=10, steps_per_epoch=10, schedule="cosine", warmup_steps=4)
    assert cosine.rate(0) == pytest.approx(0.25e-3) and cosine.rate(4) == pytest.approx(1e-3)
    assert cosine.rate(99) < 1e-6
    assert [s.task for s in PENN_RECIPE.stages] == ["pose", "action", "joint", "joint"]
    for field, value in (("task", "walk"), ("optimizer", "x"), ("epochs", 0), ("precision", "half")):
        with pytest.raises(ValueError, match=f"`{field}` must be .*Received: {value!r}"):
            Stage("s", **{field: value})
    with pytest.raises(ValueError, match="`stages`"):
        Recipe("r", (STAGE, STAGE))


def test_a_stage_that_recomputes_trains_the_same():
    (full, pose, _), (other, again, _) = build(), build()
    for model, whole, recompute in ((pose, full, False), (again, other, True)):
        compile_for_stage([model], STAGE.replace(recompute=recompute, optimizer="sgd"), whole)
        MultiModelTrainer([model], [POSE]).train(1, 2, verbose=0)
    assert again.recompute and not pose.recompute
    for a, b in zip(full.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    plain = keras.Model(pose.inputs, pose.outputs)
    plain.signature = pose.signature
    with pytest.raises(ValueError, match="`stage.recompute` needs networks of deephar.models. Received: .*Functional"):
        compile_for_stage([plain], STAGE.replace(recompute=True), full)


def test_mixed_precision_trains():
    full, pose, _ = build()
    set_precision(full, "mixed_bfloat16")
    assert full.get_layer("conv1").compute_dtype == "bfloat16"
    compile_for_stage([pose], STAGE, full)
    MultiModelTrainer([pose], [POSE]).train(1, 2, verbose=0)
    assert all(np.isfinite(w).all() and w.dtype == "float32" for w in pose.get_weights())
