"""Progress on the error stream, with the time left: a moving bar on a terminal, a line every ten seconds elsewhere.

`progress` counts what is gone through; `busy` is for one long thing that cannot be counted. Both go on showing the time
while a single item takes long, such as the first step of a network.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

BAR_WIDTH = 30
TERMINAL_EVERY_S = 0.1
LINE_EVERY_S = 10.0
TICK_S = 1.0
_open = []  # the bars that are shown now, the innermost one last: it alone writes


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, "1:05", or with hours, "1:00:05"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


class _Bar:
    """What has been shown, and when; with a thread that shows the time go on."""

    def __init__(self, total, label, stream, counts=True):
        self.total, self.label, self.stream, self.counts = total, label, stream, counts
        self.is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.every = TERMINAL_EVERY_S if self.is_terminal else LINE_EVERY_S
        self.start = self.shown = self.last = time.monotonic()
        self.done, self._lock, self._closed = 0, threading.Lock(), threading.Event()

    def __enter__(self):
        _open.append(self)
        if self.is_terminal and self.counts:
            self._write(self.start)
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *error):
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            _open.remove(self)
            wrote = self.shown > self.start
            if wrote or self.is_terminal and self.counts:
                self._write(time.monotonic())
            if self.is_terminal and (wrote or self.counts):
                self.stream.write("\n")
                self.stream.flush()

    def _tick(self):
        while not self._closed.wait(TICK_S):
            self._show(time.monotonic())

    def advance(self):
        """One more is done."""
        self.done, self.last = self.done + 1, time.monotonic()
        self._show(self.last)

    def _show(self, now):
        with self._lock:
            if now - self.shown >= self.every and _open and _open[-1] is self and not self._closed.is_set():
                self.shown = now
                self._write(now)

    def _text(self, now):
        taken = clock(now - self.start)
        if not self.counts:
            return f"{self.label}: {taken}"
        if not self.total:
            return f"{self.label}: {self.done} in {taken}"
        filled = min(BAR_WIDTH, BAR_WIDTH * self.done // self.total)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled) + " " if self.is_terminal else ""
        text = f"{self.label}: {bar}{self.done}/{self.total} {taken}"
        if not 0 < self.done < self.total:
            return text
        left = (self.last - self.start) / self.done * (self.total - self.done) - (now - self.last)
        return f"{text}, {clock(max(left, 0.0))} left"

    def clear(self):
        """Remove the bar from the terminal's line until it is written again."""
        with self._lock:
            if self.is_terminal and (self.counts or self.shown > self.start):
                self.stream.write("\r\033[K")
                self.stream.flush()

    def _write(self, now):
        text = self._text(now)
        self.stream.write(f"\r\033[K{text}" if self.is_terminal else f"{text}\n")
        self.stream.flush()


def make_room() -> None:
    """Clear the line of the bar that is shown, if any, so that something else can be printed; the bar comes back."""
    for bar in _open[-1:]:
        bar.clear()


def end_all() -> None:
    """End all bars, for what a program says last, such as its error."""
    for bar in _open[::-1]:
        bar.__exit__()


def progress(iterable: Iterable, total: int | None = None, label: str = "", stream: TextIO | None = None) -> Iterator:
    """Yield from `iterable` while showing how far it is, and how much time is left where the total is known.

    Args:
        iterable: what to go through.
        total: how many there are; by default its length, or unknown where it has none.
        label: what is being done, in front of the bar.
        stream: where to write; the error stream by default.
    """
    if total is None:
        total = len(iterable) if hasattr(iterable, "__len__") else None
    with _Bar(total, label, stream or sys.stderr) as bar:
        for item in iterable:
            yield item
            bar.advance()


@contextlib.contextmanager
def busy(label: str, stream: TextIO | None = None) -> Iterator[None]:
    """Show for how long the body of a `with` has been at it, where that is more than a second.

    Args:
        label: what is being done.
        stream: where to write; the error stream by default.
    """
    with _Bar(None, label, stream or sys.stderr, counts=False):
        yield
