"""From a scene to pixels: nearest solids, then one pass of light and texture over the pixels they cover.

    surroundings ------------------------------> colour, distance of floor, walls, sky      (environment.py)
    solids -> nearest solid per ray ----------->                                            (rasterise.py)
              -> covered pixels: normal, pattern coordinates -> texture x light -> colour
    floor  -> soft shadow of the solids                                                     (shadow.py)
    -> Rendered(frame, depth, part)

About 40 solids take a few milliseconds at 256 x 256; colours are display values and light is applied as its square root
(a gamma of two).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deephar.synthetic.environment import draw_surroundings, in_focus, interleave, unpack
from deephar.synthetic.rasterise import nearest, pack
from deephar.synthetic.rays import PLACE, TILE, Grid, grid_of
from deephar.synthetic.scene import PART_NONE
from deephar.synthetic.shadow import floor_shadow
from deephar.synthetic.textures import CLOTH, LEVELS, material_textures


@dataclass(frozen=True)
class Rendered:
    """An image and what is known of every pixel."""

    frame: np.ndarray  # (H, W, 3) uint8
    grid: Grid
    depths: np.ndarray  # (N * 64,) depth in tile order
    parts: np.ndarray  # (N * 64,) part in tile order

    @cached_property
    def depth(self):
        """(H, W) float32, mm along the camera's z; inf where nothing is."""
        return np.ascontiguousarray(self.grid.untile(self.depths))

    @cached_property
    def part(self):
        """(H, W) int16, part of the nearest solid, -1 for the surroundings."""
        return np.ascontiguousarray(self.grid.untile(self.parts))

    def at(self, column, row):
        """Depth and part in pixels (n,)."""
        tile = (row // TILE) * self.grid.tiles[0] + column // TILE
        place = (tile * TILE + row % TILE) * TILE + column % TILE
        return self.depths[place], self.parts[place]


def _surface(packed, solid, rays, distance):
    """Normal (camera space), local point and local normal of covered pixels, each three arrays (n,)."""
    matrix = np.take(packed.to_local.reshape(-1, 9).T.copy(), solid, axis=1)  # (9, n)
    x, y = rays[0] * distance, rays[1] * distance
    local = [
        matrix[3 * i] * x + matrix[3 * i + 1] * y + matrix[3 * i + 2] * distance + packed.start[i].take(solid)
        for i in range(3)
    ]
    spread = packed.length**2 - (packed.ra - packed.rb) ** 2
    scale = np.where(packed.length > 0, packed.length / np.maximum(spread, 1e-6), 0.0)
    shift = scale * packed.ra * (packed.ra - packed.rb) / np.maximum(packed.length, 1e-6)
    along = np.clip(local[2] * scale[solid] - shift[solid], 0.0, 1.0) * packed.length[solid]
    normal = [local[0], local[1], local[2] - along]
    if packed.num_round < len(packed.part):
        box = np.flatnonzero(solid >= packed.num_round)
        cube = np.stack([axis[box] for axis in local])  # (3, n)
        face = np.abs(cube).argmax(axis=0)
        for axis in range(3):
            normal[axis][box] = np.where(face == axis, np.sign(cube[axis]), 0.0)
    camera = [matrix[i] * normal[0] + matrix[3 + i] * normal[1] + matrix[6 + i] * normal[2] for i in range(3)]
    inverse = 1.0 / np.sqrt(camera[0] ** 2 + camera[1] ** 2 + camera[2] ** 2 + 1e-12)
    return [axis * inverse for axis in camera], local, normal


def _texel_maps(packed, materials):
    """Per solid: texture row = r0 + r1 * local z, column = c0 + c1 * angle, in texels."""
    chart = np.array([m.chart for m in materials])[packed.material]
    scale = np.array([m.scale for m in materials], np.float32)[packed.material]
    total = np.where(packed.length > 0, packed.length + packed.ra + packed.rb, 2.0)
    bottom = np.where(packed.length > 0, packed.ra, 1.0)
    turn = np.where(chart, CLOTH / (2 * np.pi), packed.stretch[:, 1] * CLOTH / scale) * packed.stretch[:, 0]
    flip = packed.stretch[:, 0] < 0
    rise = np.where(chart, np.where(flip, 1, -1) * CLOTH / total, packed.stretch[:, 2] * CLOTH / scale)
    start = np.where(chart, np.where(flip, bottom, total - bottom) * CLOTH / total, 0.0)
    return (a.astype(np.float32) for a in (start, rise, np.where(chart, CLOTH / 2, 0.0), turn))


def _texels(packed, materials, solid, local, normal):
    """Row and column into the texture of every covered pixel: int arrays (n,)."""
    start, rise, middle, turn = _texel_maps(packed, materials)
    angle = np.arctan2(local[1], local[0])
    row = start[solid] + rise[solid] * local[2]
    column = middle[solid] + turn[solid] * angle
    if packed.num_round < len(packed.part):
        box = np.flatnonzero(solid >= packed.num_round)
        which = solid[box]
        scale = np.array([m.scale for m in materials], np.float32)[packed.material[which]]
        half = packed.stretch[which] * (CLOTH / scale)[:, None]
        x, y, z = (local[i][box] * half[:, i] for i in range(3))
        on_x, on_z = normal[0][box] != 0, normal[2][box] != 0
        row[box] = np.where(on_z, y, z)
        column[box] = np.where(on_x, y, x)
    return row.astype(np.int32) & (CLOTH - 1), column.astype(np.int32) & (CLOTH - 1)


def _look_up(packed, materials, solid, row, column, focal):
    """Packed texels (n,) of covered pixels, from textures at the level that suits the distance of their material."""
    depth = np.full(len(materials), 1e6, np.float32)
    np.minimum.at(depth, packed.material, np.maximum(packed.origin[:, 2], 300.0))
    chart, scale = (np.array([getattr(m, name) for m in materials], np.float32) for name in ("chart", "scale"))
    level = np.clip(np.round(np.log2(depth / focal * CLOTH / scale)), 0, np.where(chart > 0, 1, LEVELS - 1))
    level = level.astype(np.int32)
    used = np.flatnonzero(np.bincount(packed.material[np.flatnonzero(np.bincount(solid))]))
    textures = material_textures([materials[index] for index in used.tolist()], level[used].tolist())
    start = np.zeros(len(materials), np.int32)
    start[used[1:]] = np.cumsum([texture.size for texture in textures])[:-1]
    level, start = level[packed.material].take(solid), start[packed.material].take(solid)
    row >>= level
    column >>= level
    row <<= CLOTH.bit_length() - 1 - level
    row += column
    row += start
    return np.concatenate([texture.reshape(-1) for texture in textures]).take(row)


def _light(scene, normal, rays, specular):
    """Light arriving at and shining from each covered pixel: shade (3, n) linear and gloss (n,)."""
    R = np.asarray(scene.camera.R, np.float32)
    up = R[:, 2]
    sky = 0.75 + 0.25 * (normal[0] * up[0] + normal[1] * up[1] + normal[2] * up[2])
    shade = np.asarray(scene.ambient, np.float32)[:, None] * sky  # (3, n)
    gloss = np.zeros_like(sky)
    facing = normal[0] * rays[0] + normal[1] * rays[1] + normal[2] * rays[2]
    for light in scene.lights:
        direction = (R @ np.asarray(light.direction, np.float32)).astype(np.float32)
        direct = normal[0] * direction[0] + normal[1] * direction[1] + normal[2] * direction[2]
        strength = np.asarray(light.colour, np.float32)
        shade += strength[:, None] * np.maximum(direct, 0.0)
        reflected = direction[0] * rays[0] + direction[1] * rays[1] + direction[2] * rays[2] - 2 * facing * direct
        np.maximum(reflected, 0, out=reflected)
        for _ in range(4):  # to the 16th power
            reflected *= reflected
        gloss += reflected * strength.mean()
    # Seen edge-on a surface is darker, as if the air between limb and body let less light in: it parts arm from chest.
    shade *= np.float32(0.66) - np.float32(0.34) * facing
    return shade, gloss * specular


def _shade_solids(scene, packed, grid, solid, distance, focal):
    """Colours (3, n) float32 in [0, 255] of the covered pixels."""
    materials = scene.solids.materials
    which, rays = solid[1], [(axis @ PLACE).reshape(-1).take(solid[0]) for axis in grid.rays[:2]]
    normal, local, local_normal = _surface(packed, which, rays, distance)
    row, column = _texels(packed, materials, which, local, local_normal)
    texels = _look_up(packed, materials, which, row, column, focal)
    specular = np.array([m.specular for m in materials], np.float32)[packed.material].take(which)
    rays.append(1 / np.sqrt(rays[0] * rays[0] + rays[1] * rays[1] + 1))
    rays = [rays[0] * rays[2], rays[1] * rays[2], rays[2]]
    shade, gloss = _light(scene, normal, rays, specular)
    colour = unpack(texels)
    colour *= np.sqrt(shade)
    colour += gloss * np.float32(255)
    return colour


def render(scene, size=None):
    """Draw `scene` as an image of `size` (width, height), by default the camera's own.

    Args:
        scene: `scene.Scene`.
        size: (width, height) in pixels; the camera's intrinsics are scaled to it.

    Returns:
        `Rendered`: `frame` (H, W, 3) uint8, `depth` (H, W) float32 mm along the camera's z axis (inf in the sky),
        `part` (H, W) int16 (-1 where floor, wall or sky is seen). The same scene gives the same bytes.

    Raises:
        ValueError: unknown `kind` of surroundings or `pattern` of a material.
    """
    size = tuple(int(v) for v in (size or scene.camera.size))
    grid = grid_of(scene.camera, size)
    packed = pack(scene.solids, scene.camera)
    ground = draw_surroundings(scene, grid)
    distance, solid = nearest(packed, grid)
    planes = in_focus(ground, floor_shadow(scene, packed, ground), grid).reshape(4, -1)
    distance = distance.reshape(-1)
    with np.errstate(divide="ignore"):
        depth = 1 / planes[3]
    covered = np.flatnonzero(distance < depth)
    distance, solid = distance[covered], solid.reshape(-1)[covered]
    part = np.full(len(depth), PART_NONE, np.int16)
    if len(covered):
        focal = float(scene.camera.f[0]) * size[0] / scene.camera.size[0]
        shaded = _shade_solids(scene, packed, grid, (covered, solid), distance, focal)
        for channel in range(3):
            planes[channel][covered] = shaded[channel]
        depth[covered] = distance
        part[covered] = packed.part[solid]
    return Rendered(np.ascontiguousarray(grid.untile(interleave(planes[:3]))), grid, depth, part)
