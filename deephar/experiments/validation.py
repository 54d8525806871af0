"""What is measured after every epoch of training, on people and videos that are neither trained nor tested on."""

from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.data.scenes import PeopleScenes
from deephar.evaluation.actions import SMALLEST, labelled_clips, score_clips
from deephar.evaluation.poses import eval_pck, eval_pose
from deephar.models.signature import signature_of
from deephar.models.surgery import image_view, split_at_action_part
from deephar.utils import VALID_MODE

PCK_SETS = ("lsp", "flic")  # data sets without head sizes, by the names of `sources.READERS`


def spread(length: int, limit: int) -> list[int]:
    """Return at most `limit` numbers from 0 to `length` - 1, evenly spaced."""
    number = min(limit, length)
    return [k * length // number for k in range(number)]


def per_cent(scores: Iterable[float]) -> str:
    """Return fractions as text in per cent, one for each prediction block."""
    return " ".join(f"{100 * score:.1f}" for score in scores)


class PoseValidation:
    """PCKh@0.5 (MPII, synthetic) or PCK@0.2 (LSP, FLIC) of every block; call it with (epoch) -> metrics of the answer.

    Args:
        model: keras.Model. The network, for images or clips.
        datasets: dict. {name: data set}, by the names of `sources.READERS`.
        limit: int. Number of people of each.
    """

    def __init__(self, model: keras.Model, datasets: Mapping[str, Dataset], limit: int) -> None:
        self.model = image_view(model)
        self.datasets = datasets
        self.keys = {name: spread(data.get_length(VALID_MODE), limit) for name, data in datasets.items()}

    def __call__(self, epoch: int) -> dict[str, float]:
        metrics = {}
        for name, data in self.datasets.items():
            evaluate, metric = (eval_pck, "pck") if name in PCK_SETS else (eval_pose, "pckh")
            scores = evaluate(self.model, data, VALID_MODE, keys=self.keys[name], progress=False)
            threshold = f"{scores.metric}@{scores.threshold:g}"
            print(f"epoch {epoch + 1}: {name} {threshold} by block: {per_cent(scores.mean)}", flush=True)
            metrics[f"{metric}_{name}"] = float(scores.mean[signature_of(self.model).answer])
        return metrics


class PoseValidation3D:
    """Root-aligned MPJPE, mm, the depth of the root true, of every block; call it with (epoch) -> that of the last.

    Args:
        model: keras.Model. A network of 3D poses, for images or clips.
        datasets: dict. {name: data set of 3D poses}.
        limit: int. Number of people of each.
    """

    def __init__(self, model: keras.Model, datasets: Mapping[str, Dataset], limit: int) -> None:
        self.model, self.datasets = image_view(model), datasets
        self.keys = {name: spread(data.get_length(VALID_MODE), limit) for name, data in datasets.items()}

    def __call__(self, epoch: int) -> dict[str, float]:
        from deephar.evaluation.poses3d import eval_pose_3d

        metrics = {}
        for name, data in self.datasets.items():
            scores = eval_pose_3d(self.model, data, VALID_MODE, keys=self.keys[name], progress=False)
            errors = scores.metrics["MPJPE"]
            text = " ".join(f"{error:.1f}" for error in errors)
            print(f"epoch {epoch + 1}: {name} MPJPE by block, mm, true root depth: {text}", flush=True)
            metrics[f"mpjpe_{name}"] = float(errors[-1])
        return metrics


def pose_validation(
    model: keras.Model, people: Mapping[str, Dataset], people_3d: Mapping[str, Dataset], limit: int
) -> Callable[[int], dict[str, float]]:
    """Return one function (epoch) -> metrics for people with and without depth, those with depth first.

    Args:
        model: keras.Model. The network, for images or clips.
        people, people_3d: dict. {name: data set} for `PoseValidation` and `PoseValidation3D`.
        limit: int. Number of people of each.
    """
    kinds = ((PoseValidation3D, people_3d), (PoseValidation, people))
    checks = [kind(model, sets, limit) for kind, sets in kinds if sets]
    return lambda epoch: {name: value for check in checks for name, value in check(epoch).items()}


class ActionValidation:
    """Single-clip accuracy of every action output; call it with (epoch) -> that of the last, and its mean log loss.

    Args:
        model: keras.Model. A network of clips with action outputs.
        dataset: `Dataset` of videos.
        limit: int. Number of videos.
        batch_size: int. Clips for the network at once.
        label_key: str. Entry of a sample with the one-hot action.
        frozen: bool. Only the action part is trained: what it reads of the clips is computed once and kept in memory.
    """

    def __init__(
        self,
        model: keras.Model,
        dataset: Dataset,
        limit: int,
        batch_size: int = 2,
        label_key: str = "pennaction",
        frozen: bool = False,
    ) -> None:
        self.body, self.model = split_at_action_part(model) if frozen else (None, model)
        self.dataset, self.batch_size, self.label_key = dataset, batch_size, label_key
        self.keys = spread(dataset.get_length(VALID_MODE), limit)
        self.kept = None

    def __call__(self, epoch: int) -> dict[str, float]:
        if self.body is not None and self.kept is None:
            self.kept = [(self.body.predict_on_batch(frames), labels) for frames, labels in self._clips()]
        scores = score_clips(self.model, self.kept or self._clips(), self.batch_size)
        print(f"epoch {epoch + 1}: single-clip accuracy by block: {per_cent(scores.accuracy)}", flush=True)
        own = scores.scores[-1, np.arange(len(scores.true)), scores.true]  # (N,) probability of the true action
        log_loss = float(-np.log(np.maximum(own, SMALLEST)).mean())
        return {"single_clip": float(scores.accuracy[-1]), "log_loss": log_loss}

    def _clips(self):
        return labelled_clips(self.dataset, VALID_MODE, self.keys, self.batch_size, self.label_key, progress=False)


class PeopleValidation:
    """Average precision and recall of a detector on scenes; call it with (epoch) -> metrics.

    Args:
        model: keras.Model. The detector.
        scenes: `PeopleScenes`, all of which are scored.
    """

    def __init__(self, model: keras.Model, scenes: PeopleScenes) -> None:
        from deephar.evaluation.people import LOW_SCORE
        from deephar.inference.detector import PersonDetector

        self.scenes, size = scenes, scenes.dataconf.crop_resolution
        self.detect = PersonDetector(model, least_score=LOW_SCORE, size=size)

    def __call__(self, epoch: int) -> dict[str, float]:
        from deephar.evaluation.people import score_people
        from deephar.inference.detector import LEAST_SCORE

        drawn = (self.scenes.scene(key) for key in range(self.scenes.length))
        frames = ((np.asarray(image), boxes) for image, boxes in drawn)
        scores = score_people(self.detect, frames, self.scenes.length, LEAST_SCORE, verbose=False)
        found = {"ap": scores.average_precision, "recall": scores.recall, "precision": scores.precision}
        found["empty"] = scores.disturbed_share
        print(f"epoch {epoch + 1}: " + ", ".join(f"{name} {100 * v:.1f}" for name, v in found.items()), flush=True)
        return found
