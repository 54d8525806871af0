"""Puts this folder on the path, and loads the scripts `prepare.py` as modules."""

import importlib.util
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATASETS = ROOT / "datasets"
sys.path.append(str(pathlib.Path(__file__).parent))


def load_script(name):
    """The module datasets/NAME/prepare.py."""
    spec = importlib.util.spec_from_file_location(f"prepare_{name}", DATASETS / name / "prepare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def prepare_mpii():
    return load_script("MPII")


@pytest.fixture(scope="session")
def prepare_lsp():
    return load_script("LSP")


@pytest.fixture(scope="session")
def prepare_flic():
    return load_script("FLIC")


@pytest.fixture(scope="session")
def prepare_penn():
    return load_script("PennAction")


@pytest.fixture(scope="session")
def prepare_h36m():
    return load_script("Human3.6M")


@pytest.fixture(scope="session")
def prepare_ntu():
    return load_script("NTU")


def _heed_interrupts():
    """In a child: a suite that was started in the background ignores Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start():
    """A function that starts datasets/NAME/prepare.py as a process of its own; what still runs is killed at the end."""
    started = []

    def run(name, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(DATASETS / name / "prepare.py"), *map(str, arguments)]
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(subprocess.Popen(command, env=environment, preexec_fn=_heed_interrupts, **pipes))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
