"""Reads whole models from the HDF5 files of `model.save("x.h5")`, without running code from the file.

    /                  attribute model_config: the network as JSON text
    /model_weights     its weights in the layout of Keras 2, see `legacy_h5`

Layers that carry code (`Lambda`) or load it from elsewhere are refused, as is every class that is neither Keras' nor
this package's.
"""

import json
import pathlib

import keras

from deephar.checkpoints import hdf5
from deephar.checkpoints.loading import load_weights

CONFIG = "model_config"
MAX_DEPTH = 100
RUN_CODE = ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
OUR_PREFIX = "deephar>"
MODULES = ("keras", "deephar")  # whose classes a file may name


def _config_text(file):
    text = file.attrs.get(CONFIG)
    return text.decode("utf-8") if isinstance(text, bytes) else text


def holds_model(path: str | pathlib.Path) -> bool:
    """Return whether an HDF5 file describes its network and does not hold weights alone.

    Raises:
        FileNotFoundError, WeightFileError: as `hdf5.opened`.
    """
    with hdf5.opened(path) as file:
        return isinstance(_config_text(file), str)


def _check_config(value, depth=0):
    """Refuse a description that could run code: what it names must be Keras' or ours, and hold no functions."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        kind, module = value.get("class_name"), value.get("module")
        if isinstance(kind, str) and kind.rsplit(">", 1)[-1] in RUN_CODE:
            raise ValueError(f"its layer {kind} holds code, which is not run")
        if isinstance(module, str) and module.split(".", 1)[0] not in MODULES:
            raise ValueError(f"it names {module!r}, which is not of {' or '.join(MODULES)}")
        value = list(value.values())
    for entry in value if isinstance(value, list) else ():
        _check_config(entry, depth + 1)


def _class_of(name):
    """Return the model class that a description names."""
    own = keras.saving.get_custom_objects().get(f"{OUR_PREFIX}{str(name).rsplit('>', 1)[-1]}")
    found = own or {"Functional": keras.Model, "Model": keras.Model, "Sequential": keras.Sequential}.get(name)
    if found is None:
        raise ValueError(f"its class {name!r} is neither Keras' nor deephar's")
    return found


def _build(text):
    """Build the network that a description stands for, with fresh weights."""
    stored = json.loads(text)
    if not isinstance(stored, dict) or not isinstance(stored.get("config"), dict):
        raise ValueError(f"its {CONFIG} describes no model")
    _check_config(stored)
    return _class_of(stored.get("class_name")).from_config(stored["config"])


def load_whole_model(path: str | pathlib.Path) -> keras.Model:
    """Load a model from an HDF5 file that holds both network and weights.

    Args:
        path: str or Path. A file of `model.save("x.h5")`. The classes of this package that it names must have been
            imported, as `deephar.models` does.

    Returns:
        The model, not compiled.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is damaged.
        ValueError: its description holds code or something unknown, or does not fit the weights.
    """
    with hdf5.opened(path) as file:
        text = _config_text(file)
    try:
        model = _build(text)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(
            f"`path` must hold a model that can be built from its description: {error}. Received: {str(path)!r}"
        ) from error
    load_weights(model, path)
    return model
