"""The soft shadow of the solids on the floor.

Every solid stands for a capsule. Laid on the floor along the light it is a flat capsule again, whose edge is the wider
the higher it was; the darkest in each cell of a coarse map wins. A second map straight down darkens the floor below
feet.
"""

import numpy as np
from PIL import Image

SHADOW_CELLS = 32
SHADOW_REACH_MM = 2600.0
LEAST_RADIUS_MM = 32.0  # of what throws a shadow


def _casters(solids):
    """Capsules that stand for the solids that throw a shadow: ends (N, 2, 3) and radius (N,), world."""
    capsules, ellipsoids, boxes = solids.capsules, solids.ellipsoids, solids.boxes
    ends = [np.stack([capsules.a, capsules.b], axis=1)]
    radius = [0.5 * (capsules.ra + capsules.rb)]
    for centre, axes in ((ellipsoids.centre, ellipsoids.axes), (boxes.centre, boxes.rotation * boxes.half[:, None, :])):
        if len(centre):
            sizes = np.sqrt((axes * axes).sum(axis=1))  # (N, 3)
            rows, longest, middle = np.arange(len(sizes)), sizes.argmax(axis=1), np.sort(sizes, axis=1)[:, 1]
            shift = axes[rows, :, longest] * np.maximum(1 - middle / sizes[rows, longest], 0.0)[:, None]
            ends.append(np.stack([centre - shift, centre + shift], axis=1))
            radius.append(middle)
    ends, radius = np.concatenate(ends), np.concatenate(radius)
    return ends[radius > LEAST_RADIUS_MM], radius[radius > LEAST_RADIUS_MM]


def _shadow_field(ends, radius, direction, origin, cells, softness):
    """Covered share of each floor cell: (C, C) float32. The edge widens with the height of the caster."""
    step = np.float32(2 * SHADOW_REACH_MM / cells)
    drift = -np.asarray(direction[:2], np.float32) / np.float32(max(direction[2], 0.25))
    height = np.maximum(ends[:, :, 2], 0.0)  # (N, 2)
    on_floor = (ends[:, :, :2] + height[:, :, None] * drift - origin) / step  # (N, 2, 2) in cells
    start, along = on_floor[:, 0, :, None, None], (on_floor[:, 1] - on_floor[:, 0])[:, :, None, None]
    ticks = np.arange(cells, dtype=np.float32)
    px, py = ticks - start[:, 0], ticks[:, None] - start[:, 1]  # (N, 1, C), (N, C, 1)
    ax, ay = along[:, 0], along[:, 1]  # (N, 1, 1)
    inverse = 1 / np.maximum(ax * ax + ay * ay, np.float32(1e-6))
    t = px * (ax * inverse) + py * (ay * inverse)  # (N, C, C)
    np.clip(t, 0, 1, out=t)
    gap = t * -ax
    gap += px
    gap *= gap
    other = t * -ay
    other += py
    other *= other
    gap += other
    np.sqrt(gap, out=gap)
    size, edge = radius[:, None, None] / step, (30.0 + softness * height.mean(axis=1)[:, None, None]) / step
    gap *= -1 / edge
    gap += size / edge + 0.5
    np.clip(gap, 0, 1, out=gap)
    gap *= np.minimum(1.0, 1.5 * (size + 0.3) / (edge + 0.1))  # a thin limb high above hides little of a wide light
    return np.maximum.reduce(gap, axis=0)


def _shadow_map(scene, ends, radius):
    """Darkness of the floor round the solids, (C, C) float32, with its first corner (2,) and its step in mm."""
    middle = np.median(ends[:, :, :2].reshape(-1, 2), axis=0)
    origin = (middle - SHADOW_REACH_MM).astype(np.float32)
    near = np.abs(ends[:, :, :2] - middle).max(axis=(1, 2)) < 2 * SHADOW_REACH_MM
    ends, radius = ends[near].astype(np.float32), radius[near].astype(np.float32)
    dark = 0.75 * _shadow_field(ends, radius, scene.lights[0].direction, origin, SHADOW_CELLS, np.float32(0.10))
    low = ends[:, :, 2].min(axis=1) < 800.0
    if low.any():
        below = 0.8 * _shadow_field(
            ends[low], radius[low], (0.0, 0.0, 1.0), origin, SHADOW_CELLS // 2, np.float32(0.45)
        )
        dark = np.maximum(dark, np.asarray(Image.fromarray(below).resize(dark.shape, Image.Resampling.BILINEAR)))
    dark[[0, -1]] = 0
    dark[:, [0, -1]] = 0
    return dark, origin, np.float32(2 * SHADOW_REACH_MM / SHADOW_CELLS)


def floor_shadow(scene, ground):
    """A copy of the ground's colours with the soft shadow of the solids on the floor: (3, n) float32."""
    colour = ground.colour.copy()
    ends, radius = _casters(scene.solids)
    if scene.shadow <= 0 or not len(ground.floor) or not len(ends) or not scene.lights:
        return colour
    dark, origin, step = _shadow_map(scene, ends, radius)
    fine = 4  # cells are made smaller by interpolation, so that one lookup per ray is smooth enough
    large = Image.fromarray(dark).resize((SHADOW_CELLS * fine,) * 2, Image.Resampling.BILINEAR)
    keep = 1 - np.float32(scene.shadow) * np.asarray(large)
    cells = []
    for values, corner in ((ground.x, origin[0]), (ground.y, origin[1])):
        cell = (values - (corner - step / 2)) * np.float32(fine / step)
        cells.append(np.clip(cell, 0, SHADOW_CELLS * fine - 1, out=cell).astype(np.int32))
    cells[1] *= SHADOW_CELLS * fine
    cells[1] += cells[0]
    keep = np.take(keep.reshape(-1), cells[1])
    touched = np.flatnonzero(keep < 0.995)
    rays, keep = ground.floor[touched], keep[touched]
    for channel in range(3):
        colour[channel][rays] *= keep
    return colour
