"""Actions in videos, scored from one clip or from all clips: accuracy of every action output of a network.

Luvizon, Picard and Tabia, TPAMI 2020, section 4.4: one clip from the middle of a video, or all clips and their flip
images, the probabilities multiplied.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from deephar.data.samples import Dataset
from deephar.evaluation.batches import prefetched, sample_batches
from deephar.inference.decode import action_probabilities
from deephar.inference.engines import forward
from deephar.metrics.actions import class_accuracy, confusion, mean_class_accuracy, top_k_accuracy
from deephar.models.signature import signature_of
from deephar.utils.parser import TEST_MODE
from deephar.utils.progress import progress as progress_bar

if TYPE_CHECKING:
    import keras

SMALLEST = 1e-30  # a probability of 0 must not silence all other clips


@dataclass(frozen=True, eq=False)
class ActionScoresOnSet:
    """Accuracy of each action output and the confusion matrix of the last.

    Attributes:
        accuracy: (K,) fractions in [0, 1].
        confusion: int (A, A), row the true action, column the predicted one.
        num_clips: clips run through the network, flipped ones included.
        scores: (K, N, A) what decided: probabilities, or sums of their logarithms over a video's clips.
        true: (N,) true actions.
        wrong_clips: [(key, number of the clip, flipped, predicted action), ...] of the last output.
    """

    accuracy: np.ndarray
    confusion: np.ndarray
    num_clips: int
    scores: np.ndarray = field(repr=False, default=None)
    true: np.ndarray = field(repr=False, default=None)
    wrong_clips: tuple = field(repr=False, default=())

    def top_k(self, k: int) -> float:
        """Return the share of samples whose true action is among the `k` best of the last output, in [0, 1]."""
        return top_k_accuracy(self.scores[-1], self.true, k)

    @property
    def class_accuracy(self) -> np.ndarray:
        """(A,) share of each action's samples that were right, by the last output; nan for one without samples."""
        return class_accuracy(self.confusion)

    @property
    def mean_class_accuracy(self) -> float:
        """Mean of `class_accuracy` over the actions that have samples, in [0, 1]."""
        return mean_class_accuracy(self.confusion)


def action_outputs(model: "keras.Model", num_actions: int | None = None) -> list[int]:
    """Return the indices of a model's action outputs (B, A), those of `num_actions` classes where it is given.

    Raises:
        ValueError: there are none.
    """
    outputs = signature_of(model, verbose=False).outputs
    actions = [k for k, spec in enumerate(outputs) if spec.kind == "action"]
    found = [k for k in actions if num_actions in (None, len(outputs[k].labels))]
    if not found:
        wanted = "of any number" if num_actions is None else f"of {num_actions} actions"
        counts = [len(outputs[k].labels) for k in actions]
        raise ValueError(f"`model` must have action outputs, {wanted}. Received: outputs of {counts or 'no'} actions")
    return found


def score_clips(
    model: "keras.Model", batches: Iterable[tuple[np.ndarray, np.ndarray]], batch_size: int
) -> ActionScoresOnSet:
    """Accuracy on clips that each count alone.

    Args:
        model: a network with action outputs.
        batches: yields (what the network takes, clips (n, T, H, W, 3) or a list of inputs; one-hot labels (n, A)).
        batch_size: clips for the network at once.

    Returns:
        `ActionScoresOnSet`.
    """
    scores, true, outputs, specs = [], [], None, signature_of(model, verbose=False).outputs
    for frames, labels in batches:
        outputs = outputs or action_outputs(model, np.shape(labels)[-1])
        found = forward(model, frames, batch_size)
        scores.append(_probabilities(found, specs, outputs))
        true += np.argmax(labels, axis=-1).tolist()
    return summarise(np.concatenate(scores, axis=1), true, len(true))


def _probabilities(found, specs, indices):
    """Probabilities (K, n, A) of some of a network's outputs `found`, whose specs are `specs`."""
    return np.stack([action_probabilities(found[k], specs[k]) for k in indices])


def eval_single_clip(
    model: "keras.Model",
    dataset: Dataset,
    mode: int = TEST_MODE,
    keys: Sequence[int] | None = None,
    batch_size: int = 2,
    label_key: str = "pennaction",
    progress: bool = True,
) -> ActionScoresOnSet:
    """Accuracy with one clip a video: the one that the data set takes by default, from the middle.

    Args:
        model: a clip network with action outputs.
        dataset: its samples have `frame` (T, H, W, 3) and one-hot `label_key` (A,).

    Returns:
        `ActionScoresOnSet`.
    """
    action_outputs(model)
    return score_clips(model, labelled_clips(dataset, mode, keys, batch_size, label_key, progress), batch_size)


def labelled_clips(
    dataset: Dataset,
    mode: int,
    keys: Sequence[int] | None = None,
    batch_size: int = 2,
    label_key: str = "pennaction",
    progress: bool = True,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches (clips (n, T, H, W, 3), one-hot labels (n, A)) of one clip a video, as `eval_single_clip`."""
    for batch in sample_batches(dataset, mode, keys, batch_size, progress, "actions, single clip"):
        yield np.stack([sample["frame"] for sample in batch]), np.stack([sample[label_key] for sample in batch])


def eval_multi_clip(
    model: "keras.Model",
    dataset: Dataset,
    mode: int = TEST_MODE,
    subsampling: Sequence[int] | None = None,
    keys: Sequence[int] | None = None,
    batch_size: int = 2,
    flip: bool = True,
    label_key: str = "pennaction",
    progress: bool = True,
    boxes: Callable | None = None,
) -> ActionScoresOnSet:
    """Accuracy with all clips of a video, each also flipped: the action with the largest product of probabilities.

    Args:
        model, dataset: as `eval_single_clip`; the data set also has `get_clip_index`.
        subsampling: list of steps between frames; None: the data set's fixed one. A video too short for them gives its
            default clip.
        flip: also run flipped clips.
        boxes: function (key, number of the clip, frame_list, flipped) -> box to crop, or None for the data set's own.

    Returns:
        `ActionScoresOnSet`.
    """
    outputs = action_outputs(model, dataset.get_shape(label_key)[0] if hasattr(dataset, "get_shape") else None)
    specs = signature_of(model, verbose=False).outputs
    steps = list(subsampling or [dataset.dataconf.fixed_subsampling])
    keys = list(range(dataset.get_length(mode)) if keys is None else keys)
    jobs = [(n, clip, w) for n, key in enumerate(keys) for clip, w in enumerate(_windows(dataset, key, mode, steps))]

    def load(some):
        pairs = [_both(dataset, keys[n], mode, clip, window, boxes, flip) for n, clip, window in some]
        true = [int(np.argmax(plain[label_key])) for plain, _ in pairs]
        runs = [np.stack([plain["frame"] for plain, _ in pairs])]
        if flip:
            runs.append(np.stack([other["frame"] for _, other in pairs])[:, :, :, ::-1])
        return some, runs, true  # clips (n, T, H, W, 3)

    chunks = [jobs[k : k + batch_size] for k in range(0, len(jobs), batch_size)]
    loaded = prefetched(load, chunks)
    total = _Votes(len(keys))
    for some, runs, true in progress_bar(loaded, len(chunks), "actions, all clips") if progress else loaded:
        for flipped, clips in enumerate(runs):
            found = forward(model, clips, batch_size)
            total.add(some, _probabilities(found, specs, outputs), true, flipped)
    wrong = tuple((keys[n], *rest) for n, *rest in total.wrong)
    return summarise(total.scores, total.true, len(jobs) * (1 + int(flip)), wrong)


def _windows(dataset, key, mode, steps):
    """The clips of a video as lists of frames, or [None] for the data set's own choice where it is too short."""
    return [list(window) for window in dataset.get_clip_index(key, mode, subsamples=steps)] or [None]


def _both(dataset, key, mode, clip, window, boxes, flip):
    """The samples of a clip and of what is to be flipped: the same one, unless that has a box of its own."""
    if window is None:
        return (dataset.get_data(key, mode),) * 2
    if boxes is None:
        return (dataset.get_data(key, mode, frame_list=window, bbox=None),) * 2
    plain, other = (boxes(key, clip, window, flipped) for flipped in (False, flip))
    sample = dataset.get_data(key, mode, frame_list=window, bbox=plain)
    same = np.array_equal(plain, other)
    return sample, sample if same else dataset.get_data(key, mode, frame_list=window, bbox=other)


class _Votes:
    """Sums of log probabilities of each video, and the clips that are wrong."""

    def __init__(self, number):
        self.scores, self.true, self.wrong, self.number = None, np.zeros(number, int), [], number

    def add(self, jobs, probabilities, true, flipped):
        """Add one batch: probabilities (K, n, A) of the clips `jobs`."""
        if self.scores is None:
            self.scores = np.zeros((len(probabilities), self.number, probabilities.shape[-1]))
        logs, last = np.log(np.maximum(probabilities, SMALLEST)), probabilities[-1].argmax(axis=-1)
        for place, (video, clip, _) in enumerate(jobs):
            self.true[video] = true[place]
            self.scores[:, video] += logs[:, place]
            if last[place] != true[place]:
                self.wrong.append((video, clip, flipped, int(last[place])))


def summarise(
    scores: np.ndarray, true: Sequence[int], num_clips: int, wrong_clips: Sequence[tuple] = ()
) -> ActionScoresOnSet:
    """Scores (K, N, A) and N true actions -> `ActionScoresOnSet`."""
    true = np.asarray(true)  # (N,)
    counts = confusion(true, scores[-1].argmax(axis=-1), scores.shape[-1])
    return ActionScoresOnSet(top_k_accuracy(scores, true), counts, num_clips, scores, true, wrong_clips)
