"""Floor, walls and sky for every ray of an image.

All of it is planes. The reciprocal of the depth of a plane is linear in the ray; the nearest plane has the largest. A
tile at whose corners one plane is nearest shows that plane alone; few tiles show more. A room is seen from inside.
Outdoors there is a floor up to a haze, a line of trees or houses and a sky. An image fills the frame; its floor is
only there to catch a shadow.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from deephar.synthetic.rays import CORNERS, PLACE, TILE, Grid, grid_of
from deephar.synthetic.textures import GROUND, LEVELS, pack_pixels

FAR_MM = 60000.0
GROUND_BITS = GROUND.bit_length() - 1
_ALL_LEVELS = np.int32(GROUND * GROUND * 4 // 3)  # 1 + 1 / 4 + 1 / 16 + ...

_LEVELS = OrderedDict()  # id of a texture -> (texture, packed levels)
_GROUNDS = OrderedDict()  # what was drawn for the last few (surroundings, camera, size)


@dataclass(frozen=True)
class Ground:
    """The surroundings of one image in tile order."""

    grid: Grid  # coarser than the image where the surroundings are out of focus
    planes: np.ndarray  # (4, N, 64) float32: display values 0..255 and 1 / depth, 0 in the sky
    floor: np.ndarray  # (m,) tiles that show the floor
    x: np.ndarray  # (m, 64) where their rays reach it, mm; far away for rays that do not
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
    """Packed texels at (u, v) in texels, repeated: uint32 of the same shape."""
    column, row, level = u.astype(np.int32), v.astype(np.int32), _level(footprint)
    column &= GROUND - 1
    row &= GROUND - 1
    column >>= level
    row >>= level
    row <<= GROUND_BITS - level
    row += column
    row += _ALL_LEVELS - (_ALL_LEVELS >> (level << 1))  # texels of the finer levels
    return np.take(ground_levels(texture), row)


def plane_light(scene, normal):
    """Square root of the light on a plane of the given world normal: (3,) float32."""
    total = np.asarray(scene.ambient, np.float32) * (0.75 + 0.25 * normal[2])
    for light in scene.lights:
        facing = max(float(np.dot(normal, light.direction)), 0.0)
        total = total + facing * np.asarray(light.colour, np.float32)
    return np.sqrt(total)


def unpack(texels):
    """Packed texels (...) as three channels: (3, ...) float32 in [0, 255]."""
    channels = np.empty((3,) + texels.shape, np.float32)
    for index in range(3):
        channels[index] = (texels >> np.uint32(8 * index)) & np.uint32(255)
    return channels


def _room_planes(bounds):
    """Floor, ceiling and walls as (axis, place); even ones face the positive direction of their axis."""
    x0, x1, y0, y1, height = bounds
    return [(2, 0.0), (2, height), (0, x0), (0, x1), (1, y0), (1, y1)]


def _sky(around, x, y, z):
    """Colours of rays (unit directions) that meet nothing: (3, n, 64) float32, horizon to zenith, with clouds."""
    height = np.clip(z * np.float32(1.6), 0, 1)
    cover = None
    if around.clouds is not None:
        lift = np.float32(110.0) / (np.maximum(z, 0) + np.float32(0.12))
        index = (y * lift).astype(np.int32) & 255
        index <<= 8
        index += (x * lift).astype(np.int32) & 255
        cover = np.take(around.clouds.reshape(-1), index) * np.float32(1 / 255)
    sky = np.empty((3,) + z.shape, np.float32)
    for channel, (zenith, horizon) in enumerate(zip(*around.sky, strict=True)):
        np.multiply(height, np.float32(255 * (zenith - horizon)), out=sky[channel])
        sky[channel] += np.float32(255 * horizon)
        if cover is not None:
            sky[channel] += cover * (np.float32(250) - sky[channel])
    return sky


def _paint_sky(scene, rays, focal):
    """The sky and what stands at the horizon, for world rays (3, n, 3) per tile: (3, n, 64) float32."""
    around = scene.surroundings
    x, y, z = rays @ PLACE
    inverse = 1 / np.sqrt(x * x + y * y + z * z)
    x *= inverse
    y *= inverse
    z *= inverse
    sky = _sky(around, x, y, z)
    if around.skyline is None:
        return sky
    low = np.flatnonzero(z.min(axis=1) < around.skyline.max())
    height, length = z[low], len(around.skyline)
    turn = np.arctan2(y[low], x[low]) * np.float32(length / (2 * np.pi))
    below = height < np.take(around.skyline, turn.astype(np.int32) % length)
    scale = np.float32(GROUND / around.wall_scale * 20000.0)
    turn *= scale * np.float32(2 * np.pi / length)
    texels = _lookup(around.wall, turn, height * -scale, np.full_like(turn, scale / focal))
    trees, light = unpack(texels), plane_light(scene, np.array([0.0, 0.0, 0.3]))
    for channel in range(3):
        sky[channel, low] = np.where(below, trees[channel] * light[channel], sky[channel, low])
    return sky


def _paint_plane(scene, number, axis, rays, depth, focal):
    """Texture and light of a plane where rays (3, n, 3) meet it at `depth` (n, 64): colours, and where on the plane."""
    around, position = scene.surroundings, scene.camera.position
    floor, ceiling = number == 0, number == 1
    across = (0 if axis else 1, 1 if axis == 2 else 2)
    places = [(rays[way] @ PLACE) * depth + np.float32(position[way]) for way in across]
    normal = np.zeros(3)
    normal[axis] = 1.0 if number % 2 == 0 else -1.0
    light = plane_light(scene, normal)
    if ceiling:  # has no pattern: the colour of a corner of the wall
        texel = unpack(ground_levels(around.wall)[-1:])
        return np.broadcast_to((texel * light[:, None])[:, :, None], (3,) + depth.shape), places
    if around.kind == "image":
        return np.zeros((3,) + depth.shape, np.float32), places
    texture, scale = (around.floor, around.floor_scale) if floor else (around.wall, around.wall_scale)
    scale = np.float32(GROUND / scale)
    # A pixel covers the more of the floor the flatter it is seen.
    stretch = np.float32(0.5 / max(abs(position[2]), 100.0)) * depth if floor else 1
    footprint = depth * stretch * np.float32(scale / focal)
    u, v = places[0] * scale, (places[1] * scale if floor else np.float32(around.bounds[4] * scale) - places[1] * scale)
    colour = unpack(_lookup(texture, u, v, footprint))
    haze = np.sqrt(depth * np.float32(1 / FAR_MM)) if around.kind == "outdoor" else None
    for channel in range(3):
        colour[channel] *= light[channel]
        if haze is not None:
            colour[channel] += haze * (np.float32(around.sky[1][channel] * 235) - colour[channel])
    return colour, places


def _seen(inverse):
    """For every plane of (K, N, 3) in sight: its number, tiles that show nothing else, tiles that show others too."""
    order = (inverse @ CORNERS).argmax(axis=0)  # (N, 4)
    first = order[:, 0]
    pure = ((first == order[:, 1]) & (first == order[:, 2])) & (first == order[:, 3])
    mixed = np.flatnonzero(~pure)
    label, others = np.where(pure, first, -1), order[mixed]
    for k in np.flatnonzero(np.bincount(order.reshape(-1))).tolist():
        yield k, np.flatnonzero(label == k), mixed[(others == k).any(axis=1)]


def _draw(scene, grid, focal):
    """All planes of a room or a place outdoors."""
    around, position = scene.surroundings, scene.camera.position
    R = np.asarray(scene.camera.R, np.float32)
    rays = np.einsum("ba,bnk->ank", R, grid.rays)  # in the world: (3, N, 3)
    outdoors = around.kind != "room"
    planes = [(2, 0.0)] if outdoors else _room_planes(around.bounds)
    inverse = [rays[axis] / np.float32(place - position[axis]) for axis, place in planes]
    if outdoors:
        inverse.append(np.zeros_like(rays[0]) + np.float32([0, 0, 1 / FAR_MM]))
    inverse = np.stack(inverse)
    out, floor = np.zeros((4,) + (len(grid.reach), PLACE.shape[1]), np.float32), None
    for k, pure, mixed in _seen(inverse):
        tiles = np.concatenate([pure, mixed])
        near = inverse[k][tiles] @ PLACE
        if outdoors and k == 1:
            colour, places = _paint_sky(scene, rays[:, tiles], focal), None
        else:
            depth = 1 / np.maximum(near, np.float32(1e-6))
            colour, places = _paint_plane(scene, k, planes[k][0], rays[:, tiles], depth, focal)
        others = (inverse[:, mixed] @ PLACE).max(axis=0)
        mine = near[len(pure) :] >= others
        if outdoors and k == 1:
            near[:] = 0
        for channel, values in enumerate([*colour, near]):
            out[channel, pure] = values[: len(pure)]
            out[channel, mixed] = np.where(mine, values[len(pure) :], out[channel, mixed])
        if k == 0:
            for values in places:
                values[len(pure) :][~mine] = np.float32(1e9)
            floor = tiles, *places
    return out, floor or (np.zeros(0, int), *np.zeros((2, 0, PLACE.shape[1]), np.float32))


def draw_surroundings(scene, grid):
    """The `Ground` of a scene; kept while surroundings, camera and lights stay the same objects or values."""
    around, camera = scene.surroundings, scene.camera
    pose = np.concatenate([np.asarray(camera.R).ravel(), np.asarray(camera.position).ravel()]).astype(np.float64)
    key = (id(around), id(grid), pose.tobytes(), repr(scene.lights), repr(scene.ambient))
    if key in _GROUNDS and _GROUNDS[key][0] is around and _GROUNDS[key][1] is grid:
        return _GROUNDS[key][2]
    if around.kind not in ("room", "outdoor", "image"):
        raise ValueError(f"`kind` of Surroundings must be 'room', 'outdoor' or 'image'. Received: {around.kind!r}")
    coarse = grid_of(camera, grid.size, 2) if around.softness > 1 and around.kind != "image" else grid
    focal = float(camera.f[0]) * grid.size[0] / camera.size[0] / (1 if coarse is grid else 2)
    planes, floor = _draw(scene, coarse, focal)
    if around.kind == "image":
        image = Image.fromarray(around.image).resize(grid.size, Image.Resampling.BILINEAR)
        planes[:3] = grid.tile(np.asarray(image)).T.reshape(planes[:3].shape)
        planes[3] = 0
    elif coarse is not grid:
        planes[:3] = _blurred(coarse, planes[:3], around.softness)
    return _remember(_GROUNDS, key, (around, grid, Ground(coarse, planes, *floor)), 4)[2]


@lru_cache(maxsize=64)
def _places(tiles, large_tiles):
    """Where the pixels of `tiles` are in tile order, (H, W), and where those of `large_tiles` are in `_enlarged`."""
    (columns, rows), (wide, high) = tiles, large_tiles
    order = np.arange(columns * rows * TILE * TILE).reshape(rows, columns, TILE, TILE).swapaxes(1, 2)
    row, column = np.mgrid[: high * TILE, : wide * TILE]
    phase = (row & 1) * 2 + (column & 1)
    large = (phase * rows * TILE + (row >> 1)) * columns * TILE + (column >> 1)
    large = large.reshape(high, TILE, wide, TILE).swapaxes(1, 2)
    return order.reshape(rows * TILE, columns * TILE), large.reshape(-1, TILE * TILE)


def _between(planes, axis):
    """Values a quarter of a step before and after each one along an axis, stacked before that axis's own."""
    first, last = [np.s_[:]] * planes.ndim, [np.s_[:]] * planes.ndim
    first[axis], last[axis] = np.s_[1:], np.s_[:-1]
    step = np.diff(planes, axis=axis)
    step *= np.float32(0.25)
    out = np.stack([planes, planes], axis=1)
    out[:, 0][tuple(first)] -= step
    out[:, 1][tuple(last)] += step
    return out


def _enlarged(ground, planes, grid):
    """Planes (4, N, 64) of a ground of half the size in the image's own grid, interpolated."""
    order, large = _places(ground.grid.tiles, grid.tiles)
    image = np.take(planes.reshape(4, -1), order, axis=1)  # (4, h, w)
    halves = _between(image, 1)  # (4, up or down, h, w)
    fours = _between(halves.reshape(8, *order.shape), 2)
    return np.take(fours.reshape(4, -1), large, axis=1)


def in_focus(ground, planes, grid):
    """Planes (4, N, 64) of a ground as planes of the image's own grid: enlarged where out of focus."""
    return planes if ground.grid is grid else _enlarged(ground, planes, grid)


def _blurred(grid, planes, softness):
    """Colours of half the size out of focus: (3, N, 64), mixed with their neighbours."""
    order, _ = _places(grid.tiles, (1, 1))
    image = np.take(planes.reshape(3, -1), order, axis=1)
    share = np.float32(softness / 16)
    for middle, before, after in (
        (image[:, 1:-1], image[:, :-2], image[:, 2:]),
        (image[..., 1:-1], image[..., :-2], image[..., 2:]),
    ):
        around = before + after
        around *= share
        middle *= 1 - 2 * share
        middle += around
    out = np.empty((3, order.size), np.float32)
    out[:, order] = image
    return out.reshape(planes.shape)


def interleave(colour):
    """Three planes of colour to pixels: (3, n) float32 -> (n, 3) uint8."""
    pixels = np.empty((colour.shape[1], 3), np.uint8)
    for channel in range(3):
        pixels[:, channel] = np.clip(colour[channel], 0, 255)
    return pixels
