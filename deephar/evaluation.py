"""Scores of a network on a data set: poses of every prediction block, actions from one clip and from many.

    PCKh@0.5 (MPII)  Andriluka et al., CVPR 2014.    PCK@0.2 (LSP)  Yang and Ramanan, PAMI 2013.
    Actions: `evaluation_actions`, whose functions can be imported from here.    3D poses: `evaluation3d`.

Everything returns numbers and prints nothing but a progress bar on stderr; `table` makes text of them.
"""

from dataclasses import dataclass

import numpy as np

from deephar.evaluation_actions import ActionScoresOnSet, eval_multi_clip, eval_single_clip
from deephar.evaluation_batches import sample_batches
from deephar.inference.model_input import forward, picture_view, read_signature
from deephar.measures import pck_torso, pck_torso_per_joint, pckh, pckh_per_joint, torso_size
from deephar.utils.parser import TEST_MODE, VALID_MODE

__all__ = [
    "ActionScoresOnSet",
    "PosePredictions",
    "PoseScores",
    "eval_multi_clip",
    "eval_pck",
    "eval_pose",
    "eval_single_clip",
    "pck_scores",
    "pose_table",
    "predict_poses",
    "table",
    "to_frame",
]

ABSENT = -1e9
VALID_ABOVE = -1e6
LSP_TORSO = (9, 2)  # left shoulder and right hip
LSP_PAIRS = {
    "ankle": (0, 5),
    "knee": (1, 4),
    "hip": (2, 3),
    "wrist": (6, 11),
    "elbow": (7, 10),
    "shoulder": (8, 9),
    "neck": (12,),
    "head": (13,),
}


@dataclass(frozen=True, eq=False)
class PosePredictions:
    """Poses of N people in frame pixels.

    Attributes:
        predicted: (K, N, J, 2), one a prediction block.
        confidence: (K, N, J).
        true: (N, J, 2), -1e9 where not annotated.
        head_size: (N,) pixels, NaN where the data set has none.
    """

    predicted: np.ndarray
    confidence: np.ndarray
    true: np.ndarray
    head_size: np.ndarray


@dataclass(frozen=True, eq=False)
class PoseScores:
    """Score of each block: `per_joint` (K, J) and `mean` (K,) over the 14 joints that count, fractions in [0, 1].

    `joint_names` are those of the layout (PCKh) or of `LSP_PAIRS` (PCK); `num_people` those who count.
    """

    per_joint: np.ndarray
    mean: np.ndarray
    joint_names: tuple
    threshold: float
    num_people: int
    measure: str = "PCKh"


def to_frame(poses, afmat):
    """Poses normalised to their crops -> frame pixels.

    Args:
        poses: (..., N, J, 2 or more), x and y first; absent joints (-1e9) stay absent.
        afmat: (N, 3, 3), frame pixels to the normalised crop.

    Returns:
        (..., N, J, 2).
    """
    points, inverse = np.asarray(poses, np.float64)[..., :2], np.linalg.inv(np.asarray(afmat, np.float64))
    absent = (points < VALID_ABOVE).any(axis=-1, keepdims=True)
    mapped = np.einsum("nij,...nkj->...nki", inverse[:, :2, :2], np.where(absent, 0, points))
    return np.where(absent, ABSENT, mapped + inverse[:, None, :2, 2])


def predict_poses(model, dataset, mode=VALID_MODE, keys=None, batch_size=16, flip=False, progress=True, label="poses"):
    """Run every prediction block on pictures of a data set.

    Args:
        model: a pose network for pictures, or a clip network whose pose part then sees single pictures.
        dataset: its samples have `frame` (H, W, 3), `pose`, `afmat` and, for PCKh, `headsize`.
        mode: TEST_MODE or VALID_MODE: nothing random.
        keys: numbers of the samples; None: all.
        flip: also predict the mirrored crop and take the mean.
        progress, label: bar on stderr.

    Returns:
        `PosePredictions`.

    Raises:
        ValueError: the data set is empty in this mode, or the clip network cannot take single pictures.
    """
    entries = ("pose", "afmat", "headsize")
    poses, samples = predict_crops(model, dataset, mode, keys, batch_size, flip, progress, label, entries)
    afmat = np.stack([s["afmat"] for s in samples])
    true = to_frame(np.stack([s["pose"] for s in samples]), afmat)
    sizes = [np.nan if s["headsize"] is None else float(np.ravel(s["headsize"])[0]) for s in samples]
    return PosePredictions(to_frame(poses, afmat), poses[..., -1], true, np.array(sizes))


def predict_crops(model, dataset, mode, keys, batch_size, flip, progress, label, entries):
    """Run every prediction block and leave its poses in the crop.

    Args:
        model, dataset, mode, keys, batch_size, flip, progress, label: as `predict_poses`.
        entries: what to keep of the samples.

    Returns:
        Poses (K, N, J, D + 1) normalised to the crops, and N dicts with the entries (None where a sample has none).
    """
    signature = read_signature(model)
    outputs, layout = list(signature.pose_outputs), signature.layout
    view = model if signature.num_frames is None else picture_view(model, outputs)
    if view is None:
        raise ValueError("`model` must take pictures, or fold its frames right behind the input. Received: neither")
    poses, samples = [], []
    for batch in sample_batches(dataset, mode, keys, batch_size, progress, label):
        frames = np.stack([s["frame"] for s in batch])  # (B, H, W, 3)
        indices = outputs if view is model else range(len(outputs))
        found = _pose_outputs(view, frames, indices, batch_size)  # (K, B, J, D + 1)
        if flip:
            mirrored = _pose_outputs(view, frames[:, :, ::-1], indices, batch_size)
            mirrored[..., 0] = 1.0 - mirrored[..., 0]
            found = (found + mirrored[:, :, list(layout.map_hflip)]) / 2
        poses.append(found)
        samples += [{k: s.get(k) for k in entries} for s in batch]
    return np.concatenate(poses, axis=1), samples


def eval_pose(model, dataset, mode=VALID_MODE, threshold=0.5, **options):
    """PCKh of every prediction block and joint.

    Args:
        model, dataset, mode: as `predict_poses`, which also takes `options`.
        threshold: in head sizes (0.6 x the diagonal of the head box).

    Returns:
        `PoseScores`.
    """
    found = predict_poses(model, dataset, mode, **options)
    return pckh_scores(found, read_signature(model).layout, threshold)


def pckh_scores(found, layout, threshold=0.5):
    """PCKh of every prediction block and joint of `PosePredictions`, as `PoseScores`; the mean is over pa16."""
    names, joints = tuple(layout.joint_names), list(layout.maps.get("map_to_pa16j", range(layout.num_joints)))
    per_joint = [pckh_per_joint(found.true, block, found.head_size, refp=threshold) for block in found.predicted]
    true, blocks = found.true[:, joints], found.predicted[:, :, joints]  # (N, 16, 2), (K, N, 16, 2)
    mean = [pckh(true, block, found.head_size, refp=threshold) for block in blocks]
    return PoseScores(np.array(per_joint), np.array(mean), names, threshold, len(found.true))


def pck_scores(found, layout, threshold=0.2):
    """PCK relative to the torso (left shoulder to right hip) of every prediction block, in LSP's 14 joints.

    Args:
        found: `PosePredictions` in `layout`, one with `map_to_lsp`. People whose torso is not annotated are left out,
            and only annotated joints count.
        threshold: in torso sizes.

    Returns:
        `PoseScores`: `per_joint` (K, 8) as in `LSP_PAIRS`, `mean` the unweighted mean over the 14 joints.
    """
    joints = list(layout.map_to_lsp)
    true, blocks = found.true[:, joints], found.predicted[:, :, joints]  # (N, 14, 2), (K, N, 14, 2)
    options = {"refp": threshold, "torso": LSP_TORSO}
    pairs = [pck_torso_per_joint(true, block, pairs=LSP_PAIRS, **options) for block in blocks]
    mean = [pck_torso(true, block, **options) for block in blocks]
    num_people = int(np.isfinite(torso_size(true, *LSP_TORSO)).sum())
    per_pair = np.array([list(pair.values()) for pair in pairs])
    return PoseScores(per_pair, np.array(mean), tuple(LSP_PAIRS), threshold, num_people, "PCK")


def eval_pck(model, dataset, mode=TEST_MODE, threshold=0.2, **options):
    """`pck_scores` of a network on a data set; `options` as for `predict_poses`."""
    found = predict_poses(model, dataset, mode, **options)
    return pck_scores(found, read_signature(model).layout, threshold)


def pose_table(scores):
    """Table of `PoseScores` as text: a row a joint and the mean, a column a prediction block, per cent, - for none."""
    header = [f"{scores.measure}@{scores.threshold:g} %", *(f"block {k + 1}" for k in range(len(scores.mean)))]
    rows = [[name, *scores.per_joint[:, j]] for j, name in enumerate(scores.joint_names)]
    rows.append(["mean", *scores.mean])
    return table(header, [[name, *map(_per_cent, values)] for name, *values in rows])


def _per_cent(fraction):
    return "-" if np.isnan(fraction) else f"{100 * fraction:.1f}"


def table(header, rows, left=(0,)):
    """Text table with a rule under the header; the columns in `left` are flush left, the others flush right."""
    cells = [[str(c) for c in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in cells:
        pairs = enumerate(zip(row, widths, strict=True))
        padded = [cell.ljust(width) if k in left else cell.rjust(width) for k, (cell, width) in pairs]
        lines.append("  ".join(padded).rstrip())
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:]])


def _pose_outputs(view, frames, indices, batch_size):
    """The pose outputs `indices` of a picture network, (K, B, J, D + 1)."""
    found = forward(view, frames, batch_size)
    return np.stack([found[k] for k in indices])
