"""A progress bar on the error stream: a moving one on a terminal, a line every ten seconds elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

BAR_WIDTH = 30
TERMINAL_EVERY_S = 0.1
LINE_EVERY_S = 10.0


def _duration(seconds):
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    return f"{minutes}:{seconds:02d}"


class _Bar:
    """What has been shown, and when."""

    def __init__(self, total, label, stream):
        self.total, self.label, self.stream = total, label, stream
        self.is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.every = TERMINAL_EVERY_S if self.is_terminal else LINE_EVERY_S
        self.start = self.shown = time.monotonic()

    def text(self, done, now):
        elapsed = now - self.start
        if not self.total:
            return f"{self.label}: {done} in {_duration(elapsed)}"
        left = elapsed / done * (self.total - done) if done else 0.0
        filled = min(BAR_WIDTH, BAR_WIDTH * done // self.total)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled) if self.is_terminal else ""
        return f"{self.label}: {bar} {done}/{self.total} {_duration(elapsed)}<{_duration(left)}".replace("  ", " ")

    def update(self, done):
        now = time.monotonic()
        if now - self.shown >= self.every:
            self.shown = now
            self.write(self.text(done, now))

    def close(self, done):
        if self.is_terminal:
            self.write(self.text(done, time.monotonic()))
            self.stream.write("\n")
        elif self.shown > self.start:
            self.write(self.text(done, time.monotonic()))

    def write(self, text):
        self.stream.write(f"\r\033[K{text}" if self.is_terminal else f"{text}\n")
        self.stream.flush()


def progress(iterable: Iterable, total: int | None = None, label: str = "", stream: TextIO | None = None) -> Iterator:
    """Yield from `iterable` while showing how far it is.

    Args:
        iterable: what to go through.
        total: how many there are; by default its length, or unknown where it has none.
        label: what is being done, in front of the bar.
        stream: where to write; the error stream by default.
    """
    if total is None:
        total = len(iterable) if hasattr(iterable, "__len__") else None
    bar, done = _Bar(total, label, stream or sys.stderr), 0
    try:
        for item in iterable:
            yield item
            done += 1
            bar.update(done)
    finally:
        bar.close(done)
