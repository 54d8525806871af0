"""Opening what a data set keeps on disk: every failure names the file and says what to do.

Annotation files come from strangers. Nothing here unpickles or evaluates, and an image that an annotation names must
lie inside the data set's folder: an absolute path, `..` or a symbolic link that leads out of it is refused.
"""

import contextlib
import json
import pathlib

import numpy as np
import scipy.io
from PIL import Image

from deephar.utils.images import UNREADABLE
from deephar.utils.progress import busy


def data_folder(dataset_path, prepare):
    """Return `dataset_path` as a `Path`.

    Args:
        dataset_path: folder of a data set.
        prepare: sentence telling how the folder comes to be, for the error.

    Raises:
        FileNotFoundError: it is not a folder.
    """
    folder = pathlib.Path(dataset_path)
    if not folder.is_dir():
        raise FileNotFoundError(f"`dataset_path` must be an existing folder. Received: {str(folder)!r}. {prepare}")
    return folder


def inside(folder, relative):
    """Return the file `relative` of `folder`, having made sure that it really lies in it.

    `folder` itself may be a symbolic link (data often live on another disk); what is below it may not lead out of it.

    Raises:
        ValueError: the path is absolute, or leaves the folder by `..` or by a symbolic link.
    """
    base = pathlib.Path(folder).resolve()
    name = str(relative)
    if not name or "\0" in name:
        raise ValueError(f"An annotation names no usable image in {str(folder)!r}. Received: {name!r}")
    target = (base / name).resolve()
    if pathlib.PurePosixPath(name).is_absolute() or not target.is_relative_to(base) or target == base:
        raise ValueError(f"An image named in an annotation must lie inside {str(folder)!r}. Received: {name!r}")
    return target


@contextlib.contextmanager
def open_image(path, prepare):
    """Open an image for the body of a `with`; pixels are decoded when the body first asks for them.

    Args:
        path: image file.
        prepare: sentence telling how the file comes to be, for the error.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not an image or is damaged.
    """
    try:
        with Image.open(path) as opened:
            yield opened
    except FileNotFoundError as error:
        raise FileNotFoundError(f"Image not found: {str(path)!r}. {prepare}") from error
    except UNREADABLE as error:
        raise ValueError(f"Image cannot be read: {str(path)!r} ({error}). Replace the file. {prepare}") from error


def load_mat(path, variables, prepare, optional=(), **options):
    """Read a MATLAB file and return the named variables in order, then the optional ones (None where absent).

    Args:
        path: the `.mat` file.
        variables: names that it must hold.
        prepare: sentence telling how the file comes to be, for the error.
        optional: names that it may hold.
        options: further arguments of `scipy.io.loadmat`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file cannot be read, or one of the variables is missing.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Annotation file not found: {str(path)!r}. {prepare}")
    try:
        with busy(f"reading {path.name}"):
            content = scipy.io.loadmat(str(path), appendmat=False, **options)
    except Exception as error:  # a damaged file makes SciPy raise nearly anything
        raise ValueError(f"Annotation file cannot be read: {str(path)!r} ({error}). {prepare}") from error
    missing = [name for name in variables if name not in content]
    if missing:
        found = sorted(name for name in content if not name.startswith("__"))
        raise ValueError(f"{str(path)!r} must hold {list(variables)}; missing: {missing}. Received: {found}. {prepare}")
    return [content.get(name) for name in (*variables, *optional)]


def load_json(path, prepare):
    """Read a JSON file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not JSON.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"File not found: {str(path)!r}. {prepare}")
    try:
        with busy(f"reading {path.name}"):
            return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{str(path)!r} is not a JSON file ({error}). {prepare}") from error


@contextlib.contextmanager
def malformed(path, what, prepare):
    """Turn what goes wrong while taking an annotation apart into one error that names the file and the place."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{str(path)!r}: {what} is not in the expected form ({error}). {prepare}") from error


def sequences_of(records, parse, path, variable, prepare):
    """Take the MATLAB structs of a list of sequences apart.

    Args:
        records: the content of the variable, one struct or an array of them.
        parse: function from a struct to a sequence.
        path, variable: where they come from, for the error.
        prepare: sentence telling how the file comes to be, for the error.

    Raises:
        ValueError: a struct is not as `parse` expects.
    """
    sequences = []
    for place, record in enumerate(np.atleast_1d(records)):
        with malformed(path, f"`{variable}`, sequence {place}", prepare):
            sequences.append(parse(record))
    return sequences
