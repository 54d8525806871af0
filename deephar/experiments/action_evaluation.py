"""What the evaluations of actions share, for any set of videos: one clip of a video, or all of them multiplied."""

import pathlib
import time
from dataclasses import dataclass

import numpy as np

from deephar.data.clips import union_box
from deephar.data.videos import load_boxes
from deephar.evaluation.actions import eval_multi_clip, eval_single_clip, score_clips, summarise
from deephar.evaluation.batches import prefetched
from deephar.experiments.generic import EvalCallback, as_list, print_scores
from deephar.experiments.validation import spread
from deephar.utils import TEST_MODE, mkdir
from deephar.utils.io import write_json
from deephar.utils.progress import progress
from deephar.utils.tables import table


@dataclass(frozen=True)
class ActionSet:
    """How a set of videos is spoken of.

    Attributes:
        title: its name, for tables.
        label_key: entry of a sample with the one-hot action.
        boxes_command: the script that predicts its boxes, for errors.
    """

    title: str
    label_key: str
    boxes_command: str


def single_clip(about, model, x_te, action_te, batch_size=1, verbose=1):
    """Accuracy of every prediction on clips (N, T, H, W, 3) with one-hot labels (N, A): a fraction each."""
    start, count = time.monotonic(), len(x_te)
    batches = ((x_te[k : k + batch_size], action_te[k : k + batch_size]) for k in range(0, count, batch_size))
    scores = score_clips(model, batches, batch_size).accuracy.tolist()
    _report(about, "single-clip", scores, count, time.monotonic() - start, verbose)
    return scores


def single_clip_batches(about, model, datagen, verbose=1, logdir=None):
    """Accuracy of every prediction on the batches of a loader.

    Args:
        about: `ActionSet`.
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
    _report(about, "single-clip", scores, count, time.monotonic() - start, verbose)
    return scores


def _num_samples(datagen, seen):
    """How many of the samples seen are different: a loader fills its last batch from the start."""
    datasets = getattr(datagen, "datasets", [])
    return min(seen, datasets[0].get_length(datagen.mode)) if len(datasets) == 1 else seen


def multi_clip(about, model, dataset, subsampling, bboxes_file=None, logdir=None, verbose=1, batch_size=8):
    """Accuracy when the probabilities of all clips of a video, and of their flipped copies, are multiplied.

    A video that is shorter than one clip at this step counts with the one clip that the data set makes of it.

    Args:
        about: `ActionSet`.
        model: action model, outputs (B, A) each.
        dataset: one of videos, with topology 'sequences'.
        subsampling: take every n-th frame.
        bboxes_file: predicted boxes (`predict_bboxes.py`) to crop by; by default the data set's own choice.
        logdir: write allpred.npy (blocks, videos, actions: log of the product), a_true.npy and missing-clips.json,
            the single clips that the last block gets wrong: {"video.clip.flipped": [true, predicted]}.
        verbose: print the table, and progress.
        batch_size: clips for the network at once.

    Returns:
        (blocks,) accuracy in per cent.
    """
    start, boxes = time.monotonic(), read_boxes(about, bboxes_file, dataset)
    options = {"batch_size": batch_size, "label_key": about.label_key, "progress": bool(verbose), "boxes": boxes}
    found = eval_multi_clip(model, dataset, TEST_MODE, [subsampling], **options)
    if logdir is not None:
        folder = pathlib.Path(logdir)
        np.save(folder / "allpred.npy", found.scores)
        np.save(folder / "a_true.npy", np.eye(found.scores.shape[-1])[found.true])
        wrong = {f"{v:04d}.{clip:03d}.{m}": [int(found.true[v]), label] for v, clip, m, label in found.wrong_clips}
        write_json(folder / "missing-clips.json", wrong)
    _report(about, "multi-clip", found.accuracy.tolist(), found.num_clips, time.monotonic() - start, verbose)
    return 100 * found.accuracy


def read_boxes(about, bboxes_file, dataset):
    """Predicted boxes of the test videos as a function (video, frames) -> box, or None without a file.

    Args:
        about: `ActionSet`.
        bboxes_file: below the data set's folder or absolute; None: the data set's own choice of box.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is not one of boxes.
    """
    if bboxes_file is None:
        return None
    path = pathlib.Path(getattr(dataset, "dataset_path", "."), bboxes_file)
    command = f"`python {about.boxes_command}` writes it"
    if not path.is_file():
        raise FileNotFoundError(f"`bboxes_file` must be a file. Received: {str(path)!r}; {command}.")
    boxes = load_boxes(path, f"{command}.")[TEST_MODE]
    name = getattr(dataset, "box_name", lambda mode, video, frame: f"{video}.{frame}")
    return lambda video, frames: union_box([boxes[name(TEST_MODE, video, frame)] for frame in frames])


def _report(about, protocol, scores, num_clips, seconds, verbose):
    if verbose:
        speed = f"{num_clips} clips in {seconds:.1f} s, {num_clips / max(seconds, 1e-9):.1f} clips a second"
        print_scores(f"{about.title}, {protocol} accuracy (%), every prediction block", scores, speed)


def _ordinal(number):
    """2 -> '2nd'; the numbers here are small."""
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number, "th")
    return f"{number}{suffix}"


def evaluate(about, model, dataset, where, limit=None, batch_size=4, names=None):
    """Print and return single-clip and multi-clip accuracy on the test videos.

    Args:
        about: `ActionSet`.
        model: action model, outputs (B, A) each.
        dataset: one of videos, with topology 'sequences' and `action_labels`.
        where: where the boxes come from, in words.
        limit: so many videos, evenly spaced; None: all.
        batch_size: clips for the network at once.
        names: of the action outputs; by default block 1, block 2, ...

    Returns:
        Dict for a report: `single_clip` and `multi_clip` (fractions, one an output), `videos`, `clips`, `actions` and
        `confusion`, multi-clip, of the last output.
    """
    keys = spread(dataset.get_length(TEST_MODE), limit or dataset.get_length(TEST_MODE))
    shared = {"keys": keys, "batch_size": batch_size, "label_key": about.label_key}
    single = eval_single_clip(model, dataset, **shared)
    multi = eval_multi_clip(model, dataset, **shared)
    rows = [["single-clip", single], [f"multi-clip ({multi.num_clips} clips)", multi]]
    header = ["accuracy %", *(names or (f"block {k + 1}" for k in range(len(single.accuracy))))]
    step = dataset.dataconf.fixed_subsampling
    print(f"{about.title}, {len(keys)} test videos, every {_ordinal(step)} frame, boxes from {where}")
    print(table(header, [[name, *(f"{100 * value:.1f}" for value in scores.accuracy)] for name, scores in rows]))
    report = {"single_clip": single.accuracy.tolist(), "multi_clip": multi.accuracy.tolist()}
    report.update(videos=len(keys), clips=multi.num_clips, subsampling=step, boxes=str(where))
    return {**report, "actions": list(dataset.action_labels), "confusion": multi.confusion.tolist()}


class ActionEvalCallback(EvalCallback):
    """Single-clip accuracy after every epoch, kept in LOGDIR/`log_name`.

    Args:
        data: a `BatchLoader`, or (clips, one-hot labels).
        batch_size: clips for the network at once, for the latter.
    """

    about = None

    def __init__(self, data, batch_size=1, eval_model=None, logdir=None):
        super().__init__(eval_model, logdir)
        self.data = data
        self.batch_size = batch_size

    def evaluate(self, model):
        if isinstance(self.data, (list, tuple)):
            return single_clip(self.about, model, *self.data, batch_size=self.batch_size)
        return single_clip_batches(self.about, model, self.data)
