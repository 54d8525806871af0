"""Evaluate actions on Penn Action: one clip from the middle of a video, or several clips and their mirror images."""

import json
import pathlib
import time

import numpy as np
from generic import EvalCallback, as_list, print_scores

from deephar.data.clips import union_box
from deephar.evaluation_actions import eval_multi_clip, score_clips, summarise
from deephar.evaluation_batches import prefetched
from deephar.utils import TEST_MODE, mkdir
from deephar.utils.io import write_json
from deephar.utils.progress import progress


def eval_singleclip_gt_bbox(model, x_te, action_te, batch_size=1, verbose=1):
    """Accuracy of every prediction on clips (N, T, H, W, 3) with one-hot labels (N, A): a fraction each."""
    start, count = time.monotonic(), len(x_te)
    batches = ((x_te[k : k + batch_size], action_te[k : k + batch_size]) for k in range(0, count, batch_size))
    scores = score_clips(model, batches, batch_size).accuracy.tolist()
    _report("single-clip", scores, count, time.monotonic() - start, verbose)
    return scores


def eval_singleclip_gt_bbox_generator(model, datagen, verbose=1, logdir=None):
    """Accuracy of every prediction on the batches of a loader.

    Args:
        model: action model, outputs (B, A) each.
        datagen: `BatchLoader` (or a sequence) of ([frames], [one-hot labels, ...]) batches, not shuffled.
        verbose: print the table, and progress.
        logdir: write single-clip/NN.npy there, for every block which clips are right.

    Returns:
        A fraction in [0, 1] for each output of the model.
    """
    start = time.monotonic()
    loaded = prefetched(datagen.__getitem__, range(len(datagen)))
    loaded = progress(loaded, len(datagen), "single-clip") if verbose else loaded
    found = score_clips(model, ((as_list(x)[0], as_list(y)[0]) for x, y in loaded), batch_size=1)
    count = _num_samples(datagen, len(found.true))
    found = summarise(found.scores[:, :count], found.true[:count], count)
    if logdir is not None:
        folder = pathlib.Path(logdir) / "single-clip"
        mkdir(folder)
        for block, predicted in enumerate(found.scores.argmax(axis=-1)):
            np.save(folder / f"{block:02d}.npy", (predicted == found.true).astype(float))
    scores = found.accuracy.tolist()
    _report("single-clip", scores, count, time.monotonic() - start, verbose)
    return scores


eval_singleclip = eval_singleclip_gt_bbox
eval_singleclip_generator = eval_singleclip_gt_bbox_generator


def _num_samples(datagen, seen):
    """How many of the samples seen are different: a loader fills its last batch from the start."""
    datasets = getattr(datagen, "datasets", [])
    return min(seen, datasets[0].get_length(datagen.mode)) if len(datasets) == 1 else seen


def eval_multiclip_dataset(model, penn, subsampling, bboxes_file=None, logdir=None, verbose=1, batch_size=8):
    """Accuracy when the probabilities of all clips of a video, and of their mirror images, are multiplied.

    A video that is shorter than one clip at this step counts with the one clip that the data set makes of it.

    Args:
        model: action model, outputs (B, A) each.
        penn: `PennAction` with topology 'sequences' (or a data set with the same methods and keys).
        subsampling: take every n-th frame.
        bboxes_file: predicted boxes (`predict_bboxes.py`) to crop by; by default the data set's own choice.
        logdir: write allpred.npy (blocks, videos, actions: log of the product), a_true.npy and missing-clips.json,
            the single clips that the last block gets wrong: {"video.clip.mirrored": [true, predicted]}.
        verbose: print the table, and progress.
        batch_size: clips for the network at once.

    Returns:
        (blocks,) accuracy in per cent.
    """
    start, boxes = time.monotonic(), read_boxes(bboxes_file, penn)
    options = {"batch_size": batch_size, "progress": bool(verbose), "boxes": boxes}
    found = eval_multi_clip(model, penn, TEST_MODE, [subsampling], **options)
    if logdir is not None:
        folder = pathlib.Path(logdir)
        np.save(folder / "allpred.npy", found.scores)
        np.save(folder / "a_true.npy", np.eye(found.scores.shape[-1])[found.true])
        wrong = {f"{v:04d}.{clip:03d}.{m}": [int(found.true[v]), label] for v, clip, m, label in found.wrong_clips}
        write_json(folder / "missing-clips.json", wrong)
    _report("multi-clip", found.accuracy.tolist(), found.num_clips, time.monotonic() - start, verbose)
    return 100 * found.accuracy


def read_boxes(bboxes_file, penn):
    """Predicted boxes of the test videos as a function (video, frames) -> box, or None without a file.

    Args:
        bboxes_file: below the data set's folder or absolute; None: the data set's own choice of box.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if bboxes_file is None:
        return None
    path = pathlib.Path(getattr(penn, "dataset_path", "."), bboxes_file)
    if not path.is_file():
        command = "`python exp/pennaction/predict_bboxes.py` writes it"
        raise FileNotFoundError(f"`bboxes_file` must be a file. Received: {str(path)!r}; {command}.")
    boxes = json.loads(path.read_text(encoding="utf-8"))[TEST_MODE]
    return lambda video, frames: union_box([boxes[f"{video}.{frame}"] for frame in frames])


def _report(protocol, scores, num_clips, seconds, verbose):
    if verbose:
        speed = f"{num_clips} clips in {seconds:.1f} s, {num_clips / max(seconds, 1e-9):.1f} clips a second"
        print_scores(f"Penn Action, {protocol} accuracy (%), every prediction block", scores, speed)


class PennActionEvalCallback(EvalCallback):
    """Single-clip accuracy after every epoch, kept in LOGDIR/penn_val.json.

    Args:
        data: a `BatchLoader`, or (clips, one-hot labels).
        batch_size: clips for the network at once, for the latter.
    """

    log_name = "penn_val.json"

    def __init__(self, data, batch_size=1, eval_model=None, logdir=None):
        super().__init__(eval_model, logdir)
        self.data = data
        self.batch_size = batch_size

    def evaluate(self, model):
        if isinstance(self.data, (list, tuple)):
            return eval_singleclip_gt_bbox(model, *self.data, batch_size=self.batch_size)
        return eval_singleclip_gt_bbox_generator(model, self.data)
