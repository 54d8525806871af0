"""Penn Action: `frames/0001/000001.jpg` and `annotations.mat`, 15 actions, 13 joints a frame.

Zhang, Zhu and Derpanis, "From Actemes to Action: A Strongly-supervised Representation for Detailed Action
Understanding", ICCV 2013. Test and training videos are the official ones; there is no validation split.
"""

import numpy as np

from deephar.data.clips import clip_windows, get_clip_frame_index, union_box
from deephar.data.files import data_folder, inside, open_picture
from deephar.data.frames import crop_points, cut, label_pose, make_crop, normalise
from deephar.data.pennaction_annotations import PREPARE, PREPARE_BOXES, load_boxes, load_sequences
from deephar.data.samples import draw_augmentation, sample_at, shape_of, split_of
from deephar.utils.bbox import bbox_to_objposwin, get_gt_bbox, objposwin_to_bbox
from deephar.utils.parser import TRAIN_MODE
from deephar.utils.pose import pa16j2d

TOPOLOGIES = ("sequences", "frames")
NUM_NTU_ACTIONS = 60
MIN_WINDOW_PX = 32


class PennAction:
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of Penn Action.

    Args:
        dataset_path: folder with `frames/` and `annotations.mat`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, one with `map_to_pa13j`.
        topology: 'sequences' or 'frames'.
        use_gt_bbox: crop around the annotated joints instead of the whole frame.
        remove_outer_joints: accepted for old code; joints outside of the crop are always absent.
        clip_size: frames of a clip.
        pose_only: do not load pictures; `frame` is then None.
        output_fullframe: also return the whole frames as `fullframe`.
        pred_bboxes_file: JSON file with predicted boxes, below `dataset_path` or absolute, used if not `use_gt_bbox`: a
            list of dicts for test, training and validation, from "sequence.frame" (from 0) to [x1, y1, x2, y2] px.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    Raises:
        FileNotFoundError, ValueError: a file is missing or not as described; `topology` is another word.
    """

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
        if topology not in TOPOLOGIES:
            raise ValueError(f"`topology` must be one of {TOPOLOGIES}. Received: {topology!r}")
        self.dataset_path = data_folder(dataset_path, PREPARE)
        self.dataconf = dataconf
        self.poselayout = poselayout
        self.topology = topology
        self.use_gt_bbox = use_gt_bbox
        self.remove_outer_joints = remove_outer_joints
        self.clip_size = clip_size
        self.pose_only = pose_only
        self.output_fullframe = output_fullframe
        self._rng = np.random.default_rng(seed)
        self.sequences, self.action_labels, self.joint_labels = load_sequences(self.dataset_path / "annotations.mat")
        self.frame_idx = {
            mode: [(s, f) for s, sequence in enumerate(split) for f in range(len(sequence.numbers))]
            for mode, split in self.sequences.items()
        }
        self.pred_bboxes = None
        if pred_bboxes_file:
            self.pred_bboxes = load_boxes(self.dataset_path / pred_bboxes_file)

    def get_data(self, key, mode, frame_list=None, bbox=None, rng=None):
        """Load one clip or frame.

        Args:
            key: number of the sample in its split, from 0: of a sequence or, with topology 'frames', of a frame.
            mode: TRAIN_MODE augments and places the clip at random; TEST_MODE uses the fixed values.
            frame_list: frame indices of the clip, from 0 (`get_clip_index`); by default one is chosen.
            bbox: (x1, y1, x2, y2) px to crop instead of the data set's own choice.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with `seq_idx`, `frame_list` (indices from 0), `pennaction` (one-hot 15), `ntuaction` (60 zeros, for
            old code), `pose` ([T,] J, dim + 1), `frame` ([T,] H, W, 3) float32 in [-1, 1], `bbox` (x1, y1, x2, y2)
            frame px, `afmat` (3, 3), and `fullframe` (T, h, w, 3) if asked for.

        Raises:
            ValueError, FileNotFoundError: `key` or a frame is out of range; a picture is missing or damaged.
        """
        rng = self._rng if rng is None else rng
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        seq_idx, sequence, frame_list = self._select(key, mode, frame_list, augmentation, rng)
        joints, visible = self._annotation(sequence, frame_list)
        if bbox is None:
            bbox = self._box(key, mode, seq_idx, sequence, frame_list, joints, visible, augmentation["scale"])
        output = {
            "seq_idx": seq_idx,
            "frame_list": frame_list,
            "pennaction": np.eye(len(self.action_labels))[sequence.action_id - 1],
            "ntuaction": np.zeros(NUM_NTU_ACTIONS),
            "bbox": np.asarray(bbox, dtype=np.float64),
        }
        output.update(self._crop_clip(sequence, frame_list, joints, output["bbox"], augmentation))
        if self.topology == "frames":
            output["pose"] = output["pose"][0]
            output["frame"] = output["frame"][0] if output["frame"] is not None else None
        return output

    def _select(self, key, mode, frame_list, augmentation, rng):
        """Return the number of the sequence in its split, the sequence, and the list of frames to load."""
        if self.topology == "frames":
            seq_idx, frame = sample_at(self.frame_idx, key, mode)
            return seq_idx, self.sequences[mode][seq_idx], [frame]
        sequence = sample_at(self.sequences, key, mode)
        length = len(sequence.numbers)
        if frame_list is None:
            random_clip = mode == TRAIN_MODE
            frame_list = get_clip_frame_index(length, augmentation["subspl"], self.clip_size, random_clip, rng)
        frame_list = [int(frame) for frame in frame_list]
        if not frame_list or min(frame_list) < 0 or max(frame_list) >= length:
            raise ValueError(f"`frame_list` must hold frames in [0, {length - 1}] of key {key}. Received: {frame_list}")
        return key, sequence, frame_list

    def _annotation(self, sequence, frame_list):
        """Return joints (T, J, dim) px, NaN where not visible, and visibility (T, J), in the order of the layout."""
        layout, count = self.poselayout, len(frame_list)
        joints = np.full((count, layout.num_joints, layout.dim), np.nan)
        visible = np.zeros((count, layout.num_joints))
        joints[:, layout.map_to_pa13j, 0:2] = sequence.joints[frame_list]
        visible[:, layout.map_to_pa13j] = sequence.visible[frame_list]
        joints[visible == 0] = np.nan
        joints[joints == 0] = np.nan  # the annotation tool left zeros where a joint was out of the frame
        return joints, visible

    def _box(self, key, mode, seq_idx, sequence, frame_list, joints, visible, scale):
        """Choose the box to crop: around the annotation, the predicted boxes, or the whole frame."""
        if self.use_gt_bbox:
            return get_gt_bbox(joints[:, :, 0:2], visible, sequence.size, scale=scale, logkey=key)
        if self.pred_bboxes is not None:
            return self._predicted_box(mode, seq_idx, frame_list)
        side = scale * max(sequence.size)
        return objposwin_to_bbox(np.array(sequence.size) / 2, (side, side))

    def _predicted_box(self, mode, seq_idx, frame_list):
        boxes, names = self.pred_bboxes[mode], [f"{seq_idx}.{frame}" for frame in frame_list]
        missing = [name for name in names if name not in boxes]
        if missing:
            raise ValueError(f"`pred_bboxes_file` has no box for {missing} of `mode` {mode}. {PREPARE_BOXES}")
        return union_box([boxes[name] for name in names])

    def _crop_clip(self, sequence, frame_list, joints, bbox, augmentation):
        """Return `pose` (T, J, dim + 1), `frame` (T, H, W, 3) or None, `afmat` and, if asked for, `fullframe`."""
        centre, window = bbox_to_objposwin(bbox)
        if min(window) < MIN_WINDOW_PX:
            window = (MIN_WINDOW_PX, MIN_WINDOW_PX)
        centre = centre + augmentation["scale"] * np.array([augmentation["transx"], augmentation["transy"]])
        resolution, size, crop = self.dataconf.crop_resolution, sequence.size, None
        frames, fullframes = [], []
        for place, frame in enumerate(frame_list):
            if self.pose_only:
                crop = crop or make_crop(size, centre, window, augmentation, resolution)
            else:
                with open_picture(self._path(sequence, frame), PREPARE) as picture:
                    if crop is None or picture.size != size:
                        size = picture.size
                        crop = make_crop(size, centre, window, augmentation, resolution)
                    if self.output_fullframe:
                        fullframes.append(normalise(np.asarray(picture.convert("RGB")), augmentation["chpower"]))
                    pixels = cut(picture, crop)
                frames.append(normalise(pixels, augmentation["chpower"], augmentation["geoocclusion"]))
            joints[place, :, 0:2] = crop_points(crop, joints[place, :, 0:2])
        output = {
            "pose": label_pose(joints, self.poselayout, crop.hflip),
            "frame": np.stack(frames) if frames else None,
            "afmat": crop.afmat,
        }
        if fullframes:
            output["fullframe"] = np.stack(fullframes)
        return output

    def _path(self, sequence, frame):
        return inside(self.dataset_path / "frames", f"{sequence.idx:04d}/{sequence.numbers[frame]:06d}.jpg")

    def get_clip_index(self, key, mode, subsamples=(2,)):
        """List the clips that cover a sequence, for several steps between frames.

        Args:
            key: number of the sequence in its split.
            mode: TEST_MODE or TRAIN_MODE.
            subsamples: steps between frames.

        Returns:
            List of `range` objects to pass to `get_data` as `frame_list`; empty if the sequence is too short.

        Raises:
            ValueError: the topology is not 'sequences', or `key` is out of range.
        """
        if self.topology != "sequences":
            raise ValueError(f"`topology` must be 'sequences' to take clips. Received: {self.topology!r}")
        return clip_windows(len(sample_at(self.sequences, key, mode).numbers), self.clip_size, subsamples)

    def clip_length(self):
        """Return the frames of a sample, None for single frames."""
        return self.clip_size if self.topology == "sequences" else None

    def clip_shape(self):
        """Return the leading axes of `frame` and `pose`: `(T,)` or `()`."""
        return (self.clip_size,) if self.topology == "sequences" else ()

    def get_shape(self, dictkey):
        """Return the shape of one entry of a sample."""
        layout, clip = self.poselayout, self.clip_shape()
        shapes = {
            "frame": (*clip, *self.dataconf.input_shape),
            "pose": (*clip, layout.num_joints, layout.dim + 1),
            "pennaction": (len(self.action_labels),),
            "ntuaction": (NUM_NTU_ACTIONS,),
            "seq_idx": (1,),
            "frame_list": clip or (1,),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of(shapes, dictkey)

    def get_length(self, mode):
        """Return the number of sequences or frames in a split."""
        return len(split_of(self.sequences if self.topology == "sequences" else self.frame_idx, mode))
