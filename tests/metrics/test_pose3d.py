"""3D metrics: known distances, what each alignment makes invisible, and absent joints."""

import numpy as np
import pytest

from deephar.measures import mean_distance_error, pck3d
from deephar.metrics import pose3d as M

METRICS = (M.mpjpe, M.n_mpjpe, M.p_mpjpe, M.pck3d_150, M.auc_150)
N, J = 6, 17


def rotation(rng):
    """A random rotation without reflection."""
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


@pytest.fixture
def poses():
    """True poses and predictions some 60 mm off, mm."""
    rng = np.random.default_rng(0)
    true = rng.normal(0, 300, (N, J, 3)) + rng.normal(0, 2000, (N, 1, 3))
    return true, true + rng.normal(0, 60, true.shape)


def test_known_distances():
    true = np.zeros((2, 3, 3))
    pred = true + [500.0, 0, 0]  # root-aligned
    pred[0, 1, 1] += 30
    pred[1, 2, 2] += 160
    assert M.mpjpe(true, pred) == pytest.approx((30 + 160) / 6)
    np.testing.assert_allclose(M.mpjpe(true, pred, per_joint=True), [0, 15, 80])
    assert M.pck3d_150(true, pred) == pytest.approx(3 / 4)
    np.testing.assert_allclose(M.pck3d_150(true, pred, per_joint=True), [np.nan, 1, 0.5])
    # 30 mm is below 35, ... 150: 24 of 31 thresholds; 0 mm below all but the first; 160 mm below none
    np.testing.assert_allclose(M.auc_150(true, pred, per_joint=True), [np.nan, (24 + 30) / 62, 30 / 62])
    assert M.auc_150(true, pred) == pytest.approx((24 + 30 + 30) / 124)
    assert len(M.AUC_THRESHOLDS_MM) == 31 and M.AUC_THRESHOLDS_MM[-1] == 150


def test_on_poses_with_their_roots_together_they_are_the_plain_metrics(poses):
    true, pred = (pose - pose[:, :1] for pose in poses)
    assert M.mpjpe(*poses) == pytest.approx(mean_distance_error(true, pred), rel=1e-12)
    assert M.pck3d_150(*poses) == pytest.approx(pck3d(true, pred), rel=1e-12)


def test_each_alignment_takes_away_error(poses):
    values = [M.mpjpe(*poses), M.n_mpjpe(*poses), M.p_mpjpe(*poses)]
    assert values[0] > values[2] > 30 and values[1] > values[2]
    aligned = [align(*poses) for align in (M.align_root, M.align_scale, M.align_similarity)]
    squares = [np.sum((true - pred) ** 2) for true, pred in aligned]
    assert squares[0] > squares[1] > squares[2]  # least squares: the more freedom, the smaller


@pytest.mark.parametrize("metric", METRICS)
def test_the_frame_of_reference_does_not_matter(poses, metric):
    rng = np.random.default_rng(1)
    turn, shift = rotation(rng), rng.normal(0, 1000, 3)
    moved = [pose @ turn.T + shift for pose in poses]
    assert metric(*moved) == pytest.approx(metric(*poses), rel=1e-9)
    other_root = rng.normal(0, 1000, (N, 1, 3))
    assert metric(poses[0], poses[1] + other_root) == pytest.approx(metric(*poses), rel=1e-9)


def test_similarity_is_invisible_to_p_mpjpe_and_scale_to_n_mpjpe(poses):
    rng = np.random.default_rng(2)
    true, pred = poses
    scale = rng.uniform(0.5, 2, (N, 1, 1))
    turned = np.stack([pose @ rotation(rng).T for pose in pred])
    assert M.p_mpjpe(true, scale * turned + 50) == pytest.approx(M.p_mpjpe(true, pred), rel=1e-9)
    assert M.p_mpjpe(true, 0.3 * np.stack([pose @ rotation(rng).T for pose in true])) < 1e-9
    assert M.n_mpjpe(true, scale * pred) == pytest.approx(M.n_mpjpe(true, pred), rel=1e-9)
    assert M.n_mpjpe(true, 2 * true) < 1e-9 < 100 < M.mpjpe(true, 2 * true)
    assert M.n_mpjpe(true, turned) > 100


def test_a_flipped_pose_is_not_turned_into_the_true_one(poses):
    true, _ = poses
    assert M.p_mpjpe(true, true * [-1, 1, 1]) > 50


def test_absent_joints_do_not_count(poses):
    true, pred = (pose.copy() for pose in poses)
    without = [np.delete(pose, 5, axis=1) for pose in (true, pred)]
    true[:, 5], pred[:, 5] = -1e9, 1e5
    for metric in METRICS:
        assert metric(true, pred) == pytest.approx(metric(*without), rel=1e-9), metric.__name__
        assert np.isnan(metric(true, pred, per_joint=True)[5])
        per_joint = metric(true, pred, per_joint=True)
        assert np.nanmean(per_joint) == pytest.approx(metric(true, pred))


@pytest.mark.parametrize("metric", (M.mpjpe, M.n_mpjpe, M.pck3d_150, M.auc_150))
def test_a_pose_without_its_root_does_not_count(poses, metric):
    true, pred = (pose.copy() for pose in poses)
    true[0, 0] = -1e9
    assert metric(true, pred) == pytest.approx(metric(true[1:], pred[1:]), rel=1e-9)
    true[:, 0] = -1e9
    assert np.isnan(metric(true, pred))


def test_other_roots(poses):
    true, pred = poses
    rolled = [np.roll(pose, 4, axis=1) for pose in poses]
    for metric in (M.mpjpe, M.n_mpjpe, M.pck3d_150, M.auc_150):
        assert metric(*rolled, root=4) == pytest.approx(metric(true, pred), rel=1e-12)
        assert metric(*rolled, root=4 - J) == pytest.approx(metric(true, pred), rel=1e-12)
    with pytest.raises(ValueError, match="`root` must be the number of one of 17 joints. Received: 17"):
        M.mpjpe(true, pred, root=17)


def test_poses_that_collapse_to_a_point_have_a_finite_error(poses):
    true = poses[0]
    spread = np.linalg.norm(true - true.mean(axis=1, keepdims=True), axis=-1).mean()
    assert M.p_mpjpe(true, np.zeros_like(true)) == pytest.approx(spread)
    assert M.n_mpjpe(true, np.zeros_like(true)) == pytest.approx(M.mpjpe(true, np.zeros_like(true)))
    few = np.full_like(true, -1e9)
    few[:, :2] = true[:, :2]
    assert np.isnan(M.p_mpjpe(few, true))


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_are_checked_and_inputs_kept(poses, metric):
    before = [pose.copy() for pose in poses]
    metric(*poses)
    for pose, kept in zip(poses, before, strict=True):
        np.testing.assert_array_equal(pose, kept)
    with pytest.raises(ValueError, match=r"one shape \(N, J, 3\). Received: \(6, 17, 2\)"):
        metric(poses[0][..., :2], poses[1][..., :2])
    with pytest.raises(ValueError, match=r"Received: \(6, 17, 3\) and \(17, 3\)"):
        metric(poses[0], poses[1][0])
