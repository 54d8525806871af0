"""Small repeating textures: cloth patterns by name and seed, all with coarser levels.

A texture is kept as packed pixels (uint32, bytes R G B 0), so that one lookup fetches a whole colour. Coarser levels
(averaged over 2, 4, 8... texels) replace fine ones in the distance, where a fine pattern would only flicker.
"""

from collections import OrderedDict
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

CLOTH = 64  # texels of a cloth, face or print
GROUND = 256  # texels of a floor or a wall
LEVELS = 5

PLAIN_SEEDS = 16  # folds in plain cloth: a few do

_RAMP = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
_KEPT = OrderedDict()  # (id of a material, level) -> (material, packed texture)
_KEPT_MOST = 256


def pack_pixels(image):
    """(..., 3) uint8 -> (...,) uint32."""
    filled = np.zeros(image.shape[:-1] + (4,), np.uint8)
    filled[..., :3] = image
    return filled.view(np.uint32)[..., 0]


def coarser(image, level):
    """An image (S, S[, 3]) uint8 averaged over squares of 2 ** level texels: S >> level texels a side."""
    return np.asarray(Image.fromarray(image).reduce(1 << level)) if level > 0 else image


def value_noise(rng, side, first=2, octaves=5, falloff=0.6):
    """Smooth repeating noise in [0, 1]: (side, side) float32, a sum of random grids made larger."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        cells = first << octave
        if cells > side:
            break
        grid = rng.random((cells, cells), np.float32)
        grid = np.pad(grid, 2, mode="wrap")
        large = side // cells
        up = Image.fromarray(grid).resize(((cells + 4) * large,) * 2, Image.Resampling.BICUBIC)
        total += falloff**octave * np.asarray(up)[2 * large : 2 * large + side, 2 * large : 2 * large + side]
    total -= total.min()
    return total / max(float(total.max()), 1e-6)


def _print(rng):
    """A shirt print around the middle column of a chart: a number, letters, a disc or a polygon; (S, S) in [0, 1]."""
    image = Image.new("L", (CLOTH * 2, CLOTH * 2), 0)
    draw = ImageDraw.Draw(image)
    x, y, r = CLOTH, CLOTH * rng.uniform(0.75, 1.0), CLOTH * rng.uniform(0.22, 0.38)
    kind = rng.integers(4)
    if kind == 0:
        draw.ellipse((x - 0.7 * r, y - r, x + 0.7 * r, y + r), fill=255)
        draw.ellipse((x - 0.3 * r, y - 0.5 * r, x + 0.3 * r, y + 0.5 * r), fill=int(rng.integers(0, 160)))
    elif kind == 1:
        draw.text((x, y), str(rng.integers(1, 99)), fill=255, anchor="mm", font_size=2.2 * r)
    elif kind == 2:
        corners = [
            (x + 0.75 * r * np.cos(a), y + r * np.sin(a))
            for a in rng.uniform(0, 2 * np.pi) + np.arange(5) * 4 * np.pi / 5
        ]
        draw.polygon(corners, fill=255)
    else:
        letters = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUXYZ"), rng.integers(3, 6)))
        draw.text((x, y), letters, fill=255, anchor="mm", font_size=0.9 * r)
        draw.rectangle((x - r, y + 0.6 * r, x + r, y + 0.75 * r), fill=255)
    return np.asarray(image.resize((CLOTH, CLOTH), Image.Resampling.BOX), np.float32) / 255


def _draw_mask(pattern, seed):
    """How much of the second colour each texel of a cloth has: (S, S) in [0, 1]; rows run along the limb."""
    rng = np.random.default_rng([seed, 71])
    row, column = np.mgrid[0:CLOTH, 0:CLOTH] / CLOTH
    if pattern == "plain":
        return value_noise(rng, CLOTH, 2, 5, 0.5)
    if pattern == "stripes":
        wave = (row if seed % 2 else column) % 1.0
        mask = (wave < rng.uniform(0.25, 0.6)).astype(np.float32)
        return mask if seed % 3 else np.clip(mask - 0.6 * (np.abs(wave - 0.8) < 0.05), 0, 1)
    if pattern == "checks":
        width = rng.uniform(0.3, 0.6)
        return 0.5 * ((row < width).astype(np.float32) + (column < width))
    if pattern == "noise":
        noise = value_noise(rng, CLOTH, 2 << seed % 3, 4)
        return np.clip((noise - 0.5) * rng.uniform(1.5, 8.0) + 0.5, 0, 1)
    if pattern == "print":
        return _print(rng)
    raise ValueError(f"`pattern` must be plain, stripes, checks, noise or print. Received: {pattern!r}")


@lru_cache(maxsize=1024)
def cloth_masks(pattern, seed):
    """Share of the second colour in each texel of a cloth: uint8 for every level, (S, S), (S / 2, S / 2), ..."""
    mask = np.clip(_draw_mask(pattern, seed) * 255, 0, 255).astype(np.uint8)
    return [coarser(mask, level) for level in range(LEVELS)]


def _ramps(materials):
    """From the first to the second colour of each material in 256 steps: packed, (M, 256) uint32."""
    ends = np.array([(material.colour, material.second) for material in materials], np.float32) * 255  # (M, 2, 3)
    np.clip(ends, 0, 255, out=ends)
    blend = np.zeros((len(materials), 256, 4), np.uint8)
    blend[..., :3] = _RAMP * (ends[:, 1:] - ends[:, :1]) + ends[:, :1]
    return blend.view(np.uint32)[..., 0]


def material_textures(materials, levels):
    """The packed textures (S >> level, S >> level) uint32 of materials; the last ones are kept.

    Args:
        materials: sequence of `scene.Material`.
        levels: for each how much coarser, from 0.

    Returns:
        List of arrays.
    """
    found, new = [None] * len(materials), []
    for index, (material, level) in enumerate(zip(materials, levels, strict=True)):
        kept = _KEPT.get((id(material), level))
        if kept is not None and kept[0] is material:
            found[index] = kept[1]
        elif material.texture is not None:
            found[index] = pack_pixels(coarser(np.asarray(material.texture, np.uint8), level))
            _KEPT[id(material), level] = (material, found[index])
        else:
            new.append(index)
    ramps = _ramps([materials[index] for index in new]) if new else ()
    for index, ramp in zip(new, ramps, strict=True):
        material, level = materials[index], levels[index]
        seed = int(material.seed) % PLAIN_SEEDS if material.pattern == "plain" else int(material.seed)
        found[index] = ramp.take(cloth_masks(material.pattern, seed)[level])
        _KEPT[id(material), level] = (material, found[index])
    while len(_KEPT) > _KEPT_MOST:
        _KEPT.popitem(last=False)
    return found
