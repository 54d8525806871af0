"""Scores of a network on a data set: poses of every prediction block, actions from one clip and from many.

    PCKh@0.5 (MPII)  Andriluka et al., CVPR 2014.    PCK@0.2 (LSP)  Yang and Ramanan, PAMI 2013.
    Actions: `deephar.evaluation.actions`, whose functions can be imported from here.    3D poses: `poses3d`.

Everything returns numbers and prints nothing but a progress bar on stderr; `table` makes text of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.evaluation.actions import ActionScoresOnSet, eval_multi_clip, eval_single_clip
from deephar.evaluation.batches import forward_samples, sample_batches
from deephar.evaluation.multiscale import predict_scales
from deephar.inference.decode import decode_all
from deephar.metrics.pose2d import (
    PCKH_JOINTS,
    known_sizes,
    pck_torso,
    pck_torso_per_joint,
    pckh,
    pckh_per_joint,
    sample_errors,
    torso_size,
)
from deephar.models.signature import signature_of
from deephar.models.surgery import image_view
from deephar.utils.parser import TEST_MODE, VALID_MODE
from deephar.utils.pose import ABSENT, PoseLayout, joint_places, lsp14j2d, pa16j2d, take_joints
from deephar.utils.tables import table
from deephar.utils.transform import crop_to_frame

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
]

SIZE_OF = {"PCKh": "head", "PCK": "torso"}
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
        visible: (N, J), 1 for joints that are seen, 0 for hidden ones, NaN where the data set does not say.
        answer: int. Index of the block that is the network's answer, -1 for the last.
    """

    predicted: np.ndarray
    confidence: np.ndarray
    true: np.ndarray
    head_size: np.ndarray
    visible: np.ndarray
    answer: int = -1


@dataclass(frozen=True, eq=False)
class PoseScores:
    """Score of each block: `per_joint` (K, J) and `mean` (K,) over the 14 joints that count, fractions in [0, 1].

    `joint_names` are those of the layout (PCKh) or of `LSP_PAIRS` (PCK). `num_people` are those who count,
    `num_left_out` those whose size, the unit of the threshold, is not known: of the head (PCKh) or the torso (PCK).
    `errors` (N,) are the mean distances of each person's joints by the answer, in sizes; NaN for those left out.
    """

    per_joint: np.ndarray
    mean: np.ndarray
    joint_names: tuple
    threshold: float
    num_people: int
    num_left_out: int = 0
    metric: str = "PCKh"
    errors: np.ndarray | None = None


def predict_poses(
    model: keras.Model,
    dataset: Dataset,
    mode: int = VALID_MODE,
    keys: Sequence[int] | None = None,
    batch_size: int = 16,
    flip: bool = False,
    progress: bool = True,
    label: str = "poses",
    scales: Sequence[float] | None = None,
) -> PosePredictions:
    """Run every prediction block on images of a data set, or the answer alone at several scales.

    Args:
        model: a pose network for images, or a clip network whose pose part then sees single images.
        dataset: its samples have `frame` (H, W, 3), `pose`, `afmat` and, for PCKh, `headsize`.
        mode: TEST_MODE or VALID_MODE: nothing random.
        keys: numbers of the samples; None: all.
        flip: also predict the flipped crop and take the mean.
        progress, label: bar on stderr.
        scales: sizes of the crops over the usual one, see `deephar.evaluation.multiscale`; None: the usual one alone.
            With scales there is one block, the network's answer.

    Returns:
        `PosePredictions`.

    Raises:
        ValueError: the data set is empty in this mode, or the clip network cannot take single images.
    """
    entries = ("pose", "afmat", "headsize", "visible")
    view = _images_of(model)
    if scales is None:
        poses, samples = predict_crops(view, dataset, mode, keys, batch_size, flip, progress, label, entries)
        points = crop_to_frame(poses[..., :2], np.stack([s["afmat"] for s in samples]))  # (K, N, J, 2)
        confidence, answer = poses[..., -1], signature_of(view).answer
    else:
        options = (mode, keys, batch_size, flip, scales, progress, label)
        points, confidence, samples = predict_scales(view, signature_of(view), dataset, *options)
        points, confidence, answer = points[None], confidence[None], 0  # (1, N, J, 2), (1, N, J)
    afmat = np.stack([s["afmat"] for s in samples])
    true = crop_to_frame(np.stack([s["pose"][:, :2] for s in samples]), afmat)
    sizes = [np.nan if s.get("headsize") is None else float(np.ravel(s["headsize"])[0]) for s in samples]
    unknown = np.full(true.shape[1], np.nan)
    visible = np.stack([unknown if s.get("visible") is None else s["visible"] for s in samples])  # (N, J)
    return PosePredictions(points, confidence, true, np.array(sizes), visible, answer)


def _images_of(model):
    """The network for single images, or the part of a clip network that is one."""
    view = image_view(model)
    if view is None:
        raise ValueError("`model` must take images, or fold its frames right behind the input. Received: neither")
    return view


def predict_crops(
    model: keras.Model,
    dataset: Dataset,
    mode: int,
    keys: Sequence[int] | None,
    batch_size: int,
    flip: bool,
    progress: bool,
    label: str,
    entries: Sequence[str],
) -> tuple[np.ndarray, list[dict]]:
    """Run every prediction block and leave its poses in the crop.

    Args:
        model, dataset, mode, keys, batch_size, flip, progress, label: as `predict_poses`.
        entries: what to keep of the samples.

    Returns:
        Poses (K, N, J, D + 1) normalised to the crops, and N dicts with the entries (None where a sample has none).
    """
    view = _images_of(model)
    signature, poses, samples = signature_of(view), [], []
    for batch in sample_batches(dataset, mode, keys, batch_size, progress, label):
        points, confidence = decode_all(forward_samples(view, signature, batch, batch_size, flip), signature)
        poses.append(np.concatenate([points, confidence[..., None]], axis=-1))  # (K, B, J, D + 1)
        samples += [{k: s.get(k) for k in entries} for s in batch]
    return np.concatenate(poses, axis=1), samples


def eval_pose(
    model: keras.Model, dataset: Dataset, mode: int = VALID_MODE, threshold: float = 0.5, **options
) -> PoseScores:
    """PCKh of every prediction block and joint.

    Args:
        model, dataset, mode: as `predict_poses`, which also takes `options`.
        threshold: in head sizes (0.6 x the diagonal of the head box).

    Returns:
        `PoseScores`.
    """
    found = predict_poses(model, dataset, mode, **options)
    return pckh_scores(found, signature_of(model).layout, threshold)


def pckh_scores(found: PosePredictions, layout: PoseLayout, threshold: float = 0.5) -> PoseScores:
    """PCKh of every prediction block and joint of `PosePredictions`, as `PoseScores`; the mean is over pa16.

    People whose head size is not known are left out and counted.
    """
    names, places = tuple(layout.joint_names), joint_places(pa16j2d, layout)
    per_joint = [pckh_per_joint(found.true, block, found.head_size, refp=threshold) for block in found.predicted]
    true, blocks = (take_joints(k, places, ABSENT) for k in (found.true, found.predicted))  # ([K,] N, 16, 2)
    mean = [pckh(true, block, found.head_size, refp=threshold) for block in blocks]
    num_people = int(known_sizes(found.head_size).sum())
    num_left_out = len(true) - num_people
    joints = list(PCKH_JOINTS)
    errors = sample_errors(true[:, joints], blocks[found.answer][:, joints], found.head_size)
    return PoseScores(
        np.array(per_joint), np.array(mean), names, threshold, num_people, num_left_out, "PCKh", errors
    )


def pck_scores(found: PosePredictions, layout: PoseLayout, threshold: float = 0.2) -> PoseScores:
    """PCK relative to the torso (left shoulder to right hip) of every prediction block, in LSP's 14 joints.

    Args:
        found: `PosePredictions` in `layout`; joints that it lacks do not count. People whose torso is not annotated are
            left out, and only annotated joints count.
        threshold: in torso sizes.

    Returns:
        `PoseScores`: `per_joint` (K, 8) as in `LSP_PAIRS`, `mean` the unweighted mean over the 14 joints.
    """
    places = joint_places(lsp14j2d, layout)
    true, blocks = (take_joints(k, places, ABSENT) for k in (found.true, found.predicted))  # ([K,] N, 14, 2)
    options = {"refp": threshold, "torso": LSP_TORSO}
    pairs = [pck_torso_per_joint(true, block, pairs=LSP_PAIRS, **options) for block in blocks]
    mean = [pck_torso(true, block, **options) for block in blocks]
    per_pair = np.array([list(pair.values()) for pair in pairs])
    size = torso_size(true, *LSP_TORSO)
    num_people = int(known_sizes(size).sum())
    num_left_out = len(true) - num_people
    errors = sample_errors(true, blocks[found.answer], size)
    return PoseScores(per_pair, np.array(mean), tuple(LSP_PAIRS), threshold, num_people, num_left_out, "PCK", errors)


def eval_pck(
    model: keras.Model, dataset: Dataset, mode: int = TEST_MODE, threshold: float = 0.2, **options
) -> PoseScores:
    """`pck_scores` of a network on a data set; `options` as for `predict_poses`."""
    found = predict_poses(model, dataset, mode, **options)
    return pck_scores(found, signature_of(model).layout, threshold)


def pose_table(scores: PoseScores) -> str:
    """Table of `PoseScores` as text: a row a joint and the mean, a column a prediction block, per cent, - for none.

    A last line counts the people who were left out, where there are any.
    """
    header = [f"{scores.metric}@{scores.threshold:g} %", *(f"block {k + 1}" for k in range(len(scores.mean)))]
    rows = [[name, *scores.per_joint[:, j]] for j, name in enumerate(scores.joint_names)]
    rows.append(["mean", *scores.mean])
    text = table(header, [[name, *map(_per_cent, values)] for name, *values in rows])
    if not scores.num_left_out:
        return text
    return f"{text}\n{scores.num_left_out} left out: {SIZE_OF[scores.metric]} size not known"


def _per_cent(fraction):
    return "-" if np.isnan(fraction) else f"{100 * fraction:.1f}"
