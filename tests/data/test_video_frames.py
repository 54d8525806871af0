"""Frames by time: exact numbers at any rate, from any container, and damage that is named."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from deephar.data import video_frames
from deephar.data.video_frames import (
    DamagedVideoError,
    check_frames,
    frames_at,
    read_frames,
    read_timeline,
    scaled_size,
)
from tests.data.clip_files import damage, noise, numbered, numbers_of, placed, write_lossless, write_video

pytest.importorskip("av")

CONTAINERS = [  # with B-frames, without, without time stamps, with a first stamp above 0
    ("a.mp4", "libx264", 2),
    ("a.mov", "libx264", 0),
    ("a.mkv", "libx264", 2),
    ("a.avi", "mpeg4", 2),
    ("b.avi", "libx264", 2),
    ("a.ts", "libx264", 2),
    ("a.mpg", "mpeg2video", 2),
    ("a.webm", "libvpx-vp9", 0),
]


@pytest.mark.parametrize(("name", "codec", "b_frames"), CONTAINERS)
def test_every_frame_comes_once_and_any_clip_is_a_part_of_the_whole(tmp_path, name, codec, b_frames):
    path = write_video(tmp_path / name, numbered(40), codec, b_frames=b_frames)
    assert read_timeline(path).num_frames() == 40
    whole = np.stack(list(frames_at(path, short_side=None)))
    assert whole.shape == (40, 48, 64, 3) and numbers_of(whole) == list(range(40))
    for first in (0, 1, 9, 10, 11, 25, 37):
        clip = read_frames(path, range(first, first + 3), short_side=None)
        np.testing.assert_array_equal(clip, whole[first : first + 3])


def expected(stamps_s, end_s, fps):
    """The rule once more, slowly: the last frame whose stamp is not later, but for a millisecond."""
    times = [Fraction(k, fps) + Fraction(1, 1000) for k in range(1000) if Fraction(k, fps) + Fraction(1, 1000) < end_s]
    return [max(n for n, stamp in enumerate(stamps_s) if stamp <= time) for time in times]


@pytest.mark.parametrize("rate", [10, 12.5, 24, 25, Fraction(30000, 1001), 30, 50, 60])
def test_other_rates(tmp_path, rate):
    path = write_video(tmp_path / "a.mp4", numbered(40), rate=rate)
    found, rate = numbers_of(frames_at(path, short_side=None)), Fraction(rate).limit_denominator(1001)
    assert found == expected([k / rate for k in range(40)], 40 / rate, 25)
    if rate == 50:
        assert found == list(range(0, 40, 2))
    if rate == 12.5:
        assert found == [k // 2 for k in range(80)]
    if rate == 30:
        assert found[:7] == [0, 1, 2, 3, 4, 6, 7]
    assert numbers_of(read_frames(path, [7, 3, 7], short_side=None)) == [found[7], found[3], found[7]]
    assert len(list(frames_at(path, fps=5, short_side=None))) == math.ceil(40 / rate * 5)


@pytest.mark.parametrize(("name", "offset"), [("a.mp4", 0), ("a.mkv", 0), ("a.mkv", 5000), ("a.ts", 5000)])
def test_variable_rate(tmp_path, name, offset):
    """Some frames are dropped, and one that is shown for half a second is repeated, none too early."""
    steps = [40, 40, 3, 500, 17, 41, 39, 80, 80] + [40] * 20
    stamps = [int(stamp) for stamp in np.cumsum([0, *steps])]
    path = write_video(tmp_path / name, numbered(30), stamps=[s + offset for s in stamps], base=Fraction(1, 1000))
    found = numbers_of(frames_at(path, short_side=None))
    assert found[:18] == [0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 6, 7]  # 4, at 583 ms, gives way to 5 at 600
    end = stamps[-1] + 40
    rule = expected([Fraction(s, 1000) for s in stamps], Fraction(end, 1000), 25)
    shared = min(len(found), len(rule))  # not every container says how long the last frame is shown
    assert found[:shared] == rule[:shared] and abs(len(found) - len(rule)) <= 1 and found[-1] == 29
    assert numbers_of(read_frames(path, [13, 14, 15], short_side=None)) == [3, 3, 5]


def test_rounded_stamps_change_nothing(tmp_path):
    stamps = [40 * k + (-1, 0, 1)[k % 3] * (k > 0) for k in range(30)]
    path = write_video(tmp_path / "a.mkv", numbered(30), stamps=stamps, base=Fraction(1, 1000))
    assert numbers_of(frames_at(path, short_side=None)) == list(range(30))


def test_only_what_is_needed_is_decoded(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", numbered(40), gop=5)
    timeline, packets, decode = read_timeline(path), [], video_frames._decode
    monkeypatch.setattr(video_frames, "_decode", lambda *given: packets.append(1) or decode(*given))
    assert numbers_of(read_frames(path, [31, 32], short_side=None, timeline=timeline)) == [31, 32]
    assert 0 < len(packets) <= 8  # from the keyframe 30, and those that B-frames need


def test_a_container_that_does_not_seek_is_read_from_the_beginning(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", numbered(40), gop=5)
    timeline = read_timeline(path)
    late = timeline.keyframes[-1]
    opened = video_frames.open_stream

    class Lost:
        def __init__(self, container):
            self.container = container

        def seek(self, stamp, stream):
            self.container.seek(late, stream=stream)

        def demux(self, stream):
            return self.container.demux(stream)

    class Opened:
        def __init__(self, path):
            self.manager = opened(path)

        def __enter__(self):
            container, stream = self.manager.__enter__()
            return Lost(container), stream

        def __exit__(self, *what):
            return self.manager.__exit__(*what)

    monkeypatch.setattr(video_frames, "open_stream", Opened)
    assert numbers_of(read_frames(path, [11, 12], short_side=None, timeline=timeline)) == [11, 12]


@pytest.mark.parametrize("degrees", [90, 180])
def test_rotated_videos_are_upright(tmp_path, degrees):
    av = pytest.importorskip("av")
    frames = noise(3)
    path = write_video(tmp_path / "a.mp4", frames, "mpeg4", rotation=degrees)
    with av.open(str(path)) as container:
        turns = round(next(container.decode(video=0)).rotation / 90) % 4
    assert turns == degrees // 90 or turns == 4 - degrees // 90
    assert read_timeline(path).size == ((48, 64) if degrees == 90 else (64, 48))
    found = read_frames(path, [1], short_side=None)[0]
    assert np.abs(found.astype(int) - np.rot90(frames[1], turns)).mean() < 15
    assert read_frames(path, [1], short_side=24).shape[1:3] == ((32, 24) if degrees == 90 else (24, 32))


def test_frames_are_scaled_by_their_short_side(tmp_path):
    assert scaled_size((1920, 1080), 256) == (455, 256) and scaled_size((240, 320), 256) == (256, 341)
    assert scaled_size((7, 5), None) == (7, 5) and scaled_size((8, 8), 4) == (4, 4)
    path = write_lossless(tmp_path / "a.mkv", placed(2))
    frame = read_frames(path, [1], short_side=24)[0].astype(float)
    assert frame.shape == (24, 32, 3)
    np.testing.assert_allclose(frame[5, 2:-2, 0], 3 * (2 * np.arange(2, 30) + 0.5), atol=2)  # averaged in pairs
    np.testing.assert_allclose(frame[2:-2, 5, 1], 3 * (2 * np.arange(2, 22) + 0.5), atol=2)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.webm"])
def test_what_is_cut_off_is_damaged(tmp_path, name):
    codec = {"avi": "mpeg4", "webm": "libvpx-vp9"}.get(name[2:], "libx264")
    path = damage(write_video(tmp_path / name, noise(60), codec), "cut")
    for read in (read_timeline, check_frames, lambda path: read_frames(path, [0])):
        with pytest.raises(DamagedVideoError, match=rf"`path` must be an undamaged video.*{name}"):
            read(path)


@pytest.mark.parametrize("kind", ["empty", "text"])
def test_what_is_no_video_is_damaged(tmp_path, kind):
    path = damage(write_video(tmp_path / "a.mp4", noise(2)), kind)
    with pytest.raises(DamagedVideoError, match="the file is empty" if kind == "empty" else "FFmpeg says"):
        list(frames_at(path))


def test_overwritten_frames_are_damaged_and_those_before_them_are_not(tmp_path):
    path = write_video(tmp_path / "a.mkv", noise(60))
    whole = read_frames(path, range(8), short_side=None)
    damage(path, "overwritten")
    np.testing.assert_array_equal(read_frames(path, range(8), short_side=None), whole)
    with pytest.raises(DamagedVideoError, match=r"a.mkv.*(damaged|decoded)"):
        read_frames(path, range(20, 40))
    with pytest.raises(DamagedVideoError):
        check_frames(path)


def test_videos_without_frames_or_pictures(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(DamagedVideoError, match=r"sound.mkv: there is no video stream"):
        read_timeline(path)


def test_errors(tmp_path):
    path = write_video(tmp_path / "a.mp4", numbered(5))
    for numbers in ([], [5], [-1]):
        with pytest.raises(ValueError, match=r"`numbers` must hold frames in \[0, 4\]"):
            read_frames(path, numbers)
    with pytest.raises(FileNotFoundError, match="none.mp4"):
        read_timeline(tmp_path / "none.mp4")
    with pytest.raises(ValueError, match="`fps` must be above 0"):
        read_timeline(path).num_frames(0)
    error = pickle.loads(pickle.dumps(DamagedVideoError("a.mp4", "it is cut off")))
    assert (error.path, error.reason) == ("a.mp4", "it is cut off") and "a.mp4: it is cut off" in str(error)
