"""Strict loading and saving of weights: every weight of a file goes to its place, or nothing changes.

    .h5 .hdf5      the layout of Keras 2.1.4, read and written; also read: what `model.save` of Keras 3 writes there
    .weights.h5    Keras 3's, its layers paired by name where the file names them
    .keras         a whole model of Keras 3: its weights are taken by Keras

`deephar.models.base.PoseModel` is what the builders return: its `load_weights` and `save_weights` do all of this.
"""

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator, Sequence

import h5py
import keras
import numpy as np

from deephar.checkpoints import keras3_h5, legacy_h5, ramps
from deephar.checkpoints.hdf5 import Groups, WeightFileError
from deephar.checkpoints.nested import by_outer, group_weights, weighted_layers
from deephar.checkpoints.plan import ForeignWeightsError, LoadReport, legacy_layout, make_plan, raise_if_unfit
from deephar.utils.io import atomic_path

__all__ = [
    "ForeignWeightsError",
    "LoadReport",
    "WeightFileError",
    "copy_weights",
    "legacy_groups",
    "load_weights",
    "save_keras3_weights",
    "save_legacy_weights",
]


@contextlib.contextmanager
def weights_kept_on_error(model: keras.Model) -> Iterator[None]:
    """Restore a model's weights when the block fails."""
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    try:
        yield
    except BaseException:
        for variable, array in zip(model.variables, before, strict=True):
            variable.assign(array)
        raise


def _assign(model, groups, path, by_name, ignore=(), skip_mismatch=False, strict=True):
    """Assign stored weights after everything about them has been checked."""
    report, plan = make_plan(model, groups, by_name, ignore, skip_mismatch, strict)
    raise_if_unfit(report, model, path, strict)
    with weights_kept_on_error(model):
        for variable, array in plan:
            variable.assign(array)
    return report


def load_weights(
    model: keras.Model,
    path: str | pathlib.Path,
    by_name: bool = False,
    skip_mismatch: bool | str | Sequence[str] = False,
    ignore: str | Sequence[str] = (),
    strict: bool | None = None,
) -> LoadReport | None:
    """Load a weight file into a model: everything that should go into it, or nothing.

    Args:
        model: keras.Model. A built functional model.
        path: str or Path. A `.h5` or `.hdf5` file in the layout of Keras 2 (`save_weights` or `save`), or a
            `.weights.h5` or `.keras` file of Keras 3.
        by_name: bool. Load the layers that have the same name in the file and in the model, and leave the others, as
            Keras 2 did; a nested model is one layer. By default all layers must be in both, and a file with other layer
            names is paired by order where all shapes agree.
        skip_mismatch: bool, str or list of str. Patterns of layers that may have another shape and then keep their
            weights; True for any.
        ignore: str or list of str. Patterns (`fnmatch`) of layers that may be missing, unexpected or of another shape.
        strict: bool or None. Whether every layer must be in both; None: where `by_name` is false.

    Returns:
        `LoadReport`, which prints as one line: how many layers were loaded, kept their weights, and were unused. None
        where a file of Keras 3 names no layers and was loaded by Keras.

    Raises:
        FileNotFoundError: there is no such file.
        WeightFileError: the file is damaged or no weight file.
        ForeignWeightsError: no layer of the file is one of the model's; a ValueError.
        ValueError: shapes differ; with `strict` also where layers are missing or unexpected; lists them.
        Whichever error is raised, the model keeps its weights.
    """
    groups = _read(path)
    if groups is None:
        return _load_by_keras(model, path, by_name, skip_mismatch, ignore)
    strict = not by_name if strict is None else strict
    return _assign(model, groups, path, by_name, ignore, skip_mismatch, strict)


def _read(path):
    """Return the stored layers of a file in any of the three layouts, None where they have no names."""
    if pathlib.Path(path).suffix == ".keras":
        return keras3_h5.read_archive(path)
    return legacy_h5.read(path) if legacy_h5.is_legacy(path) else keras3_h5.read(path)


def _load_by_keras(model, path, by_name, skip_mismatch, ignore):
    """Let Keras load its own file, and keep the weights where it fails."""
    if not str(path).endswith((".weights.h5", ".keras")):
        raise WeightFileError(f"`path` must be a weight file with named layers. Received: {str(path)!r}")
    if by_name or ignore:
        raise ValueError(f"`by_name` and `ignore` need a file that names its layers. Received: {str(path)!r}")
    with weights_kept_on_error(model):
        try:
            keras.Model.load_weights(model, path, skip_mismatch=bool(skip_mismatch))
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                f"`path` does not fit the model {model.name!r}, whose weights stay as they were. "
                f"Received: {str(path)!r}\n{error}"
            ) from error
    return None


def copy_weights(source: keras.Model, target: keras.Model, ignore: str | Sequence[str] = ()) -> LoadReport:
    """Copy weights by layer name from one model to another, all or nothing, as from an image model to a clip model.

    Args:
        source: keras.Model. Where the weights come from.
        target: keras.Model. Where they go.
        ignore: str or list of str. Patterns as for `load_weights`.

    Returns:
        `LoadReport`.

    Raises:
        ForeignWeightsError, ValueError: as `load_weights`, with the source in place of the file.
    """
    groups = [
        (name, [(v.name, keras.ops.convert_to_numpy(v)) for v in variables])
        for name, variables in weighted_layers(source).items()
    ]
    return _assign(target, groups, source.name, True, ignore)


def legacy_groups(model: keras.Model) -> Groups:
    """Return a model's weights as an old file holds them: [(layer, [(weight name, array), ...]), ...].

    The order and the frozen kernels come from `model.legacy_layout`, which the builders set: a function without
    arguments that returns [(layer, None or what `ramps.fixed_weights` takes), ...]. A model without it has its layers
    in their own order. A nested model is one group.

    Raises:
        ValueError: `model.legacy_layout` lacks a layer with weights.
    """
    layers, groups = by_outer(weighted_layers(model)), []
    for layer, frozen in legacy_layout(model):
        if frozen is not None:
            weights = [(f"{layer}/{name}:0", array) for name, array in ramps.fixed_weights(*frozen)]
        else:
            mine = group_weights(layer, layers.pop(layer)) if layer in layers else []
            weights = [(name, keras.ops.convert_to_numpy(v)) for name, v in mine]
        groups.append((layer, weights))
    if layers:
        raise ValueError(f"`model.legacy_layout` must name every layer with weights. Received: not {list(layers)}")
    return groups


def save_legacy_weights(model: keras.Model, path: str | pathlib.Path) -> None:
    """Write a model's weights in the layout of Keras 2.1.4, so that the original can load them; whole or not at all.

    Args:
        model: keras.Model of this package.
        path: str or Path. The `.h5` or `.hdf5` file.

    Raises:
        FileNotFoundError: the folder of `path` does not exist.
        ValueError: as `legacy_groups`.
    """
    legacy_h5.write(path, legacy_groups(model))


def save_keras3_weights(model: keras.Model, path: str | pathlib.Path) -> None:
    """Write a `.weights.h5` file of Keras 3, whole or not at all, without the optimizer's state, which doubles it.

    Args:
        model: keras.Model.
        path: str or Path. The file.

    Raises:
        FileNotFoundError: the folder of `path` does not exist.
    """
    with atomic_path(path) as lean, tempfile.TemporaryDirectory(dir=lean.parent, prefix=".") as folder:
        whole = pathlib.Path(folder) / "all.weights.h5"
        keras.Model.save_weights(model, whole, overwrite=True)
        with h5py.File(whole, "r") as source, h5py.File(lean, "w") as target:
            target.attrs.update(source.attrs)
            for name in source:
                if name != "optimizer":
                    source.copy(name, target)
