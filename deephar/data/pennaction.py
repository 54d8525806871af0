"""Penn Action: `frames/0001/000001.jpg` and `annotations.mat`, 15 actions, 13 joints a frame.

Zhang, Zhu and Derpanis, "From Actemes to Action: A Strongly-supervised Representation for Detailed Action
Understanding", ICCV 2013. Test and training videos are the official ones; there is no validation split.
"""

import numpy as np

from deephar.data.clips import get_clip_frame_index, union_box
from deephar.data.files import data_folder, inside
from deephar.data.pennaction_annotations import PREPARE, PREPARE_BOXES, load_sequences
from deephar.data.videos import VideoDataset, check_topology
from deephar.utils.labels import PENN_LABELS
from deephar.utils.pose import pa16j2d

__all__ = ["ACTION_LABELS", "PennAction", "compute_clip_bbox", "get_clip_frame_index"]

ACTION_LABELS = PENN_LABELS
NUM_NTU_ACTIONS = 60


def compute_clip_bbox(bbox_dict, seq_idx, frame_list):
    """Return the box (4,) px around those of a video's frames, {"video.frame": (x1, y1, x2, y2) px}."""
    return union_box([bbox_dict[f"{seq_idx}.{frame}"] for frame in frame_list])


class PennAction(VideoDataset):
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of Penn Action.

    Args:
        dataset_path: folder with `frames/` and `annotations.mat`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, one with `map_to_pa13j`.
        topology: 'sequences' or 'frames'.
        use_gt_bbox: crop around the annotated joints instead of the whole frame.
        remove_outer_joints: accepted for old code; joints outside of the crop are always absent.
        clip_size: frames of a clip.
        pose_only: do not load images; `frame` is then None.
        output_fullframe: also return the whole frames as `fullframe`.
        pred_bboxes_file: JSON file with predicted boxes, below `dataset_path` or absolute, used if not `use_gt_bbox`: a
            list of dicts for test, training and validation, from "sequence.frame" (from 0) to [x1, y1, x2, y2] px.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    A sample has `seq_idx`, `frame_list` (indices from 0), `pennaction` (one-hot 15), `ntuaction` (60 zeros, for old
    code), `pose` ([T,] J, dim + 1), `frame` ([T,] H, W, 3) float32 in [-1, 1], `bbox` (x1, y1, x2, y2) frame px,
    `afmat` (3, 3), and `fullframe` (T, h, w, 3) if asked for.

    Raises:
        FileNotFoundError, ValueError: a file is missing or not as described; `topology` is another word.
    """

    prepare, prepare_boxes = PREPARE, PREPARE_BOXES

    def __init__(
        self,
        dataset_path,
        dataconf,
        poselayout=pa16j2d,
        topology="sequences",
        use_gt_bbox=False,
        remove_outer_joints=True,
        clip_size=16,
        pose_only=False,
        output_fullframe=False,
        pred_bboxes_file=None,
        seed=None,
    ):
        check_topology(topology)
        folder, outer = data_folder(dataset_path, PREPARE), True  # joints outside of the crop are always absent
        choice = (topology, use_gt_bbox, outer, clip_size, pose_only, pred_bboxes_file, seed)
        super().__init__(folder, dataconf, poselayout, *choice)
        self.output_fullframe = output_fullframe
        sequences, self.action_labels, self.joint_labels = load_sequences(folder / "annotations.mat")
        for mode, videos in sequences.items():
            self.set_split(mode, videos)

    def _labels(self, sequence):
        return {
            "pennaction": np.eye(len(self.action_labels))[sequence.action_id - 1],
            "ntuaction": np.zeros(NUM_NTU_ACTIONS),
        }

    def _label_shapes(self):
        return {"pennaction": (len(self.action_labels),), "ntuaction": (NUM_NTU_ACTIONS,)}

    def _annotation(self, sequence, frame_list, scale):
        layout, count = self.poselayout, len(frame_list)
        joints = np.full((count, layout.num_joints, layout.dim), np.nan)
        visible = np.zeros((count, layout.num_joints))
        joints[:, layout.map_to_pa13j, 0:2] = sequence.joints[frame_list]
        visible[:, layout.map_to_pa13j] = sequence.visible[frame_list]
        joints[visible == 0] = np.nan
        joints[joints == 0] = np.nan  # the annotation tool left zeros where a joint was out of the frame
        return joints, visible

    def _paths(self, sequence, frame_list):
        names = [f"{sequence.idx:04d}/{sequence.numbers[frame]:06d}.jpg" for frame in frame_list]
        return [inside(self.dataset_path / "frames", name) for name in names]
