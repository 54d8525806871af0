"""Frames of videos by time: any rate, fixed or not, becomes T frames a second, and only what is needed is decoded.

    time stamps of the file       0     33   50          120          ms, of the frames a b c d; d ends at 160
    numbers at 25 a second        0        1        2        3         at 0, 40, 80, 120 ms
    frames                        a        b        c        d

Frame k of the resampled video is what a player shows k / fps seconds after the first frame: the last frame whose time
stamp is not later, by more than the millisecond to which containers such as Matroska round. There is one for every k
before the end of the last frame. So a video at `fps` itself stays as it is, one at 2 fps gives every second frame, one
at fps / 2 every frame twice, and a still that is shown for seconds is repeated as long.

A clip is decoded from the last keyframe at or before its first frame, to its last one. A container without an index
and one without stamps (H.264 with B-frames in AVI, where frames are counted) are decoded from the beginning.
"""

import bisect
import contextlib
import functools
import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from deephar.utils.upright import SQUARE, pixel_aspect, shown_pixels, shown_size
from deephar.utils.video import exact_rate, require_av

DEFAULT_FPS = 25.0
SHORT_SIDE_PX = 256
MISSING_FRAMES = 2  # that a header may state too many
MISSING_S = 0.2  # by which a Matroska file may end earlier than its header states
ROUNDING_S = Fraction(1, 1000)  # of time stamps
TIMELINES = 1024  # that a process remembers


class DamagedVideoError(ValueError):
    """A video that cannot be read, is cut off or has no frames.

    Attributes:
        path: str. The file.
        reason: str. What is wrong with it.
    """

    def __init__(self, path: str | pathlib.Path, reason: str) -> None:
        super().__init__(f"`path` must be an undamaged video. Received: {path}: {reason}")
        self.path, self.reason = str(path), reason

    def __reduce__(self):
        return type(self), (self.path, self.reason)


@dataclass(frozen=True)
class Timeline:
    """When the frames of a video are shown.

    Attributes:
        start: time stamp of the first frame.
        end: time stamp at which the last frame is over.
        time_base: Fraction. Seconds a unit of the stamps.
        keyframes: stamps, ascending, at which decoding can begin.
        counted: whether the stamps are the frames' numbers, because the file has none.
        size: (width, height) px as shown, upright and of square pixels.
        aspect: Fraction. Width of a stored pixel over its height.
    """

    start: int
    end: int
    time_base: Fraction
    keyframes: tuple[int, ...]
    counted: bool
    size: tuple[int, int]
    aspect: Fraction = SQUARE

    def number_at(self, stamp: int, fps: float) -> int:
        """Return the number, from 0, of the first resampled frame that can show the frame of a time stamp."""
        return max(0, math.ceil(((stamp - self.start) * self.time_base - ROUNDING_S) * exact_rate(fps)))

    def num_frames(self, fps: float = DEFAULT_FPS) -> int:
        """Return the number of frames at `fps` frames a second, at least 1."""
        return max(1, self.number_at(self.end, fps))


def scaled_size(size: tuple[int, int], short_side: int | None) -> tuple[int, int]:
    """Return (width, height) px with the short side scaled to `short_side` px; None: as it is."""
    if short_side is None:
        return tuple(size)
    factor = short_side / min(size)
    return tuple(short_side if side == min(size) else max(1, round(side * factor)) for side in size)


@contextlib.contextmanager
def open_stream(path: str | pathlib.Path) -> Iterator[tuple]:
    """Open a video for the body of a `with`: its PyAV container and its first video stream.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedVideoError: it is no video.
        ImportError: PyAV is not installed.
    """
    av = require_av()
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"`path` must be a video file. Received: {path}, which does not exist")
    if not pathlib.Path(path).stat().st_size:
        raise DamagedVideoError(path, "the file is empty")
    with _damage_named(av, path), av.open(str(path)) as container:
        if not container.streams.video:
            raise DamagedVideoError(path, "there is no video stream")
        yield container, container.streams.video[0]


@contextlib.contextmanager
def _damage_named(av, path):
    """Turn what FFmpeg says of damaged content into an error that names the file; the system's errors stay."""
    try:
        yield
    except (av.FFmpegError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            raise
        raise DamagedVideoError(path, f"FFmpeg says: {getattr(error, 'strerror', None) or error}") from error


def read_timeline(path: str | pathlib.Path) -> Timeline:
    """Return when a video's frames are shown. All of the file is read, a frame or two are decoded.

    A process remembers it, until the file changes: training asks for it with every clip.

    Args:
        path: str or Path. The video.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedVideoError: the file is no video, is cut off or has no frames.
        ImportError: PyAV is not installed.
    """
    path = pathlib.Path(path)
    found = path.stat() if path.exists() else None
    return _read_timeline(path, found and (found.st_size, found.st_mtime_ns))


@functools.lru_cache(TIMELINES)
def _read_timeline(path, stamp):
    """The timeline of the file that has this size and time of change."""
    with open_stream(path) as (container, stream):
        packets, size, end_s = [], None, Fraction(0)
        for packet in container.demux():
            ours = packet.stream.index == stream.index
            if ours and size is None:
                size = _first_size(packet)
            if packet.size and packet.pts is not None and packet.time_base:
                end_s = max(end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if ours and packet.size:
                if packet.is_corrupt:
                    raise DamagedVideoError(path, f"it is cut off or damaged after {len(packets)} frames")
                packets.append((packet.pts, packet.duration or 0, packet.is_keyframe, packet.is_discard))
        _check_complete(path, container, stream, len(packets), end_s)
        shown = [packet for packet in packets if not packet[3]]
        if not shown or size is None:
            raise DamagedVideoError(path, "it has no frames")
        return _timeline(container, stream, shown, size)


def _first_size(packet):
    """The shown (width, height) of the first frame that a packet completes, None where it completes none."""
    with contextlib.suppress(require_av().FFmpegError):  # which decoding meets again
        for frame in packet.decode():
            return shown_size(frame, pixel_aspect(packet.stream))
    return None


def _check_complete(path, container, stream, number, end_s):
    """Raise for a file that ends before its header says."""
    if number + MISSING_FRAMES < stream.frames:
        raise DamagedVideoError(path, f"it ends after {number} of {stream.frames} frames")
    stated_s = (container.duration or 0) / 1e6  # the container counts microseconds
    if "matroska" in container.format.name and number and float(end_s) + MISSING_S < stated_s:
        raise DamagedVideoError(path, f"it ends after {float(end_s):.2f} of {stated_s:.2f} s")


def _timeline(container, stream, packets, size):
    """`Timeline` of packets (stamp, duration, whether a keyframe, ...) in the order of the file."""
    aspect = pixel_aspect(stream)
    rate, stamps = stream.average_rate or stream.guessed_rate or Fraction(DEFAULT_FPS), [p[0] for p in packets]
    in_order = None not in stamps and stamps == sorted(stamps)
    if None in stamps or in_order and container.format.name == "avi" and stream.codec_context.has_b_frames:
        return Timeline(0, len(packets), 1 / Fraction(rate), (0,), True, size, aspect)
    start, (last, duration) = min(stamps), max((p[0], p[1]) for p in packets)
    if not duration:
        mean = Fraction(last - start, len(packets) - 1) if len(packets) > 1 else 1 / (rate * stream.time_base)
        duration = max(1, round(mean))
    keyframes = tuple(sorted({start, *(p[0] for p in packets if p[2])}))
    return Timeline(start, last + duration, stream.time_base, keyframes, False, size, aspect)


def frames_at(
    path: str | pathlib.Path,
    fps: float = DEFAULT_FPS,
    short_side: int | None = SHORT_SIDE_PX,
    timeline: Timeline | None = None,
) -> Iterator[np.ndarray]:
    """Yield all frames of a video at a fixed rate, resized, in constant memory.

    Args:
        path: str or Path. The video.
        fps: float. Frames a second.
        short_side: int or None. Short side in px of the frames; None: as they are.
        timeline: `Timeline` of the video; None: it is read.

    Yields:
        uint8 (H, W, 3), RGB, upright, `timeline.num_frames(fps)` times. A frame that is shown for longer comes several
        times as the same array, which is not to be written into.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedVideoError: it is damaged; frames before the damage have come.
        ImportError: PyAV is not installed.

    Example:
        for frame in frames_at("jump/a.mp4"):  # (256, 455, 3) of 1920 x 1080
            ...
    """
    timeline = timeline or read_timeline(path)
    return _resampled(path, timeline, 0, timeline.num_frames(fps) - 1, fps, short_side)


def read_frames(
    path: str | pathlib.Path,
    numbers: Sequence[int],
    fps: float = DEFAULT_FPS,
    short_side: int | None = SHORT_SIDE_PX,
    timeline: Timeline | None = None,
) -> np.ndarray:
    """Return some frames of a video, as `frames_at` yields them; only those between the first and last are decoded.

    Args:
        path, fps, short_side, timeline: as for `frames_at`.
        numbers: list of int. Frames at `fps`, from 0, in any order, repeated or not.

    Returns:
        uint8 (N, H, W, 3), RGB.

    Raises:
        ValueError: the video has no frame of such a number, or none is asked for.
        FileNotFoundError, DamagedVideoError, ImportError: as `frames_at`.
    """
    timeline = timeline or read_timeline(path)
    length = timeline.num_frames(fps)
    if not len(numbers) or min(numbers) < 0 or max(numbers) >= length:
        allowed = f"frames in [0, {length - 1}] of {path}"
        raise ValueError(f"`numbers` must hold {allowed}. Received: {list(numbers)}")
    first, wanted = min(numbers), set(numbers)
    found = _resampled(path, timeline, first, max(numbers), fps, short_side)
    frames = {number: frame for number, frame in enumerate(found, first) if number in wanted}
    return np.stack([frames[number] for number in numbers])


def check_frames(path: str | pathlib.Path) -> int:
    """Decode all frames of a video and return their number.

    Raises:
        FileNotFoundError, DamagedVideoError, ImportError: as `frames_at`.
    """
    timeline = read_timeline(path)
    number = sum(1 for _ in _decoded(path, timeline, 0, DEFAULT_FPS))
    if not number:
        raise DamagedVideoError(path, "no frame can be decoded")
    return number


def _resampled(path, timeline, first, last, fps, short_side):
    """Yield the resampled frames `first` to `last`, both included, as arrays."""
    size = scaled_size(timeline.size, short_side)
    shown, array, number = None, None, first
    for frame, start in _decoded(path, timeline, first, fps):
        while shown is not None and number < min(start, last + 1):
            array = shown_pixels(shown, timeline.aspect, size) if array is None else array
            yield array
            number += 1
        if number > last:
            return
        shown, array = frame, None
    if shown is None:
        raise DamagedVideoError(path, "no frame can be decoded")
    array = shown_pixels(shown, timeline.aspect, size) if array is None else array
    yield from (array for _ in range(number, last + 1))


def _decoded(path, timeline, first, fps):
    """Yield (frame, number of the first resampled frame that shows it), from a keyframe that leads to `first` on."""
    av, begin, count = require_av(), None, 0
    for packet in _packets(path, timeline, first, fps):
        if begin is None:
            begin = packet.pts
        frames = _decode(av, path, packet, begin, timeline)
        for frame in frames:
            stamp = count if timeline.counted else frame.pts
            count += 1
            if stamp is None:
                raise DamagedVideoError(path, f"frame {count} has no time")
            late = timeline.counted or begin is None or stamp >= begin
            if late and frame.is_corrupt:
                raise DamagedVideoError(path, f"the frame at {_seconds(timeline, stamp):.2f} s is damaged")
            if late:
                yield frame, timeline.number_at(stamp, fps)


def _decode(av, path, packet, begin, timeline):
    """Frames that a packet completes. Those shown before the keyframe `begin` lack what they are made from."""
    try:
        return packet.decode()
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        if not timeline.counted and None not in (packet.pts, begin) and packet.pts < begin:
            return []
        where = f" at {_seconds(timeline, packet.pts):.2f} s" if packet.pts is not None else ""
        raise DamagedVideoError(path, f"it cannot be decoded{where}") from error


def _seconds(timeline, stamp):
    return float((stamp - timeline.start) * timeline.time_base)


def _packets(path: str | pathlib.Path, timeline: Timeline, first: int, fps: float) -> Iterable[Any]:
    """Yield the packets of the video stream from the last keyframe that is shown at the resampled frame `first`."""
    starts = [timeline.number_at(stamp, fps) for stamp in timeline.keyframes]
    place = max(0, bisect.bisect_right(starts, first) - 1)
    if place > 0:
        with open_stream(path) as (container, stream):
            container.seek(timeline.keyframes[place], stream=stream)
            packets = container.demux(stream)
            packet = next(packets)
            if packet.is_keyframe and packet.pts is not None and packet.pts <= timeline.keyframes[place]:
                yield packet
                yield from packets
                return
    with open_stream(path) as (container, stream):
        yield from container.demux(stream)
