"""Geometry, cameras, boxes and heat maps against the reference scores."""

import numpy as np
import pytest

from deephar import utils as U

TOLERANCE = dict(rtol=1e-6, atol=1e-4)


@pytest.fixture(scope="module")
def case(reference):
    data = np.load(reference / "functions_s0.npz")

    def read(name):
        keys = {kind: sorted(k for k in data if k.startswith(f"{name}/{kind}")) for kind in ("in", "out")}
        return [data[k] for k in keys["in"]], [data[k] for k in keys["out"]]

    return read


@pytest.mark.parametrize(
    "name, function",
    [
        ("transform_pose_sequence/inverse", U.transform_pose_sequence),
        ("project_pred_to_camera", U.project_pred_to_camera),
        ("get_valid_bbox", U.get_valid_bbox),
        ("get_valid_bbox_array", U.get_valid_bbox_array),
        ("compute_grid_bboxes", U.compute_grid_bboxes),
        ("bbox_to_objposwin", lambda box: np.concatenate(U.bbox_to_objposwin(box))),
        ("pose_heatmaps", lambda p: U.pose_heatmaps(p, 32, 3, variance=0.3)),
    ],
)
def test_function(case, name, function):
    inputs, (expected,) = case(name)
    before = [x.copy() for x in inputs]
    np.testing.assert_allclose(function(*inputs), expected, **TOLERANCE)
    for x, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, kept)


def test_gt_bbox(case):
    (pose, visible), expected = case("get_gt_bbox")
    np.testing.assert_allclose(U.get_gt_bbox(pose, visible, (640, 480)), expected[0], **TOLERANCE)
    np.testing.assert_allclose(U.get_gt_bbox(pose, visible, (640, 480), scale=1.3), expected[1], **TOLERANCE)


def test_crop_params(case):
    (rootj, f, scale), expected = case("get_crop_params")
    for ours, theirs in zip(U.get_crop_params(rootj, (1000, 1002), f, scale), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def test_camera(case):
    parameters, (serialised,) = case("camera/serialize")
    camera, plain = U.Camera(*parameters), U.Camera(*parameters[:5])
    np.testing.assert_allclose(camera.serialize(), serialised, **TOLERANCE)
    for name, function in (
        ("camera/project", camera.project),
        ("camera/project_nok", plain.project),
        ("camera/inverse_project", camera.inverse_project),
        ("camera/project", U.camera_deserialize(serialised).project),
    ):
        (points,), (expected,) = case(name)
        np.testing.assert_allclose(function(points), expected, **TOLERANCE)
