"""Other runtimes for a network: what writes it as their file, and what runs that file.

    network --RUNTIMES[name].write--> file, or folder --RUNTIMES[name].open--> function of arrays

In every file the inputs have the names of the signature and the outputs are called output_0, output_1, ... in the
network's order. The size of the batch stays free unless it is given. Writing needs Keras' TensorFlow backend; running
needs the runtime alone.
"""

import pathlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from deephar.models.batches import trace
from deephar.models.signature import signature_of
from deephar.utils.optional import require

if TYPE_CHECKING:
    import tensorflow

ONNX_OPSET = 18
SIGNATURE = "serve"  # of a SavedModel and of LiteRT
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}  # OpenVINO's names
Run = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class Runtime:
    """How a network is written for a runtime and run by it.

    Attributes:
        suffix: str, of the file; "" where it is a folder.
        write: function (model, path, batch, half). It writes the file, and others that begin with its name where need
            be; `batch` is None for any; with `half` weights are stored as 16-bit floats.
        open: function (path, names of the inputs, number of outputs, precision) that returns a function of the list of
            arrays that go in to the list of those that come out.
        half: bool, whether weights can be stored so.
    """

    suffix: str
    write: Callable[[keras.Model, pathlib.Path, int | None, bool], None]
    open: Callable[..., Run]
    half: bool = False


def input_names(model: keras.Model) -> tuple[str, ...]:
    """Return the names that the inputs of a network have in every file."""
    return tuple(spec.name for spec in signature_of(model, verbose=False).inputs)


def output_names(number: int) -> tuple[str, ...]:
    """Return the names that so many outputs have in every file, in the network's order."""
    return tuple(f"output_{k}" for k in range(number))


def traced(model: keras.Model, batch: int | None = None) -> "tensorflow.types.experimental.PolymorphicFunction":
    """Return a network as a `tf.function`, see `deephar.models.batches.trace`, its inputs named as in every file.

    Raises:
        ValueError: Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        received = keras.backend.backend()
        raise ValueError(f"`format` needs KERAS_BACKEND=tensorflow, which writes all formats. Received: {received}")
    return trace(model, batch, input_names(model))


def _write_savedmodel(model, path, batch, half):
    import tensorflow as tf

    serve, module = traced(model, batch), tf.Module()
    module.weights = [variable.value for variable in model.variables]  # by Keras' own archive every one twice
    tf.saved_model.save(module, str(path), signatures=dict.fromkeys((SIGNATURE, "serving_default"), serve))


def _open_savedmodel(path, inputs, num_outputs, precision="float32"):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve, outputs = loaded.signatures[SIGNATURE], output_names(num_outputs)

    def run(arrays):
        _ = loaded  # its variables live as long as it does
        found = serve(**{name: tf.constant(array) for name, array in zip(inputs, arrays, strict=True)})
        return [found[name].numpy() for name in outputs]

    return run


def _write_onnx(model, path, batch, half):
    tf2onnx, onnx = require("tf2onnx", "`format` onnx"), require("onnx", "`format` onnx")
    serve = traced(model, batch)
    network, _ = tf2onnx.convert.from_function(serve, serve.input_signature, opset=ONNX_OPSET)
    outputs = [value.name for value in network.graph.output]
    names = dict(zip(outputs, output_names(len(outputs)), strict=True))
    for node in network.graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(name, name) for name in values]
    for value in network.graph.output:
        value.name = names[value.name]
    onnx.save_model(network, str(path))


def _open_onnx(path, inputs, num_outputs, precision="float32"):
    runtime = require("onnxruntime", "`engine` onnx")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = runtime.InferenceSession(str(path), options, providers=runtime.get_available_providers())
    names = output_names(num_outputs)
    return lambda arrays: session.run(names, dict(zip(inputs, arrays, strict=True)))


def _write_openvino(model, path, batch, half):
    openvino = require("openvino", "`format` openvino")
    graph = traced(model, batch).get_concrete_function()
    network = openvino.convert_model(graph)
    wanted = dict(zip((tensor.name for tensor in graph.outputs), output_names(len(graph.outputs)), strict=True))
    wanted |= {name: name for name in input_names(model)}
    for port in (*network.inputs, *network.outputs):
        port.get_tensor().set_names({name for old, name in wanted.items() if old in port.get_names()})
    openvino.save_model(network, str(path), compress_to_fp16=half)


def _open_openvino(path, inputs, num_outputs, precision="float32"):
    openvino = require("openvino", "`engine` openvino")
    hints = {"INFERENCE_PRECISION_HINT": PRECISIONS[precision], "PERFORMANCE_HINT": "LATENCY"}
    network = openvino.Core().compile_model(str(path), "CPU", hints)
    outputs = [network.output(name) for name in output_names(num_outputs)]

    def run(arrays):
        found = network(dict(zip(inputs, arrays, strict=True)))
        return [np.array(found[port]) for port in outputs]

    return run


def _write_litert(model, path, batch, half):
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        _write_savedmodel(model, folder, batch, half)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        path.write_bytes(converter.convert())


def _open_litert(path, inputs, num_outputs, precision="float32"):
    litert = require("ai-edge-litert", "`format` litert", "ai_edge_litert.interpreter")
    serve, outputs = litert.Interpreter(model_path=str(path)).get_signature_runner(SIGNATURE), output_names(num_outputs)

    def run(arrays):
        found = serve(**dict(zip(inputs, arrays, strict=True)))
        return [found[name] for name in outputs]

    return run


RUNTIMES = {
    "savedmodel": Runtime("", _write_savedmodel, _open_savedmodel),
    "onnx": Runtime(".onnx", _write_onnx, _open_onnx),
    "openvino": Runtime(".xml", _write_openvino, _open_openvino, half=True),
    "litert": Runtime(".tflite", _write_litert, _open_litert, half=True),
}
