"""Floor, walls and sky for every ray of a picture.

A room is seen from inside: each ray leaves it through the nearest of the planes it runs towards. Outdoors there is a
floor up to a haze, a line of trees or houses and a sky. A picture fills the frame; its floor is only there to catch a
shadow.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from PIL import Image

from deephar.synthetic.textures import GROUND, LEVELS, pack_pixels

FAR_MM = 60000.0
GROUND_BITS = GROUND.bit_length() - 1
_OFFSETS = np.cumsum([0] + [(GROUND >> level) ** 2 for level in range(LEVELS - 1)]).astype(np.int32)

_LEVELS = OrderedDict()  # id of a texture -> (texture, packed levels)
_GROUNDS = OrderedDict()  # what was drawn for the last few (surroundings, camera, size)


@dataclass(frozen=True)
class Ground:
    """The surroundings of one picture in tile order (n = number of rays)."""

    colour: np.ndarray  # (3, n) float32, display values 0..255
    distance: np.ndarray  # (n,) float32 mm along the ray, inf in the sky
    floor: np.ndarray  # (m,) rays that reach the floor
    x: np.ndarray  # (m,) where they reach it, mm
    y: np.ndarray


def _remember(store, key, value, most):
    store[key] = value
    while len(store) > most:
        store.popitem(last=False)
    return value


def ground_levels(texture):
    """A large texture and its halves, quarters, ... packed one after the other and kept: (sum of squares,) uint32."""
    key = id(texture)
    if key in _LEVELS and _LEVELS[key][0] is texture:
        return _LEVELS[key][1]
    image = Image.fromarray(texture)
    sides = [image if level == 0 else image.reduce(1 << level) for level in range(LEVELS)]
    levels = np.concatenate([pack_pixels(np.asarray(side)).reshape(-1) for side in sides])
    return _remember(_LEVELS, key, (texture, levels), 512)[1]


def _level(footprint):
    """Texture level from the size of a pixel in texels: floor of log2, read from the float's exponent."""
    exponent = (np.maximum(footprint, 1.0).view(np.int32) >> 23) - 127
    return np.minimum(exponent, LEVELS - 1)


def _lookup(texture, u, v, footprint):
    """Packed texels at (u, v) in texels, repeated: (n,) uint32."""
    column, row, level = u.astype(np.int32), v.astype(np.int32), _level(footprint)
    column &= GROUND - 1
    row &= GROUND - 1
    column >>= level
    row >>= level
    row <<= GROUND_BITS - level
    row += column
    row += np.take(_OFFSETS, level)
    return np.take(ground_levels(texture), row)


def plane_light(scene, normal):
    """Square root of the light on a plane of the given world normal: (3,) float32."""
    total = np.asarray(scene.ambient, np.float32) * (0.75 + 0.25 * normal[2])
    for light in scene.lights:
        facing = max(float(np.dot(normal, light.direction)), 0.0)
        total = total + facing * np.asarray(light.colour, np.float32)
    return np.sqrt(total)


def unpack(texels):
    """Packed texels (n,) as three channels: (3, n) float32 in [0, 255]."""
    channels = np.empty((3,) + texels.shape, np.float32)
    for index in range(3):
        channels[index] = (texels >> np.uint32(8 * index)) & np.uint32(255)
    return channels


def _lit(texels, light):
    """Packed texels (n,) times the light of their plane (3,): (3, n) float32."""
    colour = unpack(texels)
    colour *= np.asarray(light, np.float32)[:, None]
    return colour


def _room(scene, rays, focal):
    """Colours and distances inside a room."""
    around, position = scene.surroundings, np.asarray(scene.camera.position, np.float32)
    low = np.array([around.bounds[0], around.bounds[2], 0.0], np.float32)
    high = np.array([around.bounds[1], around.bounds[3], around.bounds[4]], np.float32)
    times = []
    for axis in range(3):
        gap = np.where(rays[axis] > 0, high[axis] - position[axis], low[axis] - position[axis])
        gap /= np.where(rays[axis] == 0, np.float32(1e-9), rays[axis])
        times.append(np.abs(gap, out=gap))
    distance = np.minimum(np.minimum(times[0], times[1]), times[2])
    on_z, on_x = times[2] <= distance, times[0] <= distance
    points = [rays[axis] * distance + position[axis] for axis in range(3)]
    floor = on_z & (rays[2] < 0)
    colour = np.empty((3, len(distance)), np.float32)
    walls = np.flatnonzero(~floor)
    scale, far = np.float32(GROUND / around.wall_scale), distance[walls]
    wall_x, wall_z = on_x[walls], on_z[walls]
    u = np.where(wall_x, points[1][walls], points[0][walls])
    v = np.where(wall_z, points[1][walls], high[2] - points[2][walls])
    u *= scale
    v *= scale
    texels = _lookup(around.wall, u, v, far * (scale / np.float32(focal)))
    # the ceiling has no pattern: its texels come from the first cell of the coarsest level
    texels[wall_z] = ground_levels(around.wall)[-1]
    towards = np.where(wall_x, rays[0][walls], rays[1][walls]) > 0
    plane = np.where(wall_z, 4, np.where(wall_x, 0, 2) + towards).astype(np.int32)
    normals = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, -1)]
    table = np.stack([plane_light(scene, np.array(n, float)) for n in normals]).astype(np.float32)  # (5, 3)
    shade = unpack(texels)
    for channel in range(3):
        shade[channel] *= np.take(table[:, channel], plane)
        colour[channel][walls] = shade[channel]
    return colour, distance, np.flatnonzero(floor), points


def _sky(around, x, y, z):
    """Colours of rays that meet nothing: (3, n) float32, from the horizon to the zenith, with clouds."""
    height = np.clip(z * np.float32(1.6), 0, 1)
    zenith, horizon = (np.asarray(c, np.float32) * 255 for c in around.sky)
    sky = horizon[:, None] + (zenith - horizon)[:, None] * height
    if around.clouds is not None:
        lift = np.float32(110.0) / (np.maximum(z, 0) + np.float32(0.12))
        index = ((y * lift).astype(np.int32) & 255) * 256 + ((x * lift).astype(np.int32) & 255)
        cover = np.take(around.clouds.reshape(-1), index) * np.float32(1 / 255)
        sky += cover * (250.0 - sky)
    return sky


def _outdoor(scene, rays, focal):
    """Colours and distances outdoors: sky with clouds, a line of trees, the floor up to the haze."""
    around, position = scene.surroundings, np.asarray(scene.camera.position, np.float32)
    distance = -position[2] / np.minimum(rays[2], np.float32(-1e-6))
    reached = distance < FAR_MM
    distance[~reached] = np.inf
    colour = np.empty((3, len(distance)), np.float32)
    above = np.flatnonzero(~reached)
    if len(above):
        x, y, z = (rays[axis][above] for axis in range(3))
        sky = _sky(around, x, y, z)
        if around.skyline is not None:
            turn = np.arctan2(y, x) * np.float32(len(around.skyline) / (2 * np.pi))
            below = np.flatnonzero(z < around.skyline[turn.astype(np.int32) % len(around.skyline)])
            scale = np.float32(GROUND / around.wall_scale * 20000.0)
            u, v = turn[below] * (scale * np.float32(2 * np.pi / len(around.skyline))), z[below] * -scale
            texels = _lookup(around.wall, u, v, np.full_like(u, scale / focal))
            sky[:, below] = _lit(texels, plane_light(scene, np.array([0.0, 0.0, 0.3])))
        for channel in range(3):
            colour[channel][above] = sky[channel]
    floor = np.flatnonzero(reached)
    points = [rays[axis] * np.where(reached, distance, np.float32(0)) + position[axis] for axis in range(2)]
    return colour, distance, floor, points


def _picture(scene, rays, grid):
    """A given picture fills the frame; rays that point down reach a floor nobody sees."""
    image = Image.fromarray(scene.surroundings.picture).resize(grid.size, Image.Resampling.BILINEAR)
    colour = np.ascontiguousarray(grid.tile(np.asarray(image)).T, np.float32)
    distance = np.full(colour.shape[1], np.inf, np.float32)
    floor = np.flatnonzero(rays[2] < -0.02)
    to_floor = np.zeros(colour.shape[1], np.float32)
    to_floor[floor] = np.float32(-scene.camera.position[2]) / rays[2][floor]
    return (
        colour,
        distance,
        floor,
        [rays[axis] * to_floor + np.float32(scene.camera.position[axis]) for axis in range(2)],
    )


def _paint_floor(scene, colour, distance, floor, points, focal):
    """Texture and light of the floor, fading into the haze outdoors."""
    around = scene.surroundings
    scale = np.float32(GROUND / around.floor_scale)
    x, y, far = points[0][floor], points[1][floor], distance[floor]
    slant = far / np.float32(max(abs(scene.camera.position[2]), 100.0))  # 1 / cosine
    texels = _lookup(around.floor, x * scale, y * scale, far * slant * np.float32(0.5 * scale / focal))
    shade = _lit(texels, plane_light(scene, np.array([0.0, 0.0, 1.0])))
    haze = np.sqrt(far * np.float32(1 / FAR_MM)) if around.kind == "outdoor" else None
    for channel in range(3):
        if haze is not None:
            shade[channel] += haze * (np.float32(around.sky[1][channel] * 235) - shade[channel])
        colour[channel][floor] = shade[channel]


def interleave(colour):
    """Three planes of colour to pixels: (3, n) float32 -> (n, 3) uint8."""
    pixels = np.empty((colour.shape[1], 3), np.uint8)
    for channel in range(3):
        pixels[:, channel] = np.clip(colour[channel], 0, 255)
    return pixels


def _soften(colour, grid, softness):
    """The same colours out of focus: made smaller and larger again."""
    picture = grid.untile(interleave(colour))
    small = Image.fromarray(picture).reduce(softness)
    return np.ascontiguousarray(grid.tile(np.asarray(small.resize(grid.size, Image.Resampling.BICUBIC))).T, np.float32)


def draw_surroundings(scene, grid):
    """The `Ground` of a scene; kept while surroundings, camera and lights stay the same objects or values."""
    around, camera = scene.surroundings, scene.camera
    pose = np.concatenate([np.asarray(camera.R).ravel(), np.asarray(camera.position).ravel()]).astype(np.float64)
    key = (id(around), id(grid), pose.tobytes(), repr(scene.lights), repr(scene.ambient))
    if key in _GROUNDS and _GROUNDS[key][0] is around and _GROUNDS[key][1] is grid:
        return _GROUNDS[key][2]
    R = np.asarray(camera.R, np.float32)
    x, y, z = grid.rays.reshape(3, -1)
    rays = [
        R[0, axis] * x + R[1, axis] * y + R[2, axis] * z for axis in range(3)
    ]  # in the world; BLAS is slower for 3 x n
    focal = float(camera.f[0]) * grid.size[0] / camera.size[0]
    if around.kind == "picture":
        colour, distance, floor, points = _picture(scene, rays, grid)
    elif around.kind in ("room", "outdoor"):
        colour, distance, floor, points = (_room if around.kind == "room" else _outdoor)(scene, rays, focal)
        _paint_floor(scene, colour, distance, floor, points, focal)
    else:
        raise ValueError(f"`kind` of Surroundings must be 'room', 'outdoor' or 'picture'. Received: {around.kind!r}")
    if around.softness > 1:
        colour = _soften(colour, grid, int(around.softness))
    ground = Ground(colour, distance.astype(np.float32, copy=False), floor, points[0][floor], points[1][floor])
    return _remember(_GROUNDS, key, (around, grid, ground), 4)[2]
