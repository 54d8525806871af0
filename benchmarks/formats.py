"""The networks that ship in every format and by every engine: how far from Keras, how large, how fast.

    python benchmarks/formats.py
    python benchmarks/formats.py people --formats onnx openvino

Difference: the largest absolute one of an output from Keras' float32, over the output's largest value where that is
above 1, on random inputs and batches of `--batch`. Time: the median of `--calls` calls, the formats in turns, on as
many threads as each runtime takes by itself; the ratio is Keras' time over it. Weights are stored, and numbers are
computed, in 32 or 16 bits.
"""

import argparse
import statistics
import tempfile
import time

from deephar.inference.quiet import quiet_keras, quiet_native
from deephar.utils.progress import progress
from deephar.utils.tables import table

ROWS = (  # format, how weights are stored, how it computes
    ("savedmodel", "float32", "float32"),
    ("onnx", "float32", "float32"),
    ("openvino", "float32", "float32"),
    ("openvino", "float32", "bfloat16"),
    ("openvino", "float16", "float32"),
    ("litert", "float32", "float32"),
    ("litert", "float16", "float32"),
)
NAMES = ("spnet-2d", "spnet-3d", "people")


def size_mb(paths):
    """Size of files and folders, MB."""
    files = [f for path in paths for f in (path.rglob("*") if path.is_dir() else [path]) if f.is_file()]
    return sum(f.stat().st_size for f in files if f.suffix != ".json") / 1e6


def measure(name, rows, batch, calls, folder):
    """Yield (format, stored, computes, MB, difference, ms a call) of one network; Keras first."""
    from deephar import load_model
    from deephar.experiments.generic import as_list
    from deephar.models.export import differences, example_inputs, export_model
    from deephar.models.runtimes import RUNTIMES, input_names

    model = load_model(name)
    inputs = example_inputs(model, batch, seed=1)
    runs, about = {"keras": lambda arrays: as_list(model.predict_on_batch(arrays[0]))}, {}
    for row in progress(rows, len(rows), f"write {name}"):
        format, stored, computes = row
        with quiet_native():
            paths = export_model(model, folder, f"{name}-{stored}", format, stored).paths
            runs[row] = RUNTIMES[format].open(paths[0], input_names(model), len(model.outputs), computes)
        about[row] = size_mb(paths)
    times = {key: [] for key in runs}
    expected, found = runs["keras"](inputs), {key: run(inputs) for key, run in runs.items()}  # and warm
    for _ in range(calls):
        for key, run in runs.items():
            start = time.perf_counter()
            run(inputs)
            times[key].append(1e3 * (time.perf_counter() - start))
    yield "keras", "float32", "float32", None, 0.0, statistics.median(times["keras"])
    for row in rows:
        yield *row, about[row], max(differences(expected, found[row])), statistics.median(times[row])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", default=list(NAMES), help=f"default: {' '.join(NAMES)}")
    formats = sorted({row[0] for row in ROWS})
    parser.add_argument("--formats", nargs="+", choices=formats, default=formats)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--calls", type=int, default=10)
    arguments = parser.parse_args()
    quiet_keras()
    rows, lines = [row for row in ROWS if row[0] in arguments.formats], []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names:
            keras_ms = None
            for *row, mb, difference, ms in measure(name, rows, arguments.batch, arguments.calls, folder):
                keras_ms = keras_ms or ms
                size = "" if mb is None else f"{mb:.1f}"
                lines.append([name, *row, size, f"{difference:.1e}", f"{ms:.0f}", f"{keras_ms / ms:.2f}"])
    head = ["network", "format", "stores", "computes", "MB", "difference", "ms a batch", "times as fast"]
    print(table(head, lines))


if __name__ == "__main__":
    main()
