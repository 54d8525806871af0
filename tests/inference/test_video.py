"""Video in and out: what is written comes back, frames come as they are shown, damage and failures are said."""

import itertools
import struct
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from deephar.data.video_frames import read_frames, read_timeline
from deephar.inference.video import VideoReader, VideoWriter, is_video
from deephar.utils.ahead import ahead
from tests.data.clip_files import numbered, numbers_of, placed, write_video

av = pytest.importorskip("av")


def frames_of(count, height=48, width=64):
    """Frames whose grey level says their number; the left half is red."""
    video = np.zeros((count, height, width, 3), np.uint8)
    video += (20 + 8 * np.arange(count, dtype=np.uint8))[:, None, None, None]
    video[:, :, : width // 2, 0] = 220
    return video


def write(path, frames, fps=25):
    with VideoWriter(path, fps) as writer:
        for frame in frames:
            writer.add(frame)
    return path


def read(path):
    with VideoReader(path) as video:
        return np.stack(list(video)), video.fps, video.num_frames


def test_round_trip(tmp_path):
    frames = frames_of(12)
    found, fps, count = read(write(tmp_path / "a.mp4", frames, 30000 / 1001))
    assert found.shape == frames.shape and count == 12
    assert fps == pytest.approx(29.97, abs=0.01)
    assert np.abs(found.astype(int) - frames).mean() < 6
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.name in ("h264", "mpeg4")


def test_odd_sizes_are_padded(tmp_path):
    frames = frames_of(3, 47, 63)
    found, _, _ = read(write(tmp_path / "a.mp4", frames))
    assert found.shape[1:3] == (48, 64)
    assert np.abs(found[:, :47, :63].astype(int) - frames).mean() < 6


def test_frames_of_another_size_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`frame` must have the first frame's shape \(48, 64, 3\)"):
        write(tmp_path / "a.mp4", [frames_of(1)[0], frames_of(1, 50, 64)[0]])


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotated_video_comes_out_upright(tmp_path, degrees):
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a display matrix")
        stream.set_display_rotation(degrees)
        upright = frames_of(2)
        for frame in upright:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        stated = next(container.decode(video=0)).rotation
    found, _, _ = read(path)
    assert found.shape[1:3] == ((48, 64) if degrees % 180 == 0 else (64, 48))
    assert np.abs(found.astype(int) - np.rot90(upright, round(stated / 90), axes=(1, 2))).mean() < 12


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`path` must be a video file.*none.mp4"):
        read(tmp_path / "none.mp4")
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(ValueError, match="`path` must be a video that FFmpeg can read.*text.mp4"):
        read(text)
    assert not is_video(text)
    cut = tmp_path / "cut.mp4"
    whole = write(tmp_path / "whole.mp4", frames_of(30)).read_bytes()
    cut.write_bytes(whole[: len(whole) - 200])
    try:
        count = len(read(cut)[0])
    except ValueError as error:
        assert "cut.mp4" in str(error)
    else:
        assert count <= 30


def test_sound_without_images_is_refused(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ValueError, match="`path` must hold a video stream.*sound.wav"):
        read(path)


def test_outside_of_with_the_message_says_how_to_open(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(ValueError, match="`VideoWriter` must be opened: `with VideoWriter.*Received: .*a.mp4"):
        VideoWriter(path, 10).add(np.zeros((4, 4, 3), np.uint8))
    with VideoWriter(path, 10) as writer:
        writer.add(np.zeros((16, 16, 3), np.uint8))
    reader = VideoReader(path)
    for _ in range(2):  # before and after
        with pytest.raises(ValueError, match="`VideoReader` must be opened: `with VideoReader.*Received: .*a.mp4"):
            list(reader)
        with reader:
            assert len(list(reader)) == 1


def test_without_pyav_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match="pip install av$"):
        read(tmp_path / "a.mp4")


def with_matrix(path, matrix):
    """Write the 2 x 2 part of a display matrix, numbers of which 1 is a pixel, into an MP4 file."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # after versions, times, number, duration, layers and volume
    (a, b), (c, d) = matrix
    data[place : place + 36] = struct.pack(">9i", *(round(v * 65536) for v in (a, b, 0, c, d, 0, 0, 0, 16384)))
    path.write_bytes(data)
    return path


C, S = np.cos(np.radians(10)), np.sin(np.radians(10))
SHOWN = {  # by a display matrix: what becomes of rows and columns
    ((1, 0), (0, 1)): lambda x: x,
    ((-1, 0), (0, 1)): lambda x: x[:, ::-1],  # a front camera
    ((1, 0), (0, -1)): lambda x: x[::-1],
    ((-1, 0), (0, -1)): lambda x: x[::-1, ::-1],
    ((0, 1), (-1, 0)): lambda x: np.rot90(x, -1),
    ((0, -1), (1, 0)): lambda x: np.rot90(x, 1),
    ((0, 1), (1, 0)): lambda x: x.swapaxes(0, 1),
    ((0, -1), (-1, 0)): lambda x: x.swapaxes(0, 1)[::-1, ::-1],
    ((0, 0), (0, 0)): lambda x: x,  # as broken software writes it
    ((C, S), (-S, C)): lambda x: np.asarray(Image.fromarray(x).rotate(-10, Image.Resampling.BILINEAR)),
}


@pytest.mark.parametrize("matrix", SHOWN)
def test_frames_are_turned_and_mirrored_as_the_display_matrix_says(tmp_path, matrix):
    image = placed(1)[0]
    path = with_matrix(write(tmp_path / "a.mp4", [image] * 3), matrix)
    found, _, _ = read(path)
    expected = SHOWN[matrix](image)
    assert found.shape[1:] == expected.shape and np.abs(found[0].astype(int) - expected).mean() < 4
    np.testing.assert_array_equal(read_frames(path, [0], short_side=None)[0], found[0])


def test_pixels_become_square(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        for frame in frames_of(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    found, _, _ = read(path)
    assert found.shape[1:3] == (48, 96) and found[0, 24, 40, 0] > 180 and found[0, 24, 56, 0] < 60
    assert read_timeline(path).size == (96, 48) and read_frames(path, [1], short_side=24).shape[1:3] == (24, 48)
    assert read(with_matrix(path, ((0, 1), (-1, 0))))[0].shape[1:3] == (96, 48)


def everything(path):
    with VideoReader(path) as video:
        return [(video.time_s, frame) for frame in video], video


def test_times_are_those_of_the_stream(tmp_path):
    times = [*(k / 30 for k in range(10)), 1, 1.2, 3]
    with VideoWriter(tmp_path / "a.mp4", 30, timed=True) as writer:
        for time in times:
            writer.add(np.zeros((16, 16, 3), np.uint8), time)
    found, video = everything(tmp_path / "a.mp4")
    assert [time for time, _ in found] == pytest.approx(times, abs=1e-3) and video.complete and not video.problems


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_times_begin_at_the_first_frame_wherever_the_stream_begins(tmp_path, name):
    path = write_video(tmp_path / name, numbered(8), stamps=[2000 + 40 * k for k in range(8)], base=Fraction(1, 1000))
    found, video = everything(path)
    assert [time for time, _ in found] == pytest.approx([0.04 * k for k in range(8)], abs=2e-3)
    assert video.start_s >= 0 and (name != "a.mkv" or video.start_s == pytest.approx(2, abs=0.01))


def test_damaged_packets_are_skipped_and_counted(tmp_path):
    path = write(tmp_path / "a.mp4", np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3)).astype(np.uint8))
    with av.open(str(path)) as container:
        packets = [(k.pos, k.size) for k in container.demux(video=0) if k.size]
    data = bytearray(path.read_bytes())
    for position, size in packets[30:33]:
        data[position : position + size] = bytes(size)
    path.write_bytes(data)
    found, video = everything(path)
    assert 50 <= len(found) < 60 and video.count == len(found) and not video.complete
    assert video.problems[0].startswith(f"{60 - len(found)} of 60 frames missing, the first after ")


def test_frames_that_an_edit_list_leaves_out_are_not_missing(tmp_path):
    source = write_video(tmp_path / "a.mp4", numbered(30), b_frames=0, gop=30)
    with av.open(str(source)) as whole, av.open(str(tmp_path / "b.mp4"), "w") as cut:
        stream = cut.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                early = round(0.4 / float(packet.time_base))
                packet.pts, packet.dts, packet.stream = packet.pts - early, packet.dts - early, stream
                cut.mux(packet)
    found, video = everything(tmp_path / "b.mp4")
    assert numbers_of([frame for _, frame in found]) == list(range(10, 30)) and video.complete and not video.problems


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_of_a_file_that_was_cut_off_what_is_there_comes(tmp_path, share):
    path = write(tmp_path / "a.mp4", np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    found, video = everything(path)
    assert 0 < len(found) < 60 * share + 3 and not video.complete
    assert video.problems[0].startswith(f"{60 - len(found)} of 60 frames missing, the file is cut off")


def test_a_change_of_size_is_said_and_scaled_back(tmp_path):
    small, large = (write_video(tmp_path / f"{n}.ts", frames_of(10, n, 2 * n)) for n in (48, 96))
    (tmp_path / "both.ts").write_bytes(large.read_bytes() + small.read_bytes())
    found, video = everything(tmp_path / "both.ts")
    assert len(found) == 20 and {frame.shape for _, frame in found} == {(96, 192, 3)}
    assert "the size changes at 0.4" in video.problems[0] and "192 x 96 to 96 x 48" in video.problems[0]
    assert all(b > a for (a, _), (b, _) in itertools.pairwise(found))


def test_a_file_that_is_closed_while_it_is_read_ahead_ends(tmp_path):
    write(tmp_path / "v.mp4", frames_of(40))
    with VideoReader(tmp_path / "v.mp4") as video:
        frames = ahead(video, most=2)
        assert next(frames).shape == (48, 64, 3)
    assert len(list(frames)) < 40
