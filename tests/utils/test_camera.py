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
