"""Evaluate actions on NTU: one clip from the middle of a video, or several clips and their flipped copies.

The functions are those of action_evaluation.py, whose first argument is given here:

    eval_singleclip(model, x_te, action_te, batch_size=1, verbose=1), also named eval_singleclip_gt_bbox
    eval_singleclip_generator(model, datagen, verbose=1, logdir=None), also named eval_singleclip_gt_bbox_generator
    eval_multiclip_dataset(model, ntu, subsampling=None, bboxes_file=None, logdir=None, verbose=1, batch_size=8)
    read_boxes(bboxes_file, ntu)
"""

import functools
import pathlib
from typing import TYPE_CHECKING

import keras
import numpy as np

from deephar.experiments import action_evaluation

if TYPE_CHECKING:
    from deephar.data.loader import BatchLoader

NTU = action_evaluation.ActionSet("NTU", "ntuaction", "exp/ntu/predict_bboxes.py")

eval_singleclip = functools.partial(action_evaluation.single_clip, NTU)
eval_singleclip_generator = functools.partial(action_evaluation.single_clip_batches, NTU)
eval_multiclip_dataset = functools.partial(action_evaluation.multi_clip, NTU)
read_boxes = functools.partial(action_evaluation.read_boxes, NTU)
eval_singleclip_gt_bbox = eval_singleclip
eval_singleclip_gt_bbox_generator = eval_singleclip_generator


class NtuEvalCallback(action_evaluation.ActionEvalCallback):
    """Single-clip accuracy after every epoch, kept in LOGDIR/ntu_val.json; arguments as `ActionEvalCallback`.

    The batch size comes last, where code that gives `data, eval_model, logdir` by position does not meet it.
    """

    about, log_name = NTU, "ntu_val.json"

    def __init__(
        self,
        data: "BatchLoader | tuple[np.ndarray, np.ndarray]",
        eval_model: keras.Model | None = None,
        logdir: str | pathlib.Path | None = None,
        batch_size: int = 1,
    ) -> None:
        super().__init__(data, batch_size, eval_model, logdir)
