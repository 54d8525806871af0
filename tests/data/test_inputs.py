"""What a network takes besides the image: the map of the person's centre, from any data set that knows it."""

import copy

import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson, SyntheticPoses
from deephar.data.inputs import NetworkInputs, make_inputs, with_inputs
from deephar.models.signature import InputSpec
from deephar.utils import TRAIN_MODE, VALID_MODE

SPECS = [InputSpec(size=(32, 48)), InputSpec.center_map((32, 48), 5.0)]
DATACONF = DataConfig(crop_resolution=(48, 32), trans_x=[30], trans_y=[-20], hflips=[1])


def test_the_map_is_where_the_person_is():
    people = SyntheticPoses(DATACONF, length=2, size=(80, 80))
    sample = with_inputs(people, SPECS).get_data(0, TRAIN_MODE)
    assert sample["center_map"].shape == (32, 48, 1) and sample["frame"].shape == (32, 48, 3)
    row, column = np.unravel_index(sample["center_map"].argmax(), (32, 48))
    np.testing.assert_allclose(sample["center"] * [48, 32], [column + 0.5, row + 0.5], atol=0.51)
    assert abs(sample["center"][0] - 0.5) > 0.05  # the crop was shifted
    plain = with_inputs(people, SPECS).get_data(0, VALID_MODE)
    np.testing.assert_allclose(plain["center"], 0.5, atol=0.02)


def test_networks_of_images_take_the_data_set_as_it_is():
    people = SyntheticPoses(DATACONF, length=2)
    assert with_inputs(people, SPECS[:1]) is people
    assert NetworkInputs(people, SPECS).get_shape("center_map") == (32, 48, 1)


def test_crops_without_a_centre_have_it_in_the_middle():
    frames, maps = make_inputs(SPECS, np.zeros((2, 32, 48, 3)))
    assert frames.shape == (2, 32, 48, 3) and maps.shape == (2, 32, 48, 1)
    np.testing.assert_allclose(maps[0, ..., 0], maps[0, ::-1, ::-1, 0])


def test_what_cannot_be_made_is_said():
    class Frames:
        def get_shape(self, key):
            raise ValueError(key)

    with pytest.raises(ValueError, match="`dataset` must know the centre.* 'center_map'. Received: Frames"):
        NetworkInputs(Frames(), SPECS)
    with pytest.raises(ValueError, match="`specs` must be of an image.*Received: 'pose'"):
        make_inputs([*SPECS, InputSpec("pose", kind="features")], np.zeros((1, 8, 8, 3)))


def test_neighbours_are_labelled_beside_the_person(fixture_world, tmp_path):
    """A second record of the same image, 10 px to the right, is a neighbour; a third one without joints is none."""
    (tmp_path / "images").symlink_to(fixture_world / "MPII" / "images")
    parts = {k: v for k, v in scipy.io.loadmat(fixture_world / "MPII" / "annotations.mat").items() if k[0] != "_"}
    record = parts["annot_val"][2, 0][0, 0]
    beside = copy.deepcopy(record)
    beside["pose"][0, 0] = beside["pose"][0, 0] + [[10.0], [0.0]]
    people = np.empty((3, 1), dtype=object)
    people[:, 0] = record, beside, np.zeros((1, 1), [("scale", float)])
    parts["annot_val"][2, 0] = people
    scipy.io.savemat(tmp_path / "annotations.mat", parts)
    mpii = MpiiSinglePerson(tmp_path, DataConfig(crop_resolution=(64, 64)), remove_outer_joints=False)
    sample = mpii.get_data(0, VALID_MODE)
    person, neighbour, nobody = sample["people"][:3]
    np.testing.assert_array_equal(person, sample["pose"])
    known = person[:, 0] > -1e6
    np.testing.assert_allclose(neighbour[known, 0] - person[known, 0], 10 * sample["afmat"][0, 0])
    assert (nobody[:, :2] == -1e9).all() and not nobody[:, 2].any()
    assert sample["people"].shape == mpii.get_shape("people")
