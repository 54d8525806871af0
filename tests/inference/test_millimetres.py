"""3D poses in mm: the scale that the person's height gives, and what is written and drawn of it."""

import numpy as np
import pytest

from deephar.inference import Predictor, save_image
from deephar.inference.millimetres import HEIGHT_MM, LINKS_PER_HEIGHT, pose_in_mm
from deephar.synthetic.layouts import map_points
from deephar.synthetic.world import render_still
from deephar.utils.pose import get_poselayout, pa17j3d


def links_mm(pose, layout):
    first, second = np.array(layout.links).T
    return np.linalg.norm(pose[..., first, :] - pose[..., second, :], axis=-1).sum(axis=-1)


@pytest.fixture(scope="module")
def people():
    """Body points in mm in camera space (N, 36, 3) and heights in mm of some rendered people."""
    stills = [render_still("train", index, (16, 16)) for index in range(12)]
    return np.stack([s["joints_mm"] for s in stills]), np.array([s["height_mm"] for s in stills])


@pytest.mark.parametrize("number", [16, 17, 20, 21])
def test_links_over_height_are_those_of_a_body(people, number):
    layout = get_poselayout(f"pa{number}j3d")
    ratio = links_mm(map_points(people[0], f"pa{number}"), layout) / people[1]
    assert abs(ratio.mean() - LINKS_PER_HEIGHT[number]) < 0.03


def test_scale_of_the_image_does_not_matter_and_depth_keeps_its_unit(people):
    true = map_points(people[0], "pa17")
    true = true - true[:, :1]
    size = LINKS_PER_HEIGHT[17]
    for pose in true:
        height = links_mm(pose, pa17j3d) / size
        for px_per_mm in (0.05, 0.7):
            points = np.stack([pose[:, 0] * px_per_mm + 90, pose[:, 1] * px_per_mm + 40, pose[:, 2] / 2000 + 0.5], -1)
            np.testing.assert_allclose(pose_in_mm(points, pa17j3d, height), pose, atol=0.01)
    several = np.concatenate([true[..., :2] * 0.1, true[..., 2:] / 2000], axis=-1)
    np.testing.assert_allclose(links_mm(pose_in_mm(several, pa17j3d, 1800), pa17j3d), size * 1800, rtol=1e-6)


def test_a_pose_without_extent_stays_finite():
    assert np.isfinite(pose_in_mm(np.full((17, 3), 0.5), pa17j3d)).all()


class Person3D:
    """A stand-in network of 3D poses: the same person in the middle of every crop."""

    name, input_shape, output_shape = "Person3D", (None, 64, 64, 3), [(None, 17, 4)]

    def __init__(self, pose):
        self.pose = pose

    def get_weights(self):
        return []

    def predict_on_batch(self, x):
        return [np.repeat(self.pose[None], len(x), axis=0)]


def test_predictor_gives_mm_and_draws_views(tmp_path, people):
    pose = map_points(people[0][0], "pa17")
    pose = (pose - pose[:1]) / [3000, 3000, 2000] + 0.5
    predictor = Predictor(Person3D(np.concatenate([pose, np.full((17, 1), 0.9)], axis=1)))
    found = predictor.predict_image(np.zeros((121, 160, 3), np.uint8))
    assert (found.pose.pose_mm[0] == 0).all()
    np.testing.assert_allclose(links_mm(found.pose.pose_mm, pa17j3d), LINKS_PER_HEIGHT[17] * HEIGHT_MM, rtol=1e-6)
    assert found.to_dict()["joints_mm"]["pelvis"] == [0, 0, 0]
    taller = Predictor(predictor.model, height_mm=2000).predict_image(np.zeros((121, 160, 3), np.uint8))
    assert links_mm(taller.pose.pose_mm, pa17j3d) > links_mm(found.pose.pose_mm, pa17j3d)
    overlay = save_image(found, tmp_path, predictor.layout, image=np.zeros((121, 160, 3), np.uint8))[1]
    from PIL import Image

    assert Image.open(overlay).size == (160 + 61, 121)
    with pytest.raises(ValueError, match="`height_mm` must be above 0. Received: 0"):
        Predictor(predictor.model, height_mm=0)
