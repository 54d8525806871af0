"""What each kind of output is trained for: one objective a kind, chosen by the network's signature.

    kind         label                         loss
    pose         pose (B, [T,] J, D + 1)       the paper's regression loss on coordinates and confidence
    heatmaps     pose (B, J, D + 1)            squares against Gaussians rendered in the loss, at the maps' own size
    confidence   visibility of the same pose   binary cross entropy
    action       one-hot (B, A)                cross entropy on probabilities or logits, by `Stage.class_weights`
    boxes        boxes (B, N, 4) in [0, 1]     focal loss on the middles of people, overlap of the boxes there

One pose label serves heat maps of every size, since each loss renders its own. `AuxiliaryMaps` adds a loss on the
probability maps that poses are read from.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from deephar.layers.detection import DetectionLoss
from deephar.layers.losses import (
    ClassWeightedCrossentropy,
    HeatmapLoss,
    heatmap_crossentropy,
    pose_regression_loss,
)
from deephar.models.base import PoseModel
from deephar.models.signature import Signature, signature_of
from deephar.training.recipes import Stage


def objectives_of(model: keras.Model, stage: Stage) -> tuple[list[str | Callable], list[float]]:
    """Return the losses of a model's outputs and their weights, two lists in its order.

    Args:
        model: keras.Model. A network; a foreign one gets the signature that its shapes suggest.
        stage: `Stage`, which has the settings and weights of every kind.

    Raises:
        ValueError: an output that nothing can be trained on ("features"): train `model.part(indices)` instead; or
            another number of `class_weights` than an action output has classes.
    """
    signature = signature_of(model)
    untrained = signature.indices("features")
    if untrained:
        raise ValueError(
            "`model` must have only outputs that can be trained: poses, heat maps, confidences, actions. "
            f"Received: outputs {untrained} are features; `model.part(indices)` leaves them out"
        )
    makers = {
        "pose": lambda spec: (pose_regression_loss(stage.pose_loss, stage.confidence_weight), 1.0),
        "heatmaps": lambda spec: (_heatmap_loss(spec, stage.heatmap_loss), 1.0),
        "confidence": lambda spec: ("binary_crossentropy", stage.confidence_weight),
        "boxes": lambda spec: (DetectionLoss(), 1.0),
        "action": lambda spec: (_action_loss(spec, stage.class_weights), stage.action_weight),
    }
    pairs = [makers[spec.kind](spec) for spec in signature.outputs]
    return [loss for loss, _ in pairs], [weight for _, weight in pairs]


def _heatmap_loss(spec, reduction):
    return HeatmapLoss(spec.sigma_px, spec.patch, spec.background, spec.cutoff, reduction)


def _action_loss(spec, class_weights):
    if class_weights is None:
        return keras.losses.CategoricalCrossentropy(from_logits=spec.logits)
    if len(class_weights) != len(spec.labels):
        count = len(spec.labels)
        raise ValueError(f"`class_weights` must be {count}, one for each action. Received: {len(class_weights)}")
    return ClassWeightedCrossentropy(class_weights, spec.logits)


def balanced_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """Return weights with which all classes count the same in the loss, however many samples each has.

    A class of n samples gets N / (K n), N samples of K classes that have any, so the mean over all samples is 1 and the
    rate of learning need not change.

    Args:
        counts: list of int. The number of training samples of each class, such as the column sums of one-hot labels.

    Returns:
        tuple of float, for `Stage.class_weights`; 0 for a class without samples, which has no use for it.

    Raises:
        ValueError: a number below 0, or no samples.

    Example:
        >>> from deephar.training.objectives import balanced_weights
        >>> balanced_weights([10, 30])
        (2.0, 0.6666666666666666)
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or not counts.any():
        raise ValueError(f"`counts` must be numbers of samples, 0 or above and not all 0. Received: {counts.tolist()}")
    shared = float(counts.sum() / np.count_nonzero(counts))
    return tuple(shared / n if n else 0.0 for n in counts.tolist())


def pose_labels(signature: Signature) -> tuple[list[str], list[int]]:
    """Return what a `BatchLoader` gives a network of poses or heat maps as labels: `y_dictkeys`, `num_predictions`.

    Args:
        signature: `Signature`.

    Returns:
        Keys, and how many outputs in a row each of them is for: "pose" the person's own joints; "people", where heat
        maps show everybody's.
    """
    names = ["people" if spec.people == "all" else "pose" for spec in signature.outputs]
    groups = [(name, len(list(group))) for name, group in itertools.groupby(names)]
    return [name for name, _ in groups], [count for _, count in groups]


class ExtraOutputs(PoseModel):
    """A model whose last outputs have no labels, but losses of their own: `extra_losses` of a subclass."""

    def extra_losses(
        self, labels: list[keras.KerasTensor], outputs: list[keras.KerasTensor], extra: list[keras.KerasTensor]
    ) -> Iterable[keras.KerasTensor]:
        """Yield what is added to the loss.

        Args:
            labels, outputs: list. The labels, and the outputs that they are for.
            extra: list. The other outputs.
        """
        raise NotImplementedError

    def compute_loss(
        self,
        x: Any = None,
        y: keras.KerasTensor | Sequence[keras.KerasTensor] | None = None,
        y_pred: Sequence[keras.KerasTensor] | None = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> keras.KerasTensor:
        """Return the loss of the outputs with labels plus the extra ones."""
        labels = list(y) if isinstance(y, (list, tuple)) else [y]
        outputs, extra = list(y_pred[: len(labels)]), list(y_pred[len(labels) :])
        loss = super().compute_loss(x, labels, outputs, sample_weight, training)
        for term in self.extra_losses(labels, outputs, extra):
            loss = loss + term
        return loss


class AuxiliaryMaps(ExtraOutputs):
    """A pose model on the same layers whose loss adds `weight` x `heatmap_crossentropy` of every probability map.

    Made by `with_maps_loss`. Outputs: those of the pose model, then the maps; labels are those of the poses alone.
    """

    def extra_losses(
        self, labels: list[keras.KerasTensor], outputs: list[keras.KerasTensor], extra: list[keras.KerasTensor]
    ) -> Iterable[keras.KerasTensor]:
        """Yield the weighted mean over the batch of each map's loss."""
        for label, probabilities in zip(labels, extra, strict=True):
            yield self.maps_weight * ops.mean(heatmap_crossentropy(label, probabilities))


def with_maps_loss(model: keras.Model, weight: float) -> AuxiliaryMaps:
    """Return a model for training that shares the layers of a pose model and also trains its probability maps.

    Args:
        model: keras.Model. A network whose signature names the layer of maps behind each of its outputs.
        weight: float, of each map's loss.

    Raises:
        ValueError: an output has no such maps.
    """
    signature = signature_of(model)
    names = [spec.maps_layer for spec in signature.outputs]
    if None in names:
        raise ValueError(
            "`model` must read every output from probability maps for a `heatmap_weight`. "
            f"Received: outputs {[spec.kind for spec in signature.outputs]} with maps {names}"
        )
    maps = [model.get_layer(name).output for name in names]
    extended = AuxiliaryMaps(model.inputs, [*model.outputs, *maps], name=model.name)
    extended.signature, extended.maps_weight = signature, float(weight)
    return extended
