"""Frames a second of poses drawn as PERF-Net's pose stream, on one core.

    python benchmarks/drawing.py [--seconds 8]

A person of 200 px who stands, or who stretches the arms out, in a frame of 340 x 256 px. The straightforward way
enlarges the whole frame to draw smoothly, of which only the enlarging and shrinking is timed; both take turns, so that
a busy machine slows both. Times are processor times.
"""

import argparse
import time

import numpy as np
from PIL import Image

from deephar.drawing.pose_frames import MARKERS, render_poses
from deephar.drawing.skeleton import SUPERSAMPLE
from deephar.utils.pose import coco17j

SIZE = (340, 256)
HEIGHT_PX = 200
PLACES = {"nose": (0, 0), "eye": (4, -3), "ear": (8, -1), "shoul": (16, 13), "hip": (10, 47), "knee": (14, 71)}
PLACES["ankle"] = (16, 95)
ARMS = {"standing": {"elb": (18, 30), "wrist": (20, 45)}, "arms out": {"elb": (34, 13), "wrist": (50, 13)}}


def pose_of(arms):
    """A sure pose (17, 3) in the middle of the frame, px."""
    points = []
    for name in coco17j.joint_names:
        side = {"l": 1, "r": -1}.get(name[0] if "_" in name else "", 0)
        x, y = {**PLACES, **ARMS[arms]}[name.split("_")[-1]]
        points.append((side * x, y))
    points = np.array(points, float) * HEIGHT_PX / np.ptp(np.array(points)[:, 1])
    points += np.array(SIZE) / 2 - (points.min(axis=0) + points.max(axis=0)) / 2
    return np.concatenate([points, np.ones((len(points), 1))], axis=1)


def straightforward(frame):
    """Enlarge a whole frame and shrink it again."""
    large = Image.fromarray(frame).resize([side * SUPERSAMPLE for side in SIZE], Image.Resampling.NEAREST)
    return np.asarray(large.reduce(SUPERSAMPLE))


def measure(pose, marker, seconds):
    """Frames a second of the straightforward way and of `render_poses`, taking turns."""
    frame = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3)).astype(np.uint8)
    ways, times, count = (straightforward, lambda f: render_poses(f[None], [pose[None]], marker=marker)), np.zeros(2), 0
    while times.sum() < seconds:
        for number, way in enumerate(ways):
            start = time.process_time()
            way(frame)
            times[number] += time.process_time() - start
        count += 1
    return count / times


def rows(seconds=2.0):
    """(what, frames a second, of the straightforward way) of all poses and markers."""
    for arms in ARMS:
        for marker in MARKERS:
            slow, fast = measure(pose_of(arms), marker, seconds / 4)
            yield f"{marker}, {arms}", fast, slow


def main():
    """Print a line for each pose and marker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="for all")
    for what, fast, slow in rows(parser.parse_args().seconds):
        print(f"{what:14s} {fast:6.0f} frames/s, {fast / slow:.2f} x enlarging the whole frame")


if __name__ == "__main__":
    main()
