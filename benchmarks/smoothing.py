"""What smoothing does to the poses of a network: error to the true joints and jitter, before and after.

    python benchmarks/smoothing.py                                           # a few minutes
    python benchmarks/smoothing.py --model spnet-2d --actions penn
    python benchmarks/smoothing.py --beta 10 --look-ahead-s 0                # other settings than the defaults

Videos of the synthetic world at 25 frames a second are predicted as `deephar predict` does, and smoothed afterwards.
The error is the mean over all joints, in % of the longer side of the person in the image, and in mm from the root.
Jitter is the mean acceleration, in sides and in m a second squared; that of the true joints stands beside it. Videos
whose person was not found, more than a quarter of a side off in most frames, are left out and counted.
"""

import argparse
import dataclasses

import numpy as np

from deephar.inference.smoothing import Smoothing, smoothed
from deephar.synthetic.layouts import map_points, points_of
from deephar.synthetic.world import render_clip
from deephar.utils.progress import progress
from deephar.utils.tables import table

SIZE, FPS = (480, 270), 25.0
FOUND = 0.25  # median error, in sides of the person, of somebody who was found
UNITS = {"error": "% of the person's side", "error 3D": "mm", "jitter": "sides/s2", "jitter 3D": "m/s2"}


class Trial:
    """A rendered video, what is true in it, and what a `Predictor` says.

    Attributes:
        px, mm: float (T, J, 2) px and (T, J, 3) mm from the root, of the true joints.
        frames: list of `FrameResult`.
    """

    def __init__(self, predictor, split, actions, index):
        clip = render_clip(split, index, None, SIZE, actions=actions, fps=FPS)
        joints = points_of(predictor.layout.joint_names)
        self.px, self.mm = map_points(clip["joints_px"], joints), map_points(clip["joints_mm"], joints)
        self.mm = self.mm - self.mm[:, :1]
        self.side = float(np.ptp(self.px, axis=1).max(axis=1).mean())
        self.frames = list(predictor.stream((frame, k / FPS) for k, frame in enumerate(clip["frames"])))

    def of(self, person, frames):
        """The numbers of the frames that a person is in, and the poses: (S,), (S, J, 2) px, (S, J, 3) mm or None."""
        seen = [(k, who) for k, frame in enumerate(frames) for who in frame.people if who.id == person]
        mm = None if seen[0][1].pose_mm is None else np.stack([who.pose_mm for _, who in seen])
        return np.array([k for k, _ in seen]), np.stack([who.pose_px[:, :2] for _, who in seen]), mm

    def found(self):
        """The id of the person who is where the true one is, in most frames; None where nobody is."""
        ids = {who.id for frame in self.frames for who in frame.people}
        errors = {}
        for person in ids:
            at, px, _ = self.of(person, self.frames)
            if np.median(np.linalg.norm(px - self.px[at], axis=2).mean(axis=1)) < FOUND * self.side:
                errors[person] = len(at)
        return max(errors, key=errors.get, default=None)

    def scores(self, person, frames):
        """{what: value}, as UNITS."""
        at, px, mm = self.of(person, frames)
        scores = {
            "error": 100 * np.linalg.norm(px - self.px[at], axis=2).mean() / self.side,
            "jitter": _acceleration(px, at) / self.side,
        }
        if mm is not None:
            scores["error 3D"] = np.linalg.norm(mm - self.mm[at], axis=2).mean()
            scores["jitter 3D"] = _acceleration(mm, at) / 1000
        return scores

    def true_jitter(self):
        """The jitter of the true joints, which the smoothed ones should have."""
        at = np.arange(len(self.px))
        return {"jitter": _acceleration(self.px, at) / self.side, "jitter 3D": _acceleration(self.mm, at) / 1000}


def _acceleration(points, at):
    """Mean length of the second differences of points (S, J, D) in frames in a row, a second squared."""
    whole = (np.diff(at, 2) == 0) & (np.diff(at)[1:] == 1)
    return FPS**2 * np.linalg.norm(np.diff(points, 2, axis=0)[whole], axis=2).mean()


def measure(model="spnet-3d", split="test", actions=("penn", "h36m"), videos=5, settings=None):
    """Yield (what, unit, before, after, true or None), means over videos; at last how many were left out."""
    from deephar.inference.predictor import Predictor

    predictor, settings, found = Predictor(model), settings or Smoothing(), []
    jobs = [(name, index) for name in actions for index in range(videos)]
    for name, index in progress(jobs, len(jobs), "videos"):
        trial = Trial(predictor, split, name, index)
        if (person := trial.found()) is not None:
            after = [frame for (frame,) in smoothed(((frame,) for frame in trial.frames), settings)]
            found.append((trial.scores(person, trial.frames), trial.scores(person, after), trial.true_jitter()))
    for what in found[0][0] if found else ():
        parts = zip(*found, strict=True)
        before, after, true = (np.mean([scores.get(what, np.nan) for scores in some]) for some in parts)
        yield what, UNITS[what], before, after, None if np.isnan(true) else true
    yield "videos left out", f"of {len(jobs)}", None, float(len(jobs) - len(found)), None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="spnet-3d", help="of `deephar models`, or a run folder")
    parser.add_argument("--split", default="test", choices=("train", "validation", "test"))
    parser.add_argument("--actions", nargs="+", default=["penn", "h36m"], help="penn, h36m, ntu")
    parser.add_argument("--videos", type=int, default=5, help="of each kind of actions")
    for field in dataclasses.fields(Smoothing):
        option = f"--{field.name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=field.default, help=f"default: {field.default}")
    given = parser.parse_args()
    settings = Smoothing(**{field.name: getattr(given, field.name) for field in dataclasses.fields(Smoothing)})
    rows = [
        (what, unit, *("" if value is None else f"{value:.3g}" for value in values))
        for what, unit, *values in measure(given.model, given.split, given.actions, given.videos, settings)
    ]
    print(table(["what", "unit", "predicted", "smoothed", "true"], rows, left=(0, 1)))


if __name__ == "__main__":
    main()
