"""Frames a second of `deephar predict` on a video, beside what its network alone does with the same batches.

    python benchmarks/video.py [--model spnet-2d] [--engine auto] [--detector auto] [--size 640 360] [--seconds 6]

A rendered video of one person is predicted as the command does it, without the start of the program: decoded, the
person followed, cropped and predicted, results and overlay written. The network's own rate is that of the same batches,
noted in a first run, one after another with nothing else; a detector is no part of it. Both take turns; times are the
shortest wall times, on as many threads as the runtime takes by itself. Expected: at least 80 % of the network's own
rate on an idle machine.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import pathlib
import tempfile
import time

import numpy as np
from machine import describe

from deephar.inference.quiet import quiet_keras
from deephar.inference.video import VideoWriter
from deephar.utils.progress import progress
from deephar.utils.tables import table

FPS = 25.0
HEADER = ["video", "model", "engine", "detector", "frames/s", "network alone", "of it %", "network's calls"]


class Noted:
    """An engine that notes the shapes of its batches."""

    def __init__(self, engine):
        self.engine, self.shapes = engine, []

    def predict_on_batch(self, x):
        """As the engine's."""
        self.shapes.append(np.shape(x))
        return self.engine.predict_on_batch(x)


def noted(predictor):
    """Put a `Noted` in front of each engine of a predictor that has run; return them."""
    network = predictor.network
    network._engine = Noted(network._engine)
    engines = [network._engine]
    if network._images is not None and network._images[0] is not network._engine:
        engines.append(Noted(network._images[0]))
        network._images = (engines[-1], network._images[1])
    return engines


def render(path, size, seconds):
    """Write a video of one person of the synthetic world."""
    from deephar.synthetic.world import render_clip

    clips = (render_clip("test", k, None, size, actions="penn", fps=FPS)["frames"] for k in itertools.count())
    with VideoWriter(path, FPS) as writer:
        for frame in itertools.islice(itertools.chain.from_iterable(clips), round(seconds * FPS)):
            writer.add(frame)


class Command:
    """`deephar predict` on one video with a predictor that is there already."""

    def __init__(self, video, options, folder):
        from deephar import cli
        from deephar.inference import command

        self.folder, words = folder, ["predict", str(video), "--out", str(folder)]
        self.arguments = cli.build_parser().parse_args([*words, *options])
        self.predictor = None
        make = command.Predictor
        command.Predictor = lambda *a, **k: self.predictor if self.predictor is not None else make(*a, **k)
        self._predict = command.predict_source

    def __call__(self):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            self._predict(self.arguments)


def measure(arguments):
    """(frames/s of the command, frames/s of its network alone, number of calls of the network)."""
    from deephar.inference.predictor import Predictor

    with tempfile.TemporaryDirectory() as folder:
        video = pathlib.Path(folder) / "video.mp4"
        render(video, arguments.size, arguments.seconds)
        words = ("--model", arguments.model, "--detector", arguments.detector)
        command = Command(video, words, pathlib.Path(folder) / "out")
        command.predictor = Predictor(arguments.model, detector=arguments.detector, engine=arguments.engine)
        command()  # the networks are traced, and written for their engines
        engines = noted(command.predictor)
        command()
        calls = [(e.engine, np.zeros(shape, np.float32)) for e in engines for shape in e.shapes]
        whole, alone = [], []
        for _ in progress(range(arguments.rounds), label="rounds"):
            for spent, run in ((whole, command), (alone, lambda: [e.predict_on_batch(x) for e, x in calls])):
                start = time.perf_counter()
                run()
                spent.append(time.perf_counter() - start)
        frames = arguments.seconds * FPS
        return frames / min(whole), frames / min(alone), len(calls)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="spnet-2d")
    parser.add_argument("--engine", default="keras")
    parser.add_argument("--detector", default="none", help="none: the one person is followed")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--seconds", type=int, default=6, help="of video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    quiet_keras()
    if arguments.json:
        print(json.dumps(measure(arguments)))
        return
    print(describe(), flush=True)
    whole, alone, calls = measure(arguments)
    size = "{} x {}, {} s".format(*arguments.size, arguments.seconds)
    how = [size, arguments.model, arguments.engine, arguments.detector]
    row = [*how, f"{whole:.1f}", f"{alone:.1f}", f"{100 * whole / alone:.0f}", calls]
    print(table(HEADER, [row], left=(0, 1, 2, 3)))


if __name__ == "__main__":
    main()
