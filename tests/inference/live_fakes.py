"""Stand-ins for what FFmpeg opens: containers that follow a script, and a web server of one file."""

import contextlib
import http.server
import threading
import time
import types
from fractions import Fraction

import numpy as np
import pytest

from tests.data.clip_files import FIRST, SIZE, STEP, numbers_of


class Stream:
    """A video stream whose time stamps are milliseconds."""

    time_base, average_rate, guessed_rate, frames = Fraction(1, 1000), Fraction(25), None, 0
    sample_aspect_ratio, codec_context, thread_type, index = None, object(), None, 0

    def decode(self, packet):
        if packet is not None and isinstance(packet.frames, Exception):
            raise packet.frames
        return [] if packet is None else packet.frames


def frame(number, stamp_ms=None, size=SIZE):
    """A grey frame that says its number, shown at a time stamp."""
    av = pytest.importorskip("av")
    grey = np.full((size[1], size[0], 3), FIRST + STEP * number, np.uint8)
    made = av.VideoFrame.from_ndarray(grey, format="rgb24")
    made.pts = stamp_ms
    return made


def at_25_fps(numbers, start_ms=0):
    return [frame(number, start_ms + 40 * k) for k, number in enumerate(numbers)]


class Container:
    """A container that yields frames, raises errors and calls functions in turn, and ends, or goes on after `demux`.

    Args:
        script: list of frames; ("damaged", error) for a packet that cannot be decoded; "sound" for one of another
            stream; exceptions, which reading raises; functions, which are called while reading.
    """

    size, duration = -38, None  # FFmpeg's error where a server does not say it

    def __init__(self, script, kind="fake", **stream):
        self.stream, self.closed = Stream(), threading.Event()
        vars(self.stream).update(stream)
        self.streams = types.SimpleNamespace(video=[self.stream])
        self.format = types.SimpleNamespace(name=kind)
        self._script = iter(script)

    def demux(self):
        sound = types.SimpleNamespace(index=1)
        for step in self._script:
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
            elif step == "sound":
                yield types.SimpleNamespace(stream=sound, size=1, frames=[])
            else:
                frames = step[1] if isinstance(step, tuple) else [step]
                yield types.SimpleNamespace(stream=self.stream, size=1, frames=frames)

    def close(self):
        self.closed.set()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves bytes under any path; see `serve`."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        data, asked = self.server.data, self.headers.get("Range")
        self.server.asked.append(asked)
        if self.path == "/none" or len(self.server.asked) > self.server.most:
            self.send_error(404)
            return
        start = int(asked.split("=")[1].split("-")[0]) if asked and self.server.ranges else 0
        self.send_response(206 if start else 200)
        if self.server.ranges:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if self.server.stated:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = len(data) if start else round(self.server.share * len(data))
        with contextlib.suppress(OSError):
            self.wfile.write(data[start:end])
            self.wfile.flush()
            self.server.go_on.wait(self.server.stall_s)


@contextlib.contextmanager
def serve(data, share=1.0, ranges=False, stated=True, stall_s=0.0, most=100):
    """Serve bytes on this computer.

    Args:
        data: bytes.
        share: float. Where the first connection breaks, of the data.
        ranges: bool. Whether later bytes can be asked for.
        stated: bool. Whether the length is stated.
        stall_s: float. How long a connection stays open after the last byte.
        most: int. Requests that are answered; later ones find nothing.

    Yields:
        The server; its `url` holds a password.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.data, server.share, server.ranges, server.stated = data, share, ranges, stated
    server.stall_s, server.most, server.asked, server.go_on = stall_s, most, [], threading.Event()
    server.url = f"http://user:secret@127.0.0.1:{server.server_port}/video"
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()


def read(reader):
    """Return the numbers of all frames, and their times."""
    numbers, times = [], []
    with reader as video:
        for shown in video:
            numbers += numbers_of([shown])
            times.append(video.time_s)
    return numbers, times


def wait_until(true, limit_s=5.0):
    """Wait until a function returns true."""
    end_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.005)
