"""`export_model`: a network as a file that runs without deephar, compared with the network before it is kept.

    network --`deephar.models.runtimes`--> NAME.onnx, NAME.xml + .bin, NAME.tflite, folder NAME    in a hidden folder
    random inputs --network, file--> largest difference <= TOLERANCE ? --> moved to its place : refused
    NAME.onnx.json, ..., NAME/network.json: names of inputs, outputs, joints and actions, how a crop is made, in words;
    the `Signature`; the difference
"""

import contextlib
import pathlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from deephar.models.runtimes import RUNTIMES, input_names, output_names
from deephar.models.signature import Signature, signature_of
from deephar.models.specs import InputSpec, OutputSpec
from deephar.models.surgery import image_view
from deephar.utils.errors import is_for_user
from deephar.utils.io import temporary_folder, weights_digest, write_json

TOLERANCE = {"float32": 1e-3, "float16": 5e-2}  # by how weights are stored
CHECKED_BATCH, CHECKED_SIZE, CHECKED_FRAMES = 2, 128, 8  # where the network leaves them free
FORMAT, VERSION = "deephar-network", 1
DESCRIPTION = "network.json"  # in a folder; beside a file: its name and .json
MOST_REASON = 300  # characters of a converter's error


@dataclass(frozen=True)
class Exported:
    """What `export_model` wrote.

    Attributes:
        paths: tuple of Path: the network's file or folder, what belongs to it, and the description beside a file.
        difference: float. Largest absolute difference of an output from the network's, over the largest absolute value
            of that output where it is above 1.
    """

    paths: tuple[pathlib.Path, ...]
    difference: float


def export_model(
    model: keras.Model,
    folder: str | pathlib.Path,
    name: str,
    format: str = "onnx",
    precision: str = "float32",
    batch: int | None = None,
) -> Exported:
    """Write a network in another format, with a description beside it, and check that it gives the same.

    Args:
        model: keras.Model. A network of this package or a foreign one that `signature_of` understands.
        folder: str or Path. Where the files go; made where needed. Files of the same name are replaced.
        name: str. Name of the files without suffix.
        format: "savedmodel" (a folder), "onnx", "openvino" (.xml and .bin) or "litert" (.tflite).
        precision: "float32", or "float16": weights stored as 16-bit floats, half the size; of openvino and litert.
        batch: int or None. Size of the batch that the file takes; None: any.

    Raises:
        ValueError: unknown format or precision; Keras runs on another backend than TensorFlow; the format cannot hold
            the network; the file gives something else than the network: nothing is written.
        ImportError: a package is missing.
        OSError: the files cannot be written.

    Example:

        >>> import deephar
        >>> from deephar.models import export_model
        >>> exported = export_model(deephar.load_model("people"), "exported", "people", "savedmodel")
        >>> [path.name for path in exported.paths], exported.difference < 1e-3
        (['people'], True)
    """
    runtime = _checked(name, format, precision, batch)
    folder = pathlib.Path(folder)
    with temporary_folder(folder / name) as hidden:
        path = hidden / f"{name}{runtime.suffix}"
        with _refused(format, model):
            runtime.write(model, path, batch, precision == "float16")
            run = runtime.open(path, input_names(model), len(model.outputs))
        difference = _compared(run, format, model, batch, TOLERANCE[precision])
        about = {"format": format, "precision": precision, "batch": batch, "difference": difference}
        place = path / DESCRIPTION if path.is_dir() else hidden / f"{path.name}.json"
        write_json(place, description(model, name, about))
        return Exported(_moved(hidden, folder, path.name), difference)


def image_part(model: keras.Model) -> keras.Model:
    """Return of a network of clips the part that gives the poses of single images.

    Raises:
        ValueError: it has no such part, or is a network of images.
    """
    signature = signature_of(model, verbose=False)
    part = image_view(model, signature) if signature.num_frames is not None else None
    if part is None:
        kind = "images" if signature.num_frames is None else "clips without poses of single images"
        raise ValueError(f"`images` needs a network of clips that sees single images. Received: one of {kind}")
    return part


def _checked(name, format, precision, batch):
    """The runtime of a format, with options that it has."""
    if not name or pathlib.Path(name).name != name:
        raise ValueError(f"`name` must be one of a file, without a folder. Received: {name!r}")
    if format not in RUNTIMES:
        raise ValueError(f"`format` must be one of {', '.join(RUNTIMES)}. Received: {format!r}")
    allowed = [name for name in TOLERANCE if name == "float32" or RUNTIMES[format].half]
    if precision not in allowed:
        raise ValueError(f"`precision` of {format} must be one of {', '.join(allowed)}. Received: {precision!r}")
    if batch is not None and batch < 1:
        raise ValueError(f"`batch` must be at least 1, or None for any. Received: {batch}")
    return RUNTIMES[format]


@contextlib.contextmanager
def _refused(format, model):
    """Say in one line what a format cannot hold; converters raise all kinds of errors for it."""
    try:
        yield
    except Exception as error:
        if is_for_user(error):
            raise
        others = ", ".join(name for name in RUNTIMES if name != format)
        allowed = f"one that can hold {model.name}, perhaps {others}"
        reason = " ".join(str(error).split())[:MOST_REASON]
        raise ValueError(f"`format` must be {allowed}. Received: {format} ({reason})") from error


def example_inputs(model: keras.Model, batch: int | None = None, seed: int = 0) -> list[np.ndarray]:
    """Return random inputs of a network in the value ranges of its signature, as float32; free sizes are small."""
    random, inputs = np.random.default_rng(seed), []
    for tensor, spec in zip(model.inputs, signature_of(model, verbose=False).inputs, strict=True):
        shape = [batch or CHECKED_BATCH, *tensor.shape[1:]]
        free = {1: CHECKED_FRAMES} if len(shape) == 5 else {}
        shape = [free.get(k, CHECKED_SIZE) if size is None else size for k, size in enumerate(shape)]
        inputs.append(random.uniform(*spec.value_range, shape).astype(np.float32))
    return inputs


def differences(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> list[float]:
    """Return the largest absolute difference of each output, over the largest value where that is above 1.

    What is not finite, or of another shape, differs by infinity.
    """
    values = []
    for a, b in zip(expected, found, strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        same = a.shape == b.shape and np.isfinite(b).all()
        values.append(float(np.abs(a - b).max() / max(1.0, np.abs(a).max())) if same else np.inf)
    return values


def _compared(run, format, model, batch, tolerance):
    """The largest difference between what a file gives and the network does; ValueError where it is too large."""
    inputs = example_inputs(model, batch)
    expected = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    found = differences(expected if isinstance(expected, (list, tuple)) else [expected], run(inputs))
    worst = int(np.argmax(found))
    if not found[worst] <= tolerance:
        allowed = f"one that gives what {model.name} gives, within {tolerance:g}"
        received = f"{format}, whose output_{worst} differs by {found[worst]:.3g}"
        raise ValueError(f"`format` must be {allowed}. Received: {received}")
    return found[worst]


def _moved(hidden, folder, main):
    """Move what lies in a hidden folder to its place; return the paths, `main` first, the description last."""
    order = sorted(hidden.iterdir(), key=lambda p: (p.name != main, p.suffix == ".json", p.name))
    for path in order:
        place = folder / path.name
        if place.is_dir():
            place.rename(hidden.with_suffix(".old"))
            shutil.rmtree(hidden.with_suffix(".old"), ignore_errors=True)
        path.replace(place)
    return tuple(folder / path.name for path in order)


def description(model: keras.Model, name: str, about: dict[str, Any]) -> dict:
    """Return what a program needs to know about an exported network, as plain values for JSON.

    Args:
        model: the network.
        name: str.
        about: format, precision, batch and the measured difference.
    """
    from deephar import __version__

    signature = signature_of(model, verbose=False)
    names = output_names(len(signature.outputs))
    return {
        "format": FORMAT,
        "version": VERSION,
        "deephar": __version__,
        "name": name,
        "weights_sha256": weights_digest(model),
        "file": {
            **{key: about[key] for key in ("format", "precision", "batch")},
            "difference": about["difference"],
            "difference_is": "largest absolute difference of an output from Keras' float32, over its largest value "
            "where that is above 1; random inputs",
        },
        "inputs": [_input(spec) for spec in signature.inputs],
        "outputs": [_output(n, spec, signature) for n, spec in zip(names, signature.outputs, strict=True)],
        "answer": names[signature.pose_outputs[signature.answer]] if signature.pose_outputs else None,
        "signature": signature.to_dict(),
    }


def _input(spec: InputSpec) -> dict:
    """One input in words and numbers."""
    low, high = spec.value_range
    shape = ["B", *(["T"] if spec.num_frames is not None else []), "H", "W", "C"] if spec.kind != "features" else None
    crops = {
        "person": f"square around the person, its side {spec.margin:g} times the longer side of the person's box",
        "frame": "whole frame, scaled by its short side",
        "whole": "whole frame, scaled by its long side, the rest padded",
    }
    pixels = f"RGB, value = {low:g} + pixel * {high - low:g} / 255; outside of the frame {list(spec.pad_color)}"
    centre = f"Gaussian of peak 1 and sigma {spec.sigma_px:g} px at the person's centre"
    return {
        "name": spec.name,
        "axes": shape,
        "size": list(spec.size),
        "channels": spec.channels,
        "frames": spec.num_frames,
        "step_s": spec.clip_step_s,
        "crop": crops[spec.crop] if spec.kind == "image" else None,
        "values": {"image": pixels, "center_map": centre}.get(spec.kind, "what another network gives"),
    }


def _output(name: str, spec: OutputSpec, signature: Signature) -> dict:
    """One output in words and names."""
    joints = list(spec.layout.joint_names) if spec.layout else None
    unit = f"stride {spec.stride} px" if spec.stride else None
    meaning = {
        "pose": "(x, y[, z]) of each joint, 0 to 1 over the crop; (0, 0) is its upper left corner"
        + (", then the confidence" if spec.has_confidence else ""),
        "confidence": "0 to 1, of each joint of the pose of the same block",
        "heatmaps": f"a map of each joint, {unit}" + (", then one of the background" if spec.background else ""),
        "action": "logits" if spec.logits else "probabilities",
        "boxes": f"score and distances to the sides of a person's box, {unit}, see deephar.models.detector",
    }.get(spec.kind, "features")
    found = {"name": name, "kind": spec.kind, "block": spec.block, "meaning": meaning, "joints": joints}
    found["labels"] = list(spec.labels) if spec.kind == "action" else None
    return {key: value for key, value in found.items() if value is not None}
