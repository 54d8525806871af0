"""Video in and out through PyAV: frames one at a time, as a player shows them, in constant memory.

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import pathlib
import threading
from collections.abc import Iterator

import numpy as np

from deephar.data.video_frames import DEFAULT_FPS, MISSING_FRAMES, MISSING_S
from deephar.utils.images import webp_as_apng
from deephar.utils.upright import pixel_aspect, shown_pixels, shown_size
from deephar.utils.video import VideoWriter, require_av

__all__ = ["VideoReader", "VideoWriter", "is_video", "require_av"]


class VideoReader:
    """Frames of the first video stream of a file, one by one, whatever of it can be read.

    Use it as a context manager; iterating yields uint8 arrays (H, W, 3), RGB, as a player shows them: upright and
    mirrored as the display matrix says, of square pixels. Where the stream changes its size, later frames are scaled to
    that of the first one. Damaged packets are skipped, and a file that was cut off ends where it ends: `problems` says
    so.

    Args:
        path: str or Path. The video file.

    Attributes:
        fps: float. Average frames per second; like `num_frames` set when the file is opened.
        num_frames: int. Number of frames as the file states it, else an estimate from duration and rate; 0 where
            neither is known.
        size: (width, height) px as shown; None before the first frame.
        time_s: float. When the frame that came last is shown, s after the first one, by the stream's own time stamps.
        start_s: float. Time stamp of the first frame, s; 0 before it.
        count: int. How many frames have come.
        problems: list of str. What was damaged, missing or scaled; complete when all frames have come.
        complete: bool. Whether no frame seems to be missing or damaged.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a video, has no video stream, or was not opened; names the file.
        ImportError: PyAV is not installed.

    Example:

        with VideoReader("walk.mp4") as video:
            for frame in video:
                print(video.time_s, frame.shape)
        print(video.problems)
    """

    def __init__(self, path: str | pathlib.Path):
        self.path = pathlib.Path(path)
        self._container, self._lock = None, threading.Lock()  # whoever reads ahead stops before it is closed

    def __enter__(self) -> "VideoReader":
        av = require_av()
        if not self.path.is_file():
            raise FileNotFoundError(f"`path` must be a video file. Received: {self.path}, which does not exist")
        try:
            self._container = av.open(webp_as_apng(self.path) or str(self.path))
        except (av.FFmpegError, UnicodeDecodeError) as error:
            raise ValueError(f"`path` must be a video that FFmpeg can read. Received: {self.path} ({error})") from error
        if not self._container.streams.video:
            self._container.close()
            raise ValueError(f"`path` must hold a video stream. Received: {self.path}, which has none")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = float(rate) if rate else DEFAULT_FPS
        self.num_frames = self._stream.frames or self._frames_from_duration()
        self._start()
        return self

    def _start(self):
        self.size, self.time_s, self.start_s, self.count = None, 0.0, 0.0, 0
        self.problems, self.complete = [], True
        self._num_packets, self._left_out, self._broken_s, self._ended, self._end_s = 0, 0, [], None, 0.0

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            self._container.close()
            self._container = None

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._container is None:
            raise ValueError(f"`VideoReader` must be opened: `with VideoReader(path) as video`. Received: {self.path}")
        self._start()
        aspect, resized = pixel_aspect(self._stream), False
        for frame in self._decoded():
            self._tell_time(frame)
            size = shown_size(frame, aspect)
            self.size = self.size or size
            if size != self.size and not resized:
                resized, sizes = True, "{} x {} to {} x {} px".format(*self.size, *size)
                self.problems.append(f"the size changes at {self.time_s:.3f} s from {sizes}; frames are scaled back")
            if frame.is_corrupt:
                self._broken_s.append(self.time_s)
            yield shown_pixels(frame, aspect, self.size)
        if self._container is not None:
            self._check_end()

    def _decoded(self):
        """Yield the frames that can be decoded, whatever is wrong with those before them."""
        packets = self._container.demux(self._stream)
        while True:
            with self._lock:
                frames = self._next_frames(packets) if self._container is not None else None
            if frames is None:
                return
            yield from frames

    def _next_frames(self, packets):
        """The frames of the next packet, none of one that is damaged; None at the end."""
        av = require_av()
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:  # nothing more can be read
            self._ended, packet = str(error), None
        if packet is None:
            return None
        self._num_packets += bool(packet.size)
        self._left_out += packet.is_discard  # by an edit list: decoded, not shown
        if packet.pts is not None:
            self._end_s = max(self._end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        try:
            return packet.decode()
        except av.FFmpegError:
            self._broken_s.append(self.time_s)
            return []

    def _tell_time(self, frame):
        """Set the time of a frame; where stamps are missing, stand still or go back, the rate counts."""
        stamp = frame.time if frame.time is not None else self.start_s + self.count / self.fps
        if not self.count:
            self.start_s = stamp
        else:
            self.time_s = stamp - self.start_s if stamp - self.start_s > self.time_s else self.time_s + 1 / self.fps
        self.count += 1

    def _check_end(self):
        """Add what is missing or damaged to the problems."""
        stated, where = self._stream.frames, f", the first after {self._broken_s[0]:.3f} s" if self._broken_s else ""
        cut = self._num_packets + MISSING_FRAMES < stated
        lost = (stated if cut else self._num_packets) - self._left_out - self.count
        if cut or self._broken_s and lost > 0:
            self.problems.append(f"{lost} of {self.count + lost} frames missing{', the file is cut off' * cut}{where}")
        elif self._broken_s:
            self.problems.append(f"{len(self._broken_s)} of {self.count} frames damaged{where}")
        stated_s = (self._container.duration or 0) / 1e6  # the container counts microseconds
        if not cut and "matroska" in self._container.format.name and self._end_s + MISSING_S < stated_s:
            self.problems.append(f"the file is cut off at {self._end_s:.3f} of {stated_s:.3f} s")
            cut = True
        if self._ended:
            self.problems.append(f"reading ended after {self.time_s:.3f} s: {self._ended}")
        self.complete = not (cut or self._broken_s or self._ended)

    def _frames_from_duration(self):
        if self._stream.duration and self._stream.time_base:
            return round(float(self._stream.duration * self._stream.time_base) * self.fps)
        if self._container.duration:
            return round(self._container.duration / 1e6 * self.fps)
        return 0


def is_video(path: str | pathlib.Path) -> bool:
    """Return whether FFmpeg finds a video stream in a file.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: PyAV is not installed.
    """
    try:
        with VideoReader(path):
            return True
    except ValueError:
        return False
