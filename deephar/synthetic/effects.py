"""What a camera adds to a picture: lens softness, shake, colour cast, exposure, contrast, sensor noise and JPEG."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

_NOISE_LENGTH = 1 << 21
_NOISE = []  # one run of unit noise (times 32), shared by all pictures


@dataclass(frozen=True)
class Effects:
    """The camera of one clip."""

    softness_px: float = 0.5  # radius of the blur of the lens, for a picture of 256 x 256
    gain: tuple = (1.0, 1.0, 1.0)  # exposure times colour cast
    gamma: float = 1.0
    contrast: float = 1.0
    noise: float = 3.0  # standard deviation of the sensor noise in a mid grey, of 255
    quality: int = 0  # JPEG quality, 0 for none
    grey: bool = False


def sample_effects(rng):
    """Draw the camera of a clip.

    Args:
        rng: numpy Generator.

    Returns:
        `Effects`; about half of the clips have gone through JPEG, one in fifty is grey.
    """
    exposure, cast = np.exp(rng.normal(0, 0.16)), np.exp(rng.normal(0, 0.05, 3))
    return Effects(
        softness_px=float(rng.uniform(0.35, 0.7) if rng.random() < 0.75 else rng.uniform(0.7, 1.6)),
        gain=tuple(float(v) for v in exposure * cast),
        gamma=float(np.exp(rng.normal(0, 0.12))),
        contrast=float(np.clip(rng.normal(1.0, 0.12), 0.7, 1.3)),
        noise=float(min(rng.exponential(3.5), 14.0)),
        quality=int(rng.integers(35, 96)) if rng.random() < 0.5 else 0,
        grey=bool(rng.random() < 0.02),
    )


def _curve(effects):
    """Response of the three channels as one table of 768 entries."""
    level = np.arange(256) / 255.0
    tables = []
    for gain in effects.gain:
        value = np.clip(level * gain, 0, None) ** effects.gamma
        value = 0.5 + effects.contrast * (value - 0.5)
        tables.append(np.clip(value * 255 + 0.5, 0, 255).astype(np.uint8))
    return np.concatenate(tables).tolist()


def _add_noise(picture, strength, rng):
    """Noise of the sensor: (H, W, 3) uint8 -> uint8; one long run of noise is read from a random place."""
    while not _NOISE or len(_NOISE[0]) < 2 * picture.size:
        length = max(_NOISE_LENGTH, 2 * picture.size)
        noise = np.random.default_rng(20260).standard_normal(length, np.float32)
        _NOISE[:] = [np.clip(noise * 32, -127, 127).astype(np.int16)]
    start = int(rng.integers(len(_NOISE[0]) - picture.size))
    noisy = _NOISE[0][start : start + picture.size] * np.int16(round(strength * 8))
    noisy >>= 8
    noisy += picture.reshape(-1)
    return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8).reshape(picture.shape)


def _soften(picture, radius):
    """A lens of the given blur radius in pixels; up to one pixel a 3 x 3 kernel does."""
    if radius > 1.0:
        return np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(radius)))
    side = np.uint16(round(21 * radius))
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    for first, middle, last in ((np.s_[:-2], np.s_[1:-1], np.s_[2:]), (np.s_[:, :-2], np.s_[:, 1:-1], np.s_[:, 2:])):
        ends = padded[first] + padded[last]
        ends *= side
        padded = padded[middle] * (np.uint16(64) - 2 * side)
        padded += ends
        padded >>= np.uint16(6)
    return padded.astype(np.uint8)


def _shifted(picture, motion_px, count):
    """Mean of `count` copies spread over `motion_px` (dx, dy): float32, same shape."""
    total = np.zeros(picture.shape, np.float32)
    for share in np.linspace(-0.5, 0.5, count):
        total += np.roll(picture, (round(share * motion_px[1]), round(share * motion_px[0])), axis=(0, 1))
    return total / count


def _smear(picture, motion_px, moving):
    """Blur along a straight motion, of everything or of what is `moving` (H, W) bool only."""
    limit = 0.12 * min(picture.shape[:2])
    length = float(np.hypot(*motion_px))
    motion_px = [v * min(1.0, limit / length) for v in motion_px]
    count = int(np.clip(np.ceil(length), 1, 8)) + 1
    blurred = _shifted(picture, motion_px, count)
    if moving is None:
        return blurred.astype(np.uint8)
    share = np.minimum(1.5 * _shifted(moving, motion_px, count), 1.0)[:, :, None]
    return (picture + share * (blurred - picture)).astype(np.uint8)


def apply(frame, effects, rng, motion_px=None, moving=None):
    """Send a frame through a camera.

    Args:
        frame: (H, W, 3) uint8.
        effects: `Effects`.
        rng: numpy Generator, for the noise.
        motion_px: (dx, dy) in pixels, the motion while the shutter was open, or None.
        moving: (H, W) bool, what moved; None: all of the picture (the camera).

    Returns:
        (H, W, 3) uint8.
    """
    if motion_px is not None and np.hypot(*motion_px) >= 1.0:
        frame = _smear(frame, motion_px, moving)
    radius = effects.softness_px * max(min(frame.shape[:2]) / 256.0, 0.7)
    image = Image.fromarray(_soften(frame, radius))
    if effects.grey:
        image = image.convert("L").convert("RGB")
    image = image.point(_curve(effects))
    picture = np.asarray(image)
    if effects.noise >= 0.25:
        picture = _add_noise(picture, effects.noise, rng)
    if effects.quality:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=effects.quality)
        picture = np.asarray(Image.open(buffer))
    return picture
