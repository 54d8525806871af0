"""Actions from annotated poses of Penn Action: the videos, training batches, one clip or many clips a video.

labels/*.mat or annotations.mat --> PoseVideo --> clips (F, 16, 2) --> pose and confidence --> build_pose_model
"""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deephar.data.pose_clips import (
    PoseVariation,
    as_input,
    clip_positions,
    covering_positions,
    flip_clip,
    normalise_clip,
    pa16_from_pa13,
    take_frames,
)
from deephar.evaluation.actions import SMALLEST, ActionScoresOnSet, action_outputs, summarise
from deephar.utils import TEST_MODE, TRAIN_MODE

if TYPE_CHECKING:
    import keras

FOLDERS = ("Penn_Action", "PennAction", "PennLabels")  # the data set's folder in one that holds several
NUM_FRAMES = 16
STEP = 6.0  # frames between those of the single clip, where the video is long enough
STEPS = (6.0, 4.0, 3.0, 2.0)  # of the clips of the multi-clip test


@dataclass(frozen=True)
class PoseVideo:
    """The poses of one video.

    Attributes:
        number: int. Number of the video.
        action: int. Index into the list of actions.
        train: bool. Whether it is of the official training split.
        joints: np.ndarray (T, 16, 2) px, NaN where a joint has no position.
    """

    number: int
    action: int
    train: bool
    joints: np.ndarray

    def clip(self, positions: np.ndarray) -> np.ndarray:
        """Return the normalised clip (F, 16, 2) at these frame positions."""
        return normalise_clip(take_frames(self.joints, positions))


def load_videos(folder: str | pathlib.Path) -> tuple[list[PoseVideo], list[str]]:
    """Return the videos of a folder of label files or with `annotations.mat`, and the names of the actions.

    Raises:
        FileNotFoundError, ValueError: there is neither, or a file is not as described.
    """
    from deephar.data.penn_labels import ACTIONS, read_labels

    places = [pathlib.Path(folder) / name for name in (".", *FOLDERS)]
    for place in places:
        if (place / "annotations.mat").is_file() and not (place / "labels").is_dir():
            return _from_annotations(place / "annotations.mat")
    folder = next((place for place in places if (place / "labels").is_dir()), folder)
    labels = read_labels(folder)
    videos = [_video(v.number, ACTIONS.index(v.action), v.train, v.joints_px, v.annotated) for v in labels]
    return videos, list(ACTIONS)


def _from_annotations(path):
    from deephar.data.pennaction_annotations import load_sequences

    splits, actions, _ = load_sequences(path)
    videos = [
        _video(s.idx, s.action_id - 1, mode == TRAIN_MODE, s.joints, (s.visible > 0) | (s.joints > 1).all(axis=-1))
        for mode in (TRAIN_MODE, TEST_MODE)
        for s in splits[mode]
    ]
    return videos, actions


def _video(number, action, train, joints, annotated):
    return PoseVideo(number, action, train, pa16_from_pa13(np.where(annotated[..., None], joints, np.nan)))


def split_videos(
    videos: Sequence[PoseVideo], num_held_out: int
) -> tuple[list[PoseVideo], list[PoseVideo], list[PoseVideo]]:
    """Return training, validation and test videos; validation is evenly spaced in the training split, sorted by action.

    Raises:
        ValueError: a split is empty.
    """
    train = sorted((v for v in videos if v.train), key=lambda v: (v.action, v.number))
    test = [v for v in videos if not v.train]
    if not test or num_held_out >= len(train):
        raise ValueError(
            f"`videos` must hold test videos and more than {num_held_out} training videos. "
            f"Received: {len(test)} and {len(train)}"
        )
    held_out = {(2 * k + 1) * len(train) // (2 * num_held_out) for k in range(num_held_out)}
    rest = [v for k, v in enumerate(train) if k not in held_out]
    return rest, [train[k] for k in sorted(held_out)], test


class PoseBatches:
    """Varied training clips, one a video and pass: a loader for `deephar.training.stages.train_stage`.

    Args:
        videos: list of `PoseVideo`.
        num_actions: int. A, number of actions.
        batch: int. Clips of a batch.
        num_outputs: int. How many times the label is given.
        variation: `PoseVariation`.
        smoothing: float. Share of the label that is spread over all actions.
        seed: int. Seed of order and variation; with `epoch`, the number of the pass, it fixes every batch.
    """

    def __init__(
        self,
        videos: Sequence[PoseVideo],
        num_actions: int,
        batch: int,
        num_outputs: int,
        variation: PoseVariation | None = None,
        smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.videos, self.num_actions, self.batch, self.num_outputs = list(videos), num_actions, batch, num_outputs
        self.variation, self.smoothing = variation or PoseVariation(), smoothing
        self.seed, self.epoch = seed, 0

    def __len__(self) -> int:
        return max(1, len(self.videos) // self.batch)

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.videos))
        rng = np.random.default_rng([self.seed, self.epoch, 1 + index])
        chosen = [self.videos[k] for k in order[index * self.batch : (index + 1) * self.batch]]
        clips = np.stack([self._clip(video, rng) for video in chosen])  # (B, F, 16, 2)
        labels = np.eye(self.num_actions, dtype="float32")[[video.action for video in chosen]]
        labels = (1 - self.smoothing) * labels + self.smoothing / self.num_actions
        return as_input(clips), (labels,) * self.num_outputs

    def _clip(self, video, rng):
        positions = self.variation.positions(rng, len(video.joints), NUM_FRAMES, STEP)
        return self.variation.vary(rng, video.clip(positions))


def single_clips(videos: Sequence[PoseVideo]) -> dict[str, np.ndarray]:
    """Return one clip a video, from its middle: {clips (N, F, 16, 2), video of each (N,)}."""
    clips = [v.clip(clip_positions(len(v.joints), NUM_FRAMES, STEP)) for v in videos]
    return {"clips": np.stack(clips), "video": np.arange(len(videos))}


def multi_clips(videos: Sequence[PoseVideo], steps: Sequence[float] = STEPS) -> dict[str, np.ndarray]:
    """Return all clips that cover a video, each also flipped: {clips (N, F, 16, 2), video of each (N,)}."""
    clips, owner = [], []
    for place, video in enumerate(videos):
        found = [video.clip(p) for p in covering_positions(len(video.joints), NUM_FRAMES, steps)]
        clips += found + [flip_clip(clip) for clip in found]
        owner += [place] * (2 * len(found))
    return {"clips": np.stack(clips), "video": np.array(owner)}


def score(
    model: "keras.Model", videos: Sequence[PoseVideo], clips: Mapping[str, np.ndarray], batch: int = 256
) -> ActionScoresOnSet:
    """Return the accuracy of every output: the probabilities of a video's clips are multiplied, as in the papers.

    Args:
        model: keras.Model from `build_pose_model`.
        videos: list of `PoseVideo`.
        clips: dict from `single_clips` or `multi_clips` for these videos.
        batch: int. Clips for the network at once.

    Returns:
        `ActionScoresOnSet`.
    """
    inputs, outputs, logs = as_input(clips["clips"]), action_outputs(model), []
    for first in range(0, len(inputs[0]), batch):
        found = model.predict_on_batch([part[first : first + batch] for part in inputs])
        logs.append(np.log(np.maximum(np.stack([np.asarray(found[k]) for k in outputs]), SMALLEST)))
    logs = np.concatenate(logs, axis=1)  # (K, N, A)
    scores = np.zeros((len(logs), len(videos), logs.shape[-1]))
    np.add.at(scores, (slice(None), clips["video"]), logs)
    return summarise(scores, [video.action for video in videos], len(inputs[0]))
