"""Frames a second of whole networks by every engine, beside the original's arithmetic and the machine's own peak.

    python benchmarks/networks.py                                  # all, some two minutes a network and more
    python benchmarks/networks.py --cases "SPNet 8p, images" --calls 20
    python benchmarks/networks.py --cases "SPNet 6p, clip" --profile

    yardstick   the network as the original computes it: soft-argmax by frozen kernels as large as the maps, the
                appearance features by tiling maps and features to (B, T, H, W, J, F); by `predict`
    predict     `model.predict`, ours; keras: `predict_on_batch`; others: `deephar.inference.engines`

All ways of a case take turns in one process, on as many threads as each takes by itself; times are medians of wall
times, so the machine should be idle. `slowest` is the slowest call over the fastest. The peak is that of a product of
two 4096 x 4096 matrices in the same precision, measured beside each case; the share is that of the network's
operations (2 x MAC, the yardstick's counted as ours). `difference` is the largest of an output from `predict`, over the
output's largest value where that is above 1. Weights are random, so maps are flat: what bfloat16 costs on trained
networks is in `answers.py`. Memory is what a process of its own holds at most in `predict`, above what it held before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from machine import describe, matrix_speed, peak_mb, peaks
from predict import laid_out

from deephar.inference.quiet import quiet_keras, quiet_native
from deephar.utils.progress import busy, progress
from deephar.utils.tables import table

SPNET = dict(network="spnet", poselayout="pa16j2d")
CLIP = dict(SPNET, num_actions=[15], num_pose_features=160, num_visual_features=160, input_shape=(8, 256, 256, 3))
IMAGE_SHAPE, VIDEO_SHAPE = (256, 256, 3), (16, 224, 224, 3)
CASES = {  # name: (config of the network, batch)
    "SPNet 8p, images": (dict(SPNET, input_shape=IMAGE_SHAPE, action_pyramids=[]), 16),
    "SPNet 6p, clip": (dict(CLIP, num_pyramids=6, action_pyramids=[5, 6], pose_replica=True), 1),
    "SPNet 2p, clip": (dict(CLIP, num_pyramids=2, action_pyramids=[1, 2]), 1),
    "ReceptionNet, 8 blocks": (
        dict(network="reception", input_shape=IMAGE_SHAPE, num_joints=16, dim=2, num_blocks=8, ksize=(5, 5)),
        4,
    ),
    "hourglass, 8 stacks": (dict(network="hourglass"), 4),
    "CPM, 6 stages": (dict(network="cpm"), 4),
    "MSS-Net": (dict(network="mssnet"), 4),
    "PBN": (dict(network="pbn"), 4),
    "R3D50-G": (dict(network="r3d", num_classes=600, input_shape=VIDEO_SHAPE), 1),
    "S3D-G": (dict(network="s3d", num_classes=400, input_shape=VIDEO_SHAPE), 1),
}
YARDSTICK, PREDICT, KERAS = "yardstick", "predict", "keras"
MEMORY = (YARDSTICK, PREDICT)
LEAST_CALLS = 3
LEAST_SHARE = 0.5  # % of the time, of what a profile shows
COLUMNS = ("network", "way", "frames/s", "to yardstick", "to predict", "slowest", "GFLOPs", "of peak %", "difference")


def build(case):
    """The network of a case and a batch of it."""
    from deephar.models.builders import build_network
    from deephar.models.export import example_inputs

    config, batch = CASES[case]
    model = build_network(config)
    return model, example_inputs(model, batch, seed=0)


def ways_of(model, engines):
    """{way: (function of a list of arrays, precision)}."""
    from deephar.inference.engines import ENGINES, open_engine
    from deephar.layers.softargmax import SoftArgmax2D

    def predicts(network):
        return lambda x: network.predict(x if len(x) > 1 else x[0], batch_size=len(x[0]), verbose=0)

    ways = {}
    if any(isinstance(layer, SoftArgmax2D) for layer in model.layers):
        ways[YARDSTICK] = predicts(laid_out(model)), "float32"
    ways[PREDICT] = predicts(model), "float32"
    for name in engines:
        engine = open_engine(model, name)
        ways[name] = (lambda x, e=engine: e.predict_on_batch(x if len(x) > 1 else x[0])), ENGINES[name].precision
    return ways


def in_turns(ways, inputs, calls, seconds, label):
    """Wall times of each way in s, taken in turns after a first call, and outputs."""
    from deephar.experiments.generic import as_list

    outputs, spent = {}, {name: [] for name in ways}
    for name, (way, _) in progress(ways.items(), len(ways), f"{label}, first calls"):
        with quiet_native():  # which would also hide the progress
            outputs[name] = [np.asarray(y) for y in as_list(way(inputs))]
            way(inputs)
    end = time.perf_counter() + seconds
    for number in progress(range(calls), calls, label):
        if number >= LEAST_CALLS and time.perf_counter() > end:
            break
        for name, (way, _) in ways.items():
            start = time.perf_counter()
            way(inputs)
            spent[name].append(time.perf_counter() - start)
    return spent, outputs


def rows_of(case, engines, calls, seconds):
    """Rows of COLUMNS of a case, as numbers; None where there is no yardstick."""
    from deephar.models.export import differences
    from deephar.models.flops import count_flops

    model, inputs = build(case)
    ways = ways_of(model, engines)
    spent, outputs = in_turns(ways, inputs, calls, seconds, case)
    peaks = {dtype: matrix_speed(dtype) for dtype in sorted({dtype for _, dtype in ways.values()})}
    times = {name: statistics.median(values) for name, values in spent.items()}
    frames = int(np.prod(inputs[0].shape[:-3]))
    shapes = [x.shape[1:] for x in inputs]
    flops = count_flops(model, shapes if len(shapes) > 1 else shapes[0]) * len(inputs[0])
    for name, (_, dtype) in ways.items():
        seconds = times[name]
        yield [
            *(case, name, frames / seconds),
            times[YARDSTICK] / seconds if YARDSTICK in times else None,
            times[PREDICT] / seconds,
            max(spent[name]) / min(spent[name]),
            flops / frames / 1e9,
            100 * flops / seconds / peaks[dtype],
            max(differences(outputs[PREDICT], outputs[name])),
        ]


def memory_rows(cases):
    """(case, way, MB before, MB at most in `predict`), each measured in a process of its own, one after another."""
    asked = [(case, way) for case in cases for way in MEMORY if CASES[case][0]["network"] == "spnet"]
    for case, way in progress(asked, len(asked), "memory") if asked else ():
        command = [sys.executable, __file__, "--memory-of", case, way]
        printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        yield [case, way, *map(float, printed.split())]


def memory_of(case, way):
    """(MB before, MB at most during) `predict` of one batch, in this process."""
    model, inputs = build(case)
    model = laid_out(model) if way == YARDSTICK else model
    before = peak_mb()
    model.predict(inputs[0], batch_size=len(inputs[0]), verbose=0)
    return before, peak_mb()


def profile_rows(case, precision, calls=10):
    """[kind of node, nodes, ms, %] of where OpenVINO spends its time, the largest first."""
    import openvino

    from deephar.models.runtimes import PRECISIONS, traced

    model, inputs = build(case)
    with quiet_native(), busy(f"{case} for OpenVINO"):
        graph = openvino.convert_model(traced(model).get_concrete_function())
        hints = {"INFERENCE_PRECISION_HINT": PRECISIONS[precision], "PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": True}
        request = openvino.Core().compile_model(graph, "CPU", hints).create_infer_request()
    spent = {}
    for _ in range(calls):
        request.infer(inputs)
        for node in request.profiling_info:
            kind = spent.setdefault(node.node_type, [set(), 0.0])
            if node.real_time.total_seconds():
                kind[0].add(node.node_name)
                kind[1] += 1e3 * node.real_time.total_seconds() / calls
    total = sum(ms for _, ms in spent.values())
    ranked = sorted(spent.items(), key=lambda item: -item[1][1])
    rows = ([case, precision, kind, len(names), ms, 100 * ms / total] for kind, (names, ms) in ranked)
    return [row for row in rows if row[-1] >= LEAST_SHARE]


def as_text(rows, formats):
    return [["" if v is None else f.format(v) for f, v in zip(formats, row, strict=True)] for row in rows]


def available(names):
    """Those of some engines whose packages are here."""
    from deephar.inference.engines import check_engine

    found = []
    for name in names:
        try:
            check_engine(name)
        except ImportError as error:
            print(error, file=sys.stderr)
        else:
            found.append(name)
    return found


def speed_table(rows):
    """Speeds of a case as text."""
    formats = ("{}", "{}", "{:.1f}", "{:.2f}x", "{:.2f}x", "{:.2f}", "{:.2f}", "{:.0f}", "{:.0e}")
    return table(list(COLUMNS), as_text(rows, formats), left=(0, 1))


def memory_table(held):
    """Memory as text."""
    held = [[*row, row[3] - row[2]] for row in held]
    header = ["network", "way", "MB before", "MB at most", "MB for predict"]
    return table(header, as_text(held, ("{}", "{}", "{:.0f}", "{:.0f}", "{:.0f}")), left=(0, 1))


def arguments_of():
    from deephar.inference.engines import ENGINES

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--calls", type=int, default=20, help="of each way, at most")
    text = f"of a case, in which each way is called {LEAST_CALLS} times at least"
    parser.add_argument("--seconds", type=float, default=120.0, help=text)
    parser.add_argument("--profile", action="store_true", help="where OpenVINO spends its time, instead")
    parser.add_argument("--json", action="store_true", help="print rows as JSON: speeds, memory")
    parser.add_argument("--memory-of", nargs=2, metavar=("CASE", "WAY"), help="measure only this, in this process")
    return parser.parse_args()


def main():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = arguments_of()
    quiet_keras()
    if arguments.memory_of:
        print(*memory_of(*arguments.memory_of))
        return
    how = arguments.calls, arguments.seconds
    if arguments.json:
        held, engines = list(memory_rows(arguments.cases)), available(arguments.engines)
        print(json.dumps([[row for case in arguments.cases for row in rows_of(case, engines, *how)], held]))
        return
    print(describe(), flush=True)
    if arguments.profile:
        rows = [row for case in arguments.cases for p in ("float32", "bfloat16") for row in profile_rows(case, p)]
        header = ["network", "precision", "kind of node", "nodes", "ms", "%"]
        print(table(header, as_text(rows, ("{}", "{}", "{}", "{}", "{:.1f}", "{:.0f}")), left=(0, 1, 2)))
        return
    print(peaks(), flush=True)
    if held := list(memory_rows(arguments.cases)):
        print(f"\n{memory_table(held)}", flush=True)
    engines = available(arguments.engines)
    for case in arguments.cases:
        print(f"\n{speed_table(rows_of(case, engines, *how))}", flush=True)


if __name__ == "__main__":
    main()
