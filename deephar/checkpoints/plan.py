"""Compares stored weights with a model: where each goes, and everything that does not fit, without changing anything.

    [(layer, weights)] -> pairs, missing, unexpected, other shape, wrong ramp

Layers are paired by name. A file of the same network whose layers have other names (the original numbered some of them
by a counter of the whole process) is paired by order, where number and shapes of all weights agree. The layers inside
of a nested model are paired in the same way, see `nested`.
"""

import dataclasses
import fnmatch
import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from deephar.checkpoints import ramps
from deephar.checkpoints.hdf5 import Groups
from deephar.checkpoints.nested import by_outer, outer_of, under_model_names, weighted_layers

MAX_LISTED = 12


class ForeignWeightsError(ValueError):
    """Weights of another family of networks: no layer has the name of one of the model's."""


@dataclasses.dataclass(repr=False)
class LoadReport:
    """What loading did or would do; it prints as one line. The lists hold names of layers, or a line about each layer.

    Attributes:
        loaded: layers (outer/inner in a nested model) whose weights were assigned.
        missing: layers of the model that the file does not hold; they keep their weights where loading is not strict.
        unexpected: layers of the file that the model does not have; unused where loading is not strict.
        mismatched: layers of both with another shape or number of weights, and stored values that cannot be right.
        ramps: frozen soft-argmax kernels that were found and agree.
        excused: layers that keep their weights because a pattern excuses them.
        by_order: bool. Whether layers were paired by order instead of by name.
    """

    loaded: list[str] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)
    unexpected: list[str] = dataclasses.field(default_factory=list)
    mismatched: list[str] = dataclasses.field(default_factory=list)
    ramps: list[str] = dataclasses.field(default_factory=list)
    excused: list[str] = dataclasses.field(default_factory=list)
    by_order: bool = False

    @property
    def complete(self) -> bool:
        """Whether no layer is missing, unexpected or mismatched."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        """Say how many layers were loaded, kept their weights, and were unused."""
        excused = f" ({len(self.excused)} excused)" if self.excused else ""
        return (
            f"{len(self.loaded)} layers loaded, {len(self.missing)} of the model left as they were, "
            f"{len(self.unexpected)} of the file unused{excused}"
        )

    def __repr__(self) -> str:
        """Give the numbers of layers instead of their names, which fill pages."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        counts = {name: value if value is True else len(value) for name, value in found.items() if value}
        return f"LoadReport({', '.join(f'{name}={value}' for name, value in counts.items())})"


def _patterns(value):
    """Return patterns as a tuple: one string, several, True for all, False or None for none."""
    if value is True:
        return ("*",)
    return (value,) if isinstance(value, str) else tuple(value or ())


def _excuses(patterns, name):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def _base(name):
    """Return `kernel` from `dp1_pb1_conv1/kernel:0`."""
    return name.rsplit("/", 1)[-1].split(":")[0]


def _align(variables, stored):
    """Return the arrays in the order of the variables: by weight name where all agree, else as stored."""
    names = [_base(n) for n, _ in stored]
    wanted = [v.name for v in variables]
    if len(set(names)) == len(names) and sorted(names) == sorted(wanted):
        by_name = dict(zip(names, (a for _, a in stored), strict=True))
        return [by_name[n] for n in wanted]
    return [a for _, a in stored]


def _describe(arrays):
    return " ".join(str(tuple(a.shape)) for a in arrays)


def _mismatch(name, variables, arrays):
    """Return a line about what does not fit, or None."""
    if [tuple(v.shape) for v in variables] != [a.shape for a in arrays]:
        return f"{name}: {_describe(arrays)} in the file, {_describe(variables)} in the model"
    if not all(np.isfinite(a).all() for a in arrays):
        return f"{name}: the file holds values that are not finite"
    return None


def _take_ramps(stored, outers, report):
    """Remove frozen kernels from what is stored, after comparing them with what is computed."""
    rest = {}
    for name, weights in stored.items():
        arrays = [a for _, a in weights]
        kind = None if name in outers else ramps.kind_of(name, arrays)
        if kind is None:
            rest[name] = weights
            continue
        deviation = ramps.deviation_of(kind, arrays)
        if deviation > ramps.TOLERANCE:
            report.mismatched.append(f"{name}: its soft-argmax ramp is off by {deviation:.3g} from what is computed")
        else:
            report.ramps.append(name)
    return rest


def _partial_models(stored, variables, ignore):
    """Return {nested model: a line} for those of which only some layers are stored, excused ones aside."""
    mine, theirs = (by_outer({k: None for k in names if not _excuses(ignore, k)}) for names in (variables, stored))
    return {
        outer: f"{outer}: {len(theirs[outer])} layers in the file, {len(layers)} in the model"
        for outer, layers in mine.items()
        if outer in theirs and set(theirs[outer]) != set(layers)
    }


def legacy_layout(model: keras.Model) -> list[tuple[str, tuple | None]]:
    """Return [(outer layer, None or its frozen kernels), ...] in the order of old files: the builder's or the model's.

    Frozen kernels are given as the arguments of `ramps.fixed_weights`.
    """
    layout = getattr(model, "legacy_layout", None)
    if callable(layout):
        return layout()
    return [(name, None) for name in dict.fromkeys(map(outer_of, weighted_layers(model)))]


def make_plan(
    model: keras.Model,
    groups: Groups,
    by_name: bool = False,
    ignore: str | Sequence[str] = (),
    skip_mismatch: bool | str | Sequence[str] = False,
    strict: bool = True,
) -> tuple[LoadReport, list[tuple[keras.Variable, np.ndarray]]]:
    """Compare stored weights with a model, and change nothing.

    Args:
        model: keras.Model.
        groups: [(layer name, [(weight name, array), ...]), ...], the stored weights.
        by_name, ignore, skip_mismatch, strict: as `loading.load_weights`. Without `strict` a nested model counts as one
            layer: it fits whole or not at all.

    Returns:
        report: `LoadReport`.
        plan: [(variable, array), ...] to assign.
    """
    ignore, skip = _patterns(ignore), _patterns(skip_mismatch)
    report, plan, variables = LoadReport(), [], weighted_layers(model)
    outers = {outer_of(name) for name in variables}
    stored = _take_ramps({layer: weights for layer, weights in groups if weights}, outers, report)
    order = [name for name, _ in legacy_layout(model) if name in outers]
    stored, report.by_order = under_model_names(stored, variables, order, by_name)
    partial = {} if strict else _partial_models(stored, variables, ignore)
    for name in variables:
        if outer_of(name) in partial and not _excuses(ignore, name):
            continue
        if name not in stored:
            (report.excused if _excuses(ignore, name) else report.missing).append(name)
            continue
        arrays = _align(variables[name], stored[name])
        line = _mismatch(name, variables[name], arrays)
        if line is None:
            report.loaded.append(name)
            plan += zip(variables[name], arrays, strict=True)
        elif _excuses(ignore + skip, name):
            report.excused.append(name)
        else:
            report.mismatched.append(line)
    for name in stored:
        if name not in variables and (outer_of(name) not in partial or _excuses(ignore, name)):
            (report.excused if _excuses(ignore, name) else report.unexpected).append(name)
    report.mismatched += partial.values()
    return report, plan


def _listing(title, lines, most=MAX_LISTED):
    if not lines:
        return ""
    more = f"\n    ... and {len(lines) - most} more" if len(lines) > most else ""
    return f"\n  {title} ({len(lines)}):" + "".join(f"\n    {line}" for line in lines[:most]) + more


EXCUSE = (
    "load_weights(path, by_name=True) loads the layers of the same names and leaves the others; "
    'load_weights(path, ignore=["*action*", "*_replica"]) leaves those that a pattern names'
)


def raise_if_unfit(report: LoadReport, model: keras.Model, path: str | pathlib.Path, strict: bool = True) -> None:
    """Raise where stored weights cannot be loaded.

    Args:
        report: LoadReport of `make_plan`.
        model: keras.Model, which the message names.
        path: str or Path, which the message names.
        strict: bool. Whether every layer of the model and of the file must have its counterpart.

    Raises:
        ForeignWeightsError: no layer of the file has the name of one of the model's.
        ValueError: layers differ in shape; with `strict` also where one is missing or unexpected.
    """
    if report.mismatched or (strict and not report.complete):
        raise ValueError(
            f"`path` does not fit the model {model.name!r}, whose weights stay as they were. Received: {str(path)!r}"
            + (_listing("in the model but not in the file", report.missing) if strict else "")
            + (_listing("in the file but not in the model", report.unexpected) if strict else "")
            + _listing("in both but not the same", report.mismatched)
            + f"\n  {len(report.loaded)} layers fit. {EXCUSE}"
        )
    if not report.loaded:
        raise ForeignWeightsError(
            f"`path` holds no weight of the model {model.name!r}, whose weights stay as they were. "
            f"Received: {str(path)!r}"
            + _listing("in the model but not in the file", report.missing, most=3)
            + _listing("in the file but not in the model", report.unexpected, most=3)
        )
