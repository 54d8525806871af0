"""Metrics against the reference, real detections, and by hand."""

import numpy as np
import pytest
import scipy.io

from deephar.metrics import pose2d as metrics
from deephar.utils.pose import pa16j2d

MPII_PAIRS = {
    "head": (9,),
    "shoulder": (12, 13),
    "elbow": (11, 14),
    "wrist": (10, 15),
    "hip": (2, 3),
    "knee": (1, 4),
    "ankle": (0, 5),
}
# What the published detections score, percent, and the means over 14 joints: unweighted, weighted by count.
AT_05 = [95.6003, 92.7140, 83.3646, 76.7357, 81.9283, 73.3628, 65.4462], 81.4584, 82.3367
AT_01 = [42.5648, 33.0333, 32.8447, 31.0581, 15.7003, 20.5131, 19.8628], 28.3976, 28.9748


@pytest.fixture(scope="module")
def functions(reference):
    return np.load(reference / "functions_s0.npz")


def test_pckh_agrees_with_the_reference(functions):
    true, pred, size = (functions[f"pckh/in{i}"] for i in range(3))
    results = sorted(float(functions[f"pckh/out{i}"]) for i in range(2))
    ours = sorted(metrics.pckh(true, pred, size, refp) for refp in (0.5, 0.1))
    np.testing.assert_allclose(ours, results, atol=1e-4)


@pytest.mark.parametrize("name", ["mean_distance_error", "pck3d"])
def test_distances_agree_with_the_reference(functions, name):
    ours = getattr(metrics, name)(functions[f"{name}/in0"], functions[f"{name}/in1"])
    assert ours == pytest.approx(float(functions[f"{name}/out0"]), abs=1e-4)


@pytest.mark.parametrize("refp, expected", [(0.5, AT_05), (0.1, AT_01)])
def test_pckh_of_published_detections(real, refp, expected):
    data = scipy.io.loadmat(real / "mpii_detections" / "detections_our_format.mat")
    true, pred = (data[key].transpose(2, 0, 1) for key in ("pos_gt_src", "pos_pred_src"))
    box, valid = data["headboxes_src"], data["jnt_missing"].T == 0
    size = 0.6 * np.linalg.norm(box[1] - box[0], axis=0)
    scores = 100 * metrics.pckh_per_joint(true, pred, size, refp=refp, valid=valid)
    np.testing.assert_allclose([scores[list(js)].mean() for js in MPII_PAIRS.values()], expected[0], atol=1e-4)
    used = [j for j in range(16) if j not in (6, 7)]
    counts = valid[:, used].sum(axis=0)
    assert scores[used].mean() == pytest.approx(expected[1], abs=1e-4)
    assert (scores[used] * counts).sum() / counts.sum() == pytest.approx(expected[2], abs=1e-4)


def test_pckh_per_joint_names_joints_and_knows_absent_ones():
    true = np.random.default_rng(0).uniform(0, 100, (4, 16, 2))
    true[:, 3] = -1e9
    scores = metrics.pckh_per_joint(true, true, np.ones((4, 1)), pa16j2d)
    assert list(scores) == list(pa16j2d.joint_names)
    assert np.isnan(scores.pop(pa16j2d.joint_names[3])) and set(scores.values()) == {1.0}


def test_pck_torso_on_real_people(real):
    """Predictions off by a known part of the torso are right below the threshold only."""
    joints = scipy.io.loadmat(real / "lspet" / "joints.mat")["joints"].transpose(2, 0, 1)
    true = np.where(joints[..., 2:] > 0, joints[..., :2], -1e9)
    torso = metrics.torso_size(true, metrics.LSP_LEFT_SHOULDER, metrics.LSP_RIGHT_HIP)
    assert 0.25 < np.isnan(torso).mean() < 0.33
    ends = dict(torso=(metrics.LSP_LEFT_SHOULDER, metrics.LSP_RIGHT_HIP))
    for part, expected in ((0.19, 1.0), (0.21, 0.0)):
        off = true + np.nan_to_num(torso)[:, None, None] * [part, 0]
        assert metrics.pck_torso(true, off, **ends) == expected
    per_pair = metrics.pck_torso_per_joint(true, true, pairs={"knee": (1, 4), "head": (13,)}, **ends)
    assert per_pair == {"knee": 1.0, "head": 1.0}


def test_pck_torso_is_the_mean_over_joints_of_people_with_a_torso():
    true = np.zeros((3, 14, 2))
    true[:, 9] = (0, 10)  # torso of 10 px
    true[1, 4] = -1e9
    true[2, 9] = -1e9  # no torso: left out
    pred = true.copy()
    pred[0, 4] += 5
    pred[0, 5] += 5
    pred[2] += 100
    # joint 4: 0 of 1; joint 5: 1 of 2; the other twelve: all.
    assert metrics.pck_torso(true, pred, torso=(9, 2)) == pytest.approx((12 + 0.5) / 14)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"`y_true` and `y_pred` must have one shape \(N, J, 2\)"):
        metrics.pckh(np.zeros((2, 16, 2)), np.zeros((2, 15, 2)), np.ones(2))
    with pytest.raises(ValueError, match="`head_size` must hold one value for each of 2 samples. Received: 3"):
        metrics.pckh(np.zeros((2, 16, 2)), np.zeros((2, 16, 2)), np.ones(3))
    with pytest.raises(ValueError, match="`pose_layout` must have 14 joints"):
        metrics.pckh_per_joint(np.zeros((2, 14, 2)), np.zeros((2, 14, 2)), np.ones(2), pa16j2d)


@pytest.mark.parametrize("unknown", [np.nan, 0.0, -3.0])
def test_people_without_a_head_size_are_left_out(unknown):
    true = np.random.default_rng(0).uniform(0, 100, (3, 16, 2))
    pred = true.copy()
    pred[1] += 100.0
    size = np.array([10.0, 10.0, unknown])
    assert metrics.pckh(true, true, size) == 1
    assert metrics.pckh(true, pred, size) == 0.5
    np.testing.assert_array_equal(metrics.pckh_per_joint(true, pred, size[:, None]), np.full(16, 0.5))
    assert np.isnan(metrics.pckh(true, true, np.full(3, unknown)))
    assert np.isnan(metrics.pckh_per_joint(true, true, np.full(3, unknown))).all()


def test_the_error_of_each_sample_is_the_mean_over_its_joints():
    true = np.zeros((3, 2, 2))
    true[1, 1], true[2] = -1e9, -1e9
    predicted = np.zeros((3, 2, 2)) + [3, 4]
    predicted[0, 0] = 0
    np.testing.assert_allclose(metrics.sample_errors(true, predicted), [2.5, 5, np.nan])
    np.testing.assert_allclose(metrics.sample_errors(true, predicted, [5, 0, 5]), [0.5, np.nan, np.nan])
