"""Video in and out through PyAV: frames one at a time, upright, in constant memory.

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import pathlib
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType, TracebackType

import numpy as np

from deephar.utils.images import webp_as_apng
from deephar.utils.optional import require

DEFAULT_FPS = 25.0  # for streams that do not say
H264_OPTIONS = {"crf": "20", "preset": "veryfast"}


def require_av() -> ModuleType:
    """Return the module `av`.

    Raises:
        ImportError: PyAV is not installed; names the command that installs it.
    """
    return require("av", "Reading and writing video")


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
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._container.close()
        self._container = None

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._container is None:
            raise ValueError(f"`VideoReader` must be opened: `with VideoReader(path) as video`. Received: {self.path}")
        av = require_av()
        count = 0
        try:
            for frame in self._container.decode(self._stream):
                yield _upright(frame)
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


class VideoWriter:
    """Writes uint8 RGB frames to an MP4 file, H.264 where this FFmpeg has it and MPEG-4 part 2 otherwise.

    Use it as a context manager. An odd width or height is rounded up by repeating the last column or row, because the
    pixel format stores colour for 2x2 pixels.

    Args:
        path: str or Path. The file to write.
        fps: float. Frames per second.

    Raises:
        ValueError: a frame has another size than the first one, or the file was not opened.
        ImportError: PyAV is not installed.
        OSError: the file cannot be written.
    """

    def __init__(self, path: str | pathlib.Path, fps: float):
        self.path = pathlib.Path(path)
        self._fps = Fraction(fps).limit_denominator(1001)
        self._container = self._stream = self._shape = None

    def __enter__(self) -> "VideoWriter":
        self._container = require_av().open(str(self.path), "w", format="mp4", options={"movflags": "faststart"})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._stream is not None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def add(self, frame: np.ndarray) -> None:
        """Append one frame, uint8 (H, W, 3), RGB, of the first one's size.

        Raises:
            ValueError: another size than the first frame's, or the file was not opened.
        """
        if self._container is None:
            raise ValueError(f"`VideoWriter` must be opened: `with VideoWriter(...) as writer`. Received: {self.path}")
        av = require_av()
        if self._stream is None:
            self._shape = frame.shape
            self._stream = self._open_stream(av, frame.shape)
        if frame.shape != self._shape:
            raise ValueError(f"`frame` must have the first frame's shape {self._shape}. Received: {frame.shape}")
        height, width = frame.shape[:2]
        even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))

    def _open_stream(self, av, shape):
        h264 = "libx264" in av.codecs_available
        stream = self._container.add_stream(
            "libx264" if h264 else "mpeg4", rate=self._fps, options=H264_OPTIONS if h264 else {}
        )
        stream.height, stream.width = (side + side % 2 for side in shape[:2])
        stream.pix_fmt = "yuv420p"
        if not h264:
            stream.bit_rate = int(stream.width * stream.height * float(self._fps) * 0.2)
        return stream


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


def _upright(frame):
    """Return one decoded frame as uint8 (H, W, 3), turned by its display matrix (counter-clockwise degrees)."""
    array = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(array, turns)) if turns else array
