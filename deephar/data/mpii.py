"""MPII Human Pose, single people: a folder `images/` and `annotations.mat`.

Andriluka et al., "2D Human Pose Estimation: New Benchmark and State of the Art Analysis", CVPR 2014.

`annotations.mat` holds `annot_tr` and `annot_val`, each a 3 x N cell, one column an image:
    row 0  indices of the people to use, 1-based, a column
    row 1  file name in `images/`
    row 2  column cell of people: `head` (x1 y1 x2 y2), `objpos` (x y), `scale` (height / 200 px), `pose` (2 x 16, px)
           and, in newer folders, `visible` (1 x 16; 1, 0, or NaN where the release does not say)
There is no test split: its annotations were never published.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from deephar.config import DataConfig
from deephar.data.files import data_folder, inside, load_mat, malformed, open_image
from deephar.data.frames import crop_points, cut, label_joints, label_visible, place_crop, scale_pixels
from deephar.data.samples import (
    MAX_PEOPLE,
    draw_augmentation,
    image_shapes,
    people_labels,
    sample_at,
    shape_of,
    split_of,
)
from deephar.utils.bbox import bbox_to_objposwin, objposwin_to_bbox
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import PoseLayout, as_layout, joint_places, mpii16j2d, pa16j2d, take_joints

PREPARE = (
    "`python datasets/MPII/prepare.py` makes the folder from the official release, `deephar synth --format mpii "
    "--out DIR` a synthetic one."
)
NUM_JOINTS = 16
BODY_PX = 200  # `scale` is the height of the person over this
WINDOW_SCALE = 1.25  # the window is that much larger than the person
CENTRE_SHIFT_PX = 12  # the window's centre lies below `objpos`, times the scale, so that the feet are inside
HEAD_SCALE = 0.6  # the head size of PCKh is this much of the head box' diagonal


@dataclass(frozen=True)
class Person:
    """One annotated person: image, head box (4,) px, centre (2,) px, scale, joints (16, 2) px in MPII's order.

    `visible` (16,) is 1 for joints that are seen, 0 for hidden ones, NaN where it is not known. `others` are the joints
    (16, 2) of other people of the image, at most MAX_PEOPLE - 1, the nearest first.
    """

    image: str
    head: np.ndarray
    objpos: np.ndarray
    scale: float
    joints: np.ndarray
    visible: np.ndarray
    others: tuple[np.ndarray, ...] = ()


class MpiiSinglePerson:
    """Single people of MPII.

    Args:
        dataset_path: folder with `images/` and `annotations.mat`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, with joints named as in mpii16j2d or a `map_to_mpii`; others are absent.
        remove_outer_joints: make joints outside of the crop absent.
        seed: seed of the augmentation when `get_data` gets no `rng`.

    Raises:
        FileNotFoundError, ValueError: the folder or `annotations.mat` is missing or not as described.
    """

    shift_unit = "window"  # trans_x is in 1/200 of it

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        remove_outer_joints: bool = True,
        seed: int | None = None,
    ):
        self.dataset_path = data_folder(dataset_path, PREPARE)
        self.dataconf = dataconf
        self.poselayout = as_layout(poselayout)
        self.remove_outer_joints = remove_outer_joints
        self._places = joint_places(self.poselayout, mpii16j2d)
        self._rng = np.random.default_rng(seed)
        self.samples = _load_people(self.dataset_path / "annotations.mat")

    def get_data(
        self,
        key: int,
        mode: int,
        fast_crop: bool = False,
        bbox: ArrayLike | None = None,
        rng: np.random.Generator | None = None,
    ) -> dict:
        """Load one person.

        Args:
            key: number of the sample in its split, from 0.
            mode: TRAIN_MODE augments at random; VALID_MODE uses the fixed values.
            fast_crop: accepted for old code; there is one way to crop, and it is fast.
            bbox: (x1, y1, x2, y2) frame px to crop instead of the annotated person; is not moved or scaled at random.
            rng: `numpy.random.Generator` of the augmentation.

        Returns:
            Dict with `frame` (H, W, 3) float32 in [-1, 1], `pose` (J, dim + 1), `people` (P, J, dim + 1), first the
            same and then the other people of the image, the nearest first, `center` (2,) of the person in the crop,
            `bbox` (x1, y1, x2, y2) frame px, `headsize` (frame px, the unit of PCKh), `visible` (J,), 1, 0 for
            hidden joints or NaN where it is not known, and `afmat` (3, 3).

        Raises:
            ValueError, FileNotFoundError: `key` is out of range; the image is missing or damaged.
        """
        person = sample_at(self.samples, key, mode)
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        centre, window = _window(person, augmentation) if bbox is None else bbox_to_objposwin(bbox)
        with open_image(inside(self.dataset_path / "images", person.image), PREPARE) as image:
            crop = place_crop(image.size, centre, window, augmentation, self.dataconf)
            pixels = cut(image, crop)
        options = (self._places, self.poselayout, self.remove_outer_joints)
        people = [label_joints(crop, joints, *options) for joints in (person.joints, *person.others)]
        visible = take_joints(person.visible[:, None], self._places)[:, 0]  # (J,)
        return {
            "bbox": objposwin_to_bbox(centre, window),
            "frame": scale_pixels(pixels, augmentation, self.dataconf),
            "pose": people[0],
            "people": people_labels(people),
            "center": crop_points(crop, _centre_of(person)[None])[0],
            "headsize": head_size(person.head),
            "visible": label_visible(visible, self.poselayout, crop.hflip),
            "afmat": crop.afmat,
        }

    def get_length(self, mode: int) -> int:
        """Return the number of people in a split."""
        return len(split_of(self.samples, mode))

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        shapes = image_shapes(self.dataconf, self.poselayout, "headsize")
        return shape_of({**shapes, "visible": (self.poselayout.num_joints,)}, dictkey)


def _window(person, augmentation):
    """Centre and size (px) of the square to cut around an annotated person."""
    scale = WINDOW_SCALE * person.scale
    centre = _centre_of(person) + scale * np.array([augmentation["transx"], augmentation["transy"]])
    return centre, (BODY_PX * augmentation["scale"] * scale,) * 2


def _centre_of(person):
    """The middle of a person (2,) px, below the annotated centre so that the feet are inside of the window."""
    return person.objpos + np.array([0, CENTRE_SHIFT_PX * WINDOW_SCALE * person.scale])


def head_size(head: ArrayLike) -> float:
    """Return 0.6 x the diagonal of a head box (x1, y1, x2, y2), px."""
    head = np.asarray(head, dtype=np.float64)
    return HEAD_SCALE * np.linalg.norm(head[0:2] - head[2:4])


def _load_people(path):
    """Return for each mode the list of its people."""
    train, valid = load_mat(path, ["annot_tr", "annot_val"], PREPARE)
    return {
        TEST_MODE: [],
        TRAIN_MODE: _people(path, "annot_tr", train),
        VALID_MODE: _people(path, "annot_val", valid),
    }


def _people(path, name, annotation):
    if getattr(getattr(annotation, "dtype", None), "kind", "") != "O" or annotation.ndim != 2 or len(annotation) != 3:
        shape, kind = getattr(annotation, "shape", None), getattr(annotation, "dtype", type(annotation))
        raise ValueError(f"{str(path)!r}: `{name}` must be a 3 x N cell. Received: {shape} of type {kind}. {PREPARE}")
    people = []
    for column in range(annotation.shape[1]):
        with malformed(path, f"`{name}`, image {column}", PREPARE):
            chosen, image, records = annotation[:, column]
            image = str(np.asarray(image).ravel()[0])
            for index in np.asarray(chosen).ravel().astype(int):
                if index < 1:
                    raise ValueError(f"person index {index} is not 1 or more")
                people.append(_with_others(_person(image, records[index - 1, 0]), index - 1, records))
    return people


def _with_others(person, index, records):
    """A person with the joints of other records of the image, the nearest; what has none is no person."""
    others = [_joints(records[k, 0]) for k in range(len(records)) if k != index]
    others = [joints for joints in others if joints.shape == (NUM_JOINTS, 2) and np.isfinite(joints).any()]
    others.sort(key=lambda joints: float(np.linalg.norm(np.nanmean(joints, axis=0) - person.objpos)))
    return dataclasses.replace(person, others=tuple(others[: MAX_PEOPLE - 1]))


def _joints(record):
    """Joints (16, 2) px of a MATLAB struct; an empty array where it has none."""
    names = record.dtype.names or ()
    return np.asarray(record["pose"][0, 0], dtype=np.float64).T if "pose" in names else np.empty((0, 2))


def _visible(record):
    """Which joints (16,) of a MATLAB struct are seen; NaN where it does not say."""
    if "visible" not in (record.dtype.names or ()):
        return np.full(NUM_JOINTS, np.nan)
    return np.asarray(record["visible"][0, 0], dtype=np.float64).ravel()


def _person(image, record):
    """Take one MATLAB struct apart."""
    joints = _joints(record)
    person = Person(
        image=image,
        head=np.asarray(record["head"][0, 0], dtype=np.float64).ravel(),
        objpos=np.asarray(record["objpos"][0, 0], dtype=np.float64).ravel(),
        scale=float(np.asarray(record["scale"][0, 0]).ravel()[0]),
        joints=joints,
        visible=_visible(record),
    )
    if joints.shape != (NUM_JOINTS, 2) or person.head.shape != (4,) or person.objpos.shape != (2,):
        shapes = f"pose {joints.T.shape}, head {person.head.shape}, objpos {person.objpos.shape}"
        raise ValueError(f"`pose` must be 2 x 16, `head` 4 and `objpos` 2 numbers; received {shapes}")
    if person.visible.shape != (NUM_JOINTS,):
        raise ValueError(f"`visible` must be 16 numbers; received {person.visible.shape}")
    if not (np.isfinite(person.objpos).all() and 0 < person.scale < np.inf):
        raise ValueError(f"`objpos` and `scale` must be finite; received {person.objpos.tolist()}, {person.scale}")
    return person
