"""Endless video: memory over many frames, and how long a frame waits for its people.

    python benchmarks/stream.py                     100,000 frames of two people, network and detector of arithmetic
    python benchmarks/stream.py --frames 10000
    python benchmarks/stream.py --latency           the networks that ship, a rendered video of 25 frames a second

Memory: the process' peak after a tenth of the frames and after all of them, in MB; flat means that both are the same.
The frames go the way of `deephar predict`: looks, tracks, windows, lines of results. Latency: seconds of video between
a frame and its result when it comes from a camera, which does not depend on the machine; and frames a second here.
"""

import argparse
import tempfile
import time
from types import SimpleNamespace

import numpy as np
from machine import peak_mb

from deephar.inference.finders import Detected
from deephar.inference.people import PeopleStream
from deephar.inference.result_files import ResultWriter
from deephar.inference.results import Head, ModelStamp, PoseResult
from deephar.inference.tracking import Tracker
from deephar.utils.progress import busy
from deephar.utils.tables import table

SIZE, FPS = (96, 64), 25.0
NAMES = tuple(f"joint{k}" for k in range(16))


class Arithmetic:
    """A network and a detector without weights: two people who walk up and down."""

    labels, calibrated = ("walk", "stand"), False
    batch_size = 16
    signature = SimpleNamespace(num_frames=8)

    def detect(self, frames):
        """Boxes and scores of each frame; the frame's first pixel says where the people are."""
        places = [int(frame[0, 0, 0]) % 40 for frame in frames]
        boxes = [np.array([[x, 10, x + 12, 50], [x + 40, 10, x + 52, 50]], float) for x in places]
        return [(two, np.array([0.9, 0.8])) for two in boxes]

    def poses_each(self, frames, boxes):
        """Joints on the diagonal of each box."""
        boxes = np.asarray(boxes, float)
        ramp = np.linspace(0.1, 0.9, len(NAMES))[None, :, None]  # (1, J, 1)
        points = boxes[:, None, :2] * (1 - ramp) + boxes[:, None, 2:] * ramp  # (N, J, 2)
        return points, np.full(points.shape[:2], 0.9)

    def clips(self, clips, boxes):
        """The same for clips, and scores."""
        frames = len(clips[0])
        points, confidence = self.poses_each(None, np.repeat(np.asarray(boxes, float), frames, axis=0))
        shape = (len(clips), frames, len(NAMES))
        return points.reshape(*shape, 2), confidence.reshape(shape), np.tile([0.7, 0.3], (len(clips), 1))


def endless(number):
    """Peak MB after a tenth of `number` frames, after all, and frames a second."""
    network, frame = Arithmetic(), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    def person(points, confidence, box, who, score):
        return PoseResult(points, confidence, box, NAMES, id=who, score=score)

    stream = PeopleStream(network, Detected(network, network.detect), Tracker(), person, 4 / 30, False)
    head = Head(None, "video", SIZE, ModelStamp("arithmetic", ""), "", "arithmetic", FPS, 8, 4 / 30)
    start, early = time.perf_counter(), None
    with tempfile.TemporaryDirectory() as folder, ResultWriter(folder, "endless", head) as writer:
        for k in range(number):
            shown = frame.copy()
            shown[0, 0, 0] = abs(k // 4 % 80 - 40)
            for result, _ in stream.add(shown, k / FPS):
                writer.add(result)
            for who, scores in stream.new_clips:
                writer.add_clip(who, scores)
            stream.new_clips = []
            if k + 1 == number // 10:
                early = peak_mb()
        for result, _ in stream.finish():
            writer.add(result)
        count = writer.count
        writer.finish()
    if count != number:
        raise ValueError(f"`number` frames must come back. Received: {count} of {number}")
    return early, peak_mb(), number / (time.perf_counter() - start)


def latency(model="spnet-2d", detector="auto", frames=150):
    """Seconds of video that a frame waits, most and mean; frames a second."""
    from deephar import Predictor
    from deephar.synthetic.render import render_clip

    clip = render_clip("test", 3, None, (480, 270), 1)["frames"]
    shown = [clip[k % len(clip)] for k in range(frames)]
    predictor = Predictor(model, detector=detector)
    list(predictor.stream(shown[:40], FPS))  # traced
    now, waits, start = [0.0], [], time.perf_counter()

    def camera():
        for k, frame in enumerate(shown):
            now[0] = k / FPS
            yield frame, k / FPS

    for result in predictor.stream(camera()):
        waits.append(now[0] - result.time_s)
    return max(waits), float(np.mean(waits)), frames / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--latency", action="store_true", help="of the networks that ship, instead of memory")
    parser.add_argument("--detector", default="auto", help="with --latency, as of deephar predict")
    arguments = parser.parse_args()
    if arguments.latency:
        with busy("stream"):
            most, mean, speed = latency(detector=arguments.detector)
        rows = [[f"{most:.2f}", f"{mean:.2f}", f"{speed:.1f}"]]
        print(table(["longest wait, s of video", "mean wait, s", "frames/s here"], rows))
        return
    with busy(f"{arguments.frames:,} frames"):
        early, late, speed = endless(arguments.frames)
    rows = [[f"{arguments.frames:,}", f"{early:.0f}", f"{late:.0f}", f"{speed:,.0f}"]]
    print(table(["frames", "peak MB after a tenth", "after all", "frames/s"], rows))


if __name__ == "__main__":
    main()
