"""Reads and writes weight files in the layout of Keras 2.1.4, with h5py alone.

    /                       attributes: layer_names, backend, keras_version
    /<layer>                attribute: weight_names
    /<layer>/<layer>/kernel:0     one data set a weight, float32

`model.save` of Keras 2 put the same tree under `/model_weights`; both are read. A list of names that does not fit into
one attribute (64 KiB) is cut into `layer_names0`, `layer_names1`, ...

The reader trusts nothing: it follows no external or soft links, unpickles nothing, reads numbers only, and counts
what it is about to read before it does.
"""

import contextlib
import pathlib

import h5py
import numpy as np

from deephar.utils.io import atomic_path

KERAS_VERSION = "2.1.4"
MAX_BYTES = 4 * 1024**3
MAX_LAYERS = 100_000
MAX_NAME = 1024
ATTRIBUTE_BYTES = 64512  # what HDF5 keeps in an object header
LAYER_LISTS = ("layer_names", "layer_names0")
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class WeightFileError(ValueError):
    """A weight file that is damaged, or not one."""


def _refuse(path, why):
    raise WeightFileError(f"`path` must be a weight file in the layout of Keras 2.1.4: {why}. Received: {str(path)!r}")


def check_is_hdf5(path):
    """Return `path` as a Path.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: it is no HDF5 file at all (a text file, a web page saved by mistake, an empty file).
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`path` must be a weight file. Received: {str(path)!r}, which does not exist")
    with open(path, "rb") as file:
        start = file.read(len(HDF5_SIGNATURE))
    if not start:
        _refuse(path, "the file is empty")
    if start != HDF5_SIGNATURE:
        _refuse(path, f"this is not an HDF5 file, it begins with {start!r}")
    return path


@contextlib.contextmanager
def damaged(path):
    """Turn what h5py raises on a broken file into a `WeightFileError`."""
    try:
        yield
    except WeightFileError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        _refuse(path, f"it is damaged or was cut off ({str(error).splitlines()[0][:200]})")


def _names(path, group, attribute):
    """Return the names listed in an attribute, or None where there is none."""
    attrs = group.attrs
    if attribute in attrs:
        chunks = [attrs[attribute]]
    else:
        chunks = []
        while f"{attribute}{len(chunks)}" in attrs:
            chunks.append(attrs[f"{attribute}{len(chunks)}"])
        if not chunks:
            return None
    names = [n for chunk in chunks for n in np.asarray(chunk).reshape(-1).tolist()]
    if len(names) > MAX_LAYERS:
        _refuse(path, f"it lists {len(names)} names in `{attribute}`, more than {MAX_LAYERS}")
    try:
        names = [n.decode("utf-8") if isinstance(n, bytes) else n for n in names]
    except UnicodeDecodeError:
        _refuse(path, f"`{attribute}` of {group.name!r} holds what is no text")
    if not all(isinstance(n, str) and 0 < len(n) <= MAX_NAME for n in names):
        _refuse(path, f"`{attribute}` of {group.name!r} holds what is no name")
    return names


def _member(path, group, name, kind):
    """Return a group or data set that lies inside of `group`, reached through hard links only."""
    node = group
    for part in name.split("/"):
        if part in ("", ".", "..") or not isinstance(node, h5py.Group):
            _refuse(path, f"{name!r} is not a name inside of {group.name!r}")
        link = node.get(part, getlink=True)
        if link is None:
            _refuse(path, f"{name!r} is listed in {group.name!r} but is not there")
        if not isinstance(link, h5py.HardLink):
            _refuse(path, f"{name!r} of {group.name!r} is a link to somewhere else")
        node = node[part]
    if not isinstance(node, kind):
        _refuse(path, f"{name!r} of {group.name!r} is not a {kind.__name__.lower()}")
    return node


def read_array(path, dataset, budget):
    """Return one weight as an array, after its kind and size have been checked.

    `budget` is a list of one number, the bytes that may still be read (None: the most), and is counted down.
    """
    if not isinstance(dataset, h5py.Dataset):
        _refuse(path, f"{dataset.name!r} is not a dataset")
    if dataset.dtype.kind not in "fiu" or dataset.shape is None:
        _refuse(path, f"{dataset.name!r} holds {dataset.dtype}, not numbers")
    if dataset.external or dataset.is_virtual:
        _refuse(path, f"{dataset.name!r} keeps its numbers in another file")
    budget[0] = MAX_BYTES if budget[0] is None else budget[0]
    budget[0] -= int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if budget[0] < 0:
        _refuse(path, f"it unfolds to more than {MAX_BYTES} bytes")
    return dataset[()]


def _layers(path, file):
    """Return the groups of an open file as [(layer, [(weight name, array), ...]), ...] in file order."""
    root = file
    if not any(name in root.attrs for name in LAYER_LISTS) and "model_weights" in file:
        root = _member(path, file, "model_weights", h5py.Group)
    layer_names = _names(path, root, "layer_names")
    if layer_names is None:
        _refuse(path, "it has no `layer_names`")
    budget, layers = [None], []
    for layer in layer_names:
        group = _member(path, root, layer, h5py.Group)
        weights = _names(path, group, "weight_names") or []
        arrays = [(w, read_array(path, _member(path, group, w, h5py.Dataset), budget)) for w in weights]
        layers.append((layer, arrays))
    return layers


def read(path):
    """Read a weight file written by Keras 2.

    Args:
        path: a `.h5` or `.hdf5` file of `save_weights` or `save`.

    Returns:
        [(layer name, [(weight name, array), ...]), ...] in file order, layers without weights included. A nested
        model is one layer with all of its weights.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is truncated, no HDF5 file, no weight file, or holds anything but numbers.
    """
    path = check_is_hdf5(path)
    with damaged(path), h5py.File(path, "r") as file:
        return _layers(path, file)


def is_legacy(path):
    """Return whether an HDF5 file lists layers as Keras 2 did; False for the layout of Keras 3.

    Raises:
        FileNotFoundError, WeightFileError: as `read`.
    """
    path = check_is_hdf5(path)
    with damaged(path), h5py.File(path, "r") as file:
        nodes = [file]
        if isinstance(file.get("model_weights", getlink=True), h5py.HardLink):
            nodes.append(file["model_weights"])
        return any(name in node.attrs for node in nodes for name in LAYER_LISTS)


def _write_names(node, attribute, names):
    """Store a list of names, in several attributes where one cannot hold it, as Keras 2.2 did."""
    data = np.asarray([n.encode("utf-8") for n in names]) if names else np.zeros((0,), "S1")
    pieces = max(1, -(-data.nbytes // ATTRIBUTE_BYTES))
    if pieces == 1:
        node.attrs[attribute] = data
    for number, piece in enumerate(np.array_split(data, pieces) if pieces > 1 else ()):
        node.attrs[f"{attribute}{number}"] = piece


def write(path, groups, keras_version=KERAS_VERSION):
    """Write a weight file as Keras 2.1.4 laid it out, whole or not at all.

    Args:
        path: the file to write.
        groups: [(layer name, [(weight name, array), ...]), ...], as `read` returns it.
        keras_version: the version to be named in the file.
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
