"""Reads the layer names and weights of a `.weights.h5` file that Keras 3 wrote.

    /layers/<class and number>/vars          attribute: name, the layer's
    /layers/<class and number>/vars/0, 1...  its weights in order
    /layers/<class and number>/layers/...    the same again inside of a nested model

A `.keras` file is an archive that holds such a file as `model.weights.h5`.

Keras itself pairs layers by class and position, so it needs exactly the same network. With the names, an image model's
file fits a clip model, and what does not fit can be listed.
"""

import pathlib
import tempfile
import zipfile
import zlib

import h5py

from deephar.checkpoints.hdf5 import KERAS3, MAX_BYTES, Groups, check_is_file, opened, read_array, read_member, refuse

MEMBER = "model.weights.h5"


def _weights_of(group, budget):
    """Return [("", array), ...] of one `vars` group, in order."""
    return [("", read_array(read_member(group, str(i), h5py.Dataset), budget)) for i in range(len(group))]


def _groups_in(layers, prefix, budget):
    """Return the named weights of one `layers` group, nested ones as outer/inner; None where one has no name."""
    groups = []
    for key in layers:
        entry = read_member(layers, key, h5py.HLObject)
        parts = set(entry) if isinstance(entry, h5py.Group) else {None}
        if not parts <= {"vars", "layers"}:
            return None  # only Keras knows how
        variables = read_member(entry, "vars", h5py.Group) if "vars" in parts else {}
        named = "vars" in parts and "name" in variables.attrs
        if not named and (len(variables) or "layers" in parts):
            return None
        name = f"{prefix}{variables.attrs['name']}" if named else None
        if len(variables):
            groups.append((name, _weights_of(variables, budget)))
        inner = _groups_in(read_member(entry, "layers", h5py.Group), f"{name}/", budget) if "layers" in parts else []
        if inner is None:
            return None
        groups += inner
    return groups


def _groups(file):
    if "layers" not in file:
        return None
    groups = _groups_in(read_member(file, "layers", h5py.Group), "", [None])
    return groups if groups is not None and len({name for name, _ in groups}) == len(groups) else None


def read(path: str | pathlib.Path) -> Groups | None:
    """Read the weights of the layers of a functional model.

    Args:
        path: str or Path. A `.weights.h5` file of `save_weights`; the optimizer's state, if there is one, is ignored.

    Returns:
        [(layer name, [("", array), ...]), ...], outer/inner for the layers of a nested model; or None where the file
        does not name its layers one by one (a version before 3.3).

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is damaged, no HDF5 file, or holds anything but numbers.
    """
    with opened(path) as file:
        return _groups(file)


def read_archive(path: str | pathlib.Path) -> Groups | None:
    """Read the weights inside of a `.keras` file, a str or Path; result and errors as `read`."""
    path = check_is_file(path)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(MEMBER).file_size > MAX_BYTES:
                    refuse(path, f"its {MEMBER} unfolds to more than {MAX_BYTES} bytes", KERAS3)
                inner = archive.extract(MEMBER, folder)
        except (zipfile.BadZipFile, OSError, KeyError, zlib.error, EOFError, NotImplementedError) as error:
            refuse(path, f"it is no `.keras` archive or is damaged ({error})", KERAS3)
        with opened(inner, shown=path) as file:
            return _groups(file)
