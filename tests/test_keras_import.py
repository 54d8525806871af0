"""Keras imported after deephar: a missing backend is named, and a `.keras` file loads without any other import."""

import importlib
import json
import os
import pathlib
import subprocess
import sys

import keras
import pytest

from deephar.keras_import import BACKENDS, PACKAGE, REGISTERED, REGISTERING, asked_backend, check_backend
from deephar.layers import MaxMinPooling2D
from deephar.models.base import PoseModel
from deephar.models.builders import NETWORKS

ROOT = pathlib.Path(__file__).resolve().parents[1]
MISSING = "import sys; sys.modules['{backend}'] = None; "


def run(code, tmp_path, **variables):
    """Run code in a process of its own; `variables` set to None are removed from the environment."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_HOME": str(tmp_path), **variables}
    environment = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)


def test_every_registered_class_has_a_stand_in():
    assert {module for module, _ in NETWORKS.values()} - {"deephar.models.builders"} <= set(REGISTERING)
    for module in REGISTERING:
        importlib.import_module(module)
    objects = keras.saving.get_custom_objects()
    ours = {name: o for name, o in objects.items() if name.startswith(f"{PACKAGE}>")}
    assert {name for name, o in ours.items() if hasattr(o, "from_config")} == {f"{PACKAGE}>{n}" for n in REGISTERED}
    assert all(o.__module__.startswith("deephar.") for o in ours.values())


LOAD = "m = keras.saving.load_model('x.keras'); print(type(m).__name__, type(m.layers[-1]).__name__)"


@pytest.mark.parametrize(
    "first",
    [
        "import deephar, keras",
        "import keras, deephar",
        "from deephar.data import BatchLoader; import keras",
    ],
)
def test_a_keras_file_loads_after_import_of_deephar_alone(first, tmp_path):
    inputs = keras.Input((4, 4, 3))
    PoseModel(inputs, MaxMinPooling2D((2, 2))(inputs)).save(tmp_path / "x.keras")
    done = run(f"{first}; {LOAD}", tmp_path, KERAS_BACKEND="numpy")  # the backend that starts fastest
    assert (done.returncode, done.stdout.split()) == (0, ["PoseModel", "MaxMinPooling2D"]), done.stderr[-2000:]


def test_the_variable_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert asked_backend() == (BACKENDS[0], "default")
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "jax"}))
    assert asked_backend() == ("jax", f"the entry `backend` of {tmp_path / 'keras.json'}")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert asked_backend() == ("torch", "the environment variable KERAS_BACKEND")


def test_an_installed_backend_passes(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    check_backend()


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_load_model_names_the_missing_backend(backend, tmp_path):
    code = MISSING.format(backend=backend) + "import deephar; deephar.load_model('spnet-2d')"
    done = run(code, tmp_path, KERAS_BACKEND=backend)
    said = done.stderr.splitlines()[-1]
    assert f"backend {backend} (set by the environment variable KERAS_BACKEND)" in said
    assert f"pip install {backend}, or set KERAS_BACKEND to what is installed: tensorflow" in said


def test_the_command_names_the_missing_backend_in_one_line(tmp_path):
    from PIL import Image

    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    command = "from deephar.cli import main; sys.exit(main(['predict', 'a.png', '--out', 'o']))"
    done = run(MISSING.format(backend="torch") + command, tmp_path, KERAS_BACKEND=None)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("deephar: error: Keras is to use the backend torch")
    assert str(tmp_path / "keras.json") in line
