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

import h5py

from deephar.checkpoints.legacy_h5 import MAX_BYTES, check_is_hdf5, damaged, read_array

MEMBER = "model.weights.h5"


def _weights_of(path, group, budget):
    """Return [(None, array), ...] of one `vars` group, in order."""
    return [("", read_array(path, group[str(i)], budget)) for i in range(len(group))]


def _groups_in(path, layers, prefix, budget):
    """Return the named weights of one `layers` group, nested ones as outer/inner; None where one has no name."""
    groups = []
    for entry in layers.values():
        parts = set(entry) if isinstance(entry, h5py.Group) else {None}
        if not parts <= {"vars", "layers"}:
            return None  # only Keras knows how
        variables = entry.get("vars", {})
        named = "vars" in parts and "name" in variables.attrs
        if not named and (len(variables) or "layers" in parts):
            return None
        name = f"{prefix}{variables.attrs['name']}" if named else None
        if len(variables):
            groups.append((name, _weights_of(path, variables, budget)))
        inner = _groups_in(path, entry["layers"], f"{name}/", budget) if "layers" in parts else []
        if inner is None:
            return None
        groups += inner
    return groups


def _groups(path, file):
    if not isinstance(file.get("layers", getlink=True), h5py.HardLink):
        return None
    groups = _groups_in(path, file["layers"], "", [None])
    return groups if groups is not None and len({name for name, _ in groups}) == len(groups) else None


def read(path):
    """Read the weights of the layers of a functional model.

    Args:
        path: a `.weights.h5` file of `save_weights`; the optimizer's state, if there is one, is left alone.

    Returns:
        [(layer name, [("", array), ...]), ...], outer/inner for the layers of a nested model; or None where the file
        does not name its layers one by one (a version before 3.3).

    Raises:
        FileNotFoundError, WeightFileError: as `legacy_h5.read`.
    """
    path = check_is_hdf5(path)
    with damaged(path), h5py.File(path, "r") as file:
        return _groups(path, file)


def read_archive(path):
    """Read the weights inside of a `.keras` file; result and errors as `read`."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`path` must be a weight file. Received: {str(path)!r}, which does not exist")
    with tempfile.TemporaryDirectory() as folder, damaged(path):
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(MEMBER).file_size > MAX_BYTES:
                    raise ValueError(f"{MEMBER} unfolds to more than {MAX_BYTES} bytes")
                inner = archive.extract(MEMBER, folder)
        except zipfile.BadZipFile as error:
            raise ValueError(f"not an archive: {error}") from error
        with h5py.File(inner, "r") as file:
            return _groups(path, file)
