"""Progress on a terminal and in a log: what is done, the time left, and that time goes on during one long item."""

import io
import time

import pytest

from deephar.utils import progress as module
from deephar.utils.progress import busy, clock, end_all, make_room, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def every_call_takes(monkeypatch):
    """Return a function (seconds): the clock is so much later each time that it is looked at."""

    def use(seconds):
        times = iter(range(0, 100_000, seconds))
        monkeypatch.setattr("deephar.utils.progress.time.monotonic", lambda: float(next(times)))

    return use


def test_a_terminal_shows_at_once_what_begins():
    terminal = Terminal()
    steps = progress(range(4), label="read", stream=terminal)
    assert next(steps) == 0 and terminal.getvalue().endswith(f"read: {'-' * 30} 0/4 0:00")
    assert list(steps) == [1, 2, 3]
    assert terminal.getvalue().endswith(f"read: {'#' * 30} 4/4 0:00\n")


def test_a_log_of_something_quick_is_empty():
    log = io.StringIO()
    assert list(progress((x for x in "ab"), label="read", stream=log)) == ["a", "b"]
    with busy("load", log):
        pass
    assert log.getvalue() == ""


def test_a_log_has_a_line_every_ten_seconds_with_the_time_left(every_call_takes):
    every_call_takes(6)
    log = io.StringIO()
    assert len(list(progress(range(5), label="read", stream=log))) == 5
    assert log.getvalue() == "read: 2/5 0:12, 0:18 left\nread: 4/5 0:24, 0:06 left\nread: 5/5 0:36\n"


def test_hours_are_hours_and_an_unknown_total_has_no_time_left(every_call_takes):
    every_call_takes(3000)
    log = io.StringIO()
    list(progress(range(4), label="read", stream=log))
    assert log.getvalue().splitlines()[1] == "read: 2/4 1:40:00, 1:40:00 left"
    log = io.StringIO()
    list(progress(iter(range(2)), label="read", stream=log))
    assert log.getvalue().splitlines()[0] == "read: 1 in 50:00"
    assert [clock(s) for s in (0, 59.6, 3605)] == ["0:00", "1:00", "1:00:05"]


def test_time_goes_on_while_one_item_takes_long(monkeypatch):
    monkeypatch.setattr(module, "TICK_S", 0.02)
    monkeypatch.setattr(module, "LINE_EVERY_S", 0.1)
    log, terminal = io.StringIO(), Terminal()
    with busy("load", terminal):
        time.sleep(0.3)
    assert terminal.getvalue().count("load: 0:0") > 1 and terminal.getvalue().endswith("\n")
    for _ in progress(range(1), label="read", stream=log):
        time.sleep(0.3)
    assert log.getvalue().startswith("read: 0/1 0:0") and log.getvalue().splitlines()[-1].startswith("read: 1/1 0:0")


def test_only_the_innermost_writes(monkeypatch):
    monkeypatch.setattr(module, "TICK_S", 0.02)
    outer, inner = Terminal(), Terminal()
    for _ in progress(range(1), label="outer", stream=outer):
        before = outer.getvalue()
        with busy("inner", inner):
            time.sleep(0.3)
            assert outer.getvalue() == before and "inner: 0:0" in inner.getvalue()
    assert " 1/1 0:0" in outer.getvalue() and not module._open


def test_what_is_left_early_is_closed():
    terminal = Terminal()
    for number in progress(range(9), label="read", stream=terminal):
        if number == 2:
            break
    assert terminal.getvalue().endswith("\n") and not module._open


def test_an_error_has_a_line_of_its_own():
    terminal = Terminal()
    steps = progress(range(2), label="read", stream=terminal)
    next(steps)
    make_room()
    assert terminal.getvalue().endswith("0/2 0:00\r\033[K")
    end_all()
    shown = terminal.getvalue()
    assert shown.endswith("0/2 0:00\n") and not module._open
    steps.close()
    assert terminal.getvalue() == shown
    make_room()
    assert terminal.getvalue() == shown
