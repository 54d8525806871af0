"""What reading and writing of videos share: PyAV where it is installed, exact rates, the writer.

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import pathlib
from fractions import Fraction
from types import ModuleType, TracebackType

import numpy as np

from deephar.utils.optional import require

# Without x264's macroblock tree: with it, the same frames now and then give other bytes, whatever the threads.
H264_OPTIONS = {"crf": "21", "preset": "veryfast", "x264-params": "mbtree=0"}
TICK = Fraction(1, 90_000)  # s, of timed frames: the usual rates are whole numbers of it
LARGEST_DENOMINATOR = 1001  # of a frame rate: 30000/1001 is the oddest one


def require_av() -> ModuleType:
    """Return the module `av`.

    Raises:
        ImportError: PyAV is not installed; names the command that installs it.
    """
    return require("av", "Reading and writing video")


def exact_rate(fps: float) -> Fraction:
    """Return a frame rate as the fraction that is meant, 29.97 as 30000/1001.

    Args:
        fps: float. Frames per second.

    Raises:
        ValueError: `fps` is not above 0.
    """
    if not 0 < fps < float("inf"):
        raise ValueError(f"`fps` must be above 0. Received: {fps!r}")
    rate, broadcast = Fraction(fps).limit_denominator(LARGEST_DENOMINATOR), Fraction(round(fps) * 1000, 1001)
    return broadcast if rate.denominator > 1 and abs(fps - broadcast) < 1e-3 else rate


class VideoWriter:
    """Writes uint8 RGB frames to an MP4 file, H.264 where this FFmpeg has it and MPEG-4 part 2 otherwise.

    The same frames give the same bytes on the same machine: the encoder's threads go by the number of cores. Use it as
    a context manager. An odd width or height is rounded up by repeating the last column or row, because the pixel
    format stores colour for 2x2 pixels.

    Args:
        path: str or Path. The file to write.
        fps: float. Frames per second.
        lossless: bool. Write FFV1 in a Matroska file (.mkv) instead, every pixel as it is and nothing rounded up.
        timed: bool. `add` gets the time of every frame, instead of the fixed rate.
        keyframe_every: int or None. Frames from one at which reading can begin to the next; None: as the codec likes.

    Raises:
        ValueError: a frame has another size than the first one, or the file was not opened.
        ImportError: PyAV is not installed.
        OSError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | pathlib.Path,
        fps: float,
        lossless: bool = False,
        keyframe_every: int | None = None,
        timed: bool = False,
    ) -> None:
        self.path, self._timed, self._stamp = pathlib.Path(path), timed, -1
        self._fps, self._lossless, self._keyframe_every = exact_rate(fps), lossless, keyframe_every
        self._container = self._stream = self._shape = None

    def __enter__(self) -> "VideoWriter":
        kind = {"format": "matroska"} if self._lossless else {"format": "mp4", "options": {"movflags": "faststart"}}
        self._container = require_av().open(str(self.path), "w", **kind)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._stream is not None:
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def add(self, frame: np.ndarray, time_s: float | None = None) -> None:
        """Append one frame.

        Args:
            frame: uint8 (H, W, 3), RGB, of the first one's size.
            time_s: float. When it is shown, for a writer made with `timed`; later than the one before.

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
        odd = (0, 0) if self._lossless else (height % 2, width % 2)
        pixels = np.pad(frame, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
        shown = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        if self._timed:
            self._stamp = max(self._stamp + 1, round(time_s / TICK))
            shown.pts, shown.time_base = self._stamp, TICK
        self._container.mux(self._stream.encode(shown))

    def _open_stream(self, av, shape):
        codec = "ffv1" if self._lossless else "libx264" if "libx264" in av.codecs_available else "mpeg4"
        options = H264_OPTIONS if codec == "libx264" else {}
        stream = self._container.add_stream(codec, rate=self._fps, options=options)
        stream.height, stream.width = (side if self._lossless else side + side % 2 for side in shape[:2])
        stream.pix_fmt = "bgr0" if self._lossless else "yuv420p"
        if self._timed:
            stream.codec_context.time_base = TICK
        if self._keyframe_every is not None:
            stream.gop_size = self._keyframe_every
        if codec == "mpeg4":
            stream.bit_rate = int(stream.width * stream.height * float(self._fps) * 0.2)
        return stream
