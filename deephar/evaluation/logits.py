"""Clip classification with one clip a video, its logits kept, so that streams can be fused later.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4: one clip from the middle of each video; the
logits of RGB, flow and pose networks are added.

    network of a stream + data set --predict_logits--> ClipLogits <--save, load--> .npz
    ClipLogits of several streams --fuse--> ClipLogits --scores--> top-k, accuracy of each class, confusion
"""

import pathlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.evaluation.actions import ActionScoresOnSet, action_outputs, summarise
from deephar.evaluation.batches import sample_batches
from deephar.inference.engines import forward
from deephar.metrics.actions import late_fusion
from deephar.models.signature import signature_of
from deephar.utils.io import atomic_path
from deephar.utils.labels import check_equal_names, default_labels
from deephar.utils.parser import TEST_MODE


@dataclass(frozen=True, eq=False)
class ClipLogits:
    """What a classifier, or several together, said about the videos of a set.

    Attributes:
        logits: (N, A) scores before the softmax; -inf for actions that were never trained.
        true: (N,) numbers of the true actions, from 0.
        labels: A names of the actions, None for one that was never trained.
        videos: N names of the videos.

    Raises:
        ValueError: they do not fit each other.
    """

    logits: np.ndarray = field(repr=False)
    true: np.ndarray = field(repr=False)
    labels: tuple[str | None, ...] = field(repr=False)
    videos: tuple[str, ...] = field(repr=False)

    def __post_init__(self):
        for name, kind in (("logits", np.float64), ("true", np.int64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        for name in ("labels", "videos"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        shape = (len(self.videos), len(self.labels))
        if self.logits.shape != shape or self.true.shape != shape[:1]:
            raise ValueError(
                f"`logits` and `true` must have shapes {shape} and {shape[:1]}, of {shape[0]} videos and {shape[1]} "
                f"labels. Received: {self.logits.shape} and {self.true.shape}"
            )

    def scores(self) -> ActionScoresOnSet:
        """Return accuracy and confusion; `top_k(5)`, `class_accuracy` and `mean_class_accuracy` of them are more."""
        return summarise(self.logits[None], self.true, len(self.true))

    def save(self, path: str | pathlib.Path) -> None:
        """Write a .npz file of plain arrays, whole or not at all.

        Args:
            path: str or Path. The file to write.
        """
        names = {"labels": [name or "" for name in self.labels], "videos": self.videos}
        texts = {name: np.array(values, dtype=np.str_) for name, values in names.items()}
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, logits=self.logits, true=self.true, **texts)

    @classmethod
    def load(cls, path: str | pathlib.Path) -> "ClipLogits":
        """Return what `save` wrote.

        Args:
            path: str or Path. The file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is damaged or holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                labels = tuple(name or None for name in data["labels"].tolist())
                return cls(data["logits"], data["true"], labels, data["videos"].tolist())
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"`path` must be a file of `ClipLogits.save`. Received: {str(path)!r}: {error}") from error


def predict_logits(
    model: keras.Model,
    dataset: Dataset,
    mode: int = TEST_MODE,
    keys: Sequence[int] | None = None,
    batch_size: int = 2,
    input_key: str = "frame",
    label_key: str | None = None,
    progress: bool = True,
) -> ClipLogits:
    """Return the logits of a classifier for one clip of each video: the one that the data set takes by default.

    Args:
        model: keras.Model. A network whose last action output is logits, such as an R3D50 or an S3D.
        dataset: `Dataset`. Its samples have `input_key` (T, H, W, C), of one size within a batch, and one-hot
            `label_key` (A,). Where it has `action_labels`, they must be the network's; where it has `videos`, {mode:
            list of what has a `name`}, as a `VideoFolder` has, those are the names of the videos, else their numbers.
        mode: int. TEST_MODE, VALID_MODE or TRAIN_MODE.
        keys: list of int. Numbers of the samples; None: all.
        batch_size: int. Clips for the network at once.
        input_key: str. What the network sees: "frame", or "flow" or "pose_frame" of a `VideoFolder`.
        label_key: str or None. Entry of the true action; None: the data set's `action_key`.
        progress: bool. Show a bar on stderr.

    Returns:
        `ClipLogits`.

    Raises:
        ValueError: the network gives probabilities or no actions, the data set has no samples, or another number of
            actions or other names of them than the network.

    Example:

        videos = VideoFolder("videos", ucf101_test_clips, streams={"flow": "flow"})
        rgb, flow = predict_logits(rgb_model, videos), predict_logits(flow_model, videos, input_key="flow")
        rgb.save("rgb.npz")
        scores = fuse([rgb, flow]).scores()
        print(scores.top_k(1), scores.top_k(5), scores.mean_class_accuracy)
    """
    index = action_outputs(model)[-1]
    spec = signature_of(model, verbose=False).outputs[index]
    if not spec.logits:
        raise ValueError(f"`model` must give logits. Received: {model.name!r}, whose output {index} is probabilities")
    named = getattr(dataset, "action_labels", None)
    if named is not None and None not in spec.labels and spec.labels != default_labels(len(spec.labels)):
        check_equal_names("model.signature.labels", [spec.labels, named])
    label_key = label_key or dataset.action_key
    keys = list(range(dataset.get_length(mode)) if keys is None else keys)
    logits, true = [], []
    for batch in sample_batches(dataset, mode, keys, batch_size, progress, "actions, logits"):
        labels = np.stack([sample[label_key] for sample in batch])  # (n, A)
        if labels.shape[1:] != (len(spec.labels),):
            allowed = f"one-hot labels of the network's {len(spec.labels)} actions"
            raise ValueError(f"`dataset` must have {allowed} as {label_key!r}. Received: shape {labels.shape[1:]}")
        logits.append(forward(model, np.stack([sample[input_key] for sample in batch]), batch_size)[index])
        true += labels.argmax(axis=-1).tolist()
    trained = np.array([name is not None for name in spec.labels])
    videos = [dataset.videos[mode][key].name if hasattr(dataset, "videos") else str(key) for key in keys]
    return ClipLogits(np.where(trained, np.concatenate(logits), -np.inf), true, spec.labels, videos)


def fuse(streams: Sequence[ClipLogits]) -> ClipLogits:
    """Return what several networks say together about the same videos: the sum of their logits.

    Args:
        streams: list of `ClipLogits`, of any number of networks; of one and the same network several times, too.

    Raises:
        ValueError: there are none, or they differ in actions, videos or what is true of these; says where.
    """
    streams = list(streams)
    logits = late_fusion([k.logits for k in streams], [k.labels for k in streams])
    check_equal_names("videos", [k.videos for k in streams])
    first = streams[0]
    for number, other in enumerate(streams[1:], 1):
        wrong = np.flatnonzero(first.true != other.true)
        if len(wrong):
            found = [first.labels[k.true[wrong[0]]] for k in (first, other)]
            where = f"of {first.videos[wrong[0]]!r}, in stream {number} {found[1]!r}"
            raise ValueError(f"`streams` must agree in the true actions. Received: {found[0]!r} {where}")
    return ClipLogits(logits, first.true, first.labels, first.videos)
