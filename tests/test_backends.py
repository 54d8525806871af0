"""The same network on every backend of Keras: equal outputs and loss from one weight file, and a training step."""

import json

import numpy as np
import pytest

OTHERS = ("jax", "torch")
SCRIPT = """
import json, pathlib, sys
import keras, numpy as np
from deephar.config import ModelConfig
from deephar.losses import pose_regression_loss
from deephar.models import compile_model, spnet

folder = pathlib.Path(sys.argv[1])
keras.utils.set_random_seed(0)
size = dict(num_pyramids=2, action_pyramids=[2], num_levels=2, image_div=4, growth=8)
features = dict(num_pose_features=16, num_visual_features=16, pose_replica=True)
model = spnet.build(ModelConfig((4, 16, 16, 3), "pa17j3d", [5], **size, **features))
file = folder / "network.weights.h5"
if not file.exists():
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.normal(0, 0.1, w.shape).astype("float32") for w in model.get_weights()])
    model.save_weights(file)
model.load_weights(file)

clips = np.random.default_rng(1).uniform(-1, 1, (2, 4, 16, 16, 3)).astype("float32")
outputs = model.predict(clips, batch_size=2, verbose=0)
np.savez(folder / f"{keras.backend.backend()}.npz", *outputs)

targets = [np.full(y.shape, 0.5, "float32") if y.ndim == 4 else np.eye(5, dtype="float32")[: len(y)] for y in outputs]
losses = [pose_regression_loss("l1l2bincross", 0.01) if y.ndim == 4 else "categorical_crossentropy" for y in outputs]
compile_model(model, losses, keras.optimizers.RMSprop(1e-3))
before = model.get_weights()
loss = model.train_on_batch(clips, targets)
moved = sum(not np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
print(json.dumps({"backend": keras.backend.backend(), "loss": float(np.ravel(loss)[0]), "moved": moved}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("backends")


@pytest.fixture(scope="module")
def tensorflow(folder, on_backend):
    """What the TensorFlow backend says, which also writes the weight file that the others load."""
    return json.loads(on_backend("tensorflow", SCRIPT, folder))


def outputs_of(folder, backend):
    with np.load(folder / f"{backend}.npz") as stored:
        return [stored[name] for name in stored.files]


def check_step(said, backend):
    assert said["backend"] == backend
    assert np.isfinite(said["loss"])
    assert said["moved"] > 50


def test_tensorflow_learns(tensorflow, folder):
    check_step(tensorflow, "tensorflow")
    outputs = outputs_of(folder, "tensorflow")
    assert [y.shape for y in outputs] == [(2, 4, 17, 4)] * 2 + [(2, 5)]
    assert min(y[..., :3].std(axis=2).min() for y in outputs[:2]) > 0.01  # joints are told apart


@pytest.mark.slow
@pytest.mark.parametrize("backend", OTHERS)
def test_backend_agrees_and_learns(backend, tensorflow, folder, on_backend):
    said = json.loads(on_backend(backend, SCRIPT, folder))
    check_step(said, backend)
    assert said["loss"] == pytest.approx(tensorflow["loss"], rel=1e-4)
    for y, expected in zip(outputs_of(folder, backend), outputs_of(folder, "tensorflow"), strict=True):
        np.testing.assert_allclose(y, expected, atol=1e-5)
