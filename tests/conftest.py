"""Fixtures shared by all tests: reference data and real material, where they are at hand."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import pytest

from deephar.experiments.tiny import run_untraced

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
SHARED = pathlib.Path(os.environ.get("DEEPHAR_SHARED", ROOT.parent / "shared"))


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
    """The folder of reference values: the whole ones, or tests/golden where they are absent."""
    folder = SHARED / "reference"
    return folder if folder.is_dir() else GOLDEN


@pytest.fixture(scope="session")
def golden_module():
    """Return a function: name -> the module of that name in tests/golden."""
    return lambda name: _module_from(GOLDEN / f"{name}.py")


@pytest.fixture(scope="session")
def real():
    """The folder of real images and annotations; the test is skipped where it is absent."""
    return _folder_or_skip("real")


@pytest.fixture(scope="session")
def cases():
    """The folder of small inputs that failed once; the test is skipped where it is absent."""
    return _folder_or_skip("cases")


@pytest.fixture(scope="session")
def reference_weights(golden_module):
    """The module that writes the deterministic reference weight files."""
    return golden_module("reference_weights")


@pytest.fixture(scope="session")
def fixture_world(golden_module, tmp_path_factory):
    """Four tiny data sets in the official on-disk formats, seed 0."""
    root = tmp_path_factory.mktemp("fixture_world")
    golden_module("fixture_world").write(root)
    return root


@pytest.fixture
def untraced():
    """Run training steps and predictions operation by operation: for tiny networks tracing takes much longer."""
    run_untraced()


@pytest.fixture(autouse=True)
def traced_again():
    """Undo what `untraced` or a script's --tiny asked for."""
    yield
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.run_functions_eagerly(False)


# NumPy draws the first weights: JAX would compile a program for every shape, which is most of what a build takes.
DRAWN_BY_NUMPY = """
import keras
import numpy as np

keras.initializers.VarianceScaling.__call__ = lambda self, shape, dtype=None: (
    np.random.default_rng(shape).normal(0, np.prod(shape[:-1]) ** -0.5, shape).astype(dtype or "float32")
)
keras.initializers.Zeros.__call__ = lambda self, shape, dtype=None: np.zeros(shape, dtype or "float32")
keras.initializers.Ones.__call__ = lambda self, shape, dtype=None: np.ones(shape, dtype or "float32")
"""


@pytest.fixture(scope="session")
def on_backend():
    """Return a function that runs Python code in a process of its own on a Keras backend and returns what it prints."""

    def run(backend, code, *arguments):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"no {backend}")
        quick_jax = {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiling is most of its time
        environment = {**os.environ, **quick_jax, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", DRAWN_BY_NUMPY + code, *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run
