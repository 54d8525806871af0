"""Fixtures shared by all tests: reference data and real material, where they are at hand."""

import importlib.util
import pathlib
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
    """The folder of real pictures and annotations; the test is skipped where it is absent."""
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
