"""Engines: other runtimes give the same results, and write a network once."""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from deephar.inference import engines
from deephar.inference.engines import ENGINES, forward, open_engine, same_answers
from deephar.inference.predictor import Predictor
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.io import cache_folder
from deephar.utils.pose import pa16j2d
from tests.contract.networks import TINY

OTHERS = [name for name in ENGINES if name != "keras"]
FRAMES = np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPHAR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("engine", "family"),
    [
        ("onnx", "spnet_image"),
        ("openvino", "spnet_image"),
        pytest.param("onnx", "spnet_clip", marks=pytest.mark.slow),
        pytest.param("openvino", "spnet_clip", marks=pytest.mark.slow),
    ],
)
def test_the_same_poses_and_actions(engine, family):
    network = TINY[family].build()
    seen = []
    for name in ("keras", engine):
        predictor = Predictor(network, detector="none", engine=name)
        frames = list(predictor.stream(FRAMES, box=(10, 5, 50, 45)))
        image = predictor.predict_image(FRAMES[0], box=(10, 5, 50, 45))  # of a clip network by its image view
        seen.append([pose for frame in (*frames, *image.frames) for pose in frame.people])
    assert len(seen[0]) == 7
    for ours, theirs in zip(*seen, strict=True):
        np.testing.assert_allclose(theirs.pose_px, ours.pose_px, atol=1e-3 * 50)  # of a crop of 50 px
        np.testing.assert_allclose(theirs.confidence, ours.confidence, atol=1e-3)


@pytest.mark.parametrize(("compiled_by_size", "sizes"), [(True, [4, 4]), (False, [3, 4])])
def test_a_short_batch_is_filled_up_only_where_its_size_would_be_compiled(compiled_by_size, sizes):
    seen = []

    def predict_on_batch(x):
        seen.append(len(x))
        return 2 * x

    network = SimpleNamespace(predict_on_batch=predict_on_batch, jit_compile=compiled_by_size)
    for size in (3, 4):
        x = np.arange(2.0 * size, dtype=np.float32).reshape(size, 2)
        (found,) = forward(network, x, batch_size=4)
        np.testing.assert_array_equal(found, 2 * x)
    assert seen == sizes


def test_a_network_is_written_once(cache):
    layers = [keras.layers.Input((4,), name="frame"), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(2)]
    network, inputs = keras.Sequential(layers), np.random.default_rng(0).random((2, 4)).astype(np.float32)
    network = keras.Model(network.inputs, network.outputs)
    network.signature = Signature((InputSpec(size=(1, 4), kind="features"),), (OutputSpec("features"),))
    first = open_engine(network, "onnx").predict_on_batch(inputs)
    assert cache_folder() == cache
    (folder,) = cache.iterdir()
    assert [p.name for p in folder.iterdir()] == ["network.onnx"]
    written = (folder / "network.onnx").stat().st_mtime_ns
    again = open_engine(network, "onnx").predict_on_batch(inputs)
    assert (folder / "network.onnx").stat().st_mtime_ns == written
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[0], network.predict_on_batch(inputs), atol=1e-3)
    network.set_weights([w * 1.5 for w in network.get_weights()])
    open_engine(network, "onnx").predict_on_batch(inputs)
    assert len(list(cache.iterdir())) == 2  # other weights, another file


def test_a_writer_that_fails_leaves_nothing(cache, monkeypatch):
    def failing(hidden):
        (hidden / "half").write_text("")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        engines._write_whole(cache / "onnx-1", failing)
    assert list(cache.iterdir()) == []


def test_of_two_writers_the_first_one_is_kept(cache):
    def slow(hidden):
        (hidden / "a").write_text("second")
        engines._write_whole(cache / "onnx-1", lambda other: (other / "a").write_text("first"))

    engines._write_whole(cache / "onnx-1", slow)
    assert [p.read_text() for p in cache.rglob("a")] == ["first"] and len(list(cache.iterdir())) == 1


def test_an_unknown_engine_and_a_missing_package_are_named(monkeypatch):
    with pytest.raises(ValueError, match="`engine` must be one of keras, onnx, openvino, openvino-bf.* Received: .trt"):
        open_engine(None, "trt")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="`engine` onnx needs the package onnxruntime, .*pip install onnxruntime"):
        open_engine(None, "onnx")
    assert open_engine(open_engine, "keras") is open_engine


LAYOUT = pa16j2d
CLIP_OUTPUTS = Signature(
    (InputSpec(size=(32, 32), num_frames=2),),
    (OutputSpec("pose", layout=LAYOUT), OutputSpec("action", labels=("run", "jump"))),
)


def outputs(moved=0.0, confidence=0.9, run=0.8, joints=16):
    """Outputs of one clip of two frames; so many joints moved to the right by a share of the crop."""
    pose = np.full((1, 2, 16, 3), 0.5)
    pose[..., :joints, 0] += moved
    pose[..., 2] = confidence
    return [pose, np.array([[run, 1 - run]])]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (outputs(), True),
        (outputs(0.004), True),
        (outputs(0.006), False),
        (outputs(0.3, joints=0), True),
        (outputs(run=0.4), False),
    ],
)
def test_answers_are_the_same_where_sure_joints_stay_and_sure_actions_win(other, same):
    assert same_answers(outputs(), other, CLIP_OUTPUTS) is same
    assert same_answers(outputs(confidence=0.2), other, CLIP_OUTPUTS) is None


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes this a machine of some devices, and a processor that can something."""

    def make(devices=("cpu:0",), can=("FP32",), installed=("onnx", "onnxruntime", "openvino", "tf2onnx")):
        core = SimpleNamespace(get_property=lambda device, name: list(can))
        monkeypatch.setattr(keras.distribution, "list_devices", lambda: list(devices))
        monkeypatch.setattr(engines, "require", lambda *_: SimpleNamespace(Core=lambda: core))
        monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: object() if name in installed else None)

    return make


def test_auto_takes_the_fastest_that_the_machine_has(machine, monkeypatch):
    network = TINY["spnet_image"].build()
    for options in ({"devices": ("gpu:0",)}, {"installed": ()}, {"installed": ("onnxruntime",)}):
        machine(**options)
        assert open_engine(network, "auto") is network
    for installed, name in ((("openvino",), "openvino"), (("onnx", "onnxruntime", "tf2onnx"), "onnx")):
        machine(can=("FP32", "BF16") if name == "onnx" else ("FP32",), installed=installed)
        assert open_engine(network, "auto")._kind == ENGINES[name]
    machine()
    assert open_engine(network, "auto")._kind == ENGINES["onnx"]
    machine(can=("FP32", "BF16"))
    assert type(open_engine(network, "auto")) is engines._Checked
    assert open_engine(TINY["detector"].build(), "auto")._kind == ENGINES["onnx"]  # no joints to tell by
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert open_engine(network, "auto") is network


@pytest.mark.parametrize(("moved", "chosen"), [(0.001, "fast"), (0.1, "exact")])
def test_auto_stays_exact_until_it_is_sure_and_then_takes_what_is_as_good(monkeypatch, moved, chosen):
    asked, sure = [], [0.1, 0.9, 0.9]

    class Fake:
        def __init__(self, model, kind):
            self.name = "fast" if kind.precision == "bfloat16" else "exact"

        def predict_on_batch(self, x):
            asked.append(self.name)
            return outputs(moved if self.name == "fast" else 0.0, sure[x])

    monkeypatch.setattr(engines, "_FileEngine", Fake)
    engine = engines._Checked(None, CLIP_OUTPUTS)
    np.testing.assert_array_equal(engine.predict_on_batch(0)[0], outputs(0, 0.1)[0])
    np.testing.assert_array_equal(engine.predict_on_batch(1)[0], outputs(0, 0.9)[0])
    engine.predict_on_batch(2)
    assert asked == ["exact", "fast", "exact", "fast", chosen]


def test_another_backend_is_named_by_the_argument_of_the_caller(monkeypatch):
    network = TINY["spnet_image"].build()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="`engine` needs KERAS_BACKEND=tensorflow, .* Received: jax"):
        open_engine(network, "openvino").predict_on_batch(np.zeros((1, 32, 32, 3), np.float32))
