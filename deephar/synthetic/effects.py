"""What a camera adds to an image: lens softness, shake, colour cast, exposure, contrast, sensor noise and JPEG."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

_LIGHT = np.arange(256, dtype=np.float32) / 255
_NOISE_LENGTH = 1 << 21
_NOISE = []  # one run of unit noise (times 32), shared by all images


@dataclass(frozen=True)
class Effects:
    """The camera of one clip."""

    softness_px: float = 0.5  # radius of the blur of the lens, for an image of 256 x 256
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


def _add_noise(image, strength, rng):
    """Noise of the sensor: (H, W, 3) uint8 -> uint8; one long run of noise is read from a random place."""
    while not _NOISE or len(_NOISE[0]) < 2 * image.size:
        length = max(_NOISE_LENGTH, 2 * image.size)
        noise = np.random.default_rng(20260).standard_normal(length, np.float32)
        _NOISE[:] = [np.clip(noise * 32, -127, 127).astype(np.int16)]
    start = int(rng.integers(len(_NOISE[0]) - image.size))
    noisy = _NOISE[0][start : start + image.size] * np.int16(round(strength * 8))
    noisy >>= 8
    noisy += image.reshape(-1)
    return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8).reshape(image.shape)


def _curve(effects):
    """Response to light, gamma and contrast: a table of 256 bytes."""
    value = 0.5 + effects.contrast * (_LIGHT ** np.float32(effects.gamma) - 0.5)
    return np.clip(value * 255 + 0.5, 0, 255).astype(np.uint8).tobytes()


def _weighted(before, here, after, side, middle, out):
    """(before * side + here * middle + after * side) / 128, into `out`."""
    total = before + after
    total *= side
    total += here * middle
    return np.right_shift(total, 7, out=out)


def _exposed(image, radius, effects):
    """Through a lens of the given blur radius in pixels onto the sensor: (H, W, 3) uint8 -> uint8.

    The blur is that of a box, made of passes of (side, middle, side) / 128 down and across; the last one has the gain.
    """
    height, width, _ = image.shape
    variance = radius * max(2.0, radius + 1.0) / 3
    passes = max(int(np.ceil(1.5 * variance - 1e-6)), 1)
    share = variance / (2 * passes)
    sides, middles = np.full(width * 3, round(128 * share), np.uint16), np.full(width * 3, 128, np.uint16)
    middles -= 2 * sides
    gain = np.tile(np.minimum(np.array(effects.gain), 2.0), width)
    padded, rows = np.empty((height + 2, width * 3), np.uint16), np.empty((height, width * 3 + 6), np.uint16)
    for step in range(passes):
        if step == 0:
            padded[1:-1] = image.reshape(height, -1)
        padded[0], padded[-1] = padded[1], padded[-2]
        _weighted(padded[:-2], padded[1:-1], padded[2:], sides[0], middles[0], rows[:, 3:-3])
        rows[:, :3], rows[:, -3:] = rows[:, 3:6], rows[:, -6:-3]
        if step == passes - 1:
            sides, middles = (np.round(gain * weights).astype(np.uint16) for weights in (sides, middles))
        soft = _weighted(rows[:, :-6], rows[:, 3:-3], rows[:, 6:], sides, middles, padded[1:-1])
    graded = np.minimum(soft, 255).astype(np.uint8).tobytes().translate(_curve(effects))
    return np.frombuffer(graded, np.uint8).reshape(image.shape)


def _shifted(image, motion_px, count):
    """Mean of `count` copies spread over `motion_px` (dx, dy): float32, same shape."""
    total = np.zeros(image.shape, np.float32)
    for share in np.linspace(-0.5, 0.5, count):
        total += np.roll(image, (round(share * motion_px[1]), round(share * motion_px[0])), axis=(0, 1))
    return total / count


def _smear(image, motion_px, moving):
    """Blur along a straight motion, of everything or of what is `moving` (H, W) bool only."""
    limit = 0.12 * min(image.shape[:2])
    length = float(np.hypot(*motion_px))
    motion_px = [v * min(1.0, limit / length) for v in motion_px]
    count = int(np.clip(np.ceil(length), 1, 8)) + 1
    blurred = _shifted(image, motion_px, count)
    if moving is None:
        return blurred.astype(np.uint8)
    share = np.minimum(1.5 * _shifted(moving, motion_px, count), 1.0)[:, :, None]
    return (image + share * (blurred - image)).astype(np.uint8)


def apply(frame, effects, rng, motion_px=None, moving=None):
    """Send a frame through a camera.

    Args:
        frame: (H, W, 3) uint8.
        effects: `Effects`.
        rng: numpy Generator, for the noise.
        motion_px: (dx, dy) in pixels, the motion while the shutter was open, or None.
        moving: (H, W) bool, what moved; None: all of the image (the camera).

    Returns:
        (H, W, 3) uint8.
    """
    if motion_px is not None and np.hypot(*motion_px) >= 1.0:
        frame = _smear(frame, motion_px, moving)
    radius = effects.softness_px * max(min(frame.shape[:2]) / 256.0, 0.7)
    image = _exposed(frame, radius, effects)
    if effects.grey:
        image = np.asarray(Image.fromarray(image).convert("L").convert("RGB"))
    if effects.noise >= 0.25:
        image = _add_noise(image, effects.noise, rng)
    if effects.quality:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=effects.quality)
        image = np.asarray(Image.open(buffer))
    return image
