"""The rays of a picture, in tiles of 8 x 8: lens undone, unit directions, bounds of each tile.

All arrays over rays are in tile order, (N tiles, 64), so that the rays of a tile lie together in memory.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

TILE = 8

_GRIDS = OrderedDict()  # camera lens and size -> Grid
_GRIDS_KEPT = 16


@dataclass(frozen=True)
class Grid:
    """The rays of a picture in tile order, in camera space; pixel centres are at integer coordinates + 0.5."""

    size: tuple  # (width, height)
    tiles: tuple  # (columns, rows) of tiles
    rays: np.ndarray  # (3, N, 64) unit directions
    centre: np.ndarray  # (2, N) tile centres in the plane z = 1
    reach: np.ndarray  # (N,) distance from the centre to the farthest ray of the tile

    def untile(self, values):
        """Tile order to a picture: (N * 64, ...) -> (H, W, ...)."""
        columns, rows = self.tiles
        tail = values.shape[1:] if values.shape[0] == columns * rows * TILE * TILE else values.shape[2:]
        picture = values.reshape((rows, columns, TILE, TILE) + tail).swapaxes(1, 2)
        picture = picture.reshape((rows * TILE, columns * TILE) + tail)  # (H', W', ...)
        return picture[: self.size[1], : self.size[0]]

    def tile(self, picture):
        """A picture to tile order, padded with its edge: (H, W, ...) -> (N * 64, ...)."""
        columns, rows = self.tiles
        pad = [(0, rows * TILE - self.size[1]), (0, columns * TILE - self.size[0])] + [(0, 0)] * (picture.ndim - 2)
        if pad[0][1] or pad[1][1]:
            picture = np.pad(picture, pad, mode="edge")
        tail = picture.shape[2:]
        return picture.reshape((rows, TILE, columns, TILE) + tail).swapaxes(1, 2).reshape((-1,) + tail)


def undistort(x, y, k, p, steps=6):
    """Undo the lens by fixed-point iteration: distorted (x, y) in the plane z = 1 -> straight (x, y)."""
    straight_x, straight_y = x, y
    for _ in range(steps):
        r2 = np.minimum(straight_x**2 + straight_y**2, 4.0)
        radial = np.maximum(
            1 + k[0] * r2 + k[1] * r2**2 + k[2] * r2**3 + 2 * (p[0] * straight_y + p[1] * straight_x), 0.2
        )
        straight_x, straight_y = (x - p[1] * r2) / radial, (y - p[0] * r2) / radial
    return straight_x, straight_y


def _straight_plane(f, c, k, p, tiles):
    """Straight (x, y) in the plane z = 1 of every pixel in tile order: (2, N, 64).

    The lens is undone at the corners of the tiles and is linear inside a tile (off by some hundredths of a pixel).
    """
    columns, rows = tiles
    x, y = np.meshgrid((np.arange(columns + 1) * TILE - c[0]) / f[0], (np.arange(rows + 1) * TILE - c[1]) / f[1])
    corner = np.stack(undistort(x, y, k, p) if any(k) or any(p) else (x, y)).astype(
        np.float32
    )  # (2, rows + 1, columns + 1)
    inside = ((np.arange(TILE, dtype=np.float32) + np.float32(0.5)) / TILE)[:, None]  # (8, 1)
    down = corner[:, :-1, None] + inside * np.diff(corner, axis=1)[:, :, None]  # (2, rows, 8, columns + 1)
    left, step = (
        down[..., :-1].swapaxes(2, 3)[..., None],
        np.diff(down).swapaxes(2, 3)[..., None],
    )  # (2, rows, columns, 8, 1)
    return (left + step * inside[:, 0]).reshape(2, rows * columns, TILE * TILE)


def _make_grid(f, c, k, p, size):
    tiles = (-(-size[0] // TILE), -(-size[1] // TILE))
    plane = _straight_plane(f, c, k, p, tiles)
    corners = plane[:, :, [0, TILE - 1, -TILE, -1]]  # (2, N, 4)
    centre = corners.mean(axis=2)  # (2, N)
    reach = 1.02 * np.sqrt(((corners - centre[:, :, None]) ** 2).sum(axis=0).max(axis=1))
    z = 1.0 / np.sqrt(plane[0] * plane[0] + plane[1] * plane[1] + np.float32(1.0))
    rays = np.stack([plane[0] * z, plane[1] * z, z])
    return Grid(size, tiles, rays, np.ascontiguousarray(centre), reach.astype(np.float32))


def grid_of(camera, size):
    """The rays of `camera` for a picture of `size` (width, height); the last few are kept."""
    scale = (size[0] / camera.size[0], size[1] / camera.size[1])
    f, c = (camera.f[0] * scale[0], camera.f[1] * scale[1]), (camera.c[0] * scale[0], camera.c[1] * scale[1])
    k, p = tuple(float(v) for v in camera.k), tuple(float(v) for v in camera.p)
    key = (tuple(map(float, f)), tuple(map(float, c)), k, p, tuple(map(int, size)))
    if key not in _GRIDS:
        _GRIDS[key] = _make_grid(*key)
        while len(_GRIDS) > _GRIDS_KEPT:
            _GRIDS.popitem(last=False)
    _GRIDS.move_to_end(key)
    return _GRIDS[key]
