"""The rays of an image, in tiles of 8 x 8: lens undone, directions as an affine function of the place in the tile.

All arrays over rays are in tile order, (N tiles, 64), so that the rays of a tile lie together in memory. A ray is
(x, y, 1) in camera space, so that the distance along it is the depth. Whatever is linear in the ray needs three numbers
a tile and one product with `PLACE`.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

TILE = 8
_ALONG = (np.arange(TILE, dtype=np.float32) + np.float32(0.5)) / TILE - np.float32(0.5)
# across, down and one, at every ray of a tile: (3, 64), and at its corners: (3, 4)
PLACE = np.stack([np.tile(_ALONG, TILE), np.repeat(_ALONG, TILE), np.ones(TILE * TILE, np.float32)])
CORNERS = np.array([[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5], [1, 1, 1, 1]], np.float32)

_GRIDS = OrderedDict()  # camera lens and size -> Grid
_GRIDS_KEPT = 16


@dataclass(frozen=True)
class Grid:
    """The rays of an image in tile order, in camera space; pixel centres are at integer coordinates + 0.5."""

    size: tuple  # (width, height)
    tiles: tuple  # (columns, rows) of tiles
    rays: np.ndarray  # (3, N, 3) of x, y and 1: per tile across, down and in the middle
    reach: np.ndarray  # (N,) distance from the centre to the farthest corner of the tile, in the plane z = 1

    def untile(self, values):
        """Tile order to an image: (N * 64, ...) -> (H, W, ...)."""
        columns, rows = self.tiles
        tail = values.shape[1:] if values.shape[0] == columns * rows * TILE * TILE else values.shape[2:]
        image = values.reshape((rows, columns, TILE, TILE) + tail).swapaxes(1, 2)
        image = image.reshape((rows * TILE, columns * TILE) + tail)  # (H', W', ...)
        return image[: self.size[1], : self.size[0]]

    def tile(self, image):
        """An image to tile order, padded with its edge: (H, W, ...) -> (N * 64, ...)."""
        columns, rows = self.tiles
        pad = [(0, rows * TILE - self.size[1]), (0, columns * TILE - self.size[0])] + [(0, 0)] * (image.ndim - 2)
        if pad[0][1] or pad[1][1]:
            image = np.pad(image, pad, mode="edge")
        tail = image.shape[2:]
        return image.reshape((rows, TILE, columns, TILE) + tail).swapaxes(1, 2).reshape((-1,) + tail)


@lru_cache(maxsize=64)
def blocks(tiles, side=4):
    """Tiles in squares of `side`: (side * side, blocks), -1 beyond the edge of the image."""
    columns, rows = tiles
    wide, high = -(-columns // side), -(-rows // side)
    number = np.full((high * side, wide * side), -1)
    number[:rows, :columns] = np.arange(rows * columns).reshape(rows, columns)
    return number.reshape(high, side, wide, side).transpose(1, 3, 0, 2).reshape(side * side, -1)


def undistort(x, y, k, p, steps=4):
    """Undo the lens by fixed-point iteration: distorted (x, y) in the plane z = 1 -> straight (x, y)."""
    straight_x, straight_y = x, y
    for _ in range(steps):
        r2 = np.minimum(straight_x * straight_x + straight_y * straight_y, 4.0)
        radial = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[2])) + 2 * (p[0] * straight_y + p[1] * straight_x)
        radial = 1 / np.maximum(radial, 0.2)
        straight_x, straight_y = (x - p[1] * r2) * radial, (y - p[0] * r2) * radial
    return straight_x, straight_y


def _make_grid(f, c, k, p, size):
    """The lens is undone at the corners of the tiles and is linear inside a tile (off by a hundredth of a pixel)."""
    columns, rows = tiles = (-(-size[0] // TILE), -(-size[1] // TILE))
    x = (np.arange(columns + 1) * TILE - c[0]) / f[0]
    y = (np.arange(rows + 1) * TILE - c[1])[:, None] / f[1]
    straight = undistort(x, y, k, p) if any(k) or any(p) else np.broadcast_arrays(x, y)
    corner = np.stack(straight)  # (2, rows + 1, columns + 1)
    a, b, c, d = corner[:, :-1, :-1], corner[:, :-1, 1:], corner[:, 1:, :-1], corner[:, 1:, 1:]
    rays = np.zeros((3, rows * columns, 3), np.float32)
    for index, value in enumerate((b + d - a - c, c + d - a - b, 0.5 * (a + b + c + d))):
        rays[:2, :, index] = 0.5 * value.reshape(2, -1)
    rays[2, :, 2] = 1.0
    far = np.maximum(np.hypot(*(d - a)), np.hypot(*(b - c))).reshape(-1)
    return Grid(size, tiles, rays, (0.52 * far).astype(np.float32))


def grid_of(camera, size, coarser=1):
    """The rays of `camera` for an image of `size` (width, height), of `coarser` times larger pixels; some are kept."""
    scale = [size[axis] / (camera.size[axis] * coarser) for axis in range(2)]
    f, c = (camera.f[0] * scale[0], camera.f[1] * scale[1]), (camera.c[0] * scale[0], camera.c[1] * scale[1])
    k, p = tuple(float(v) for v in camera.k), tuple(float(v) for v in camera.p)
    key = (tuple(map(float, f)), tuple(map(float, c)), k, p, tuple(-(-int(side) // coarser) for side in size))
    if key not in _GRIDS:
        _GRIDS[key] = _make_grid(*key)
        while len(_GRIDS) > _GRIDS_KEPT:
            _GRIDS.popitem(last=False)
    _GRIDS.move_to_end(key)
    return _GRIDS[key]
