"""What the validations saw, sample by sample: images of the best and the worst, with what was true and what was said.

Images are read again from the data set, which gives the same ones each time, only for the few samples that are shown.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from deephar.data.samples import Dataset
from deephar.drawing.sheet import crop_image
from deephar.drawing.skeleton import draw_pose
from deephar.evaluation.actions import ActionScoresOnSet
from deephar.training.validated import SHOWN, Samples
from deephar.utils import VALID_MODE
from deephar.utils.labels import default_labels
from deephar.utils.pose import PoseLayout

SIDE_PX = 192  # of an image on a sheet
KEPT = 4 * SHOWN  # images: the same samples are best and worst in many epochs


class Thumbnails:
    """The crops of a data set's samples, made smaller; the last ones are kept.

    Args:
        dataset: `Dataset`. Its samples have `frame`, or another entry, (H, W, C) or a clip (T, H, W, C).
        entry: str. What is shown; of a clip the middle frame.
    """

    def __init__(self, dataset: Dataset, entry: str = "frame") -> None:
        self.dataset, self.entry = dataset, entry
        self.value_range = getattr(getattr(dataset, "dataconf", None), "value_range", (-1.0, 1.0))
        self.load = functools.lru_cache(KEPT)(self._load)

    def _load(self, key):
        """A sample's image, uint8, its larger side SIDE_PX, and what else drawing needs."""
        sample = self.dataset.get_data(key, VALID_MODE)
        frame = sample[self.entry]
        frame = frame if frame.ndim == 3 else frame[len(frame) // 2]  # (H, W, C)
        if frame.shape[-1] == 2:  # flow: the third channel says nothing
            frame = np.concatenate([frame, np.full_like(frame[..., :1], np.mean(self.value_range))], axis=-1)
        image = crop_image({"frame": frame}, SIDE_PX, self.value_range)
        return {"image": image, "pose": sample.get("pose"), "afmat": sample.get("afmat")}


def sample_name(dataset: Dataset, key: int) -> str:
    """Return the name of a validation sample of a set of videos, or its number."""
    videos = getattr(dataset, "videos", None)
    if videos is None and getattr(dataset, "topology", None) == "sequences":
        videos = dataset.sequences
    return str(key if videos is None else getattr(videos[VALID_MODE][key], "name", key))


def pose_samples(
    thumbnails: Thumbnails,
    title: str,
    keys: Sequence[int],
    errors: np.ndarray,
    unit: str,
    layout: PoseLayout,
    predicted: Callable[[int, np.ndarray], np.ndarray],
) -> Samples:
    """Return `Samples` of people, shown twice side by side, with the true and with the predicted skeleton.

    Args:
        thumbnails: `Thumbnails` of single images with `pose`, normalised to the crop, and `afmat`.
        title: str. Name of the data set; the names of the samples are it and their numbers.
        keys: list of N int. Numbers of the samples.
        errors: (N,) mean error of the joints, NaN where there is none.
        unit: str. Of the errors.
        layout: joint layout.
        predicted: function (index from 0 to N - 1, afmat) -> pose (J, 2) normalised to the crop.
    """

    def show(index):
        sample = thumbnails.load(keys[index])
        crop, poses = sample["image"], (sample["pose"][:, :2], predicted(index, sample["afmat"]))
        images = [draw_pose(crop, pose * crop.shape[1::-1], layout) for pose in poses]
        return np.concatenate(images, axis=1), ["left: true, right: predicted"]

    return Samples(errors, unit, "lower", [f"{title} {key}" for key in keys], show)


def action_told(
    thumbnails: Thumbnails,
    keys: Sequence[int],
    names: Sequence[str],
    probabilities: np.ndarray,
    scores: ActionScoresOnSet,
    labels: Sequence[str | None],
) -> dict:
    """Return `samples` and `confusion` of a `Score` of clips, which are ranked by the probability of the true action.

    Args:
        thumbnails: `Thumbnails` of clips.
        keys, names: numbers and names of the N samples.
        probabilities: (N, A).
        scores: `ActionScoresOnSet` of the same samples.
        labels: A names; None for an action that was never trained.
    """
    labels = [name or other for name, other in zip(labels, default_labels(len(labels)), strict=True)]
    true, said = scores.true, probabilities.argmax(axis=-1)  # (N,)

    def show(index):
        share = 100 * probabilities[index, said[index]]
        lines = [f"true: {labels[true[index]]}", f"predicted: {labels[said[index]]} {share:.0f} %"]
        return thumbnails.load(keys[index])["image"], lines

    own = probabilities[np.arange(len(true)), true]  # (N,)
    samples = Samples(own, "probability of the true action", "higher", list(names), show)
    return {"samples": samples, "confusion": (labels, scores.confusion)}
