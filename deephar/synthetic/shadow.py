"""The soft shadow of the solids on the floor.

Every solid stands for a capsule. Laid on the floor along the light it is a flat capsule again, whose edge is the wider
the higher it was; the darkest in each cell of a coarse map wins. What is low throws a second shadow straight down, so
that the floor below feet is dark.
"""

import numpy as np

from deephar.synthetic.rays import TILE

SHADOW_CELLS = 32
SHADOW_REACH_MM = 2600.0
STEP_MM = 2 * SHADOW_REACH_MM / SHADOW_CELLS
FINE = 4  # cells are made so much smaller by interpolation that one lookup per ray is smooth enough
LEAST_RADIUS_MM = 32.0  # of what throws a shadow
_FINER = (
    np.maximum(1 - np.abs((np.arange(SHADOW_CELLS * FINE)[:, None] + 0.5) / FINE - 0.5 - np.arange(SHADOW_CELLS)), 0)
    .astype(np.float32)
    .reshape(FINE, SHADOW_CELLS, SHADOW_CELLS)
)
_CELLS = np.stack([*np.mgrid[:SHADOW_CELLS, :SHADOW_CELLS][::-1], np.ones((SHADOW_CELLS, SHADOW_CELLS))])
_CELLS = _CELLS.reshape(3, -1).astype(np.float32)  # column, row and one of every cell


def _casters(packed, camera):
    """Capsules that stand for the solids that throw a shadow: ends (N, 2, 3) and radius (N,), world."""
    ends = packed.ends @ np.asarray(camera.R, np.float32) + np.asarray(camera.position, np.float32)
    radius, boxes = packed.bound.mean(axis=1), slice(packed.num_round, None)
    half = np.sort(packed.stretch[boxes], axis=1)
    middle = ends[boxes].mean(axis=1, keepdims=True)
    ends[boxes] = middle + (ends[boxes] - middle) * (1 - half[:, 1] / half[:, 2])[:, None, None]
    radius[boxes] = half[:, 1]
    chosen = radius > LEAST_RADIUS_MM
    return ends[chosen], radius[chosen]


def _darkness(ends, radius, drift, softness, strength):
    """Darkness of each cell, (C, C) float32, of casters (N,) with ends (N, 2, 3) in cells.

    Casters drift (N, 2) along the light with their height; so much wider, by `softness`, are their edges.
    """
    height = np.maximum(ends[:, :, 2], 0)
    start, end = (ends[:, :, :2] + height[:, :, None] * drift[:, None]).transpose(1, 2, 0)  # (2, N)
    ax, ay = end - start
    inverse = 1 / np.maximum(ax * ax + ay * ay, 1e-6)
    one = np.ones_like(ax)
    linear = np.empty((3, len(radius), 3), np.float32)  # of the cell: offset from the start, share of the way
    linear[0], linear[1] = np.stack([one, 0 * one, -start[0]], 1), np.stack([0 * one, one, -start[1]], 1)
    linear[2] = linear[0] * (ax * inverse)[:, None] + linear[1] * (ay * inverse)[:, None]
    px, py, share = linear @ _CELLS  # (N, C * C)
    np.clip(share, 0, 1, out=share)
    px -= share * ax[:, None]
    py -= share * ay[:, None]
    px *= px
    py *= py
    gap = np.sqrt(np.add(px, py, out=px), out=px)
    edge = 30 / STEP_MM + softness * height.mean(axis=1)
    # A thin limb high above hides little of a wide light.
    strength = strength * np.minimum(1, 1.5 * (radius + 0.3) / (edge + 0.1))
    gap *= (-strength / edge)[:, None]
    gap += (strength * (radius / edge + 0.5))[:, None]
    np.minimum(gap, strength[:, None], out=gap)
    return np.maximum(gap.max(axis=0), 0).reshape(SHADOW_CELLS, SHADOW_CELLS)


def _shadow_map(scene, ends, radius):
    """Darkness of the floor round the solids, along the light and straight down, (C, C); its first corner (2,) mm."""
    places = ends[:, :, :2].reshape(-1, 2)
    middle = np.sort(places, axis=0)[len(places) // 2]
    near = np.flatnonzero(np.abs(ends[:, :, :2] - middle).max(axis=(1, 2)) < 2 * SHADOW_REACH_MM)
    low = near[ends[near, :, 2].min(axis=1) < 800.0]
    chosen, below = np.concatenate([near, low]), np.repeat(np.float32([0, 1]), [len(near), len(low)])
    origin = (middle - SHADOW_REACH_MM).astype(np.float32)
    if not len(chosen):  # things that are far apart, none of them in their middle
        return np.zeros((SHADOW_CELLS, SHADOW_CELLS), np.float32), origin
    x, y, z = scene.lights[0].direction
    drift = (1 - below)[:, None] * (np.float32([-x, -y]) / np.float32(max(z, 0.25)))
    ends = ((ends[chosen] - [*origin, 0.0]) / STEP_MM).astype(np.float32)
    radius = (radius[chosen] / STEP_MM).astype(np.float32)
    dark = _darkness(ends, radius, drift, 0.10 + 0.35 * below, 0.75 + 0.05 * below)
    dark[[0, -1]] = 0
    dark[:, [0, -1]] = 0
    return dark, origin


def _reached(ground, dark, origin):
    """Which of the ground's floor tiles the shadow may touch: bool (m,)."""
    reached = np.ones(len(ground.floor), bool)
    for values, first, axis in ((ground.x, origin[0], 0), (ground.y, origin[1], 1)):
        cells = np.flatnonzero(dark.any(axis=axis))
        low, high = (cells[0] - 1, cells[-1] + 1) if len(cells) else (0, 0)
        corner = values[:, [0, TILE - 1, -TILE, -1]]
        reached &= (corner.max(axis=1) > first + low * STEP_MM) & (corner.min(axis=1) < first + high * STEP_MM)
    return reached


def floor_shadow(scene, packed, ground):
    """The ground's planes, in a copy where the soft shadow of the solids darkens the floor: (4, N, 64) float32."""
    planes = ground.planes.copy()
    ends, radius = _casters(packed, scene.camera)
    if scene.shadow <= 0 or not len(ground.floor) or not len(ends) or not scene.lights:
        return planes
    dark, origin = _shadow_map(scene, ends, radius)
    reached = _reached(ground, dark, origin)
    side = SHADOW_CELLS * FINE
    keep = 1 - np.float32(scene.shadow) * ((_FINER @ dark) @ _FINER.reshape(side, -1).T)
    cells = []
    for values, corner in ((ground.x, origin[0]), (ground.y, origin[1])):
        cell = values[reached]
        cell -= corner - np.float32(STEP_MM / 2)
        cell *= np.float32(FINE / STEP_MM)
        cells.append(np.clip(cell, 0, side - 1, out=cell).astype(np.int32))
    cells[1] *= side
    cells[1] += cells[0]
    planes[:3, ground.floor[reached]] *= np.take(keep.reshape(-1), cells[1])
    return planes
