"""The forward pass: one batch of crops through a network, by Keras or another runtime, plain or with flipped crops.

    network --`open_engine`--> what runs it: Keras itself, or a file of `deephar.models.runtimes`, kept between runs

Other runtimes are opened when the first batch comes. Their files lie in `cache_folder()`, by the network's structure
and weights, so that only the first run on a machine has to write them.
"""

import hashlib
import importlib.metadata
import importlib.util
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from deephar.data.inputs import make_inputs
from deephar.inference.decode import action_probabilities, average_flip, decode
from deephar.models.signature import Signature, signature_of
from deephar.utils.errors import arguments_renamed
from deephar.utils.io import cache_folder, temporary_folder, weights_digest
from deephar.utils.optional import require
from deephar.utils.progress import busy

if TYPE_CHECKING:
    import keras

WRITERS = {"onnx": ("tf2onnx", "onnx"), "openvino": ("openvino",)}  # packages whose versions a file depends on


class Engine(Protocol):
    """Runs a network; a `keras.Model` is one."""

    def predict_on_batch(self, x: np.ndarray | Sequence[np.ndarray]) -> np.ndarray | Sequence[np.ndarray]:
        """Return the outputs on one batch; `x` is a list for a network of several inputs."""


@dataclass(frozen=True)
class EngineKind:
    """What `engine` means.

    Attributes:
        format: str, of `deephar.models.runtimes`; None: Keras.
        precision: str, that it computes in.
    """

    format: str | None = None
    precision: str = "float32"


ENGINES = {
    "keras": EngineKind(),
    "onnx": EngineKind("onnx"),
    "openvino": EngineKind("openvino"),
    "openvino-bfloat16": EngineKind("openvino", "bfloat16"),
}
AUTOMATIC = "auto"
SURE = 0.5  # confidence of a joint, and probability of an action
MOVED, ALIKE = 0.005, 0.95  # shares of the crop that a sure joint may move, and of the sure joints that may not more


def check_engine(name: str) -> None:
    """Raise where an engine is not known (ValueError) or not installed (ImportError)."""
    if name not in (*ENGINES, AUTOMATIC):
        raise ValueError(f"`engine` must be one of {', '.join((*ENGINES, AUTOMATIC))}. Received: {name!r}")
    kind = None if name == AUTOMATIC else ENGINES[name].format
    if kind == "onnx":
        require("onnxruntime", "`engine` onnx")
        require("tf2onnx", "`engine` onnx")
    elif kind == "openvino":
        require("openvino", "`engine` openvino")


def open_engine(model: "keras.Model", name: str = "keras") -> Engine:
    """Return what runs a network.

    Args:
        model: keras.Model. It is written for another runtime as it is when the first batch comes.
        name: "keras"; "onnx", ONNX Runtime; "openvino", or "openvino-bfloat16", which computes in 16 bits: faster where
            the processor can, less exact. "auto": Keras on an accelerator or where no other runtime is installed; else
            OpenVINO in 16 bits where the processor can and the first poses that the network is sure of stay the same,
            and otherwise ONNX Runtime before OpenVINO.

    Raises:
        ValueError: unknown name.
        ImportError: its packages are missing.
    """
    check_engine(name)
    if name == AUTOMATIC:
        name = _fastest()
        if name == "openvino-bfloat16":
            signature = signature_of(model, verbose=False)
            if signature.pose_outputs:
                return _Checked(model, signature)
            name = _fastest(exact=True)
    return model if name == "keras" else _FileEngine(model, ENGINES[name])


def _fastest(exact=False):
    """The engine that is the fastest on this machine, of those that are installed; with `exact`, in 32 bits."""
    import keras

    if keras.backend.backend() != "tensorflow":  # which alone writes files of other runtimes
        return "keras"
    if not all(device.startswith("cpu") for device in keras.distribution.list_devices()):
        return "keras"
    if not exact and _installed("openvino"):
        can = require("openvino", "`engine` auto").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if "BF16" in can:
            return "openvino-bfloat16"
    if _installed("onnxruntime", *WRITERS["onnx"]):
        return "onnx"
    return "openvino" if _installed("openvino") else "keras"


def _installed(*packages):
    return all(importlib.util.find_spec(package) is not None for package in packages)


class _FileEngine:
    """A network that runs from a file of another runtime."""

    jit_compile = False  # any size of batch is as good

    def __init__(self, model, kind):
        self._model, self._kind, self._run = model, kind, None

    def predict_on_batch(self, x):
        """Return the list of outputs on one batch."""
        if self._run is None:
            self._run = self._open()
        inputs = list(x) if isinstance(x, (list, tuple)) else [x]
        return self._run([np.ascontiguousarray(array, np.float32) for array in inputs])

    def _open(self):
        from deephar.models.runtimes import RUNTIMES, input_names  # Keras is loaded when a network runs, not before

        runtime, model, kind = RUNTIMES[self._kind.format], self._model, self._kind
        folder = cache_folder() / _key(model, kind.format)
        path = folder / f"network{runtime.suffix}"
        if not path.exists():
            words = f"writing {model.name} for {kind.format}, once on this machine"
            with busy(words), arguments_renamed(format="engine"):
                _write_whole(folder, lambda hidden: runtime.write(model, hidden / path.name, None, False))
        return runtime.open(path, input_names(model), len(model.outputs), kind.precision)


class _Checked:
    """Runs a network in 32 bits until it is known whether 16 give the same; then in what was found."""

    jit_compile = False

    def __init__(self, model, signature):
        names = "openvino", "openvino-bfloat16"
        self._exact, self._fast = (_FileEngine(model, ENGINES[name]) for name in names)
        self._signature, self._chosen = signature, None

    def predict_on_batch(self, x):
        """Return the list of outputs on one batch."""
        if self._chosen is not None:
            return self._chosen.predict_on_batch(x)
        found = self._exact.predict_on_batch(x)
        same = same_answers(found, self._fast.predict_on_batch(x), self._signature)
        if same is not None:
            self._chosen, self._exact, self._fast = self._fast if same else self._exact, None, None
        return found


def same_answers(exact: Sequence[np.ndarray], other: Sequence[np.ndarray], signature: Signature) -> bool | None:
    """Return whether two outputs of a network on one batch answer the same; None where the network is not sure.

    Args:
        exact, other: lists of all outputs.
        signature: `Signature` of the network.

    The same: ALIKE of the joints of a confidence of SURE or more move by at most MOVED of the crop, and every action of
    a probability of SURE or more is the most probable one in both.
    """
    (points, confidence), (moved, _) = (decode(outputs, signature) for outputs in (exact, other))
    sure = confidence >= SURE  # (B, [T,] J)
    if not sure.any():
        return None
    distances = np.linalg.norm((moved - points)[..., :2], axis=-1)[sure]
    for k in signature.indices("action"):
        best, others = (action_probabilities(outputs[k], signature.outputs[k]) for outputs in (exact, other))  # (B, A)
        if np.any((best.max(axis=1) >= SURE) & (best.argmax(axis=1) != others.argmax(axis=1))):
            return False
    return bool((distances <= MOVED).mean() >= ALIKE)


def _key(model, format):
    """What a written network depends on: structure, weights, and who wrote it."""
    versions = [f"{name}=={importlib.metadata.version(name)}" for name in ("keras", *WRITERS[format])]
    parts = [model.to_json(), weights_digest(model), format, *versions]
    return f"{format}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"


def _write_whole(folder: pathlib.Path, write: Callable[[pathlib.Path], None]) -> None:
    """Write a folder whole or not at all; another process may have been faster."""
    with temporary_folder(folder) as hidden:
        try:
            write(hidden)
            hidden.rename(folder)
        except OSError:
            if not folder.exists():
                raise


def forward(model: Engine, frames: np.ndarray | Sequence[np.ndarray], batch_size: int = 1) -> list[np.ndarray]:
    """Return all outputs for one batch as float64 arrays.

    Args:
        model: keras.Model, or what else `open_engine` returns.
        frames: array (B, [T,] H, W, C), cropped and scaled as the network takes them; a list of arrays for a network of
            several inputs.
        batch_size: int. A shorter batch is filled up to it where every size is compiled anew, which XLA does.
    """
    inputs = list(frames) if isinstance(frames, (list, tuple)) else [frames]
    count = len(inputs[0])
    missing = max(0, batch_size - count) if getattr(model, "jit_compile", True) else 0
    filled = [np.ascontiguousarray(np.concatenate([x, np.repeat(x[-1:], missing, axis=0)])) for x in inputs]
    found = model.predict_on_batch(filled if len(filled) > 1 else filled[0])
    found = found if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(out, np.float64)[:count] for out in found]


def forward_flip(
    model: Engine,
    signature: Signature,
    frames: np.ndarray,
    batch_size: int = 1,
    flip: bool = True,
    centers: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return all outputs for one batch, by default their mean with those on the flipped frames.

    Args:
        model, frames, batch_size: as `forward`.
        signature: `Signature` of the model.
        flip: bool. Also run the flipped frames and take the mean; twice the time.
        centers: float array (B, 2) or None. Where the people are, for a network that takes a map of it; None: in the
            middle.

    Raises:
        ValueError: as `average_flip`; an input that cannot be made of a crop.
    """
    outputs = forward(model, make_inputs(signature.inputs, frames, centers), batch_size)
    if not flip:
        return outputs
    other = None if centers is None else np.array([1, 0]) + np.array([-1, 1]) * centers
    flipped = make_inputs(signature.inputs, frames[..., ::-1, :], other)
    return average_flip(outputs, forward(model, flipped, batch_size), signature)
