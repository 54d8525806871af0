"""Packages that only some features need: what is said when one is missing."""

import importlib


def install_hint(package):
    """Return the command that installs a package, to be typed as printed.

    The package itself is named, not an extra of deephar, which no index need know.

    Args:
        package: str. The package's name on the index, without a version.
    """
    return f"pip install {package}"


def require(package, purpose):
    """Import an optional package.

    Args:
        package: str. The package's name on the index; for the import, `-` becomes `_`.
        purpose: str. What needs it; begins the message.

    Returns:
        The module.

    Raises:
        ImportError: it is not installed; says what needs it and how to install it.
    """
    try:
        return importlib.import_module(package.replace("-", "_"))
    except ModuleNotFoundError as error:
        message = f"{purpose} needs the package {package}, which is not installed: {install_hint(package)}"
        raise ImportError(message, name=package) from error
