"""Floors, walls, foliage and backdrops: repeating images drawn from a seed, a pool of each kind per split.

A texture costs some milliseconds, so it is drawn once per process and kept; a room picks two from the pool of its
split.
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from deephar.synthetic.palette import muted_colour, split_index
from deephar.synthetic.textures import GROUND, value_noise

POOL = 16  # textures of each kind in a split

FLOORS = ("wood", "tiles", "carpet", "concrete", "court")
LAWNS = ("grass", "sand", "asphalt", "court")
WALLS = ("plaster", "bricks", "panels", "posters", "clutter", "mirrors")
HORIZONS = ("foliage", "houses", "clutter")


def _fill(colour, noise, strength):
    """A colour made lighter and darker by noise in [0, 1]: (S, S, 3) float."""
    return np.asarray(colour) * (1 + strength * (2 * noise[..., None] - 1))


def _canvas(colour):
    image = Image.new("RGB", (GROUND, GROUND), tuple(int(255 * c) for c in np.clip(colour, 0, 1)))
    return image, ImageDraw.Draw(image)


def _rgb(colour):
    return tuple(int(v) for v in np.clip(np.asarray(colour) * 255, 0, 255))


def _wood(rng, split):
    planks = int(rng.choice([4, 8, 16]))
    base = muted_colour(rng, split, hue=(0.04, 0.12), saturation=(0.25, 0.6), value=(0.3, 0.85))
    grain = np.asarray(Image.fromarray(value_noise(rng, GROUND, 8, 5)).resize((GROUND * 6, GROUND)))[:, :GROUND]
    row = np.arange(GROUND) * planks // GROUND
    shade = 1 + 0.15 * rng.standard_normal(planks)
    image = _fill(base, grain, 0.2) * shade[row][:, None, None]
    image[np.arange(GROUND) % (GROUND // planks) == 0] *= 0.6
    return image


def _tiles(rng, split):
    count, first, second = int(rng.choice([2, 4, 8])), muted_colour(rng, split), muted_colour(rng, split)
    if rng.random() < 0.6:
        second = first * 0.92
    cell = GROUND // count
    row, column = np.mgrid[0:GROUND, 0:GROUND]
    odd = ((row // cell + column // cell) % 2)[..., None]
    image = np.where(odd, first, second) * (0.92 + 0.16 * value_noise(rng, GROUND, 4, 5)[..., None])
    image[(row % cell < 3) | (column % cell < 3)] *= rng.uniform(0.6, 1.2)
    return image


def _noisy(rng, split, strength=(0.05, 0.3), **colour):
    noise = value_noise(rng, GROUND, int(rng.choice([2, 4, 8])), 6, rng.uniform(0.5, 0.9))
    image = _fill(muted_colour(rng, split, **colour), noise, rng.uniform(*strength))
    return image * (1 + rng.uniform(0.0, 0.12) * rng.standard_normal((GROUND, GROUND, 1)))


def _carpet(rng, split):
    return _noisy(rng, split, saturation=(0.1, 0.6))


def _concrete(rng, split):
    return _noisy(rng, split, saturation=(0.0, 0.12))


def _grass(rng, split):
    return _noisy(rng, split, (0.2, 0.45), hue=(0.18, 0.33), saturation=(0.3, 0.7), value=(0.25, 0.7))


def _sand(rng, split):
    return _noisy(rng, split, hue=(0.05, 0.13), saturation=(0.15, 0.5), value=(0.5, 0.9))


def _asphalt(rng, split):
    return _noisy(rng, split, saturation=(0.0, 0.1), value=(0.2, 0.55))


def _court(rng, split):
    base = _noisy(rng, split, (0.02, 0.1), saturation=(0.2, 0.7))
    for _ in range(rng.integers(1, 4)):
        place, width = rng.integers(8, GROUND - 16), rng.integers(3, 8)
        index = np.s_[place : place + width] if rng.random() < 0.5 else np.s_[:, place : place + width]
        base[index] = 0.92
    return base


def _plaster(rng, split):
    image = _noisy(rng, split, (0.02, 0.12), saturation=(0.0, 0.35), value=(0.4, 0.97))
    if rng.random() < 0.5:
        low = int(GROUND * rng.uniform(0.55, 0.95))
        image[low:] *= muted_colour(rng, split)
    return image


def _bricks(rng, split):
    rows = int(rng.choice([8, 16, 32]))
    height, base = GROUND // rows, muted_colour(rng, split, hue=(-0.04, 0.12), saturation=(0.1, 0.6))
    row, column = np.mgrid[0:GROUND, 0:GROUND]
    course = row // height
    brick = ((column + (course % 2) * height) // (2 * height)) % (GROUND // (2 * height))
    tint = 1 + 0.15 * rng.standard_normal((rows, GROUND // (2 * height) + 1))
    image = base * tint[course, brick][..., None] * (0.9 + 0.2 * value_noise(rng, GROUND, 8, 5)[..., None])
    joint = (row % height < max(height // 8, 1)) | (
        (column + (course % 2) * height) % (2 * height) < max(height // 8, 1)
    )
    image[joint] = muted_colour(rng, split, saturation=(0.0, 0.1))
    return image


def _panels(rng, split):
    count, base = int(rng.choice([4, 8, 16])), muted_colour(rng, split)
    column = np.arange(GROUND) % (GROUND // count)
    profile = 1 + 0.12 * np.sin(column / (GROUND // count) * 2 * np.pi) - 0.3 * (column < 2)
    image = np.broadcast_to(base, (GROUND, GROUND, 3)) * profile[None, :, None]
    return image * (0.95 + 0.1 * value_noise(rng, GROUND, 4, 4)[..., None])


def _mirrors(rng, split):
    image, draw = _canvas(muted_colour(rng, split))
    for left in range(0, GROUND, GROUND // int(rng.choice([1, 2, 4]))):
        x0, y0, x1, y1 = left + 12, rng.integers(20, 80), left + rng.integers(50, 120), rng.integers(150, 220)
        draw.rectangle((x0 - 4, y0 - 4, x1 + 4, y1 + 4), fill=_rgb(muted_colour(rng, split) * 0.6))
        for step in range(8):
            colour = muted_colour(rng, split, hue=(0.5, 0.65), value=(0.5, 1.0))
            draw.rectangle((x0, y0 + (y1 - y0) * step // 8, x1, y1), fill=_rgb(colour * (0.8 + 0.05 * step)))
    return np.asarray(image, float) / 255


def _leaf(draw, rng, size, colour):
    x, y = rng.uniform(-20, GROUND + 20, 2)
    w, h = size * np.exp(rng.normal(0, 0.6, 2))
    kind = rng.integers(3)
    if kind == 0:
        draw.rectangle((x - w, y - h, x + w, y + h), fill=colour)
    elif kind == 1:
        draw.ellipse((x - w, y - h, x + w, y + h), fill=colour)
    else:
        angle = np.sort(rng.uniform(0, 2 * np.pi, 5))
        draw.polygon([(x + w * np.cos(a), y + h * np.sin(a)) for a in angle], fill=colour)


def _clutter(rng, split):
    """Shapes of all sizes over one another ("dead leaves"): the statistics of edges are those of photographs."""
    image, draw = _canvas(muted_colour(rng, split))
    for size in np.sort(60 * rng.random(220) ** 2.5 + 2)[::-1]:
        _leaf(draw, rng, size, _rgb(muted_colour(rng, split, saturation=(0.0, 0.8), value=(0.05, 1.0))))
    soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.0)))
    return np.asarray(soft, float) / 255 * (0.9 + 0.2 * value_noise(rng, GROUND, 4, 5)[..., None])


def _posters(rng, split):
    image = Image.fromarray((np.clip(_plaster(rng, split), 0, 1) * 255).astype(np.uint8))
    for _ in range(rng.integers(2, 6)):
        sheet = Image.fromarray((np.clip(_clutter(rng, split), 0, 1) * 255).astype(np.uint8))
        size = tuple(int(v) for v in rng.integers(24, 90, 2))
        image.paste(sheet.resize(size), tuple(int(v) for v in rng.integers(0, 170, 2)))
    return np.asarray(image, float) / 255


def _foliage(rng, split):
    leaves = value_noise(rng, GROUND, 8, 5, 0.9)
    base = muted_colour(rng, split, hue=(0.17, 0.36), saturation=(0.25, 0.6), value=(0.15, 0.6))
    return _fill(base, leaves, 0.7)


def _houses(rng, split):
    image, draw = _canvas(muted_colour(rng, split))
    for left in range(0, GROUND, 64):
        draw.rectangle((left, 0, left + 63, GROUND), fill=_rgb(muted_colour(rng, split)))
        glass, step = _rgb(muted_colour(rng, split, value=(0.1, 0.8))), int(rng.choice([12, 16, 20]))
        for x in range(left + 4, left + 58, step):
            for y in range(4, GROUND, step + 4):
                draw.rectangle((x, y, x + step // 2, y + step // 2 + 3), fill=glass)
    return np.asarray(image, float) / 255


@lru_cache(maxsize=1024)
def ground_texture(kind, split, index):
    """Texture number `index` of a kind ('wood', 'grass', ...) in a split: (S, S, 3) uint8, everywhere the same."""
    kinds = sorted({*FLOORS, *LAWNS, *WALLS, *HORIZONS})
    if kind not in kinds:
        raise ValueError(f"`kind` must be one of {kinds}. Received: {kind!r}")
    rng = np.random.default_rng([7919, kinds.index(kind), split_index(split), int(index)])
    return (np.clip(globals()[f"_{kind}"](rng, split), 0, 1) * 255).astype(np.uint8)


@lru_cache(maxsize=64)
def cloud_texture(split, index):
    """How much cloud is where in the sky: (S, S) uint8."""
    rng = np.random.default_rng([7920, split_index(split), int(index)])
    noise = value_noise(rng, GROUND, 2, 7, 0.6)
    return (255 * np.clip((noise - rng.uniform(0.35, 0.6)) * rng.uniform(1.5, 4.0), 0, 1)).astype(np.uint8)


@lru_cache(maxsize=64)
def skyline(split, index):
    """Height of what stands at the horizon, once around: (A,) float32, the tangent of its elevation."""
    rng = np.random.default_rng([7921, split_index(split), int(index)])
    if rng.random() < 0.6:
        line = value_noise(rng, GROUND, 8, 6, 0.7)[0]
    else:
        line = np.repeat(rng.random(32), 8)
    return (rng.uniform(0.03, 0.25) * line + rng.uniform(0.0, 0.05)).astype(np.float32)
