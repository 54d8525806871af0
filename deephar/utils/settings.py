"""What configurations share: fields that are checked whenever they are set, and plain values for JSON."""

import dataclasses
import json
from typing import Any

import numpy as np

from deephar.utils.pose import layout_to_data


def int_list(name: str, value: Any) -> list[int]:
    """Return a new list of positive integers, or raise TypeError or ValueError with the field's name."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TypeError(f"`{name}` must be a list of positive integers. Received: {value!r}")
    value = list(value)
    if not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v > 0 for v in value):
        raise ValueError(f"`{name}` must hold positive integers. Received: {value!r}")
    return [int(v) for v in value]


def positive(name: str, value: Any) -> int:
    """Return a value that is a positive integer, or raise ValueError with the field's name."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {value!r}")
    return value


class Settings:
    """Base of a configuration, a dataclass whose fields are checked whenever they are set.

    Fields may be assigned, as code of old does; an assignment that is refused changes nothing. A configuration that is
    a key of a dict or in a set must stay as it is, because its hash follows from its values.
    """

    _depend_on_others = ()  # fields whose check reads other fields

    def __setattr__(self, name, value):
        names = [f.name for f in dataclasses.fields(self)]
        if name not in names:
            raise AttributeError(f"`{name}` is no field of {type(self).__name__} ({', '.join(names)})")
        complete = len(vars(self)) == len(names)  # the constructor checks when it has set all of them
        super().__setattr__(name, self._checked(name, value) if complete else value)

    def __post_init__(self):
        self.check()

    def check(self) -> None:
        """Check every field, with the values that the others have now.

        Raises:
            TypeError, ValueError: as the constructor does.
        """
        names = [f.name for f in dataclasses.fields(self)]
        for name in sorted(names, key=self._depend_on_others.__contains__):
            setattr(self, name, getattr(self, name))

    def _checked(self, name, value):
        """Return the value as it is kept, or raise."""
        raise NotImplementedError

    def __hash__(self):
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def to_dict(self) -> dict:
        """The fields as numbers, strings, lists and None."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return json.loads(json.dumps(values, default=_as_plain))

    @classmethod
    def from_dict(cls, values: dict) -> "Settings":
        """The configuration that `to_dict` wrote.

        Raises:
            ValueError: if `values` has a name that is not a field.
        """
        unknown = sorted(set(values) - {f.name for f in dataclasses.fields(cls)})
        if unknown:
            raise ValueError(f"`values` must only hold fields of {cls.__name__}. Received: {', '.join(unknown)}")
        return cls(**values)

    def replace(self, **changes: Any) -> "Settings":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def _as_plain(value):
    if hasattr(value, "joint_names"):
        return layout_to_data(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"cannot store {type(value).__name__} in a configuration. Received: {value!r}")
