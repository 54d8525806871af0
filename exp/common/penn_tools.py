"""Evaluate actions on Penn Action: one clip from the middle of a video, or several clips and their mirror images."""

import json
import pathlib
import time

import numpy as np
from generic import (
    EvalCallback,
    accuracy_per_block,
    as_list,
    correct_per_block,
    predict_padded,
    prefetched,
    print_scores,
)

from deephar.data.clips import union_box
from deephar.utils import TEST_MODE, mkdir
from deephar.utils.io import write_json
from deephar.utils.progress import progress

SMALLEST = np.finfo(np.float32).tiny  # a probability of 0 must not silence all other clips


def eval_singleclip_gt_bbox(model, x_te, action_te, batch_size=1, verbose=1):
    """Accuracy of every prediction on clips (N, T, H, W, 3) with one-hot labels (N, A): a fraction each."""
    start = time.monotonic()
    predictions = as_list(model.predict(x_te, batch_size=batch_size, verbose=0))
    scores = accuracy_per_block(action_te, predictions)
    _report("single-clip", scores, len(x_te), time.monotonic() - start, verbose)
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
    start, y_true, y_pred = time.monotonic(), [], []
    batches = prefetched(datagen.__getitem__, range(len(datagen)))
    for x, y in progress(batches, len(datagen), "single-clip") if verbose else batches:
        y_true.append(as_list(y)[0])
        y_pred.append([np.asarray(out) for out in as_list(model.predict_on_batch(as_list(x)[0]))])
    count = _num_samples(datagen, sum(map(len, y_true)))
    y_true = np.concatenate(y_true)[:count]  # (N, A)
    y_pred = [np.concatenate(block)[:count] for block in zip(*y_pred, strict=True)]  # [(N, A), ...]
    scores = accuracy_per_block(y_true, y_pred)
    if logdir is not None:
        folder = pathlib.Path(logdir) / "single-clip"
        mkdir(folder)
        for block, correct in enumerate(correct_per_block(y_true, y_pred)):
            np.save(folder / f"{block:02d}.npy", correct.astype(float))
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
    start, boxes = time.monotonic(), _read_boxes(bboxes_file, penn)
    jobs = _clips_of(penn, subsampling)
    a_true = np.zeros((penn.get_length(TEST_MODE), *penn.get_shape("pennaction")))
    a_pred = np.zeros((len(model.outputs), *a_true.shape))  # sums of logarithms
    missing = {}
    chunks = [jobs[i : i + batch_size] for i in range(0, len(jobs), batch_size)]
    loaded = prefetched(lambda chunk: _load_clips(penn, chunk, boxes), chunks)
    for chunk, (frames, actions) in zip(
        progress(chunks, label="multi-clip") if verbose else chunks, loaded, strict=True
    ):
        for mirrored, clips in enumerate((frames, frames[..., ::-1, :])):
            probabilities = predict_padded(model, clips, batch_size)  # [(n, A), ...]
            for n, (video, clip, _) in enumerate(chunk):
                a_true[video] = actions[n]
                a_pred[:, video] += [np.log(np.maximum(p[n], SMALLEST)) for p in probabilities]
                labels = int(actions[n].argmax()), int(probabilities[-1][n].argmax())
                if labels[0] != labels[1]:
                    missing[f"{video:04d}.{clip:03d}.{mirrored}"] = list(labels)
    scores = accuracy_per_block(a_true, a_pred)
    if logdir is not None:
        np.save(pathlib.Path(logdir) / "allpred.npy", a_pred)
        np.save(pathlib.Path(logdir) / "a_true.npy", a_true)
        write_json(pathlib.Path(logdir) / "missing-clips.json", missing)
    _report("multi-clip", scores, 2 * len(jobs), time.monotonic() - start, verbose)
    return 100 * np.array(scores)


def _clips_of(penn, subsampling):
    """(video, number of the clip, its frames or None for the data set's own choice) for all clips to predict."""
    jobs = []
    for video in range(penn.get_length(TEST_MODE)):
        clips = list(penn.get_clip_index(video, TEST_MODE, subsamples=[subsampling])) or [None]
        jobs += [(video, number, clip) for number, clip in enumerate(clips)]
    return jobs


def _load_clips(penn, chunk, boxes):
    """Frames (n, T, H, W, 3) and one-hot actions (n, A) of some clips."""
    samples = []
    for video, _, clip in chunk:
        options = {} if clip is None else {"frame_list": list(clip)}
        if boxes is not None and clip is not None:
            options["bbox"] = union_box([boxes[f"{video}.{frame}"] for frame in clip])
        samples.append(penn.get_data(video, TEST_MODE, **options))
    return np.stack([s["frame"] for s in samples]), np.stack([s["pennaction"] for s in samples])


def _read_boxes(bboxes_file, penn):
    """The boxes of the test videos, {"video.frame": [x1, y1, x2, y2]}; relative to the data set's folder."""
    if bboxes_file is None:
        return None
    path = pathlib.Path(getattr(penn, "dataset_path", "."), bboxes_file)
    if not path.is_file():
        command = "`python exp/pennaction/predict_bboxes.py` writes it"
        raise FileNotFoundError(f"`bboxes_file` must be a file. Received: {str(path)!r}; {command}.")
    return json.loads(path.read_text(encoding="utf-8"))[TEST_MODE]


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
