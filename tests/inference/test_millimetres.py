"""3D poses in mm: the scale that the person's height gives, and what is written and drawn of it."""

import numpy as np
import pytest

from deephar.inference import Predictor, save_image
from deephar.inference.millimetres import HEIGHT_MM, PinholeView, known_links, pose_in_mm
from deephar.synthetic.layouts import map_points
from deephar.synthetic.world import render_still
from deephar.utils.pose import PoseLayout, get_poselayout, pa16j2d, pa17j3d


def links_mm(pose, layout):
    first, second = np.array(layout.links).T
    return np.linalg.norm(pose[..., first, :] - pose[..., second, :], axis=-1).sum(axis=-1)


@pytest.fixture(scope="module")
def people():
    """Body points in mm in camera space (N, 36, 3) and heights in mm of some rendered people."""
    stills = [render_still("train", index, (16, 16)) for index in range(12)]
    return np.stack([s["joints_mm"] for s in stills]), np.array([s["height_mm"] for s in stills])


@pytest.mark.parametrize(
    "name, share", [("pa16", 2.11), ("pa17", 2.11), ("pa20", 2.35), ("pa21", 2.35), ("ntu25", 2.601)]
)
def test_links_over_height_are_those_of_a_body(people, name, share):
    layout = get_poselayout(f"{name}j3d")
    links, known = known_links(layout)
    assert links.tolist() == layout.links and known == pytest.approx(share)
    ratio = links_mm(map_points(people[0], name), layout) / people[1]
    assert abs(ratio.mean() - share) < 0.03


def own_layout(names, links):
    return PoseLayout("own", 3, names, list(range(len(names))), links, ["g"], [0] * len(names))


def test_an_own_layout_is_measured_by_the_links_that_it_names(people):
    names = ["pelvis", "LeftEye", "right_hip", "right_knee", "left_shoulder", "left_elbow"]
    layout = own_layout(names, [[0, 1], [2, 3], [5, 4], [0, 2]])
    links, share = known_links(layout)
    assert links.tolist() == [[2, 3], [5, 4], [0, 2]] and share == pytest.approx(0.244 + 0.185 + 0.053)
    points = np.random.default_rng(0).uniform(10, 90, (6, 3)) * [1, 1, 0.0005]
    pose = pose_in_mm(points, layout, 1800)
    np.testing.assert_allclose(links_mm(pose, own_layout(names, links)), share * 1800, rtol=1e-6)
    for unknown in (own_layout(names, []), own_layout([f"joint_{k}" for k in range(6)], layout.links)):
        with pytest.raises(ValueError, match="`layout` must have at least one link.*Received: own"):
            pose_in_mm(points, unknown)


def test_a_predictor_of_a_layout_without_known_links_gives_pixels_alone(people):
    layout = own_layout([f"joint_{k}" for k in range(17)], [])
    with pytest.warns(UserWarning, match="`layout` own has no link of known length: no poses in mm"):
        predictor = Predictor(Person3D(np.full((17, 4), 0.5)), layout=layout, detector="none")
    pose = predictor.predict_image(np.zeros((64, 64, 3), np.uint8)).pose
    assert pose.pose_mm is None and pose.pose_px.shape == (17, 3) and "joints_mm" not in pose.to_dict()


def test_scale_of_the_image_does_not_matter_and_depth_keeps_its_unit(people):
    true = map_points(people[0], "pa17")
    true = true - true[:, :1]
    size = known_links(pa17j3d)[1]
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
    predictor = Predictor(Person3D(np.concatenate([pose, np.full((17, 1), 0.9)], axis=1)), detector="none")
    found = predictor.predict_image(np.zeros((121, 160, 3), np.uint8))
    assert (found.pose.pose_mm[0] == 0).all()
    np.testing.assert_allclose(links_mm(found.pose.pose_mm, pa17j3d), known_links(pa17j3d)[1] * HEIGHT_MM, rtol=1e-6)
    assert found.pose.to_dict()["joints_mm"]["pelvis"] == [0, 0, 0]
    tall = Predictor(predictor.model, height_mm=2000, detector="none")
    taller = tall.predict_image(np.zeros((121, 160, 3), np.uint8))
    assert links_mm(taller.pose.pose_mm, pa17j3d) > links_mm(found.pose.pose_mm, pa17j3d)
    overlay = save_image(found, tmp_path, predictor.layout, image=np.zeros((121, 160, 3), np.uint8))[1]
    from PIL import Image

    assert Image.open(overlay).size == (160 + 61, 121)
    with pytest.raises(ValueError, match="`height_mm` must be above 0.* Received: height_mm=0"):
        Predictor(predictor.model, height_mm=0)


def test_a_known_camera_and_distance_give_mm_from_the_camera(people):
    true = map_points(people[0][0], "pa17")
    true = true - true[:1] + [200.0, -100, 4000]  # mm from the camera
    points = np.stack([900 * true[:, 0] / true[:, 2] + 320, 800 * true[:, 1] / true[:, 2] + 240, true[:, 2] / 2000], -1)
    view = PinholeView.of((900, 800, 320, 240), 4000, pa17j3d)
    np.testing.assert_allclose(view.pose(points), true, atol=1e-6)
    assert PinholeView.of(None, None, pa17j3d) is None
    for camera, depth in (((900, 800, 320, 240), None), (None, 4000), ((900, 800, 320), 4000), ((0, 1, 1, 1), 4000)):
        with pytest.raises(ValueError, match="`camera` must be fx,fy,cx,cy in px and `root_depth_mm` a distance in mm"):
            PinholeView.of(camera, depth, pa17j3d)
    with pytest.raises(ValueError, match="`camera` must not be given for poses without depth"):
        PinholeView.of((900, 800, 320, 240), 4000, pa16j2d)
