"""Which solid is nearest in every pixel: tiles of 8 x 8 rays against round cones, ellipsoids and boxes in closed form.

    solids -> pack      every solid gets a linear map to its own space: a round cone along z, a unit sphere or cube
           -> cull      tiles x solids that can touch, by distances in the plane z = 1
           -> intersect (P, 64) rays of the P pairs left
           -> nearest   one 64-bit key (distance, solid) per pixel and a minimum over the pairs of a tile

An ellipsoid is a round cone of length zero and radius one in its own space, so both take the same path.
"""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic.rays import TILE

NEAR_MM = 60.0
CHUNK = 256  # pairs at a time, so that the arrays stay in the cache
MISS = np.uint64(0x7F800000) << np.uint64(32)  # the bits of +inf


@dataclass(frozen=True)
class Packed:
    """All solids of a scene in camera space, the round ones first, then the boxes.

    `local = to_local @ (point - origin)`. A round cone lies along local z, from 0 (radius `ra`) to `length` (`rb`).
    """

    to_local: np.ndarray  # (N, 3, 3)
    origin: np.ndarray  # (N, 3)
    length: np.ndarray  # (N,)
    ra: np.ndarray  # (N,)
    rb: np.ndarray  # (N,)
    ends: np.ndarray  # (N, 2, 3) a round cone between them, of radii `bound`, holds the solid (for culling)
    bound: np.ndarray  # (N, 2)
    material: np.ndarray  # (N,)
    part: np.ndarray  # (N,)
    stretch: np.ndarray  # (N, 3) mm per local unit across, around and along, for patterns
    num_round: int


def _unit(v):
    return v / np.maximum(np.sqrt((v * v).sum(axis=-1, keepdims=True)), 1e-9)


def _pack_capsules(capsules, R, position):
    """Round cones: local z is the axis, local x the front divided by the flatness."""
    a, b = (capsules.a - position) @ R.T, (capsules.b - position) @ R.T
    swap = (capsules.ra < capsules.rb)[:, None]
    sign = np.where(swap, -1.0, 1.0)
    ra, rb = np.maximum(capsules.ra, capsules.rb), np.minimum(capsules.ra, capsules.rb)
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    axis, front = b - a, capsules.front @ R.T
    length = np.sqrt((axis * axis).sum(axis=1))
    length = np.where(length <= (ra - rb) * 1.001, 0.0, length)  # the small sphere is inside the large one
    up = sign * _unit(axis + [0.0, 0.0, 1e-6])
    front = front - (front * up).sum(axis=1, keepdims=True) * up
    weak = (np.abs(front).sum(axis=1) < 1e-3)[:, None]
    front = _unit(np.where(weak, np.cross(up, np.roll(up, 1, axis=1) + [0.0, 0.1, 0.3]), front))
    left = np.cross(up, front)
    # `up` keeps the direction the caller gave (patterns); local z runs from the thick end to the thin one (geometry).
    to_local = np.stack([front / capsules.flat[:, None], left * sign, up * sign], axis=1)  # (N, 3, 3)
    bound = np.stack([ra, np.where(length > 0, rb, ra)], axis=1)
    stretch = np.stack([sign[:, 0], 0.5 * (ra + rb), np.ones(len(a))], axis=1)
    return to_local, a, length, ra, rb, np.stack([a, np.where(length[:, None] > 0, b, a)], axis=1), bound, stretch


def _pack_ellipsoids(ellipsoids, R, position):
    """Ellipsoids: local space is the unit sphere; the bounding capsule lies along the longest half axis."""
    centre = (ellipsoids.centre - position) @ R.T
    axes = R @ ellipsoids.axes  # (N, 3, 3), columns
    sizes = np.sqrt((axes * axes).sum(axis=1))  # (N, 3)
    to_local = axes.swapaxes(1, 2) / (sizes * sizes)[:, :, None]
    longest = sizes.argmax(axis=1)
    ordered = np.sort(sizes, axis=1)
    rows = np.arange(len(sizes))
    shift = axes[rows, :, longest] * (1.0 - ordered[:, 1:2] / ordered[:, 2:3])
    one, zero = np.ones(len(sizes)), np.zeros(len(sizes))
    stretch = np.stack([one, 0.5 * (sizes[:, 0] + sizes[:, 1]), sizes[:, 2]], axis=1)
    return (
        to_local,
        centre,
        zero,
        one,
        one,
        np.stack([centre - shift, centre + shift], axis=1),
        ordered[:, [1, 1]],
        stretch,
    )


def _pack_boxes(boxes, R, position):
    """Boxes: local space is the cube from -1 to 1."""
    centre = (boxes.centre - position) @ R.T
    axes = R @ boxes.rotation  # (N, 3, 3), columns are unit
    to_local = axes.swapaxes(1, 2) / boxes.half[:, :, None]
    longest = boxes.half.argmax(axis=1)
    rows = np.arange(len(centre))
    shift = axes[rows, :, longest] * boxes.half[rows, longest][:, None]
    bound = np.sqrt(np.maximum((boxes.half**2).sum(axis=1) - boxes.half[rows, longest] ** 2, 1.0))[:, None]
    zero = np.zeros(len(centre))
    return (
        to_local,
        centre,
        zero,
        zero,
        zero,
        np.stack([centre - shift, centre + shift], axis=1),
        bound[:, [0, 0]],
        boxes.half,
    )


def pack(solids, camera):
    """All solids in camera space as one `Packed`."""
    R, position = np.asarray(camera.R, np.float64), np.asarray(camera.position, np.float64)
    kinds = ((solids.capsules, _pack_capsules), (solids.ellipsoids, _pack_ellipsoids), (solids.boxes, _pack_boxes))
    rows = [make(kind, R, position) for kind, make in kinds if len(kind.material)]
    if not rows:
        shapes = [(0, 3, 3), (0, 3), (0,), (0,), (0,), (0, 2, 3), (0, 2), (0, 3)]
        rows = [tuple(np.zeros(shape) for shape in shapes)]
    columns = [np.concatenate(column).astype(np.float32) for column in zip(*rows, strict=True)]
    material = np.concatenate([kind.material for kind, _ in kinds])
    part = np.concatenate([kind.part for kind, _ in kinds])
    num_round = len(solids.capsules.material) + len(solids.ellipsoids.material)
    return Packed(*columns[:7], material.astype(np.int32), part.astype(np.int16), columns[7], num_round)


def _near_camera(ends, bound, grid):
    """Which tiles look into the cone that holds the bounding sphere of each solid: bool (tiles, n)."""
    middle = 0.5 * (ends[:, 0] + ends[:, 1])
    radius = 0.5 * np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).sum(axis=1)) + bound.max(axis=1)
    distance = np.sqrt((middle * middle).sum(axis=1))
    opening = np.where(distance > radius, np.arcsin(np.minimum(radius / distance, 1.0)), np.pi)
    look = np.stack([*grid.centre, np.ones_like(grid.centre[0])], axis=1)  # (tiles, 3)
    cosine = (look / np.sqrt((look * look).sum(axis=1, keepdims=True))) @ (middle / distance[:, None]).T
    return np.arccos(np.clip(cosine, -1, 1)) < opening + grid.reach[:, None]


def cull(packed, grid):
    """Tiles and solids that may touch: int arrays (P,), (P,), ordered by tile."""
    ends, bound = packed.ends, packed.bound
    depth = ends[:, :, 2]
    flat = ends[:, :, :2] / np.maximum(depth, NEAR_MM)[:, :, None]  # (N, 2, 2) in the plane z = 1
    off_axis = np.sqrt((flat * flat).sum(axis=2))
    angle = np.arcsin(np.minimum(bound / np.sqrt((ends * ends).sum(axis=2) + 1e-6), 1.0))
    radius = 1.03 * (np.tan(np.minimum(np.arctan(off_axis) + angle, 1.55)) - off_axis)  # (N, 2)
    beside = (depth - bound).min(axis=1) < NEAR_MM  # reaches behind the camera: no projection, see `_near_camera`
    radius[beside] = -1e3
    start, step = flat[:, 0], flat[:, 1] - flat[:, 0]
    px, py = grid.centre[0][:, None] - start[:, 0], grid.centre[1][:, None] - start[:, 1]  # (tiles, N)
    inverse = 1.0 / np.maximum((step * step).sum(axis=1), 1e-12)
    along = px * (step[:, 0] * inverse)
    along += py * (step[:, 1] * inverse)
    np.clip(along, 0.0, 1.0, out=along)
    px -= along * step[:, 0]
    py -= along * step[:, 1]
    px *= px
    py *= py
    px += py
    # radius / depth is linear along the projected axis
    along *= radius[:, 1] - radius[:, 0]
    along += radius[:, 0]
    along += grid.reach[:, None]
    hidden = along < 0
    along *= along
    touching = (px < along) & ~hidden  # (tiles, N)
    few = np.flatnonzero(beside & ((depth + bound).max(axis=1) > NEAR_MM))
    if len(few):
        touching[:, few] = _near_camera(ends[few], bound[few], grid)
    return np.nonzero(touching)


def _to_local(packed, rays, tile, solid):
    """Ray directions of the pairs in the space of their solid: three arrays (P, 64), and the ray origin (P, 3)."""
    x, y, z = rays[0][tile], rays[1][tile], rays[2][tile]  # (P, 64)
    matrix = packed.to_local[solid][:, :, :, None]  # (P, 3, 3, 1)
    directions = [matrix[:, i, 0] * x + matrix[:, i, 1] * y + matrix[:, i, 2] * z for i in range(3)]
    origin = -np.einsum("nij,nj->ni", packed.to_local, packed.origin)[solid]
    return directions, origin


def intersect_round(packed, rays, tile, solid):
    """Distance along each ray to the round cone or ellipsoid of its pair: (P, 64), inf where it misses.

    With sin = (ra - rb) / length the side is rho = (ra - z sin) / cos between z = ra sin and z = length + rb sin;
    outside that the two spheres are the surface.
    """
    (dx, dy, dz), origin = _to_local(packed, rays, tile, solid)
    ox, oy, oz = (origin[:, i : i + 1] for i in range(3))
    length, ra, rb = (values[solid][:, None] for values in (packed.length, packed.ra, packed.rb))
    sine = (ra - rb) / np.maximum(length, 1e-6) * (length > 0)
    cosine = np.sqrt(np.maximum(1.0 - sine * sine, 1e-6))
    slope, gap = sine / cosine, (ra - oz * sine) / cosine
    across = dx * dx
    across += dy * dy
    dot = dx * ox
    dot += dy * oy
    dz2 = dz * dz
    # side: qa t^2 + 2 qb t + qc = 0
    qa = across - dz2 * (slope * slope)
    qb = dot + dz * (gap * slope)
    inside = qb * qb - qa * (ox * ox + oy * oy - gap * gap)
    side = (-qb - np.sqrt(np.maximum(inside, 0.0))) / qa
    z = side * dz
    z += oz
    hit_side = (z > ra * sine) & (z < length + rb * sine) & (inside > 0)
    # caps: the two spheres share dot products
    norm = across + dz2
    base = ox * ox + oy * oy
    dot_a = dot + dz * oz
    cap_a = dot_a * dot_a - norm * (base + oz * oz - ra * ra)
    dot_b = dot + dz * (oz - length)
    cap_b = dot_b * dot_b - norm * (base + (oz - length) ** 2 - rb * rb)
    t_a = -dot_a - np.sqrt(np.maximum(cap_a, 0.0))
    t_b = -dot_b - np.sqrt(np.maximum(cap_b, 0.0))
    t_a[cap_a <= 0] = np.inf
    t_b[cap_b <= 0] = np.inf
    caps = np.minimum(t_a, t_b) / norm
    distance = np.where(hit_side, side, caps)
    distance[~(distance > NEAR_MM)] = np.inf
    return distance


def intersect_box(packed, rays, tile, solid):
    """Distance along each ray to the box of its pair: (P, 64), inf where it misses (three slabs)."""
    directions, origin = _to_local(packed, rays, tile, solid)
    enter, leave = None, None
    for axis, d in enumerate(directions):
        inverse = 1.0 / np.where(np.abs(d) < 1e-9, 1e-9, d)
        middle, half = inverse * -origin[:, axis : axis + 1], np.abs(inverse)
        enter = middle - half if enter is None else np.maximum(enter, middle - half)
        leave = middle + half if leave is None else np.minimum(leave, middle + half)
    return np.where((enter < leave) & (enter > NEAR_MM), enter, np.float32(np.inf))


def nearest(packed, grid):
    """Nearest solid of every ray: distance along it (N, 64) float32 and number (N, 64) int32, -1 for none."""
    keys = np.full(grid.rays.shape[1:], MISS)
    tile, solid = cull(packed, grid)
    boxes = solid >= packed.num_round
    for chosen, intersect in ((~boxes, intersect_round), (boxes, intersect_box)):
        t, s = tile[chosen], solid[chosen]
        if not len(t):
            continue
        distance = np.empty((len(t), TILE * TILE), np.float32)
        with np.errstate(all="ignore"):
            for start in range(0, len(t), CHUNK):
                few = slice(start, start + CHUNK)
                distance[few] = intersect(packed, grid.rays, t[few], s[few])
        pairs = distance.view(np.uint32).astype(np.uint64)
        pairs <<= np.uint64(32)
        pairs |= s[:, None].astype(np.uint64)
        first = np.flatnonzero(np.diff(t, prepend=-1))
        best = np.minimum.reduceat(pairs, first, axis=0)  # (touched tiles, 64)
        rows = t[first]
        keys[rows] = np.minimum(keys[rows], best)
    distance = (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)
    return distance, np.where(keys < MISS, keys & np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFF)).astype(np.uint32).view(
        np.int32
    )
