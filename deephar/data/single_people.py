"""One annotated person an image: what the readers of LSP and FLIC share.

    joints (N, K, 2) px, image names --SinglePeople--> frame, pose, people, center, bbox, afmat, torso

The reader of a data set has the records, this class the way from a record to a sample.
"""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from deephar.config import DataConfig
from deephar.data.files import data_folder, inside, open_image
from deephar.data.frames import crop_points, cut, label_joints, place_crop, scale_pixels
from deephar.data.samples import draw_augmentation, image_shapes, people_labels, sample_at, shape_of, split_of
from deephar.utils.bbox import objposwin_to_bbox
from deephar.utils.pose import PoseLayout, as_layout, joint_places

MIN_BOX_PX = 32
MIN_JOINTS_FOR_BOX = 2
TRANSLATION_UNITS = 200  # translations are in 1/200 of the window, as in MPII
SIDES = ("person", "observer")
TRUNK = ("shoul", "hip")  # the joints that tell whether somebody faces the camera


class SinglePeople:
    """Single people of a folder of images. Base of `Lsp` and `Flic`, which set the attributes below.

    Attributes:
        own_layout: `PoseLayout` of the annotation.
        prepare: str, how the folder comes to be, for errors.
        joints: (N, K, 2) px, NaN where not annotated.
        images: list of N names in `images/`.
        samples: dict {mode: indices}.
    """

    own_layout: PoseLayout
    prepare: str
    shift_unit = "window"  # trans_x is in 1/200 of it

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str,
        remove_outer_joints: bool,
        box_scale: float,
        seed: int | None,
    ):
        self.dataset_path = data_folder(dataset_path, self.prepare)
        self.dataconf = dataconf
        self.poselayout = as_layout(poselayout)
        self.remove_outer_joints = remove_outer_joints
        self.box_scale = box_scale
        self._places = joint_places(self.poselayout, self.own_layout)
        self._torso = [self.own_layout.joint_names.index(name) for name in ("l_shoul", "r_hip")]
        self._rng = np.random.default_rng(seed)

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Load one person.

        Args:
            key: number of the sample in its split, from 0.
            mode: TRAIN_MODE augments at random; the others use the fixed values.
            rng: `numpy.random.Generator` of the augmentation.

        Returns:
            Dict with `frame` (H, W, 3) float32 in [-1, 1], `pose` (J, dim + 1), `people` (P, J, dim + 1), the same as
            one of several, `center` (2,) of the person in the crop, `bbox` (x1, y1, x2, y2) frame px, `afmat` (3, 3),
            and `torso` (left shoulder to right hip, frame px, NaN where not annotated), the unit of PCK.

        Raises:
            ValueError, FileNotFoundError: `key` is out of range; the image is missing or damaged.
        """
        index = sample_at(self.samples, key, mode)
        joints = self.joints[index]  # (K, 2) px
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        with open_image(inside(self.dataset_path / "images", self.images[index]), self.prepare) as image:
            person, side = self._person(joints, image.size)
            centre = person + side / TRANSLATION_UNITS * np.array([augmentation["transx"], augmentation["transy"]])
            window = (side * augmentation["scale"],) * 2
            crop = place_crop(image.size, centre, window, augmentation, self.dataconf)
            pixels = cut(image, crop)
        pose = label_joints(crop, joints, self._places, self.poselayout, self.remove_outer_joints)
        shoulder, hip = joints[self._torso]
        return {
            "frame": scale_pixels(pixels, augmentation, self.dataconf),
            "pose": pose,
            "people": people_labels([pose]),
            "center": crop_points(crop, person[None])[0],
            "bbox": objposwin_to_bbox(centre, window),
            "afmat": crop.afmat,
            "torso": float(np.linalg.norm(shoulder - hip)),
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
        return shape_of(image_shapes(self.dataconf, self.poselayout, "torso"), dictkey)


def sides_of(joints: ArrayLike, layout: PoseLayout, sides: str) -> np.ndarray:
    """Return joints whose left and right are the person's own, as annotated, or those that an observer sees.

    An observer calls the limbs left that are on the left of the image: of a person who faces the camera all limbs
    change their names, of one who is seen from behind none. Who faces the camera follows from shoulders and hips.

    Args:
        joints: (N, K, 2) px, person-centric, NaN where not annotated.
        layout: `PoseLayout` of the joints.
        sides: "person" or "observer".

    Raises:
        ValueError: another word.
    """
    if sides not in SIDES:
        raise ValueError(f"`sides` must be one of {', '.join(SIDES)}. Received: {sides!r}")
    joints = np.array(joints, float)
    if sides == "person":
        return joints
    left, right = (
        [layout.joint_names.index(f"{side}_{part}") for part in TRUNK if f"{side}_{part}" in layout.joint_names]
        for side in "lr"
    )
    difference = np.nan_to_num(joints[:, left, 0] - joints[:, right, 0]).sum(axis=1)  # (N,) px
    return np.where((difference > 0)[:, None, None], joints[:, layout.map_hflip], joints)
