"""The window that shows frames: what it draws and how often, closing, and the error where no window can be."""

import sys
import types

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backend_bases import CloseEvent, FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from deephar.drawing import window
from deephar.drawing.window import FrameWindow

BLACK, WHITE = np.zeros((30, 40, 3), np.uint8), np.full((30, 40, 3), 255, np.uint8)


class Manager(FigureManagerBase):
    title, shown = None, 0

    def set_window_title(self, title):
        self.title = title

    def show(self):
        self.shown += 1


class Canvas(FigureCanvasAgg):
    """A canvas of a system of windows that notes what it is asked for."""

    required_interactive_framework = "headless"  # what Matplotlib finds where there is no display
    manager_class = Manager
    pixels, flushed = (), 0

    def draw_idle(self):
        self.draw()
        self.pixels = [*self.pixels, np.asarray(self.buffer_rgba())[..., :3].mean()]

    def flush_events(self):
        self.flushed += 1


@pytest.fixture
def canvas(monkeypatch):
    """Matplotlib with windows; returns the canvas of the window that is open."""
    module = types.ModuleType("fake_windows")
    module.FigureCanvas, module.FigureManager = Canvas, Manager
    monkeypatch.setitem(sys.modules, "fake_windows", module)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    before = matplotlib.get_backend()
    plt.switch_backend("module://fake_windows")
    yield lambda: plt.gcf().canvas
    plt.close("all")
    plt.switch_backend(before)


@pytest.fixture
def clock(monkeypatch):
    """Sets the time in seconds."""
    now = types.SimpleNamespace(s=100.0)
    monkeypatch.setattr(window.time, "monotonic", lambda: now.s)
    return now


def test_at_most_15_frames_a_second_are_drawn(canvas, clock):
    shown = FrameWindow("camera 0")
    for number in range(60):  # 60 frames a second, black and white in turn every fourth
        clock.s = 100 + number / 60
        shown.show(WHITE if number // 4 % 2 else BLACK)
    found = canvas().pixels
    assert len(found) == canvas().flushed and 12 <= len(found) <= 15
    assert found[0] < 1 and max(found) > 150  # black is beside the image
    assert canvas().manager.title == "camera 0" and canvas().manager.shown == 1


def test_frames_fill_the_window_also_where_their_size_changes(canvas, clock):
    shown = FrameWindow("a")
    shown.show(WHITE)
    clock.s += 1
    shown.show(np.full((60, 80, 3), 128, np.uint8))
    pixels = np.asarray(canvas().buffer_rgba())[..., :3]
    middle = pixels[pixels.shape[0] // 2]
    assert (np.abs(middle.astype(int) - 128).max(axis=1) <= 1).mean() > 0.7  # the rest is beside the image
    assert np.ptp(pixels[5:-5, pixels.shape[1] // 2]) <= 1


def test_a_closed_window_says_so_and_draws_nothing(canvas, clock):
    shown = FrameWindow("a")
    shown.show(BLACK)
    assert not shown.closed
    drawn = canvas()
    drawn.callbacks.process("close_event", CloseEvent("close_event", drawn))
    clock.s += 1
    shown.show(WHITE)
    assert shown.closed and len(drawn.pixels) == 1


def test_leaving_closes_it(canvas):
    with FrameWindow("a") as shown:
        shown.show(BLACK)
        assert plt.get_fignums() and not shown.closed
    assert not plt.get_fignums() and shown.closed


def test_without_windows_the_message_names_show():
    before = matplotlib.get_backend()
    plt.switch_backend("agg")
    try:
        with pytest.raises(ValueError, match="`show` must be used where Matplotlib can open a window.*backend agg"):
            FrameWindow("a")
        assert not plt.get_fignums()
    finally:
        plt.switch_backend(before)


def test_a_backend_that_does_not_work_is_named(monkeypatch):
    def figure(**options):
        raise ImportError("Cannot load backend 'TkAgg'")

    monkeypatch.setattr(plt, "figure", figure)
    with pytest.raises(ValueError, match="`show` must be used.*Cannot load backend 'TkAgg'"):
        FrameWindow("a")
