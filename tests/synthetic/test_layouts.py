"""One person in the joint tables of every data set, read through the readers' maps: the same joints, the same sides."""

import numpy as np
import pytest

from deephar.synthetic.body import P, sample_body
from deephar.synthetic.layouts import LAYOUTS, map_points
from deephar.synthetic.poses import random_pose
from deephar.utils.pose import ntu25j3d, pa16j2d, pa17j3d, pa20j3d, pa21j3d

SETS = {"h36m32": "map_from_h36m", "ntu25": "map_from_ntu", "mpii16": "map_from_mpii"}


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(5)
    return np.stack([random_pose(rng, sample_body(rng)).skeleton.points[0] for _ in range(4)])  # (4, 36, 3)


@pytest.mark.parametrize("layout", (pa16j2d, pa17j3d, pa20j3d, pa21j3d), ids=lambda layout: layout.name)
@pytest.mark.parametrize("table", sorted(SETS))
def test_every_data_set_gives_the_same_joints(points, table, layout):
    if SETS[table] not in layout.maps:
        pytest.skip("the layout does not read this data set")
    read = map_points(points, table)[:, layout.maps[SETS[table]]]
    np.testing.assert_allclose(read, map_points(points, layout.name[:4]), atol=1e-9)


def test_tables_have_the_length_of_their_data_set():
    assert {name: len(LAYOUTS[name]) for name in SETS} == {"h36m32": 32, "ntu25": 25, "mpii16": 16}
    assert ntu25j3d.num_joints == 25


@pytest.mark.parametrize("table", ("h36m32", "ntu25"))
def test_the_left_of_the_person_is_left(points, table):
    joints = map_points(points, table)[:, pa17j3d.maps[SETS[table]]]
    names = pa17j3d.joint_names
    for name in ("shoul", "elb", "wrist", "hip", "knee", "ankle"):
        for side in "rl":
            whole = {"shoul": "shoulder", "elb": "elbow"}.get(name, name)
            np.testing.assert_array_equal(joints[:, names.index(f"{side}_{name}")], points[:, P[f"{side}_{whole}"]])
    np.testing.assert_array_equal(joints[:, names.index("thorax")], points[:, P["thorax"]])
    np.testing.assert_array_equal(joints[:, names.index("spine")], points[:, P["spine"]])
