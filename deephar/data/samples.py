"""What every data set does around a sample: find it, draw its augmentation, state its shapes."""

from typing import Protocol

import numpy as np

from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import ABSENT

MODES = {"TEST_MODE": TEST_MODE, "TRAIN_MODE": TRAIN_MODE, "VALID_MODE": VALID_MODE}
MAX_PEOPLE = 8  # whose joints are labelled in the crop of one of them
TOPOLOGIES = ("sequences", "frames")


class Dataset(Protocol):
    """What every data set has, and all that evaluation and loading ask of one."""

    def get_data(self, key: int, mode: int) -> dict:
        """Load sample `key` of a mode."""

    def get_length(self, mode: int) -> int:
        """Return the number of samples of a mode."""


def split_of(samples, mode):
    """Return the samples of a mode.

    Args:
        samples: list or dict of sequences, indexed by mode.
        mode: TEST_MODE, TRAIN_MODE or VALID_MODE.

    Raises:
        ValueError: no such mode.
    """
    if mode not in MODES.values():
        raise ValueError(f"`mode` must be one of {MODES}. Received: {mode!r}")
    return samples[mode]


def check_topology(topology):
    """Return `topology` if it is one of TOPOLOGIES.

    Raises:
        ValueError: it is another word.
    """
    if topology not in TOPOLOGIES:
        raise ValueError(f"`topology` must be one of {TOPOLOGIES}. Received: {topology!r}")
    return topology


def sample_at(samples, key, mode):
    """Return sample `key` of a mode.

    Raises:
        ValueError: `key` is not the number of a sample in this mode.
    """
    split = split_of(samples, mode)
    if not 0 <= key < len(split):
        allowed = f"in [0, {len(split) - 1}]" if len(split) else "of a mode that has samples (this one has none)"
        raise ValueError(f"`key` must be {allowed} for `mode` {mode}. Received: {key!r}")
    return split[key]


def draw_augmentation(dataconf, mode, rng):
    """Return the dict of augmentation values: random in TRAIN_MODE, else the fixed ones."""
    return dataconf.random_data_generator(rng) if mode == TRAIN_MODE else dataconf.get_fixed_config()


def shape_of(shapes, dictkey):
    """Return `shapes[dictkey]` as a tuple.

    Raises:
        ValueError: there is no such entry in a sample.
    """
    if dictkey not in shapes:
        raise ValueError(f"`dictkey` must be one of {sorted(shapes)}. Received: {dictkey!r}")
    return tuple(shapes[dictkey])


def image_shapes(dataconf, poselayout, *numbers):
    """Return {entry: shape} of a sample that is one person in one image; `numbers` are its entries of one number."""
    pose = (poselayout.num_joints, poselayout.dim + 1)
    shapes = {"frame": dataconf.input_shape, "pose": pose, "people": (MAX_PEOPLE, *pose), "center": (2,)}
    return {**shapes, "bbox": (4,), "afmat": (3, 3), **dict.fromkeys(numbers, (1,))}


def people_labels(poses):
    """Return the labels (MAX_PEOPLE, J, dim + 1) of everybody in a crop: `poses`, the person who is meant first.

    Places that are left hold absent joints; people beyond MAX_PEOPLE, who come last, are left out.
    """
    poses = np.asarray(poses, dtype=np.float64)[:MAX_PEOPLE]
    people = np.full((MAX_PEOPLE, *poses.shape[1:]), ABSENT)
    people[..., -1] = 0.0
    people[: len(poses)] = poses
    return people
