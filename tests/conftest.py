"""Fixtures shared by all tests: reference data and real material, where they are at hand."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def _folder_or_skip(name):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no ../shared/{name} beside the project")
    return folder


def _module_from(path):
    """Import one file that is not part of a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference():
    """The folder of reference outputs; the test is skipped where it is absent."""
    return _folder_or_skip("reference")


@pytest.fixture(scope="session")
def real():
    """The folder of real images and annotations; the test is skipped where it is absent."""
    return _folder_or_skip("real")


@pytest.fixture(scope="session")
def reference_weights(reference):
    """The module that writes the deterministic reference weight files."""
    return _module_from(reference / "reference_weights.py")


@pytest.fixture(scope="session")
def fixture_world(reference, tmp_path_factory):
    """Four tiny data sets in the official on-disk formats, seed 0."""
    make_fixture = _module_from(reference / "make_fixture.py")
    root = tmp_path_factory.mktemp("fixture_world")
    writer = make_fixture.Writer(root, 0)
    writer.mpii()
    writer.pennaction()
    writer.human36m()
    writer.ntu()
    return root


@pytest.fixture(scope="session")
def on_backend():
    """Return a function that runs Python code in a process of its own on a Keras backend and returns what it prints."""

    def run(backend, code, *arguments):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"no {backend}")
        quick_jax = {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiling is most of its time
        environment = {**os.environ, **quick_jax, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run
