"""Crops made of stored samples are those of the readers: the same affine map gives the same pixels and joints."""

import keras
import numpy as np
import pytest
from PIL import Image

from deephar.config import DataConfig
from deephar.data.frames import crop_points, cut, label_pose, place_crop, scale_pixels
from deephar.data.records import TO_CANVAS, TO_CROP, drawn_row
from deephar.training.augment import center_maps, crop_frames, crop_people, moved
from deephar.utils import pa16j2d, pa17j3d
from deephar.utils.heatmaps import center_maps as plain_center_maps

SIDE, CANVAS = 32, 48
CONF = DataConfig((SIDE, SIDE), pad_color=(9, 99, 199), value_range=(0.0, 255.0))
PLAIN = {"angle": 0, "scale": 1, "hflip": 0, "chpower": 1, "geoocclusion": None}


def image_of(seed=0):
    """An image of noise, (CANVAS, CANVAS, 3), and as the numbers of one stored sample."""
    pixels = np.random.default_rng(seed).integers(0, 256, (CANVAS, CANVAS, 3)).astype(np.uint8)
    words = np.concatenate([pixels, np.zeros((CANVAS, CANVAS, 1), np.uint8)], axis=-1).view("<u4").reshape(1, -1)
    return pixels, words


def both(augmentation, conf=CONF, centre=(22.3, 25.1), window=24.0):
    """The crop of the readers, its row of numbers, and the frame that is made of it."""
    pixels, words = image_of()
    augmentation = {**PLAIN, **augmentation}
    window *= augmentation["scale"]
    crop = place_crop((CANVAS, CANVAS), centre, (window, window), augmentation, conf)
    drawn = drawn_row(0, crop, augmentation)[None]
    made = crop_frames(keras.ops.convert_to_tensor(words), drawn, SIDE, conf.value_range, conf.pad_color)
    theirs = scale_pixels(cut(Image.fromarray(pixels), crop), augmentation, conf)
    return crop, drawn, keras.ops.convert_to_numpy(made)[0], theirs


@pytest.mark.parametrize("hflip", [0, 1])
@pytest.mark.parametrize("angle", [0, 35, -80, 170])
@pytest.mark.parametrize("scale", [0.6, 1.3])
def test_pixels_are_within_one_level(angle, scale, hflip):
    """At the very edge of a straight crop the readers do not look beyond it."""
    _, _, made, theirs = both({"angle": angle, "scale": scale, "hflip": hflip})
    seen = slice(None) if angle else slice(2, -2)
    assert np.abs(made - theirs)[seen, seen].max() <= 1.0 and made.std() > 20


@pytest.mark.parametrize("shear", [0.3, -0.2])
def test_a_sheared_crop_beyond_the_border_is_padded_alike(shear):
    _, _, made, theirs = both({"angle": 10, "shear": shear}, centre=(2.0, 45.0))
    assert np.abs(made - theirs).max() <= 1.0
    assert np.mean(np.all(made == CONF.pad_color, axis=-1)) > 0.4


def test_colours_and_occlusion_are_the_readers():
    """Without interpolation, so the levels before are the same ones."""
    conf = CONF.replace(value_range=(-1.0, 1.0))
    drawn = {"chpower": (0.7, 1.0, 1.4), "geoocclusion": (4, 6, 14, 9), "hflip": 1}
    _, _, made, theirs = both(drawn, conf, centre=(24, 24), window=SIDE)
    np.testing.assert_allclose(made, theirs, atol=1e-5)
    assert (made[6:9, 4:14] == 0).all()


@pytest.mark.parametrize("layout", [pa16j2d, pa17j3d])
@pytest.mark.parametrize("hflip", [0, 1])
def test_joints_are_the_readers(layout, hflip):
    rng, reach, scale = np.random.default_rng(3), 2.0, 1.2
    known = rng.uniform(0.2, 0.8, (layout.num_joints, layout.dim))  # normalised to the canvas
    known[2], known[3, -1] = np.nan, np.nan
    crop, drawn, _, _ = both({"angle": 25, "scale": scale, "hflip": hflip})
    drawn = drawn_row(0, crop, {**PLAIN, "scale": scale}, reach)[None]
    stored = label_pose(known, layout).astype(np.float32)[None, None]
    made = keras.ops.convert_to_numpy(crop_people(stored, drawn, CANVAS, layout.map_hflip))[0, 0]
    own = known.copy()
    own[:, :2] = crop_points(crop, known[:, :2] * CANVAS)
    own[:, 2:] = 0.5 + (known[:, 2:] - 0.5) * reach / scale
    theirs = label_pose(own, layout, bool(hflip))
    np.testing.assert_allclose(made, theirs, atol=1e-5)
    assert 0 < theirs[:, -1].sum() < layout.num_joints  # some are outside


def test_a_window_is_moved_by_px_of_the_frame():
    crop, _, _, _ = both({"angle": 20, "scale": 1.1})
    there = place_crop((CANVAS, CANVAS), (28.3, 23.1), (26.4, 26.4), {**PLAIN, "angle": 20, "scale": 1.1}, CONF)
    rows = [drawn_row(0, k, {**PLAIN, "scale": 1.1}, shift_px=(3, -1))[None] for k in (crop, there)]
    found = keras.ops.convert_to_numpy(moved(rows[0], np.float32([2.0])))  # 2 px of the canvas for one of the frame
    np.testing.assert_allclose(found[:, TO_CROP], rows[1][:, TO_CROP], atol=1.1 / 26.4)  # windows begin on whole px
    inverse = np.linalg.inv(np.vstack([found[0, TO_CROP].reshape(2, 3), [0, 0, 1]]))[:2]
    np.testing.assert_allclose(inverse / [SIDE, SIDE, 1], found[0, TO_CANVAS].reshape(2, 3), atol=1e-4)


def test_centre_maps_follow_the_crop():
    crop, drawn, _, _ = both({"angle": 30, "hflip": 1})
    theirs = plain_center_maps(crop_points(crop, [[CANVAS / 2, CANVAS / 2]]), (SIDE, SIDE), 3.0)
    made = keras.ops.convert_to_numpy(center_maps(drawn, CANVAS, SIDE, 3.0))
    np.testing.assert_allclose(made, theirs, atol=1e-4)
