"""Which solid is nearest in every pixel: tiles of 8 x 8 rays against round cones, ellipsoids and boxes in closed form.

    solids -> pack      every solid gets a linear map to its own space: a round cone along z, a unit sphere or cube
           -> cull      tiles x solids that can touch, by distances in the plane z = 1: blocks of tiles, then tiles
           -> intersect (64, P) rays of the P pairs left
           -> nearest   one 32-bit key (distance, solid) per pixel and a minimum over the pairs of a tile

An ellipsoid is a round cone of length zero and radius one in its own space, so both take the same path. A ray that
misses has a distance that is negative or not a number; as bits both are larger than any distance.
"""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic.kinematics import cross
from deephar.synthetic.rays import PLACE, TILE, blocks

NEAR_MM = 60.0
CHUNK = 1024  # pairs at a time, so that the arrays of large images stay in the cache
MISS = np.uint32(0x7F800000)  # the bits of +inf
SIGN = np.uint32(0x80000000)


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
    start: np.ndarray  # (3, N) the camera in local space


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
    front = _unit(np.where(weak, cross(up, up[:, [2, 0, 1]] + [0.0, 0.1, 0.3]), front))
    left = cross(up, front)
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
    start = -np.einsum("nij,nj->in", columns[0], columns[1])
    return Packed(*columns[:7], material.astype(np.int64), part.astype(np.int16), columns[7], num_round, start)


def _near_camera(ends, bound, x, y, reach):
    """Which tiles look into the cone that holds the bounding sphere of each solid: bool (tiles, n)."""
    middle = 0.5 * (ends[:, 0] + ends[:, 1])
    radius = 0.5 * np.sqrt(((ends[:, 1] - ends[:, 0]) ** 2).sum(axis=1)) + bound.max(axis=1)
    distance = np.sqrt((middle * middle).sum(axis=1))
    opening = np.where(distance > radius, np.arcsin(np.minimum(radius / distance, 1.0)), np.pi)
    look = np.stack([x, y, np.ones_like(x)], axis=1)  # (tiles, 3)
    cosine = (look / np.sqrt((look * look).sum(axis=1, keepdims=True))) @ (middle / distance[:, None]).T
    return np.arccos(np.clip(cosine, -1, 1)) < opening + reach[:, None]


def _outlines(packed):
    """Every solid as a round cone in the plane z = 1: rows start (2), step (2), 1 / step^2, radius, its change."""
    ends, bound = packed.ends, packed.bound
    flat = ends[:, :, :2] / np.maximum(ends[:, :, 2], NEAR_MM)[:, :, None]  # (N, 2, 2)
    off_axis = np.sqrt((flat * flat).sum(axis=2))
    angle = np.arcsin(np.minimum(bound / np.sqrt((ends * ends).sum(axis=2) + 1e-6), 1.0))
    radius = 1.03 * (np.tan(np.minimum(np.arctan(off_axis) + angle, 1.55)) - off_axis)  # (N, 2)
    start, step = flat[:, 0], flat[:, 1] - flat[:, 0]
    inverse = 1.0 / np.maximum((step * step).sum(axis=1), 1e-12)
    return np.stack([*start.T, *step.T, inverse, radius[:, 0], radius[:, 1] - radius[:, 0]])  # (7, N)


def _close(x, y, reach, outline):
    """Whether circles at (x, y) of radius `reach` touch outlines, broadcast against one another."""
    start_x, start_y, step_x, step_y, inverse, radius, change = outline
    px, py = x - start_x, y - start_y
    along = px * (step_x * inverse) + py * (step_y * inverse)
    along = np.minimum(np.maximum(along, 0), 1)
    px -= along * step_x
    py -= along * step_y
    limit = along * change  # radius / depth is linear along the projected axis
    limit += radius
    limit += reach
    return (px * px + py * py < limit * limit) & (limit > 0)


def cull(packed, grid):
    """Tiles and solids that may touch: int arrays (P,), (P,), ordered by tile."""
    x, y, reach = grid.rays[0, :, 2], grid.rays[1, :, 2], grid.reach
    members = blocks(grid.tiles)
    outline = _outlines(packed)
    depth = packed.ends[:, :, 2]
    beside = (depth - packed.bound).min(axis=1) < NEAR_MM  # reaches behind the camera: no projection
    far = np.flatnonzero(~beside)
    known = np.where(members >= 0, members, members[0])  # beyond the edge: the first tile once more
    bx, by = x[known].mean(axis=0), y[known].mean(axis=0)
    wide = (np.hypot(x[known] - bx, y[known] - by) + reach[known]).max(axis=0)
    block, solid = np.nonzero(_close(bx[:, None], by[:, None], wide[:, None], outline[:, far]))
    solid = far[solid]
    tile = members[:, block]  # (16, pairs)
    touching = _close(x[tile], y[tile], reach[tile], outline[:, None, solid]) & (tile >= 0)
    place = np.flatnonzero(touching)
    tile, solid = tile.reshape(-1)[place], solid[place % len(solid)] if len(solid) else solid
    few = np.flatnonzero(beside & ((depth + packed.bound).max(axis=1) > NEAR_MM))
    if len(few):
        more, which = np.nonzero(_near_camera(packed.ends[few], packed.bound[few], x, y, reach))
        tile, solid = np.concatenate([tile, more]), np.concatenate([solid, few[which]])
    order = np.argsort(tile.astype(np.uint16 if len(x) < 65536 else np.int64), kind="stable")
    return tile[order], solid[order]


def _to_local(packed, grid, tile, solid):
    """Rays of the pairs in the space of their solid: across, down, middle of a tile, (3, 3, P), and origin (3, P)."""
    rays = grid.rays[:, tile].transpose(0, 2, 1)  # (3, 3, P)
    matrix = packed.to_local[solid].transpose(1, 2, 0)[:, :, None]  # (3, 3, 1, P)
    linear = np.empty((5, 3, len(tile)), np.float32)  # with room for two more
    directions = np.multiply(matrix[:, 0], rays[0], out=linear[:3])
    directions += matrix[:, 1] * rays[1]
    directions += matrix[:, 2] * rays[2]
    return linear, packed.start[:, solid]


def _sphere(dot, norm, rest):
    """Nearer root t of norm t^2 + 2 dot t + rest = 0, times norm; not a number where there is none."""
    inside = dot * dot
    inside -= norm * rest
    np.sqrt(inside, out=inside)
    inside += dot
    return np.negative(inside, out=inside)


def intersect_round(packed, grid, tile, solid):
    """Depth along each ray to the round cone or ellipsoid of its pair: (64, P), negative or nan where it misses.

    With sin = (ra - rb) / length the side is rho = (ra - z sin) / cos between z = ra sin and z = length + rb sin;
    outside that the two spheres, which lie inside the whole, are the surface.
    """
    linear, (ox, oy, oz) = _to_local(packed, grid, tile, solid)
    length, ra, rb = packed.length[solid], packed.ra[solid], packed.rb[solid]
    sine = (ra - rb) / np.maximum(length, 1e-6) * (length > 0)
    cosine = np.sqrt(np.maximum(1.0 - sine * sine, 1e-6))
    slope, gap = sine / cosine, (ra - oz * sine) / cosine
    dot = linear[0] * ox + linear[1] * oy
    linear[3], linear[4] = dot + linear[2] * (gap * slope), dot + linear[2] * oz
    dx, dy, dz, qb, dot_a = np.matmul(PLACE.T, linear)  # (64, P) each
    dx *= dx
    dy *= dy
    across = np.add(dx, dy, out=dx)
    dz2 = np.multiply(dz, dz, out=dy)
    base = ox * ox + oy * oy
    norm = across + dz2
    dz2 *= slope * slope
    qa = np.subtract(across, dz2, out=across)
    side = _sphere(qb, qa, base - gap * gap)
    side /= qa
    z = side * dz
    z += oz
    outside = np.minimum(z - ra * sine, (length + rb * sine) - z)
    near_b = dot_a - dz * length
    near_a, near_b = (
        _sphere(dot_a, norm, base + oz * oz - ra * ra),
        _sphere(near_b, norm, base + (oz - length) ** 2 - rb * rb),
    )
    caps = np.minimum(near_a.view(np.uint32), near_b.view(np.uint32), out=near_a.view(np.uint32)).view(np.float32)
    caps /= norm
    side = side.view(np.uint32)
    side |= outside.view(np.uint32) & SIGN
    return np.minimum(side, caps.view(np.uint32), out=side).view(np.float32)


def intersect_box(packed, grid, tile, solid):
    """Depth along each ray to the box of its pair: (64, P), negative where it misses (three slabs)."""
    linear, origin = _to_local(packed, grid, tile, solid)
    enter, leave = None, None
    for direction, start in zip(np.matmul(PLACE.T, linear[:3]), origin, strict=True):
        direction += np.float32(1e-12)
        inverse = np.divide(np.float32(1), direction, out=direction)
        middle, half = inverse * -start, np.abs(inverse)
        low, high = middle - half, np.add(middle, half, out=half)
        enter = low if enter is None else np.maximum(enter, low, out=enter)
        leave = high if leave is None else np.minimum(leave, high, out=leave)
    leave -= enter
    found = enter.view(np.uint32)
    found |= leave.view(np.uint32) & SIGN
    return enter


def nearest(packed, grid):
    """Nearest solid of every ray: its depth (N, 64) float32, inf for none, and its number (N, 64) int64."""
    number = np.uint32((1 << max(len(packed.part) - 1, 1).bit_length()) - 1)  # low bits of a key
    keys = np.full((len(grid.reach), TILE * TILE), MISS)
    tile, solid = cull(packed, grid)
    boxes = solid >= packed.num_round
    for chosen, intersect in ((~boxes, intersect_round), (boxes, intersect_box)):
        t, s = tile[chosen], solid[chosen]
        if not len(t):
            continue
        pairs = np.empty((len(t), TILE * TILE), np.uint32)
        with np.errstate(all="ignore"):
            for start in range(0, len(t), CHUNK):
                few = slice(start, start + CHUNK)
                found = intersect(packed, grid, t[few], s[few])
                found -= np.float32(NEAR_MM)
                bits = found.view(np.uint32)
                bits &= ~number
                bits |= s[few].astype(np.uint32)
                pairs[few] = bits.T
        first = np.flatnonzero(np.concatenate([[True], t[1:] != t[:-1]]))
        best = np.minimum.reduceat(pairs, first, axis=0)  # (touched tiles, 64)
        rows = t[first]
        keys[rows] = np.minimum(keys[rows], best)
    solid = (keys & number).astype(np.int64)
    keys &= ~number
    distance = np.minimum(keys, MISS, out=keys).view(np.float32)
    distance += np.float32(NEAR_MM)
    return distance, solid
