"""BVH files lead back to the joints: a reader of others', and forward kinematics from the channels alone."""

import json
import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deephar.cli import main
from deephar.inference.bvh import euler_degrees, joint_tree, track_of, write_bvh
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult, Result
from deephar.synthetic.layouts import map_points
from deephar.synthetic.world import render_clip
from deephar.utils.pose import POSE_LAYOUTS, pa16j2d, pa17j3d

NAMES = tuple(pa17j3d.joint_names)
TO_BVH = np.array([0.1, -0.1, -0.1])  # mm, y down, z away -> cm, y up, z near


@pytest.fixture(scope="module")
def camera_mm():
    """A synthetic person in motion, (T, 17, 3) mm from the camera."""
    return map_points(render_clip("test", 3, size=(64, 64), annotate_only=True)["joints_mm"], "pa17")


def person(mm, number=1, camera=False):
    given = (mm[:, :2], np.full(len(mm), 0.9), (0, 0, 9, 9), NAMES, mm - mm[0], number)
    return PoseResult(*given, camera_mm=mm if camera else None)


def video(poses, times=None, camera=False, kind="video", layout=pa17j3d):
    """A document; poses: for each frame {id: (17, 3) mm}."""
    times = np.arange(len(poses)) / 25 if times is None else times
    frames = [
        FrameResult(k, float(time), tuple(person(mm, number, camera) for number, mm in people.items()))
        for k, (time, people) in enumerate(zip(times, poses, strict=True))
    ]
    return Result(Head("a.mp4", kind, (40, 50), ModelStamp("spnet", "ab" * 32), layout.name, fps=25.0), tuple(frames))


def kinematics(text):
    """Joints (N, K, 3) of all frames, their names, offsets, frame time, and all angles, by the file alone."""
    head, motion = text.split("MOTION")
    names, parents, offsets, channels, stack, ending = [], [], [], [], [], False
    for line in map(str.split, head.splitlines()):
        if line[:1] in (["ROOT"], ["JOINT"]):
            names.append(line[1])
            parents.append(stack[-1] if stack else -1)
        elif line[:1] == ["End"]:
            ending = True
        elif line[:1] == ["{"]:
            stack.append(len(names) - 1)
        elif line[:1] == ["}"]:
            stack.pop()
            ending = False
        elif line[:1] == ["OFFSET"] and not ending:
            offsets.append([float(v) for v in line[1:]])
        elif line[:1] == ["CHANNELS"]:
            channels.append(line[2:])
    frame_s = float(re.search(r"Frame Time: (\S+)", motion)[1])
    rows = np.array([line.split() for line in motion.strip().splitlines()[2:]], float)
    rows = rows.reshape(len(rows), len(names), 6)
    turn, place = np.zeros((*rows.shape[:2], 3, 3)), np.zeros((*rows.shape[:2], 3))
    for n, frame in enumerate(rows):
        for k, parent in enumerate(parents):
            matrix, local = np.eye(3), np.zeros(3)
            for channel, value in zip(channels[k], frame[k], strict=True):
                axis = "XYZ".index(channel[0])
                if channel.endswith("position"):
                    local[axis] = value
                else:
                    one, (i, j) = np.eye(3), [(1, 2), (2, 0), (0, 1)][axis]
                    c, s = np.cos(np.radians(value)), np.sin(np.radians(value))
                    one[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
                    matrix = matrix @ one
            turn[n, k] = matrix if parent < 0 else turn[n, parent] @ matrix
            place[n, k] = local if parent < 0 else place[n, parent] + turn[n, parent] @ local
    return place, names, np.array(offsets), frame_s, rows[..., 3:]


@pytest.mark.parametrize("camera", [False, True])
def test_forward_kinematics_gives_the_joints(tmp_path, camera_mm, camera):
    noisy = camera_mm + np.random.default_rng(0).normal(0, 20, camera_mm.shape)  # bones change their length
    (path,) = write_bvh({"a": video([{1: mm} for mm in noisy], camera=camera)}, tmp_path)
    place, names, offsets, frame_s, angles = kinematics(path.read_text())
    assert path.name == "a_1.bvh" and sorted(names) == sorted(NAMES) and frame_s == 0.04
    wanted = (noisy if camera else noisy - noisy[:, :1]) * TO_BVH
    found = place[:, [names.index(name) for name in NAMES]]
    assert np.abs(found - wanted).max() < 0.01  # cm
    bones = dict(zip(names, np.linalg.norm(offsets, axis=1), strict=True))
    shank = np.linalg.norm(noisy[:, NAMES.index("r_ankle")] - noisy[:, NAMES.index("r_knee")], axis=1).mean() / 10
    assert bones["r_ankle"] == pytest.approx(shank, abs=1e-3)  # the mean bone, cm
    assert np.abs(np.diff(angles, axis=0)).max() <= 180.001


def test_rotations_alone_move_mean_bones(tmp_path, camera_mm):
    (path,) = write_bvh({"a": video([{1: mm} for mm in camera_mm])}, tmp_path)
    text = path.read_text()
    place, names, offsets, *_ = kinematics(text)
    head, motion = text.split("MOTION")
    lines = motion.strip().splitlines()
    rows = np.array([line.split() for line in lines[2:]], float).reshape(len(place), len(names), 6)
    rows[:, 1:, :3] = offsets[1:]  # as a program that ignores positions
    fixed = "\n".join(" ".join(map(str, row)) for row in rows.reshape(len(place), -1))
    stiff = kinematics("MOTION".join([head, "\n".join(["", *lines[:2], fixed])]))[0]
    assert np.linalg.norm(stiff - place, axis=2).mean() < 2.0  # cm; the body's own bones are stiff
    rest = dict(zip(names, offsets, strict=True))
    assert rest["l_elb"][0] > 20 and rest["r_elb"][0] < -20 and rest["l_knee"][1] < -30 and rest["head"][1] > 10
    assert rest["l_hip"][0] > 5 and rest["r_hip"][0] < -5  # a T that looks along z


def test_a_library_reads_it(tmp_path, camera_mm):
    bvh = pytest.importorskip("bvh")
    (path,) = write_bvh({"a": video([{1: mm} for mm in camera_mm[:5]])}, tmp_path)
    motion = bvh.Bvh(path.read_text())
    assert motion.nframes == 5 and motion.frame_time == pytest.approx(0.04)
    assert sorted(motion.get_joints_names()) == sorted(NAMES)
    assert motion.joint_parent("l_shoul").name == "thorax" and motion.joint_parent("r_hip").name == "pelvis"
    assert motion.joint_channels("head")[3:] == ["Zrotation", "Xrotation", "Yrotation"]
    place, names, *_ = kinematics(path.read_text())
    spine = [motion.frame_joint_channel(2, "spine", f"{axis}position") for axis in "XYZ"]
    assert np.linalg.norm(spine) == pytest.approx(np.linalg.norm(place[2, names.index("spine")]), abs=1e-3)


def test_everyone_has_a_file_of_their_own_time(tmp_path, camera_mm):
    poses = [{1: mm} | ({7: mm + 100} if k in (2, 3, 6) else {}) for k, mm in enumerate(camera_mm[:9])]
    image = video([{1: camera_mm[0]}], kind="image")
    paths = write_bvh({"a": video(poses), "c": image, "empty": video([{}])}, tmp_path)
    assert [p.name for p in paths] == ["a_1.bvh", "a_7.bvh", "c_1.bvh"]
    assert [re.search(r"Frames: (\d+)", p.read_text())[1] for p in paths] == ["9", "5", "1"]
    points, _, frame_s = track_of(video(poses), 7, pa17j3d)
    local = [(camera_mm[k] - camera_mm[k, 0]) * TO_BVH for k in (3, 6)]
    np.testing.assert_allclose(points[2], (2 * local[0] + local[1]) / 3, atol=1e-6)  # not seen: on a straight line
    assert frame_s == pytest.approx(0.04)


def test_a_variable_rate_becomes_constant(camera_mm):
    times = np.array([0.0, 0.04, 0.05, 0.2, 0.24])
    moving = [{1: camera_mm[0] + [[0, 0, 0]] + np.arange(17)[:, None] * t * [100, 0, 0]} for t in times]
    points, _, frame_s = track_of(video(moving, times), 1, pa17j3d)
    assert frame_s == pytest.approx(0.06) and len(points) == 5
    speed = np.diff(points[..., 0], axis=0) / 0.06  # cm/s
    np.testing.assert_allclose(speed, np.tile(np.arange(17) * 10.0, (4, 1)), atol=1e-6)
    rounded = np.round(np.arange(5) / 30, 3)  # of a constant rate, as a document has it: nothing is interpolated
    points, *_ = track_of(video(moving, rounded), 1, pa17j3d)
    np.testing.assert_array_equal(points[1], (moving[1][1] - moving[1][1][0]) * TO_BVH)


def test_angles_go_on_where_a_triple_of_angles_jumps():
    steps = np.arange(0.0, 721.0, 5.0)
    angles = np.stack([np.full_like(steps, 10.0), steps, np.full_like(steps, -20.0)], axis=1)  # X: two whole turns
    matrices = Rotation.from_euler("ZXY", angles, degrees=True).as_matrix()[:, None]
    found = euler_degrees(matrices)[:, 0]
    back = Rotation.from_euler("ZXY", found, degrees=True).as_matrix()
    np.testing.assert_allclose(back, matrices[:, 0], atol=1e-9)
    plain = ~np.isin(steps % 180, 90)  # elsewhere Z and Y are not the only ones
    np.testing.assert_allclose(found[plain], angles[plain], atol=1e-6)
    assert np.abs(np.diff(found[:, 1])).max() < 5.001


@pytest.mark.parametrize("layout", [k for k in POSE_LAYOUTS.values() if k.dim == 3], ids=lambda k: k.name)
def test_the_tree_has_every_joint_once_below_its_parent(layout):
    tree = joint_tree(layout)
    parent_of = {layout.joint_names[k]: layout.joint_names[p] for k, p in tree.items() if p >= 0}
    assert len(tree) == layout.num_joints and list(tree.values()).count(-1) == 1 and "pelvis" not in parent_of
    assert parent_of["l_shoul"] == "thorax" and parent_of["l_hip"] == "pelvis" and parent_of["r_ankle"] == "r_knee"
    before = set()
    for joint, parent in tree.items():
        assert parent == -1 or parent in before
        before.add(joint)


def test_joints_on_one_place_do_no_harm(tmp_path, camera_mm):
    poses = camera_mm[:6].copy()
    poses[2:4] = poses[2:4, :1]  # everything in one point
    poses[4, NAMES.index("l_wrist")] = poses[4, NAMES.index("l_elb")]
    (path,) = write_bvh({"a": video([{1: mm} for mm in poses])}, tmp_path)
    place, names, *_ = kinematics(path.read_text())
    wanted = (poses - poses[:, :1]) * TO_BVH
    assert np.abs(place[:, [names.index(name) for name in NAMES]] - wanted).max() < 0.01


def test_what_has_no_millimetres_or_nobody_is_refused(tmp_path, camera_mm, capsys):
    flat = video([{}], layout=pa16j2d)
    with pytest.raises(ValueError, match=r"as spnet-3d predicts.* Received: b, by spnet with the joints pa16j2d"):
        write_bvh({"a": video([{1: camera_mm[0]}]), "b": flat}, tmp_path)
    document = tmp_path / "a_prediction.json"
    document.write_text(json.dumps(video([{}]).to_dict()))
    assert main(["convert", str(tmp_path), "--format", "bvh"]) == 2
    assert "`RESULTS` must have somebody in them for BVH. Received: a" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["a_prediction.json"]
    document.write_text(json.dumps(video([{1: camera_mm[0]}]).to_dict()))
    assert main(["convert", str(tmp_path), "--format", "bvh"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a_1.bvh")
