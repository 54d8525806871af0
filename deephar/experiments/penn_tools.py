"""Evaluate actions on Penn Action: one clip from the middle of a video, or several clips and their flipped copies.

The functions are those of action_evaluation.py, whose first argument is given here:

    eval_singleclip(model, x_te, action_te, batch_size=1, verbose=1), also named eval_singleclip_gt_bbox
    eval_singleclip_generator(model, datagen, verbose=1, logdir=None), also named eval_singleclip_gt_bbox_generator
    eval_multiclip_dataset(model, penn, subsampling=None, bboxes_file=None, logdir=None, verbose=1, batch_size=8)
    read_boxes(bboxes_file, penn)
"""

import functools

from deephar.experiments import action_evaluation

PENN_ACTION = action_evaluation.ActionSet("Penn Action", "pennaction", "exp/pennaction/predict_bboxes.py")

eval_singleclip_gt_bbox = functools.partial(action_evaluation.single_clip, PENN_ACTION)
eval_singleclip_gt_bbox_generator = functools.partial(action_evaluation.single_clip_batches, PENN_ACTION)
eval_multiclip_dataset = functools.partial(action_evaluation.multi_clip, PENN_ACTION)
read_boxes = functools.partial(action_evaluation.read_boxes, PENN_ACTION)
eval_singleclip = eval_singleclip_gt_bbox
eval_singleclip_generator = eval_singleclip_gt_bbox_generator


class PennActionEvalCallback(action_evaluation.ActionEvalCallback):
    """Single-clip accuracy after every epoch, kept in LOGDIR/penn_val.json; arguments as `ActionEvalCallback`."""

    about, log_name = PENN_ACTION, "penn_val.json"
