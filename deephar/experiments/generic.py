"""What all evaluations share: boxes from poses, a table of scores, the callback that keeps the best."""

import pathlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras.callbacks import Callback
from numpy.typing import ArrayLike

from deephar.utils import get_valid_bbox_array, transform_2d_points
from deephar.utils.io import write_json

COORDINATE_ABOVE = 0.25  # joints whose last coordinate (y in 2D) is above it span the published boxes


def get_bbox_from_poses(poses: ArrayLike, afmat: ArrayLike, scale: float = 1.5) -> np.ndarray:
    """Return the box around a predicted clip, in the frame.

    The published boxes leave out the joints whose last coordinate (the one before the confidence) is 0.25 or less; the
    same is done here, so that boxes written earlier remain valid.

    Args:
        poses: array, (T, J, dim + 1) or (1, T, J, dim + 1), normalised to the crop, confidence last.
        afmat: array (3, 3) from frame px to the normalised crop.
        scale: float. Side of the box over the extent of the joints.

    Returns:
        (4,) x1 y1 x2 y2, frame px.

    Raises:
        ValueError: on another shape, or if a frame has no joint that counts.
    """
    poses = np.asarray(poses)
    if poses.ndim not in (3, 4):
        raise ValueError(f"`poses` must have the shape (T, J, dim + 1) or (1, T, J, dim + 1). Received: {poses.shape}")
    clip = poses[0] if poses.ndim == 4 else poses  # (T, J, dim + 1)
    boxes = get_valid_bbox_array(clip[..., :2], jprob=clip[..., -2] > COORDINATE_ABOVE, relsize=scale)  # (T, 4)
    corners = np.stack([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])  # (2, 2)
    corners = transform_2d_points(afmat, corners, transpose=True, inverse=True)
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def as_list(outputs: Any) -> list:
    """Return the outputs of a model as a list, also where it has only one."""
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def print_scores(title: str, scores: dict[str, float] | Sequence[float], note: str = "", factor: float = 100) -> None:
    """Print scores as one small table, fractions in per cent.

    Args:
        title: str. What is measured, on which data.
        scores: dict of name to score, or a list with one for each prediction block.
        note: str. A line below the table.
        factor: float. Factor on what is printed; 1 for scores that are not fractions.
    """
    if not isinstance(scores, dict):
        scores = {str(block): score for block, score in enumerate(scores, start=1)}
    widths = [max(len(name), 5) for name in scores]
    names = "  ".join(name.rjust(width) for name, width in zip(scores, widths, strict=True))
    values = "  ".join(f"{factor * score:.1f}".rjust(w) for score, w in zip(scores.values(), widths, strict=True))
    print("\n".join([title, f"  {names}", f"  {values}", *([f"  {note}"] if note else [])]), flush=True)


class EvalCallback(Callback):
    """Evaluate after every epoch, keep the scores in LOGDIR/`log_name`, and remember the best epoch.

    Args:
        eval_model: keras.Model or None. The model to evaluate; by default the one that is trained.
        logdir: str, Path or None. Folder for the scores of every epoch, {epoch: [fraction of block 1, ...]}.

    Attributes:
        scores: epoch (from 1) -> best score over the blocks; NaN where all are.
    """

    log_name = "val.json"
    best_of, factor, worst = max, 100, 0  # fractions, the larger the better, printed in per cent

    def __init__(self, eval_model: keras.Model | None = None, logdir: str | pathlib.Path | None = None) -> None:
        super().__init__()
        self.eval_model = eval_model
        self.logdir = logdir
        self.scores = {}
        self.logarray = {}

    def evaluate(self, model: keras.Model) -> list[float]:
        """Return the scores of every prediction block."""
        raise NotImplementedError

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Evaluate after epoch `epoch`, counted from 0, and keep the scores."""
        scores = self.evaluate(self.model if self.eval_model is None else self.eval_model)
        epoch += 1
        self.logarray[epoch] = scores
        measured = [score for score in scores if not np.isnan(score)]
        self.scores[epoch] = type(self).best_of(measured, default=np.nan)
        if self.logdir is not None:
            write_json(pathlib.Path(self.logdir) / self.log_name, self.logarray)
        print(f"best score is {self.factor * self.best_score:.1f} at epoch {self.best_epoch}", flush=True)

    @property
    def best_epoch(self) -> float:
        """The epoch with the best score, infinity before the first; NaN is never best."""
        measured = [epoch for epoch, score in self.scores.items() if not np.isnan(score)]
        return type(self).best_of(measured, key=self.scores.get, default=np.inf)

    @property
    def best_score(self) -> float:
        """The best score so far; before the first `worst`, 0 for fractions."""
        return self.scores.get(self.best_epoch, self.worst)
