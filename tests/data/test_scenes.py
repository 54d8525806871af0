"""Scenes for a detector: the same for the same key, boxes in the frame, flipped with it, none where nobody is."""

import numpy as np
import pytest
from PIL import Image

from deephar.config import DataConfig
from deephar.data import scenes
from deephar.data.scenes import PeopleScenes, on_larger_canvases, photographs
from deephar.experiments.tiny import write_tiny
from deephar.utils import TEST_MODE, TRAIN_MODE

CONF = DataConfig(crop_resolution=(64, 64), value_range=(0.0, 1.0), fixed_hflip=0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return photographs(write_tiny(tmp_path_factory.mktemp("lsp"), "LSP") / "LSP", TRAIN_MODE)


def boxes_of(sample):
    boxes = sample["boxes"]
    return boxes[boxes[:, 2] > boxes[:, 0]]


def test_photographs_have_the_box_of_their_annotated_joints(photos):
    assert len(photos) > 5 and all(path.is_file() for path, _ in photos)
    for path, box in photos:
        assert (box[2:] > box[:2]).all() and (box > -100).all() and (box < 3 * max(Image.open(path).size)).all()


def test_photographs_with_few_annotated_joints_can_be_left_out(tmp_path):
    folder = write_tiny(tmp_path, "LSP") / "LSP"
    everyone, most, nobody = (photographs(folder, TRAIN_MODE, n) for n in (2, 14, 15))
    assert len(everyone) >= len(most) > len(nobody) == 0


def test_scenes_depend_on_their_key_alone(photos):
    first, second = (PeopleScenes(CONF, length=6, photos=photos) for _ in range(2))
    for key in (5, 0, 3):
        a, b = first.get_data(key, TEST_MODE), second.get_data(key, TEST_MODE)
        np.testing.assert_array_equal(a["frame"], b["frame"])
        np.testing.assert_array_equal(a["boxes"], b["boxes"])
        assert a["frame"].shape == first.get_shape("frame") and a["boxes"].shape == first.get_shape("boxes")
        assert 0 <= a["frame"].min() and a["frame"].max() <= 1
    assert not np.array_equal(first.get_data(0, TEST_MODE)["frame"], first.get_data(1, TEST_MODE)["frame"])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_boxes_lie_in_the_frame_and_some_scenes_are_empty(photos, share):
    scenes = PeopleScenes(CONF, length=24, photos=photos, photo_share=share)
    numbers = []
    for key in range(24):
        boxes = boxes_of(scenes.get_data(key, TEST_MODE))
        assert (boxes >= 0).all() and (boxes <= 1).all()
        numbers.append(len(boxes))
    assert max(numbers) >= 2 and (share == 1 or min(numbers) == 0)


def test_a_flip_takes_the_boxes_along(photos):
    plain, flipped = (
        PeopleScenes(CONF.replace(fixed_hflip=k), length=8, photos=photos, photo_share=0.5) for k in (0, 1)
    )
    for key in range(8):
        a, b = plain.get_data(key, TEST_MODE), flipped.get_data(key, TEST_MODE)
        np.testing.assert_allclose(b["frame"], a["frame"][:, ::-1], atol=0.02)
        x1, y1, x2, y2 = boxes_of(a).T
        np.testing.assert_allclose(boxes_of(b), np.stack([1 - x2, y1, 1 - x1, y2], axis=1), atol=1e-6)


def test_what_is_pasted_over_somebody_takes_the_box_away():
    from deephar.data.scenes import _uncovered

    first, second = np.array([0, 0, 10, 10.0]), np.array([2, 2, 4, 4.0])
    assert len(_uncovered([(first, (0, 0, 20, 20)), (second, (0, 0, 5, 5))])) == 2
    assert _uncovered([(first, (0, 0, 20, 20)), (second, (0, 0, 10, 8))]).tolist() == [[2, 2, 4, 4]]
    assert not len(_uncovered([(None, (0, 0, 20, 20)), (first, (0, 0, 20, 20)), (None, (0, 0, 10, 8))]))


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`split` must be one of"):
        PeopleScenes(CONF, split="all")
    with pytest.raises(ValueError, match="`length` must be at least 1, `photo_share` from 0 to 1. Received: length=0"):
        PeopleScenes(CONF, length=0)
    with pytest.raises(IndexError, match="`key` must be from 0 to 1. Received: 2"):
        PeopleScenes(CONF, length=2).get_data(2, TEST_MODE)


def test_photographs_on_larger_canvases(photos):
    found = list(on_larger_canvases(photos[:3], 2.0, seed=1))
    assert len(found) == 3
    for (frame, boxes), (path, box) in zip(found, photos, strict=False):
        size = np.array(Image.open(path).size)
        assert frame.shape[1::-1] == tuple(2 * size) and boxes.shape == (1, 4)
        inside = (box >= 0).all() and (box <= np.tile(size, 2)).all()
        if inside:
            np.testing.assert_allclose(boxes[0, 2:] - boxes[0, :2], box[2:] - box[:2])
    again = list(on_larger_canvases(photos[:3], 2.0, seed=1))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(found, again, strict=True))


def test_a_part_beside_the_person_shows_nobody_and_a_part_of_a_photograph_moves_the_box(photos):
    rng = np.random.default_rng(0)
    image, _ = scenes.open_photograph(photos[0])
    wide, high = image.size
    box = np.array([0.0, 0.0, 0.3 * wide, high])
    x1, y1, x2, y2 = scenes.part_beside((image, box), rng)
    assert x1 >= 0.3 * wide and (x2, y1, y2) == (wide, 0, high)
    assert scenes.part_beside((image, np.array([0.0, 0, wide, high])), rng) is None
    resized, moved = scenes._sized((image, box), (40, 40), (0.1 * wide, 0, 0.5 * wide, high))
    assert resized.size == (40, 40)
    np.testing.assert_allclose(moved, [-10, 0, 20, 40])


def test_pasted_photographs_keep_their_shape_and_all_of_the_person(photos):
    rng = np.random.default_rng(0)
    for photo in photos[:20]:
        image, box = scenes.open_photograph(photo)
        box = np.clip(box, 0, np.tile(image.size, 2))
        patch, moved = scenes._patch(rng, (image, box), (200, 100))
        assert patch.size <= (160, 80) and max(patch.width / 160, patch.height / 80) > 0.1
        if moved is not None:
            assert (moved >= -1).all() and (moved <= np.tile(patch.size, 2) + 1).all()
            shape, now = ((b[2] - b[0]) / (b[3] - b[1]) for b in (box, moved))
            assert now == pytest.approx(shape, rel=0.15)


def test_a_mask_is_whole_in_the_middle_and_a_soft_one_fades_to_its_sides():
    rng, softest = np.random.default_rng(0), 255
    for _ in range(10):
        mask = np.asarray(scenes._mask(rng, (40, 30)))
        assert mask.shape == (30, 40) and mask[15, 20] == 255
        assert (np.diff(mask[15, :20].astype(int)) >= 0).all() and mask[15, 0] == mask[15, 39]
        softest = min(softest, mask[15, 0])
    assert softest < 100
