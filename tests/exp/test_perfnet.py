"""The scripts of PERF-Net on tiny videos: teachers, student, fine-tuning, all fusions, answers, and errors."""

import csv
import json
import runpy
import sys

import numpy as np
import pytest

from tests.exp.test_scripts import EXP, fails, told
from tests.processes import run_script

pytest.importorskip("av")
pytest.importorskip("cv2")


def run(script, out, *arguments, tiny=True, **options):
    """Run a script of PERF-Net; its standard output."""
    return run_script(EXP / "perfnet" / script, out, *(("--tiny",) if tiny else ()), *arguments, **options)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the runs of two teachers, made one after the other from the same videos and flow."""
    folder = tmp_path_factory.mktemp("perfnet")
    for name in ("rgb", "flow"):
        options = () if name == "rgb" else ("--data", folder / "rgb" / "data", "--flow", folder / "rgb" / "flow")
        if name == "flow":
            run("compute_flow.py", folder / "rgb" / "flow", "--data", folder / "rgb" / "data")
        out = run("train_teacher.py", folder / name, "--stream", name, "--epochs", 1, "--steps", 1, *options)
        assert "3 classes, 3 videos" in out and "  top1 " in out
        assert told(folder / name, ["golf", "jump", "squat"]) == ("top1", "share of videos")
    return folder


def test_a_student_learns_from_its_teacher(runs, tmp_path):
    streams = ("--data", runs / "rgb" / "data", "--flow", runs / "rgb" / "flow")
    teachers = ("--teachers", f"flow={runs / 'flow'}", "--variant", "unified", "--epochs", 1, "--steps", 2)
    run("distill_student.py", tmp_path, *streams, *teachers)
    about = json.loads((tmp_path / "config.json").read_text())["config"]
    assert about["variant"] == "unified" and about["model"]["labels"] == ["golf", "jump", "squat"]
    assert about["stage"]["optimizer"] == "sgd" and about["stage"]["weight_decay"] == 1e-4
    videos = ("--data", runs / "rgb" / "data", "--clips", 2)
    answer = run("predict.py", tmp_path / "answers", "--weights", tmp_path, *videos)
    assert answer.count("squat_0001.mp4: ") == 1 and answer.count(" s: ") == 6
    found = json.loads((tmp_path / "answers" / "predictions.json").read_text())
    assert len(found["videos"]) == 3 and not found["failed"]
    for video in found["videos"].values():
        assert sum(k["probability"] for k in video["classes"]) == pytest.approx(1, abs=1e-5)
        assert {k["label"] for k in video["classes"]} == {"golf", "jump", "squat"}


@pytest.mark.slow
def test_all_fusions_are_scored(runs, tmp_path):
    streams = ("--data", runs / "rgb" / "data", "--flow", runs / "rgb" / "flow")
    networks = ("--networks", f"rgb={runs / 'rgb'}", f"flow={runs / 'flow'}", f"rgb={runs / 'rgb'}")
    out = run("eval.py", tmp_path, *streams, *networks)
    scores = json.loads((tmp_path / "eval.json").read_text())["scores"]
    assert list(scores)[:4] == ["rgb", "flow", "rgb2", "rgb + flow"] and len(scores) == 7 and "rgb + flow + rgb2" in out
    assert scores["rgb"] == scores["rgb2"] == scores["rgb + rgb2"]
    with open(tmp_path / "confusion.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == [row[0] for row in rows[1:]] == ["golf", "jump", "squat"]
    counts = np.array([row[1:] for row in rows[1:]], int)
    assert counts.sum(axis=1).tolist() == [1, 1, 1]
    assert np.trace(counts) == round(3 * scores["rgb + flow + rgb2"]["top1"])
    again = run("eval.py", tmp_path, *streams, *networks, "--resume")
    assert "clips (" not in again and again.splitlines()[-1] == out.splitlines()[-1]


def test_a_network_learns_other_classes(runs, tmp_path):
    data = ("--data", runs / "rgb" / "data", "--start", runs / "rgb", "--epochs", 1, "--steps", 1)
    out = run("finetune.py", tmp_path, *data, "--split", 2)
    about = json.loads((tmp_path / "finetuned.json").read_text())
    assert set(about["splits"]) == {"2"} and "mean of 1 split(s)" in out and about["mean"] == about["splits"]["2"]
    stage = json.loads((tmp_path / "split2" / "config.json").read_text())["config"]["stage"]
    assert stage["class_weights"] is None and stage["learning_rate"] == pytest.approx(0.16 * 2 / 2048)


def test_what_is_wrong_is_said(runs, tmp_path, monkeypatch, capsys):
    data = ("--data", runs / "rgb" / "data")
    message = fails(monkeypatch, capsys, "perfnet/train_teacher.py", tmp_path / "a")
    assert "--data" in message
    message = fails(monkeypatch, capsys, "perfnet/train_teacher.py", tmp_path / "b", *data, "--stream", "flow")
    assert "--flow" in message
    network = ("--networks", f"flow={runs / 'rgb'}")
    message = fails(monkeypatch, capsys, "perfnet/eval.py", tmp_path / "c", *data, *network)
    assert "flow needs a network of clips of 2 channels" in message


def test_a_video_that_cannot_be_read_is_named(runs, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    arguments = ["predict.py", tmp_path / "out", "--weights", runs / "rgb", "--videos", broken]
    monkeypatch.setattr(sys, "argv", [*map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXP / "perfnet" / "predict.py"), run_name="__main__")
    assert ended.value.code == 1 and "1 of 1 videos cannot be read" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "predictions.json").read_text())["failed"][0]["video"] == str(broken)


@pytest.mark.slow
def test_claims_about_streams_are_checked_one_by_one(tmp_path, monkeypatch, capsys):
    path = EXP / "synthetic" / "ablations_streams.py"
    out = run_script(path, tmp_path, "--tiny", "--only", "rgb", "flow", "rgb from flow")
    rows = {line[:24].strip() for line in (tmp_path / "table.txt").read_text().splitlines()}
    assert {"rgb", "flow", "rgb from flow", "rgb + flow"} <= {row.split("  ")[0] for row in rows}
    assert "rgb from flow, seed 0: 2 steps" in out
    (tmp_path / "flow-seed0.weights.h5").unlink()
    (tmp_path / "rgb-from-flow-seed0.json").unlink()
    arguments = ("--tiny", "--resume", "--only", "rgb from flow")
    message = fails(monkeypatch, capsys, "synthetic/ablations_streams.py", tmp_path, *arguments)
    assert "`--only` must name flow too" in message
