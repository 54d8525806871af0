"""The one affine map: pixels go where joints go, whatever path the pixels take."""

import numpy as np
import pytest
from PIL import Image

from deephar.data.frames import crop_points, cut, label_pose, make_crop, normalise
from deephar.utils import pa16j2d

STILL = {"angle": 0, "hflip": 0}


def dots(points, size=(900, 700), radius=9):
    """A dark image with one bright disc at each point (px)."""
    rows, columns = np.mgrid[: size[1], : size[0]] + 0.5
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for channel, (x, y) in enumerate(points):
        pixels[(columns - x) ** 2 + (rows - y) ** 2 < radius**2, channel] = 255
    return pixels


def centroid(channel):
    rows, columns = np.mgrid[: channel.shape[0], : channel.shape[1]] + 0.5
    weight = channel.astype(float)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("kind", ["array", "jpeg"])
@pytest.mark.parametrize("hflip", [0, 1])
@pytest.mark.parametrize("angle", [0, 35, -90])
@pytest.mark.parametrize("window", [150, 400, 640, 1700])
def test_pixels_go_where_joints_go(tmp_path, kind, window, angle, hflip):
    points = np.array([[430.0, 320.0], [480.0, 350.0], [410.0, 390.0]])
    image = Image.fromarray(dots(points))
    if kind == "jpeg":
        image.save(tmp_path / "dots.jpg", quality=95, subsampling=0)
        image = Image.open(tmp_path / "dots.jpg")
    crop = make_crop((900, 700), (445.3, 352.7), (window, window), {"angle": angle, "hflip": hflip}, (128, 128))
    pixels = cut(image, crop)
    assert pixels.shape == (128, 128, 3) and pixels.dtype == np.uint8
    expected = crop_points(crop, points) * 128
    for channel in range(3):
        seen = np.where(pixels[:, :, channel] > 60, pixels[:, :, channel], 0)
        assert np.abs(centroid(seen) - expected[channel]).max() < 0.6


@pytest.mark.parametrize("size", [(128, 128), (128, 64)])
def test_a_sheared_crop_leans_by_its_share_of_the_height(size):
    where = ((900, 700), (445.3, 352.7), np.multiply(size, 3), STILL | {"shear": 0.4}, size)
    crop, plain = make_crop(*where), make_crop(*where[:3], STILL, size)
    points = np.array([[430.0, 320.0], [480.0, 350.0], [410.0, 390.0]])
    seen = cut(Image.fromarray(dots(points)), crop)
    expected, straight = crop_points(crop, points) * size, crop_points(plain, points) * size
    for channel in range(3):
        bright = np.where(seen[:, :, channel] > 60, seen[:, :, channel], 0)
        assert np.abs(centroid(bright) - expected[channel]).max() < 0.6
    lean = 0.4 * (size[1] / 2 - straight[:, 1])
    np.testing.assert_allclose(expected, straight + np.stack([lean, 0 * lean], axis=1), atol=1e-9)


def test_crop_may_be_wider_than_high():
    crop = make_crop((640, 480), (320, 240), (400, 200), {"angle": 10, "hflip": 0}, (128, 64))
    assert cut(Image.new("RGB", (640, 480), "white"), crop).shape == (64, 128, 3)
    np.testing.assert_allclose(crop_points(crop, [[320, 240]]), [[0.5, 0.5]], atol=0.01)


@pytest.mark.parametrize("angle", [0, 30])
def test_outside_of_the_frame_is_black(angle):
    crop = make_crop((100, 80), (0, 0), (90, 90), {"angle": angle, "hflip": 0}, (60, 60))
    frame = normalise(cut(Image.new("RGB", (100, 80), "white"), crop))
    assert frame[5, 5].tolist() == [-1, -1, -1] and frame[38, 45].tolist() == [1, 1, 1]


@pytest.mark.parametrize("angle", [0, 30])
def test_enormous_window_needs_no_enormous_memory(angle):
    crop = make_crop((100, 80), (50, 40), (3e5, 3e5), {"angle": angle, "hflip": 0}, (32, 32))
    assert cut(Image.new("RGB", (100, 80), "white"), crop).shape == (32, 32, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_images_of_every_mode_become_rgb(mode):
    image = Image.new(mode, (64, 64))
    assert cut(image, make_crop((64, 64), (32, 32), (40, 40), STILL, (16, 16))).shape == (16, 16, 3)


@pytest.mark.parametrize("window", [(0, 0), (np.nan, 50), (-5, -5), (np.inf, np.inf)])
def test_impossible_window_is_refused(window):
    with pytest.raises(ValueError, match="`centre` and `window`"):
        make_crop((64, 64), (32, 32), window, STILL, (16, 16))


def test_reduced_decoding_agrees_with_full_decoding(photo):
    crop = make_crop((640, 480), (300, 250), (560, 560), {"angle": 25, "hflip": 1}, (128, 128))
    full = Image.open(photo)
    full.load()
    assert np.abs(cut(Image.open(photo), crop).astype(int) - cut(full, crop)).mean() < 2


@pytest.mark.parametrize("power", [1, 0.9, (0.9, 1.0, 1.1)])
def test_normalise_is_the_power_law(power):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    frame = normalise(pixels, power)
    assert frame.dtype == np.float32
    np.testing.assert_allclose(frame, (pixels / 255.0) ** np.asarray(power) * 2 - 1, atol=1e-6)


def test_occlusion_blanks_its_box_only():
    frame = normalise(np.full((40, 50, 3), 255, np.uint8), 1, (10, 5, 30, 20))  # x1, y1, x2, y2
    assert (frame[5:20, 10:30] == 0).all() and frame.sum() == 3 * (40 * 50 - 20 * 15)


def test_label_marks_absent_and_outer_joints():
    points = np.full((16, 2), 0.5)
    points[3], points[4], points[5] = np.nan, (1.2, 0.5), (0.3, 0.4)
    pose = label_pose(points, pa16j2d)
    assert (pose[3] == [-1e9, -1e9, 0]).all() and (pose[4] == [-1e9, -1e9, 0]).all()
    assert (pose[5] == [0.3, 0.4, 1]).all()
    kept = label_pose(points, pa16j2d, remove_outer_joints=False)
    assert (kept[4] == [1.2, 0.5, 0]).all()


def test_label_of_a_flipped_crop_exchanges_sides():
    points = np.random.default_rng(0).uniform(0.1, 0.9, (2, 16, 2))
    pose = label_pose(points, pa16j2d, hflip=True)
    np.testing.assert_array_equal(pose[..., :2], points[:, pa16j2d.map_hflip])
