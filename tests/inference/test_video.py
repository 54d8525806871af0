"""Video in and out: what is written comes back, turned upright, and every failure names the file."""

import sys

import numpy as np
import pytest

from deephar.inference.video import VideoReader, VideoWriter, is_video

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
