"""Network architectures: one file each, and what can be done to a built model."""

from deephar.models import hourglass, reception, spnet
from deephar.models.spnet import compile_split_models, get_num_predictions, split_model
from deephar.models.surgery import (
    compile_model,
    copy_replica_layers,
    cut_model,
    join_confidence,
    prediction_blocks,
    set_trainable_layers,
    sharpen_maps,
)

__all__ = [
    "compile_model",
    "compile_split_models",
    "copy_replica_layers",
    "cut_model",
    "get_num_predictions",
    "hourglass",
    "join_confidence",
    "prediction_blocks",
    "reception",
    "set_trainable_layers",
    "sharpen_maps",
    "split_model",
    "spnet",
]
