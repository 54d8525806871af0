"""Networks in other formats: each gives what the network gives, says what it is, and runs without deephar."""

import dataclasses
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from deephar.layers import ChannelSoftmax2D, KeypointConfidence, SoftArgmax2D, batch_norm, conv2d, relu
from deephar.models import runtimes
from deephar.models.base import PoseModel
from deephar.models.export import TOLERANCE, description, differences, example_inputs, export_model, image_part
from deephar.models.signature import InputSpec, OutputSpec, Signature
from deephar.utils.pose import pa16j2d
from tests.contract.networks import TINY

FILES = {
    "savedmodel": ["tiny"],
    "onnx": ["tiny.onnx", "tiny.onnx.json"],
    "openvino": ["tiny.xml", "tiny.bin", "tiny.xml.json"],
    "litert": ["tiny.tflite", "tiny.tflite.json"],
}
NOT_IN_LITERT = ("mssnet", "r3d", "s3d")  # pooling over time; maps enlarged and put side by side


@pytest.fixture(scope="module")
def tiny():
    """A network of few layers with the outputs of a pose network, twice."""
    keras.utils.set_random_seed(3)
    frame, outputs, specs = keras.Input((32, 32, 3), name="frame"), [], []
    features = relu(batch_norm(conv2d(frame, 64, (3, 3), strides=(2, 2))))
    for block in ("first", "second"):
        maps = ChannelSoftmax2D()(conv2d(features, 16, (3, 3)))
        outputs += [SoftArgmax2D()(maps), KeypointConfidence()(maps)]
        pose = OutputSpec("pose", block, layout=pa16j2d, has_confidence=False)
        specs += [pose, OutputSpec("confidence", block)]
    model = PoseModel(frame, outputs, name="tiny")
    model.signature = Signature((InputSpec.for_shape((32, 32, 3)),), specs)
    return model


def outputs_of(model, inputs):
    found = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    return found if isinstance(found, (list, tuple)) else [found]


def run_savedmodel(path, frames):
    import tensorflow as tf

    return tf.saved_model.load(str(path)).signatures["serve"](frame=tf.constant(frames))


def run_onnx(path, frames):
    session = pytest.importorskip("onnxruntime").InferenceSession(str(path))
    return dict(zip((k.name for k in session.get_outputs()), session.run(None, {"frame": frames}), strict=True))


def run_openvino(path, frames):
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    network = pytest.importorskip("openvino").Core().compile_model(str(path), "CPU", exact)
    return {port.get_any_name(): value for port, value in network({"frame": frames}).items()}


def run_litert(path, frames):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(model_path=str(path))
    return interpreter.get_signature_runner()(frame=frames)


RUN = {"savedmodel": run_savedmodel, "onnx": run_onnx, "openvino": run_openvino, "litert": run_litert}


@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_what_the_network_gives_and_says_what_it_is(name, tiny, tmp_path):
    exported = export_model(tiny, tmp_path / "new", "tiny", name)
    assert [path.name for path in exported.paths] == FILES[name]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(FILES[name])  # and nothing hidden
    assert exported.difference <= TOLERANCE["float32"]
    frames = np.random.default_rng(7).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)  # another batch than compared
    found = RUN[name](exported.paths[0], frames)
    beside = exported.paths[-1] if len(exported.paths) > 1 else exported.paths[0] / "network.json"
    about = json.loads(beside.read_text())
    assert [k["name"] for k in about["outputs"]] == [f"output_{k}" for k in range(4)] and len(found) == 4
    for expected, output in zip(outputs_of(tiny, [frames]), about["outputs"], strict=True):
        np.testing.assert_allclose(np.asarray(found[output["name"]]), expected, atol=1e-3)
    assert [k["kind"] for k in about["outputs"]] == ["pose", "confidence"] * 2 and about["answer"] == "output_2"
    assert about["file"]["format"] == name and about["file"]["difference"] == exported.difference
    assert Signature.from_dict(about["signature"]) == tiny.signature
    assert about["inputs"][0]["values"] == "RGB, value = -1 + pixel * 2 / 255; outside of the frame [0, 0, 0]"


@pytest.mark.parametrize("name", ["openvino", "litert"])
def test_half_precision_halves_the_file(name, tiny, tmp_path):
    sizes = []
    for precision in ("float32", "float16"):
        exported = export_model(tiny, tmp_path, precision, name, precision)
        data = exported.paths[0].with_suffix(".bin") if name == "openvino" else exported.paths[0]
        sizes.append(data.stat().st_size)
    assert sizes[1] < 0.8 * sizes[0] and 0 < exported.difference <= TOLERANCE["float16"]  # most of it is graph


def test_a_fixed_batch(tiny, tmp_path):
    exported = export_model(tiny, tmp_path, "tiny", "onnx", batch=1)
    session = pytest.importorskip("onnxruntime").InferenceSession(str(exported.paths[0]))
    assert session.get_inputs()[0].shape == [1, 32, 32, 3]
    assert json.loads(exported.paths[1].read_text())["file"]["batch"] == 1


def test_actions_have_names_and_clips_their_step():
    signature = TINY["spnet_clip"].build().signature.replace(frame_step=2, fps=25.0)
    stand_in = SimpleNamespace(signature=signature, get_weights=list)
    about = description(stand_in, "clips", dict(format="onnx", precision="float32", batch=None, difference=0.0))
    (frame,) = about["inputs"]
    assert (frame["axes"], frame["frames"], frame["step_s"]) == (["B", "T", "H", "W", "C"], 4, 0.08)
    assert about["outputs"][-1]["labels"] == list(signature.labels) and json.dumps(about)


def test_the_part_for_images_is_of_clips_alone(tiny):
    part = image_part(TINY["spnet_clip"].build())
    assert part.signature.num_frames is None and part.input_shape == (None, 32, 32, 3)
    with pytest.raises(ValueError, match="`images` needs a network of clips .* Received: one of images"):
        image_part(tiny)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(format="coreml"), "`format` must be one of savedmodel, onnx, openvino, litert. Received: 'coreml'"),
        (dict(format="onnx", precision="float16"), "`precision` of onnx must be one of float32. Received: 'float16'"),
        (dict(format="onnx", batch=0), "`batch` must be at least 1, or None for any. Received: 0"),
    ],
)
def test_bad_options_are_named(options, words, tiny, tmp_path):
    with pytest.raises(ValueError) as caught:
        export_model(tiny, tmp_path / "new", "tiny", **options)
    assert str(caught.value) == words and not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["", "../tiny", "a/b"])
def test_a_name_stays_in_the_folder(name, tiny, tmp_path):
    with pytest.raises(ValueError, match="`name` must be one of a file, without a folder. Received: "):
        export_model(tiny, tmp_path, name, "onnx")


def lacking(*_):
    raise NotImplementedError("no operator\nTwist")


class ConverterError(Exception):
    """What TensorFlow's converter raises is no kind of error that Python has."""


def odd(*_):
    raise ConverterError("no operator\nTwist")


def another(path, inputs, num_outputs, precision="float32"):
    return lambda arrays: [np.zeros((2, 16, 2)), np.full((2, 16, 1), np.nan)] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(write=lacking), "`format` must be one that can hold .*, perhaps savedmodel, .*onnx .no operator Twist"),
        (dict(write=odd), "`format` must be one that can hold .*, perhaps savedmodel, .*onnx .no operator Twist"),
        (dict(write=lambda m, path, b, h: path.write_text(""), open=another), "gives what .* gives, within 0.001.*inf"),
    ],
)
def test_a_file_that_fails_is_not_kept_and_the_old_one_stays(change, words, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(runtimes.RUNTIMES, "onnx", dataclasses.replace(runtimes.RUNTIMES["onnx"], **change))
    (tmp_path / "tiny.onnx").write_text("old")
    with pytest.raises(ValueError, match=words):
        export_model(tiny, tmp_path, "tiny", "onnx")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("tiny.onnx", "old")]


def test_another_backend_is_named(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="`format` needs KERAS_BACKEND=tensorflow, which writes all.* Received: jax"):
        export_model(tiny, tmp_path, "tiny", "onnx")


def test_differences_are_relative_to_large_values_only():
    expected = [np.array([0.5, 0.2]), np.array([100.0, -50.0])]
    assert differences(expected, [np.array([0.5, 0.1]), np.array([101.0, -50.0])]) == pytest.approx([0.1, 0.01])
    assert differences(expected, [np.array([0.5]), np.array([np.nan, 0])]) == [np.inf, np.inf]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("family", TINY)
def test_every_family_in_every_format(family, name, tmp_path):
    network = TINY[family].build()
    if name == "litert" and family.startswith(NOT_IN_LITERT):
        with pytest.raises(ValueError, match="`format` must be one that can hold .*, perhaps savedmodel, onnx"):
            export_model(network, tmp_path, family, name)
        return
    exported = export_model(network, tmp_path, family, name)
    assert exported.difference <= TOLERANCE["float32"]
    assert [x.dtype for x in example_inputs(network)] == [np.float32] * len(network.inputs)
