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
from deephar.data.files import load_mat, malformed
from deephar.data.samples import sample_at
from deephar.data.single_people import SinglePeople, sides_of
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import PoseLayout, lsp14j2d, pa16j2d

PREPARE = (
    "`python datasets/LSP/prepare.py SOURCE OUT` makes the folder of LSP or its extended set, `deephar synth --format "
    "lsp --out DIR` a synthetic one."
)
LSP_NAME, EXTENDED_NAME = "im%04d.jpg", "im%05d.jpg"
NUM_JOINTS = 14


class Lsp(SinglePeople):
    """Single people of LSP or its extended set.

    Args:
        dataset_path: folder with `images/` and `joints.mat`, of LSP with images of the original size or of the small
            one, or of the extended set.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, with joints named as in lsp14j2d or a `map_to_lsp`; others are absent.
        remove_outer_joints: make joints outside of the crop absent.
        box_scale: side of the person's box over the larger side of the box of the annotated joints.
        seed: seed of the augmentation when `get_data` gets no `rng`.
        sides: "person", left is the person's own left as annotated, or "observer", the left of the image, see
            `deephar.data.single_people.sides_of`.

    Raises:
        FileNotFoundError, ValueError: the folder or `joints.mat` is missing or not as described.
    """

    own_layout, prepare = lsp14j2d, PREPARE

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        remove_outer_joints: bool = True,
        box_scale: float = 1.25,
        seed: int | None = None,
        sides: str = "person",
    ):
        super().__init__(dataset_path, dataconf, poselayout, remove_outer_joints, box_scale, seed)
        joints, self.images, self.image_numbers, self.samples = load_people(self.dataset_path / "joints.mat")
        self.joints = sides_of(joints, lsp14j2d, sides)

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Load one person: as `SinglePeople.get_data`, and `image_number`."""
        number = int(self.image_numbers[sample_at(self.samples, key, mode)])
        return {**super().get_data(key, mode, rng), "image_number": number}

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        return (1,) if dictkey == "image_number" else super().get_shape(dictkey)


def load_people(path: Path) -> tuple[np.ndarray, list[str], np.ndarray, dict[int, np.ndarray]]:
    """Read `joints.mat`.

    Returns:
        Joints (N, 14, 2) px, NaN where not annotated; names and numbers (N,) of the images; indices of each mode.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is of another form.
    """
    joints, numbers, name = _load_joints(path)
    samples = _split(numbers, extended=name == EXTENDED_NAME)
    return joints, [name % number for number in numbers], numbers, samples


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
