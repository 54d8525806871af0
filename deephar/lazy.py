"""Attributes of a package that are imported when they are first asked for (PEP 562)."""

import importlib


def lazy_attributes(package, names, submodules=()):
    """Return `__getattr__`, `__dir__` and `__all__` for a package's `__init__.py`.

    Args:
        package: str, `__name__` of the package.
        names: dict {attribute: full name of the module that has it}.
        submodules: names of modules and packages inside of the package that are attributes too.
    """

    def get(name):
        if name in names:
            return getattr(importlib.import_module(names[name]), name)
        if name in submodules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    everything = sorted([*names, *submodules])
    return get, lambda: everything, everything
