"""Frame rates as fractions, and the forms that the writer knows."""

from fractions import Fraction

import numpy as np
import pytest

from deephar.utils.video import VideoWriter, exact_rate


def test_rates_are_exact():
    assert [exact_rate(fps) for fps in (25, 25.0, 12.5)] == [25, 25, Fraction(25, 2)]
    assert [exact_rate(fps) for fps in (29.97, 23.976, 30000 / 1001)] == [
        Fraction(30000, 1001),
        Fraction(24000, 1001),
        Fraction(30000, 1001),
    ]
    assert exact_rate(29.5) == Fraction(59, 2)
    for fps in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="`fps` must be above 0"):
            exact_rate(fps)


@pytest.mark.parametrize("lossless", [False, True])
def test_forms(tmp_path, lossless):
    av = pytest.importorskip("av")
    frames = np.random.default_rng(0).integers(0, 256, (9, 15, 17, 3)).astype(np.uint8)
    path = tmp_path / ("a.mkv" if lossless else "a.mp4")
    with VideoWriter(path, 25, lossless=lossless, keyframe_every=4) as writer:
        for frame in frames:
            writer.add(frame)
    with av.open(str(path)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    with av.open(str(path)) as container:
        found = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert sum(keys) >= 3 and keys[0]
    if lossless:
        np.testing.assert_array_equal(found, frames)
    else:
        assert found.shape == (9, 16, 18, 3)


def test_frames_with_times_keep_them(tmp_path):
    av = pytest.importorskip("av")
    times = [0, 0.033, 0.0337, 0.5, 0.54, 2]
    with VideoWriter(tmp_path / "a.mp4", 30, timed=True) as writer:
        for time in times:
            writer.add(np.full((16, 16, 3), 100, np.uint8), time)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(times)
