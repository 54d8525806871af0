"""Affine maps of points and images."""

import numpy as np
import pytest
from PIL import Image

from deephar.utils import transform as X


def smooth_image(w=120, h=80):
    """An image without sharp edges: x in red, y in green."""
    y, x = np.mgrid[0:h, 0:w]
    return Image.fromarray(np.stack([2 * x, 3 * y, 128 + 0 * x], axis=-1).astype(np.uint8))


def test_points_in_every_arrangement():
    t = X.AffineTransform()
    t.rotate(30, (5, 7))
    t.scale(2, 3)
    t.translate(-4, 1)
    t.affine_hflip()
    points = np.random.default_rng(0).normal(size=(2, 9))
    moved = X.transform_2d_points(t.afmat, points)
    np.testing.assert_allclose(moved, (t.afmat @ np.vstack([points, np.ones(9)]))[:2])
    np.testing.assert_allclose(X.transform_2d_points(t.afmat, points.T, transpose=True), moved.T)
    np.testing.assert_allclose(X.transform_2d_points(t.afmat, points[:, 3]), moved[:, 3])
    np.testing.assert_allclose(X.transform_2d_points(t.afmat, moved, inverse=True), points)
    with pytest.raises(ValueError, match=r"`x` must hold 2D points.*Received: \(3, 9\)"):
        X.transform_2d_points(t.afmat, np.ones((3, 9)))


def test_rotation_is_counter_clockwise_on_the_screen():
    t = X.AffineTransform()
    t.rotate(90, (10, 10))
    np.testing.assert_allclose(X.transform_2d_points(t.afmat, np.array([12.0, 10.0])), [10, 8], atol=1e-12)


def test_pose_sequence_keeps_its_arguments():
    maps = np.random.default_rng(0).normal(size=(4, 3, 3))
    maps[:, 2] = [0, 0, 1]
    poses = np.random.default_rng(1).normal(size=(4, 16, 2))
    kept = maps.copy()
    back = X.transform_pose_sequence(maps, poses)
    np.testing.assert_array_equal(maps, kept)
    np.testing.assert_allclose(X.transform_pose_sequence(maps, back, inverse=False), poses)
    np.testing.assert_allclose(X.transform_pose_sequence(maps[0], poses)[0], back[0])
    with pytest.raises(ValueError, match=r"`poses`.*Received: \(16, 2\)"):
        X.transform_pose_sequence(maps, poses[0])
    with pytest.raises(ValueError, match=r"`A` must have.*\(4, 3, 3\). Received: \(2, 3, 3\)"):
        X.transform_pose_sequence(maps[:2], poses)


def test_geometry_needs_no_image():
    steps = []
    for image in (smooth_image(), None):
        t = X.T(image, img_size=(120, 80))
        t.rotate_crop(20, (50, 40), (60, 40))
        t.resize((32, 48))
        t.horizontal_flip()
        t.normalize_affinemap()
        steps.append(t)
    np.testing.assert_array_equal(steps[0].afmat, steps[1].afmat)
    assert steps[0].size == steps[1].size == steps[0].img.size == steps[1].img_size == (32, 48)
    assert steps[0].hflip and steps[1].hflip and steps[1].img is None
    assert steps[0].asarray().shape == steps[1].asarray().shape == (48, 32, 3)
    assert steps[0].asarray().dtype == np.float32 and not steps[1].asarray().any()
    with pytest.raises(ValueError, match="`img_size` must be"):
        X.T(None)


@pytest.mark.parametrize("angle, flip", [(0, False), (0, True), (25, False), (-140, True)])
def test_pixels_follow_the_map(angle, flip):
    """Every pixel of the crop has the colour of the place that `afmat` says it comes from."""
    t = X.T(smooth_image())
    t.rotate_crop(angle, (60, 40), (40, 30))
    t.resize((80, 60))
    if flip:
        t.horizontal_flip()
    y, x = np.mgrid[5:55, 5:75]
    source = X.transform_2d_points(t.afmat, np.stack([x.ravel() + 0.5, y.ravel() + 0.5]), inverse=True)
    expected = np.stack([2 * (source[0] - 0.5), 3 * (source[1] - 0.5)], axis=-1).reshape(50, 70, 2)
    np.testing.assert_allclose(t.asarray()[5:55, 5:75, :2], expected, atol=1.5)


def test_outside_is_black_and_crop_is_exact():
    t = X.T(smooth_image())
    t.crop((-10, 20, 30, 60))
    expected = np.zeros((40, 40, 3))
    expected[:, 10:] = np.asarray(smooth_image())[20:60, :30]
    np.testing.assert_array_equal(t.asarray(), expected)


def test_shrinking_averages():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    t = X.T(Image.fromarray(noise))
    t.resize((16, 16))
    means = noise.reshape(16, 16, 16, 16, 3).mean(axis=(1, 3))
    assert np.abs(t.asarray() - means).max() < 2


def test_the_image_is_read_at_any_time_and_may_be_replaced():
    t = X.T(smooth_image())
    t.crop((0, 0, 60, 80))
    assert t.img.size == (60, 80)
    t.resize((30, 40))
    assert t.img.size == t.size == (30, 40)
    t.img = smooth_image(10, 12)
    assert t.size == (10, 12)
    np.testing.assert_array_equal(t.asarray(), np.asarray(smooth_image(10, 12)))


def test_normalize_channels():
    frame = np.array([[[0, 127.5, 255]]], dtype=np.float32)
    kept = frame.copy()
    np.testing.assert_allclose(X.normalize_channels(frame), [[[-1, 0, 1]]])
    np.testing.assert_allclose(X.normalize_channels(frame, (1, 2, 1.1)), [[[-1, -0.5, 1]]])
    np.testing.assert_allclose(X.normalize_channels(frame, 2), [[[-1, -0.5, 1]]])
    np.testing.assert_array_equal(frame, kept)
    assert X.normalize_channels(frame.astype(np.uint8)).dtype == np.float32
    with pytest.raises(ValueError, match=r"`channel_power`.*Received: \(1, 2\)"):
        X.normalize_channels(frame, (1, 2))


def test_normalize_channels_of_a_frame_without_channel_axis():
    frame = np.array([[0, 127.5, 255]] * 2, dtype=np.float32)  # (H, W), as wide as colours are many
    for power in (2, (2,)):
        np.testing.assert_allclose(X.normalize_channels(frame, power), [[-1, -0.5, 1]] * 2)
    with pytest.raises(ValueError, match=r"each channel, 1 for a frame of shape \(2, 3\). Received: \(1, 2, 3\)"):
        X.normalize_channels(frame, (1, 2, 3))
