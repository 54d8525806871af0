"""The thread behind live video: it reads and decodes, keeps the newest frames, and opens a source again that breaks."""

import collections
import sys
import threading
import time

import numpy as np

from deephar.data.video_frames import DEFAULT_FPS, MISSING_FRAMES
from deephar.inference.live_sources import ALLOWED, Address, open_address, reason, waits
from deephar.utils.upright import pixel_aspect, shown_pixels, shown_size
from deephar.utils.video import require_av

PLAYLISTS = {"hls", "applehttp", "dash", "mpjpeg"}  # whose length in bytes says nothing about that of the video
UNTIMED = {"mjpeg", "mpjpeg", "h264", "hevc"}  # which carry no time stamps: FFmpeg makes up 25 frames a second
MOST_FPS = 1000  # that a stream is believed to have
LEAST_OPEN_S = 1.0  # that an attempt to open a source again is given
POLL_S, CAMERA_POLL_S = 0.2, 0.005  # between looks whether to stop, and at a camera that has no frame yet
CLOSE_S = 0.6  # that leaving waits for the thread
LEAST_STEP_S = 0.001  # from a frame to the next one by the clock
BACK_S, AHEAD_S = 1.0, 10.0  # jumps of the stamps, ahead against the clock, that are not believed
MOST_GAPS = 10  # that are told one by one


class SourceThread:
    """Reads and decodes a source, opens it again where it breaks, and keeps the frames that wait.

    A thread whose read blocks when it is stopped goes on until FFmpeg's timeout, closes the source and ends. Arguments
    are those of `LiveReader`. Times are s after the first frame decoded.

    Attributes:
        fps: float. Frames per second as asked for or stated.
        num_frames: int. Number of frames of a finished file, 0 where it is not known.
        live: bool. Whether it is no finished file.
        dropped: int. Frames that waited when newer ones came, since the first one was taken.
        gaps: list of (from, to) times without frames; `num_gaps` counts all.
        num_damaged: int. Packets and frames; `damaged_s` is the time of the first one.
        resized: (time, text) of the first change of size, or None.
        gone: (time, text of FFmpeg or None) where the source did not come back, or None.
        file_problems: list of str. What of a finished file is missing.
    """

    def __init__(self, address: Address, fps: float | None, keep: int, reconnect_s: float, timeout_s: float) -> None:
        self._thread = threading.Thread(target=self._work, name=f"read {address.text}", daemon=True)
        self._address, self._keep, self._reconnect_s, self._timeout_s = address, keep, reconnect_s, timeout_s
        self._change, self._waiting = threading.Condition(), collections.deque()
        self._opened = self._ended = self._stopped = self._asked = False
        self._refused = self._fault = None
        self.fps, self.num_frames, self.live, self.dropped = fps, 0, True, 0
        self._num_decoded, self._time_s, self._num_packets, self._num_stated = 0, 0.0, 0, 0
        self._came_s, self._stamp, self._offset_s, self._again = 0.0, None, 0.0, False  # of the last frame
        self.gaps, self.num_gaps, self.num_damaged, self.damaged_s = [], 0, 0, 0.0
        self._size, self.resized, self.gone, self.file_problems = None, None, None, []

    def open(self) -> None:
        """Start, and wait until the source is open.

        Raises:
            FileNotFoundError, ValueError: it cannot be opened; names `source`.
        """
        self._thread.start()
        end_s = time.monotonic() + self._timeout_s + LEAST_OPEN_S
        with self._change:
            while not (self._opened or self._ended) and time.monotonic() < end_s:
                self._change.wait(POLL_S)  # with an end, so that Ctrl-C comes through on every system
        if not self._opened:
            raise self._fault or self._refused or self._refusal(TimeoutError())

    def take(self) -> tuple[np.ndarray, float, float | None] | None:
        """Wait for a frame; return its pixels, time and time stamp. None: no more come."""
        with self._change:
            self._asked = True
            while not (self._waiting or self._ended or self._stopped):
                self._change.wait(POLL_S)
            if self._waiting:
                self._change.notify_all()
                return self._waiting.popleft()
        if self._fault is not None:
            raise self._fault
        return None

    def stop(self) -> None:
        """End the thread, soon where nothing blocks it, and forget the frames that wait."""
        with self._change:
            self._stopped = True
            self._waiting.clear()
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _work(self):
        try:
            self._open_and_read()
        finally:
            with self._change:
                self._fault, self._ended = sys.exc_info()[1], True
                self._change.notify_all()

    def _open_and_read(self):
        try:
            opened = self._connect(self._timeout_s)
        except (require_av().FFmpegError, OSError, ValueError) as error:
            self._refused = self._refusal(error)
            return
        self._describe(*opened)
        attempts = None
        while opened:
            before = self._num_decoded
            said = self._read(*opened)
            if self._stopped:
                return
            if not self.live:
                self._check_file(said)
                return
            if attempts is None or self._num_decoded > before:  # else it was opened in vain
                attempts = waits(self._reconnect_s)
            opened = self._open_again(attempts)
        if not self._stopped:
            self.gone = self._time_s, said

    def _connect(self, timeout_s):
        started_s = time.monotonic()
        try:
            container = open_address(self._address, timeout_s)
        except require_av().FFmpegError as error:  # RTSP has other words for it
            if time.monotonic() - started_s < timeout_s:
                raise
            raise TimeoutError from error
        stream = next(iter(container.streams.video), None)
        if stream is None or stream.codec_context is None:
            container.close()
            raise ValueError("no video stream in it" if stream is None else "no decoder for its video stream")
        return container, stream

    def _open_again(self, attempts):
        for wait_s, left_s in attempts:
            with self._change:
                self._change.wait_for(lambda: self._stopped, wait_s)
            if self._stopped:
                return None
            try:
                opened = self._connect(min(self._timeout_s, max(left_s, LEAST_OPEN_S)))
            except (require_av().FFmpegError, OSError, ValueError):
                continue
            self._again = self._num_decoded > 0
            return opened
        return None

    def _refusal(self, error):
        kind = FileNotFoundError if isinstance(error, FileNotFoundError) and self._address.url is None else ValueError
        received = f"{self._address.text} ({reason(error, self._address, self._timeout_s)})"
        return kind(f"`source` must be {ALLOWED} that can be opened. Received: {received}")

    def _describe(self, container, stream):
        """Find out how fast the video is, and whether it is a finished file."""
        rate = stream.average_rate or stream.guessed_rate
        stated = float(rate) if rate and rate <= MOST_FPS else None
        duration_s = (container.duration or 0) / 1e6  # FFmpeg counts microseconds
        ends = duration_s > 0 or container.format.name not in PLAYLISTS and container.size > 0
        self.live = not (self._address.may_be_file and ends)
        self.fps = (self.fps or stated if self._address.url else stated or self.fps) or DEFAULT_FPS
        if not self.live:
            self._num_stated = stream.frames
            self.num_frames = stream.frames or round(duration_s * self.fps)
        with self._change:
            self._opened = True
            self._change.notify_all()

    def _read(self, container, stream):
        """Take frames until the source ends or breaks or is left, then close it; return what FFmpeg says, or None."""
        said = None
        try:
            self._decode(container, stream)
        except (require_av().FFmpegError, TimeoutError) as error:
            said = reason(error, self._address, self._timeout_s)
        finally:  # when no packet or frame is left: some share their memory with the camera
            container.close()
        return said

    def _decode(self, container, stream):
        aspect = pixel_aspect(stream)
        stamped = not self.live or container.format.name not in UNTIMED
        stream.thread_type = "SLICE" if self.live else "AUTO"  # threads by frame hold back as many frames
        started = not self.live  # a stream that is joined in the middle is broken up to a keyframe
        for packet in self._packets(container, stream):
            self._num_packets += bool(packet and packet.size)
            try:
                frames = stream.decode(packet)
            except require_av().FFmpegError:
                self._count_damage(started)
                continue
            for frame in frames:
                started = started or not frame.is_corrupt
                stamp = None if frame.pts is None else float(frame.pts * stream.time_base)
                self._tell_time(stamp if stamped else None)
                self._count_damage(started and frame.is_corrupt)
                self._tell_size(shown_size(frame, aspect))
                self._put((shown_pixels(frame, aspect, self._size), self._time_s, stamp))

    def _packets(self, container, stream):
        """Yield the packets of the video stream, and None at an error: the decoder shall give what it holds back.

        Those of all streams are read, to notice where only sound comes.
        """
        packets, came_s = container.demux(), time.monotonic()
        while not self._stopped:
            try:
                packet = next(packets, None)
            except BlockingIOError:  # a camera has no frame yet
                packets = container.demux()
                time.sleep(CAMERA_POLL_S)
            except require_av().FFmpegError:
                yield None
                raise
            else:
                if packet is None:
                    return
                if packet.stream.index == stream.index:
                    yield packet
                    came_s = time.monotonic()
            if self.live and time.monotonic() - came_s > self._timeout_s:
                raise TimeoutError

    def _put(self, item):
        """Let a frame wait: where there is no place, in that of the oldest one; of a file, until there is one."""
        with self._change:
            while not self.live and len(self._waiting) >= self._keep and not self._stopped:
                self._change.wait(POLL_S)
            if self._stopped:
                return
            if len(self._waiting) >= self._keep:
                self._waiting.popleft()
                self.dropped += self._asked  # before anybody asks, only the newest ones are wanted
            self._waiting.append(item)
            self._change.notify_all()

    def _tell_size(self, size):
        self._size = self._size or size
        if size != self._size and self.resized is None:
            self.resized = self._time_s, "{} x {} to {} x {} px".format(*self._size, *size)

    def _tell_time(self, stamp):
        """Set the time of a frame: by its stamp, and by the clock after a gap and where there are no stamps."""
        last_s, now_s = self._time_s, time.monotonic()
        passed_s = max(now_s - self._came_s, LEAST_STEP_S)
        step_s = 0.0 if stamp is None or self._stamp is None else stamp - self._stamp
        jumps = self.live and not -BACK_S <= step_s <= passed_s + AHEAD_S
        if self._num_decoded and (self._again or jumps or stamp is None):
            by_clock = self.live and (self._again or jumps or self._stamp is None)
            self._time_s += passed_s if by_clock else 1 / self.fps
        elif self._num_decoded:
            by_stamp_s = stamp + self._offset_s
            self._time_s = by_stamp_s if by_stamp_s > last_s else last_s + 1 / self.fps
        if stamp is not None and (not self._num_decoded or self._again or jumps):
            self._offset_s = self._time_s - stamp
        if self._again:
            self.num_gaps += 1
            self.gaps += [(last_s, self._time_s)] if len(self.gaps) < MOST_GAPS else []
        self._num_decoded, self._came_s, self._again = self._num_decoded + 1, now_s, False
        self._stamp = self._stamp if stamp is None else stamp

    def _count_damage(self, damaged):
        if damaged:
            self.damaged_s = self.damaged_s if self.num_damaged else self._time_s
            self.num_damaged += 1

    def _check_file(self, said):
        """Note what of a finished file is missing; without a length the end of a connection looks like a break."""
        if 0 < self._num_stated <= self._num_packets:
            return
        if self._num_packets + MISSING_FRAMES < self._num_stated:
            missing = f"{self._num_stated - self._num_decoded} of {self._num_stated} frames missing"
            self.file_problems.append(f"{missing}, the file is cut off")
        if said:
            self.file_problems.append(f"reading ended after {self._time_s:.3f} s: {said}")
