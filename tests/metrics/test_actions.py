"""Metrics of actions: shares of the best k, and which action is taken for which."""

import numpy as np
import pytest

from deephar.metrics.actions import confusion, top_k_accuracy


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
