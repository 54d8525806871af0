"""The synthetic world as data sets in memory: every sample is rendered when it is asked for.

    SyntheticPoses   stills, the keys of `MpiiSinglePerson`; with a 3D layout also those of `Human36M`
    SyntheticClips   the fifteen Penn actions, the keys of `PennAction`, or NTU's, the keys of `Ntu`

In a 3D layout z is 0.5 at the depth of the pelvis, its mean over a clip, and [0, 1] stands for 2 m times the scale of
the crop. An image is rendered a little larger than the crop, framed around the person, and then takes the way of
every other image: one affine map, flip, channel powers, occlusion (frames.py). What is rendered depends on seed,
split and key only; how it is cropped depends on the generator given to `get_data`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from deephar.config import DataConfig
from deephar.data.clips import clip_windows, get_clip_frame_index
from deephar.data.frames import crop_points, cut, label_pose, label_visible, place_crop, scale_pixels
from deephar.data.mpii import head_size
from deephar.data.samples import draw_augmentation, image_shapes, people_labels, sample_at, shape_of, split_of
from deephar.synthetic.actions import get_actions
from deephar.synthetic.body import P
from deephar.synthetic.layouts import map_flags, map_points, points_of
from deephar.synthetic.world import RANDOM_POSES, clip_length, render_clip, render_still
from deephar.utils.bbox import bbox_to_objposwin, get_gt_bbox, objposwin_to_bbox
from deephar.utils.camera import Camera
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import DEPTH_RANGE_MM, POSE_LAYOUTS, PoseLayout, as_layout, ntu25j3d, pa16j2d

RENDER_SCALE = 1.25  # rendered image over crop: the person fills 55 to 85 % of it, and a crop is 1.25 persons wide
WINDOW_SCALE = 1.25
TRANSLATION_UNITS = 200  # translations are in 1/200 of the window, as in MPII
MIN_WINDOW_PX = 8
ACTION_KEYS = {"penn": "pennaction", "ntu": "ntuaction"}


class _SyntheticSource:
    """What stills and clips share: how many, how large, which actions, and in which layout."""

    def __init__(self, dataconf, poselayout, split, length, seed, size, actions):
        self.dataconf = dataconf
        self.poselayout = as_layout(poselayout)
        self.split = split
        self.seed = seed
        self.size = size
        self.actions = get_actions(actions).name  # the scripts themselves do not go to loading processes
        self._table = points_of(self.poselayout.joint_names)
        if self._table is None or self.poselayout.name == ntu25j3d.name:  # whose sides are those of a mirror
            names = [k.name for k in POSE_LAYOUTS.values() if points_of(k.joint_names) and k is not ntu25j3d]
            raise ValueError(f"`poselayout` must be one of {', '.join(names)}. Received: {self.poselayout.name}")
        if length < 1:
            raise ValueError(f"`length` must be at least 1. Received: {length!r}")
        keys = range(length)
        self._keys = dict.fromkeys((TEST_MODE, TRAIN_MODE, VALID_MODE), keys)
        self._rng = np.random.default_rng(seed)

    def render_size(self) -> tuple[int, int]:
        """Return (width, height) px of the rendered images."""
        return self.size or tuple(round(RENDER_SCALE * side) for side in self.dataconf.crop_resolution)

    def get_length(self, mode: int) -> int:
        """Return the number of samples, the same in every mode: the split is chosen when the data set is made."""
        return len(split_of(self._keys, mode))

    def _joints(self, points_px, crop):
        """Return (..., J, 2) normalised to the crop, in the order of the layout, from the body's points (..., K, 2)."""
        joints = map_points(points_px, self._table)
        return crop_points(crop, joints.reshape(-1, 2)).reshape(joints.shape)

    def _coordinates(self, drawn, crop, scale):
        """Return (..., J, dim) normalised to the crop: x, y and, for a 3D layout, the depth relative to the pelvis."""
        joints = self._joints(drawn["joints_px"], crop)
        if self.poselayout.dim == 2:
            return joints
        depth = map_points(drawn["depth"][..., None], self._table)  # (..., J, 1) mm
        z = 0.5 + (depth - drawn["depth"][..., P["pelvis"]].mean()) / (DEPTH_RANGE_MM * scale)
        return np.concatenate([joints, z], axis=-1)


class SyntheticPoses(_SyntheticSource):
    """Stills of the synthetic world.

    Args:
        dataconf: `DataConfig`.
        poselayout: pa16j2d, pa17j2d, or one of three dimensions: pa16j3d, pa17j3d, pa20j3d, pa21j3d.
        split: 'train', 'validation' or 'test', as in `deephar.synthetic.world`.
        length: number of different images.
        seed: seed of the world, and of the augmentation when `get_data` gets no `rng`.
        size: (width, height) px of the rendered image; None: 1.25 x the crop.
        actions: 'penn', 'ntu' or 'h36m': whose motions the poses are taken from that are not random ones.
        random_poses: share of random poses.

    Raises:
        ValueError: an argument out of range.
    """

    shift_unit = "window"  # trans_x is in 1/200 of it

    def __init__(
        self,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        split: str = "train",
        length: int = 20000,
        seed: int = 0,
        size: tuple[int, int] | None = None,
        actions: str = "penn",
        random_poses: float = RANDOM_POSES,
    ):
        super().__init__(dataconf, poselayout, split, length, seed, size, actions)
        self.random_poses = random_poses

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Render one person.

        Args:
            key: number of the image, from 0.
            mode: TRAIN_MODE augments at random; the others use the fixed values.
            rng: `numpy.random.Generator` of the augmentation.

        Returns:
            Dict with `frame` (H, W, 3) float32 in [-1, 1], `pose` (J, dim + 1), joints hidden by something included,
            `people` (P, J, dim + 1), the same as one of several, `center` (2,) of the person in the crop, `bbox` (x1,
            y1, x2, y2) px, `headsize` (px, the unit of PCKh), `visible` (J,), 0 for a joint that something hides, and
            `afmat` (3, 3); px are of the rendered image. With a 3D layout also `pose_w` (J, 3) world mm, `pose_uvd`
            (J, 3) px and depth in mm, `camera` (21,) as `Camera.serialize` writes it, and `action` (from 0; -1 for a
            random pose).

        Raises:
            ValueError: `key` is out of range.
        """
        key = sample_at(self._keys, key, mode)
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        motions = dict(actions=self.actions, random_poses=self.random_poses)
        still = render_still(self.split, key, self.render_size(), self.seed, framing="person", **motions)
        centre, side = _person(still)
        person = np.asarray(centre)
        centre = centre + side / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
        window = (side * augmentation["scale"],) * 2
        image = Image.fromarray(still["frame"])
        crop = place_crop(image.size, centre, window, augmentation, self.dataconf)
        coordinates = self._coordinates(still, crop, augmentation["scale"])
        pose = label_pose(coordinates, self.poselayout, crop.hflip)
        output = {
            "frame": scale_pixels(cut(image, crop), augmentation, self.dataconf),
            "pose": pose,
            "people": people_labels([pose]),
            "visible": label_visible(map_flags(still["visible"], self._table), self.poselayout, crop.hflip),
            "center": crop_points(crop, person[None])[0],
            "bbox": objposwin_to_bbox(centre, window),
            "headsize": head_size(still["head_box"]),
            "afmat": crop.afmat,
        }
        return output if self.poselayout.dim == 2 else {**output, **self._in_space(still)}

    def _in_space(self, still):
        """Return `pose_w`, `pose_uvd`, `camera` and `action` of an image."""
        view = still["camera"]
        uvd = np.concatenate([still["joints_px"], still["depth"][:, None]], axis=-1)
        return {
            "pose_w": map_points(still["joints_mm"] @ view.R + view.position, self._table),
            "pose_uvd": map_points(uvd, self._table),
            # The two lens models name the tangential terms in opposite order.
            "camera": Camera(view.R, view.position, view.f, view.c, view.p[::-1], view.k).serialize(),
            "action": still["action"],
        }

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        shapes = image_shapes(self.dataconf, self.poselayout, "headsize")
        shapes["visible"] = (self.poselayout.num_joints,)
        if self.poselayout.dim == 3:
            joints = (self.poselayout.num_joints, 3)
            shapes.update(pose_w=joints, pose_uvd=joints, camera=(21,), action=(1,))
        return shape_of(shapes, dictkey)


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
    """Clips of the actions of the synthetic world, cropped around the person.

    Args:
        dataconf: `DataConfig`.
        poselayout: as for `SyntheticPoses`.
        clip_size: frames of a clip.
        split: 'train', 'validation' or 'test', as in `deephar.synthetic.world`.
        length: number of different videos; the actions that are performed come in turn.
        seed: seed of the world, and of clip and augmentation when `get_data` gets no `rng`.
        size: (width, height) px of the rendered frames; None: 1.25 x the crop.
        hidden_joints: label joints that something hides too; None: as the data set does, Penn Action not, NTU yes.
        actions: 'penn', or 'ntu' (those of the 60 in `deephar.synthetic.actions.NTU.performed`).

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        clip_size: int = 8,
        split: str = "train",
        length: int = 1500,
        seed: int = 0,
        size: tuple[int, int] | None = None,
        hidden_joints: bool | None = None,
        actions: str = "penn",
    ):
        if actions not in ACTION_KEYS:
            raise ValueError(f"`actions` must be one of {tuple(ACTION_KEYS)}. Received: {actions!r}")
        super().__init__(dataconf, poselayout, split, length, seed, size, actions)
        self.clip_size = clip_size
        self.hidden_joints = actions == "ntu" if hidden_joints is None else hidden_joints
        self.action_key, self.action_labels = ACTION_KEYS[actions], get_actions(actions).labels

    def get_data(
        self,
        key: int,
        mode: int,
        frame_list: Sequence[int] | None = None,
        bbox: ArrayLike | None = None,
        rng: np.random.Generator | None = None,
    ) -> dict:
        """Render one clip.

        Args:
            key: number of the video, from 0.
            mode: TRAIN_MODE augments and places the clip at random; the others use the fixed values.
            frame_list: frames of the clip, from 0 (`get_clip_index`); by default one is chosen.
            bbox: (x1, y1, x2, y2) px to crop instead of the box around the person.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with `seq_idx`, `frame_list`, `pennaction` (one-hot 15) or `ntuaction` (one-hot 60), `pose` (T, J, dim
            + 1), `frame` (T, H, W, 3) float32 in [-1, 1], `bbox` (x1, y1, x2, y2) and `afmat` (3, 3); px are of the
            rendered frames.

        Raises:
            ValueError: `key` or a frame is out of range.
        """
        key = sample_at(self._keys, key, mode)
        rng = self._rng if rng is None else rng
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        if frame_list is None:
            length, random_clip = self._length(key), mode == TRAIN_MODE
            frame_list = get_clip_frame_index(length, augmentation["subspl"], self.clip_size, random_clip, rng)
        frame_list = [int(frame) for frame in frame_list]
        size, where = self.render_size(), {"framing": "person", "frame_list": frame_list}
        clip = render_clip(self.split, key, size=size, seed=self.seed, actions=self.actions, **where)
        visible = map_flags(clip["visible"], self._table)
        if bbox is None:
            joints = map_points(clip["joints_px"], self._table)
            bbox = get_gt_bbox(joints, visible, size, scale=augmentation["scale"], logkey=key)
        output = {
            "seq_idx": key,
            "frame_list": frame_list,
            self.action_key: np.eye(get_actions(self.actions).num_actions)[clip["action"]],
            "bbox": np.asarray(bbox, dtype=np.float64),
        }
        return {**output, **self._crop(clip, visible, output["bbox"], augmentation)}

    def _crop(self, clip, visible, bbox, augmentation):
        """Return `pose`, `frame` and `afmat` of a rendered clip."""
        centre, window = bbox_to_objposwin(bbox)
        shift = max(window) / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
        window = np.maximum(window, MIN_WINDOW_PX)
        height, width = clip["frames"].shape[1:3]
        crop = place_crop((width, height), centre + shift, window, augmentation, self.dataconf)
        joints = self._coordinates(clip, crop, augmentation["scale"])
        if not self.hidden_joints:
            joints[~visible] = np.nan
        images = (cut(Image.fromarray(frame), crop) for frame in clip["frames"])
        frames = [scale_pixels(pixels, augmentation, self.dataconf) for pixels in images]
        return {
            "pose": label_pose(joints, self.poselayout, crop.hflip),
            "frame": np.stack(frames),
            "afmat": crop.afmat,
        }

    def get_clip_index(self, key: int, mode: int, subsamples: Sequence[int] = (2,)) -> list[range]:
        """List the clips that cover a video as `range` objects, as `PennAction.get_clip_index` does."""
        return clip_windows(self._length(sample_at(self._keys, key, mode)), self.clip_size, subsamples)

    def _length(self, key):
        return clip_length(self.split, key, self.seed, self.actions)

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        shapes = {
            "frame": (self.clip_size, *self.dataconf.input_shape),
            "pose": (self.clip_size, self.poselayout.num_joints, self.poselayout.dim + 1),
            self.action_key: (get_actions(self.actions).num_actions,),
            "seq_idx": (1,),
            "frame_list": (self.clip_size,),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of(shapes, dictkey)
