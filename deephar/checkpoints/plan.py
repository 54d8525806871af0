"""Compares stored weights with a model: what goes where, and everything that does not fit, without changing anything.

    [(layer, weights)] -> pairs, missing, unexpected, other shape, wrong ramp

Layers are paired by name. A file of the same network whose layers got other names (the original numbered some of them
by a counter of the whole process) is paired by order, where number and shapes of all weights agree; and so are the
layers inside of a nested model, see `nested`.
"""

import dataclasses
import fnmatch

import numpy as np

from deephar.checkpoints import ramps
from deephar.checkpoints.nested import outer_of, under_model_names, weighted_layers

MAX_LISTED = 12


@dataclasses.dataclass(repr=False)
class LoadReport:
    """What loading did or would do; the lists hold layer names, or lines about one layer.

    Attributes:
        loaded: layers (outer/inner in a nested model) whose weights were assigned.
        missing: layers of the model that the file does not hold.
        left_over: layers of the file that the model does not have.
        mismatched: layers of both with another shape or number of weights, and stored values that cannot be right.
        ramps: frozen soft-argmax kernels that were found and agree.
        excused: layers left as they were because a pattern excuses them.
        by_order: whether layers were paired by order instead of by name.
    """

    loaded: list = dataclasses.field(default_factory=list)
    missing: list = dataclasses.field(default_factory=list)
    left_over: list = dataclasses.field(default_factory=list)
    mismatched: list = dataclasses.field(default_factory=list)
    ramps: list = dataclasses.field(default_factory=list)
    excused: list = dataclasses.field(default_factory=list)
    by_order: bool = False

    @property
    def complete(self):
        return not (self.missing or self.left_over or self.mismatched)

    def __repr__(self):
        """How many of each, since the names of a network's layers fill pages."""
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


def legacy_layout(model):
    """Return [(outer layer, None or its frozen kernels), ...] in the order of old files: the builder's or the model's.

    What is frozen comes as `ramps.fixed_weights` takes it.
    """
    layout = getattr(model, "legacy_layout", None)
    if callable(layout):
        return layout()
    return [(name, None) for name in dict.fromkeys(map(outer_of, weighted_layers(model)))]


def make_plan(model, groups, by_name=False, ignore=(), skip_mismatch=False):
    """Compare stored weights with a model and change nothing.

    Returns:
        The report, and [(variable, array), ...] to assign.
    """
    ignore, skip = _patterns(ignore), _patterns(skip_mismatch)
    report, plan, variables = LoadReport(), [], weighted_layers(model)
    outers = {outer_of(name) for name in variables}
    stored = _take_ramps({layer: weights for layer, weights in groups if weights}, outers, report)
    order = [name for name, _ in legacy_layout(model) if name in outers]
    stored, report.by_order = under_model_names(stored, variables, order, by_name)
    for name in variables:
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
        if name not in variables:
            (report.excused if _excuses(ignore, name) else report.left_over).append(name)
    return report, plan


def _listing(title, lines):
    if not lines:
        return ""
    more = f"\n    ... and {len(lines) - MAX_LISTED} more" if len(lines) > MAX_LISTED else ""
    return f"\n  {title} ({len(lines)}):" + "".join(f"\n    {line}" for line in lines[:MAX_LISTED]) + more


def raise_if_incomplete(report, model, path):
    if not report.complete:
        raise ValueError(
            f"`path` does not fit the model {model.name!r}, whose weights stay as they were. Received: {str(path)!r}"
            + _listing("in the model but not in the file", report.missing)
            + _listing("in the file but not in the model", report.left_over)
            + _listing("in both but not the same", report.mismatched)
            + f"\n  {len(report.loaded)} layers fit. What may stay as it is can be named by patterns of layer names: "
            'load_weights(path, ignore=["*_replica", "*action*"])'
        )
    if not report.loaded:
        raise ValueError(f"`path` holds no weight of the model {model.name!r}. Received: {str(path)!r}")
