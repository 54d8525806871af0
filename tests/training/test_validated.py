"""What the run folder tells of a validation: order of the samples, ties, absent scores, a kill, no validation."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from deephar.models.base import PoseModel
from deephar.training.recipes import Stage
from deephar.training.run import Run
from deephar.training.stages import train_stage
from deephar.training.validated import COLUMNS, SHEETS, SHOWN, VALIDATION, Samples, Score, write_validation

STAGE = Stage("pose", epochs=3, steps_per_epoch=1)
SIDE = 40
FILES = (VALIDATION, *SHEETS.values())


def show(index):
    """An image of one colour, its number."""
    return np.full((SIDE, 2 * SIDE, 3), index, np.uint8), [f"line of {index}"]


def samples(scores, better="lower", **more):
    return Samples(np.array(scores, float), "mm", better, [f"s{k}" for k in range(len(scores))], **more)


def told(run):
    return json.loads(run.path(VALIDATION).read_text())


def colours(path):
    """The numbers of the samples on a sheet, in order."""
    sheet = np.asarray(Image.open(path))
    height = (sheet.shape[0] - 4) // -(-SHOWN // COLUMNS)
    width = (sheet.shape[1] - 4) // COLUMNS
    cells = [(row, column) for row in range(SHOWN // COLUMNS) for column in range(COLUMNS)]
    return [int(sheet[(row + 1) * height - 2, (column + 1) * width - 2, 0]) for row, column in cells]


def test_the_best_come_first_and_equal_ones_keep_their_order():
    assert samples([3, 1, np.nan, 1, 2]).ranked() == [1, 3, 4, 0]
    assert samples([3, 1, np.nan, 1, 2], "higher").ranked() == [0, 4, 1, 3]
    assert samples([np.nan, np.nan]).ranked() == []


def test_the_files_of_a_validation(tmp_path):
    run, number = Run(tmp_path), 30
    scores = [float((7 * k) % number) for k in range(number)]  # sample k is at place 7 k mod 30
    scores[scores.index(0.0)] = np.nan
    order = sorted((k for k in range(number) if np.isfinite(scores[k])), key=scores.__getitem__)
    score = Score(12.5, "mm", samples(scores, show=show), (["a", "b"], np.array([[3, 1], [0, 2]])))
    write_validation(run, STAGE.replace(monitor_mode="min"), 4, "error", score)
    about = told(run)
    rows = about.pop("samples")
    assert about == {
        "epoch": 5,
        "stage": "pose",
        "metric": {"name": "error", "unit": "mm", "value": 12.5, "better": "lower"},
        "confusion": {"labels": ["a", "b"], "counts": [[3, 1], [0, 2]]},
        "sheets": {"best": "validation_best.png", "worst": "validation_worst.png"},
    }
    ranks = [*range(1, SHOWN + 1), *range(29 - SHOWN + 1, 30)]
    assert [row["rank"] for row in rows] == ranks
    assert [row["name"] for row in rows] == [f"s{order[rank - 1]}" for rank in ranks]
    assert rows[0] == {"rank": 1, "name": f"s{order[0]}", "score": 1.0, "unit": "mm"}
    assert colours(tmp_path / SHEETS["best"]) == order[:SHOWN]
    assert colours(tmp_path / SHEETS["worst"]) == order[::-1][:SHOWN]
    write_validation(run, STAGE, 5, "plain", 0.25)
    assert told(run) == {
        "epoch": 6,
        "stage": "pose",
        "metric": {"name": "plain", "unit": "", "value": 0.25, "better": "higher"},
        **dict.fromkeys(("confusion", "sheets", "samples")),
    }
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", VALIDATION}


def test_no_sample_has_a_score(tmp_path):
    write_validation(Run(tmp_path), STAGE, 0, "pck", Score(0.0, "", samples([np.nan], show=show)))
    about = json.loads((tmp_path / VALIDATION).read_text())
    assert about["sheets"] is None and about["samples"] is None


class Batches:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        x = np.random.default_rng(index).normal(size=(2, 4, 4, 3)).astype("float32")
        return (x,), (np.full((2, 2, 3), 0.5, "float32"),)


def train(folder, validation, resume=False):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.Dense(6, activation="sigmoid", name="pose")(keras.layers.Flatten(name="flat")(inputs))
    model = PoseModel(inputs, keras.layers.Reshape((2, 3), name="joints")(x))
    run = Run(folder, resume=resume)
    train_stage(model, Batches(), STAGE, run, validation, workers=0, verbose=0)
    return run


def scored(epoch):
    """The second epoch is the best; the order of the samples changes from epoch to epoch."""
    value = [0.2, 0.4, 0.3][epoch]
    return {"score": Score(value, "share", samples(np.roll([1.0, 2, 3, 4], epoch), show=show)), "other": 1.0}


@pytest.mark.usefixtures("untraced")
def test_the_best_epoch_tells_also_after_a_kill(tmp_path):
    class Kill(Exception):
        pass

    def killed(epoch):
        if epoch == 2:
            raise Kill
        return scored(epoch)

    straight = train(tmp_path / "a", scored)
    assert told(straight)["epoch"] == 2 and told(straight)["metric"]["value"] == 0.4
    assert [row["name"] for row in told(straight)["samples"]] == ["s1", "s2", "s3", "s0"]
    with pytest.raises(Kill):
        train(tmp_path / "b", killed)
    resumed = train(tmp_path / "b", scored, resume=True)
    assert [straight.path(name).read_bytes() for name in FILES] == [resumed.path(name).read_bytes() for name in FILES]
    assert resumed.rows[1]["score"] == 0.4 and type(resumed.rows[1]["score"]) is float


@pytest.mark.usefixtures("untraced")
def test_without_validation_there_is_nothing_to_tell(tmp_path):
    run = train(tmp_path, None)
    assert run.finished("pose") and not [name for name in FILES if run.path(name).exists()]
