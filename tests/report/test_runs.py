"""A run folder for the page: times, stages, best epochs, settings, validation; damaged files in one line."""

import json

import numpy as np
import pytest
from PIL import Image

from deephar.report.media import Budget
from deephar.report.places import Found
from deephar.report.runs import best_epochs, epoch_seconds, flat, read_log, run_entry, stages_of
from tests.report.examples import write_run, write_validation


def entry_of(folder):
    return run_entry(Found("run", folder, folder.name, str(folder.parent)), Budget(folder / "a.html", 10**6, 10**6))


def test_curves_stages_and_times(tmp_path):
    summary, run = entry_of(write_run(tmp_path / "mine"))
    curves = {curve.pop("name"): curve for curve in run["curves"]}
    assert list(curves) == ["loss0", "pck", "single_clip", "learning_rate", "seconds an epoch"]
    assert curves["loss0"] == {"train": pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1, 1 / 2])}
    assert curves["pck"] == {"validation": [0.1, 0.4, 0.3, 0.35, 0.5, 0.45]}
    assert curves["seconds an epoch"] == {"train": [10, 10, 10, 10, 10, 2.5]}
    assert run["stages"] == [{"name": "pose", "first": 0, "last": 3}, {"name": "action", "first": 4, "last": 5}]
    assert dict(run["facts"])["command"] == "train.py 'runs/a b'" and dict(run["facts"])["went on"] == "1 x"
    assert ["side", "256"] in run["config"] and run["sessions"][0][1].endswith("stage.epochs: [1, 2]")
    assert summary["words"] == "6 epochs, best pck 0.5" and summary["curve"] == curves["pck"]["validation"]


def test_the_best_epochs_are_those_of_the_score_that_was_watched(tmp_path):
    folder = write_run(tmp_path / "mine")
    rows, state = read_log(folder / "log.csv"), {"best": 0.5, "best_stage": "action"}
    assert [(k["row"], k["column"]) for k in best_epochs(rows, {}, state)] == [(1, "pck"), (4, "pck")]
    config = {"config": {"stage": {"name": "pose", "monitor": "loss0", "monitor_mode": "min"}}}
    assert [(k["row"], k["column"]) for k in best_epochs(rows, config, state)] == [(3, "loss0"), (4, "pck")]
    assert best_epochs(rows, {}, {}) == []
    state["best"] = 1 / 2  # of the loss alone
    losses = [{k: v for k, v in row.items() if k not in ("pck", "single_clip")} for row in rows]
    assert [k["row"] for k in best_epochs(losses, {}, state)] == [3, 5]


def test_train_and_validation_of_one_name_share_a_panel(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss,val_loss,mood,acc\n1,2.5,3,good,nan\n2,,2,bad,inf\n")
    _, run = entry_of(tmp_path)
    assert run["curves"] == [{"name": "loss", "train": [2.5, None], "validation": [3.0, 2.0]}]
    assert stages_of(read_log(tmp_path / "log.csv")) == [{"name": "", "first": 0, "last": 1}]
    assert epoch_seconds([{"seconds": None}, {"seconds": 3.0}]) == [None, 3.0]


def test_a_run_that_has_just_begun(tmp_path):
    (tmp_path / "config.json").write_text('{"config": null}')
    summary, run = entry_of(tmp_path)
    assert (summary["words"], run["curves"], run["validation"]) == ("no epoch is finished", [], None)


def test_settings_as_rows():
    values = {"a": {"b": [1, 2], "c": {}}, "d": [{"e": None}], "f": "x"}
    assert flat(values) == [["a.b", "[1, 2]"], ["a.c", "{}"], ["d.0.e", "null"], ["f", "x"]]
    assert flat(None) == []


def test_validation(tmp_path):
    folder = write_run(tmp_path / "mine")
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / "validation_best.png")
    write_validation(folder, samples=[{"rank": 1, "name": "a.png", "score": 0.5, "unit": "%"}])
    _, run = entry_of(folder)
    assert run["validation"]["confusion"]["counts"] == [[3, 1], [0, 4]]
    assert list(run["validation"]["sheets"]) == ["best"]
    assert run["validation"]["samples"] == [["1", "a.png", "0.5", "%"]]
    write_validation(folder, metric=None, confusion=None, sheets=None, stage=None)
    _, run = entry_of(folder)
    assert run["validation"]["confusion"] is None and run["validation"]["sheets"] == {}


@pytest.mark.parametrize("name", ["config.json", "validation.json", "log.csv"])
def test_a_damaged_file_is_named(tmp_path, name):
    folder = write_run(tmp_path / "mine")
    (folder / name).write_bytes(b"\xff\xfe{")
    with pytest.raises(ValueError, match=f"`places` must hold a whole {name}. Received: .*mine"):
        entry_of(folder)


def test_what_is_no_confusion_is_named(tmp_path):
    folder = write_run(tmp_path / "mine")
    write_validation(folder, confusion={"labels": ["a"], "counts": [[1, 2]]})
    with pytest.raises(ValueError, match=r"a row and a column a label. Received: .* of shape \(1, 2\)"):
        entry_of(folder)
    (folder / "validation.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match="that is an object"):
        entry_of(folder)
