"""FLIC: the official file, splits, films held out, left and right by person or observer, errors."""

import shutil

import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import Flic, Lsp
from deephar.data.single_people import sides_of
from deephar.synthetic.writers import synthesise
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import flic9j2d, flic11j2d, pa16j2d

SMALL = DataConfig(crop_resolution=(64, 64))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthesise("flic", tmp_path_factory.mktemp("world"), train=21, test=3, size=(90, 60), workers=1)


def test_people_come_from_the_file_as_written(folder):
    flic = Flic(folder, SMALL)
    assert [flic.get_length(mode) for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)] == [21, 3, 0]
    example = scipy.io.loadmat(folder / "examples.mat")["examples"][0, 21]
    joints = example["coords"][:, [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]].T
    sample = flic.get_data(0, TEST_MODE)
    for name in ("frame", "pose", "people", "center", "bbox", "afmat"):
        assert sample[name].shape == flic.get_shape(name)
    back = (sample["pose"][:, :2] - sample["afmat"][:2, 2]) @ np.linalg.inv(sample["afmat"][:2, :2]).T
    seen = sample["pose"][:, 2] > 0
    np.testing.assert_allclose(back[seen], joints[seen], atol=1e-6)
    assert sample["torso"] == pytest.approx(np.linalg.norm(joints[0] - joints[7]))
    low, high = joints.min(axis=0), joints.max(axis=0)
    x1, _, x2, _ = sample["bbox"]
    assert x2 - x1 == pytest.approx(max(32, 1.25 * (high - low).max()), abs=1)


def test_whole_films_are_held_out(folder):
    flic = Flic(folder, SMALL, held_out=0.4)
    films = {mode: {flic.images[k].rpartition("-")[0] for k in flic.samples[mode]} for mode in (TRAIN_MODE, VALID_MODE)}
    assert films == {TRAIN_MODE: {"train-film-01", "train-film-02"}, VALID_MODE: {"train-film-03"}}
    with pytest.raises(ValueError, match="`held_out` must be from 0 to below 1. Received: 1"):
        Flic(folder, SMALL, held_out=1)


def test_other_layouts_have_what_they_share(folder):
    nine, sixteen = (Flic(folder, SMALL, layout).get_data(0, TEST_MODE)["pose"] for layout in (flic9j2d, pa16j2d))
    elbows = [layout.joint_names.index("l_elb") for layout in (flic9j2d, pa16j2d)]
    np.testing.assert_array_equal(nine[elbows[0]], sixteen[elbows[1]])
    assert (sixteen[[0, 1, 2, 3, 12, 13]] == [-1e9, -1e9, 0]).all()  # pelvis, thorax, neck, head, knees


def test_sides_of_an_observer():
    names = flic11j2d.joint_names
    facing = np.zeros((11, 2))
    facing[[names.index("l_shoul"), names.index("l_hip")], 0] = 10  # on the right of the image
    facing[:, 1] = np.arange(11)
    behind = facing * [-1, 1]
    joints = np.stack([facing, behind, np.full((11, 2), np.nan)])
    np.testing.assert_array_equal(sides_of(joints, flic11j2d, "person"), joints)
    seen = sides_of(joints, flic11j2d, "observer")
    np.testing.assert_array_equal(seen[0], facing[flic11j2d.map_hflip])
    np.testing.assert_array_equal(seen[1], behind)
    assert np.isnan(seen[2]).all()
    with pytest.raises(ValueError, match="`sides` must be one of person, observer. Received: 'viewer'"):
        sides_of(joints, flic11j2d, "viewer")


def test_lsp_has_sides_too(tmp_path):
    folder = synthesise("lsp", tmp_path, train=4, size=(64, 64), workers=1)
    person, observer = Lsp(folder, SMALL), Lsp(folder, SMALL, sides="observer")
    left, right = (observer.joints[:, trunk, 0].sum(axis=1) for trunk in ([9, 3], [8, 2]))
    assert (left <= right).all() and not np.array_equal(person.joints, observer.joints)


def spoilt(folder, tmp_path, change):
    """A copy of the folder whose records were changed."""
    shutil.copytree(folder, tmp_path / "FLIC")
    examples = scipy.io.loadmat(folder / "examples.mat")["examples"]
    scipy.io.savemat(tmp_path / "FLIC" / "examples.mat", change(examples), long_field_names=True)
    return tmp_path / "FLIC"


def without_sides(examples):
    other = np.empty(examples.shape, [(name, object) for name in ("filepath", "coords", "torsobox", "istest")])
    for name in other.dtype.names:
        other[name] = examples[name]
    return {"examples": other}


def flat(examples):
    examples[0, 4]["coords"][1] = 30.0
    return {"examples": examples}


def short(examples):
    examples[0, 2]["coords"] = np.zeros((2, 28))
    return {"examples": examples}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_sides, r"`examples` must be structs with filepath.*Received: fields .*without istrain"),
        (lambda examples: {"examples": np.zeros(3)}, r"Received: fields \[\], without filepath"),
        (lambda examples: {"people": np.zeros(3)}, r"missing: \['examples'\]"),
        (flat, r"`examples\(5\)` is a person of no height"),
        (short, r"`examples\(3\)` is not in the expected form .*\(2, 28\) instead of 2 x 29"),
    ],
)
def test_files_of_another_form(folder, tmp_path, change, message):
    with pytest.raises(ValueError, match=rf"examples\.mat'.*{message}"):
        Flic(spoilt(folder, tmp_path, change), SMALL)
