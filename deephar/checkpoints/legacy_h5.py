"""Reads and writes weight files in the layout of Keras 2.1.4, with h5py alone.

    /                       attributes: layer_names, backend, keras_version
    /<layer>                attribute: weight_names
    /<layer>/<layer>/kernel:0     one data set a weight, float32

`model.save` of Keras 2 put the same tree under `/model_weights`; both are read. A list of names that does not fit into
one attribute (64 KiB) is cut into `layer_names0`, `layer_names1`, ...

`hdf5` says how files are read and what is refused.
"""

import pathlib

import h5py
import numpy as np

from deephar.checkpoints import hdf5
from deephar.utils.io import atomic_path

KERAS_VERSION = "2.1.4"
ATTRIBUTE_BYTES = 64512  # what HDF5 keeps in an object header


def _layers(file):
    """Return the groups of an open file as [(layer, [(weight name, array), ...]), ...] in file order."""
    root = file
    if not any(name in file.attrs for name in hdf5.LAYER_LISTS) and "model_weights" in file:
        root = hdf5.read_member(file, "model_weights", h5py.Group)
    layer_names = hdf5.read_names(root, "layer_names")
    if layer_names is None:
        raise hdf5.UnfitContent("it has no `layer_names`")
    budget, layers = [None], []
    for layer in layer_names:
        group = hdf5.read_member(root, layer, h5py.Group)
        weights = hdf5.read_names(group, "weight_names") or []
        arrays = [(w, hdf5.read_array(hdf5.read_member(group, w, h5py.Dataset), budget)) for w in weights]
        layers.append((layer, arrays))
    return layers


def read(path: str | pathlib.Path) -> hdf5.Groups:
    """Read a weight file in the layout of Keras 2, which `model.save("x.h5")` of Keras 3 writes, too.

    Args:
        path: str or Path. A `.h5` or `.hdf5` file of `save_weights` or `save`.

    Returns:
        [(layer name, [(weight name, array), ...]), ...] in file order, layers without weights included. A nested
        model is one layer with all of its weights.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is truncated, no HDF5 file, no weight file, or holds anything but numbers.
    """
    with hdf5.opened(path) as file:
        return _layers(file)


def is_legacy(path: str | pathlib.Path) -> bool:
    """Return whether an HDF5 file lists layers as Keras 2 did; False for the layout of Keras 3.

    Raises:
        FileNotFoundError, WeightFileError: as `read`.
    """
    with hdf5.opened(path) as file:
        return hdf5.lists_layers(file)


def _write_names(node, attribute, names):
    """Store a list of names, in several attributes where one cannot hold it, as Keras 2.2 did."""
    data = np.asarray([n.encode("utf-8") for n in names]) if names else np.zeros((0,), "S1")
    pieces = max(1, -(-data.nbytes // ATTRIBUTE_BYTES))
    if pieces == 1:
        node.attrs[attribute] = data
    for number, piece in enumerate(np.array_split(data, pieces) if pieces > 1 else ()):
        node.attrs[f"{attribute}{number}"] = piece


def write(path: str | pathlib.Path, groups: hdf5.Groups, keras_version: str = KERAS_VERSION) -> None:
    """Write a weight file as Keras 2.1.4 laid it out, whole or not at all.

    Args:
        path: str or Path. The file to write.
        groups: [(layer name, [(weight name, array), ...]), ...], as `read` returns it.
        keras_version: str. The version that the file names.

    Raises:
        FileNotFoundError: the folder of `path` does not exist.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        _write_names(file, "layer_names", [layer for layer, _ in groups])
        file.attrs["backend"] = np.bytes_(b"tensorflow")
        file.attrs["keras_version"] = np.bytes_(keras_version.encode())
        for layer, weights in groups:
            group = file.create_group(layer)
            _write_names(group, "weight_names", [name for name, _ in weights])
            for name, values in weights:
                group.create_dataset(name, data=np.asarray(values, "float32"))
