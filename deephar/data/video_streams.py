"""Streams computed from videos, kept in folders that mirror the videos': optical flow and rendered poses.

    videos/jump/a.avi  --frames_at(25 fps, short side 256)--> n frames (h, w, 3)
        flow/jump/a.h5     data set `flow`, uint8 (n, h, w, 2) of `encode_flow`, a chunk a frame, gzip; attribute `fps`
        poses/jump/a.mp4   n frames of `render_poses` at 25 a second, H.264 with a keyframe every 12; or a.mkv, lossless

Frame k of a stream belongs to frame k of the resampled video, so a clip of either is one window of numbers. An odd
side is one px larger in the MP4, which reading takes off. Files are written whole or not at all: what exists is
finished, and work that was interrupted goes on with what does not.
"""

import itertools
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import h5py
import numpy as np

from deephar.data.flow import encode_flow, tvl1
from deephar.data.video_frames import DEFAULT_FPS, read_frames, read_timeline
from deephar.utils.io import atomic_path
from deephar.utils.video import VideoWriter

SUFFIXES = {"flow": (".h5",), "pose": (".mp4", ".mkv")}
SCRIPTS = {"flow": "`exp/perfnet/compute_flow.py`", "pose": "`exp/perfnet/render_poses.py`"}
FLOW, FPS = "flow", "fps"  # names in the file
KEYFRAME_EVERY = 12  # frames that are decoded in vain at most, before the clip that is asked for
COMPRESSION = 4
SHOWN = 5  # names in an error


def stream_path(folder: str | pathlib.Path, video: str, stream: str, lossless: bool = False) -> pathlib.Path:
    """Return where the stream of a video is written.

    Args:
        folder: str or Path. Folder of the stream.
        video: str. The video's path below the folder of videos, as `VideoFolder.names` gives it.
        stream: str. "flow" or "pose".
        lossless: bool. Of "pose": the lossless form.

    Raises:
        ValueError: no such stream.
    """
    if stream not in SUFFIXES:
        raise ValueError(f"`stream` must be one of {', '.join(SUFFIXES)}. Received: {stream!r}")
    return (pathlib.Path(folder) / video).with_suffix(SUFFIXES[stream][-1 if lossless else 0])


def stream_paths(folder: str | pathlib.Path, videos: Sequence[str], stream: str) -> list[pathlib.Path]:
    """Return where the streams of several videos are written; arguments as of `stream_path`.

    Raises:
        ValueError: two of them would share a file.
    """
    paths = [stream_path(folder, video, stream) for video in videos]
    twice = [str(path.with_suffix("")) for path, count in Counter(paths).items() if count > 1][:SHOWN]
    if twice:
        raise ValueError(f"`root` must hold videos of different names, suffix aside. Received: {', '.join(twice)}")
    return paths


def find_stream(folder: str | pathlib.Path, video: str, stream: str) -> pathlib.Path | None:
    """Return the file that holds the stream of a video, in either form, or None; arguments as of `stream_path`."""
    paths = [stream_path(folder, video, stream, lossless) for lossless in (False, True)]
    return next((path for path in paths if path.is_file()), None)


def flows_of(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the TV-L1 flow (H, W, 2) px of every frame, uint8 (H, W, 3), one at a time; the last one's is repeated.

    Raises:
        ImportError: OpenCV's contrib package is not installed.
    """
    flow, first = None, None
    for first, second in itertools.pairwise(itertools.chain(frames, [None])):
        if second is not None:
            flow = tvl1(np.stack([first, second]))[0]
        yield flow if flow is not None else tvl1(first[None])[0]


def write_flow(path: str | pathlib.Path, flows: Iterable[np.ndarray], fps: float = DEFAULT_FPS) -> int:
    """Write the flow of a video, one frame in memory at a time.

    Args:
        path: str or Path, of `stream_path`. Its folder is made.
        flows: iterable of float (H, W, 2) px, one a frame of the resampled video, the last one's as well.
        fps: float. Frames a second.

    Returns:
        Number of frames.

    Raises:
        ValueError: there are none, or of several sizes.

    Example:
        write_flow(stream_path("flow", name, "flow"), flows_of(frames_at(pathlib.Path("videos") / name)))
    """
    path, number, dataset = pathlib.Path(path), 0, None
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs[FPS] = float(fps)
        for flow in flows:
            levels = encode_flow(flow)
            if dataset is None:
                if levels.ndim != 3 or levels.shape[-1] != 2:
                    raise ValueError(f"`flows` must be of (H, W, 2). Received: {levels.shape}")
                shape, storage = levels.shape, {"compression": "gzip", "compression_opts": COMPRESSION}
                options = {"maxshape": (None, *shape), "chunks": (1, *shape), **storage}
                dataset = file.create_dataset(FLOW, (0, *shape), np.uint8, **options)
            if levels.shape != dataset.shape[1:]:
                raise ValueError(f"`flows` must be of one size, {dataset.shape[1:]}. Received: {levels.shape}")
            number += 1
            dataset.resize(number, axis=0)
            dataset[number - 1] = levels
        if not number:
            raise ValueError("`flows` must be of one frame or more. Received: none")
    return number


def read_flow(
    path: str | pathlib.Path, numbers: Sequence[int], fps: float = DEFAULT_FPS, shape: tuple | None = None
) -> np.ndarray:
    """Return the flow of some frames as `encode_flow` gave it.

    Args:
        path: str or Path. The file.
        numbers: list of int. Frames, from 0, in any order, repeated or not.
        fps: float. Frames a second that the file must be of.
        shape: (n, H, W) of the resampled video, or None for any.

    Returns:
        uint8 (N, H, W, 2), for `decode_flow`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, of another rate or of another video.
    """
    path = pathlib.Path(path)
    _check_there(path, "flow")
    first, last = min(numbers), max(numbers)
    try:
        with h5py.File(path, "r") as file:
            found, rate = file[FLOW].shape, float(file.attrs[FPS])
            fits = file[FLOW].dtype == np.uint8 and len(found) == 4 and found[-1] == 2 and 0 <= first <= last < found[0]
            window = file[FLOW][first : last + 1] if fits else None
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"Flow cannot be read: {str(path)!r} ({error}). {_again('flow')}") from error
    if not fits or rate != fps or shape not in (None, found[:3]):
        allowed = f"{shape or 'any'} frames, rows and columns at {fps:g} a second, frames to {last}"
        raise ValueError(f"{str(path)!r} must hold {allowed}. Received: {found} at {rate:g}. {_again('flow')}")
    return window[np.asarray(numbers) - first]


def write_pose_video(
    path: str | pathlib.Path, frames: Iterable[np.ndarray], fps: float = DEFAULT_FPS, lossless: bool = False
) -> int:
    """Write the rendered poses of a video, one frame in memory at a time.

    Args:
        path: str or Path, of `stream_path`. Its folder is made.
        frames: iterable of uint8 (H, W, 3), RGB, one a frame of the resampled video.
        fps: float. Frames a second.
        lossless: bool. Keep every pixel, in about ten times the size; `path` ends in `.mkv`.

    Returns:
        Number of frames.

    Raises:
        ValueError: there are none, or of several sizes, or another suffix.
        ImportError: PyAV is not installed.
    """
    path, number = pathlib.Path(path), 0
    if path.suffix != SUFFIXES["pose"][int(lossless)]:
        allowed = f"{SUFFIXES['pose'][int(lossless)]} with `lossless={lossless}`"
        raise ValueError(f"`path` must end in {allowed}. Received: {str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, VideoWriter(temporary, fps, lossless, KEYFRAME_EVERY) as writer:
        for frame in frames:
            writer.add(frame)
            number += 1
        if not number:
            raise ValueError("`frames` must be one or more. Received: none")
    return number


def read_pose_video(
    path: str | pathlib.Path, numbers: Sequence[int], fps: float = DEFAULT_FPS, shape: tuple | None = None
) -> np.ndarray:
    """Return some frames of rendered poses; arguments as of `read_flow`.

    Returns:
        uint8 (N, H, W, 3), RGB.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged or of another video.
        ImportError: PyAV is not installed.
    """
    path = pathlib.Path(path)
    _check_there(path, "pose")
    timeline = read_timeline(path)
    length, (width, height) = timeline.num_frames(fps), timeline.size
    if shape is not None:
        sizes = {shape[1:], tuple(side + side % 2 for side in shape[1:])}
        if length != shape[0] or (height, width) not in sizes:
            allowed, found = f"{shape} frames, rows and columns", (length, height, width)
            raise ValueError(f"{str(path)!r} must hold {allowed}. Received: {found}. {_again('pose')}")
        height, width = shape[1:]
    return read_frames(path, numbers, fps, None, timeline)[:, :height, :width]


def _check_there(path, stream):
    if not path.is_file():
        raise FileNotFoundError(f"File of the {stream} stream not found: {str(path)!r}. {SCRIPTS[stream]} writes it.")


def _again(stream):
    return f"Remove the file and run {SCRIPTS[stream]} again."
