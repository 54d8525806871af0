"""Attributes of a package that are imported when they are first asked for (PEP 562)."""

import importlib
import importlib.util
import sys


def lazy_attributes(package, names=()):
    """Return `__getattr__`, `__dir__` and `__all__` for a package's `__init__.py`.

    Every module inside of the package is an attribute, too: after `import deephar`, `deephar.models.spnet` is there.

    Args:
        package: str, `__name__` of the package.
        names: dict {attribute: full name of the module that has it}; `__all__` holds these.
    """
    names = dict(names)

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
