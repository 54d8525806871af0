"""Reads HDF5 weight files with checks: what the layouts of Keras 2 and of Keras 3 share.

The reader trusts nothing: it follows no external or soft links, unpickles nothing, reads numbers and names only, and
checks the size of everything before it reads it. Every fault ends in a `WeightFileError` that names the file and the
layout that it seems to have.
"""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import NoReturn

import h5py
import numpy as np

Weights = list[tuple[str, np.ndarray]]  # weight names and arrays of one layer
Groups = list[tuple[str, Weights]]  # layer names and weights of a file, in its order

MAX_BYTES = 4 * 1024**3
MAX_LAYERS = 100_000
MAX_NAME = 1024
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
KERAS2, KERAS3 = "Keras 2.1.4", "Keras 3"
LAYER_LISTS = ("layer_names", "layer_names0")  # attributes of a file of Keras 2
BROKEN = (OSError, RuntimeError, KeyError, ValueError, TypeError)  # what h5py raises on a damaged file


class WeightFileError(ValueError):
    """A weight file that is damaged, or not one."""


class UnfitContent(ValueError):
    """What a file holds at one place is not what may stand there."""


def refuse(path: str | pathlib.Path, why: str, layout: str) -> NoReturn:
    """Raise an error about a file.

    Args:
        path: str or Path. The file, for the message.
        why: str. What is wrong with it.
        layout: str, KERAS2 or KERAS3: what it seems to be.

    Raises:
        WeightFileError: always.
    """
    kind = f"a weight file, this one in the layout of {layout}"
    raise WeightFileError(f"`path` must be {kind}: {why}. Received: {str(path)!r}")


def layout_of_name(path: str | pathlib.Path) -> str:
    """Return KERAS2 or KERAS3, the layout that the name of a file stands for."""
    return KERAS3 if pathlib.Path(path).name.lower().endswith((".weights.h5", ".keras")) else KERAS2


def lists_layers(file: h5py.File) -> bool:
    """Return whether an open file, or its `/model_weights`, lists its layers as Keras 2 did."""
    nodes = [file]
    if isinstance(file.get("model_weights", getlink=True), h5py.HardLink):
        nodes.append(file["model_weights"])
    return any(name in node.attrs for node in nodes for name in LAYER_LISTS)


def _layout_of(file, path):
    """Return the layout of an open file: by what it holds, else by its name."""
    try:
        if lists_layers(file):
            return KERAS2
        return KERAS3 if "layers" in file else layout_of_name(path)
    except BROKEN:
        return layout_of_name(path)


def check_is_file(path: str | pathlib.Path) -> pathlib.Path:
    """Return the path of a file as a Path.

    Raises:
        FileNotFoundError: there is no such file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`path` must be a weight file. Received: {str(path)!r}, which does not exist")
    return path


def _check_signature(path, shown):
    with open(path, "rb") as file:
        start = file.read(len(HDF5_SIGNATURE))
    if not start:
        refuse(shown, "the file is empty", layout_of_name(shown))
    if start != HDF5_SIGNATURE:
        refuse(shown, f"this is not an HDF5 file, it begins with {start!r}", layout_of_name(shown))


@contextlib.contextmanager
def opened(path: str | pathlib.Path, shown: str | pathlib.Path | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; every fault found in it while it is open becomes a `WeightFileError`.

    Args:
        path: str or Path.
        shown: str or Path that messages name; None: `path`.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is damaged, or no HDF5 file at all (a text file, a web page saved by mistake, empty).
    """
    path = check_is_file(path)
    shown = path if shown is None else shown
    _check_signature(path, shown)
    layout = layout_of_name(shown)
    try:
        with h5py.File(path, "r") as file:
            layout = _layout_of(file, shown)
            yield file
    except UnfitContent as error:
        refuse(shown, str(error), layout)
    except WeightFileError:
        raise
    except BROKEN as error:
        refuse(shown, f"it is damaged or was cut off ({str(error).splitlines()[0][:200]})", layout)


def read_names(group: h5py.Group, attribute: str) -> list[str] | None:
    """Return the names listed in an attribute, or in several that are numbered; None where there is none.

    Raises:
        UnfitContent: it holds no names, or too many.
    """
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
        raise UnfitContent(f"it lists {len(names)} names in `{attribute}`, more than {MAX_LAYERS}")
    try:
        names = [n.decode("utf-8") if isinstance(n, bytes) else n for n in names]
    except UnicodeDecodeError as error:
        raise UnfitContent(f"`{attribute}` of {group.name!r} holds what is no text") from error
    if not all(isinstance(n, str) and 0 < len(n) <= MAX_NAME for n in names):
        raise UnfitContent(f"`{attribute}` of {group.name!r} holds what is no name")
    return names


def read_member(group: h5py.Group, name: str, kind: type[h5py.HLObject]) -> h5py.HLObject:
    """Return a group or data set that lies inside of a group and is reached through hard links only.

    Args:
        group: h5py.Group.
        name: str. Path from the group to the member, with slashes.
        kind: h5py.Group, h5py.Dataset, or h5py.HLObject for either.

    Raises:
        UnfitContent: there is no such member, or it is reached through a link or of another kind.
    """
    node = group
    for part in name.split("/"):
        if part in ("", ".", "..") or not isinstance(node, h5py.Group):
            raise UnfitContent(f"{name!r} is not a name inside of {group.name!r}")
        link = node.get(part, getlink=True)
        if link is None:
            raise UnfitContent(f"{name!r} is listed in {group.name!r} but is not there")
        if not isinstance(link, h5py.HardLink):
            raise UnfitContent(f"{name!r} of {group.name!r} is a link to somewhere else")
        node = node[part]
    if not isinstance(node, kind):
        raise UnfitContent(f"{name!r} of {group.name!r} is not a {kind.__name__.lower()}")
    return node


def read_array(dataset: h5py.Dataset, budget: list[int | None]) -> np.ndarray:
    """Return one weight as an array, after its kind and size have been checked.

    Args:
        dataset: h5py.Dataset.
        budget: list of one int, the bytes that may still be read, which is counted down; None in it: MAX_BYTES.

    Raises:
        UnfitContent: the data set does not hold numbers, keeps them in another file, or is too large.
    """
    if not isinstance(dataset, h5py.Dataset):
        raise UnfitContent(f"{dataset.name!r} is not a dataset")
    if dataset.dtype.kind not in "fiu" or dataset.shape is None:
        raise UnfitContent(f"{dataset.name!r} holds {dataset.dtype}, not numbers")
    if dataset.external or dataset.is_virtual:
        raise UnfitContent(f"{dataset.name!r} keeps its numbers in another file")
    budget[0] = MAX_BYTES if budget[0] is None else budget[0]
    budget[0] -= int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if budget[0] < 0:
        raise UnfitContent(f"it unfolds to more than {MAX_BYTES} bytes")
    return dataset[()]
