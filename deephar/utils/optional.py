"""Packages that only some features need: their import, and the error where one is missing."""

import importlib
from types import ModuleType


def install_hint(package: str) -> str:
    """Return the command that installs a package, to be typed as printed.

    It names the package itself instead of an extra of deephar, which need not be on an index.

    Args:
        package: str. The package's name on the index, without a version.
    """
    return f"pip install {package}"


def require(package: str, purpose: str, module: str | None = None) -> ModuleType:
    """Import an optional package.

    Args:
        package: str. The package's name on the index.
        purpose: str. What needs the package; the message begins with it.
        module: str or None. The module to import; None: named as the package, `-` as `_`.

    Returns:
        The module.

    Raises:
        ImportError: the package is not installed; the message says what needs it and how to install it.
    """
    try:
        return importlib.import_module(module or package.replace("-", "_"))
    except ModuleNotFoundError as error:
        message = f"{purpose} needs the package {package}, which is not installed: {install_hint(package)}"
        raise ImportError(message, name=package) from error
