"""From the name, path or network that a user gives to a loaded network and the stamp that its predictions carry."""

import hashlib
import pathlib

import numpy as np

from deephar.inference.results import ModelStamp
from deephar.utils.io import file_digest


def default_model():
    """Name of the model that ships and knows actions; the one used when none is named."""
    from deephar.models import zoo

    return zoo.DEFAULT_MODEL


def default_model_3d():
    """Name of the model of 3D poses that ships."""
    from deephar.models import zoo

    return zoo.DEFAULT_MODEL_3D


def load_network(model, weights=None):
    """Load what the user named.

    Args:
        model: a network, the name of a registered one, or a path that `deephar.load_model` takes.
        weights: file with weights to load into it, or None.

    Returns:
        (network, `ModelStamp`).

    Raises:
        ValueError: unknown name (all are listed), or weights of another network.
        FileNotFoundError: no such file.
    """
    if not isinstance(model, (str, pathlib.Path)):
        if weights is not None:
            model.load_weights(weights)
        name = getattr(model, "name", type(model).__name__)
        return model, ModelStamp(name, file_digest(weights) if weights else values_sha256(model))
    from deephar.models import zoo

    name, card = str(model), zoo.MODELS.get(str(model))
    network = zoo.load_model(name, weights=weights)
    file = weights or (zoo.find_weights(card) if card else name)
    return network, ModelStamp(name, file_digest(file))


def values_sha256(model):
    """SHA-256 of a network's weights, in its order, as float32 little-endian bytes."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()
