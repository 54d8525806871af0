"""Joint layouts: their tables against the published ones, and the masks over joints."""

import copy
import pickle

import numpy as np
import pytest

from deephar.utils import pose as P

PUBLISHED_FLIPS = {
    "pa16j2d": [0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14],
    "pa17j3d": [0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 16],
    "pa20j3d": [0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 17, 16, 19, 18],
    "coco17j": [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15],
}
PUBLISHED_LINKS = {
    "pa16j2d": [[0, 1], [1, 2], [2, 3], [4, 6], [6, 8], [5, 7], [7, 9], [10, 12], [12, 14], [11, 13], [13, 15]],
    "pa21j3d": [[0, 20], [20, 1], [1, 2], [2, 3], [4, 6], [6, 8], [8, 10], [5, 7], [7, 9], [9, 11], [12, 14], [14, 16]]
    + [[16, 18], [13, 15], [15, 17], [17, 19]],
}


@pytest.mark.parametrize("layout", P.POSE_LAYOUTS.values(), ids=str)
def test_layout_is_consistent(layout):
    n = layout.num_joints
    assert len(layout.joint_names) == len(set(layout.joint_names)) == len(layout.cmap) == n
    flip = np.array(layout.map_hflip)
    assert (flip[flip] == np.arange(n)).all() and sorted(flip) == list(range(n))
    assert all(0 <= joint < n for link in layout.links for joint in link)
    assert max(layout.cmap) < len(layout.color)
    for name, table in layout.maps.items():
        assert isinstance(table, list), name
        if name.startswith("map_from_"):
            assert len(table) == n
        else:
            assert max(table) < n


@pytest.mark.parametrize("name", PUBLISHED_FLIPS)
def test_flip_maps_are_the_published_ones(name):
    assert P.get_poselayout(name).map_hflip == PUBLISHED_FLIPS[name]


@pytest.mark.parametrize("name", PUBLISHED_LINKS)
def test_links_are_the_published_ones(name):
    assert P.get_poselayout(name).links == PUBLISHED_LINKS[name]


def test_colours_follow_the_limbs():
    assert P.pa20j3d.cmap == [0, 0, 0, 0, 1, 2, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 3, 4]


@pytest.mark.parametrize("layout", [P.pa16j2d, P.pa17j3d, P.pa20j3d, P.pa21j3d], ids=str)
def test_maps_agree_with_the_names(layout):
    names = np.array(layout.joint_names)
    assert names[layout.map_to_mpii].tolist() == P.mpii16j2d.joint_names
    assert names[layout.map_to_pa13j].tolist() == P.pa13j2d.joint_names


def test_maps_of_16_joints_agree_with_the_names():
    names = np.array(P.pa16j2d.joint_names)
    for layout in (P.pa16j2d, P.pa17j2d, P.pa17j3d, P.pa20j3d, P.pa21j3d):
        assert np.array(layout.joint_names)[layout.map_to_lsp].tolist() == P.lsp14j2d.joint_names
    assert np.array(P.mpii16j2d.joint_names)[P.pa16j2d.map_from_mpii].tolist() == names.tolist()
    assert np.array(P.pa21j3d.joint_names)[P.pa21j3d.map_to_pa17j].tolist() == P.pa17j3d.joint_names


def test_a_map_that_a_layout_lacks_is_named():
    with pytest.raises(AttributeError, match="`pa17j3d` has no `map_from_mpii`.*map_to_pa16j"):
        _ = P.pa17j3d.map_from_mpii
    assert not hasattr(P.pa17j3d, "map_from_mpii")


def test_layouts_survive_copies_and_serve_as_keys():
    for layout in (P.pa16j2d, P.coco17j):
        assert pickle.loads(pickle.dumps(layout)) == copy.deepcopy(layout) == layout
    assert len({P.pa16j2d, P.pa16j3d, P.pa16j2d}) == 2
    with pytest.raises(AttributeError):
        P.pa16j2d.dim = 3


def test_a_class_statement_makes_a_layout():
    class own(P.pa17j3d):
        """As code of old writes one."""

        map_from_mine = [*range(17)]
        color = ["c"] * 5

    class deeper(own):
        num_joints, dim = 18, 2
        map_hflip = [*range(18)]

    assert isinstance(own, P.PoseLayout) and (own.name, own.num_joints, own.dim) == ("own", 17, 3)
    assert own.map_from_mine == [*range(17)] and own.map_from_h36m == P.pa17j3d.map_from_h36m
    assert own.links == P.pa17j3d.links and P.pa17j3d.color[0] == "g" and not hasattr(P.pa17j3d, "map_from_mine")
    assert (deeper.num_joints, deeper.dim, deeper.joint_names[17], deeper.links) == (18, 2, "joint_17", [])
    assert P.layout_from_data(P.layout_to_data(own)) == pickle.loads(pickle.dumps(own)) == own


def test_a_class_statement_that_makes_no_layout_is_refused():
    with pytest.raises(TypeError, match="must have num_joints.*Received: colours"):

        class misspelt(P.pa16j2d):
            colours = ["r"]

    with pytest.raises(ValueError, match="one entry a joint. Received: 16, 3 and 16 for 16 joints"):

        class short(P.pa16j2d):
            cmap = [0, 1, 2]

    with pytest.raises(TypeError, match="one base. Received: 2"):

        class both(P.pa16j2d, P.pa17j2d):
            pass


def test_what_is_taken_as_a_layout():
    class bare:
        num_joints, dim, map_hflip, map_to_mpii = 16, 2, [*range(16)], [*range(16)]

    found = P.as_layout(bare)
    assert (found.name, found.joint_names[15], found.map_to_mpii) == ("bare", "joint_15", bare.map_to_mpii)
    assert P.as_layout("pa16j2d") is P.as_layout(P.pa16j2d) is P.pa16j2d
    assert P.as_layout(P.layout_to_data(found)) == found
    with pytest.raises(TypeError, match="`poselayout` must be a joint layout or its name. Received: 16"):
        P.as_layout(16)


def test_unknown_layout_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="`name` must be a joint layout: pa16j2d.*Received: 'pa99j2d'"):
        P.get_poselayout("pa99j2d")


def test_visible_and_valid_joints():
    x = np.array([[0.5, 0.5], [0.0, 0.5], [0.05, 0.5], [1.2, 0.5], [-1e9, -1e9], [np.nan, 0.5]])
    assert P.get_visible_joints(x).tolist() == [1, 0, 1, 0, 0, 0]
    assert P.get_visible_joints(x, margin=0.1).tolist() == [1, 0, 0, 0, 0, 0]
    assert P.get_valid_joints(x).tolist() == [1, 1, 1, 1, 0, 0]
    assert P.get_valid_joints(np.stack([x, x])).shape == (2, 6)


def test_conversion_to_16_joints_copies():
    seqp = np.arange(2 * 17 * 3, dtype=float).reshape(2, 17, 3)
    out = P.convert_sequence_pa17j3d_to_pa16j(seqp, dim=2)
    np.testing.assert_array_equal(out, seqp[:, :16, :2])
    np.testing.assert_array_equal(P.convert_pa17j3d_to_pa16j(seqp[0]), seqp[0, :16])
    out[:] = 0
    assert seqp[0, 1, 1] == 4.0
    with pytest.raises(ValueError, match=r"`p` must be a pa17j3d pose.*Received: \(16, 3\)"):
        P.convert_pa17j3d_to_pa16j(seqp[0, :16])
    with pytest.raises(ValueError, match=r"`seqp`.*Received: \(17, 3\)"):
        P.convert_sequence_pa17j3d_to_pa16j(seqp[0])


def test_poselist_file(tmp_path):
    poses = np.array([[[1, 2], [3, 4.5]], [[5, 6], [7, 8]]])
    P.write_poselist(tmp_path / "poses.txt", poses)
    assert (tmp_path / "poses.txt").read_text().splitlines()[0] == "1.000000,2.000000,3.000000,4.500000"
    with pytest.raises(ValueError, match=r"`poses`.*Received: \(2, 2\)"):
        P.write_poselist(tmp_path / "poses.txt", poses[0])
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "poses.txt", delimiter=","), poses.reshape(2, 4))
