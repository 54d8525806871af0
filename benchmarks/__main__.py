"""All benchmarks in one run with one table: `python benchmarks`. About ten minutes on two idle cores.

    python benchmarks reader synthetic   only these
    python benchmarks --list             what there is

Above the table: versions, the processor's features, and its own speed in large matrix products and copies. All run on
one core but networks and video, which take all.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import synthetic  # before NumPy, as it sets one thread

# isort: split
import drawing
import machine
import numpy as np
import predict
import reader
import smoothing
import stream

from deephar.utils.progress import progress
from deephar.utils.tables import table


def reader_rows(images=8, seconds=1.0, side=256):
    """The reader against the straightforward way, over the sizes of people."""
    rng, total = np.random.default_rng(0), np.zeros(2)
    with tempfile.TemporaryDirectory() as folder:
        paths = reader.write_images(folder, images, rng)
        for name, person_px in reader.PERSON_PX.items():
            slow, fast, _ = reader.measure(paths, person_px, seconds, (side, side), rng)
            total += 1 / np.array([slow, fast])
            yield f"1280x720 JPEG, person {name}", "samples/s", fast, slow
    slow, fast = len(reader.PERSON_PX) / total
    yield "1280x720 JPEG, all sizes", "samples/s", fast, slow
    for width, height in reader.CLIP_FRAMES:
        slow, fast, _ = reader.measure_clips((width, height), seconds, (side, side), rng)
        yield f"clip of {width}x{height} JPEGs", "frames/s", fast, slow
    for width, height in reader.VIDEO_SIZES:
        slow, fast, _ = reader.measure_videos((width, height), seconds, rng)
        yield f"clip of a {width}x{height} video", "frames/s", fast, slow


def synthetic_rows(images=60, side=256, split="train"):
    """Images and frames of the synthetic world, its caches filled."""
    synthetic.warm_up(split, count=100)
    for framing in ("scene", "person"):
        times = synthetic.time_stills(split, side, images, framing)
        yield f"{side}x{side}, framing {framing}", "images/s", 1e3 / times.mean(), None
    yield f"{side}x{side}, clip", "frames/s", 1e3 / synthetic.time_clips(split, side, images // 8).mean(), None


def drawing_rows(seconds=2.0):
    """Poses drawn on 340 x 256 px, against enlarging the whole frame alone."""
    for name, fast, slow in drawing.rows(seconds):
        yield name, "frames/s", fast, slow


def predict_rows(seconds=2.0):
    """Every way of `predict.py` beside the whole network; single layers beside the straightforward ones."""
    rows = predict.speed_rows(predict.NETWORKS, seconds)
    speeds = {(network, way): speed for network, way, speed, *_ in rows}
    for network, way, speed, *_ in rows:
        if way == predict.OURS:
            yield f"layer {network}", "clips/s", speed, speeds[network, predict.STRAIGHTFORWARD]
        elif way != predict.STRAIGHTFORWARD:
            against = (predict.FRAMEWISE, predict.LAID_OUT)
            yield f"{network} network, {way}", "clips/s", speed, None if way in against else speeds[network, against[0]]


def memory_rows():
    """Memory that `predict` takes, of some networks run in some ways."""
    for network, way, before, most in predict.memory_rows(predict.NETWORKS):
        yield f"{network} network, {way}", "MB for predict", most - before, None


def stream_rows(frames=20_000):
    """Memory that many frames take more than few: `stream.py` for 100,000, and for the wait of a frame."""
    early, late, speed = stream.endless(frames)
    yield f"{frames:,} frames, peak", "MB", late, early
    yield "looks, tracks, windows, results of two people", "frames/s", speed, None


def smoothing_rows(videos=1):
    """Poses of a network on a video, smoothed, against those as predicted: `smoothing.py` for more videos."""
    for what, unit, before, after, _ in smoothing.measure("spnet-3d", "test", ("penn",), videos):
        yield f"{what}, spnet-3d on {videos} video of 32 frames", unit, after, before


def networks_rows(calls=5):
    """The published networks by every engine, against the original's arithmetic: `networks.py` for all families."""
    speeds, held = on_all_cores("networks.py", "--cases", *PUBLISHED, "--calls", str(calls))
    yardstick = {case: speed for case, way, speed, *_ in speeds if way == "yardstick"}
    for case, way, speed, *_ in speeds:
        yield f"{case}, {way}", "frames/s", speed, None if way == "yardstick" else yardstick[case]
    most = {(case, way): after - before for case, way, before, after in held}
    for case in PUBLISHED:
        yield f"{case}, predict", "MB", most[case, "predict"], most[case, "yardstick"]


def video_rows():
    """`deephar predict` on a video, against its network alone."""
    whole, alone, _ = on_all_cores("video.py", "--engine", "auto")
    yield "640 x 360, spnet-2d by the fastest engine", "frames/s", whole, alone


def on_all_cores(script, *options):
    """What a script prints with --json, in a process of its own."""
    path = pathlib.Path(__file__).parent / script
    environment = {k: v for k, v in os.environ.items() if k not in predict.ONE_CORE}
    command = [sys.executable, str(path), *options, "--json"]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


PUBLISHED = ("SPNet 8p, images", "SPNet 6p, clip")
PARTS = {
    "networks": networks_rows,
    "video": video_rows,
    "memory": memory_rows,
    "reader": reader_rows,
    "synthetic": synthetic_rows,
    "drawing": drawing_rows,
    "stream": stream_rows,
    "smoothing": smoothing_rows,
    "predict": predict_rows,
}


def arguments_of(argv=None):
    parser = argparse.ArgumentParser(
        prog="python benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument("--list", action="store_true", help="name the parts with what they measure, and run nothing")
    arguments = parser.parse_args(argv)
    unknown = sorted(set(arguments.parts) - set(PARTS))
    if unknown:
        parser.error(f"PART must be one of {', '.join(PARTS)}. Received: {', '.join(unknown)}")
    return arguments


def main():
    """Print one table; the column `against` is the straightforward way, for networks that of frame by frame."""
    arguments = arguments_of()
    if arguments.list:
        print("\n".join(f"{name:9}  {part.__doc__}" for name, part in PARTS.items()))
        return
    os.environ.update(dict.fromkeys(predict.ONE_CORE, "1"))
    print(machine.describe(), machine.peaks(), sep="\n", flush=True)
    rows = []
    chosen = [name for name in PARTS if name in (arguments.parts or PARTS)]
    for part in progress(chosen, label="benchmarks"):
        for name, unit, value, against in PARTS[part]():
            compared = ("", "") if against is None else (f"{against:.3g}", f"{value / against:.2f}x")
            rows.append([part, name, unit, f"{value:.3g}", *compared])
    print(table(["benchmark", "what", "unit", "deephar", "against", "ratio"], rows, left=(0, 1, 2)))


if __name__ == "__main__":
    main()
