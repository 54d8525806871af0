"""Overlays keep the sound of their video, in step, whatever its codec; and are silent where there is none."""

import av
import numpy as np
import pytest

from deephar.inference.export import OverlayWriter
from deephar.inference.results import FrameResult
from deephar.inference.sound import add_sound
from deephar.inference.video import VideoReader
from deephar.utils.pose import pa16j2d

FPS, RATE, BEEP_S = 25, 16_000, 1.2  # a tone begins then
FRAMES = 50


def write_sounding(path, codec, format=None):
    """A video of 2 s that is silent, and sounds from BEEP_S on; dark, and bright from then on."""
    with av.open(str(path), "w", format=format) as made:
        images = made.add_stream("mpeg4", rate=FPS)
        images.width, images.height, images.pix_fmt = 64, 48, "yuv420p"
        sound = made.add_stream(codec, rate=RATE, layout="mono")
        for k in range(FRAMES):
            bright = 255 * (k / FPS >= BEEP_S)
            made.mux(images.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), bright, np.uint8), format="rgb24")))
        made.mux(images.encode(None))
        wave = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE) * (np.arange(2 * RATE) >= BEEP_S * RATE)
        for first in range(0, 2 * RATE, 1600):
            part = (wave[None, first : first + 1600] * 20000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, first
            made.mux(sound.encode(frame))
        made.mux(sound.encode(None))
    return path


def overlay(source, path, count=None):
    """Draw the overlay of a video, of its first frames."""
    with VideoReader(source) as video, OverlayWriter(path, video.fps, pa16j2d, of=video) as writer:
        for k, pixels in enumerate(video):
            if count is not None and k >= count:
                break
            writer.add(FrameResult(k, video.time_s), pixels)
    return writer


def sounds(path):
    """(codec, when it begins to sound, when it ends, s) of a file's sound; None where it has none."""
    with av.open(str(path)) as container:
        stream = container.streams.best("audio")
        if stream is None:
            return None
        heard, end = [], 0.0
        for frame in container.decode(stream):
            least = 3000 if frame.format.name[:3] == "s16" else 0.1
            loud = np.abs(frame.to_ndarray().astype(float)).max(axis=0) > least
            heard += (frame.time + np.flatnonzero(loud) / frame.sample_rate).tolist()[:1]
            end = frame.time + frame.samples / frame.sample_rate
    return stream.codec_context.name, heard[0] if heard else None, end


def shines_s(path):
    with VideoReader(path) as video:
        return next(video.time_s for pixels in video if pixels.mean() > 128)


@pytest.mark.parametrize(("name", "codec", "kept"), [("a.mp4", "aac", "aac"), ("a.mkv", "pcm_s16le", "aac")])
def test_sound_is_kept_in_step(name, codec, kept, tmp_path):
    source = write_sounding(tmp_path / name, codec)
    writer = overlay(source, tmp_path / "o.mp4")
    found, begins, ends = sounds(tmp_path / "o.mp4")
    assert found == kept and writer.problems == []
    assert begins == pytest.approx(shines_s(tmp_path / "o.mp4"), abs=0.03) == pytest.approx(BEEP_S, abs=0.03)
    assert ends == pytest.approx(2.0, abs=0.1)
    with VideoReader(tmp_path / "o.mp4") as video:
        assert len(list(video)) == FRAMES and video.complete
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "o.mp4"])


def test_sound_ends_with_the_frames(tmp_path):
    overlay(write_sounding(tmp_path / "a.mp4", "aac"), tmp_path / "o.mp4", count=10)
    assert sounds(tmp_path / "o.mp4")[2] == pytest.approx(0.4, abs=0.1)


def test_no_sound_is_no_problem(tmp_path):
    source = tmp_path / "a.mp4"
    with av.open(str(source), "w") as made:
        images = made.add_stream("mpeg4", rate=FPS)
        images.width, images.height, images.pix_fmt = 64, 48, "yuv420p"
        made.mux(images.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        made.mux(images.encode(None))
    assert overlay(source, tmp_path / "o.mp4").problems == [] and sounds(tmp_path / "o.mp4") is None
    assert not add_sound(tmp_path / "o.mp4", source, tmp_path / "new.mp4", 0, 1)
    assert not (tmp_path / "new.mp4").exists()


def test_sound_that_cannot_be_read_leaves_a_silent_overlay(tmp_path, monkeypatch):
    def broken(*_):
        raise av.error.InvalidDataError(1, "no such sound")

    source = write_sounding(tmp_path / "a.mp4", "aac")
    monkeypatch.setattr("deephar.inference.export.add_sound", broken)
    writer = overlay(source, tmp_path / "o.mp4")
    assert "its sound is not in the overlay" in writer.problems[0] and sounds(tmp_path / "o.mp4") is None
    with VideoReader(tmp_path / "o.mp4") as video:
        assert len(list(video)) == FRAMES
