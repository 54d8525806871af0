"""Rendered videos of Penn Action's and NTU's motions as class-named folders, with their flow and their drawn poses.

    ROOT/Videos/train/squat/squat_0001.mp4, ROOT/flow/train/squat/squat_0001.h5, ROOT/pose/..., ROOT/pose-black/...

Poses are the true ones; what is hidden is drawn too, as a pose network would guess it.
"""

import itertools
import pathlib
from collections.abc import Mapping
from typing import Any

from deephar.data import video_streams
from deephar.drawing.pose_frames import render_poses
from deephar.synthetic.actions import get_actions
from deephar.synthetic.layouts import map_points
from deephar.synthetic.world import render_clip
from deephar.synthetic.writers_videos import choose_classes
from deephar.utils.io import atomic_path
from deephar.utils.jobs import run_jobs
from deephar.utils.video import VideoWriter

LAYOUT = "pa16"
NTU_EVERY = 4  # of NTU's actions, those of Penn Action are all taken
TEST_SHARE = 3  # training videos for one of the test
POSES: dict[str, Mapping[str, Any]] = {  # the ways of drawing, the first one as the paper found best
    "pose": {},
    "pose dot": {"marker": "dot"},
    "pose 6 uniform": {"colors": 6, "thickness": "uniform"},
    "pose black": {"background": "black"},
}


def classes_of(number: int | None = None) -> list[tuple[str, str, int]]:
    """Return the classes as (folder, whose motions, place among those that are performed).

    Args:
        number: int or None. So many, in turn of either; None: all.
    """
    penn = [(folder, "penn", place) for folder, place in choose_classes("penn").items()]
    ntu = [(folder, "ntu", place) for folder, place in choose_classes("ntu").items()][::NTU_EVERY]
    return [one for pair in itertools.zip_longest(penn, ntu) for one in pair if one is not None][:number]


def write_streams(
    root: pathlib.Path,
    videos: int,
    classes: int | None = None,
    short_side: int = 72,
    fps: float = 10.0,
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Write what is not there yet.

    Args:
        root: Path. Made if need be.
        videos: int. Training videos of a class; the test has a third as many, one at least.
        classes: int or None. See `classes_of`.
        short_side: int, px; frames are 4:3.
        fps: float. Frames a second.
        seed: int. Of the world.
        workers: int or None. Processes; None: one for each core.
    """
    plan = [("train", videos), ("test", max(1, videos // TEST_SHARE))]
    jobs = [
        (str(root), split, folder, actions, place, number, short_side, fps, seed)
        for split, count in plan
        for number in range(count)
        for folder, actions, place in classes_of(classes)
    ]
    run_jobs(_write, jobs, workers, "videos, flow and poses")


def _write(job):
    """One video with all of its streams; the video itself comes last and says that all is there."""
    root, split, folder, actions, place, number, short_side, fps, seed = job
    name = f"{split}/{folder}/{folder}_{number + 1:04d}.mp4"
    path = pathlib.Path(root) / "Videos" / name
    if path.exists():
        return
    index, size = number * len(get_actions(actions).performed) + place, (short_side * 4 // 3, short_side)
    clip = render_clip(split, index, None, size, seed, actions=actions, fps=fps)
    frames, joints = clip["frames"], map_points(clip["joints_px"], LAYOUT)  # (T, H, W, 3), (T, J, 2)
    for variant, how in POSES.items():
        drawn = render_poses(frames, joints[:, None], f"{LAYOUT}j2d", **how)
        target = video_streams.stream_path(path.parents[3] / variant.replace(" ", "-"), name, "pose", lossless=True)
        video_streams.write_pose_video(target, drawn, fps, lossless=True)
    target = video_streams.stream_path(path.parents[3] / "flow", name, "flow")
    video_streams.write_flow(target, video_streams.flows_of(iter(frames)), fps)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, VideoWriter(temporary, fps) as writer:
        for frame in frames:
            writer.add(frame)
