"""Scores of a network on a data set: poses of every prediction block, actions from one clip and from many.

    PCKh@0.5 (MPII):  Andriluka et al., CVPR 2014.  Actions, one clip from the middle of a video or all clips and flips:
    Luvizon, Picard and Tabia, TPAMI 2020, section 5.

Everything returns numbers and prints nothing but a progress bar on stderr; `table` makes text of them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from deephar.inference.model_input import picture_view, read_signature
from deephar.measures import pckh, pckh_per_joint
from deephar.utils.parser import TEST_MODE, VALID_MODE
from deephar.utils.progress import progress as progress_bar

ABSENT = -1e9
VALID_ABOVE = -1e6
SMALLEST = 1e-30  # a probability of 0 must not silence all other clips


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
    """PCKh of each block: `per_joint` (K, J) and `mean` (K,) over the 14 joints that count, fractions in [0, 1]."""

    per_joint: np.ndarray
    mean: np.ndarray
    joint_names: tuple
    threshold: float
    num_people: int


@dataclass(frozen=True, eq=False)
class ActionScoresOnSet:
    """Accuracy of each action output and the confusion matrix of the last.

    Attributes:
        accuracy: (K,) fractions in [0, 1].
        confusion: int (A, A), row the true action, column the predicted one.
        num_clips: clips run through the network, mirrored ones included.
    """

    accuracy: np.ndarray
    confusion: np.ndarray
    num_clips: int


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
    signature = read_signature(model)
    outputs, layout = list(signature.pose_outputs), signature.layout
    view = model if signature.num_frames is None else picture_view(model, outputs)
    if view is None:
        raise ValueError("`model` must take pictures, or fold its frames right behind the input. Received: neither")
    poses, samples = [], []
    for batch in _batches(dataset, mode, keys, batch_size, progress, label):
        frames = np.stack([s["frame"] for s in batch])  # (B, H, W, 3)
        indices = outputs if view is model else range(len(outputs))
        found = _pose_outputs(view, frames, indices, batch_size)  # (K, B, J, D + 1)
        if flip:
            mirrored = _pose_outputs(view, frames[:, :, ::-1], indices, batch_size)
            mirrored[..., 0] = 1.0 - mirrored[..., 0]
            found = (found + mirrored[:, :, list(layout.map_hflip)]) / 2
        poses.append(found)
        samples += [{k: s.get(k) for k in ("pose", "afmat", "headsize")} for s in batch]
    poses = np.concatenate(poses, axis=1)  # (K, N, J, D + 1)
    afmat = np.stack([s["afmat"] for s in samples])
    true = to_frame(np.stack([s["pose"] for s in samples]), afmat)
    sizes = [np.nan if s["headsize"] is None else float(np.ravel(s["headsize"])[0]) for s in samples]
    return PosePredictions(to_frame(poses, afmat), poses[..., -1], true, np.array(sizes))


def eval_pose(model, dataset, mode=VALID_MODE, threshold=0.5, **options):
    """PCKh of every prediction block and joint.

    Args:
        model, dataset, mode: as `predict_poses`, which also takes `options`.
        threshold: in head sizes (0.6 x the diagonal of the head box).

    Returns:
        `PoseScores`.
    """
    found = predict_poses(model, dataset, mode, **options)
    names = tuple(read_signature(model).layout.joint_names)
    per_joint = [pckh_per_joint(found.true, block, found.head_size, refp=threshold) for block in found.predicted]
    mean = [pckh(found.true, block, found.head_size, refp=threshold) for block in found.predicted]
    return PoseScores(np.array(per_joint), np.array(mean), names, threshold, len(found.true))


def eval_single_clip(model, dataset, mode=TEST_MODE, keys=None, batch_size=2, label_key="pennaction", progress=True):
    """Accuracy with one clip a video: the one that the data set takes by default, from the middle.

    Args:
        model: a clip network with action outputs.
        dataset: its samples have `frame` (T, H, W, 3) and one-hot `label_key` (A,).

    Returns:
        `ActionScoresOnSet`.
    """
    outputs = _action_outputs(model)
    scores, true = [], []
    for batch in _batches(dataset, mode, keys, batch_size, progress, "actions, single clip"):
        found = _forward(model, np.stack([s["frame"] for s in batch]), batch_size)
        scores.append(np.stack([found[k] for k in outputs]))  # (K, B, A)
        true += [int(np.argmax(s[label_key])) for s in batch]
    return _score_actions(np.concatenate(scores, axis=1), true, len(true))


def eval_multi_clip(
    model,
    dataset,
    mode=TEST_MODE,
    subsampling=None,
    keys=None,
    batch_size=2,
    flip=True,
    label_key="pennaction",
    progress=True,
    boxes=None,
):
    """Accuracy with all clips of a video, each also mirrored: the action with the largest product of probabilities.

    Args:
        model, dataset: as `eval_single_clip`; the data set also has `get_clip_index`.
        subsampling: list of steps between frames; None: the data set's fixed one. A video too short for them gives its
            default clip.
        flip: also run mirrored clips.
        boxes: function (key, frame_list) -> box to crop, or None for the data set's own.

    Returns:
        `ActionScoresOnSet`.
    """
    outputs = _action_outputs(model)
    steps = list(subsampling or [dataset.dataconf.fixed_subsampling])
    keys = range(dataset.get_length(mode)) if keys is None else keys
    scores, true, num_clips = [], [], 0
    for key in progress_bar(keys, len(keys), "actions, all clips") if progress else keys:
        windows = [list(w) for w in dataset.get_clip_index(key, mode, subsamples=steps)] or [None]
        video = []
        for start in range(0, len(windows), batch_size):
            some = windows[start : start + batch_size]
            samples = [dataset.get_data(key, mode, frame_list=w, bbox=boxes and boxes(key, w)) for w in some]
            clips = np.stack([s["frame"] for s in samples])  # (B, T, H, W, 3)
            for frames in (clips, clips[:, :, :, ::-1]) if flip else (clips,):
                found = _forward(model, frames, batch_size)
                video.append(np.stack([found[k] for k in outputs]))  # (K, B, A)
        video = np.concatenate(video, axis=1)
        num_clips += video.shape[1]
        scores.append(np.log(np.maximum(video, SMALLEST)).sum(axis=1))  # (K, A)
        true.append(int(np.argmax(samples[0][label_key])))
    return _score_actions(np.stack(scores, axis=1), true, num_clips)


def pose_table(scores):
    """PCKh table as text: a row a joint and the mean, a column a prediction block, percent."""
    header = [f"PCKh@{scores.threshold:g} %", *(f"block {k + 1}" for k in range(len(scores.mean)))]
    rows = [[name, *scores.per_joint[:, j]] for j, name in enumerate(scores.joint_names)]
    rows.append(["mean", *scores.mean])
    return table(header, [[name, *(f"{100 * v:.1f}" for v in values)] for name, *values in rows])


def table(header, rows):
    """Text table: first column to the left, the others to the right, a rule under the header."""
    cells = [[str(c) for c in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in cells:
        first, *others = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]))
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:]])


def _batches(dataset, mode, keys, batch_size, progress, label):
    """Lists of samples in order, read by two threads; the bar counts samples."""
    keys = list(range(dataset.get_length(mode)) if keys is None else keys)
    if not keys:
        raise ValueError(f"`dataset` must have samples in `mode` {mode}. Received: {type(dataset).__name__}, empty")
    with ThreadPoolExecutor(2) as pool:
        parts = [keys[k : k + 4 * batch_size] for k in range(0, len(keys), 4 * batch_size)]
        stream = (s for part in parts for s in pool.map(lambda key: dataset.get_data(key, mode), part))
        batch = []
        for sample in progress_bar(stream, len(keys), label) if progress else stream:
            batch.append(sample)
            if len(batch) == batch_size:
                yield batch
                batch = []
        if batch:
            yield batch


def _forward(model, frames, batch_size):
    """All outputs for one batch, filled up to `batch_size` so that the network is traced for one shape only."""
    count = len(frames)
    filled = np.concatenate([frames, np.repeat(frames[-1:], batch_size - count, axis=0)])
    found = model.predict_on_batch(np.ascontiguousarray(filled))
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def _pose_outputs(view, frames, indices, batch_size):
    """The pose outputs `indices` of a picture network, (K, B, J, D + 1)."""
    found = _forward(view, frames, batch_size)
    return np.stack([found[k] for k in indices])


def _action_outputs(model):
    outputs = read_signature(model).action_outputs
    if not outputs:
        raise ValueError("`model` must have action outputs (B, A). Received: a model of poses only")
    return outputs


def _score_actions(scores, true, num_clips):
    """scores (K, N, A) and N true actions -> `ActionScoresOnSet`."""
    predicted, true = scores.argmax(axis=-1), np.asarray(true)  # (K, N), (N,)
    confusion = np.zeros((scores.shape[-1],) * 2, int)
    np.add.at(confusion, (true, predicted[-1]), 1)
    return ActionScoresOnSet((predicted == true).mean(axis=1), confusion, num_clips)
