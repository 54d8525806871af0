"""Optical flow: a known motion, its compact form, its mirror image."""

import sys

import numpy as np
import pytest
from scipy import ndimage

from deephar.data.flow import decode_flow, encode_flow, mirror_flow, normalise_flow, tvl1

SHIFT = (3.3, -2.1)  # px to the right and down


def moving(steps=2, shift=SHIFT):
    """A smooth random pattern that moves by `shift` px a frame, grey (T, 64, 80)."""
    pattern = ndimage.gaussian_filter(np.random.default_rng(0).uniform(size=(120, 140)), 2)
    pattern = 255 * (pattern - pattern.min()) / np.ptp(pattern)
    views = [ndimage.shift(pattern, (k * shift[1], k * shift[0]), order=3, mode="reflect") for k in range(steps)]
    return np.stack(views)[:, 28:92, 30:110].clip(0, 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def flow():
    pytest.importorskip("cv2.optflow")
    frames = np.repeat(moving()[..., None], 3, axis=-1)
    return frames, tvl1(frames)


def test_a_known_translation_is_found(flow):
    _, found = flow
    assert found.shape == (2, 64, 80, 2) and found.dtype == np.float32
    assert np.abs(found[0, 8:-8, 8:-8] - SHIFT).mean() < 0.1
    assert np.abs(found[0, 8:-8, 8:-8] - SHIFT).max() < 0.2
    np.testing.assert_array_equal(found[1], found[0])


def test_the_mirrored_video_has_the_mirrored_flow(flow):
    frames, found = flow
    turned = tvl1(frames[:, :, ::-1])
    np.testing.assert_allclose(turned[0, 8:-8, 8:-8], mirror_flow(found)[0, 8:-8, 8:-8], atol=0.1)


def test_a_single_frame_does_not_move():
    pytest.importorskip("cv2.optflow")
    assert not tvl1(moving(1)).any()


def test_compact_form():
    px = np.array([[-40.0, 0.0], [19.9, 0.05], [0.2, -7.3]])
    levels = encode_flow(px)
    assert levels.dtype == np.uint8 and levels[0].tolist() == [1, 128]
    np.testing.assert_allclose(decode_flow(levels), np.clip(px, -20, 20), atol=10 / 127 + 1e-6)
    np.testing.assert_allclose(normalise_flow(px), np.clip(px / 20, -1, 1), rtol=1e-6)
    assert decode_flow(encode_flow(np.zeros(2))).tolist() == [0, 0]


def test_errors(monkeypatch):
    with pytest.raises(ValueError, match=r"`frames` must be .* Received: \(64, 80\)"):
        tvl1(np.zeros((64, 80), np.uint8))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match="TV-L1 optical flow needs the package opencv-contrib-python-headless"):
        tvl1(np.zeros((2, 64, 80), np.uint8))
