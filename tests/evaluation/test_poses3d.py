"""Evaluation of 3D poses: back to the world, with the true depth of the root and without it, by block and action."""

import types

import numpy as np
import pytest

from deephar.evaluation.poses3d import (
    SIZED,
    action_table_3d,
    depth_by_size,
    eval_pose_3d,
    joint_table_3d,
    links_mm,
    pose_table_3d,
    predict_poses_3d,
    training_size_mm,
)
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, Camera, get_crop_params, pa17j3d

NUM, SIZE = 6, (1000, 1002)


def a_skeleton(key):
    """(17, 3) world mm, all with the same sum of links; the root near the origin."""
    pose = np.random.default_rng(key).normal(0, 250, (17, 3))
    return 4000 * pose / links_mm(pose, pa17j3d)


def a_camera(key):
    """Without distortion, some 5 m away from the origin, looking at it."""
    angle = key
    rotation = np.array([[np.cos(angle), np.sin(angle), 0], [0, 0, -1.0], [-np.sin(angle), np.cos(angle), 0]])
    return Camera(rotation, -rotation.T @ [0, 0, 5000.0 + 100 * key], [1145, 1143], [512, 515], [0, 0], [0, 0, 0])


def a_sample(key):
    camera, pose_w = a_camera(key), a_skeleton(key)
    uvd = camera.project(pose_w)
    centre, window, zrange = get_crop_params(uvd[None, 0], SIZE, camera.f, 1.0)
    afmat = np.diag([1 / window[0], 1 / window[0], 1])
    afmat[:2, 2] = 0.5 - centre / window[0]
    frame = np.zeros((8, 8, 3), np.float32)
    frame[0, 0, 0] = (key + 1) / 10
    entries = {"frame": frame, "pose_w": pose_w, "pose_uvd": uvd, "camera": camera.serialize(), "afmat": afmat}
    return {**entries, "action": key % 2, "zrange": zrange}


def a_label(key):
    """What a perfect network answers for a sample, (17, 4)."""
    sample = a_sample(key)
    xy = sample["pose_uvd"][:, :2] @ sample["afmat"][:2, :2].T + sample["afmat"][:2, 2]
    z = (sample["pose_uvd"][:, 2:] - sample["zrange"][0]) / 2000
    return np.concatenate([xy, z, np.ones((17, 1))], axis=-1)


class People:
    dataconf = types.SimpleNamespace(fixed_scale=1)
    action_labels = ["Directions", "Photo", "Waiting"]

    def get_length(self, mode):
        return NUM if mode == TEST_MODE else 0

    def get_data(self, key, mode):
        return a_sample(key)


class Knows:
    """Answers with the truth in its last block, in the first one with its x shifted; flipped images as well."""

    input_shape = (None, 8, 8, 3)
    output_shape = [(None, 17, 4)] * 2

    def __init__(self, change=lambda pose: pose):
        self.change = change

    def predict_on_batch(self, x):
        flipped = x[:, 0, 0, 0].max() == 0
        keys = np.rint(10 * x[:, 0, -1 if flipped else 0, 0]).astype(int) - 1
        pose = np.stack([a_label(key) for key in keys])
        if flipped:
            pose = pose[:, pa17j3d.map_hflip] * [-1, 1, 1, 1] + [1, 0, 0, 0]
        return [self.change(pose), pose]


def off_by_depth(pose):
    """All joints but the root 0.05 (100 mm) too far."""
    pose = pose.copy()
    pose[:, 1:, 2] += 0.05
    return pose


def test_the_truth_has_no_error_and_100_mm_of_depth_are_about_100_mm():
    scores = eval_pose_3d(Knows(off_by_depth), People(), batch_size=4, progress=False)
    first, last = scores.metrics["MPJPE"]
    assert last < 1e-6 and 0.95 * 100 * 16 / 17 < first < 1.05 * 100 * 16 / 17  # the rays are nearly parallel
    assert scores.num_poses == NUM and scores.metrics["PCK3D@150 mm"].tolist() == [1, 1]
    np.testing.assert_allclose(scores.metrics["AUC 0-150 mm"][1], 30 / 31)
    assert scores.metrics["P-MPJPE"][0] < first and scores.metrics["N-MPJPE"][0] < first
    assert scores.per_joint.shape == (2, 17) and scores.per_joint[0, 0] == 0
    assert np.isnan(scores.metrics[SIZED]).all()  # there is no training annotation
    assert "GROUND TRUTH" in scores.protocol and "No score without the true depth" in scores.protocol


def test_poses_without_a_root_are_left_out_and_counted():
    class Rootless(People):
        def get_data(self, key, mode):
            sample = a_sample(key)
            if key == 0:
                sample["pose_w"][0] = -1e9
            return sample

    scores = eval_pose_3d(Knows(), Rootless(), progress=False)
    assert (scores.num_poses, scores.num_left_out) == (NUM - 1, 1)
    assert scores.metrics["MPJPE"][1] < 1e-6
    assert scores.protocol.endswith("Left out: 1 poses without root.")


def test_actions_without_names_are_numbered():
    class Nameless(People):
        action_labels = None

    scores = eval_pose_3d(Knows(), Nameless(), progress=False)
    assert scores.action_names == ("action 0", "action 1") and scores.per_action.shape == (2, 2)


def test_flipped_images_are_averaged_in_the_crop():
    def shifted(pose):  # to the right in both images: the mean of them has no error
        return pose + [0.05, 0, 0, 0] * (np.arange(17) > 0)[:, None]

    plain = eval_pose_3d(Knows(shifted), People(), progress=False).metrics["MPJPE"][0]
    assert plain > 50
    assert eval_pose_3d(Knows(shifted), People(), progress=False, flip=True).metrics["MPJPE"][0] < 1e-6


def test_actions_are_scored_apart():
    def only_second_action(pose):  # whose images have odd keys: a batch of one tells them apart
        return off_by_depth(pose) if any(np.allclose(pose[0], a_label(key)) for key in (1, 3, 5)) else pose

    scores = eval_pose_3d(Knows(only_second_action), People(), batch_size=1, progress=False)
    assert scores.per_action.shape == (2, 3) and scores.per_action[0, 0] < 1e-6 < 50 < scores.per_action[0, 1]
    assert np.isnan(scores.per_action[:, 2]).all()
    half = scores.per_action[0, 1] / 2
    text = action_table_3d(scores)
    rows = {line.rsplit(None, 2)[0]: line.split()[-2:] for line in text.splitlines()[2:]}
    assert rows["mean over poses"] == rows["mean over actions"] == [f"{half:.1f}", "0.0"]
    assert "Waiting" not in text and "block 2" in text
    assert [line.split()[0] for line in joint_table_3d(scores).splitlines()[2:]] == pa17j3d.joint_names


def test_without_the_true_depth_the_size_of_the_skeleton_decides():
    model, people = Knows(off_by_depth), People()
    found = predict_poses_3d(model, people, progress=False)
    np.testing.assert_allclose(depth_by_size(found, 1, pa17j3d, 4000.0), found.root_depth, atol=0.01)
    scores = eval_pose_3d(model, people, size_mm=4000.0, progress=False)
    assert scores.metrics[SIZED][1] < 0.01 and scores.metrics[SIZED][0] > 50
    assert "(sum of links 4000 mm)" in scores.protocol
    larger = eval_pose_3d(model, people, size_mm=4400.0, progress=False)
    assert larger.metrics["MPJPE"][1] < 1e-6 and 5 < larger.metrics[SIZED][1] < 60
    # No annotation of the depth is used: another one changes the published score, not this.
    wrong = type(found)(**{**vars(found), "root_depth": found.root_depth + 500})
    np.testing.assert_array_equal(depth_by_size(wrong, 1, pa17j3d, 4000.0), depth_by_size(found, 1, pa17j3d, 4000.0))
    text = pose_table_3d(scores)
    assert f"{SIZED}, mm" in text and "PCK3D@150 mm, %" in text and " 100.0" in text
    assert pose_table_3d(eval_pose_3d(model, people, progress=False)).splitlines()[-1].split()[-2:] == ["-", "-"]


def test_the_size_is_that_of_the_training_annotation():
    joints = np.random.default_rng(0).normal(0, 300, (3, 5, 32, 3))
    sequences = {TRAIN_MODE: [types.SimpleNamespace(joints=own) for own in joints]}
    dataset = types.SimpleNamespace(sequences=sequences, poselayout=pa17j3d)
    expected = np.mean([links_mm(own[0, pa17j3d.map_from_h36m], pa17j3d) for own in joints])
    assert training_size_mm(dataset) == pytest.approx(expected)
    assert training_size_mm(types.SimpleNamespace(sequences={TRAIN_MODE: []})) is None
    chain = np.zeros((17, 3))
    chain[:, 0] = 10 * np.arange(17)
    assert links_mm(chain, pa17j3d) == sum(10 * abs(a - b) for a, b in pa17j3d.links)


def test_what_cannot_be_scored_is_named():
    flat = types.SimpleNamespace(input_shape=(None, 8, 8, 3), output_shape=[(None, 16, 3)])
    with pytest.raises(ValueError, match="`model` must predict poses in 3 dimensions. Received: one of pa16j2d"):
        predict_poses_3d(flat, People(), progress=False)
    with pytest.raises(ValueError, match="`dataset` must have samples in `mode` 2"):
        predict_poses_3d(Knows(), People(), VALID_MODE, progress=False)

    class Fewer(People):
        def get_data(self, key, mode):
            return {**a_sample(key), "pose_w": a_skeleton(key)[:16]}

    with pytest.raises(ValueError, match=r"`dataset` must give single poses of pa17j3d. Received: shape \(16, 3\)"):
        predict_poses_3d(Knows(), Fewer(), progress=False)
