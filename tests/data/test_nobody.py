"""Crops of nobody: repeatable, without joints, of rendered places and beside photographed people."""

import numpy as np
import pytest
from PIL import Image

from deephar.config import DataConfig
from deephar.data import BatchLoader
from deephar.data.nobody import Nobody
from deephar.losses import pose_regression_loss
from deephar.utils import TEST_MODE, TRAIN_MODE
from deephar.utils.pose import ABSENT

CONFIG = DataConfig(crop_resolution=(48, 48))


@pytest.fixture
def photo(tmp_path):
    """A photograph of a red person on the left of a blue place."""
    pixels = np.zeros((60, 200, 3), np.uint8)
    pixels[..., 2], pixels[:, :60] = 200, (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png", np.array([5.0, 0, 55, 60])


def test_nobody_has_no_joints_and_the_middle_is_meant():
    nobody = Nobody(CONFIG, "pa17j3d", length=3)
    sample = nobody.get_data(2, TEST_MODE)
    assert sample["frame"].shape == (48, 48, 3) and sample["frame"].std() > 0.01
    assert (sample["pose"][:, :3] == ABSENT).all() and not sample["pose"][:, 3].any()
    assert {k: v.shape for k, v in sample.items()} == {k: nobody.get_shape(k) for k in sample}
    assert nobody.get_length(TRAIN_MODE) == 3 and sample["center"].tolist() == [0.5, 0.5]


def test_an_image_is_the_same_each_time_and_another_for_another_key_or_seed():
    def frame(key=1, seed=0, mode=TEST_MODE):
        return Nobody(CONFIG, seed=seed).get_data(key, mode, np.random.default_rng(5))["frame"]

    np.testing.assert_array_equal(frame(), frame())
    assert not np.array_equal(frame(), frame(key=2)) and not np.array_equal(frame(), frame(seed=1))
    assert not np.array_equal(frame(), frame(mode=TRAIN_MODE))  # augmented


def test_of_a_photograph_a_part_beside_the_person_is_taken(photo):
    nobody = Nobody(CONFIG, photos=[photo], photo_share=1.0, length=20)
    frames = np.array([nobody.get_data(k, TEST_MODE)["frame"] for k in range(20)])
    np.testing.assert_allclose(frames, np.broadcast_to(np.array([0, 0, 200]) * 2 / 255 - 1, frames.shape), atol=0.03)


def test_of_a_photograph_that_a_person_fills_a_rendered_place_is_taken(photo):
    path, _ = photo
    filled = Nobody(CONFIG, photos=[(path, np.array([0.0, 0, 200, 60]))], photo_share=1.0).get_data(0, TEST_MODE)
    np.testing.assert_array_equal(filled["pose"][:, -1], 0)
    assert filled["frame"].shape == (48, 48, 3)


def test_the_loss_teaches_low_confidences_and_no_coordinates():
    (frames,), (poses,) = BatchLoader([Nobody(CONFIG, length=4)], ["frame"], ["pose"], TRAIN_MODE, [2], 1)[0]
    assert frames.shape == (2, 48, 48, 3)
    loss = pose_regression_loss("l1l2bincross", 0.01)
    low, high, moved = (np.full((2, 16, 3), 0.5) for _ in range(3))
    low[..., 2], high[..., 2], moved[..., :2] = 0.01, 0.9, 0.1
    moved[..., 2] = 0.9
    values = [np.asarray(loss(poses, pose.astype(np.float32))) for pose in (low, high, moved)]
    assert (values[0] < values[1]).all()
    np.testing.assert_allclose(values[1], values[2])


@pytest.mark.parametrize(
    ("options", "words"),
    [(dict(split="other"), "`split` must be one of"), (dict(length=0), "`length` must be at least 1")],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        Nobody(CONFIG, **options)
    with pytest.raises(IndexError, match="`key` must be from 0 to 1. Received: 2"):
        Nobody(CONFIG, length=2).get_data(2, TEST_MODE)
