"""The run folder: scores for TensorBoard as they come, best weights of every stage, what a resumed run may change."""

import json
import shutil

import keras
import numpy as np
import pytest

from deephar.training.recipes import Recipe, Stage
from deephar.training.run import Run

STAGE = Stage("pose", epochs=4, steps_per_epoch=10)


def model_of(value):
    """A model whose only weight has a value."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False, name="dense")(inputs))
    model.set_weights([np.full((1, 1), value, np.float32)])
    return model


def value_in(path):
    model = model_of(0.0)
    model.load_weights(path)
    return float(model.get_weights()[0][0, 0])


def epoch(run, number, **options):
    run.log({"stage": "pose", "epoch": number, "loss0": 1 / number})
    run.save(model_of(number), epoch=number, **{"stage": "pose", **options})


def test_scores_are_appended_to_one_file(tmp_path):
    run = Run(tmp_path)
    epoch(run, 1)
    (file,) = (tmp_path / "tensorboard").iterdir()
    first = file.read_bytes()
    epoch(run, 2)
    assert list((tmp_path / "tensorboard").iterdir()) == [file]
    assert file.read_bytes().startswith(first) and len(file.read_bytes()) > len(first)


@pytest.fixture
def open_reader():
    """Return a function: folder -> TensorBoard's own reader, opened."""
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    return lambda folder: event_accumulator.EventAccumulator(str(folder / "tensorboard")).Reload()


def steps(reader):
    return [(event.step, event.value) for event in reader.Scalars("loss0")]


def test_a_reader_that_is_open_sees_the_next_epoch(tmp_path, open_reader):
    run = Run(tmp_path)
    epoch(run, 1)
    reader = open_reader(tmp_path)
    assert steps(reader) == [(1, 1.0)]
    epoch(run, 2)
    assert steps(reader.Reload()) == [(1, 1.0), (2, 0.5)]


def test_an_epoch_repeated_after_a_kill_is_shown_once(tmp_path, open_reader):
    run = Run(tmp_path)
    epoch(run, 1)
    state = (tmp_path / "state.npz").read_bytes()
    epoch(run, 2)
    (tmp_path / "state.npz").write_bytes(state)  # the kill came just before the state was written
    reader = open_reader(tmp_path)
    run = Run(tmp_path, resume=True)
    for number in (2, 3):
        epoch(run, number)
    expected = [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert steps(reader.Reload()) == steps(open_reader(tmp_path)) == expected


def test_a_deleted_board_is_written_again(tmp_path, open_reader):
    epoch(Run(tmp_path), 1)
    shutil.rmtree(tmp_path / "tensorboard")
    epoch(Run(tmp_path, resume=True), 2)
    assert steps(open_reader(tmp_path)) == [(1, 1.0), (2, 0.5)]


def test_the_best_weights_of_an_earlier_stage_are_kept(tmp_path):
    run = Run(tmp_path)
    epoch(run, 1, is_best=True)
    epoch(run, 2, is_best=True)
    epoch(run, 3)
    state = (tmp_path / "state.npz").read_bytes()
    best, kept = tmp_path / "weights_best.weights.h5", tmp_path / "weights_best-pose.weights.h5"
    assert value_in(best) == 2 and not kept.exists()
    epoch(run, 4, is_best=False, stage="action")
    assert value_in(best) == 2 and not kept.exists()
    epoch(run, 5, is_best=True, stage="action")
    assert (value_in(kept), value_in(best)) == (2, 5)
    (tmp_path / "state.npz").write_bytes(state)  # killed before the state of the second stage was written
    epoch(Run(tmp_path, resume=True), 4, is_best=True, stage="action")
    assert (value_in(kept), value_in(best)) == (2, 4)


def config_of(stage=STAGE, **changes):
    recipe = Recipe("two", (stage, stage.replace(name="action", task="action", seed=0)))
    stages = [dict(vars(s)) for s in recipe.stages]
    model = {"input_shape": (64, 64, 3), "num_pyramids": 2}
    return {"model": model, "recipe": {"name": "two", "stages": stages}, "batch": {"mpii": 16}, **changes}


def resume(tmp_path, config):
    epoch(Run(tmp_path, config_of()), 1)
    return Run(tmp_path, config, resume=True)


def about(tmp_path):
    return json.loads((tmp_path / "config.json").read_text())


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (config_of(STAGE.replace(learning_rate=0.5)), ["recipe.stages.pose.learning_rate: 0.001 -> 0.5"]),
        (config_of(STAGE.replace(optimizer="adam")), ["recipe.stages.action.optimizer: rmsprop -> adam"]),
        (config_of(STAGE.replace(seed=7)), ["recipe.stages.pose.seed: 0 -> 7"]),
        (config_of(STAGE.replace(epochs=3)), ["recipe.stages.pose.epochs: 4 -> 3"]),
        (config_of(batch={"mpii": 8, "lsp": 8}), ["batch.mpii: 16 -> 8", "batch.lsp: (absent) -> 8"]),
        (config_of(model={"input_shape": (64, 64, 3), "num_pyramids": 8}), ["model.num_pyramids: 2 -> 8"]),
        (config_of(STAGE.replace(name="other")), ["recipe.stages: ['pose', 'action'] -> ['other', 'action']"]),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, config, named):
    with pytest.raises(ValueError, match="`config` must be what the run.*new folder.*--init .*weights_last") as error:
        resume(tmp_path, config)
    assert all(text in str(error.value) for text in named)
    assert "resumed" not in about(tmp_path)
    assert Run(tmp_path, config_of(), resume=True).rows


def test_harmless_differences_are_said_and_recorded(tmp_path, capsys):
    changed = config_of(STAGE.replace(epochs=9, jit_compile=True), data_root="elsewhere")
    changed["recipe"]["stages"].append(dict(vars(STAGE.replace(name="late"))))
    resume(tmp_path, changed)
    said = capsys.readouterr().out
    assert "recipe.stages.pose.epochs: 4 -> 9" in said and said.count("\n") == 1
    (session,) = about(tmp_path)["resumed"]
    assert session["settings"]["recipe.stages.action.jit_compile"] == [False, True]
    assert session["settings"]["recipe.stages"] == [["pose", "action"], ["pose", "action", "late"]]
    assert session["keras"] == keras.__version__ and about(tmp_path)["config"]["recipe"]["stages"][0]["epochs"] == 9


def test_the_same_settings_say_nothing(tmp_path, capsys):
    resume(tmp_path, config_of())
    assert capsys.readouterr().out == "" and about(tmp_path)["resumed"][0]["settings"] == {}


def test_another_version_is_said(tmp_path, capsys):
    epoch(Run(tmp_path, config_of()), 1)
    before = {**about(tmp_path), "keras": "3.10.0", "command": ["other"]}
    (tmp_path / "config.json").write_text(json.dumps(before))
    Run(tmp_path, resume=True)
    assert f"another command line; keras: 3.10.0 -> {keras.__version__}" in capsys.readouterr().out
    assert about(tmp_path)["config"] == before["config"]


def test_a_setting_that_an_older_version_did_not_write_has_its_default(tmp_path):
    older = config_of()
    del older["recipe"]["stages"][0]["rho"]
    epoch(Run(tmp_path, older), 1)
    Run(tmp_path, config_of(), resume=True)
    assert about(tmp_path)["resumed"][0]["settings"] == {}
    older["recipe"]["stages"][1]["rho"] = 0.5
    with pytest.raises(ValueError, match=r"Received other settings: recipe.stages.action.rho: 0.9 -> 0.5\. Take"):
        Run(tmp_path, older, resume=True)


def test_a_damaged_config_is_refused(tmp_path):
    epoch(Run(tmp_path), 1)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="`folder` must hold a whole config.json"):
        Run(tmp_path, resume=True)
