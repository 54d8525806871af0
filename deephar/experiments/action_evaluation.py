"""What the evaluations of actions share, for any set of videos: one clip of a video, or all of them multiplied."""

import functools
import pathlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from deephar.data.boxes import ClipBoxes, FrameBoxes, find_box_file, read_box_file
from deephar.data.samples import Dataset
from deephar.evaluation.actions import eval_multi_clip, eval_single_clip, score_clips, summarise
from deephar.evaluation.batches import prefetched
from deephar.experiments.generic import EvalCallback, as_list, print_scores
from deephar.experiments.validation import spread
from deephar.utils import TEST_MODE, mkdir
from deephar.utils.io import write_json
from deephar.utils.progress import progress
from deephar.utils.tables import table

if TYPE_CHECKING:
    from deephar.data.loader import BatchLoader

STEP = 2  # between the frames of a clip, in the evaluation of CVPR'18, which had no argument for it
SINGLE_CLIP_NOTE = "no single-clip accuracy: the boxes are those of the clips of the multi-clip test"


@dataclass(frozen=True)
class ActionSet:
    """How a set of videos is spoken of.

    Attributes:
        title: str. Its name, for tables.
        label_key: str. Entry of a sample with the one-hot action.
        boxes_command: str. The script that predicts its boxes, for errors.
    """

    title: str
    label_key: str
    boxes_command: str


def single_clip(
    about: ActionSet, model: keras.Model, x_te: np.ndarray, action_te: np.ndarray, batch_size: int = 1, verbose: int = 1
) -> list[float]:
    """Return the accuracy in [0, 1] of every output on clips (N, T, H, W, 3) with one-hot labels (N, A)."""
    start, count = time.monotonic(), len(x_te)
    batches = ((x_te[k : k + batch_size], action_te[k : k + batch_size]) for k in range(0, count, batch_size))
    scores = score_clips(model, batches, batch_size).accuracy.tolist()
    _report(about, "single-clip", scores, count, time.monotonic() - start, verbose)
    return scores


def single_clip_batches(
    about: ActionSet,
    model: keras.Model,
    datagen: "BatchLoader | Sequence[tuple]",
    verbose: int = 1,
    logdir: str | pathlib.Path | None = None,
) -> list[float]:
    """Return the accuracy of every output on the batches of a loader.

    Args:
        about: `ActionSet`.
        model: keras.Model. Action model, outputs (B, A) each.
        datagen: `BatchLoader` (or a sequence) of ([frames], [one-hot labels, ...]) batches, not shuffled.
        verbose: int. Print the table, and progress.
        logdir: str, Path or None. Write single-clip/NN.npy there, for every block which clips are right.

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


def multi_clip(
    about: ActionSet,
    model: keras.Model,
    dataset: Dataset,
    subsampling: int | str | pathlib.Path | None = None,
    bboxes_file: str | pathlib.Path | None = None,
    logdir: str | pathlib.Path | None = None,
    verbose: int = 1,
    batch_size: int = 8,
) -> np.ndarray:
    """Return the accuracy when the probabilities of all clips of a video, and of their flipped copies, are multiplied.

    A video that is shorter than one clip at this step counts with the one clip that the data set makes of it, cropped
    by the data set's own choice of box.

    Args:
        about: `ActionSet`.
        model: keras.Model. Action model, outputs (B, A) each.
        dataset: `Dataset` of videos, with topology 'sequences'.
        subsampling: int, str, Path or None. Take every n-th frame; None: as the file of boxes says, or every 2nd. Old
            code may have `bboxes_file` in this place.
        bboxes_file: str, Path or None. Predicted boxes to crop by, see `read_boxes`; by default the data set's own
            choice.
        logdir: str, Path or None. Write allpred.npy (blocks, videos, actions: log of the product), a_true.npy and
            missing-clips.json, the single clips that the last block gets wrong: {"video.clip.flipped": [true,
            predicted]}.
        verbose: int. Print the table, and progress.
        batch_size: int. Clips for the network at once.

    Returns:
        (blocks,) accuracy in per cent.

    Raises:
        FileNotFoundError, ValueError: there is no such file of boxes, or it is of other clips.
    """
    if isinstance(subsampling, (str, pathlib.Path)):
        subsampling, bboxes_file = None, subsampling
    start, boxes = time.monotonic(), read_boxes(about, bboxes_file, dataset)
    step = subsampling or (boxes and boxes.step) or STEP
    chosen = box_choice(boxes, dataset, range(dataset.get_length(TEST_MODE)), step)
    options = {"batch_size": batch_size, "label_key": about.label_key, "progress": bool(verbose), "boxes": chosen}
    found = eval_multi_clip(model, dataset, TEST_MODE, [step], **options)
    if logdir is not None:
        _write_votes(pathlib.Path(logdir), found)
    clips = f"; every {_ordinal(step)} frame, boxes from {box_source(dataset, boxes)}"
    _report(about, "multi-clip", found.accuracy.tolist(), found.num_clips, time.monotonic() - start, verbose, clips)
    return 100 * found.accuracy


def _write_votes(folder, found):
    np.save(folder / "allpred.npy", found.scores)
    np.save(folder / "a_true.npy", np.eye(found.scores.shape[-1])[found.true])
    wrong = {f"{v:04d}.{clip:03d}.{m}": [int(found.true[v]), label] for v, clip, m, label in found.wrong_clips}
    write_json(folder / "missing-clips.json", wrong)


def read_boxes(
    about: ActionSet, bboxes_file: str | pathlib.Path | None, dataset: Dataset, argument: str = "bboxes_file"
) -> FrameBoxes | ClipBoxes | None:
    """Return the predicted boxes of the test videos, or None without a file.

    Args:
        about: `ActionSet`.
        bboxes_file: str, Path or None. JSON file of boxes of frames or of clips (`deephar.data.boxes`), as seen from
            the working directory or below the data set's folder; None: the data set's own choice of box.
        dataset: `Dataset` of videos.
        argument: str. What the caller names the file, for the error.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is not one of boxes.
    """
    if bboxes_file is None:
        return None
    prepare = f"`python {about.boxes_command}` writes it."
    return read_box_file(find_box_file(bboxes_file, dataset.dataset_path, argument, prepare), prepare)


def box_choice(
    boxes: FrameBoxes | ClipBoxes | None, dataset: Dataset, keys: Sequence[int], step: int
) -> Callable[..., np.ndarray] | None:
    """Make sure that every clip has a box, and return the function that `eval_multi_clip` takes as `boxes`.

    Args:
        boxes: `FrameBoxes`, `ClipBoxes` or None, from `read_boxes`.
        dataset: `Dataset` of videos.
        keys: list of int. Numbers of the test videos that will be asked for.
        step: int. Step between the frames of a clip.

    Raises:
        ValueError: the file is of other clips.
    """
    if boxes is None:
        return None
    if boxes.step not in (None, step):
        raise ValueError(f"`subsampling` must be {boxes.step}, that of the boxes in {boxes.path}. Received: {step}")
    boxes.check(dataset, keys)
    return functools.partial(boxes.of_clip, dataset)


def box_source(dataset: Dataset, boxes: FrameBoxes | ClipBoxes | None = None) -> str:
    """Return in words what the clips of a data set are cropped by."""
    if boxes is not None:
        return str(boxes.path)
    if getattr(dataset, "use_gt_bbox", False):
        return "the annotation"
    own = getattr(dataset, "pred_bboxes", None)
    return str(own.path) if own is not None else "the whole frame"


def _report(about, protocol, scores, num_clips, seconds, verbose, clips=""):
    if verbose:
        speed = f"{num_clips} clips in {seconds:.1f} s, {num_clips / max(seconds, 1e-9):.1f} clips a second{clips}"
        print_scores(f"{about.title}, {protocol} accuracy (%), every prediction block", scores, speed)


def _ordinal(number):
    """2 -> '2nd'; the numbers here are small."""
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number, "th")
    return f"{number}{suffix}"


def evaluate(
    about: ActionSet,
    model: keras.Model,
    make_dataset: Callable[..., Dataset],
    boxes_file: str | pathlib.Path | None = None,
    limit: int | None = None,
    batch_size: int = 4,
    names: Sequence[str] | None = None,
    note: str = "",
) -> dict:
    """Print and return single-clip and multi-clip accuracy on the test videos.

    Args:
        about: `ActionSet`.
        model: keras.Model. Action model, outputs (B, A) each.
        make_dataset: function (use_gt_bbox=bool) -> data set of videos with topology 'sequences' and `action_labels`.
        boxes_file: str, Path or None. Predicted boxes of frames, or of the clips of the multi-clip test: then there is
            no single-clip accuracy, and videos that are shorter than a clip are taken whole. None: boxes around the
            annotation.
        limit: int or None. Number of videos, evenly spaced; None: all.
        batch_size: int. Clips for the network at once.
        names: list of str or None. Names of the action outputs; None: block 1, block 2, ...
        note: str. More about the data, for the title.

    Returns:
        Dict for a report: `single_clip` (fractions, one an output; or None, with `single_clip_note`), `multi_clip`,
        `videos`, `clips`, `actions` and `confusion`, multi-clip, of the last output.
    """
    dataset = make_dataset(use_gt_bbox=boxes_file is None)
    boxes = read_boxes(about, boxes_file, dataset, "boxes")
    if isinstance(boxes, FrameBoxes):
        dataset.pred_bboxes, boxes = boxes, None
    number, step = dataset.get_length(TEST_MODE), dataset.dataconf.fixed_subsampling
    keys = spread(number, limit or number)
    shared = {"keys": keys, "batch_size": batch_size, "label_key": about.label_key}
    chosen = box_choice(boxes, dataset, keys, step)
    single = eval_single_clip(model, dataset, **shared) if boxes is None else None
    multi = eval_multi_clip(model, dataset, **shared, boxes=chosen)
    rows = [] if single is None else [["single-clip", single]]
    rows.append([f"multi-clip ({multi.num_clips} clips)", multi])
    header = ["accuracy %", *(names or (f"block {k + 1}" for k in range(len(multi.accuracy))))]
    where = box_source(dataset, boxes)
    print(f"{about.title}, {len(keys)} test videos{note}, every {_ordinal(step)} frame, boxes from {where}")
    print(table(header, [[name, *(f"{100 * value:.1f}" for value in scores.accuracy)] for name, scores in rows]))
    report = {"single_clip": None, "single_clip_note": SINGLE_CLIP_NOTE}
    if single is None:
        print(SINGLE_CLIP_NOTE)
    else:
        report = {"single_clip": single.accuracy.tolist()}
    report.update(multi_clip=multi.accuracy.tolist(), videos=len(keys), clips=multi.num_clips, subsampling=step)
    return {**report, "boxes": where, "actions": list(dataset.action_labels), "confusion": multi.confusion.tolist()}


class ActionEvalCallback(EvalCallback):
    """Single-clip accuracy after every epoch, kept in LOGDIR/`log_name`.

    Args:
        data: a `BatchLoader`, or (clips, one-hot labels).
        batch_size: int. Clips for the network at once, for the latter.
    """

    about: ActionSet | None = None

    def __init__(
        self,
        data: "BatchLoader | tuple[np.ndarray, np.ndarray]",
        batch_size: int = 1,
        eval_model: keras.Model | None = None,
        logdir: str | pathlib.Path | None = None,
    ) -> None:
        super().__init__(eval_model, logdir)
        self.data = data
        self.batch_size = batch_size

    def evaluate(self, model: keras.Model) -> list[float]:
        """Return the scores of every prediction block."""
        if isinstance(self.data, (list, tuple)):
            return single_clip(self.about, model, *self.data, batch_size=self.batch_size)
        return single_clip_batches(self.about, model, self.data)
