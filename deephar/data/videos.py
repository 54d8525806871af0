"""What data sets of annotated videos share: from a video to a cropped clip or frame with its labels.

    annotation -> joints (T, J, dim) px --+
    box: given, annotated, predicted or the whole frame --> one crop a clip --> `pose`, `frame`, `afmat`
    images of the chosen frames --------+

`PennAction` and `Ntu` derive from it and say where annotations and images are and what labels a video has.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from deephar.config import DataConfig
from deephar.data.boxes import ClipBoxes, find_box_file, read_box_file
from deephar.data.clips import choose_frames, clip_windows
from deephar.data.files import open_image
from deephar.data.frames import crop_points, cut, label_pose, place_crop, scale_pixels
from deephar.data.samples import check_topology, draw_augmentation, sample_at, shape_of, split_of
from deephar.utils.bbox import bbox_to_objposwin, get_gt_bbox, objposwin_to_bbox
from deephar.utils.images import to_rgb
from deephar.utils.parser import TRAIN_MODE
from deephar.utils.pose import PoseLayout, as_layout

MIN_WINDOW_PX = 32


class FrameIndex:
    """The frames of a list of videos as one list of (number of the video, number of its frame), both from 0.

    Args:
        lengths: sequence of int. Number of frames of each video.

    Raises:
        IndexError: an index is out of range.
    """

    def __init__(self, lengths: Sequence[int]):
        self.ends = np.cumsum(np.asarray(lengths, dtype=np.int64))

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, key: int) -> tuple[int, int]:
        if not 0 <= key < len(self):
            raise IndexError(f"`key` must be in [0, {len(self) - 1}]. Received: {key!r}")
        video = int(np.searchsorted(self.ends, key, side="right"))
        return video, int(key - (self.ends[video - 1] if video else 0))


class VideoDataset:
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of videos that are annotated in every frame.

    A subclass gives `prepare` and `prepare_boxes` (sentences for errors), `_annotation`, `_labels`, `_label_shapes` and
    `_paths` or `_open_images`, and fills `sequences` by `set_split`: {mode: list of videos, each with `num_frames` and
    `size` (px)}.

    Args:
        dataset_path: str or Path. Folder of the data set.
        dataconf: DataConfig.
        poselayout: PoseLayout of `pose`, or its name.
        topology: str, 'sequences' or 'frames'.
        use_gt_bbox: bool. Crop around the annotated joints instead of the whole frame.
        remove_outer_joints: bool. Joints outside of the crop are absent.
        clip_size: int. Frames of a clip.
        pose_only: bool. Do not load images; `frame` is then None.
        pred_bboxes_file: str or Path. File with a predicted box for every frame, used if not `use_gt_bbox`; or None.
        seed: int. Seed of the augmentation when `get_data` gets no `rng`; None: a random one.

    Raises:
        ValueError: `topology` is another word, or the file has boxes of clips.
        FileNotFoundError: there is no such file of boxes.
        TypeError: `poselayout` is no layout.
    """

    prepare = prepare_boxes = ""
    shift_unit = "frame"  # trans_x is in px of it, times the scale

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str,
        topology: str,
        use_gt_bbox: bool,
        remove_outer_joints: bool,
        clip_size: int,
        pose_only: bool,
        pred_bboxes_file: str | Path | None,
        seed: int | None,
    ):
        self.dataset_path = dataset_path
        self.dataconf = dataconf
        self.poselayout = as_layout(poselayout)
        self.topology = check_topology(topology)
        self.use_gt_bbox = use_gt_bbox
        self.remove_outer_joints = remove_outer_joints
        self.clip_size = clip_size
        self.pose_only = pose_only
        self.output_fullframe = False
        self.sequences, self.frame_idx = {}, {}
        self._rng = np.random.default_rng(seed)
        self.pred_bboxes = self._read_boxes(pred_bboxes_file) if pred_bboxes_file else None

    def _read_boxes(self, name):
        """Read `pred_bboxes_file`; boxes of clips are for evaluations, which know the number of each clip."""
        path = find_box_file(name, self.dataset_path, "pred_bboxes_file", self.prepare_boxes)
        boxes = read_box_file(path, self.prepare_boxes)
        if isinstance(boxes, ClipBoxes):
            raise ValueError(
                f"`pred_bboxes_file` must have a box for every frame. Received: {str(path)!r} with boxes of clips, "
                "which `eval_multiclip_dataset(bboxes_file=...)` and --boxes of the evaluations take"
            )
        return boxes

    def set_split(self, mode: int, videos: Sequence) -> None:
        """Set the videos of a mode (TRAIN_MODE, VALID_MODE or TEST_MODE); each has `num_frames` and `size`, px."""
        self.sequences[mode] = videos
        self.frame_idx[mode] = FrameIndex([video.num_frames for video in videos])

    def get_data(
        self,
        key: int,
        mode: int,
        frame_list: Sequence[int] | None = None,
        bbox: ArrayLike | None = None,
        rng: np.random.Generator | None = None,
    ) -> dict:
        """Load one clip or frame.

        Args:
            key: int. Number of the sample in its split, from 0: of a sequence or, with topology 'frames', of a frame.
            mode: TRAIN_MODE augments and places the clip at random; TEST_MODE uses the fixed values.
            frame_list: frame indices of the clip, from 0 (`get_clip_index`); by default one is chosen.
            bbox: (x1, y1, x2, y2) px to crop instead of the data set's own choice.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with the keys that the class names.

        Raises:
            ValueError, FileNotFoundError: `key` or a frame is out of range; an image is missing or damaged.
        """
        rng = self._rng if rng is None else rng
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        seq_idx, sequence, frame_list = self._select(key, mode, frame_list, augmentation, rng)
        joints, visible = self._annotation(sequence, frame_list, augmentation["scale"])
        if bbox is None:
            bbox = self._box(key, mode, seq_idx, sequence, frame_list, joints, visible, augmentation["scale"])
        output = {"seq_idx": seq_idx, "frame_list": frame_list, **self._labels(sequence)}
        output["bbox"] = np.asarray(bbox, dtype=np.float64)
        output.update(self._crop_clip(sequence, frame_list, joints, output["bbox"], augmentation))
        if self.topology == "frames":
            output["pose"] = output["pose"][0]
            output["frame"] = output["frame"][0] if output["frame"] is not None else None
        return output

    def _annotation(self, sequence, frame_list, scale):
        """Return joints (T, J, dim), NaN where absent, x and y px, and visibility (T, J), in the layout's order.

        `scale` is that of the crop, for layouts with a depth that is normalised along with it.
        """
        raise NotImplementedError

    def _labels(self, sequence):
        """Return {entry: label} of a video."""
        raise NotImplementedError

    def _label_shapes(self):
        """Return {entry: shape} of `_labels`."""
        raise NotImplementedError

    def _paths(self, sequence, frame_list):
        """Return the images of frames (indices from 0)."""
        raise NotImplementedError

    def _open_images(self, sequence, frame_list):
        """Yield the images of frames (indices from 0), each a context manager of an opened `PIL.Image.Image`."""
        yield from (open_image(path, self.prepare) for path in self._paths(sequence, frame_list))

    def box_name(self, mode: int, seq_idx: int, frame: int) -> str:
        """Return the name of a frame's box in a file of predicted boxes."""
        return f"{seq_idx}.{frame}"

    def _crop_of_image(self, crop, image):
        """Return the `Crop` that cuts an opened image, given the one in px of the annotation."""
        return crop

    def _select(self, key, mode, frame_list, augmentation, rng):
        """Return the number of the sequence in its split, the sequence, and the list of frames to load."""
        if self.topology == "frames":
            seq_idx, frame = sample_at(self.frame_idx, key, mode)
            return seq_idx, self.sequences[mode][seq_idx], [frame]
        sequence = sample_at(self.sequences, key, mode)
        length = sequence.num_frames
        step, random_clip = augmentation["subspl"], mode == TRAIN_MODE
        frame_list = choose_frames(frame_list, length, step, self.clip_size, random_clip, rng, key)
        return key, sequence, frame_list

    def _box(self, key, mode, seq_idx, sequence, frame_list, joints, visible, scale):
        """Choose the box to crop: around the annotation, the predicted boxes, or the whole frame."""
        if self.use_gt_bbox:
            return get_gt_bbox(joints[:, :, 0:2], visible, sequence.size, scale=scale, logkey=key)
        if self.pred_bboxes is not None:
            return self.pred_bboxes.union(mode, [self.box_name(mode, seq_idx, frame) for frame in frame_list])
        side = scale * max(sequence.size)
        return objposwin_to_bbox(np.array(sequence.size) / 2, (side, side))

    def _crop_clip(self, sequence, frame_list, joints, bbox, augmentation):
        """Return `pose` (T, J, dim + 1), `frame` (T, H, W, 3) or None, `afmat` and, if asked for, `fullframe`."""
        centre, window = bbox_to_objposwin(bbox)
        if min(window) < MIN_WINDOW_PX:
            window = (MIN_WINDOW_PX, MIN_WINDOW_PX)
        centre = centre + augmentation["scale"] * np.array([augmentation["transx"], augmentation["transy"]])
        crop = place_crop(sequence.size, centre, window, augmentation, self.dataconf)
        joints[..., 0:2] = crop_points(crop, joints[..., 0:2].reshape(-1, 2)).reshape(*joints.shape[:2], 2)
        frames, fullframes = [], []
        unblanked = {**augmentation, "geoocclusion": None}
        for opened in [] if self.pose_only else self._open_images(sequence, frame_list):
            with opened as image:
                if self.output_fullframe:
                    fullframes.append(scale_pixels(np.asarray(to_rgb(image)), unblanked, self.dataconf))
                frames.append(cut(image, self._crop_of_image(crop, image)))
        output = {
            "pose": label_pose(joints, self.poselayout, crop.hflip, self.remove_outer_joints),
            "frame": scale_pixels(np.stack(frames), augmentation, self.dataconf) if frames else None,
            "afmat": crop.afmat,
        }
        if fullframes:
            output["fullframe"] = np.stack(fullframes)
        return output

    def get_clip_index(self, key: int, mode: int, subsamples: Sequence[int] = (2,)) -> list[range]:
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
        return clip_windows(sample_at(self.sequences, key, mode).num_frames, self.clip_size, subsamples)

    def clip_length(self) -> int | None:
        """Return the frames of a sample, None for single frames."""
        return self.clip_size if self.topology == "sequences" else None

    def clip_shape(self) -> tuple[int, ...]:
        """Return the leading axes of `frame` and `pose`: `(T,)` or `()`."""
        return (self.clip_size,) if self.topology == "sequences" else ()

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        layout, clip = self.poselayout, self.clip_shape()
        shapes = {
            "frame": (*clip, *self.dataconf.input_shape),
            "pose": (*clip, layout.num_joints, layout.dim + 1),
            "seq_idx": (1,),
            "frame_list": clip or (1,),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of({**shapes, **self._label_shapes()}, dictkey)

    def get_length(self, mode: int) -> int:
        """Return the number of sequences or frames in a split."""
        return len(split_of(self.sequences if self.topology == "sequences" else self.frame_idx, mode))
