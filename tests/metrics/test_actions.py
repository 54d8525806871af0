"""Metrics of actions: shares of the best k, which action is taken for which, means over classes, sums of logits."""

import numpy as np
import pytest

from deephar.metrics.actions import (
    class_accuracy,
    confusion,
    late_fusion,
    mean_class_accuracy,
    mean_over_splits,
    top_k_accuracy,
)


def test_the_true_action_is_among_the_best_k():
    scores = np.log([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])
    true = [0, 2, 1, 1]
    assert [top_k_accuracy(scores, true, k) for k in (1, 2, 3)] == [0.5, 0.75, 1.0]
    blocks = np.stack([scores, np.eye(3)[true]])
    np.testing.assert_allclose(top_k_accuracy(blocks, true), [0.5, 1.0])


def test_of_equal_scores_the_first_action_wins():
    assert top_k_accuracy(np.full((3, 4), 0.25), [0, 1, 3], k=2) == pytest.approx(2 / 3)


def test_no_sample_has_no_accuracy():
    assert np.isnan(top_k_accuracy(np.zeros((0, 3)), []))
    assert np.isnan(top_k_accuracy(np.zeros((2, 0, 3)), [])).all()


def test_rows_are_true_actions():
    counts = confusion([0, 0, 1, 2, 2], [0, 1, 1, 0, 0], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"`scores` must have shape \(N, A\).*Received: \(2, 3\) and \(3,\)"):
        top_k_accuracy(np.zeros((2, 3)), [0, 1, 2])
    with pytest.raises(ValueError, match="`k` must be in 1 to 3, the number of actions. Received: 4"):
        top_k_accuracy(np.zeros((2, 3)), [0, 1], k=4)
    with pytest.raises(ValueError, match="`true` must hold numbers of actions, 0 to 2. Received: 0 to 3"):
        top_k_accuracy(np.zeros((2, 3)), [0, 3])
    with pytest.raises(ValueError, match="`predicted` must hold numbers of actions, 0 to 1. Received: -1 to 0"):
        confusion([0, 1], [0, -1], 2)
    with pytest.raises(ValueError, match=r"one shape \(N,\). Received: \(2,\) and \(1,\)"):
        confusion([0, 1], [0], 2)


def test_each_class_weighs_the_same():
    true, predicted = [0] * 8 + [1] * 2, [0] * 8 + [0, 1]
    counts = confusion(true, predicted, 3)
    np.testing.assert_array_equal(class_accuracy(counts), [1.0, 0.5, np.nan])  # no sample of the last
    assert mean_class_accuracy(counts) == 0.75 and np.mean(np.equal(true, predicted)) == 0.9
    assert np.isnan(mean_class_accuracy(np.zeros((2, 2), int)))
    assert class_accuracy([[1, 3], [0, 4]]).tolist() == [0.25, 1.0]  # rows are true actions


def test_streams_are_added_as_logits():
    rng = np.random.default_rng(0)
    rgb, flow, pose = rng.normal(size=(3, 6, 4))
    np.testing.assert_allclose(late_fusion([rgb, flow, pose]), rgb + flow + pose)
    np.testing.assert_allclose(late_fusion([rgb]), rgb)
    names = ["a", "b", "c", "d"]
    np.testing.assert_allclose(late_fusion([rgb, flow], [names, names]), late_fusion([flow, rgb]))
    # Neither stream is right about both samples, together they are.
    one, other = [[3.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 3.0]]
    assert [top_k_accuracy(x, [0, 1]) for x in (one, other, late_fusion([one, other]))] == [0.5, 0.5, 1.0]


def test_scores_of_splits_are_averaged():
    assert mean_over_splits([{"a": 1.0, "b": 0.0}, {"b": 0.5, "a": 0.0}, {"a": 0.5, "b": 1.0}]) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_accuracy(np.zeros((2, 3))), r"`counts` must have shape \(A, A\). Received: \(2, 3\)"),
        (lambda: late_fusion([]), "`logits` must be arrays of one shape.*Received: none"),
        (lambda: late_fusion([[1.0]]), r"`logits` must be arrays of one shape.*Received: \[\(1,\)\]"),
        (lambda: late_fusion([np.zeros((2, 3)), np.zeros((1, 3))]), r"Received: \[\(2, 3\), \(1, 3\)\]"),
        (lambda: late_fusion([np.zeros((2, 2))] * 2, ["ab"]), "`labels` must hold 2 lists of names. Received: 1"),
        (lambda: late_fusion([np.zeros((2, 2))] * 2, ["ab", "abc"]), r"the same names.*Received: \[2, 3\] names"),
        (lambda: late_fusion([np.zeros((2, 2))] * 2, ["ab", "ba"]), "Received: 'a' and, in list 1, 'b' at 0"),
        (lambda: mean_over_splits([]), "`scores` must hold scores.*Received: none"),
        (lambda: mean_over_splits([{"a": 1}, {"b": 1}]), r"Received: \[\['a'\], \['b'\]\]"),
    ],
)
def test_what_does_not_go_together_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
