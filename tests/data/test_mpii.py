"""MPII: reference data, real images with their annotations, and every error."""

import json
import shutil

import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, mpii16j2d, pa16j2d, pa17j3d
from deephar.utils.pose import joint_places, take_joints


def write_annotations(path, people):
    """The .mat format of the data set; `people`: list of dicts with image, head, objpos, scale, pose."""
    part = np.empty((3, len(people)), dtype=object)
    for column, person in enumerate(people):
        record = np.empty((1, 1), dtype=object)
        record[0, 0] = {key: np.asarray(value, float) for key, value in person.items() if key != "image"}
        part[0, column], part[1, column], part[2, column] = np.array([[1]], np.uint8), person["image"], record
    scipy.io.savemat(path, {"annot_tr": part, "annot_val": part})


def person(image="a.jpg", **changes):
    return {
        "image": image,
        "head": [[280, 90, 320, 140]],
        "objpos": [[300, 240]],
        "scale": [[1.5]],
        "pose": np.random.default_rng(0).uniform(200, 400, (2, 16)),
        **changes,
    }


@pytest.fixture
def folder(tmp_path, photo):
    """A data set of one person."""
    (tmp_path / "MPII" / "images").mkdir(parents=True)
    shutil.copy(photo, tmp_path / "MPII" / "images" / "a.jpg")
    write_annotations(tmp_path / "MPII" / "annotations.mat", [person()])
    return tmp_path / "MPII"


@pytest.mark.parametrize("setting", ["plain", "aug"])
def test_agrees_with_reference(fixture_world, expected, golden, setting):
    mpii = MpiiSinglePerson(fixture_world / "MPII", golden.SETTINGS[setting])
    assert mpii.get_length(VALID_MODE) == 7 and mpii.get_length(TEST_MODE) == 0
    for key in range(7):
        golden.assert_agrees(mpii.get_data(key, VALID_MODE), expected, f"mpii/{setting}/valid/{key}")
    mpii17 = MpiiSinglePerson(fixture_world / "MPII", golden.SETTINGS[setting], poselayout=pa17j3d)
    golden.assert_agrees(mpii17.get_data(0, VALID_MODE), expected, f"mpii17/{setting}/valid/0")


def test_real_images(real, tmp_path):
    records = json.loads((real / "mpii" / "test_mpii.json").read_text())
    people = []
    for record in records:
        joints = np.array(record["joints"], float)
        joints[np.array(record["joints_vis"]) == 0] = np.nan
        head = np.nanmin(joints, axis=0).tolist() + np.nanmax(joints, axis=0).tolist()  # the file has no head box
        people.append(
            person(
                record["image"],
                head=[head],
                objpos=[record["center"]],
                scale=[[record["scale"]]],
                pose=joints.T,
            )
        )
    (tmp_path / "images").symlink_to(real / "mpii")
    write_annotations(tmp_path / "annotations.mat", people)
    mpii = MpiiSinglePerson(tmp_path, DataConfig(crop_resolution=(128, 128)))
    assert mpii.get_length(VALID_MODE) == len(records) == 5
    for key, record in enumerate(records):
        sample = mpii.get_data(key, VALID_MODE)
        annotated = np.array(record["joints_vis"])[pa16j2d.map_from_mpii] > 0
        inside = sample["pose"][:, 2] > 0
        assert inside.sum() >= 0.8 * annotated.sum() and not inside[~annotated].any()
        back = np.linalg.inv(sample["afmat"]) @ np.c_[sample["pose"][inside, :2], np.ones(inside.sum())].T
        joints = np.array(record["joints"])[pa16j2d.map_from_mpii][inside]
        np.testing.assert_allclose(back[:2].T, joints, atol=1e-6)
        assert sample["frame"].std() > 0.1


def test_training_follows_the_generator(fixture_world):
    dataconf = DataConfig(crop_resolution=(64, 64), angles=range(-40, 41, 5), scales=(0.7, 1, 1.3))
    mpii = MpiiSinglePerson(fixture_world / "MPII", dataconf, seed=5)
    first, second, other = (mpii.get_data(1, TRAIN_MODE, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert not np.array_equal(first["afmat"], other["afmat"])
    again = MpiiSinglePerson(fixture_world / "MPII", dataconf, seed=5)
    np.testing.assert_array_equal(mpii.get_data(0, TRAIN_MODE)["frame"], again.get_data(0, TRAIN_MODE)["frame"])


def test_what_is_seen_follows_the_layout(folder):
    sample = MpiiSinglePerson(folder, DataConfig()).get_data(0, VALID_MODE)
    assert np.isnan(sample["visible"]).all()  # a folder that does not say
    flags = np.arange(16) % 3 > 0
    write_annotations(folder / "annotations.mat", [person(visible=[flags])])
    for layout in (mpii16j2d, pa16j2d):
        expected = take_joints(flags[:, None], joint_places(layout, mpii16j2d))[:, 0]
        mpii = MpiiSinglePerson(folder, DataConfig(), layout)
        np.testing.assert_array_equal(mpii.get_data(0, VALID_MODE)["visible"], expected)
        mpii = MpiiSinglePerson(folder, DataConfig(fixed_hflip=1), layout)
        np.testing.assert_array_equal(mpii.get_data(0, VALID_MODE)["visible"], expected[list(layout.map_hflip)])


def test_shapes_are_as_stated(folder):
    mpii = MpiiSinglePerson(folder, DataConfig(crop_resolution=(96, 64)))
    sample = mpii.get_data(0, VALID_MODE)
    for name in ("frame", "pose", "bbox", "afmat", "visible"):
        assert sample[name].shape == mpii.get_shape(name)
    assert sample["frame"].shape == (64, 96, 3) and mpii.get_shape("headsize") == (1,)
    assert mpii16j2d.num_joints == 16
    with pytest.raises(ValueError, match="`dictkey`.*Received: 'poses'"):
        mpii.get_shape("poses")


def test_a_given_box_is_cropped(folder):
    mpii = MpiiSinglePerson(folder, DataConfig(crop_resolution=(64, 64)))
    box = mpii.get_data(0, VALID_MODE)["bbox"] + [4, 4, 12, 12]
    sample = mpii.get_data(0, VALID_MODE, bbox=box)
    np.testing.assert_allclose(sample["bbox"], box)
    corners = sample["afmat"] @ np.array([[box[0], box[2]], [box[1], box[3]], [1, 1]])
    np.testing.assert_allclose(corners[:2], [[0, 1], [0, 1]], atol=0.03)  # borders fall on whole pixels


@pytest.mark.parametrize("key, mode", [(1, VALID_MODE), (-1, VALID_MODE), (0, TEST_MODE), (0, 7)])
def test_key_or_mode_out_of_range(folder, key, mode):
    mpii = MpiiSinglePerson(folder, DataConfig())
    with pytest.raises(ValueError, match="`key`|`mode`"):
        mpii.get_data(key, mode)
    assert mpii.get_data(0, VALID_MODE)["frame"].shape == (256, 256, 3)


def test_missing_image(folder):
    (folder / "images" / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="a.jpg.*deephar synth"):
        MpiiSinglePerson(folder, DataConfig()).get_data(0, VALID_MODE)


@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_unreadable_image(folder, damage):
    path = folder / "images" / "a.jpg"
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "text": b"not an image", "empty": b""}[damage])
    with pytest.raises(ValueError, match="a.jpg"):
        MpiiSinglePerson(folder, DataConfig()).get_data(0, VALID_MODE)


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "x/../../secret.jpg", "link.jpg", "."])
def test_image_outside_of_the_folder_is_refused(folder, photo, name):
    shutil.copy(photo, folder / "secret.jpg")
    (folder / "images" / "link.jpg").symlink_to(folder / "secret.jpg")
    write_annotations(folder / "annotations.mat", [person(name)])
    with pytest.raises(ValueError, match="annotation"):
        MpiiSinglePerson(folder, DataConfig()).get_data(0, VALID_MODE)


def test_missing_folder_and_annotations(folder):
    with pytest.raises(FileNotFoundError, match="`dataset_path`.*nowhere"):
        MpiiSinglePerson(folder / "nowhere", DataConfig())
    (folder / "annotations.mat").unlink()
    with pytest.raises(FileNotFoundError, match="annotations.mat.*deephar synth"):
        MpiiSinglePerson(folder, DataConfig())


def test_damaged_annotations(folder):
    path = folder / "annotations.mat"
    content = path.read_bytes()
    for bad in (b"hello", content[: len(content) // 2], b""):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match="annotations.mat"):
            MpiiSinglePerson(folder, DataConfig())
    path.write_bytes(content)
    assert MpiiSinglePerson(folder, DataConfig()).get_length(VALID_MODE) == 1


def test_annotations_of_another_form(folder):
    path = folder / "annotations.mat"
    scipy.io.savemat(path, {"annot_tr": np.zeros(3)})
    with pytest.raises(ValueError, match="annotations.mat.*missing: .'annot_val'"):
        MpiiSinglePerson(folder, DataConfig())
    scipy.io.savemat(path, {"annot_tr": np.zeros(3), "annot_val": np.zeros(3)})
    with pytest.raises(ValueError, match="`annot_tr` must be a 3 x N cell.*float64"):
        MpiiSinglePerson(folder, DataConfig())
    for change in ({"pose": np.zeros((2, 5))}, {"visible": [[1, 0]]}, {"scale": [[np.nan]]}, {"objpos": [[1.0]]}):
        write_annotations(path, [person(**change)])
        with pytest.raises(ValueError, match="annotations.mat.*`annot_tr`, image 0"):
            MpiiSinglePerson(folder, DataConfig())
