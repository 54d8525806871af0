"""NTU RGB+D: `images-small/S001C001P001R001A001/00001.jpg` and `nturgb+d_numpy/*.npy`, 60 actions, 25 joints a frame.

Shahroudy, Liu, Ng and Wang, "NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis", CVPR 2016. Frames are
every second one of a video, at half size, 960 x 540 px; all px are of this size.
"""

import dataclasses

import numpy as np

from deephar.data.clips import get_clip_frame_index
from deephar.data.files import data_folder, inside
from deephar.data.ntu_annotations import (
    FRAME_SIZE,
    NUM_ACTIONS,
    NUM_JOINTS,
    NUM_SETUPS,
    PREPARE,
    PREPARE_BOXES,
    SPLITS,
    load_frame_numbers,
    load_joints,
    load_sequences,
)
from deephar.data.videos import VideoDataset, check_topology
from deephar.utils.labels import NTU_LABELS
from deephar.utils.pose import DEPTH_RANGE_MM, as_layout, ntu25j3d, pa20j3d

__all__ = ["ACTION_LABELS", "JOINT_LABELS", "Ntu", "get_clip_frame_index"]

ACTION_LABELS = NTU_LABELS
JOINT_LABELS = tuple(ntu25j3d.joint_names)
NUM_PENN_ACTIONS = 15
ROOT = 0


class Ntu(VideoDataset):
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of NTU RGB+D.

    Args:
        dataset_path: folder with `images-small/` and `nturgb+d_numpy/`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, one with `map_from_ntu`, or ntu25j3d.
        topology: 'sequences' or 'frames'.
        use_gt_bbox: crop around the annotated joints instead of the whole frame.
        remove_outer_joints: make joints outside of the crop absent.
        clip_size: frames of a clip.
        pose_only: do not load images; `frame` is then None.
        num_S: take the setups 1 to `num_S`, at most 17.
        split: 'cross-subject' (20 of 40 people train) or 'cross-view' (cameras 2 and 3 train).
        pred_bboxes_file: JSON file with predicted boxes, below `dataset_path` or absolute, used if not `use_gt_bbox`: a
            list of dicts for test, training and validation, from "S001C001P001R001A001.frame" (from 0) to [x1, y1, x2,
            y2] px.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    A sample has `seq_idx`, `frame_list` (indices from 0), `ntuaction` (one-hot 60), `pennaction` (15 zeros, for old
    code), `pose` ([T,] J, dim + 1), `frame` ([T,] H, W, 3) float32 in [-1, 1], `bbox` (x1, y1, x2, y2) frame px and
    `afmat` (3, 3). Depth is 0.5 at the clip's mean depth of the pelvis and 2 m (times the scale of the crop) from 0 to
    1; where the pelvis was never seen, depth is absent and x and y are not.

    Raises:
        FileNotFoundError, ValueError: a file is missing or not as described; an argument is out of range.
    """

    prepare, prepare_boxes = PREPARE, PREPARE_BOXES

    def __init__(
        self,
        dataset_path,
        dataconf,
        poselayout=pa20j3d,
        topology="sequences",
        use_gt_bbox=False,
        remove_outer_joints=True,
        clip_size=16,
        pose_only=False,
        num_S=NUM_SETUPS,
        split="cross-subject",
        pred_bboxes_file=None,
        seed=None,
    ):
        check_topology(topology)
        if split not in SPLITS:
            raise ValueError(f"`split` must be one of {SPLITS}. Received: {split!r}")
        if not isinstance(num_S, (int, np.integer)) or not 1 <= num_S <= NUM_SETUPS:
            raise ValueError(f"`num_S` must be a whole number in [1, {NUM_SETUPS}]. Received: {num_S!r}")
        self.joint_map = _joint_map(as_layout(poselayout))
        choice = (topology, use_gt_bbox, remove_outer_joints, clip_size, pose_only, pred_bboxes_file, seed)
        super().__init__(data_folder(dataset_path, PREPARE), dataconf, poselayout, *choice)
        self.split, self.action_labels = split, list(NTU_LABELS)
        for mode, videos in load_sequences(self._arrays(), num_S, split).items():
            self.set_split(mode, videos)

    def _arrays(self):
        return self.dataset_path / "nturgb+d_numpy"

    def _labels(self, sequence):
        return {"ntuaction": np.eye(NUM_ACTIONS)[sequence.action_id - 1], "pennaction": np.zeros(NUM_PENN_ACTIONS)}

    def _label_shapes(self):
        return {"ntuaction": (NUM_ACTIONS,), "pennaction": (NUM_PENN_ACTIONS,)}

    def _annotation(self, sequence, frame_list, scale):
        joints = load_joints(self._arrays(), sequence, frame_list)[:, self.joint_map]  # (T, J, 3)
        seen = np.isfinite(joints[:, ROOT, 2])
        root = joints[seen, ROOT, 2].mean() if seen.any() else np.nan
        joints[..., 2] = 0.5 + (joints[..., 2] - root) / (DEPTH_RANGE_MM * scale)
        return joints[..., : self.poselayout.dim], np.isfinite(joints[..., 0]).astype(np.float64)

    def _paths(self, sequence, frame_list):
        numbers = load_frame_numbers(self._arrays(), sequence, frame_list)
        return [inside(self.dataset_path / "images-small", f"{sequence.name}/{n:05d}.jpg") for n in numbers]

    def _crop_of_image(self, crop, image):
        """Images that were stored at another size are cut so that px and `afmat` remain those of the half size."""
        if image.size == FRAME_SIZE:
            return crop
        to_frame = np.diag([FRAME_SIZE[0] / image.size[0], FRAME_SIZE[1] / image.size[1], 1.0])
        return dataclasses.replace(crop, afmat=crop.afmat @ to_frame)

    def box_name(self, mode, seq_idx, frame):
        """Return the name of a frame's box: the video's own, so that a file of boxes serves every split."""
        return f"{self.sequences[mode][seq_idx].name}.{frame}"


def _joint_map(layout):
    """Return the joints of NTU that make a layout, in its order."""
    joint_map = list(range(NUM_JOINTS)) if layout.name == "ntu25j3d" else layout.maps.get("map_from_ntu")
    if joint_map is None:
        raise ValueError(f"`poselayout` must be ntu25j3d or have a `map_from_ntu`. Received: {layout.name}")
    return joint_map
