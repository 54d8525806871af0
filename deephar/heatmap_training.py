"""Pose training with an additional loss on the probability maps behind every pose output."""

import keras

from deephar.layers import ChannelSoftmax2D
from deephar.losses import heatmap_crossentropy

MAPS_SUFFIX = "_probmaps"


class HeatmapModel(keras.Model):
    """A pose model on the same layers whose loss adds `weight` x `heatmap_crossentropy` of every probability map.

    Made by `with_heatmap_loss`. Outputs: the poses, then the maps; labels are those of the poses alone.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the pose loss plus the weighted mean over the batch of each map's loss."""
        labels = list(y) if isinstance(y, (list, tuple)) else [y]
        poses, maps = y_pred[: len(labels)], y_pred[len(labels) :]
        loss = super().compute_loss(x, labels, list(poses), sample_weight, training)
        for label, probabilities in zip(labels, maps, strict=True):
            loss = loss + self.heatmap_weight * keras.ops.mean(heatmap_crossentropy(label, probabilities))
        return loss


def with_heatmap_loss(model, weight):
    """Return a model for training that shares the layers of a pose model.

    Args:
        model: a functional network of poses whose blocks have a layer NAME_probmaps.
        weight: of each map's loss.

    Raises:
        ValueError: the model does not have one such layer for each output.
    """
    maps = [k.output for k in model.layers if isinstance(k, ChannelSoftmax2D) and k.name.endswith(MAPS_SUFFIX)]
    if len(maps) != len(model.outputs):
        raise ValueError(
            f"`model` must have one layer NAME{MAPS_SUFFIX} for each of its {len(model.outputs)} outputs. "
            f"Received: {len(maps)}"
        )
    extended = HeatmapModel(model.inputs, [*model.outputs, *maps], name=model.name)
    extended.heatmap_weight = float(weight)
    extended.num_labels = len(model.outputs)
    return extended


def labelled_outputs(model):
    """Return the outputs of a model that have labels: all but the maps of a `HeatmapModel`."""
    return model.outputs[: getattr(model, "num_labels", len(model.outputs))]
