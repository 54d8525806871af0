"""Video of a web server: finished files that wait for the reader, broken ones, and streams without an end."""

import time

import numpy as np
import pytest

from deephar.inference.live import LiveReader
from deephar.utils.video import VideoWriter
from tests.data.clip_files import noise, numbered, numbers_of, write_video
from tests.inference.live_fakes import read, serve


def write_file(path, count=40):
    with VideoWriter(path, 25) as writer:
        for shown in numbered(count):
            writer.add(shown)
    return path.read_bytes()


@pytest.mark.parametrize("ranges", [False, True])
def test_a_finished_file_waits_for_the_reader_and_ends(tmp_path, ranges):
    with serve(write_file(tmp_path / "a.mp4"), ranges=ranges) as server:
        with LiveReader(server.url, keep=1) as video:
            numbers = []
            for shown in video:
                numbers += numbers_of([shown])
                time.sleep(0.002)
        assert len(server.asked) == 1
    assert numbers == list(range(40)) and video.time_s == pytest.approx(39 / 25)
    assert (video.live, video.num_frames, video.fps, video.dropped) == (False, 40, 25, 0)
    assert video.complete and not video.problems


def test_a_file_of_which_only_the_duration_is_stated_is_whole(tmp_path):
    with serve(write_file(tmp_path / "a.mp4"), stated=False) as server:
        reader = LiveReader(server.url)
        assert read(reader)[0] == list(range(40))
    assert (reader.live, reader.complete, reader.problems) == (False, True, [])


def test_a_file_whose_connection_breaks_is_what_came_of_it(tmp_path):
    data = write_video(tmp_path / "a.ts", noise(40), codec="mpeg2video").read_bytes()
    with serve(data, share=0.5) as server:
        reader = LiveReader(server.url, reconnect_s=5)
        with reader as video:
            count = len(list(video))
        assert len(server.asked) == 1
    assert 10 < count < 30 and not reader.complete and not reader.live
    assert reader.problems[-1] == f"reading ended after {reader.time_s:.3f} s: the connection broke"


def test_a_broken_file_is_read_on_where_the_server_can(tmp_path):
    data = write_file(tmp_path / "a.mp4")
    with serve(data, share=0.8, ranges=True) as server:
        reader = LiveReader(server.url)
        assert read(reader)[0] == list(range(40))
        assert server.asked[-1] == f"bytes={round(0.8 * len(data))}-"
    assert reader.complete and reader.num_frames == 40


def test_a_file_that_is_cut_off_says_what_is_missing(tmp_path):
    data = write_file(tmp_path / "a.mp4")
    with serve(data[: round(0.8 * len(data))]) as server:
        reader = LiveReader(server.url)
        numbers, _ = read(reader)
    assert 0 < len(numbers) < 40 and not reader.complete
    assert f"{40 - len(numbers)} of 40 frames missing, the file is cut off" in reader.problems


def test_a_stream_of_the_web_is_live_and_a_stalled_one_is_left(tmp_path):
    data = write_video(tmp_path / "a.ts", noise(40), codec="mpeg2video").read_bytes()
    with serve(data, stated=False, stall_s=20) as server:
        with LiveReader(server.url, keep=1000, timeout_s=3) as video:
            shown = iter(video)
            for _ in range(20):
                next(shown)
            start_s = time.monotonic()
        assert time.monotonic() - start_s < 1
        assert (video.live, video.num_frames, video.complete) == (True, 0, True)


def test_a_stream_of_the_web_that_ends_is_opened_again(tmp_path):
    data = write_video(tmp_path / "a.ts", numbered(20), codec="mpeg2video").read_bytes()
    with serve(data, stated=False, most=2) as server:
        reader = LiveReader(server.url, keep=1000, reconnect_s=0.7)
        numbers, times = read(reader)
    assert numbers == [*range(20), *range(20)] and (np.diff(times) > 0).all()
    gap, end = reader.problems
    assert gap == f"no frames from {times[19]:.3f} s to {times[20]:.3f} s, opened again"
    assert end.startswith(f"the stream went away at {times[-1]:.3f} s")
