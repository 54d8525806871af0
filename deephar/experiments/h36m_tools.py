"""Evaluate 3D poses on single people of Human3.6M: error of every prediction block in mm, root-aligned."""

import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from deephar.data.human36m import ACTION_LABELS
from deephar.experiments.generic import EvalCallback, as_list, print_scores
from deephar.inference.decode import decode
from deephar.metrics.pose3d import mpjpe
from deephar.models.signature import describe, signature_of
from deephar.utils import camera_deserialize, project_pred_to_camera
from deephar.utils.pose import DEPTH_RANGE_MM

ROOT_NOTE = "the depth of the root is GROUND TRUTH (rootz), as in the published protocol"


def eval_human36m_sc_error(
    model: keras.Model,
    x: np.ndarray,
    pose_w: np.ndarray,
    afmat: np.ndarray,
    rootz: np.ndarray,
    scam: np.ndarray,
    action: np.ndarray,
    resol_z: float = DEPTH_RANGE_MM,
    batch_size: int = 8,
    map_to_pa17j: Sequence[int] | None = None,
    logdir: str | pathlib.Path | None = None,
    verbose: bool = True,
) -> list[float]:
    """Return the MPJPE of every prediction block, one crop an image, with the true depth of the root.

    `deephar.evaluation.poses3d` has the other metrics, and a score that does without the true depth.

    Args:
        model: keras.Model. 3D pose model on images, or on clips: then consecutive samples are taken as the frames of
            one. Outputs that are not 3D poses are left out.
        x: np.ndarray (N, H, W, 3) crops.
        pose_w: np.ndarray (N, J, 3) true poses, world mm.
        afmat: np.ndarray (N, 3, 3) from frame px to the normalised crop.
        rootz: np.ndarray (N,) or (N, 1) true depth of the root, mm.
        scam: np.ndarray (N, 21) cameras as `Camera.serialize` writes them.
        action: np.ndarray (N,) or (N, 1) numbers of the actions, from 0.
        resol_z: float. How many mm z from 0 to 1 stands for.
        batch_size: int. Samples (or clips) for the network at once.
        map_to_pa17j: list of int or None. The joints of the model's layout that make pa17j, in its order; None where it
            is pa17j.
        logdir: str, Path or None. Write y_pred_w.npy (blocks, N, J, 3) and y_true_w.npy there, mm from the root, axes
            of the world.
        verbose: bool. Print the tables.

    Returns:
        Mean error in mm for each block, over all poses and joints, the root included.

    Raises:
        ValueError: the arguments differ in length, or do not fill one clip of the model; it gives no 3D poses.
    """
    lengths = {len(item) for item in (x, pose_w, afmat, rootz, scam, action)}
    if len(lengths) > 1:
        raise ValueError(f"all arguments must have one length. Received: {sorted(lengths)}")
    signature = signature_of(model, verbose=False)
    x, count = _as_clips(signature, x)
    blocks = [b for b, k in enumerate(signature.pose_outputs) if signature.outputs[k].layout.dim == 3]
    if not blocks:
        raise ValueError(f"`model` must give 3D poses. Received: {describe(signature)}")
    pose_w, afmat, rootz, scam, action = (np.asarray(item[:count]) for item in (pose_w, afmat, rootz, scam, action))
    joints = slice(None) if map_to_pa17j is None else list(map_to_pa17j)
    cameras, depth = camera_deserialize(scam), np.reshape(rootz, -1)
    true, poses = pose_w[:, joints].astype(float), []
    outputs = as_list(model.predict(x, batch_size=batch_size, verbose=0))
    for block in blocks:
        points, _ = decode(outputs, signature, block)  # (B, [T,] J, 3)
        crops = np.reshape(points, (count, -1, 3))
        poses.append(cameras.inverse_project(project_pred_to_camera(crops, afmat, resol_z, depth)[:, joints]))
    scores = [float(mpjpe(true, pose)) for pose in poses]
    if logdir is not None:
        np.save(pathlib.Path(logdir) / "y_pred_w.npy", [pose - pose[:, :1] for pose in poses])
        np.save(pathlib.Path(logdir) / "y_true_w.npy", true - true[:, :1])
    if verbose:
        _print(scores, true, poses, np.reshape(action, -1).astype(int))
    return scores


def _as_clips(signature, x):
    """Crops for the model, as clips where it takes clips, and how many images they are."""
    num_frames = signature.num_frames
    if not num_frames:
        return x, len(x)
    count = len(x) // num_frames * num_frames
    if not count:
        raise ValueError(f"`x` must hold at least {num_frames} frames, one clip. Received: {len(x)}")
    return np.reshape(x[:count], (-1, num_frames, *x.shape[1:])), count  # (B, T, H, W, 3)


def _print(scores, true, poses, action):
    """Tables of every block, and of every action in the best block."""
    best = int(np.argmin(scores))
    print_scores(f"MPJPE (mm), every prediction block, {len(true)} poses", scores, ROOT_NOTE, factor=1)
    names = dict(enumerate(ACTION_LABELS))
    chosen = {names.get(k, str(k)): action == k for k in np.unique(action).tolist()}
    rows = {name: float(mpjpe(true[own], poses[best][own])) for name, own in chosen.items()}
    print_scores(f"MPJPE (mm), every action, block {best + 1} (the best)", rows, factor=1)


class H36MEvalCallback(EvalCallback):
    """`eval_human36m_sc_error` after every epoch, kept in LOGDIR/h36m_val.json; the smallest score is the best."""

    log_name = "h36m_val.json"
    best_of, factor, worst = min, 1, np.inf

    def __init__(
        self,
        x: np.ndarray,
        pw: np.ndarray,
        afmat: np.ndarray,
        rootz: np.ndarray,
        scam: np.ndarray,
        action: np.ndarray,
        batch_size: int = 24,
        eval_model: keras.Model | None = None,
        map_to_pa17j: Sequence[int] | None = None,
        logdir: str | pathlib.Path | None = None,
    ) -> None:
        super().__init__(eval_model, logdir)
        self.data = (x, pw, afmat, rootz, scam, action)
        self.options = dict(batch_size=batch_size, map_to_pa17j=map_to_pa17j)

    def evaluate(self, model: keras.Model) -> list[float]:
        """Return the scores of every prediction block."""
        return eval_human36m_sc_error(model, *self.data, **self.options)
