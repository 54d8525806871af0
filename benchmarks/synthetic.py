"""Speed of the synthetic world: pictures and clip frames a second on one core, and where the time goes.

    python benchmarks/synthetic.py [--pictures 60] [--sizes 256 128]

Times are processor time of one process, after a first round that fills the texture pools.
"""

import argparse
import time

import numpy as np

from deephar.synthetic import environment, stage, world
from deephar.synthetic import render as renderer

WATCHED = (
    (world, "render_still"),
    (stage, "Stage"),
    (stage, "render"),
    (renderer, "grid_of"),
    (renderer, "pack"),
    (renderer, "draw_surroundings"),
    (renderer, "floor_shadow"),
    (renderer, "nearest"),
    (renderer, "_shade_solids"),
    (stage.effects, "apply"),
)


def time_stills(size, count, framing):
    """Milliseconds for each of `count` new pictures: (count,)."""
    times = []
    for index in range(count):
        start = time.process_time()
        world.render_still("train", index, size=(size, size), framing=framing)
        times.append((time.process_time() - start) * 1e3)
    return np.array(times)


def time_clips(size, count, num_frames=8):
    """Milliseconds for a frame of a clip of `num_frames`: (count,)."""
    times = []
    for index in range(count):
        start = time.process_time()
        world.render_clip("train", index, num_frames=num_frames, size=(size, size), framing="person")
        times.append((time.process_time() - start) * 1e3 / num_frames)
    return np.array(times)


def time_parts(size, count):
    """Mean milliseconds a picture spends in each watched function, as a dict."""
    spent, originals = {}, [(module, name, getattr(module, name)) for module, name in WATCHED]

    def watch(name, function):
        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] = spent.get(name, 0.0) + (time.process_time() - start) * 1e3 / count

        return timed

    for module, name, function in originals:
        setattr(module, name, watch(name, function))
    try:
        for index in range(count):
            world.render_still("train", index, size=(size, size), framing="person")
    finally:
        for module, name, function in originals:
            setattr(module, name, function)
    return spent


def main():
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 128])
    args = parser.parse_args()
    time_stills(64, args.pictures, "person")
    time_stills(64, args.pictures, "scene")
    print(f"{'':28s}{'ms a picture':>14s}{'fastest 10 %':>14s}{'pictures/s/core':>17s}")
    for size in args.sizes:
        time_stills(size, 5, "person")
        rows = {
            "stills, framing person": time_stills(size, args.pictures, "person"),
            "stills, framing scene": time_stills(size, args.pictures, "scene"),
            "clip frames (8 a clip)": time_clips(size, max(args.pictures // 8, 1)),
        }
        for name, times in rows.items():
            low = np.quantile(times, 0.1)
            print(f"{size:4d} {name:23s}{times.mean():14.2f}{low:14.2f}{1e3 / times.mean():17.0f}")
    environment._GROUNDS.clear()
    for size in args.sizes:
        parts = ", ".join(f"{name} {spent:.2f}" for name, spent in time_parts(size, args.pictures).items())
        print(f"{size:4d} ms spent in: {parts}")


if __name__ == "__main__":
    main()
