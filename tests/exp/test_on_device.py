"""Options of training: samples on an accelerator, an end by the clock, averaged weights."""

import csv
import json
import os
import subprocess
import sys

import keras
import pytest

from deephar.experiments.tiny import write_tiny
from deephar.models.zoo import load_model
from tests.exp.test_scripts import EXP, ROOT, fails
from tests.processes import run_script

LSP = EXP / "lsp" / "train_lsp_spnet.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"), "LSP")


def rows_of(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def run_on_jax(*arguments):
    pytest.importorskip("jax")
    quick = {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiling is most of its time
    environment = {**os.environ, **quick, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_poses_are_trained_on_the_device_and_resumed(tmp_path, data):
    options = ("--tiny", "--data", data, "--on-device", "--synthetic", 0.25, "--stored", 32, "--ema", 0.9)
    out = run_on_jax(LSP, tmp_path, *options, "--steps", 3, "--epochs", 1)
    assert "16 samples of Lsp of 48 px, 32 samples of SyntheticPoses (renewed) of 48 px: " in out
    assert "1 x 4 steps" in out and "2 steps a call" in out  # an epoch is whole calls
    about = json.loads((tmp_path / "config.json").read_text())["config"]
    assert about["on_device"] == {"steps_per_call": 2, "stored": 32, "canvas": None}
    assert about["stage"]["ema_decay"] == 0.9 and about["stage"]["steps_per_epoch"] == 4
    assert load_model(tmp_path).signature.layout.name == "pa16j2d"
    run_on_jax(LSP, tmp_path, *options, "--steps", 3, "--epochs", 2, "--resume")
    rows = rows_of(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(row["samples_per_s"]) > 0 and row["pck_lsp"] for row in rows)


def test_the_backend_is_named_in_one_line(tmp_path, monkeypatch, capsys):
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    message = fails(monkeypatch, capsys, "lsp/train_lsp_spnet.py", tmp_path, "--tiny", "--on-device")
    assert "`--on-device` needs the JAX backend: set the environment's KERAS_BACKEND to jax." in message


def test_a_training_ends_by_the_clock(tmp_path, data):
    run_script(LSP, tmp_path, "--tiny", "--data", data, "--minutes", 0.05, "--ema", 0.9)
    stage = json.loads((tmp_path / "config.json").read_text())["config"]["stage"]
    assert (stage["minutes"], stage["ema_decay"]) == (0.05, 0.9)
    rates = [float(row["learning_rate"]) for row in rows_of(tmp_path)]
    assert rates == sorted(rates, reverse=True) and "samples_per_s" not in rows_of(tmp_path)[0]
