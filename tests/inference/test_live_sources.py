"""Sources of live video: what is one, how FFmpeg opens it, the waits before it is opened again."""

import pathlib
import sys

import numpy as np
import pytest

from deephar.inference import live_sources
from deephar.inference.live import LiveReader, is_live
from deephar.inference.live_sources import address_of, open_address, waits

av = pytest.importorskip("av")


@pytest.mark.parametrize(
    ("source", "expected"),
    [(0, True), ("0", True), ("12", True), ("/dev/video0", True), (np.int64(1), True), ("rtsp://cam/1", True)]
    + [("HTTP://cam/a.mp4", True), ("a.mp4", False), ("./0", False), ("C:/a.mp4", False), ("C:\\a.mp4", False)]
    + [("", False), (True, False), (None, False), (0.5, False), (pathlib.Path("0"), False), ("http:/a", False)],
)
def test_cameras_and_urls_are_live(source, expected):
    assert is_live(source) is expected


def test_waits_double_up_to_8_s_within_the_limit(monkeypatch):
    now = [50.0]
    monkeypatch.setattr(live_sources.time, "monotonic", lambda: now[0])
    found = []
    for wait_s, left_s in waits(30):
        found.append(wait_s)
        now[0] += wait_s
        assert left_s == pytest.approx(80 - now[0])
    assert found == [0.5, 1, 2, 4, 8, 8, 6.5]
    assert not list(waits(0))


@pytest.mark.parametrize("source", [-1, True, 1.5, None, "walk.mp4", pathlib.Path("walk.mp4"), "ftp://a/b.mp4"])
def test_other_sources_are_refused(source):
    with pytest.raises(ValueError, match=r"`source` must be a camera number.*video file or a URL.*Received: "):
        LiveReader(source)
    if "walk" in str(source):
        with pytest.raises(ValueError, match="Received: walk.mp4, which `VideoReader` reads"):
            LiveReader(source)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("RTSP://cam/1", {"timeout": "2500000", "rtsp_transport": "tcp"}),
        ("rtmp://cam/1", {"rw_timeout": "2500000"}),
        ("udp://@:5000", {"timeout": "2500000", "overrun_nonfatal": "1"}),
        ("https://cam/1", {"timeout": "2500000", "reconnect": "1"}),
    ],
)
def test_urls_are_opened_with_timeouts(monkeypatch, source, options):
    opened = []
    monkeypatch.setattr(av, "open", lambda name, **settings: opened.append((name, settings)))
    open_address(address_of(source), 2.5)
    (name, settings) = opened[0]
    assert name == source.lower() and settings["options"] == options
    assert settings["format"] is None and settings["timeout"] == (2.5, 2.5)


@pytest.mark.parametrize(
    ("system", "name", "device", "rate"),
    [("linux", "/dev/video1", "v4l2", None), ("darwin", "1", "avfoundation", "30")]
    + [("win32", "video=b", "dshow", None)],
)
def test_cameras_are_opened_by_the_system_s_device(monkeypatch, system, name, device, rate):
    class Device:
        def __init__(self, name, kind):
            self.name, self.media_types = name, [kind]

    opened = []
    devices = [Device("a", "video"), Device("m", "audio"), Device("b", "video")]
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(av, "open", lambda name, **settings: opened.append((name, settings)))
    monkeypatch.setattr(av, "enumerate_input_devices", lambda kind: devices, raising=False)
    monkeypatch.setattr(live_sources.os.path, "exists", lambda path: path == "/dev/video1")
    open_address(address_of("1"), 1)
    open_address(address_of(1, fps=15), 1)
    for (found, settings), expected in zip(opened, [rate, "15"], strict=True):
        assert (found, settings["format"]) == (name, device)
        assert settings["options"].get("framerate") == expected and settings["options"]["fflags"] == "+nonblock"
    if system != "darwin":  # where FFmpeg counts the cameras
        with pytest.raises(FileNotFoundError):
            open_address(address_of(7), 1)
