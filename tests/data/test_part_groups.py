"""Groups of parts: mutual information by hand, the groups of the paper from real annotations."""

import h5py
import numpy as np
import pytest

from deephar.data.part_groups import GROUPS, find_groups, mutual_information, on_lattice


def as_sets(groups):
    return {frozenset(group) for group in groups}


@pytest.mark.parametrize("seed", range(3))
def test_the_groups_of_the_paper(real, seed):
    with h5py.File(real / "mpii_annotations" / "valid.h5") as file:
        poses = on_lattice(file["part"][:], file["center"][:], file["scale"][:])
    assert len(poses) == 2958
    assert as_sets(find_groups(poses, 5, seed)) == as_sets(GROUPS["statistical"])
    assert sorted(map(len, find_groups(poses, 16, seed))) == [1] * 16


def cells(numbers):
    """Places of joints (N, J) as poses (N, J, 2) on a lattice of 2 x 2."""
    y, x = np.divmod(np.asarray(numbers), 2)
    return np.stack([x, y], axis=-1) * 0.5 + 0.25


def test_information_by_hand():
    same, other = np.tile([0, 1, 2, 3], 4), np.repeat([0, 1, 2, 3], 4)
    found = mutual_information(cells(np.stack([same, same, other], axis=1)), lattice=2)
    log4 = np.log(4)
    np.testing.assert_allclose(found, [[log4, log4, 0], [log4, log4, 0], [0, 0, log4]], atol=1e-12)


def test_joints_that_move_together_are_one_group():
    rng = np.random.default_rng(0)
    centers = rng.uniform(0.2, 0.8, (4000, 3, 1, 2))
    poses = (centers + rng.normal(0, 0.02, (4000, 3, 2, 2))).reshape(-1, 6, 2)[:, [0, 2, 4, 1, 3, 5]]
    assert find_groups(poses, 3) == ((0, 3), (1, 4), (2, 5))
    poses[::2, 5] = np.nan  # not annotated
    assert find_groups(poses, 3) == ((0, 3), (1, 4), (2, 5))


def test_poses_are_scaled_and_centred():
    joints = np.array([[[100.0, 200.0], [225.0, 200.0], [0, 0]]] * 2)
    poses = on_lattice(joints, [[100, 200], [100, 200]], [1.0, 2.0])
    np.testing.assert_allclose(poses[0, :2], [[0.5, 0.5], [1.0, 0.5]])
    np.testing.assert_allclose(poses[1, 1], [0.75, 0.5])
    assert np.isnan(poses[:, 2]).all()


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_people_of_no_height_are_named(scale):
    with pytest.raises(ValueError, match="`scales` must be above 0.*for person 1"):
        on_lattice(np.ones((2, 3, 2)), np.ones((2, 2)), [1.0, scale])


def test_what_is_no_set_of_poses():
    with pytest.raises(ValueError, match=r"`poses` must be \(N, J, 2\). Received: \(4, 2\)"):
        mutual_information(np.zeros((4, 2)))
    apart = np.full((2, 2, 2), 0.5)
    apart[0, 0], apart[1, 1] = np.nan, np.nan
    with pytest.raises(ValueError, match="every pair of joints together. Received: none with 1 and 0"):
        mutual_information(apart)
    with pytest.raises(ValueError, match="`num_groups` must be from 1 to 2, the joints. Received: 3"):
        find_groups(np.full((3, 2, 2), 0.5), 3)
