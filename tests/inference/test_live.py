"""Live video: the newest frames and their times, breaks and new starts, leaving, finished files, errors."""

import errno
import os
import signal
import socket
import sys
import threading
import time
import types

import numpy as np
import pytest

from deephar.inference import live_sources, live_thread
from deephar.inference.live import LiveReader
from tests.data.clip_files import numbers_of
from tests.inference.live_fakes import Container, at_25_fps, frame, read, serve, wait_until

av = pytest.importorskip("av")


def broken(number=errno.EIO, text="Input/output error", url="rtsp://user:secret@cam/1"):
    return av.error.OSError(number, text, url)


@pytest.fixture
def play(monkeypatch):
    """Let the containers or errors that are given be opened one after the other, the last one again and again."""
    monkeypatch.setattr(live_sources, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(live_sources.socket, "getaddrinfo", lambda *name: [])

    def of(*results):
        left = list(results)

        def opened(address, timeout_s):
            result = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(result, Exception):
                raise result
            return result() if callable(result) else result

        monkeypatch.setattr(live_thread, "open_address", opened)

    return of


def live(**settings):
    """A reader of which a test wants every frame."""
    return LiveReader(**{"source": 0, "keep": 1000, "reconnect_s": 0, **settings})


def test_frames_and_times_of_a_camera(play):
    container = Container(at_25_fps(range(5), start_ms=7000))
    play(container)
    reader = live()
    numbers, times = read(reader)
    assert numbers == [0, 1, 2, 3, 4]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert (reader.fps, reader.num_frames, reader.size, reader.count, reader.dropped) == (25, 0, (64, 48), 5, 0)
    assert (reader.live, reader.start_s, reader.source) == (True, 7.0, "0")
    assert reader.problems == ["the camera went away at 0.160 s"] and not reader.complete
    assert container.closed.is_set()


def test_frames_are_rgb_arrays(play):
    colour = np.zeros((48, 64, 3), np.uint8)
    colour[..., 0], colour[:, 40:, 2] = 200, 90
    made = av.VideoFrame.from_ndarray(colour, format="rgb24")
    made.pts = 0
    play(Container([made]))
    with live() as video:
        shown = next(iter(video))
    assert shown.dtype == np.uint8 and np.array_equal(shown, colour)


def test_the_oldest_frame_that_waits_is_dropped_and_counted(play):
    go, sent = threading.Event(), threading.Event()
    frames = at_25_fps(range(20))
    play(Container([frames[0], go.wait, *frames[1:], sent.set]))
    with live(keep=2) as video:
        shown = iter(video)
        assert numbers_of([next(shown)]) == [0]
        go.set()
        assert sent.wait(5)
        assert numbers_of(list(shown)) == [18, 19]
        assert (video.count, video.dropped) == (3, 17)
        assert video.time_s == pytest.approx(19 * 0.04)


def test_what_comes_before_the_first_frame_is_asked_for_is_left_out(play):
    sent = threading.Event()
    play(Container([*at_25_fps(range(9), start_ms=500), sent.set]))
    with live(keep=1) as video:
        assert sent.wait(5)
        assert numbers_of(list(video)) == [8]
        assert (video.dropped, video.time_s, video.start_s) == (0, 0.0, pytest.approx(0.82))
        assert video.problems == ["the camera went away at 0.000 s"]


def test_a_source_that_breaks_is_opened_again_and_time_goes_on(play):
    play(
        Container([*at_25_fps([0, 1], start_ms=9000), lambda: time.sleep(0.2), broken()]),
        broken(),
        Container(at_25_fps([2, 3])),
        broken(errno.ENODEV, "No such device"),
    )
    reader = live(source="rtsp://user:secret@cam/1", reconnect_s=0.15)
    numbers, times = read(reader)
    assert numbers == [0, 1, 2, 3]
    assert times[1] == pytest.approx(0.04) and 0.24 < times[2] < 3 and times[3] == pytest.approx(times[2] + 0.04)
    gap = f"no frames from 0.040 s to {times[2]:.3f} s, opened again"
    assert reader.problems == [gap, f"the stream went away at {times[3]:.3f} s"]
    assert not reader.complete


def test_it_is_given_up_after_a_while_with_what_was_wrong(play):
    play(Container([*at_25_fps([0]), broken(errno.ENODEV, "No such device")]), broken(errno.EBUSY, "Busy"))
    reader, start_s = live(reconnect_s=0.3), time.monotonic()
    assert read(reader)[0] == [0]
    assert 0.3 <= time.monotonic() - start_s < 1.5
    assert reader.problems == ["the camera went away at 0.000 s: No such device"]


def test_a_source_that_opens_without_a_frame_is_given_up(play):
    play(Container(at_25_fps([0])), lambda: Container([]))
    reader, start_s = live(reconnect_s=0.2), time.monotonic()
    assert read(reader)[0] == [0]
    assert 0.2 <= time.monotonic() - start_s < 1.5


def test_of_many_gaps_the_first_ones_are_told(play):
    play(*[Container(at_25_fps([k])) for k in range(14)], broken())
    reader = live(reconnect_s=0.1)
    numbers, times = read(reader)
    assert numbers == list(range(14)) and (np.diff(times) > 0).all()
    problems = reader.problems
    assert len(problems) == 12 and problems[10] == "no frames 3 more times, opened again"
    assert all("opened again" in line for line in problems[:10]) and "went away" in problems[11]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 40, 40, 30, 120], [0, 0.04, 0.08, 0.12, 0.16]),  # stand still, go back: at the rate
        ([5000, 5040, 0, 40], [0, 0.04, 1.04, 1.08]),  # start anew: by the clock
        ([0, 40, 99_000_000, 99_000_040], [0, 0.04, 1.04, 1.08]),  # leap: by the clock
        ([0, 40, None, 120], [0, 0.04, 0.08, 0.12]),  # are missing
        ([0, 5000, 5040], [0, 5, 5.04]),  # a pause
    ],
)
def test_times_ascend_whatever_the_stamps_are(play, monkeypatch, stamps, expected):
    now = [0]  # a clock by which frames come once a second
    monkeypatch.setattr(live_thread, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    steps = [lambda: now.append(now.pop() + 1), *[frame(k, stamp) for k, stamp in enumerate(stamps)]]
    play(Container([step for shown in steps[1:] for step in (steps[0], shown)]))
    _, times = read(live(timeout_s=1000))
    assert times == pytest.approx(expected)
    assert (np.diff(times) > 0).all()


@pytest.mark.parametrize("kind", ["mpjpeg", "fake"])
def test_without_stamps_the_clock_counts(play, kind):
    stamps = [0, 40] if kind == "mpjpeg" else [None, None]  # those of MJPEG are made up
    play(Container([frame(0, stamps[0]), lambda: time.sleep(0.2), frame(1, stamps[1])], kind=kind))
    _, times = read(live())
    assert 0.2 <= times[1] < 2


def test_frames_of_another_size_are_scaled_back(play):
    play(Container([frame(0, 0), frame(1, 40, (32, 32)), frame(2, 80, (128, 96))]))
    with live() as video:
        assert [shown.shape for shown in video] == [(48, 64, 3)] * 3
        assert "the size changes at 0.040 s from 64 x 48 to 32 x 32 px; frames are scaled back" in video.problems


def test_a_camera_without_a_frame_is_asked_again(play):
    nothing = av.error.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable", "")
    play(Container([frame(0, 0), nothing, nothing, nothing, frame(1, 40)]))
    assert read(live())[0] == [0, 1]


@pytest.mark.parametrize("step", ["sound", "nothing"])
def test_a_source_without_frames_counts_as_broken(play, step):
    def endless():
        yield frame(0, 0)
        while True:
            time.sleep(0.01)
            yield "sound" if step == "sound" else av.error.BlockingIOError(errno.EAGAIN, "Try again", "")

    play(Container(endless()))
    reader, start_s = live(timeout_s=0.2), time.monotonic()
    assert read(reader)[0] == [0]
    assert 0.2 <= time.monotonic() - start_s < 1.5
    assert reader.problems == ["the camera went away at 0.000 s: no answer within 0.2 s"]


def test_damage_is_counted_once_frames_have_come(play):
    damaged = ("damaged", av.error.InvalidDataError(errno.EINVAL, "Invalid data", ""))
    play(Container([damaged, damaged, *at_25_fps([0, 1]), damaged, frame(2, 120), damaged]))
    reader = live()
    assert read(reader)[0] == [0, 1, 2]
    assert reader.problems[0] == "2 packets or frames damaged, the first after 0.040 s"


@pytest.mark.parametrize("leave", [None, ValueError, KeyboardInterrupt])
def test_leaving_takes_less_than_a_second_while_reading_blocks(play, leave):
    released = threading.Event()
    container = Container([frame(0, 0), lambda: released.wait(20), frame(1, 40)])
    play(container)
    try:
        with live() as video:
            for _ in video:
                start_s = time.monotonic()
                if leave is None:
                    break
                raise leave
    except (ValueError, KeyboardInterrupt) as error:
        assert type(error) is leave
    assert time.monotonic() - start_s < 1
    released.set()
    wait_until(container.closed.is_set)
    assert video.complete and not video.problems


def test_ctrl_c_ends_the_wait_for_a_frame(play):
    released = threading.Event()
    play(Container([frame(0, 0), lambda: released.wait(20)]))
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts with &
    start_s = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt), live() as video:
            timer.start()
            list(video)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - start_s < 1.5
    released.set()


def test_leaving_closes_the_source_where_nothing_blocks(play):
    def endless():
        for k in range(10**6):
            time.sleep(0.002)
            yield frame(k % 20, 2 * k)

    container = Container(endless())
    play(container)
    with live(keep=2) as video:
        shown = iter(video)
        next(shown)
        time.sleep(0.05)
        start_s = time.monotonic()
    assert not list(shown)
    assert container.closed.wait(5) and time.monotonic() - start_s < 5
    for thread in threading.enumerate():
        if thread.name == "read 0":
            thread.join(5)
            assert not thread.is_alive()


def test_leaving_ends_the_wait_before_it_is_opened_again(play, monkeypatch):
    monkeypatch.setattr(live_sources, "FIRST_WAIT_S", 20)
    play(Container(at_25_fps([0])))
    with live(reconnect_s=60) as video:
        next(iter(video))
        time.sleep(0.05)
        start_s = time.monotonic()
    assert time.monotonic() - start_s < 0.8


def test_opening_that_blocks_ends_in_an_error(play, monkeypatch):
    monkeypatch.setattr(live_thread, "LEAST_OPEN_S", 0.1)
    released, container = threading.Event(), Container(at_25_fps([0]))
    play(lambda: released.wait(20) and container)
    start_s = time.monotonic()
    with pytest.raises(ValueError, match=r"Received: rtsp://cam/1 \(no answer within 0.1 s\)"):
        read(live(source="rtsp://cam/1", timeout_s=0.1))
    assert time.monotonic() - start_s < 3
    released.set()
    wait_until(container.closed.is_set)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_the_thread_reaches_who_reads(play):
    play(Container([frame(0, 0), ("damaged", KeyError("fault"))]))
    with pytest.raises(KeyError, match="fault"):
        read(live())


def test_outside_of_with_the_message_says_how_to_open(play):
    play(lambda: Container(at_25_fps([0])))
    reader = live()
    for _ in range(2):  # before and after
        with pytest.raises(ValueError, match="`LiveReader` must be opened: `with LiveReader.*Received: 0"):
            list(reader)
        assert read(reader)[0] == [0] and reader.count == 1


@pytest.mark.parametrize(
    ("argument", "value"),
    [("fps", 0), ("fps", float("nan")), ("keep", 0), ("keep", 1.5), ("reconnect_s", -1), ("timeout_s", 0)],
)
def test_arguments_out_of_range_are_named(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be .*Received: {value}"):
        LiveReader(0, **{argument: value})


def test_without_pyav_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match="pip install av$"):
        read(LiveReader(0))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://user:secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:se/cr@et@cam:554/1", "rtsp://***@cam:554/1"),
        ("http://cam/1?user=a&password=secret&x=1", "http://cam/1?user=a&password=***&x=1"),
        ("http://cam/1?Token=secret", "http://cam/1?Token=***"),
        ("http://cam:80/1", "http://cam:80/1"),
    ],
)
def test_passwords_are_in_no_message(play, source, shown):
    play(broken(errno.EACCES, f"Denied: '{source}'", source))
    reader = live(source=source)
    with pytest.raises(ValueError) as caught:
        read(reader)
    assert f"Received: {shown} (Denied: '{shown}')" in str(caught.value)
    assert reader.source == shown and "secret" not in str(caught.value) and caught.value.__context__ is None
    play(Container([frame(0, 0), broken(errno.EACCES, f"Denied: '{source}'", source)]))
    read(reader)
    assert reader.problems == [f"the stream went away at 0.000 s: Denied: '{shown}'"]


def test_a_missing_camera_is_named(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(FileNotFoundError, match=r"`source` must be.*Received: 987 \(there is no /dev/video987"):
        read(LiveReader(987))


def test_an_unknown_host_is_named(play, monkeypatch):
    def unknown(*name):
        raise socket.gaierror(-2, "Name or service not known")

    play(broken())
    monkeypatch.setattr(live_sources.socket, "getaddrinfo", unknown)
    with pytest.raises(ValueError, match=r"Received: rtsp://\*\*\*@cam/1 \(unknown host cam\)"):
        read(live(source="rtsp://user:secret@cam/1"))


def test_a_refused_connection_and_an_answer_of_none_are_said():
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"rtsp://user:secret@127.0.0.1:{free.getsockname()[1]}/1"
    with pytest.raises(ValueError, match="Connection refused"):
        read(LiveReader(url))
    with serve(b"") as server, pytest.raises(ValueError, match=r"http://\*\*\*@127.*/none.*404"):
        read(LiveReader(server.url.replace("/video", "/none")))


def test_a_server_that_does_not_answer_is_said():
    told = pytest.raises(ValueError, match=r"\(no answer within 0.3 s\)")
    with socket.create_server(("127.0.0.1", 0)) as silent, told:
        read(LiveReader(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/1", timeout_s=0.3))


def test_a_source_without_video_is_refused(play):
    container = Container([])
    container.streams.video.clear()
    play(container)
    with pytest.raises(ValueError, match="`source` must be.*Received: 0 .no video stream in it"):
        read(live())
    assert container.closed.is_set()


def test_the_rate_is_what_is_known_of_it(play):
    for stated, asked, source, expected in (
        (90000, None, "rtsp://cam/1", 25),  # the clock of RTP
        (30, None, "rtsp://cam/1", 30),
        (30, 12, "rtsp://cam/1", 12),
        (30, 15, 0, 30),  # what the camera made of it
        (None, 15, 0, 15),
    ):
        play(Container([], average_rate=stated))
        with live(source=source, fps=asked) as video:
            assert video.fps == expected
