"""Finds the damaged videos of a folder by decoding all of them once, and remembers what it found.

    videos --check_videos--> {name: reason}, in a file of JSON: a video of the same size and time is not decoded again

What a decoder does not notice is not found: a few wrong bits in VP8 and VP9, a cut MPEG stream, which states no length.
"""

import itertools
import os
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deephar.data.files import load_json, malformed
from deephar.data.video_frames import DamagedVideoError, check_frames
from deephar.utils.io import write_json
from deephar.utils.jobs import run_jobs

ROUND = 2000  # videos after which the file is written
JOB = 5  # videos a job
PREPARE = "Remove the file; the check writes it anew."


@dataclass(frozen=True)
class DamagedVideo:
    """A video that cannot be used.

    Attributes:
        name: its path below the root.
        reason: what is wrong with it.
    """

    name: str
    reason: str


def check_videos(
    root: str | pathlib.Path,
    names: Sequence[str],
    check_file: str | pathlib.Path | None = None,
    workers: int | None = None,
) -> list[DamagedVideo]:
    """Decode videos from the first to the last frame, with a progress bar.

    Args:
        root: str or Path. Folder of the videos.
        names: list of str. Their paths below it.
        check_file: str or Path or None. File of JSON that keeps the results, written every 2000 videos; its folder must
            exist. None: nothing is kept.
        workers: int or None. Processes; None: one for each core.

    Returns:
        List of `DamagedVideo`, in the order of `names`.

    Raises:
        ValueError: `check_file` is another file.
        FileNotFoundError: a video is gone, or the folder of `check_file` does not exist.
        ImportError: PyAV is not installed.
    """
    known = _read(check_file)
    stamps = {name: _stamp(root, name) for name in names}
    left = [name for name in names if known.get(name, (None, None))[0] != stamps[name]]
    for first in range(0, len(left), ROUND):
        some = left[first : first + ROUND]
        jobs = [(str(root), some[k : k + JOB]) for k in range(0, len(some), JOB)]
        label = f"videos {first + 1} to {first + len(some)} of {len(left)}, {JOB} at a time"
        reasons = itertools.chain.from_iterable(run_jobs(_check, jobs, workers, label))
        known.update((name, (stamps[name], reason)) for name, reason in zip(some, reasons, strict=True))
        if check_file is not None:
            write_json(check_file, {"videos": known})
    return [DamagedVideo(name, known[name][1]) for name in names if known[name][1] is not None]


def damage_report(damaged: Iterable[DamagedVideo]) -> str:
    """Return the damaged videos as lines of text with their number in the first one.

    Example:
        damaged = folder.check()
        print(damage_report(damaged))
        return 1 if damaged and not arguments.skip_damaged else 0
    """
    damaged = list(damaged)
    return "\n".join([f"{len(damaged)} videos are damaged", *(f"  {video.name}: {video.reason}" for video in damaged)])


def _stamp(root, name):
    """Size and time of change of a file, which tell whether it is still the one that was checked."""
    found = os.stat(pathlib.Path(root) / name)
    return [found.st_size, found.st_mtime_ns]


def _read(check_file):
    """Return {name: ([size, time], reason or None)} of a file that `check_videos` wrote; of none, nothing."""
    if check_file is None or not pathlib.Path(check_file).exists():
        return {}
    content = load_json(check_file, PREPARE)
    with malformed(check_file, "`videos`", PREPARE):
        known = {name: ([int(size), int(time)], reason) for name, ((size, time), reason) in content["videos"].items()}
        if not all(reason is None or isinstance(reason, str) for _, reason in known.values()):
            raise TypeError("a reason that is no text")
    return known


def _check(job):
    """The reasons of the videos of a job, None for those that are as they should be."""
    root, names = job
    return [_reason(pathlib.Path(root) / name) for name in names]


def _reason(path):
    try:
        check_frames(path)
    except DamagedVideoError as error:
        return error.reason
    return None
