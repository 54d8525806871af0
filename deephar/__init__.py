"""Human poses (2D and 3D) and actions from images and video, in Keras.

Axis letters used in every docstring and shape comment:

    B batch   T frames of a clip   H height   W width   C channels   J joints   D coordinates   A actions

Importing this package reads no file, prints nothing and does not start a Keras backend.
"""

from deephar.keras_import import watch as _watch
from deephar.lazy import lazy_attributes

__version__ = "2.0.0"

__getattr__, __dir__, __all__ = lazy_attributes(
    __name__, {"load_model": "deephar.models.zoo", "Predictor": "deephar.inference.predictor"}
)

_watch()
