"""Which settings a resumed run may change, as data, and the comparison with those that it was started with."""

import dataclasses
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from deephar.config import DataConfig, ModelConfig
from deephar.training.recipes import Stage
from deephar.utils.io import plain

# What may differ where a run goes on: name of the setting (`fnmatch`), and how. All else changes what is trained.
HARMLESS = {
    "stage.epochs": "raised",
    "stage.minutes": "raised",
    "recipe.stages.*.epochs": "raised",
    "recipe.stages.*.minutes": "raised",
    "recipe.stages": "extended",
    "recipe.name": "any",
    "recipe.source": "any",
    "*.jit_compile": "any",
    "*.recompute": "any",
    "cache.clips": "raised",
    "on_device.steps_per_call": "any",
}
ALLOWED = {
    "any": lambda old, new: True,
    "raised": lambda old, new: None not in (old, new) and new > old,
    "extended": lambda old, new: new[: len(old)] == old,
}

# Where a setting stands whose default is meant if an older version of the package did not write it.
DEFAULTS = {"stage": Stage, "recipe.stages.*": Stage, "model": ModelConfig, "data": DataConfig}
ABSENT = "(absent)"
NOT_RECORDED = "(not recorded)"  # a whole section that an older version of a script did not write


def differences(old: dict, new: dict) -> dict[str, tuple]:
    """Return the settings that differ, {name: (old value, new value)}, names as in "stage.learning_rate".

    Args:
        old, new: dict of plain values, dataclasses as dicts; lists of dicts with a `name`, such as the stages of a
            recipe, are compared name by name.
    """
    old, new = (dict(_flat(json.loads(json.dumps(k, default=plain)))) for k in (old, new))
    stages = [set(values.get("recipe.stages", ())) for values in (old, new)]
    only_one_side = tuple(f"recipe.stages.{name}." for name in stages[0] ^ stages[1])
    names = [name for name in {**old, **new} if not name.startswith(only_one_side)]
    sections = {name.split(".")[0] for name in old}
    pairs = {name: tuple(values.get(name, _default(name)) for values in (old, new)) for name in names}
    pairs = {k: pair if k.split(".")[0] in sections else (NOT_RECORDED, pair[1]) for k, pair in pairs.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def is_harmless(name: str, old: Any, new: Any) -> bool:
    """Return whether a run may go on although a setting changed from `old` to `new`."""
    if old == NOT_RECORDED:
        return True
    rules = [rule for pattern, rule in HARMLESS.items() if fnmatchcase(name, pattern)]
    return ABSENT not in (old, new) and any(ALLOWED[rule](old, new) for rule in rules)


def in_words(found: Mapping[str, tuple]) -> str:
    """Return the differences as one line: "stage.epochs: 2 -> 4; ..."."""
    return "; ".join(f"{name}: {_short(old)} -> {_short(new)}" for name, (old, new) in found.items())


def _short(value, length=60):
    text = str(value)
    return text if len(text) <= length else f"{text[: length - 4]} ..."


def _flat(value, name=""):
    """Yield (name, value) of every setting of nested dicts."""
    if isinstance(value, list) and value and all(isinstance(k, dict) and "name" in k for k in value):
        yield name, [k["name"] for k in value]
        value = {k["name"]: k for k in value}
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}" if name else key)


def _default(name):
    """The value that a setting had before it could be set; ABSENT where there is none."""
    where, _, field = name.rpartition(".")
    for pattern, owner in DEFAULTS.items():
        fields = {f.name: f.default for f in dataclasses.fields(owner)} if fnmatchcase(where, pattern) else {}
        if fields.get(field, dataclasses.MISSING) is not dataclasses.MISSING:
            return json.loads(json.dumps(fields[field], default=plain))
    return ABSENT
