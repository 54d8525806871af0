"""Attributes of a package that are imported when they are first asked for (PEP 562)."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping


def lazy_attributes(
    package: str, names: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` for a package's `__init__.py`.

    Every module inside of the package is an attribute, too: `import deephar` is enough for `deephar.models.spnet`.

    Args:
        package: str. `__name__` of the package.
        names: dict {attribute: full name of the module that has it}, or None for none; `__all__` lists them.
    """
    names = dict(names or {})

    def get(name):
        if name in names:
            return getattr(importlib.import_module(names[name]), name)
        module = f"{package}.{name}"
        if not name.startswith("_") and importlib.util.find_spec(module) is not None:
            return importlib.import_module(module)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def known():
        import pkgutil

        inside = vars(sys.modules[package])
        modules = [module.name for module in pkgutil.iter_modules(inside["__path__"]) if module.name[0] != "_"]
        return sorted({*inside, *names, *modules})

    return get, known, sorted(names)
