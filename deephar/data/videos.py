"""What data sets of annotated videos share: from a video to a cropped clip or frame with its labels.

    annotation -> joints (T, J, dim) px --+
    box: given, annotated, predicted or the whole frame --> one crop a clip --> `pose`, `frame`, `afmat`
    images of the chosen frames --------+

`PennAction` and `Ntu` derive from it and say where annotations and images are and what labels a video has.
"""

import numpy as np

from deephar.data.clips import clip_windows, get_clip_frame_index, union_box
from deephar.data.files import load_json, malformed, open_image
from deephar.data.frames import crop_points, cut, label_pose, place_crop, scale_pixels
from deephar.data.samples import draw_augmentation, sample_at, shape_of, split_of
from deephar.utils.bbox import bbox_to_objposwin, get_gt_bbox, objposwin_to_bbox
from deephar.utils.images import to_rgb
from deephar.utils.parser import TRAIN_MODE
from deephar.utils.pose import as_layout

TOPOLOGIES = ("sequences", "frames")
MIN_WINDOW_PX = 32


class FrameIndex:
    """The frames of a list of videos as one list of (number of the video, frame of it)."""

    def __init__(self, lengths):
        self.ends = np.cumsum(np.asarray(lengths, dtype=np.int64))

    def __len__(self):
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, key):
        if not 0 <= key < len(self):
            raise IndexError(f"`key` must be in [0, {len(self) - 1}]. Received: {key!r}")
        video = int(np.searchsorted(self.ends, key, side="right"))
        return video, int(key - (self.ends[video - 1] if video else 0))


class VideoDataset:
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of videos that are annotated in every frame.

    A subclass gives `prepare` and `prepare_boxes` (sentences for errors), `_annotation`, `_labels`, `_label_shapes` and
    `_paths`, and fills `sequences` by `set_split`: {mode: list of videos, each with `num_frames` and `size` (px)}.
    """

    prepare = prepare_boxes = ""

    def __init__(
        self,
        dataset_path,
        dataconf,
        poselayout,
        topology,
        use_gt_bbox,
        remove_outer_joints,
        clip_size,
        pose_only,
        pred_bboxes_file,
        seed,
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
        path = dataset_path / pred_bboxes_file if pred_bboxes_file else None
        self.pred_bboxes = load_boxes(path, self.prepare_boxes) if path else None

    def set_split(self, mode, videos):
        """Make `videos` the sequences of a mode."""
        self.sequences[mode] = videos
        self.frame_idx[mode] = FrameIndex([video.num_frames for video in videos])

    def get_data(self, key, mode, frame_list=None, bbox=None, rng=None):
        """Load one clip or frame.

        Args:
            key: number of the sample in its split, from 0: of a sequence or, with topology 'frames', of a frame.
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

    def box_name(self, mode, seq_idx, frame):
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
        if frame_list is None:
            random_clip = mode == TRAIN_MODE
            frame_list = get_clip_frame_index(length, augmentation["subspl"], self.clip_size, random_clip, rng)
        frame_list = [int(frame) for frame in frame_list]
        if not frame_list or min(frame_list) < 0 or max(frame_list) >= length:
            raise ValueError(f"`frame_list` must hold frames in [0, {length - 1}] of key {key}. Received: {frame_list}")
        return key, sequence, frame_list

    def _box(self, key, mode, seq_idx, sequence, frame_list, joints, visible, scale):
        """Choose the box to crop: around the annotation, the predicted boxes, or the whole frame."""
        if self.use_gt_bbox:
            return get_gt_bbox(joints[:, :, 0:2], visible, sequence.size, scale=scale, logkey=key)
        if self.pred_bboxes is not None:
            return self._predicted_box(mode, seq_idx, frame_list)
        side = scale * max(sequence.size)
        return objposwin_to_bbox(np.array(sequence.size) / 2, (side, side))

    def _predicted_box(self, mode, seq_idx, frame_list):
        boxes, names = self.pred_bboxes[mode], [self.box_name(mode, seq_idx, frame) for frame in frame_list]
        missing = [name for name in names if name not in boxes]
        if missing:
            raise ValueError(f"`pred_bboxes_file` has no box for {missing} of `mode` {mode}. {self.prepare_boxes}")
        return union_box([boxes[name] for name in names])

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
        for path in [] if self.pose_only else self._paths(sequence, frame_list):
            with open_image(path, self.prepare) as image:
                if self.output_fullframe:
                    fullframes.append(scale_pixels(np.asarray(to_rgb(image)), unblanked, self.dataconf))
                pixels = cut(image, self._crop_of_image(crop, image))
            frames.append(scale_pixels(pixels, augmentation, self.dataconf))
        output = {
            "pose": label_pose(joints, self.poselayout, crop.hflip, self.remove_outer_joints),
            "frame": np.stack(frames) if frames else None,
            "afmat": crop.afmat,
        }
        if fullframes:
            output["fullframe"] = np.stack(fullframes)
        return output

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
        return clip_windows(sample_at(self.sequences, key, mode).num_frames, self.clip_size, subsamples)

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
            "seq_idx": (1,),
            "frame_list": clip or (1,),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of({**shapes, **self._label_shapes()}, dictkey)

    def get_length(self, mode):
        """Return the number of sequences or frames in a split."""
        return len(split_of(self.sequences if self.topology == "sequences" else self.frame_idx, mode))


def check_topology(topology):
    """Return `topology` if it is one of TOPOLOGIES.

    Raises:
        ValueError: it is another word.
    """
    if topology not in TOPOLOGIES:
        raise ValueError(f"`topology` must be one of {TOPOLOGIES}. Received: {topology!r}")
    return topology


def load_boxes(path, prepare):
    """Read predicted boxes: a list of dicts for test, training and validation, "video.frame" -> [x1, y1, x2, y2] px.

    Args:
        path: JSON file.
        prepare: sentence telling how the file comes to be, for the error.

    Raises:
        FileNotFoundError, ValueError: the file is missing or not as described.
    """
    content = load_json(path, prepare)
    if not (isinstance(content, list) and len(content) == 3 and all(isinstance(boxes, dict) for boxes in content)):
        raise ValueError(f"{str(path)!r} must hold a list of three dicts, test, training, validation. {prepare}")
    for boxes in content:
        for name, box in boxes.items():
            with malformed(path, f"box {name!r}", prepare):
                if np.shape(box) != (4,) or not np.isfinite(np.asarray(box, dtype=np.float64)).all():
                    raise ValueError(f"must be four finite numbers; received {box!r}")
    return content
