"""PCP: both ends within half of the part, what is not annotated does not count."""

import numpy as np
import pytest

from deephar.metrics.pcp import PARTS, pcp_per_part

PEOPLE = np.random.default_rng(0).uniform(0, 100, (6, 14, 2))


def test_both_ends_must_be_near():
    found = PEOPLE.copy()
    length = np.linalg.norm(PEOPLE[:, 12] - PEOPLE[:, 13], axis=1)
    found[:3, 13, 0] += 0.49 * length[:3]
    found[3:, 13, 0] += 0.51 * length[3:]  # the neck is right, the top of the head is not
    scores = pcp_per_part(PEOPLE, found)
    assert scores["head"] == 0.5 and scores["forearm"] == scores["torso"] == 1.0
    assert scores["mean"] == pytest.approx(9.5 / 10)
    assert pcp_per_part(PEOPLE, found, threshold=0.6)["head"] == 1.0


def test_the_torso_goes_by_the_middle_of_its_joints():
    found = PEOPLE.copy()
    found[:, 8] += 1000
    found[:, 9] -= 1000
    scores = pcp_per_part(PEOPLE, found)
    assert scores["torso"] == 1.0 and scores["upper arm"] == 0.0 and scores["forearm"] == 1.0


def test_parts_that_are_not_annotated_do_not_count():
    true = PEOPLE.copy()
    true[1:, 6] = -1e9
    found = PEOPLE.copy()
    found[:, 6] += 1000
    assert pcp_per_part(true, found)["forearm"] == pytest.approx(6 / 7)
    true[:, 6] = -1e9
    scores = pcp_per_part(true, found)
    assert scores["forearm"] == 1.0 and np.isnan(scores["mean"])
    assert sum(len(parts) for parts in PARTS.values()) == 10


def test_other_layouts_are_refused():
    with pytest.raises(ValueError, match=r"must be \(N, 14, 2\) in LSP's order. Received: \(6, 16, 2\)"):
        pcp_per_part(np.zeros((6, 16, 2)), np.zeros((6, 16, 2)))
