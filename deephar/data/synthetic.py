"""The synthetic world as data sets in memory: every sample is rendered when it is asked for.

    SyntheticPoses   stills, the keys of `MpiiSinglePerson`
    SyntheticClips   the fifteen Penn actions, the keys of `PennAction`

A picture is rendered a little larger than the crop, framed around the person, and then takes the way of every other
picture: one affine map, mirror, channel powers, occlusion (frames.py). What is rendered depends on seed, split and key
only; how it is cropped depends on the generator given to `get_data`.
"""

import numpy as np
from PIL import Image

from deephar.data.clips import clip_windows, get_clip_frame_index
from deephar.data.frames import crop_points, cut, label_pose, make_crop, normalise
from deephar.data.mpii import head_size
from deephar.data.samples import draw_augmentation, picture_shapes, sample_at, shape_of, split_of
from deephar.synthetic.actions import NUM_ACTIONS
from deephar.synthetic.layouts import LAYOUTS, map_flags, map_points
from deephar.synthetic.world import clip_length, render_clip, render_still
from deephar.utils.bbox import bbox_to_objposwin, get_gt_bbox, objposwin_to_bbox
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import pa16j2d

RENDER_SCALE = 1.25  # rendered picture over crop: the person fills 55 to 85 % of it, and a crop is 1.25 persons wide
WINDOW_SCALE = 1.25
TRANSLATION_UNITS = 200  # translations are in 1/200 of the window, as in MPII
MIN_WINDOW_PX = 8


class _SyntheticSource:
    """What stills and clips share: how many, how large, and in which layout."""

    def __init__(self, dataconf, poselayout, split, length, seed, size):
        self.dataconf = dataconf
        self.poselayout = poselayout
        self.split = split
        self.seed = seed
        self.size = size
        self._table = poselayout.name[:4]  # pa16j2d -> pa16
        if self._table not in LAYOUTS or poselayout.dim != 2:
            allowed = ", ".join(f"{name}j2d" for name in LAYOUTS if name.startswith("pa"))
            raise ValueError(f"`poselayout` must be one of {allowed}. Received: {poselayout.name}")
        if length < 1:
            raise ValueError(f"`length` must be at least 1. Received: {length!r}")
        keys = range(length)
        self._keys = {mode: keys for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)}
        self._rng = np.random.default_rng(seed)

    def _render_size(self):
        return self.size or tuple(round(RENDER_SCALE * side) for side in self.dataconf.crop_resolution)

    def get_length(self, mode):
        """Return the number of samples, the same in every mode: the split is chosen when the data set is made."""
        return len(split_of(self._keys, mode))

    def _joints(self, points_px, crop):
        """Return (..., J, 2) normalised to the crop, in the order of the layout, from the body's points (..., K, 2)."""
        joints = map_points(points_px, self._table)
        return crop_points(crop, joints.reshape(-1, 2)).reshape(joints.shape)


class SyntheticPoses(_SyntheticSource):
    """Stills of the synthetic world.

    Args:
        dataconf: `DataConfig`.
        poselayout: pa16j2d or pa17j2d.
        split: 'train', 'validation' or 'test', as in `deephar.synthetic.world`.
        length: number of different pictures.
        seed: seed of the world, and of the augmentation when `get_data` gets no `rng`.
        size: (width, height) px of the rendered picture; None: 1.25 x the crop.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(self, dataconf, poselayout=pa16j2d, split="train", length=20000, seed=0, size=None):
        super().__init__(dataconf, poselayout, split, length, seed, size)

    def get_data(self, key, mode, rng=None):
        """Render one person.

        Args:
            key: number of the picture, from 0.
            mode: TRAIN_MODE augments at random; the others use the fixed values.
            rng: `numpy.random.Generator` of the augmentation.

        Returns:
            Dict with `frame` (H, W, 3) float32 in [-1, 1], `pose` (J, 3), joints hidden by something included, `bbox`
            (x1, y1, x2, y2) px, `headsize` (px, the unit of PCKh) and `afmat` (3, 3); px are of the rendered picture.

        Raises:
            ValueError: `key` is out of range.
        """
        key = sample_at(self._keys, key, mode)
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        still = render_still(self.split, key, size=self._render_size(), seed=self.seed, framing="person")
        centre, side = _person(still)
        centre = centre + side / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
        window = (side * augmentation["scale"],) * 2
        picture = Image.fromarray(still["frame"])
        crop = make_crop(picture.size, centre, window, augmentation, self.dataconf.crop_resolution)
        return {
            "frame": normalise(cut(picture, crop), augmentation["chpower"], augmentation["geoocclusion"]),
            "pose": label_pose(self._joints(still["joints_px"], crop), self.poselayout, crop.hflip),
            "bbox": objposwin_to_bbox(centre, window),
            "headsize": head_size(still["head_box"]),
            "afmat": crop.afmat,
        }

    def get_shape(self, dictkey):
        """Return the shape of one entry of a sample."""
        return shape_of(picture_shapes(self.dataconf, self.poselayout, "headsize"), dictkey)


def _person(still):
    """Return centre and side (px) of the window around a person.

    As in MPII 1.25 x the person's height, however the person bends, but no more than was rendered; and never less than
    1.25 x the box of the joints.
    """
    centre, sides = bbox_to_objposwin(still["box"])
    height_px = still["height_mm"] * still["camera"].f[1] / float(still["depth"][0])
    rendered = min(still["frame"].shape[:2])
    return centre, max(MIN_WINDOW_PX, WINDOW_SCALE * max(sides), min(WINDOW_SCALE * height_px, rendered))


class SyntheticClips(_SyntheticSource):
    """Clips of the fifteen Penn actions of the synthetic world, cropped around the person.

    Args:
        dataconf: `DataConfig`.
        poselayout: pa16j2d or pa17j2d.
        clip_size: frames of a clip.
        split: 'train', 'validation' or 'test', as in `deephar.synthetic.world`.
        length: number of different videos; the action of a video is its number modulo 15.
        seed: seed of the world, and of clip and augmentation when `get_data` gets no `rng`.
        size: (width, height) px of the rendered frames; None: 1.25 x the crop.
        hidden_joints: label joints that something hides too; as in Penn Action they are absent by default.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        dataconf,
        poselayout=pa16j2d,
        clip_size=8,
        split="train",
        length=1500,
        seed=0,
        size=None,
        hidden_joints=False,
    ):
        super().__init__(dataconf, poselayout, split, length, seed, size)
        self.clip_size = clip_size
        self.hidden_joints = hidden_joints

    def get_data(self, key, mode, frame_list=None, bbox=None, rng=None):
        """Render one clip.

        Args:
            key: number of the video, from 0.
            mode: TRAIN_MODE augments and places the clip at random; the others use the fixed values.
            frame_list: frames of the clip, from 0 (`get_clip_index`); by default one is chosen.
            bbox: (x1, y1, x2, y2) px to crop instead of the box around the person.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with `seq_idx`, `frame_list`, `pennaction` (one-hot 15), `pose` (T, J, 3), `frame` (T, H, W, 3) float32
            in [-1, 1], `bbox` (x1, y1, x2, y2) and `afmat` (3, 3); px are of the rendered frames.

        Raises:
            ValueError: `key` or a frame is out of range.
        """
        key = sample_at(self._keys, key, mode)
        rng = self._rng if rng is None else rng
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        if frame_list is None:
            length, random_clip = clip_length(self.split, key, self.seed), mode == TRAIN_MODE
            frame_list = get_clip_frame_index(length, augmentation["subspl"], self.clip_size, random_clip, rng)
        frame_list = [int(frame) for frame in frame_list]
        size = self._render_size()
        clip = render_clip(self.split, key, size=size, seed=self.seed, framing="person", frame_list=frame_list)
        visible = map_flags(clip["visible"], self._table)
        if bbox is None:
            joints = map_points(clip["joints_px"], self._table)
            bbox = get_gt_bbox(joints, visible, size, scale=augmentation["scale"], logkey=key)
        output = {
            "seq_idx": key,
            "frame_list": frame_list,
            "pennaction": np.eye(NUM_ACTIONS)[clip["action"]],
            "bbox": np.asarray(bbox, dtype=np.float64),
        }
        return {**output, **self._crop(clip, visible, output["bbox"], augmentation)}

    def _crop(self, clip, visible, bbox, augmentation):
        """Return `pose`, `frame` and `afmat` of a rendered clip."""
        centre, window = bbox_to_objposwin(bbox)
        shift = max(window) / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
        window = np.maximum(window, MIN_WINDOW_PX)
        height, width = clip["frames"].shape[1:3]
        crop = make_crop((width, height), centre + shift, window, augmentation, self.dataconf.crop_resolution)
        joints = self._joints(clip["joints_px"], crop)
        if not self.hidden_joints:
            joints[~visible] = np.nan
        power, blank = augmentation["chpower"], augmentation["geoocclusion"]
        frames = [normalise(cut(Image.fromarray(frame), crop), power, blank) for frame in clip["frames"]]
        return {
            "pose": label_pose(joints, self.poselayout, crop.hflip),
            "frame": np.stack(frames),
            "afmat": crop.afmat,
        }

    def get_clip_index(self, key, mode, subsamples=(2,)):
        """List the clips that cover a video as `range` objects, as `PennAction.get_clip_index` does."""
        length = clip_length(self.split, sample_at(self._keys, key, mode), self.seed)
        return clip_windows(length, self.clip_size, subsamples)

    def get_shape(self, dictkey):
        """Return the shape of one entry of a sample."""
        shapes = {
            "frame": (self.clip_size, *self.dataconf.input_shape),
            "pose": (self.clip_size, self.poselayout.num_joints, 3),
            "pennaction": (NUM_ACTIONS,),
            "seq_idx": (1,),
            "frame_list": (self.clip_size,),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of(shapes, dictkey)
