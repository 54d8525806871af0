"""LSP and its extended set: both forms of the file, splits, real images, errors."""

import shutil

import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import Lsp
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, pa16j2d

SMALL = DataConfig(crop_resolution=(64, 64), angles=range(-40, 41, 5), scales=(0.7, 1, 1.3), trans_x=(-10, 0, 10))
SPINE = [0, 1]  # pelvis and thorax in pa16j, which LSP does not annotate


def joints_of(count):
    return np.random.default_rng(0).uniform(100, 400, (count, 14, 2))


def write_extended(folder, photo, numbers, absent=()):
    (folder / "images").mkdir(parents=True, exist_ok=True)
    joints = np.concatenate([joints_of(len(numbers)), np.ones((len(numbers), 14, 1))], axis=2)  # (N, 14, 3)
    for person, joint in absent:
        joints[person, joint] = 0
    scipy.io.savemat(folder / "joints.mat", {"joints": joints.transpose(1, 2, 0), "image_number": np.array(numbers)})
    for number in numbers:
        shutil.copy(photo, folder / "images" / f"im{number:05d}.jpg")
    return joints


def test_extended_set_splits_by_last_digit(tmp_path, photo):
    joints = write_extended(tmp_path, photo, [1, 2, 9, 11, 19, 20], absent=[(1, 13)])
    lsp = Lsp(tmp_path, SMALL)
    numbers = {mode: [lsp.get_data(k, mode)["image_number"] for k in range(lsp.get_length(mode))] for mode in (0, 1, 2)}
    assert numbers == {TEST_MODE: [1, 11], TRAIN_MODE: [2, 20], VALID_MODE: [9, 19]}
    sample = lsp.get_data(0, TEST_MODE)
    back = np.linalg.inv(sample["afmat"]) @ np.c_[sample["pose"][pa16j2d.map_to_lsp, :2], np.ones(14)].T
    np.testing.assert_allclose(back[:2].T, joints[0, :, :2], atol=1e-6)
    assert (sample["pose"][SPINE] == [-1e9, -1e9, 0]).all()
    assert sample["torso"] == pytest.approx(np.linalg.norm(joints[0, 9, :2] - joints[0, 2, :2]))
    assert (lsp.get_data(0, TRAIN_MODE)["pose"][3] == [-1e9, -1e9, 0]).all()  # the head of image 2 is not annotated


def test_lsp_splits_in_halves(tmp_path, photo):
    (tmp_path / "images").mkdir()
    joints = np.concatenate([joints_of(4), np.zeros((4, 14, 1))], axis=2)
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": joints.transpose(2, 1, 0)})
    for number in range(1, 5):
        shutil.copy(photo, tmp_path / "images" / f"im{number:04d}.jpg")
    lsp = Lsp(tmp_path, SMALL)
    assert [lsp.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)] == [2, 2, 0]
    sample = lsp.get_data(1, TEST_MODE)
    assert sample["image_number"] == 4 and sample["pose"][2:, 2].all()
    for name in ("frame", "pose", "bbox", "afmat"):
        assert sample[name].shape == lsp.get_shape(name)


def test_person_without_joints_takes_the_whole_image(tmp_path, photo):
    write_extended(tmp_path, photo, [1], absent=[(0, joint) for joint in range(14)])
    sample = Lsp(tmp_path, SMALL).get_data(0, TEST_MODE)
    assert sample["bbox"].tolist() == [0, -80, 640, 560] and np.isnan(sample["torso"])
    assert not sample["pose"][:, 2].any()


def test_box_scale(tmp_path, photo):
    write_extended(tmp_path, photo, [1])
    boxes = [Lsp(tmp_path, SMALL, box_scale=scale).get_data(0, TEST_MODE)["bbox"] for scale in (1.0, 2.0)]
    np.testing.assert_allclose(boxes[1][2:] - boxes[1][:2], 2 * (boxes[0][2:] - boxes[0][:2]))


def test_real_extended_set(real):
    lsp = Lsp(real / "lspet", SMALL, seed=0)
    lengths = [lsp.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)]
    assert sum(lengths) == 4996 and lengths == [1000, 2998, 998]
    kept = 0
    for key in range(0, 1000, 50):
        sample = lsp.get_data(key, TEST_MODE)
        assert sample["image_number"] % 10 == 1 and not sample["pose"][SPINE, 2].any()
        joints = lsp.joints[lsp.samples[TEST_MODE][key]]
        annotated = ~np.isnan(joints[:, 0])
        np.testing.assert_array_equal(sample["pose"][pa16j2d.map_to_lsp, 2] > 0, annotated)
        kept += annotated.sum()
    assert kept > 150
    frames = [lsp.get_data(key, TRAIN_MODE)["frame"] for key in range(20)]
    assert np.std(frames) > 0.3


@pytest.mark.parametrize("shape", [(14, 2, 5), (3, 15, 5), (14, 3), (5, 14, 3)])
def test_joints_of_another_shape(tmp_path, shape):
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": np.zeros(shape)})
    with pytest.raises(ValueError, match="joints.mat.*`joints` must be 3 x 14 x N or 14 x 3 x N"):
        Lsp(tmp_path, SMALL)


def test_other_errors(tmp_path, photo):
    write_extended(tmp_path, photo, [1, 2])
    (tmp_path / "images" / "im00001.jpg").unlink()
    lsp = Lsp(tmp_path, SMALL)
    with pytest.raises(FileNotFoundError, match="im00001.jpg.*datasets/LSP/prepare.py"):
        lsp.get_data(0, TEST_MODE)
    with pytest.raises(ValueError, match="`key`.*Received: 1"):
        lsp.get_data(1, TEST_MODE)
    assert lsp.get_data(0, TRAIN_MODE)["image_number"] == 2
    cells = np.empty(2, dtype=object)
    cells[:] = "a", np.zeros(3)
    for name, value in (("joints", cells), ("image_number", np.array([1.5, 2])), ("image_number", np.array([1, 2, 3]))):
        content = {"joints": np.zeros((14, 3, 2)), name: value}
        scipy.io.savemat(tmp_path / "joints.mat", content)
        with pytest.raises(ValueError, match=f"joints.mat.*`{name}`"):
            Lsp(tmp_path, SMALL)
    scipy.io.savemat(tmp_path / "joints.mat", {"points": np.zeros(3)})
    with pytest.raises(ValueError, match="joints.mat.*missing: .'joints'.*Received: .'points'"):
        Lsp(tmp_path, SMALL)
