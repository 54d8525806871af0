"""The import of Keras after deephar: its backend is checked, and it gets to know deephar's objects.

Importing deephar imports no Keras, so Keras cannot learn at that moment which classes a `.keras` file of deephar holds.
A finder on `sys.meta_path` waits for the import instead, whoever makes it. Before, `check_backend` says what is wrong
with the backend; afterwards every registered name gets a stand-in, which imports the real class when a file needs it.
"""

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

PACKAGE = "deephar"
BACKENDS = ("tensorflow", "jax", "torch")  # each is the name of the package that it needs, too

# Everything with a `from_config` that deephar registers with Keras, and the modules whose import registers it.
REGISTERING = tuple(
    "deephar.models.action deephar.models.cpm deephar.models.detector deephar.models.hourglass deephar.models.mssnet "
    "deephar.models.pbn deephar.models.r3d deephar.models.reception deephar.models.s3d deephar.models.spnet "
    "deephar.layers.detection deephar.layers.losses deephar.training.optimizers".split()
)
REGISTERED = (
    "ActionNet",
    "AdamWWithRateFactors",
    "AdamWithRateFactors",
    "CellDistances",
    "CentreTap",
    "ChannelSlice",
    "ChannelSoftmax1D",
    "ChannelSoftmax2D",
    "ClassWeightedCrossentropy",
    "ContextAggregation",
    "DepthExpectation",
    "DetectionLoss",
    "FoldFrames",
    "GlobalMaxMinPooling2D",
    "HeatmapLoss",
    "JoinGroups",
    "JointFeatures",
    "JointProbability",
    "KeypointConfidence",
    "LinearExpectation1D",
    "LinearExpectation2D",
    "MaxMinPooling2D",
    "PoseModel",
    "PoseRegressionLoss",
    "RMSpropWithRateFactors",
    "ReceptionNet",
    "SGDWithRateFactors",
    "SPNet",
    "SoftArgmax2D",
    "StageSchedule",
    "StopGradient",
    "UnfoldFrames",
    "VolumeConfidence",
    "VolumeMarginals",
    "WindowConfidence",
)


class StandIn:
    """Takes the place of a registered class until a file asks for it.

    Args:
        objects: dict of Keras from registered names to classes.
        key: str. Registered name of the class.
    """

    def __init__(self, objects: dict[str, object], key: str):
        self.objects, self.key = objects, key

    def from_config(self, config: dict, **arguments: object) -> object:
        """Import the real class, whose registration replaces this one, and return an instance of it.

        Arguments: as those of the real `from_config`.
        """
        for module in REGISTERING:
            importlib.import_module(module)
        return self.objects[self.key].from_config(config, **arguments)


class KerasFinder:
    """Finds the package `keras` as Python does, and adds what is done before and after it is executed."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of `keras`; None for every other module."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if name == "keras" else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            check_backend()
            execute(module)
            add_stand_ins(module)

        spec.loader.exec_module = exec_module
        return spec


def watch() -> None:
    """Wait for the import of Keras, or do at once what belongs after it where that has happened."""
    if "keras" in sys.modules:
        add_stand_ins(sys.modules["keras"])
    elif KerasFinder not in sys.meta_path:
        sys.meta_path.insert(0, KerasFinder)


def add_stand_ins(keras: ModuleType) -> None:
    """Register a stand-in with the module `keras` for every name that is not registered yet."""
    objects = keras.saving.get_custom_objects()
    for name in REGISTERED:
        key = f"{PACKAGE}>{name}"
        objects.setdefault(key, StandIn(objects, key))


def asked_backend() -> tuple[str, str]:
    """Return the name of the backend that Keras will take, and in words what sets it."""
    if "KERAS_BACKEND" in os.environ:
        return os.environ["KERAS_BACKEND"], "the environment variable KERAS_BACKEND"
    import json
    import pathlib

    file = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))["backend"], f"the entry `backend` of {file}"
    except (OSError, ValueError, KeyError, TypeError):  # Keras takes its default as well
        return BACKENDS[0], "default"


def check_backend() -> None:
    """Check that the package of Keras' backend is installed.

    Raises:
        ImportError: it is not; the message says what sets the backend, how to install it, and what is installed.
    """
    backend, source = asked_backend()
    if backend not in BACKENDS or importlib.util.find_spec(backend) is not None:
        return
    from deephar.utils.optional import install_hint

    others = [other for other in BACKENDS if importlib.util.find_spec(other) is not None]
    instead = f", or set KERAS_BACKEND to what is installed: {' or '.join(others)}" if others else ""
    raise ImportError(
        f"Keras is to use the backend {backend} (set by {source}), but the package {backend} is not installed. "
        f"Install it: {install_hint(backend)}{instead}",
        name=backend,
    )
