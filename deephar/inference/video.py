"""Video in and out through PyAV: frames one at a time, upright, in constant memory.

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import pathlib
from collections.abc import Iterator

import numpy as np

from deephar.utils.images import webp_as_apng
from deephar.utils.video import VideoWriter, quarter_turns, require_av, upright

__all__ = ["VideoReader", "VideoWriter", "is_video", "require_av"]

DEFAULT_FPS = 25.0  # for streams that do not say


class VideoReader:
    """Frames of the first video stream of a file, one by one.

    Use it as a context manager; iterating yields uint8 arrays (H, W, 3), RGB, turned upright as the file's display
    matrix says.

    Args:
        path: str or Path. The video file.

    Attributes:
        fps: float. Average frames per second; like `num_frames` set when the file is opened.
        num_frames: int. Number of frames as the file states it, else an estimate from duration and rate; 0 where
            neither is known.
        time_s: float. When the frame that came last is shown, s after the first one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a video, has no video stream or a damaged frame, or was not opened; names the file.
        ImportError: PyAV is not installed.
    """

    def __init__(self, path: str | pathlib.Path):
        self.path = pathlib.Path(path)
        self._container = None

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
        self.time_s = 0.0
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._container.close()
        self._container = None

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._container is None:
            raise ValueError(f"`VideoReader` must be opened: `with VideoReader(path) as video`. Received: {self.path}")
        av = require_av()
        count, first, self.time_s = 0, None, 0.0
        try:
            for frame in self._container.decode(self._stream):
                stamp = count / self.fps if frame.time is None else frame.time
                first = stamp if first is None else first
                if count:  # where stamps stand still or go back, the rate counts
                    self.time_s = stamp - first if stamp - first > self.time_s else self.time_s + 1 / self.fps
                yield upright(frame.to_ndarray(format="rgb24"), quarter_turns(frame))
                count += 1
        except av.FFmpegError as error:
            problem = f"{self.path}, damaged after {count} frames"
            raise ValueError(f"`path` must be an undamaged video. Received: {problem}") from error

    def _frames_from_duration(self):
        if self._stream.duration and self._stream.time_base:
            return round(float(self._stream.duration * self._stream.time_base) * self.fps)
        if self._container.duration:
            return round(self._container.duration / 1e6 * self.fps)  # the container counts microseconds
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
