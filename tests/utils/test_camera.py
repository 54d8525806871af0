"""Cameras."""

import numpy as np
import pytest

from deephar.utils import Camera, camera_deserialize, project_pred_to_camera

ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
PLAIN = Camera(ROTATION, [10, -20, 4000], [1145, 1143], [512, 515], [-0.0009, -0.0016])
DISTORTED = Camera(PLAIN.R, PLAIN.t, PLAIN.f, PLAIN.c, PLAIN.p, [-0.2070, 0.2477, -0.0030])


def points_before(camera, shape=(20,)):
    """World points 3 to 6 m in front of the camera, near its axis."""
    rng = np.random.default_rng(1)
    inside = np.stack([rng.uniform(-700, 700, shape), rng.uniform(-700, 700, shape), rng.uniform(3e3, 6e3, shape)], -1)
    return inside @ camera.R + camera.t[:, 0]


def test_there_and_back():
    points = points_before(PLAIN)
    np.testing.assert_allclose(PLAIN.inverse_project(PLAIN.project(points)), points, atol=1e-6)
    assert np.abs(DISTORTED.inverse_project(DISTORTED.project(points)) - points).max() < 15


@pytest.mark.parametrize("camera", [PLAIN, DISTORTED])
def test_clips_at_once(camera):
    clip = points_before(camera, (3, 17))
    np.testing.assert_allclose(camera.project(clip), np.stack([camera.project(frame) for frame in clip]))
    np.testing.assert_allclose(camera.inverse_project(clip)[1], camera.inverse_project(clip[1]))


def some_cameras(number, k=True):
    """Different cameras around the same place, one by one."""
    rng, cameras = np.random.default_rng(2), []
    for _ in range(number):
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        f, c, p = rng.uniform(1100, 1200, 2), rng.uniform(500, 520, 2), rng.normal(0, 1e-3, 2)
        cameras.append(Camera(rotation, rng.normal(0, 3000, 3), f, c, p, [-0.2, 0.25, -0.003] if k else None))
    return cameras


@pytest.mark.parametrize("k", [True, False])
@pytest.mark.parametrize("shape", [(17,), (4, 17)])
def test_many_cameras_at_once(shape, k):
    cameras = some_cameras(5, k)
    many = camera_deserialize(np.stack([camera.serialize() for camera in cameras]))
    points = np.stack([points_before(camera, shape) for camera in cameras])
    seen = np.stack([camera.project(own) for camera, own in zip(cameras, points, strict=True)])
    np.testing.assert_allclose(many.project(points), seen, rtol=1e-12)
    back = np.stack([camera.inverse_project(own) for camera, own in zip(cameras, seen, strict=True)])
    np.testing.assert_allclose(many.inverse_project(seen), back, rtol=1e-12)
    np.testing.assert_array_equal(many.serialize(), [camera.serialize() for camera in cameras])


def test_many_cameras_need_as_many_points():
    many = camera_deserialize(np.stack([camera.serialize() for camera in some_cameras(5)]))
    with pytest.raises(ValueError, match=r"`points_w` must have the shape \(5, ..., n, 3\). Received: \(17, 3\)"):
        many.project(np.zeros((17, 3)))
    with pytest.raises(ValueError, match=r"`points_uvd` must begin with the axis of 5 cameras. Received: \(4, 17, 3\)"):
        many.inverse_project(np.zeros((4, 17, 3)))


@pytest.mark.parametrize("camera, size", [(PLAIN, 18), (DISTORTED, 21)])
def test_serialisation(camera, size):
    vector = camera.serialize()
    assert vector.shape == (size,)
    again = camera_deserialize(vector)
    np.testing.assert_array_equal(again.serialize(), vector)
    assert (again.k is None) == (camera.k is None)


def test_errors():
    with pytest.raises(ValueError, match=r"`s` must be a vector of 18 or 21 numbers. Received: \(20,\)"):
        camera_deserialize(np.zeros(20))
    with pytest.raises(ValueError, match=r"`s`.*Received: \(2, 3, 21\)"):
        camera_deserialize(np.zeros((2, 3, 21)))
    with pytest.raises(ValueError, match=r"`points_w`.*Received: \(4, 2\)"):
        PLAIN.project(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"`points_uvd`.*Received: \(3,\)"):
        PLAIN.inverse_project(np.zeros(3))
    with pytest.raises(ValueError, match=r"`pred`.*Received: \(5, 17, 2\)"):
        project_pred_to_camera(np.zeros((5, 17, 2)), np.eye(3), 2000, np.zeros(5))


def test_prediction_in_the_middle_is_the_root():
    pred = np.full((2, 1, 3), 0.5)
    out = project_pred_to_camera(pred, np.diag([1 / 100, 1 / 50, 1]), 2000, np.array([3000.0, 4000.0]))
    np.testing.assert_allclose(out, [[[50, 25, 3000]], [[50, 25, 4000]]])
