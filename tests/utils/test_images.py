"""Reading images: every kind comes out as RGB bytes, nothing is clipped, and what is ambiguous is refused by name."""

import doctest
import sys

import numpy as np
import pytest
from PIL import Image

import deephar.utils.images as I
from deephar.data.frames import cut, make_crop

RAMP = np.arange(256, dtype=np.uint8).reshape(8, 32)


def grey(values):
    return np.repeat(np.asarray(values)[..., None], 3, axis=2)


def test_arrays_that_mean_one_thing_become_rgb_bytes():
    colour = np.ascontiguousarray(np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]]))
    assert np.shares_memory(I.rgb_array(colour), colour)
    np.testing.assert_array_equal(I.rgb_array(np.dstack([colour, RAMP])), colour)
    np.testing.assert_array_equal(I.rgb_array(np.asfortranarray(colour)), colour)
    for array in (RAMP, RAMP[..., None], RAMP.astype(np.int64), RAMP / 255, (RAMP / 255).astype(np.float32)):
        np.testing.assert_array_equal(I.read_image(array), grey(RAMP))
    np.testing.assert_array_equal(I.rgb_array(RAMP.astype(np.uint16) * 257), grey(RAMP))


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (None, TypeError, "must be a path, a PIL.Image or an array .* Received: NoneType"),
        ([[1, 2]], TypeError, "Received: list"),
        (np.zeros((2, 2), bool), TypeError, "must hold uint8. Received: bool"),
        (np.zeros((2, 2, 3), complex), TypeError, "Received: complex128"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, "at least one pixel. Received: shape .0, 4, 3"),
        (np.zeros((3, 8, 9), np.uint8), ValueError, "must have the shape .H, W.*channels come last"),
        (np.zeros((1, 8, 9, 3), np.uint8), ValueError, "Received: .1, 8, 9, 3.: one image at a time"),
        (np.zeros(7, np.uint8), ValueError, "must have the shape"),
        (np.zeros((8, 9, 2), np.uint8), ValueError, "must have the shape"),
        (np.full((2, 2), 255.0), ValueError, "floats from 0 to 1. Received: float64 from 255 to 255"),
        (np.full((2, 2), -0.5), ValueError, "floats from 0 to 1"),
        (np.full((2, 2), np.nan), ValueError, "floats from 0 to 1. Received: float64 from nan"),
        (np.full((2, 2), 200, np.uint16), ValueError, "up to 255 it may be either. Received: uint16 from 200"),
        (np.full((2, 2), 256), ValueError, "whole numbers from 0 to 255. Received: int64 from 256"),
        (np.full((2, 2), -1, np.int8), ValueError, "whole numbers from 0 to 255"),
    ],
)
def test_what_could_mean_two_things_is_refused_by_name(array, error, words):
    with pytest.raises(error, match=f"^`photo` .*{words}"):
        I.read_image(array, "photo")


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bits_are_scaled_to_8(tmp_path, suffix):
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(I.read_image(tmp_path / f"a.{suffix}"), grey(RAMP))
    with Image.open(tmp_path / f"a.{suffix}") as opened:
        crop = make_crop(opened.size, (16, 4), (32, 8), {"angle": 0, "hflip": 0}, (32, 8))
        np.testing.assert_array_equal(cut(opened, crop), grey(RAMP))  # what the readers of data sets see
    with Image.open(tmp_path / f"a.{suffix}") as opened:
        np.testing.assert_array_equal(I.read_image(opened), grey(RAMP))


def test_floats_and_wide_integers_of_files_are_scaled_or_refused(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray((RAMP / 255).astype(np.float32)).save(path)
    np.testing.assert_array_equal(I.read_image(path), grey(RAMP))
    for values in (RAMP.astype(np.float32), RAMP.astype(np.int32) * 1000):
        Image.fromarray(values).save(path)
        with pytest.raises(ValueError, match=r"`image` must hold uint8.* Received: .*a\.tif, (float|int)32 from 0 to"):
            I.read_image(path)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr"])
def test_other_modes_are_converted(mode):
    assert I.read_image(Image.new("RGB", (5, 4), (255, 255, 255)).convert(mode)).tolist() == [[[255] * 3] * 5] * 4


def test_exif_turns_files_and_open_images(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(grey(RAMP)).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as opened:
        for found in (I.read_image(tmp_path / "a.png"), I.read_image(opened)):
            np.testing.assert_array_equal(found, np.rot90(grey(RAMP), -1))


def test_bad_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"`image` must be an image file.*a.jpg, which does not exist"):
        I.read_image(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError, match="which is a folder"):
        I.read_image(str(tmp_path))
    (tmp_path / "a.jpg").write_text("<html>")
    with pytest.raises(ValueError, match=r"`image` must be an image that Pillow can read. Received: .*a.jpg"):
        I.read_image(tmp_path / "a.jpg")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)).save(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"`image` must be an undamaged image. Received: .*b.jpg"):
        I.read_image(tmp_path / "b.jpg")
    Image.new("1", (300, 300)).save(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000)
    with pytest.raises(ValueError, match=r"huge.png .*90000 pixels.*exceeds limit"):
        I.read_image(tmp_path / "huge.png")
    assert I.is_animation(tmp_path / "huge.png") is False


def test_heic_asks_for_its_package(tmp_path, monkeypatch):
    path = tmp_path / "named.jpg"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImportError, match=r"HEIC image .*named.jpg needs .* pip install pillow-heif$"):
        I.read_image(path)
    assert I.is_animation(path) is False


@pytest.mark.parametrize(
    ("name", "kind", "count", "expected"),
    [
        ("a.jpg", "MPO", 2, False),
        ("a.tif", "TIFF", 3, False),
        ("a.gif", "GIF", 3, True),
        ("a.webp", "WEBP", 3, True),
        ("a.png", "PNG", 3, True),
        ("a.gif", "GIF", 1, False),
        ("a.png", "PNG", 1, False),
    ],
)
def test_only_gif_webp_and_apng_move(tmp_path, name, kind, count, expected):
    images = [Image.new("RGB", (8, 8), (60 * k, 0, 0)) for k in range(count)]
    images[0].save(tmp_path / name, kind, save_all=True, append_images=images[1:])
    assert I.is_animation(tmp_path / name) is expected


def test_an_animated_webp_becomes_an_apng(tmp_path):
    images = [Image.new("RGB", (8, 8), (60 * k, 0, 0)) for k in range(3)]
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=100, lossless=True)
    images[0].save(tmp_path / "b.webp")
    with Image.open(I.webp_as_apng(tmp_path / "a.webp")) as opened:
        assert (opened.format, opened.n_frames, opened.info["duration"]) == ("PNG", 3, 100)
    assert I.webp_as_apng(tmp_path / "b.webp") is None and I.webp_as_apng(tmp_path / "none.mp4") is None


def test_what_is_no_image_is_neither(tmp_path):
    for name, expected in (("page.jpg", False), ("page.HEIC", False), ("clip.mp4", None), ("notes", None)):
        (tmp_path / name).write_text("<html></html>")
        assert I.is_animation(tmp_path / name) is expected


def test_example():
    assert doctest.testmod(I).failed == 0
