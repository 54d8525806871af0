"""Fixtures for the tests of the readers."""

import importlib.util
import pathlib

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def golden():
    """The module golden.py beside this file."""
    path = pathlib.Path(__file__).with_name("golden.py")
    spec = importlib.util.spec_from_file_location("data_golden", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def expected(reference):
    """What the readers must return on the fixture data sets."""
    return np.load(reference / "data_s0.npz", allow_pickle=False)


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """A smooth 640 x 480 JPEG and its path."""
    coarse = np.random.default_rng(0).integers(0, 255, (14, 18, 3)).astype(np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray(coarse).resize((640, 480), Image.BICUBIC).save(path, quality=90)
    return path
