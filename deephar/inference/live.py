"""Live video through PyAV: frames of cameras and network streams, as they come.

    thread:  open -> read -> decode -> scale --(at most `keep` frames wait, the oldest one goes)--> who iterates
               ^-- it ends or breaks: wait 0.5, 1, 2, 4, 8, 8 ... s --'

PyAV (`pip install av`, the extra `video`) is imported on first use only.
"""

import numbers
from collections.abc import Iterator

import numpy as np

from deephar.inference.live_sources import address_of, is_live
from deephar.inference.live_thread import SourceThread
from deephar.utils.video import require_av

__all__ = ["LiveReader", "is_live"]


class LiveReader:
    """Frames of a camera or a network stream, one by one, the newest ones where they come too fast.

    Use it as `VideoReader`, as a context manager; iterating yields uint8 arrays (H, W, 3), RGB, upright, of square
    pixels, all of the first one's size. A thread reads and decodes from when the reader is opened.

    - At most `keep` frames wait. Where they are asked for more slowly than they come, the oldest one that waits is
      dropped. What comes before the first one is asked for is left out and not counted.
    - Where the source ends or breaks, it is opened again, after 0.5 s, then after waits that double up to 8 s, for
      `reconnect_s` since it broke. Then iterating ends. What is said about missing frames is in `problems`.
    - The time of a frame goes by the stream's stamps. It goes by the clock over a gap, where a stream has no stamps
      (MJPEG) and where they jump back by 1 s or ahead by 10 s; it always ascends.
    - A finished file at an http(s) URL, of which a length or a duration is known, is not live: the reader waits for who
      asks, nothing is dropped, and it ends where the file ends. A connection that breaks is continued at the same byte
      where the server can do that. A recording of which neither is known is opened again at its end.
    - Leaving the `with` block takes less than a second, also while reading blocks. A camera is closed by then; a
      connection that is blocked closes itself in the background after `timeout_s` at most.

    Messages show URLs without user, password and tokens.

    Args:
        source: int or str. Number of a camera (0, "0", on Linux "/dev/video0"), or a URL: rtsp, rtsps, rtmp, rtmps,
            udp, rtp, srt, tcp, http or https, as far as this FFmpeg has them.
        fps: float or None. Frames per second that a camera is asked for, and what counts for a URL instead of the rate
            that the stream states; None: as it is.
        keep: int. Frames that wait at most, at least 1.
        reconnect_s: float. How long to try to open a source again; 0: not at all.
        timeout_s: float. How long to wait for an answer of the source, and for each frame, before it counts as broken.

    Attributes:
        source: str. The source as messages name it.
        live: bool. False for a finished file.
        fps: float. Frames per second as stated or asked for, 25 where neither is known.
        num_frames: int. Number of frames of a finished file, as `VideoReader` has it; else 0.
        size: (width, height) px as shown; None before the first frame.
        time_s: float. When the frame that came last was shown, s after the first one.
        start_s: float. Time stamp of the first frame, s; 0 before it.
        count: int. How many frames have come.
        dropped: int. How many frames were dropped since the first one was asked for.
        problems: list of str. Gaps, damage, changes of size, and why it ended; of many gaps the first ones and a count.
        complete: bool. Whether nothing is known to be missing or damaged, dropped frames aside.

    Raises:
        FileNotFoundError: there is no such camera.
        ValueError: the source is of another kind or cannot be opened, or an argument is out of range; names it.
        ImportError: PyAV is not installed.

    Example:

        with LiveReader("rtsp://camera.local/stream") as video:
            for frame in video:
                print(video.time_s, frame.shape, video.dropped)
    """

    def __init__(
        self,
        source: int | str,
        fps: float | None = None,
        keep: int = 2,
        reconnect_s: float = 30.0,
        timeout_s: float = 10.0,
    ) -> None:
        for name, value in (("fps", 1.0 if fps is None else fps), ("timeout_s", timeout_s)):
            if not 0 < value < float("inf"):
                raise ValueError(f"`{name}` must be above 0. Received: {value!r}")
        if not 0 <= reconnect_s < float("inf"):
            raise ValueError(f"`reconnect_s` must be 0 or above. Received: {reconnect_s!r}")
        if not isinstance(keep, numbers.Integral) or keep < 1:
            raise ValueError(f"`keep` must be an integer from 1. Received: {keep!r}")
        address = address_of(source, fps, continued=reconnect_s > 0)
        self.source, self._is_open = address.text, False
        self._settings = address, fps, keep, reconnect_s, timeout_s
        self._begin()

    def _begin(self):
        self._thread = SourceThread(*self._settings)
        self.size, self.time_s, self.start_s, self.count, self._first_s = None, 0.0, 0.0, 0, 0.0

    def __enter__(self) -> "LiveReader":
        require_av()
        self._begin()
        try:
            self._thread.open()
        except BaseException:
            self._thread.stop()
            raise
        self._is_open = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_open = False
        self._thread.stop()

    def __iter__(self) -> Iterator[np.ndarray]:
        if not self._is_open:
            raise ValueError(f"`LiveReader` must be opened: `with LiveReader(source) as ...`. Received: {self.source}")
        while (item := self._thread.take()) is not None:
            pixels, time_s, stamp = item
            if not self.count:
                self._first_s, self.start_s, self.size = time_s, stamp or 0.0, pixels.shape[1::-1]
            self.time_s, self.count = time_s - self._first_s, self.count + 1
            yield pixels

    @property
    def live(self) -> bool:
        return self._thread.live

    @property
    def fps(self) -> float:
        return self._thread.fps

    @property
    def num_frames(self) -> int:
        return self._thread.num_frames

    @property
    def dropped(self) -> int:
        return self._thread.dropped

    @property
    def problems(self) -> list[str]:
        thread, first_s = self._thread, self._first_s
        gaps = list(thread.gaps)
        spans = [(max(0.0, a - first_s), b - first_s) for a, b in gaps if b > first_s]
        found = [f"no frames from {a:.3f} s to {b:.3f} s, opened again" for a, b in spans]
        if thread.num_gaps > len(gaps):
            found.append(f"no frames {thread.num_gaps - len(gaps)} more times, opened again")
        if thread.resized:
            at_s, sizes = thread.resized
            found.append(f"the size changes at {max(0.0, at_s - first_s):.3f} s from {sizes}; frames are scaled back")
        if thread.num_damaged:
            after = f"the first after {max(0.0, thread.damaged_s - first_s):.3f} s"
            found.append(f"{thread.num_damaged} packets or frames damaged, {after}")
        if thread.gone:
            end_s, said = thread.gone
            what = "the stream" if self._settings[0].url else "the camera"
            found.append(f"{what} went away at {max(0.0, end_s - first_s):.3f} s{f': {said}' if said else ''}")
        return found + thread.file_problems

    @property
    def complete(self) -> bool:
        thread = self._thread
        return not (thread.num_gaps or thread.num_damaged or thread.gone or thread.file_problems)
