"""The synthetic body: lengths, limits, kinematics, flip and the tables of joints."""

import numpy as np
import pytest

from deephar.synthetic import body as bodies
from deephar.synthetic.body import BONES, FLIP, P, flip_skeleton, make_body, sample_body
from deephar.synthetic.kinematics import Limb, Pose, pose, rot_x, rot_y, rot_z
from deephar.synthetic.layouts import LAYOUTS, map_flags, map_points
from deephar.synthetic.poses import KINDS, random_pose
from deephar.utils import pose as pose_layouts


def _controls(frames=1, arms=(0, 0, 0, 5), legs=(0, 0, 0, 3), turn=(0, 0, 0), height=1000.0):
    zeros = np.zeros((frames, 3))
    limb = lambda values: Limb(angles=np.tile(np.array(values, float), (frames, 1)))  # noqa: E731
    return Pose(
        root=zeros + (0, 0, height),
        turn=zeros + turn,
        spine=zeros.copy(),
        head=zeros.copy(),
        arms={side: limb(arms) for side in "rl"},
        legs={side: limb(legs) for side in "rl"},
    )


def test_a_body_at_rest_has_its_height_and_faces_x():
    body = make_body(1800.0)
    points = pose(body, _controls(height=body.hip_height, legs=(0, 0, 0, 0))).points[0]
    low = points[P["r_heel"], 2] - body.radii["sole"]
    assert points[P["head_top"], 2] - low == pytest.approx(1800.0, rel=0.01)
    assert points[P["nose"], 0] > points[P["head_centre"], 0]
    assert points[P["r_toe"], 0] > points[P["r_heel"], 0]
    assert points[P["l_shoulder"], 1] > 0 > points[P["r_shoulder"], 1]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_limb_lengths_do_not_depend_on_the_pose(kind):
    rng = np.random.default_rng(3)
    body = sample_body(rng)
    lengths = []
    for _ in range(5):
        points = random_pose(rng, body, kind).skeleton.points[0]
        lengths.append([np.linalg.norm(points[a] - points[b]) for a, b in BONES])
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[0], np.shape(lengths)), atol=1e-6)


def test_nobody_is_below_the_floor():
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert random_pose(rng, sample_body(rng)).skeleton.points[..., 2].min() > 0


def test_people_differ_within_human_ranges():
    people = [sample_body(np.random.default_rng(i)) for i in range(200)]
    heights = np.array([p.height for p in people])
    assert 1500 <= heights.min() < 1620 and 1850 < heights.max() <= 2000
    assert all(0.8 <= p.build <= 1.35 for p in people)
    ratio = np.array([p.lengths["forearm"] / p.lengths["upper_arm"] for p in people])
    assert 0.65 < ratio.min() and ratio.max() < 0.92


def test_signs_of_the_angles():
    body = make_body()
    forwards = pose(body, _controls(arms=(90, 0, 0, 3))).points[0]
    assert forwards[P["r_elbow"], 0] > 200
    aside = pose(body, _controls(arms=(0, 90, 0, 3))).points[0]
    assert aside[P["r_elbow"], 1] < aside[P["r_shoulder"], 1] - 200
    assert aside[P["l_elbow"], 1] > aside[P["l_shoulder"], 1] + 200
    kneeling = pose(body, _controls(legs=(90, 0, 0, 90))).points[0]
    assert kneeling[P["r_knee"], 0] > 200 and kneeling[P["r_ankle"], 2] < kneeling[P["r_knee"], 2] - 200


def test_a_target_in_reach_is_met_and_one_beyond_stretches_the_limb():
    body = make_body()
    controls = _controls(frames=2)
    target = np.array([[300.0, -200.0, 1300.0], [2000.0, -200.0, 1300.0]])
    controls.arms["r"] = Limb(target=target, pole=np.array([[-1.0, -0.5, -0.3]] * 2))
    points = pose(body, controls).points
    np.testing.assert_allclose(points[0, P["r_wrist"]], target[0], atol=1e-6)
    reach = np.linalg.norm(points[1, P["r_wrist"]] - points[1, P["r_shoulder"]])
    assert reach == pytest.approx(body.lengths["upper_arm"] + body.lengths["forearm"], rel=0.01)
    assert points[1, P["r_wrist"], 0] < 1000


def test_frames_are_rotations():
    rng = np.random.default_rng(5)
    frames = random_pose(rng, sample_body(rng)).skeleton.frames[0]
    np.testing.assert_allclose(frames @ frames.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (7, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(frames), 1.0, atol=1e-9)
    for rotate, axis in ((rot_x, 0), (rot_y, 1), (rot_z, 2)):
        np.testing.assert_allclose(rotate(30.0)[axis], np.eye(3)[axis], atol=1e-12)


def test_the_flip_swaps_sides_and_keeps_lengths():
    rng = np.random.default_rng(7)
    skeleton = random_pose(rng, sample_body(rng)).skeleton
    twin = flip_skeleton(skeleton)
    np.testing.assert_allclose(twin.points[0, P["l_wrist"]], skeleton.points[0, P["r_wrist"]] * (1, -1, 1))
    np.testing.assert_allclose(flip_skeleton(twin).points, skeleton.points)
    np.testing.assert_allclose(flip_skeleton(twin).frames, skeleton.frames)
    np.testing.assert_allclose(np.linalg.det(twin.frames[0]), 1.0, atol=1e-9)
    assert (FLIP[FLIP] == np.arange(len(FLIP))).all()


def test_layouts_have_the_right_number_of_joints_and_agree_with_each_other():
    for name, names in LAYOUTS.items():
        assert len(names) == int("".join(c for c in name if c.isdigit() or c == "_")[-2:]) or name == "h36m32"
    points = np.random.default_rng(0).normal(size=(4, bodies.NUM_POINTS, 2))
    pa16, mpii = map_points(points, "pa16"), map_points(points, "mpii16")
    np.testing.assert_allclose(mpii[:, pose_layouts.pa16j2d.map_from_mpii], pa16)
    np.testing.assert_allclose(pa16[:, pose_layouts.pa16j2d.map_to_pa13j], map_points(points, "pa13"))
    np.testing.assert_allclose(pa16[:, pose_layouts.pa16j2d.map_to_lsp], map_points(points, "lsp14"))


def test_flags_follow_their_points_and_an_unknown_layout_is_named():
    flags = np.ones(bodies.NUM_POINTS, bool)
    flags[P["l_wrist"]] = False
    mapped = map_flags(flags, "penn13")
    assert [LAYOUTS["penn13"][i] for i in np.flatnonzero(~mapped)] == ["l_wrist"]
    with pytest.raises(ValueError, match="`layout` must be one of .*Received: 'coco'"):
        map_points(np.zeros((36, 2)), "coco")
