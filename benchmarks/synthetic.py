"""Speed of the synthetic world: images and clip frames a second on one core, and where the time goes.

    python benchmarks/synthetic.py [--images 300] [--sizes 256 128] [--split train]

Times are processor time of one process with one thread, and every image is a new one. What a process does once is
left out and stated: drawing the pools of floors, walls and clouds of the split, and the first images, which fill the
caches of cloths and faces.
"""

import argparse
import os
import time

for _name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from deephar.synthetic import environment, ground_textures, stage, world  # noqa: E402
from deephar.synthetic import render as renderer  # noqa: E402

FIRST = 100_000  # number of the first warm-up image; the images timed are numbered from 0
WATCHED = (
    (world, "_still", "who does what: body, pose, objects"),
    (world, "_annotate", "annotations"),
    (world, "Stage", "appearance, room, furniture"),
    (stage, "image", "image"),
    (stage.Stage, "scene", "  solids of people and objects"),
    (renderer, "grid_of", "  rays"),
    (renderer, "pack", "  solids in camera space"),
    (renderer, "draw_surroundings", "  floor, walls, sky"),
    (renderer, "nearest", "  nearest solids"),
    (renderer, "floor_shadow", "  shadow"),
    (renderer, "in_focus", "  out of focus"),
    (renderer, "_shade_solids", "  light and texture"),
    (stage.effects, "apply", "  camera effects"),
)


def warm_up(split, count=500):
    """Fill all caches; seconds of processor time."""
    start = time.process_time()
    kinds = {*ground_textures.FLOORS, *ground_textures.LAWNS, *ground_textures.WALLS, *ground_textures.HORIZONS}
    for index in range(ground_textures.POOL):
        for kind in kinds:
            environment.ground_levels(ground_textures.ground_texture(kind, split, index))
        ground_textures.cloud_texture(split, index)
        ground_textures.skyline(split, index)
    for index in range(count):
        world.render_still(split, FIRST + index, size=(64, 64))
    return time.process_time() - start


def time_stills(split, size, count, framing):
    """Milliseconds for each of `count` new images: (count,)."""
    times = []
    for index in range(count):
        start = time.process_time()
        world.render_still(split, index, size=(size, size), framing=framing)
        times.append((time.process_time() - start) * 1e3)
    return np.array(times)


def time_clips(split, size, count, num_frames=8):
    """Milliseconds for a frame of a clip of `num_frames`: (count,)."""
    times = []
    for index in range(count):
        start = time.process_time()
        world.render_clip(split, index, num_frames=num_frames, size=(size, size), framing="person")
        times.append((time.process_time() - start) * 1e3 / num_frames)
    return np.array(times)


def time_parts(split, size, count):
    """Mean milliseconds an image spends in each watched function, as a dict."""
    spent, originals = {}, [(owner, name, label, getattr(owner, name)) for owner, name, label in WATCHED]

    def watch(label, function):
        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[label] = spent.get(label, 0.0) + (time.process_time() - start) * 1e3 / count

        return timed

    for owner, name, label, function in originals:
        setattr(owner, name, watch(label, function))
    try:
        for index in range(count):
            world.render_still(split, index, size=(size, size), framing="person")
    finally:
        for owner, name, _, function in originals:
            setattr(owner, name, function)
    return {label: spent[label] for _, _, label in WATCHED if label in spent}


def main():
    """Print the speeds, then the parts of a still."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 128])
    parser.add_argument("--split", default="train")
    args = parser.parse_args()
    print(f"warm-up, left out below: {warm_up(args.split):.1f} s of processor time")
    print(f"one process, one thread, split {args.split!r}, {args.images} new images each; ms of processor time")
    print(f"{'':31s}{'mean':>8s}{'median':>8s}{'fastest 10 %':>14s}{'images/s/core':>17s}")
    for size in args.sizes:
        rows = {
            "stills, framing 'scene'": time_stills(args.split, size, args.images, "scene"),
            "stills, framing 'person'": time_stills(args.split, size, args.images, "person"),
            "clip frames (8 a clip)": time_clips(args.split, size, max(args.images // 8, 1)),
        }
        for name, times in rows.items():
            low, middle = np.quantile(times, [0.1, 0.5])
            print(f"{size:4d} {name:26s}{times.mean():8.2f}{middle:8.2f}{low:14.2f}{1e3 / times.mean():17.0f}")
    for size in args.sizes:
        print(f"{size:4d} ms a still, framing 'person'")
        for label, spent in time_parts(args.split, size, args.images).items():
            print(f"       {label:40s}{spent:6.2f}")


if __name__ == "__main__":
    main()
