"""Human3.6M: `images/NAME/00001.jpg` and `annotations.mat`, 15 actions, 32 joints a frame in world mm, 4 cameras.

Ionescu, Papava, Olaru and Sminchisescu, "Human3.6M: Large Scale Datasets and Predictive Methods for 3D Human Sensing in
Natural Environments", PAMI 2014. Training: subjects 1, 5, 6, 7, 8; test: 9 and 11, one in 64 frames.

A person is cropped by a square around the root joint (the pelvis) whose side stands for 2.25 m at the root's true
depth: position and size of the crop come from the annotation, as in the published scores.

    world mm --camera--> px, depth mm --afmat--> x, y in [0, 1];  z = 0.5 + (depth - depth of the root) / 2000 mm

The depth is relative to the root of the clip's first frame.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from deephar.config import DataConfig
from deephar.data.clips import choose_frames
from deephar.data.files import data_folder, inside, open_image
from deephar.data.frames import crop_points, cut, label_pose, place_crop, scale_pixels
from deephar.data.human36m_annotations import PREPARE, Splits
from deephar.data.samples import check_topology, draw_augmentation, sample_at, shape_of, split_of
from deephar.utils.bbox import bbox_to_objposwin, get_crop_params, objposwin_to_bbox
from deephar.utils.parser import TRAIN_MODE
from deephar.utils.pose import PoseLayout, as_layout, pa17j3d

ACTION_LABELS = tuple(
    "Directions Discussion Eating Greeting Phoning Posing Purchases Sitting SittingDown Smoking "
    "Photo Waiting Walking WalkDog WalkTogether".split()
)
WIDTH_PX = 1000.0  # of Human3.6M's images; 2.25 of it are the crop's 2.25 m, whatever the width of other images


class Human36M:
    """Clips (`topology='sequences'`) or single frames (`'frames'`) of Human3.6M.

    Args:
        dataset_path: folder with `images/` and `annotations.mat`.
        dataconf: `DataConfig`; its scales also stretch the range of depth.
        poselayout: layout of the poses, one of three dimensions with `map_from_h36m`.
        topology: 'sequences' or 'frames'.
        clip_size: frames of a clip.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    Raises:
        FileNotFoundError, ValueError: a file is missing or not as described; `topology` is another word; `poselayout`
            is not of this data set. What is wrong in a split shows when that is first used.
    """

    shift_unit = "frame"  # trans_x is in px of it, times the scale

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa17j3d,
        topology: str = "sequences",
        clip_size: int = 16,
        seed: int | None = None,
    ):
        self.topology = check_topology(topology)
        self.poselayout = as_layout(poselayout)
        if self.poselayout.dim != 3 or "map_from_h36m" not in self.poselayout.maps:
            allowed = "pa17j3d, pa20j3d, pa21j3d or an own one of three dimensions with `map_from_h36m`"
            raise ValueError(f"`poselayout` must be {allowed}. Received: {self.poselayout.name}")
        self.dataset_path = data_folder(dataset_path, PREPARE)
        self.dataconf = dataconf
        self.clip_size = clip_size
        self._rng = np.random.default_rng(seed)
        self.sequences = Splits(self.dataset_path / "annotations.mat")
        self.action_labels = self.sequences.action_labels
        self.joint_labels = self.sequences.joint_labels
        self._frame_idx = {}

    def get_data(
        self,
        key: int,
        mode: int,
        frame_list: Sequence[int] | None = None,
        fast_crop: bool = False,
        bbox: ArrayLike | None = None,
        rng: np.random.Generator | None = None,
    ) -> dict:
        """Load one clip or frame.

        Args:
            key: number of the sample in its split, from 0: of a sequence or, with topology 'frames', of a frame.
            mode: TRAIN_MODE augments and places the clip at random; the others use the fixed values.
            frame_list: places of the clip's frames in the sequence, from 0; by default they are chosen.
            fast_crop: accepted for old code; there is one way to crop, and it is fast.
            bbox: (x1, y1, x2, y2) px to crop instead of the square around the true root.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with `camera` (21,) as `Camera.serialize` writes it, `action` (from 0), `pose_w` ([T,] J, 3) world mm,
            `pose_uvd` ([T,] J, 3) frame px and depth in mm, `pose` ([T,] J, 4), `frame` ([T,] H, W, 3) float32 in
            [-1, 1], `afmat` (3, 3), and `bbox` (x1, y1, x2, y2) frame px. `pose_w` and `pose_uvd` are those of the
            person also where the crop is flipped.

        Raises:
            ValueError, FileNotFoundError: `key` or a frame is out of range; an image is missing or damaged.
        """
        rng = self._rng if rng is None else rng
        augmentation = draw_augmentation(self.dataconf, mode, rng)
        sequence, frame_list = self._select(key, mode, frame_list, augmentation, rng)
        pose_w = sequence.joints[frame_list][:, self.poselayout.map_from_h36m]  # (T, J, 3)
        pose_uvd = sequence.camera.project(pose_w)
        centre, window, zrange = self._window(sequence, frame_list, pose_uvd, augmentation)
        if bbox is not None:
            centre, window = bbox_to_objposwin(bbox)
        crop = place_crop(sequence.size, centre, window, augmentation, self.dataconf)
        frames = [self._frame(sequence, frame, crop, augmentation) for frame in frame_list]
        output = {"pose_w": pose_w, "pose_uvd": pose_uvd, "pose": self._label(pose_uvd, crop, zrange)}
        output["frame"] = np.stack(frames)
        if self.topology == "frames":
            output = {name: value[0] for name, value in output.items()}
        output["camera"] = sequence.camera.serialize()
        output["action"] = sequence.action
        output["bbox"] = objposwin_to_bbox(centre, window)
        output["afmat"] = crop.afmat
        return output

    def _select(self, key, mode, frame_list, augmentation, rng):
        """Return the sequence and the list of frames to load."""
        if self.topology == "frames":
            place, frame = sample_at({mode: self._frames(mode)}, key, mode)
            return self.sequences[mode][place], [frame]
        sequence = sample_at(self.sequences, key, mode)
        length = len(sequence.numbers)
        step, random_clip = augmentation["subspl"], mode == TRAIN_MODE
        frame_list = choose_frames(frame_list, length, step, self.clip_size, random_clip, rng, key)
        return sequence, frame_list

    def _frames(self, mode):
        """All frames of a split as pairs, place of the sequence and of the frame in it."""
        if mode not in self._frame_idx:
            split = split_of(self.sequences, mode)
            pairs = [(place, frame) for place, sequence in enumerate(split) for frame in range(len(sequence.numbers))]
            self._frame_idx[mode] = pairs
        return self._frame_idx[mode]

    def _window(self, sequence, frame_list, pose_uvd, augmentation):
        """Centre (2,) and size of the square to cut, px, and the range of depth that is 0 to 1, mm."""
        root = pose_uvd[:, 0]
        if not (np.isfinite(root[0]).all() and root[0, 2] > 0):
            where = f"{str(self.sequences.path)!r}: frame {sequence.numbers[frame_list[0]]} of {sequence.name!r}"
            raise ValueError(f"{where} must have its root before the camera. Received: {root[0].tolist()}. {PREPARE}")
        scale, (width, height) = augmentation["scale"], sequence.size
        size = (WIDTH_PX, height * WIDTH_PX / width)
        centre, window, zrange = get_crop_params(root, size, sequence.camera.f, scale)
        return centre + scale * np.array([augmentation["transx"], augmentation["transy"]]), window, zrange

    def _frame(self, sequence, frame, crop, augmentation):
        """One cropped image (H, W, 3)."""
        path = inside(self.dataset_path / "images", f"{sequence.name}/{sequence.numbers[frame]:05d}.jpg")
        with open_image(path, PREPARE) as image:
            if image.size != sequence.size:
                raise ValueError(
                    f"{str(path)!r} must be of the size that the camera was calibrated for, {sequence.size}. "
                    f"Received: {image.size}. {PREPARE}"
                )
            pixels = cut(image, crop)
        return scale_pixels(pixels, augmentation, self.dataconf)

    def _label(self, pose_uvd, crop, zrange):
        """Poses (T, J, 3) in px and mm as labels (T, J, 4)."""
        points = crop_points(crop, pose_uvd[..., :2].reshape(-1, 2)).reshape(*pose_uvd.shape[:-1], 2)
        depth = (pose_uvd[..., 2:] - zrange[0]) / (zrange[1] - zrange[0])
        return label_pose(np.concatenate([points, depth], axis=-1), self.poselayout, crop.hflip)

    def set_split(self, mode, sequences):
        """Replace the videos of a split, for instance by training videos held out for validation."""
        self.sequences[mode] = list(sequences)
        self._frame_idx.pop(mode, None)

    def clip_length(self) -> int | None:
        """Return the frames of a sample, None for single frames."""
        return self.clip_size if self.topology == "sequences" else None

    def clip_shape(self) -> tuple[int, ...]:
        """Return the leading axes of `frame` and of the poses: `(T,)` or `()`."""
        return (self.clip_size,) if self.topology == "sequences" else ()

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        clip, joints = self.clip_shape(), self.poselayout.num_joints
        shapes = {
            "camera": (21,),
            "action": (1,),
            "pose_w": (*clip, joints, 3),
            "pose_uvd": (*clip, joints, 3),
            "pose": (*clip, joints, 4),
            "frame": (*clip, *self.dataconf.input_shape),
            "bbox": (4,),
            "afmat": (3, 3),
        }
        return shape_of(shapes, dictkey)

    def get_length(self, mode: int) -> int:
        """Return the number of sequences or frames in a split."""
        if self.topology == "frames":
            return len(self._frames(mode))
        return len(split_of(self.sequences, mode))
