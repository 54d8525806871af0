"""Evaluate poses on single people of MPII: PCKh of every prediction block, in pixels of the frame."""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.experiments.generic import EvalCallback, as_list, print_scores
from deephar.inference.decode import decode, decode_all
from deephar.metrics.pose2d import pckh, pckh_per_joint
from deephar.models.signature import signature_of
from deephar.utils import bbox_to_objposwin, objposwin_to_bbox, pa16j2d
from deephar.utils.transform import crop_to_frame


def eval_singleperson_pckh(
    model: keras.Model,
    fval: np.ndarray,
    pval: np.ndarray,
    afmat_val: np.ndarray,
    headsize_val: np.ndarray,
    win: np.ndarray | None = None,
    batch_size: int = 8,
    refp: float = 0.5,
    map_to_pa16j: Sequence[int] | None = None,
    pred_per_block: int = 1,
    verbose: int = 1,
) -> list[float]:
    """Return the PCKh of every prediction block.

    Args:
        model: keras.Model. Pose model on images, or on clips: then consecutive samples are taken as the frames of one.
            Outputs that are not poses are left out.
        fval: np.ndarray (N, H, W, 3) crops.
        pval: np.ndarray (N, J, 2+) true poses normalised to the crop, absent joints -1e9.
        afmat_val: np.ndarray (N, 3, 3) from frame px to the normalised crop.
        headsize_val: np.ndarray (N,) or (N, 1) frame px.
        win: np.ndarray or None. Second input of the model.
        batch_size: int. Samples (or clips) for the network at once.
        refp: float. Threshold in head sizes.
        map_to_pa16j: list of int or None. The joints of the model's layout that make pa16j, in its order; None where it
            is pa16j.
        pred_per_block: int. Accepted for old code; the model's signature says which outputs are poses.
        verbose: int. Print the table.

    Returns:
        A fraction in [0, 1] for each block, joints as in `deephar.metrics.pose2d.pckh`.

    Raises:
        ValueError: if the samples do not fill one clip of the model.
    """
    signature = signature_of(model, verbose=False)
    num_frames = signature.num_frames
    if num_frames:
        count = len(fval) // num_frames * num_frames
        if not count:
            raise ValueError(f"`fval` must hold at least {num_frames} frames, one clip. Received: {len(fval)}")
        fval, pval, afmat_val, headsize_val = (x[:count] for x in (fval, pval, afmat_val, headsize_val))
        fval = np.reshape(fval, (-1, num_frames, *fval.shape[1:]))  # (B, T, H, W, 3)
    inputs = fval if win is None else [fval, win]
    poses, _ = decode_all(as_list(model.predict(inputs, batch_size=batch_size, verbose=0)), signature)
    y_true = _pose_px(np.asarray(pval), afmat_val, map_to_pa16j)
    predictions = [_pose_px(pose, afmat_val, map_to_pa16j) for pose in poses]
    scores = [float(pckh(y_true, y_pred, headsize_val, refp=refp)) for y_pred in predictions]
    if verbose:
        print_scores(f"PCKh@{refp:g} (%), every prediction block, {len(y_true)} people", scores)
        joints = pckh_per_joint(y_true, predictions[-1], headsize_val, pa16j2d, refp=refp)
        print_scores(f"PCKh@{refp:g} (%), every joint, last block", joints)
    return scores


def _pose_px(pose, afmat, joints=None):
    """Poses ([B, T,] J, 2+) normalised to their crops in frame px, (N, J, 2); absent joints stay absent."""
    pose = crop_to_frame(np.reshape(pose[..., :2], (-1, pose.shape[-2], 2)), afmat)
    return pose if joints is None else pose[:, joints]


class MpiiEvalCallback(EvalCallback):
    """`eval_singleperson_pckh` after every epoch, kept in LOGDIR/mpii_val.json."""

    log_name = "mpii_val.json"

    def __init__(
        self,
        fval: np.ndarray,
        pval: np.ndarray,
        afmat_val: np.ndarray,
        headsize_val: np.ndarray,
        win: np.ndarray | None = None,
        batch_size: int = 16,
        eval_model: keras.Model | None = None,
        map_to_pa16j: Sequence[int] | None = None,
        pred_per_block: int = 1,
        logdir: str | pathlib.Path | None = None,
    ) -> None:
        super().__init__(eval_model, logdir)
        self.data = (fval, pval[:, :, 0:2], afmat_val, headsize_val)
        self.options = dict(win=win, batch_size=batch_size, map_to_pa16j=map_to_pa16j, pred_per_block=pred_per_block)

    def evaluate(self, model: keras.Model) -> list[float]:
        """Return the scores of every prediction block."""
        return eval_singleperson_pckh(model, *self.data, **self.options)


def absulute_pred(
    model: keras.Model, frames: np.ndarray, afmat: np.ndarray, outidx: int, batch_size: int = 8
) -> np.ndarray:
    """Return the poses (N, J, 2) of output `outidx` in frame px, from crops (N, H, W, 3) and their maps (N, 3, 3).

    Raises:
        ValueError: the model has no such output of poses.
    """
    signature = signature_of(model, verbose=False)
    places = {k: block for block, k in enumerate(signature.pose_outputs)}
    index = outidx + len(signature.outputs) if outidx < 0 else outidx
    if index not in places:
        raise ValueError(f"`outidx` must be an output of poses, one of {list(places)}. Received: {outidx}")
    predictions = as_list(model.predict(np.asarray(frames[:]), batch_size=batch_size, verbose=0))
    return _pose_px(decode(predictions, signature, places[index])[0], afmat[:])


def refine_pred(
    model: keras.Model,
    frames: np.ndarray,
    afmat: np.ndarray,
    bbox: np.ndarray,
    ds: Dataset,
    mode: int,
    outidx: int,
    num_iter: int = 2,
    winsize_scale: float = 1.50,
    momentum: float = 0.8,
    batch_size: int = 8,
) -> list[np.ndarray]:
    """Predict, crop again around the prediction, and predict again.

    Args:
        model, outidx: keras.Model and int. The model, and the index of the output to take.
        frames: np.ndarray (N, H, W, 3) crops of the samples 0 to N - 1 of the data set.
        afmat: np.ndarray (N, 3, 3) from frame px to the normalised crop.
        bbox: np.ndarray (N, 4) their boxes, frame px.
        ds, mode: `Dataset` and int. The data set, and its mode; its `get_data(key, mode, bbox=box)` crops again.
        num_iter: int. Number of predictions in all.
        winsize_scale: float. Side of the new box over the extent of the joints.
        momentum: float. How much of the given box's centre the new one keeps.
        batch_size: int. Samples for the network at once.

    Returns:
        A list of `num_iter` poses (N, J, 2), frame px.
    """
    given = np.array([bbox_to_objposwin(box)[0] for box in bbox[:]])  # (N, 2)
    frames, afmat, poses = np.asarray(frames[:]), np.asarray(afmat[:]), []
    for iteration in range(num_iter):
        poses.append(absulute_pred(model, frames, afmat, outidx, batch_size))
        if iteration == num_iter - 1:
            break
        low, high = poses[-1].min(axis=1), poses[-1].max(axis=1)  # (N, 2)
        centres = momentum * given + (1 - momentum) * (low + high) / 2
        sides = winsize_scale * (high - low).max(axis=1)
        boxes = [objposwin_to_bbox(centre, (side, side)) for centre, side in zip(centres, sides, strict=True)]
        samples = [ds.get_data(key, mode, bbox=box) for key, box in enumerate(boxes)]
        frames = np.stack([sample["frame"] for sample in samples])
        afmat = np.stack([sample["afmat"] for sample in samples])
    return poses
