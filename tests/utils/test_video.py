"""Frame rates as fractions, quarter turns, and the forms that the writer knows."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from deephar.utils.video import VideoWriter, exact_rate, quarter_turns, upright


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


def test_upright():
    turns = [quarter_turns(SimpleNamespace(rotation=degrees)) for degrees in (0, 90, -90, 180, -180)]
    assert turns == [0, 1, 3, 2, 2] and quarter_turns(object()) == 0
    image = np.arange(12).reshape(2, 2, 3)
    assert upright(image, 0) is image
    np.testing.assert_array_equal(upright(upright(image, 1), 3), image)


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
