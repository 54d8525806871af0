"""Stages on networks of every kind: what is trained follows the signature, never the names of layers; best weights."""

import inspect
import textwrap

import keras
import numpy as np
import pytest

from deephar.layers.losses import HeatmapLoss
from deephar.models import hourglass
from deephar.models.base import PoseModel
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.training.recipes import Stage
from deephar.training.run import Run
from deephar.training.stages import train_stage

pytestmark = pytest.mark.usefixtures("untraced")

STAGE = Stage("s", epochs=1, steps_per_epoch=1, learning_rate=1e-2)
RNG = np.random.default_rng(0)
POSE = RNG.uniform(0.2, 0.8, (2, 16, 3)).astype(np.float32)
ACTION = np.eye(5, dtype=np.float32)[[1, 3]]


class Batches:
    """One batch of images of `side` px with the given labels."""

    def __init__(self, side, *labels):
        images = np.random.default_rng(1).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
        self.batch = (images,), labels

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


def train(model, batches, stage, folder, validation=None, full_model=None, resume=False):
    """Train without output; return the rows and the paths of the weights that changed."""
    whole = full_model or model
    before = whole.get_weights()
    run = Run(folder, resume=resume)
    rows = train_stage(model, batches, stage, run, validation, full_model, workers=0, verbose=0)
    after = zip(whole.weights, before, whole.get_weights(), strict=True)
    return rows, {w.path for w, a, b in after if not np.array_equal(a, b)}


def two_heads():
    """A foreign network of poses and classes without the word action in any name: (both, classes alone)."""
    inputs = keras.Input((8, 8, 3))
    features = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, name="trunk", activation="relu")(inputs))
    joints = keras.layers.Dense(48, activation="sigmoid", name="joints")(features)
    classes = keras.layers.Dense(5, activation="softmax", name="classes")(features)
    return keras.Model(inputs, [keras.layers.Reshape((16, 3))(joints), classes]), keras.Model(inputs, classes)


def test_a_classifier_is_trained_whole_whatever_its_layers_are_called(tmp_path):
    _, classifier = two_heads()
    _, changed = train(classifier, Batches(8, ACTION), STAGE.replace(task="action"), tmp_path)
    assert changed == {"trunk/kernel", "trunk/bias", "classes/kernel", "classes/bias"}


def test_an_action_stage_trains_the_action_part_of_the_signature(tmp_path):
    both, classifier = two_heads()
    stage = STAGE.replace(task="action")
    _, changed = train(classifier, Batches(8, ACTION), stage, tmp_path, full_model=both)
    assert changed == {"classes/kernel", "classes/bias"}


def test_a_heatmap_network_is_trained_on_heatmaps(tmp_path):
    model = hourglass.build((64, 64, 3), num_stacks=1, filters=8)
    batches = Batches(64, POSE)
    maps = [model(batches[0][0][0], training=True)]
    loss = HeatmapLoss(hourglass.TARGET["sigma_px"], hourglass.TARGET["patch"], False)
    expected = sum(float(keras.ops.convert_to_numpy(keras.ops.mean(loss(POSE, m)))) for m in maps)
    rows, changed = train(model, batches, STAGE, tmp_path)
    assert rows[0]["loss0"] == pytest.approx(expected, rel=1e-4)
    assert {w.path for w in model.weights if w.path.endswith("maps/kernel")} <= changed


def test_outputs_that_are_features_are_refused(tmp_path):
    both, _ = two_heads()
    model = PoseModel(both.inputs, both.outputs)
    layout = hourglass.signature_for((64, 64, 3), 16, [("b1", 1)]).layout
    model.signature = Signature((InputSpec(size=(8, 8)),), (OutputSpec("pose", layout=layout), OutputSpec("features")))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"`model` must have only outputs that can be trained.*\(1,\) are features"):
        train(model, Batches(8, POSE, ACTION), STAGE, tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_score_that_is_nan_is_never_best(tmp_path, capsys):
    _, model = two_heads()
    scores = [np.nan, 0.5, 0.4, np.nan]
    stage = STAGE.replace(epochs=4, task="action")
    train(model, Batches(8, ACTION), stage, tmp_path, lambda epoch: {"accuracy": scores[epoch]})
    assert Run(tmp_path, resume=True).meta["best"] == 0.5
    said = capsys.readouterr().err
    assert "`accuracy` of s, epoch 1, is nan" in said and "no epoch of" not in said
    assert (tmp_path / "weights_best.weights.h5").exists()


def test_a_stage_without_any_finite_score_says_so(tmp_path, capsys):
    _, model = two_heads()
    stage = STAGE.replace(epochs=2, task="action")
    train(model, Batches(8, ACTION), stage, tmp_path, lambda epoch: {"accuracy": float("nan")})
    assert "no epoch of s had a finite `accuracy`" in capsys.readouterr().err
    assert not (tmp_path / "weights_best.weights.h5").exists() and (tmp_path / "weights_last.weights.h5").exists()


def test_the_monitor_must_be_a_score(tmp_path):
    _, model = two_heads()
    with pytest.raises(ValueError, match="`monitor` must be one of the scores accuracy. Received: 'pckh'"):
        train(model, Batches(8, ACTION), STAGE.replace(monitor="pckh"), tmp_path, lambda epoch: {"accuracy": 1.0})


def test_a_finished_stage_goes_on_for_more_epochs(tmp_path, capsys):
    _, model = two_heads()
    batches, more = Batches(8, ACTION), STAGE.replace(epochs=3)
    train(model, batches, STAGE, tmp_path)
    rows, changed = train(model, batches, more, tmp_path, resume=True)
    assert [row["epoch"] for row in rows] == [1, 2, 3] and changed
    train(model, batches, STAGE.replace(name="next"), tmp_path, resume=True)
    rows, changed = train(model, batches, STAGE.replace(epochs=5), tmp_path, resume=True)
    assert len(rows) == 4 and not changed
    assert "s was finished after 3 epochs and another stage has begun" in capsys.readouterr().err


@pytest.mark.parametrize("documented", [train_stage, Run, Stage], ids=lambda k: k.__name__)
def test_the_documented_example_runs(documented, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = inspect.getdoc(documented).split("Example:\n")[1]
    exec(compile(textwrap.dedent(example), documented.__name__, "exec"), {})
    assert capsys.readouterr().out.strip()
