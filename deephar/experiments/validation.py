"""What is measured after every epoch of training, on people and videos that are neither trained nor tested on.

Every score tells what it was measured on, see `deephar.training.validated`.
"""

from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.data.scenes import PeopleScenes
from deephar.evaluation.actions import SMALLEST, labelled_clips, score_clips
from deephar.evaluation.poses import SIZE_OF, pck_scores, pckh_scores, predict_poses
from deephar.experiments.seen import Thumbnails, action_told, pose_samples, sample_name
from deephar.models.signature import signature_of
from deephar.models.surgery import image_view, split_at_action_part
from deephar.training.validated import Score
from deephar.utils import VALID_MODE
from deephar.utils.transform import transform_2d_points

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
        self.thumbnails = {name: Thumbnails(data) for name, data in datasets.items()}

    def __call__(self, epoch: int) -> dict[str, Score]:
        metrics, signature = {}, signature_of(self.model)
        for name, data in self.datasets.items():
            score, metric = (pck_scores, "pck") if name in PCK_SETS else (pckh_scores, "pckh")
            found = predict_poses(self.model, data, VALID_MODE, self.keys[name], label=f"validation, {name}")
            scores = score(found, signature.layout)
            threshold = f"{scores.metric}@{scores.threshold:g}"
            print(f"epoch {epoch + 1}: {name} {threshold} by block: {per_cent(scores.mean)}", flush=True)
            answer, unit = found.predicted[found.answer], f"{SIZE_OF[scores.metric]} sizes, mean of the joints"
            samples = pose_samples(
                *(self.thumbnails[name], name, self.keys[name], scores.errors, unit, signature.layout),
                lambda k, afmat, poses=answer: transform_2d_points(afmat, poses[k], transpose=True),
            )
            metrics[f"{metric}_{name}"] = Score(scores.mean[found.answer], "share of joints", samples)
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
        self.thumbnails = {name: Thumbnails(data) for name, data in datasets.items()}

    def __call__(self, epoch: int) -> dict[str, Score]:
        from deephar.evaluation.poses3d import predict_poses_3d
        from deephar.metrics.pose2d import sample_errors
        from deephar.metrics.pose3d import align_root, mpjpe

        metrics, layout = {}, signature_of(self.model).layout
        for name, data in self.datasets.items():
            found = predict_poses_3d(self.model, data, VALID_MODE, self.keys[name], label=f"validation, {name}")
            poses = [found.world(block) for block in range(len(found.crops))]
            errors = [mpjpe(found.true, pose) for pose in poses]
            text = " ".join(f"{error:.1f}" for error in errors)
            print(f"epoch {epoch + 1}: {name} MPJPE by block, mm, true root depth: {text}", flush=True)
            samples = pose_samples(
                *(self.thumbnails[name], name, self.keys[name], sample_errors(*align_root(found.true, poses[-1]))),
                *("mm, mean of the joints", layout, lambda k, afmat, crops=found.crops[-1]: crops[k, :, :2]),
            )
            metrics[f"mpjpe_{name}"] = Score(errors[-1], "mm", samples)
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
        self.kept, self.thumbnails = None, Thumbnails(dataset)
        self.names = [sample_name(dataset, key) for key in self.keys]

    def __call__(self, epoch: int) -> dict[str, Score]:
        if self.body is not None and self.kept is None:
            self.kept = [(self.body.predict_on_batch(frames), labels) for frames, labels in self._clips()]
        scores = score_clips(self.model, self.kept or self._clips(), self.batch_size)
        print(f"epoch {epoch + 1}: single-clip accuracy by block: {per_cent(scores.accuracy)}", flush=True)
        own = scores.scores[-1, np.arange(len(scores.true)), scores.true]  # (N,) probability of the true action
        log_loss = float(-np.log(np.maximum(own, SMALLEST)).mean())
        labels = getattr(self.dataset, "action_labels", None) or signature_of(self.model, verbose=False).labels
        told = action_told(self.thumbnails, self.keys, self.names, scores.scores[-1], scores, labels)
        accuracy = Score(scores.accuracy[-1], "share of clips", **told)
        return {"single_clip": accuracy, "log_loss": Score(log_loss, "nats", **told)}

    def _clips(self):
        return labelled_clips(self.dataset, VALID_MODE, self.keys, self.batch_size, self.label_key)


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

    def __call__(self, epoch: int) -> dict[str, Score]:
        from deephar.evaluation.people import score_people
        from deephar.inference.detector import LEAST_SCORE

        drawn = (self.scenes.scene(key) for key in range(self.scenes.length))
        frames = ((np.asarray(image), boxes) for image, boxes in drawn)
        scores = score_people(self.detect, frames, self.scenes.length, LEAST_SCORE)
        found = {"ap": scores.average_precision, "recall": scores.recall, "precision": scores.precision}
        found["empty"] = scores.disturbed_share
        print(f"epoch {epoch + 1}: " + ", ".join(f"{name} {100 * v:.1f}" for name, v in found.items()), flush=True)
        return {name: Score(value, "share") for name, value in found.items()}
