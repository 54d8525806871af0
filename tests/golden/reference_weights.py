"""Makes the weight files and the input that the reference outputs belong to.

    python tests/golden/reference_weights.py LAYOUT.json OUT.h5

A layout holds, in the order of the file, each layer's name and the name, shape and gain of each of its weights. Every
value follows from the layer's name and the weight's place in it, so the files themselves (up to 104 MB) need not be
stored; only what a network holds constant lies beside the layout, in an .npz of the same name.
"""

import argparse
import json
import pathlib
import zlib

import h5py
import numpy as np


def draw(layer, position, weight, shape, gain, seed=0):
    """Draw the values of one weight.

    Args:
        layer: str, name of the layer; with `position` and `seed` it decides the values.
        position: int, place among the layer's weights.
        weight: str, name of the weight; its last part says its kind: gamma, beta, kernel, ...
        shape: tuple of int.
        gain: float, factor on a kernel over 1 / sqrt(fan-in).

    Returns:
        float32 array.
    """
    # RandomState, because its numbers are the same in every version of NumPy.
    noise = np.random.RandomState(zlib.crc32(f"{seed}/{layer}/{position}".encode())).standard_normal(shape)
    kind = weight.split("/")[-1].split(":")[0]
    if kind == "gamma":
        values = 0.6 + 0.1 * noise
    elif kind in ("beta", "bias", "moving_mean"):
        values = 0.1 * noise
    elif kind == "moving_variance":
        values = np.exp(0.1 * noise)
    else:
        fan_in = shape[:2] if kind == "depthwise_kernel" else shape[:-1]
        values = noise * gain / np.sqrt(np.prod(fan_in))
    return values.astype("float32")


def groups(layout_path, seed=0):
    """Yield (layer, [(weight, array), ...]) of a layout in the order of the file."""
    layout_path = pathlib.Path(layout_path)
    with np.load(layout_path.with_suffix(".npz")) as constants:
        for layer in json.loads(layout_path.read_text())["layers"]:
            name, weights = layer["name"], []
            for position, (weight, shape, gain) in enumerate(layer["weights"]):
                key = f"{name}/{position}"
                drawn = key not in constants
                array = draw(name, position, weight, tuple(shape), gain, seed) if drawn else constants[key]
                weights.append((weight, array))
            yield name, weights


def write_h5(layout_path, out_path, seed=0):
    """Write the weight file of a layout with the attributes and groups of Keras 2.1.4."""
    layers = list(groups(layout_path, seed))
    with h5py.File(out_path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, _ in layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.1.4"
        for name, weights in layers:
            group = file.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight, _ in weights]
            for weight, array in weights:
                group.create_dataset(weight, data=array)


def reference_input(shape, seed=0):
    """The input of the reference outputs: float32, uniform in [-1, 1)."""
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layout", help="a NAME.json of this folder")
    parser.add_argument("out", help="the .h5 file to write")
    arguments = parser.parse_args()
    write_h5(arguments.layout, arguments.out)
