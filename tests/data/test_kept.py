"""Samples kept on disk: the same as those of the data set, whole or not at all, never mixed up with others."""

import json

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data.kept import KeptSamples, keep_samples
from deephar.data.synthetic import SyntheticPoses
from deephar.utils import TRAIN_MODE, VALID_MODE

DATACONF = DataConfig(crop_resolution=(32, 32), angles=[-10, 10], hflips=[0, 1])


@pytest.fixture(scope="module")
def source():
    return SyntheticPoses(DATACONF, "mpii16j2d", length=3)


@pytest.fixture(scope="module")
def folder(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept") / "people"
    keep_samples(source, TRAIN_MODE, 5, folder, seed=1, workers=1)
    return folder


def test_samples_are_those_of_the_data_set(source, folder):
    kept = KeptSamples(folder)
    assert kept.get_length(TRAIN_MODE) == kept.get_length(VALID_MODE) == 5
    for key in range(5):  # the fourth is the first image again, cropped anew
        sample, expected = (
            kept.get_data(key, VALID_MODE),
            source.get_data(key % 3, TRAIN_MODE, rng=np.random.default_rng([1, key])),
        )
        assert set(sample) == set(expected)
        np.testing.assert_allclose(sample["frame"], expected["frame"], atol=1 / 255)
        for name in ("pose", "visible", "afmat", "headsize", "center"):
            np.testing.assert_array_equal(sample[name], expected[name])
    assert kept.get_shape("frame") == (32, 32, 3) and kept.get_shape("pose") == (16, 3)
    assert not np.array_equal(kept.get_data(0, VALID_MODE)["afmat"], kept.get_data(3, VALID_MODE)["afmat"])


def test_pixels_follow_the_value_range(folder):
    plain, other = KeptSamples(folder), KeptSamples(folder, value_range=(0, 255), names=["frame"])
    frame = other.get_data(0, TRAIN_MODE)
    assert list(frame) == ["frame"] and frame["frame"].dtype == np.float32
    np.testing.assert_allclose(frame["frame"] / 127.5 - 1, plain.get_data(0, TRAIN_MODE)["frame"], atol=1e-5)


def test_what_is_there_is_kept_and_nothing_else_taken_for_it(source, folder):
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    keep_samples(source, TRAIN_MODE, 5, folder, seed=1, workers=1)
    assert stamps == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with pytest.raises(ValueError, match="`folder` must be empty or hold these samples"):
        keep_samples(source, TRAIN_MODE, 6, folder, seed=1, workers=1)
    about = json.loads((folder / "kept.json").read_text())
    del about["about"]["data"]["shears"]  # a version without that setting wrote it
    (folder / "kept.json").write_text(json.dumps(about))
    assert keep_samples(source, TRAIN_MODE, 5, folder, seed=1, workers=1).get_length(TRAIN_MODE) == 5


def test_errors(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="keep_samples"):
        KeptSamples(tmp_path)
    with pytest.raises(ValueError, match="`key` must be in"):
        KeptSamples(folder).get_data(5, TRAIN_MODE)
