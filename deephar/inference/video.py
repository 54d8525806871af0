"""Video in and out through PyAV: frames one at a time, upright, in constant memory.

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import pathlib
from fractions import Fraction

import numpy as np

from deephar.utils.images import webp_as_apng
from deephar.utils.optional import require

DEFAULT_FPS = 25.0  # for streams that do not say
H264_OPTIONS = {"crf": "20", "preset": "veryfast"}


def require_av():
    """Return the module `av`, or raise ImportError with the command that installs it."""
    return require("av", "Reading and writing video")


class VideoReader:
    """Frames of the first video stream of a file, one by one.

    Use as a context manager; iterating yields uint8 arrays (H, W, 3), RGB, turned upright as the file's display
    matrix says.

    Attributes (while open):
        fps: average frames per second, float.
        num_frames: number of frames as the file states or as duration and rate give (an estimate), 0 when not known.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a video, no video stream in it, or a damaged frame; names the file.
        ImportError: PyAV is not installed.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._container = None

    def __enter__(self):
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

    def __exit__(self, *exc_info):
        self._container.close()
        self._container = None

    def __iter__(self):
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

    Use as a context manager. `add(frame)` takes arrays (H, W, 3), all of the first one's size; an odd width or height
    is rounded up by repeating the last column or row, because the pixel format stores colour for 2x2 pixels.

    Raises:
        ValueError: a frame of another size; names both.
        OSError: the file cannot be written.
    """

    def __init__(self, path, fps):
        self.path = pathlib.Path(path)
        self._fps = Fraction(fps).limit_denominator(1001)
        self._container = self._stream = self._shape = None

    def __enter__(self):
        self._container = require_av().open(str(self.path), "w", format="mp4", options={"movflags": "faststart"})
        return self

    def __exit__(self, kind, *exc_info):
        try:
            if kind is None and self._stream is not None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def add(self, frame):
        """Append one frame, uint8 (H, W, 3)."""
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


def is_video(path):
    """Whether FFmpeg finds a video stream in the file."""
    try:
        with VideoReader(path):
            return True
    except ValueError:
        return False


def _upright(frame):
    """One decoded frame as uint8 (H, W, 3), turned by its display matrix (counter-clockwise degrees)."""
    array = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(array, turns)) if turns else array
