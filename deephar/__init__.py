"""Human poses (2D and 3D) and actions from pictures and video, in Keras.

Axis letters used in every docstring and shape comment:

    B batch   T frames of a clip   H height   W width   C channels   J joints   D coordinates   A actions

Importing this package reads no file, prints nothing and does not start a Keras backend.
"""

from deephar.keras_import import watch as _watch

__version__ = "2.0.0"

__all__ = ["Predictor", "__version__", "load_model"]

_LAZY = {"load_model": "deephar.models.zoo", "Predictor": "deephar.inference"}


def __getattr__(name):
    """Import the Keras side only when one of its names is asked for (PEP 562)."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'deephar' has no attribute {name!r}")


_watch()
