"""PCKh as papers report it: the published table from real predictions, and every column by hand."""

import numpy as np
import pytest
import scipy.io

from deephar.metrics.pckh import COUNTED, PAIRS, pckh_auc, pckh_report

PUBLISHED = {  # head ... ankle, unweighted and weighted mean, %
    0.5: [95.6003, 92.7140, 83.3646, 76.7357, 81.9283, 73.3628, 65.4462, 81.4584, 82.3367],
    0.1: [42.5648, 33.0333, 32.8447, 31.0581, 15.7003, 20.5131, 19.8628, 28.3976, 28.9748],
}


def test_the_published_table(real):
    """Tompson et al. on the 2,958 validation people, as bearpaw/pytorch-pose prints it."""
    file = scipy.io.loadmat(real / "mpii_detections" / "detections_our_format.mat")
    true, found = (file[name].transpose(2, 0, 1) for name in ("pos_gt_src", "pos_pred_src"))
    corners = file["headboxes_src"].transpose(2, 0, 1)
    head = 0.6 * np.linalg.norm(corners[:, 1] - corners[:, 0], axis=-1)
    for threshold, values in PUBLISHED.items():
        report = pckh_report(true, found, head, threshold, file["jnt_missing"].T == 0)
        row = [*report.pairs.values(), report.mean, report.weighted_mean]
        np.testing.assert_allclose(100 * np.array(row), values, atol=5e-5)


def people():
    """Two people with heads of 10 px; the second one's right ankle and pelvis are not annotated."""
    true = np.random.default_rng(0).uniform(20, 80, (2, 16, 2))
    true[1, [0, 6]] = -1e9
    return true, np.array([10.0, 10.0])


def test_columns_by_hand():
    true, head = people()
    found = true + [4.9, 0]  # inside of half a head
    found[:, 10] = true[:, 10] + [0, 5.1]  # right wrists are outside
    found[0, 7] += 50  # a thorax does not count
    found[0, 0] += 50  # one of three ankles
    report = pckh_report(true, found, head)
    expected = dict.fromkeys(PAIRS, 1.0) | {"wrist": 0.5, "ankle": 0.5}
    assert report.pairs == expected
    assert report.mean == pytest.approx((14 - 1 - 1) / 14)
    assert report.num_joints == 27 and report.weighted_mean == pytest.approx((27 - 3) / 27)
    assert report.hard_mean == pytest.approx((19 - 3) / 19)
    assert report.per_joint[10] == 0 and report.per_joint[7] == 0.5


def test_the_curve_is_the_mean_over_thresholds():
    true, head = people()
    assert pckh_auc(true, true, head) == pytest.approx(50 / 51)  # an error of 0 is not below 0
    assert pckh_auc(true, true + [2.5, 0], head) == pytest.approx(25 / 51)
    found = true + [3.05, 0]
    curve = [pckh_report(true, found, head, k / 100).weighted_mean for k in range(51)]
    assert pckh_auc(true, found, head) == pytest.approx(np.mean(curve))


def test_masks_make_reports_of_parts_and_unknown_heads_are_left_out():
    true, head = people()
    found = true.copy()
    found[0] += 50
    visible = np.zeros((2, 16), bool)
    visible[1] = True
    visible[1, [0, 6]] = False
    assert pckh_report(true, found, head, valid=visible).weighted_mean == 1
    assert pckh_report(true, found, [np.nan, 10]).weighted_mean == 1
    nobody = pckh_report(true, found, [np.nan, 0])
    assert np.isnan([nobody.mean, nobody.weighted_mean, pckh_auc(true, found, [np.nan, 0])]).all()
    assert len(COUNTED) == 14
    with pytest.raises(ValueError, match="MPII's order.*Received"):
        pckh_report(true[:, :14], found[:, :14], head)
