"""The training of own actions on tiny videos: from folders to a name, resumed exactly; errors in one line."""

import json
import shutil

import numpy as np
import pytest

from deephar.cli import main
from deephar.models import load_model
from tests.exp.test_scripts import EXP, fails, rows_of, told
from tests.processes import run_script

pytest.importorskip("av")
SCRIPT = "own/train_actions.py"
LABELS = ["golf", "jump", "squat"]


def run(out, *arguments, **options):
    return run_script(EXP / SCRIPT, out, "--tiny", *arguments, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder, and what was printed."""
    out = tmp_path_factory.mktemp("own") / "run"
    return out, run(out, "--balanced")


@pytest.mark.slow
def test_from_folders_to_a_run(trained):
    out, text = trained
    assert "9 videos of 3 classes; clips of 8 frames in 1.07 s" in text and "of 9 videos" in text
    assert "single-clip" in text and "multi-clip (" in text and f"deephar predict VIDEO --model {out}" in text
    rows = rows_of(out)
    assert told(out, LABELS) == ("log_loss", "nats")
    assert len(rows) == 2 and {"single_clip", "log_loss", "loss0"} <= set(rows[0])
    result = json.loads((out / "result.json").read_text())
    assert result["actions"] == LABELS and np.sum(result["confusion"]) == 3 and result["chose_the_epoch"] is False
    assert len(json.loads((out / "boxes.json").read_text())["videos"]) == 9 and (out / "confusion.png").exists()
    config = json.loads((out / "config.json").read_text())["config"]
    assert config["classes"] == LABELS and config["clip"]["step_s"] == pytest.approx(4 / 30)
    assert config["stage"]["class_weights"] == [1.0, 1.0, 1.0]


@pytest.mark.slow
def test_the_folder_of_the_run_is_the_network(trained, tmp_path, capsys):
    model = load_model(trained[0])
    assert model.signature.labels == tuple(LABELS) and model.signature.frame.clip_step_s == pytest.approx(4 / 30)
    video = next((trained[0] / "data" / "Videos" / "test" / "jump").glob("*.mp4"))
    options = ("--out", str(tmp_path), "--no-overlay", "--detector", "none")
    assert main(["predict", str(video), "--model", str(trained[0]), *options]) == 0
    assert "actions: " in capsys.readouterr().out
    found = json.loads((tmp_path / f"{video.stem}_prediction.json").read_text())
    assert list(found["actions"][0]["probabilities"]) == LABELS
    assert found["clip"]["step_s"] == pytest.approx(4 / 30, abs=1e-3)


@pytest.mark.slow
def test_a_stopped_run_goes_on_exactly(trained, tmp_path):
    out, data = tmp_path / "run", trained[0] / "data"
    assert "epoch 2" not in run(out, "--data", data, "--balanced", "--time-limit", 0)
    stamp = (out / "boxes.json").stat().st_mtime_ns
    text = run(out, "--data", data, "--balanced", "--resume")
    assert "epoch 2" in text and "epoch 1:" not in text and (out / "boxes.json").stat().st_mtime_ns == stamp
    for name in ("validation.json", "validation_best.png", "validation_worst.png"):
        assert (trained[0] / name).read_bytes() == (out / name).read_bytes()
    for name in ("weights_last", "weights_best"):
        a, b = (load_model(folder / f"{name}.weights.h5").get_weights() for folder in (trained[0], out))
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def copy_of(data, folder):
    shutil.copytree(data / "Videos", folder)
    return folder


@pytest.mark.slow
def test_damaged_videos_stop_the_training_or_are_left_out(trained, tmp_path, monkeypatch, capsys):
    data = copy_of(trained[0] / "data", tmp_path / "videos")
    broken = data / "train" / "golf" / "broken.mp4"
    broken.write_bytes((data / "train" / "golf" / "golf_0001.mp4").read_bytes()[:900])
    message = fails(monkeypatch, capsys, SCRIPT, tmp_path / "run", "--tiny", "--data", data, status=1)
    assert "1 videos are damaged" in message and "train/golf/broken.mp4: " in message and "--skip-damaged" in message
    assert not (tmp_path / "run" / "config.json").exists()
    text = run(tmp_path / "run", "--data", data, "--skip-damaged", "--epochs", 1)
    assert "train/golf/broken.mp4: " in text and "9 videos of 3 classes" in text


def test_what_the_user_got_wrong_is_said_in_one_line(trained, tmp_path, monkeypatch, capsys):
    data, tiny = trained[0] / "data", (SCRIPT, tmp_path / "out", "--tiny")
    message = fails(monkeypatch, capsys, SCRIPT, tmp_path / "out")
    assert "`--data` must be a folder of class-named folders of videos" in message
    message = fails(monkeypatch, capsys, *tiny, "--data", tmp_path / "nowhere")
    assert "`--data` must be an existing folder" in message
    (tmp_path / "empty").mkdir()
    message = fails(monkeypatch, capsys, *tiny, "--data", tmp_path / "empty")
    assert "no videos in" in message and "--data" in message
    one = copy_of(data, tmp_path / "one")
    for name in ("golf", "jump"):
        for split in ("train", "test"):
            shutil.rmtree(one / split / name)
    assert "two class-named folders" in fails(monkeypatch, capsys, *tiny, "--data", one)
    message = fails(monkeypatch, capsys, *tiny, "--data", data, "--init", "cpm-mpii")
    assert "`--init`" in message and "cpm" in message
    message = fails(monkeypatch, capsys, *tiny, "--data", data, "--weights", "spnet-2d")
    assert "--init names the network to start from" in message


def test_a_run_of_other_classes_does_not_go_on(trained, tmp_path, monkeypatch, capsys):
    other, out = copy_of(trained[0] / "data", tmp_path / "other"), tmp_path / "run"
    for split in ("train", "test"):
        (other / split / "golf").rename(other / split / "chop")
    shutil.copytree(trained[0], out, ignore=shutil.ignore_patterns("data", "features", "boxes.json"))
    message = fails(monkeypatch, capsys, SCRIPT, out, "--tiny", "--balanced", "--data", other, "--resume")
    assert "classes: ['golf', 'jump', 'squat'] -> ['chop', 'jump', 'squat']" in message
