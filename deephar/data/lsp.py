"""Leeds Sports Pose and its extended set: a folder `images/` and `joints.mat`, 14 joints a person.

Johnson and Everingham, "Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation", BMVC 2010 (LSP), and
"Learning Effective Human Pose Estimation from Inaccurate Annotation", CVPR 2011 (extended set).

    set       `joints`     images         training          validation      test
    LSP       3 x 14 x N   im0001.jpg ...   the first half    none            the second half
    extended  14 x 3 x N   im00001.jpg ...  all others        number ends 9   number ends 1

The extended set has no official split; the one above goes by the last digit of an image's number. Where only a part
of the images is at hand, `image_number` in the `.mat` tells which. A pose has no pelvis and no thorax here: in a
16-joint layout these stay absent.
"""

from pathlib import Path

import numpy as np

from deephar.config import DataConfig
from deephar.data.files import data_folder, inside, load_mat, malformed, open_image
from deephar.data.frames import crop_points, cut, label_pose, place_crop, scale_pixels
from deephar.data.samples import draw_augmentation, image_shapes, people_labels, sample_at, shape_of, split_of
from deephar.utils.bbox import objposwin_to_bbox
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import PoseLayout, as_layout, joint_places, lsp14j2d, pa16j2d, take_joints

PREPARE = "Unpack LSP or its extended set into a folder that holds `images/` and `joints.mat`."
LSP_NAME, EXTENDED_NAME = "im%04d.jpg", "im%05d.jpg"
NUM_JOINTS = 14
RIGHT_HIP, LEFT_SHOULDER = 2, 9
MIN_BOX_PX = 32
MIN_JOINTS_FOR_BOX = 2
TRANSLATION_UNITS = 200  # translations are in 1/200 of the window, as in MPII


class Lsp:
    """Single people of LSP or its extended set.

    Args:
        dataset_path: folder with `images/` and `joints.mat`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, with joints named as in lsp14j2d or a `map_to_lsp`; others are absent.
        remove_outer_joints: make joints outside of the crop absent.
        box_scale: side of the person's box over the larger side of the box of the annotated joints.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    Raises:
        FileNotFoundError, ValueError: the folder or `joints.mat` is missing or not as described.
    """

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        remove_outer_joints: bool = True,
        box_scale: float = 1.25,
        seed: int | None = None,
    ):
        self.dataset_path = data_folder(dataset_path, PREPARE)
        self.dataconf = dataconf
        self.poselayout = as_layout(poselayout)
        self.remove_outer_joints = remove_outer_joints
        self.box_scale = box_scale
        self._places = joint_places(self.poselayout, lsp14j2d)
        self._rng = np.random.default_rng(seed)
        self.joints, self.image_numbers, self._name = _load_joints(self.dataset_path / "joints.mat")
        self.samples = _split(self.image_numbers, extended=self._name == EXTENDED_NAME)

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Load one person.

        Args:
            key: number of the sample in its split, from 0.
            mode: TRAIN_MODE augments at random; the others use the fixed values.
            rng: `numpy.random.Generator` of the augmentation.

        Returns:
            Dict with `frame` (H, W, 3) float32 in [-1, 1], `pose` (J, dim + 1), `people` (P, J, dim + 1), the same as
            one of several, `center` (2,) of the person in the crop, `bbox` (x1, y1, x2, y2) frame px,
            `afmat` (3, 3), `torso` (left shoulder to right hip, frame px, NaN where not annotated) and `image_number`.

        Raises:
            ValueError, FileNotFoundError: `key` is out of range; the image is missing or damaged.
        """
        index = sample_at(self.samples, key, mode)
        joints = self.joints[index]  # (14, 2) px
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        path = inside(self.dataset_path / "images", self._name % self.image_numbers[index])
        with open_image(path, PREPARE) as image:
            person, side = self._person(joints, image.size)
            centre = person + side / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
            window = (side * augmentation["scale"],) * 2
            crop = place_crop(image.size, centre, window, augmentation, self.dataconf)
            pixels = cut(image, crop)
        coordinates = np.full((self.poselayout.num_joints, self.poselayout.dim), np.nan)
        coordinates[:, 0:2] = take_joints(crop_points(crop, joints), self._places)
        pose = label_pose(coordinates, self.poselayout, crop.hflip, self.remove_outer_joints)
        return {
            "frame": scale_pixels(pixels, augmentation, self.dataconf),
            "pose": pose,
            "people": people_labels([pose]),
            "center": crop_points(crop, person[None])[0],
            "bbox": objposwin_to_bbox(centre, window),
            "afmat": crop.afmat,
            "torso": float(np.linalg.norm(joints[LEFT_SHOULDER] - joints[RIGHT_HIP])),
            "image_number": int(self.image_numbers[index]),
        }

    def _person(self, joints, frame_size):
        """Return centre and side (px) of the square box around a person; the whole frame if hardly a joint is known."""
        known = joints[~np.isnan(joints).any(axis=1)]
        if len(known) < MIN_JOINTS_FOR_BOX:
            return np.array(frame_size) / 2, float(max(frame_size))
        low, high = known.min(axis=0), known.max(axis=0)
        return (low + high) / 2, max(MIN_BOX_PX, self.box_scale * float((high - low).max()))

    def get_length(self, mode: int) -> int:
        """Return the number of samples of a split."""
        return len(split_of(self.samples, mode))

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        return shape_of(image_shapes(self.dataconf, self.poselayout, "torso", "image_number"), dictkey)


def _load_joints(path):
    """Return joints (N, 14, 2) px, NaN where not annotated, image numbers (N,), and the images' name pattern."""
    raw, numbers = load_mat(path, ["joints"], PREPARE, optional=["image_number"])
    with malformed(path, "`joints`", PREPARE):
        raw = np.asarray(raw, dtype=np.float64)
    if raw.ndim == 3 and raw.shape[0:2] == (3, NUM_JOINTS):
        joints, name = raw.transpose(2, 1, 0)[:, :, 0:2].copy(), LSP_NAME  # the third row is occlusion: all are known
    elif raw.ndim == 3 and raw.shape[0:2] == (NUM_JOINTS, 3):
        joints, name = raw.transpose(2, 0, 1)[:, :, 0:2].copy(), EXTENDED_NAME
        joints[~(raw[:, 2].T > 0)] = np.nan
    else:
        raise ValueError(f"{str(path)!r}: `joints` must be 3 x 14 x N or 14 x 3 x N. Received: {raw.shape}. {PREPARE}")
    joints[~np.isfinite(joints).all(axis=-1)] = np.nan
    return joints, _image_numbers(path, numbers, len(joints)), name


def _image_numbers(path, numbers, count):
    """Return the images' numbers (N,): those of the file, else 1 to N."""
    if numbers is None:
        return np.arange(1, count + 1)
    numbers = np.asarray(numbers).ravel()
    if numbers.dtype.kind not in "iuf" or len(numbers) != count or (numbers < 0).any() or (numbers % 1 != 0).any():
        raise ValueError(
            f"{str(path)!r}: `image_number` must hold {count} whole numbers. "
            f"Received: {len(numbers)} of type {numbers.dtype}. {PREPARE}"
        )
    return numbers.astype(np.int64)


def _split(numbers, extended):
    """Return for each mode the indices of its samples, ascending."""
    if extended:
        test, valid = numbers % 10 == 1, numbers % 10 == 9
    else:
        test, valid = np.arange(len(numbers)) >= (len(numbers) + 1) // 2, np.zeros(len(numbers), dtype=bool)
    splits = {TEST_MODE: test, TRAIN_MODE: ~(test | valid), VALID_MODE: valid}
    return {mode: np.flatnonzero(chosen) for mode, chosen in splits.items()}
