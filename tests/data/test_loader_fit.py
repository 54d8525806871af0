"""Keras models take a loader's batches as they are: no warning about the structure of their inputs."""

import sys
import warnings

import keras
import numpy as np
import pytest

from deephar.data import BatchLoader
from deephar.models.base import PoseModel
from deephar.training.trainer import MultiModelTrainer, TrainerOnGenerator
from deephar.utils import TRAIN_MODE


class Images:
    """Four grey images with a pose."""

    shapes = {"frame": (6, 6, 3), "pose": (3,)}

    def get_length(self, mode):
        return 4

    def get_shape(self, dictkey):
        return self.shapes[dictkey]

    def get_data(self, key, mode):
        return {name: np.full(shape, 0.5, "float32") for name, shape in self.shapes.items()}


def network(kind, folder=None):
    """A model of two outputs of the given kind."""
    x = inputs = keras.Input((6, 6, 3), name="frame")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = PoseModel(inputs, [keras.layers.Dense(3, name=f"d{k}")(x) for k in range(2)], name="net")
    if kind == "part":
        return model.part([1])
    if kind == "plain":
        return keras.Model(model.input, model.outputs)
    if kind == "reloaded":
        model.save(folder / "m.keras")
        return keras.saving.load_model(folder / "m.keras", compile=False)
    return model


def use(model):
    """Call all of Keras' methods that take batches."""
    loader = BatchLoader(Images(), ["frame"], ["pose"], TRAIN_MODE, 2, num_predictions=len(model.outputs))
    model.compile("sgd", ["mse"] * len(model.outputs))
    inputs, labels = loader[0]
    model.fit(loader, verbose=0)
    model.evaluate(loader, verbose=0)
    model.predict(loader, verbose=0)
    model.train_on_batch(inputs, labels)
    model.predict_on_batch(inputs)
    model.predict(inputs[0], verbose=0)
    MultiModelTrainer([model], [loader]).train(1, 1, verbose=0)
    TrainerOnGenerator(model, loader, workers=2, verbose=0).train()
    assert loader.workers == 2


KINDS = ("whole", "part", "plain", "reloaded")


@pytest.mark.parametrize("kind", KINDS)
def test_no_warning(kind, tmp_path):
    model = network(kind, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        use(model)


def test_arrays_are_taken_alone_and_in_a_list():
    model, x = network("whole"), np.ones((2, 6, 6, 3), "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        alone, listed = model(x), model([x])
    for a, b in zip(alone, listed, strict=True):
        np.testing.assert_array_equal(a, b)


JAX_SCRIPT = """
import sys, warnings
sys.path.insert(0, sys.argv[1])
from test_loader_fit import network, use
warnings.simplefilter("error", UserWarning)
for kind in ("whole", "part", "plain"):
    use(network(kind))
print("done")
"""


@pytest.mark.slow
def test_no_warning_on_jax(on_backend):
    folder = sys.modules[__name__].__file__.rpartition("/")[0]
    assert on_backend("jax", JAX_SCRIPT, folder).split()[-1] == "done"
