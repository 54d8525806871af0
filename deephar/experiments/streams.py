"""Streams computed from folders of videos, once: which videos, with which settings, damaged ones named, going on.

    --data FOLDER --read_videos--> names --check_first--> work on one video each, in several processes
        OUT/CLASS/video.h5 or .mp4      whole files only: what exists is finished
        OUT/settings.json               what they were made with; other settings need another OUT
        OUT/checked_videos.json         which videos are damaged, so that none is checked twice

One run at a time writes into a folder.
"""

import argparse
import contextlib
import functools
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deephar.data.clip_crops import ClipConfig
from deephar.data.files import load_json
from deephar.data.flow import one_thread
from deephar.data.video_check import DamagedVideo, check_videos, damage_report
from deephar.data.video_frames import (
    DEFAULT_FPS,
    SHORT_SIDE_PX,
    DamagedVideoError,
    frames_at,
    read_timeline,
    scaled_size,
)
from deephar.data.video_streams import find_stream, flows_of, stream_path, stream_paths, write_flow
from deephar.data.videofolder import VideoFolder
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import videos_root
from deephar.utils.io import remove_leftovers, write_json
from deephar.utils.jobs import run_jobs

SETTINGS, CHECKED = "settings.json", "checked_videos.json"
SHOWN = 20  # characters of a value in an error
GOING_ON = "nothing half-written is left behind, the same command goes on"


@dataclass(frozen=True)
class Source:
    """Where videos lie, and how they are seen.

    Attributes:
        root: Path. Folder of the videos.
        fps: float. Frames a second.
        short_side: int. Short side of the frames, px.
    """

    root: pathlib.Path
    fps: float
    short_side: int

    def frames(self, name: str) -> Iterator[np.ndarray]:
        """Yield the frames of a video, uint8 (H, W, 3), as `frames_at` does."""
        return frames_at(self.root / name, self.fps, self.short_side)

    def shape(self, name: str) -> tuple[int, int, int]:
        """Return (T, H, W), the number of a video's frames and their size.

        Raises:
            FileNotFoundError, DamagedVideoError, ImportError: as `read_timeline`.
        """
        timeline = read_timeline(self.root / name)
        return (timeline.num_frames(self.fps), *scaled_size(timeline.size, self.short_side)[::-1])


def add_folder(parser: argparse.ArgumentParser) -> Callable:
    """Add to a parser which videos there are, by what lists, and how their frames are seen; return what adds more."""
    add = parser.add_argument_group("videos").add_argument
    text = "published lists, where videos lie anywhere: .csv of Kinetics, folder of UCF101's or HMDB51's"
    add("--splits", metavar="PATH", nargs="+", help=text)
    add("--split", type=options.positive, default=1, help="number of the split of UCF101 or HMDB51; default 1")
    add("--fps", type=float, default=DEFAULT_FPS, help=f"frames a second; default {DEFAULT_FPS:g}")
    add("--short-side", type=options.positive, help=f"of the frames, px; default {SHORT_SIDE_PX}")
    return add


def open_folder(arguments: argparse.Namespace, config: ClipConfig, **how: Any) -> VideoFolder:
    """Return the videos of the command line; says what a list has and the folder has not.

    Args:
        arguments: argparse.Namespace. The command line, of a parser with `add_folder`.
        config: `ClipConfig`.
        how: further arguments of `VideoFolder`.

    Raises:
        FileNotFoundError, ValueError: as `VideoFolder`; no folder is given.
    """
    splits = arguments.splits[0] if arguments.splits and len(arguments.splits) == 1 else arguments.splits
    folder = VideoFolder(videos_root(arguments.data), config, splits=splits, split=arguments.split, **how)
    if folder.missing:
        print(f"{len(folder.missing)} videos of the lists are not there, the first one: {folder.missing[0]}")
    return folder


def add_videos(parser: argparse.ArgumentParser) -> None:
    """Add `add_folder` to a parser, and how the work is shared and what becomes of damaged videos."""
    add = add_folder(parser)
    add("--workers", metavar="N", type=options.positive, default=os.cpu_count() or 1, help="processes; default: cores")
    add("--skip-damaged", action="store_true", help="exit status 0 although there are damaged videos")


def read_videos(arguments: argparse.Namespace, stream: str) -> tuple[Source, list[str]]:
    """Return the videos of the command line: where they are, and their names as `VideoFolder.names` gives them.

    With --tiny they are written first. Says what a list has and the folder has not.

    Args:
        arguments: argparse.Namespace. The command line, of a parser with `add_videos`.
        stream: str. What is computed, "flow" or "pose".

    Raises:
        FileNotFoundError, ValueError: as `VideoFolder`; no folder is given, or OUT lies among the videos.
    """
    options.tiny_data(arguments, "Videos")
    root, out = videos_root(arguments.data), arguments.out.resolve()
    short_side = arguments.short_side or (networks.TINY_SIDE if arguments.tiny else SHORT_SIDE_PX)
    if out.is_relative_to(root.resolve()):
        raise ValueError(f"OUT must lie outside of the folder of the videos, {str(root)!r}. Received: {str(out)!r}")
    config = ClipConfig(fps=arguments.fps, short_side=short_side)
    folder = open_folder(arguments, config)
    stream_paths(out, folder.names(), stream)
    return Source(root, config.fps, short_side), folder.names()


def read_settings(folder: pathlib.Path) -> dict | None:
    """Return what a folder of streams was made with, or None where nothing was begun."""
    path = folder / SETTINGS
    return load_json(path, "Remove the folder, or what is in it.") if path.exists() else None


def begin(folder: pathlib.Path, settings: dict, used: bool) -> None:
    """Note the settings of a folder of streams, or make sure that it is gone on with by the same.

    Args:
        folder: Path. It is made.
        settings: dict of what JSON knows.
        used: bool. Whether it holds streams.

    Raises:
        ValueError: it was begun with other settings, or its streams are of unknown ones.
    """
    found = read_settings(folder)
    if found is None and not used:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / SETTINGS, settings)
    elif found != settings:
        differ = [k for k in {**settings, **(found or {})} if (found or {}).get(k) != settings.get(k)]
        pairs = [(k, *(str(one.get(k))[:SHOWN] for one in (found, settings))) for k in differ] if found else []
        received = ", ".join(f"{k} {there}, not {asked}" for k, there, asked in pairs) or f"files without {SETTINGS}"
        raise ValueError(f"{str(folder)!r} must be empty or made with the same settings. Received: {received}")


@contextlib.contextmanager
def working_in(folder: pathlib.Path, names: Sequence[str]) -> Iterator[None]:
    """Remove from the folders of some streams what a killed run left half-written, before the body and after it."""
    places = {folder, *((folder / name).parent for name in names)}
    try:
        for place in places:
            remove_leftovers(place)
        yield
    finally:
        for place in places:
            remove_leftovers(place)


def check_first(source: Source, names: Sequence[str], folder: pathlib.Path, workers: int) -> list[DamagedVideo]:
    """Return the damaged ones of some videos, before much time is spent on any; `folder` keeps what was found."""
    return check_videos(source.root, names, folder / CHECKED, workers) if names else []


def without(names: Sequence[str], damaged: Iterable[DamagedVideo]) -> list[str]:
    """Return the names that are not among damaged videos."""
    gone = {video.name for video in damaged}
    return [name for name in names if name not in gone]


def try_videos(function: Callable, jobs: Sequence[tuple], workers: int, label: str) -> list[DamagedVideo]:
    """Call `function` on every job as `run_jobs` does, and go on where a video turns out to be damaged.

    Args:
        function, jobs, workers, label: as for `run_jobs`; a job is a tuple that begins with the name of the video.

    Returns:
        The damaged videos.
    """
    done = run_jobs(functools.partial(_guarded, function), jobs, workers, label)
    return [damaged for damaged in done if damaged is not None]


def _guarded(function, job):
    try:
        function(*job)
    except DamagedVideoError as error:
        return DamagedVideo(job[0], error.reason)
    return None


def finish(names: Sequence[str], damaged: Sequence[DamagedVideo], arguments: argparse.Namespace) -> int:
    """Say how much is done and which videos are damaged; return the exit status, 1 if any is and none may be."""
    print(f"{len(names) - len(damaged)} of {len(names)} videos are in {arguments.out}")
    if damaged:
        print(damage_report(sorted(damaged, key=lambda video: video.name)))
    return 1 if damaged and not arguments.skip_damaged else 0


def compute_flow(arguments: argparse.Namespace) -> int:
    """Write the TV-L1 flow of all videos of the command line that have none yet; return the exit status.

    Args:
        arguments: argparse.Namespace. The command line, of a parser with `add_videos`.

    Raises:
        FileNotFoundError, ValueError: as `read_videos` and `begin`.
        ImportError: PyAV or OpenCV's contrib package is not installed.
    """
    source, names = read_videos(arguments, "flow")
    out = arguments.out
    left = [name for name in names if find_stream(out, name, "flow") is None]
    settings = {"stream": "flow", "fps": source.fps, "short_side": source.short_side}
    begin(out, settings, used=len(left) < len(names))
    print(f"{len(names)} videos: {len(left)} without flow", flush=True)
    with one_thread(), working_in(out, names):
        damaged = check_first(source, left, out, arguments.workers)
        jobs = [(name, source, out) for name in without(left, damaged)]
        damaged += try_videos(_flow_of_video, jobs, arguments.workers, "flow of videos")
    return finish(names, damaged, arguments)


def _flow_of_video(name, source, out):
    with one_thread():
        write_flow(stream_path(out, name, "flow"), flows_of(source.frames(name)), source.fps)
