"""Small videos whose frames tell their number and whose pixels tell their place."""

from fractions import Fraction

import numpy as np
import pytest

from deephar.utils.video import VideoWriter

FIRST, STEP = 30, 5  # grey level of frame 0, and what every further one adds
SIZE = (64, 48)


def numbered(count, size=SIZE):
    """Grey frames (T, H, W, 3) that say their number."""
    levels = (FIRST + STEP * np.arange(count)).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, size[1], size[0], 3))


def numbers_of(frames):
    """The numbers that frames say."""
    return [round((float(np.mean(frame)) - FIRST) / STEP) for frame in frames]


def write_video(path, frames, codec="libx264", rate=25, stamps=None, base=None, gop=10, b_frames=2, rotation=None):
    """Write frames, at the time stamps `stamps` in units of `base` s where they are given."""
    av = pytest.importorskip("av")
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.asarray(frames)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.gop_size, stream.bit_rate = "yuv420p", gop, 2_000_000
        if codec in ("libx264", "mpeg4", "mpeg2video"):
            stream.max_b_frames = b_frames
        if base is not None:
            stream.codec_context.time_base = stream.time_base = base
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def placed(count, size=SIZE):
    """Frames (T, H, W, 3) whose red is 3 x the column, green 3 x the row, and blue 4 x the frame's number."""
    frames = np.zeros((count, size[1], size[0], 3), np.uint8)
    frames[..., 0] = 3 * np.arange(size[0])
    frames[..., 1] = 3 * np.arange(size[1])[:, None]
    frames[..., 2] = 4 * np.arange(count)[:, None, None]
    return frames


def write_lossless(path, frames, fps=25):
    """Write frames of which every pixel comes back."""
    pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, fps, lossless=True, keyframe_every=8) as writer:
        for frame in frames:
            writer.add(frame)
    return path


def noise(count, size=SIZE):
    """Frames of a moving pattern that does not compress to nothing, so that there is something to damage."""
    rng = np.random.default_rng(0)
    pattern = rng.integers(0, 255, (size[1] // 8, size[0] // 8, 3)).astype(np.uint8)
    return np.stack([np.kron(np.roll(pattern, k, axis=1), np.ones((8, 8, 1), np.uint8)) for k in range(count)])


def damage(path, kind):
    """Cut a file at 60 %, overwrite 300 bytes in its middle with zeros, or leave nothing of it."""
    data = path.read_bytes()
    middle = len(data) // 2
    kinds = {
        "cut": data[: int(0.6 * len(data))],
        "overwritten": data[:middle] + bytes(300) + data[middle + 300 :],
        "empty": b"",
        "text": b"no video\n" * 100,
    }
    path.write_bytes(kinds[kind])
    return path
