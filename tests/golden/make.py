"""Writes the golden files of this folder from the whole reference and from the small networks.

    python tests/golden/make.py [--reference ../shared/reference] [--out tests/golden]
"""

import argparse
import pathlib
import shutil

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def take_reference(reference, out):
    """Take over the reference values: all of them, but for the images, whose block means become float16.

    Args:
        reference: path of the folder with the whole reference.
        out: path of the folder to write to.
    """
    layouts = sorted(reference.glob("*.json"))
    constants = [layout.with_suffix(".npz") for layout in layouts]
    outputs = [layout.with_suffix(".outputs.npz") for layout in layouts]
    for path in (*layouts, *constants, *outputs, reference / "functions_s0.npz"):
        shutil.copyfile(path, out / path.name)
    with np.load(reference / "data_s0.npz") as data:
        entries = {key: data[key].astype("float16") if key.endswith("/frame32") else data[key] for key in data}
    np.savez_compressed(out / "data_s0.npz", **entries)


def write_small_networks(out):
    """Write the outputs of all small networks, float32, under the keys `network/number of the output`."""
    from small_networks import NETWORKS, build, outputs

    entries = {f"{name}/{k:02d}": y for name in NETWORKS for k, y in enumerate(outputs(build(name)))}
    np.savez_compressed(out / "small_networks.npz", **entries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=pathlib.Path, default=HERE.parents[2] / "shared" / "reference")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    take_reference(arguments.reference, arguments.out)
    write_small_networks(arguments.out)
