"""Frames Labelled In Cinema (FLIC): a folder `images/` and `examples.mat`, 11 joints of upper bodies.

Sapp and Taskar, "MODEC: Multimodal Decomposable Models for Human Pose Estimation", CVPR 2013: 5,003 frames of films,
3,987 for training and 1,016 for the test, every fifth person of whom a detector was sure.

`examples.mat` holds `examples`, a row of structs: `filepath` (the image), `coords` (2 x 29 px, NaN where a joint is not
annotated; the joints below), `torsobox` (x1 y1 x2 y2), `istrain`, `istest` and more. There is no validation split; the
frames of a film stand together, so that one held out by the film is honest: `held_out`.

The metric is PCK@0.2 of elbows and wrists, as a share of the torso from left shoulder to right hip.
"""

from pathlib import Path

import numpy as np

from deephar.config import DataConfig
from deephar.data.files import load_mat, malformed
from deephar.data.single_people import SinglePeople, sides_of
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.pose import FLIC_COLUMNS, PoseLayout, flic11j2d

PREPARE = (
    "`python datasets/FLIC/prepare.py SOURCE OUT` makes the folder from the official release, `deephar synth --format "
    "flic --out DIR` a synthetic one."
)
NUM_COORDS = 29  # of the release; other columns than FLIC_COLUMNS are empty
FIELDS = ("filepath", "coords", "torsobox", "istrain", "istest")


class Flic(SinglePeople):
    """Single people of FLIC.

    Args:
        dataset_path: folder with `images/` and `examples.mat`.
        dataconf: `DataConfig`.
        poselayout: layout of `pose`, with joints named as in flic11j2d; others are absent. flic9j2d has those of CPM.
        remove_outer_joints: make joints outside of the crop absent.
        box_scale: side of the person's box over the larger side of the box of the annotated joints.
        seed: seed of the augmentation when `get_data` gets no `rng`.
        sides: "person", left is the person's own left as annotated, or "observer", the left of the image, see
            `deephar.data.single_people.sides_of`.
        held_out: share of the training films, the last by name, that are the validation split; 0: there is none.

    Raises:
        FileNotFoundError, ValueError: the folder or `examples.mat` is missing or not as described.
    """

    own_layout, prepare = flic11j2d, PREPARE

    def __init__(
        self,
        dataset_path: str | Path,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = flic11j2d,
        remove_outer_joints: bool = True,
        box_scale: float = 1.25,
        seed: int | None = None,
        sides: str = "person",
        held_out: float = 0.0,
    ):
        super().__init__(dataset_path, dataconf, poselayout, remove_outer_joints, box_scale, seed)
        self.images, joints, train, test = load_examples(self.dataset_path / "examples.mat")
        self.joints = sides_of(joints, flic11j2d, sides)
        valid = train & np.isin([film_of(name) for name in self.images], _last_films(self.images, train, held_out))
        splits = {TEST_MODE: test, TRAIN_MODE: train & ~valid, VALID_MODE: valid}
        self.samples = {mode: np.flatnonzero(chosen) for mode, chosen in splits.items()}


def film_of(name: str) -> str:
    """Return the film of an image `the-film-00012345.jpg`."""
    return Path(name).stem.rpartition("-")[0]


def _last_films(images, train, share):
    """The last films by name that make up a share of the training films, at least one unless it is 0."""
    if not 0 <= share < 1:
        raise ValueError(f"`held_out` must be from 0 to below 1. Received: {share}")
    films = sorted({film_of(name) for name, used in zip(images, train, strict=True) if used})
    return films[len(films) - max(share > 0, round(share * len(films))) :]


def load_examples(path: str | Path) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Read `examples.mat`.

    Args:
        path: the file.

    Returns:
        Names of N images, joints (N, 11, 2) px in the order of flic11j2d, NaN where not annotated, and two masks (N,),
        of the training and of the test.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is of another form.
    """
    (examples,) = load_mat(path, ["examples"], PREPARE)
    names = getattr(getattr(examples, "dtype", None), "names", None) or ()
    missing = [name for name in FIELDS if name not in names]
    if missing:
        raise ValueError(
            f"{str(path)!r}: `examples` must be structs with {', '.join(FIELDS)}. "
            f"Received: fields {list(names)}, without {', '.join(missing)}. {PREPARE}"
        )
    images, joints, flags = [], [], []
    for number, example in enumerate(np.ravel(examples)):
        with malformed(path, f"`examples({number + 1})`", PREPARE):
            coords = np.asarray(example["coords"], dtype=np.float64)
            if coords.shape != (2, NUM_COORDS):
                raise ValueError(f"`coords` are {coords.shape} instead of 2 x {NUM_COORDS}")
            images.append(str(np.ravel(example["filepath"])[0]))
            joints.append(coords[:, FLIC_COLUMNS].T)
            flags.append([bool(np.ravel(example[name])[0]) for name in ("istrain", "istest")])
    joints, flags = np.array(joints).reshape(-1, len(FLIC_COLUMNS), 2), np.array(flags, bool).reshape(-1, 2)
    joints[~np.isfinite(joints).all(axis=-1)] = np.nan
    top, bottom = (f(joints[..., 1], axis=1, initial=start) for f, start in ((np.nanmin, np.inf), (np.nanmax, -np.inf)))
    flat = np.flatnonzero(~(bottom > top))
    if len(flat):
        raise ValueError(f"{str(path)!r}: `examples({flat[0] + 1})` is a person of no height. {PREPARE}")
    return images, joints, flags[:, 0], flags[:, 1]
