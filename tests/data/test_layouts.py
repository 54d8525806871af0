"""Readers with layouts of one's own, and the names of actions beside them."""

import numpy as np
import pytest

from deephar.config import DataConfig
from deephar.data import Human36M, MpiiSinglePerson, Ntu, PennAction, human36m, ntu, pennaction
from deephar.data.frames import label_pose
from deephar.utils import TEST_MODE, VALID_MODE, pa16j2d, pa17j3d
from deephar.utils.labels import NTU_LABELS, PENN_LABELS
from deephar.utils.pose import plain_layout

SMALL = DataConfig(crop_resolution=(16, 16))
READERS = {"MPII": MpiiSinglePerson, "PennAction": PennAction, "NTU": Ntu, "Human3.6M": Human36M}


class mine(pa17j3d):
    map_to_head = [2, 3]


class bare:
    """A layout as old code writes it without a base."""

    num_joints, dim, map_hflip, map_to_mpii = 16, 2, pa16j2d.map_hflip, pa16j2d.map_to_mpii


@pytest.mark.parametrize("name", READERS)
def test_readers_take_a_layout_made_from_another(name, fixture_world):
    mode = VALID_MODE if name in ("MPII", "Human3.6M") else TEST_MODE
    layouts = mine, pa17j3d, "pa17j3d"
    own, known, named = (READERS[name](fixture_world / name, SMALL, poselayout=k).get_data(0, mode) for k in layouts)
    np.testing.assert_array_equal(own["pose"], known["pose"])
    np.testing.assert_array_equal(named["pose"], known["pose"])


def test_readers_take_a_class_that_looks_like_a_layout(fixture_world):
    own, known = (MpiiSinglePerson(fixture_world / "MPII", SMALL, poselayout=k) for k in (bare, pa16j2d))
    np.testing.assert_array_equal(own.get_data(0, VALID_MODE)["pose"], known.get_data(0, VALID_MODE)["pose"])
    with pytest.raises(ValueError, match="`poselayout` must be pa17j3d.*Received: bare"):
        Human36M(fixture_world / "Human3.6M", SMALL, poselayout=bare)


def test_a_layout_without_sides_is_not_flipped():
    assert label_pose(np.full((5, 2), 0.5), plain_layout(5, 2)).shape == (5, 3)
    with pytest.raises(ValueError, match="`layout` must say by `map_hflip`.*Received: joints5_2d"):
        label_pose(np.full((5, 2), 0.5), plain_layout(5, 2), hflip=True)


def test_action_labels_are_there_before_a_data_set_is_read():
    assert pennaction.ACTION_LABELS == PENN_LABELS and ntu.ACTION_LABELS == NTU_LABELS
    assert len(human36m.ACTION_LABELS) == 15 and ntu.JOINT_LABELS[:4] == ("pelvis", "spine", "neck", "head")
    assert pennaction.get_clip_frame_index is ntu.get_clip_frame_index


def test_box_of_a_clip():
    boxes = {"2.0": [0, 5, 10, 20], "2.4": [3, 1, 30, 9]}
    assert pennaction.compute_clip_bbox(boxes, 2, [0, 4]).tolist() == [0, 1, 30, 20]
