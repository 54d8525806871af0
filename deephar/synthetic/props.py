"""The things people hold and use: for sport and music here, the small ones of everyday life in `props_small`.

sample_props(rng, split) -> PropAppearance, once a clip
make_prop(kind, points, directions, numbers, appearance) -> Solids, every frame
"""

import itertools
from dataclasses import dataclass

import numpy as np

from deephar.synthetic.palette import cloth_colour, muted_colour, pattern_seed
from deephar.synthetic.props_small import SMALL_MAKERS
from deephar.synthetic.scene import PART_OBJECT, Material, SolidsBuilder

SHAFT_MM = 8.0  # radius of a thin shaft
ROPE_MM = 9.0  # radius; thicker than a real rope so that it survives small images
BAR_MM = 17.0


@dataclass(frozen=True)
class PropAppearance:
    """Materials of the objects of one clip."""

    ball: Material
    wood: Material
    metal: Material
    plate: Material
    grip: Material
    cover: Material
    rope: Material
    net: Material


def _plain(colour, specular=0.1):
    return Material(tuple(colour), tuple(0.8 * c for c in colour), "plain", 200.0, 0, specular)


def sample_props(rng, split="train"):
    """Draw the appearance of objects in a clip; the colours of the splits differ."""
    wood = muted_colour(rng, split, hue=(0.04, 0.11), saturation=(0.3, 0.7), value=(0.3, 0.85))
    painted = rng.random() < 0.35
    steel = muted_colour(rng, split, saturation=(0.0, 0.08), value=(0.3, 0.85))
    ball = cloth_colour(rng, split)
    return PropAppearance(
        ball=Material(
            ball, (0.95, 0.95, 0.9), "noise" if rng.random() < 0.3 else "plain", 120.0, pattern_seed(rng, split), 0.15
        ),
        wood=_plain(cloth_colour(rng, split))
        if painted
        else Material(tuple(wood), tuple(0.7 * wood), "noise", 150.0, pattern_seed(rng, split), 0.1),
        metal=_plain(steel, 0.4),
        plate=_plain(cloth_colour(rng, split) if rng.random() < 0.6 else (0.1, 0.1, 0.11)),
        grip=_plain(cloth_colour(rng, split), 0.05),
        cover=_plain(cloth_colour(rng, split), 0.12),
        rope=_plain(cloth_colour(rng, split), 0.0),
        net=_plain((0.85, 0.85, 0.8) if rng.random() < 0.6 else cloth_colour(rng, split), 0.0),
    )


def _unit(v):
    v = np.asarray(v, float)
    return v / max(np.linalg.norm(v), 1e-9)


def _aside(along):
    """A unit direction across `along`, level where possible."""
    flat = np.cross(along, (0.0, 0.0, 1.0))
    return _unit(flat) if np.linalg.norm(flat) > 1e-3 else np.array([1.0, 0.0, 0.0])


class _Maker:
    """The solids of one object, with materials by name."""

    def __init__(self, appearance):
        self.appearance, self.solids, self.numbers = appearance, SolidsBuilder(), {}

    def paint(self, name):
        if name not in self.numbers:
            self.numbers[name] = self.solids.material(getattr(self.appearance, name))
        return self.numbers[name]

    def rod(self, a, b, ra, rb, paint, front=(1.0, 0.0, 0.0), flat=1.0):
        self.solids.capsule(a, b, ra, rb, self.paint(paint), PART_OBJECT, front, flat)

    def ball(self, centre, half, paint, axes=None):
        axes = np.eye(3) if axes is None else axes
        self.solids.ellipsoid(
            centre, axes * np.broadcast_to(np.asarray(half, float), 3), self.paint(paint), PART_OBJECT
        )

    def box(self, centre, axes, half, paint):
        self.solids.box(centre, axes, half, self.paint(paint), PART_OBJECT)


def _make_ball(make, points, directions, numbers):
    radius = numbers.get("radius", 40.0)
    make.ball(points["centre"], (radius, radius, radius * numbers.get("flat", 1.0)), "ball")


def _make_glove(make, points, directions, numbers):
    make.ball(points["centre"], numbers.get("radius", 110.0), "cover")


def _make_bat(make, points, directions, numbers):
    grip, tip = points["grip"], points["tip"]
    middle = grip + 0.45 * (tip - grip)
    make.rod(grip, grip + 0.3 * (tip - grip), 15.0, 15.0, "grip")
    make.rod(grip, middle, 14.0, 22.0, "wood")
    make.rod(middle, tip - 30.0 * _unit(tip - grip), 22.0, 35.0, "wood")


def _make_stick(make, points, directions, numbers):
    make.rod(points["grip"], points["tip"], 13.0, 13.0, "wood")


def _make_racket(make, points, directions, numbers):
    """A shaft, a ring of short rods and a thin net; `face` is the normal of the net."""
    grip, tip = points["grip"], points["tip"]
    along = _unit(tip - grip)
    face = directions.get("face", _aside(along))
    across = _unit(np.cross(face, along))
    make.rod(grip, grip + 190.0 * along, 17.0, 17.0, "grip")
    long, wide = 170.0, 130.0
    centre = tip - long * along
    make.rod(grip, centre - long * along, 12.0, 10.0, "cover")
    turn = np.linspace(0, 2 * np.pi, 9)
    ring = centre + long * np.cos(turn)[:, None] * along + wide * np.sin(turn)[:, None] * across
    for a, b in itertools.pairwise(ring):
        make.rod(a, b, 11.0, 11.0, "cover")
    make.ball(
        centre, (3.0, 0.94 * wide, 0.94 * long), "net", np.stack([np.cross(across, along), across, along], axis=1)
    )


def _make_club(make, points, directions, numbers):
    grip, tip = points["grip"], points["tip"]
    along = _unit(tip - grip)
    make.rod(grip, grip + 0.27 * (tip - grip), 14.0, 12.0, "grip")
    make.rod(grip, tip, SHAFT_MM, SHAFT_MM, "metal")
    toe = directions.get("face", _aside(along))
    make.rod(tip, tip + 80.0 * toe, 20.0, 32.0, "metal")


def _make_barbell(make, points, directions, numbers):
    """A bar, on either side up to two plates (flat round cones) and a collar."""
    left, right = points["left"], points["right"]
    axis, length = _unit(left - right), float(np.linalg.norm(left - right))
    make.rod(right, left, BAR_MM, BAR_MM, "metal")
    radius = float(numbers.get("plate", 200.0))
    if radius <= 0:
        return
    across = np.cross(axis, _aside(axis))
    axes = np.stack([_aside(axis), across, axis], axis=1)
    for end, inwards in ((left, -1.0), (right, 1.0)):
        for place, share in ((0.11, 1.0), (0.085, 0.8)):
            make.ball(end + inwards * place * length * axis, (share * radius, share * radius, 32.0), "plate", axes)


def _make_bench(make, points, directions, numbers):
    """A padded board from `head` to `foot` on two pairs of legs; with posts where `rack` (mm) is given."""
    head, foot = np.asarray(points["head"], float), np.asarray(points["foot"], float)
    along, wide = _unit(foot - head), float(numbers.get("width", 280.0)) / 2
    across = _unit(np.cross((0.0, 0.0, 1.0), along))
    axes = np.stack([along, across, np.cross(along, across)], axis=1)
    length = float(np.linalg.norm(foot - head))
    make.box((head + foot) / 2 - (0, 0, 32.0), axes, (length / 2, wide, 30.0), "cover")
    for end in (head + 0.12 * length * along, foot - 0.12 * length * along):
        low = np.array([end[0], end[1], 25.0])
        make.rod(end - (0, 0, 60.0), low, 24.0, 24.0, "metal")
        make.rod(low - wide * across, low + wide * across, 22.0, 22.0, "metal")


def _make_seat(make, points, directions, numbers):
    top, half = np.asarray(points["top"], float), float(numbers.get("width", 380.0)) / 2
    make.box(top - (0, 0, 25.0), np.eye(3), (half, half, 25.0), "wood")
    for sx in (-1, 1):
        for sy in (-1, 1):
            corner = top + (0.85 * sx * half, 0.85 * sy * half, -25.0)
            make.rod(corner, (corner[0], corner[1], 10.0), 17.0, 17.0, "metal")


def _make_pullup_bar(make, points, directions, numbers):
    """A bar on two posts that stand on the floor."""
    left, right = np.asarray(points["left"], float), np.asarray(points["right"], float)
    make.rod(left, right, BAR_MM, BAR_MM, "metal")
    for end in (left, right):
        make.rod(end, (end[0], end[1], 0.0), 35.0, 35.0, "metal")


def _make_guitar(make, points, directions, numbers):
    """Two flat bouts with a hole, a neck and a head."""
    body, along, face = points["body"], _unit(directions["neck"]), directions["face"]
    face = _unit(face - (face @ along) * along)
    axes = np.stack([face, np.cross(along, face), along], axis=1)
    make.ball(body - 60.0 * along, (48.0, 185.0, 170.0), "wood", axes)
    make.ball(body + 130.0 * along, (46.0, 145.0, 140.0), "wood", axes)
    make.ball(body + 60.0 * along + 36.0 * face, (14.0, 48.0, 48.0), "grip", axes)
    start, end = body + 200.0 * along + 38.0 * face, body + 640.0 * along + 38.0 * face
    make.rod(start, end, 30.0, 26.0, "plate", face, 0.6)
    make.rod(end, end + 130.0 * along, 38.0, 46.0, "plate", face, 0.4)


def _make_rope(make, points, directions, numbers):
    """Short rods through the points in the order of their names."""
    path = [np.asarray(points[name], float) for name in sorted(points)]
    for a, b in itertools.pairwise(path):
        make.rod(a, b, ROPE_MM, ROPE_MM, "rope")


_MAKERS = {
    "ball": _make_ball,
    "bat": _make_bat,
    "barbell": _make_barbell,
    "bench": _make_bench,
    "club": _make_club,
    "glove": _make_glove,
    "guitar": _make_guitar,
    "pullup_bar": _make_pullup_bar,
    "racket": _make_racket,
    "rope": _make_rope,
    "seat": _make_seat,
    "stick": _make_stick,
    **SMALL_MAKERS,
}
KINDS = tuple(_MAKERS)


def make_prop(kind, points, directions, numbers, appearance):
    """The solids of an object in one frame.

    Args:
        kind: one of `KINDS`.
        points: name -> (3,) mm: ball, glove `centre`; bat, club, racket, stick `grip`, `tip`; barbell, pullup_bar
        `left`, `right`;
            bench `head`, `foot`; seat `top`; guitar `body`; rope any names, in order; see `props_small` for its own.
        directions: name -> (3,) unit: guitar `neck`, `face`; club, racket `face` if known.
        numbers: name -> mm: ball, glove `radius`; bench, seat `width`; barbell `plate` (0 for none).
        appearance: `PropAppearance`.

    Returns:
        `Solids` with parts `PART_OBJECT`.

    Raises:
        ValueError: unknown kind.
    """
    if kind not in _MAKERS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: {kind!r}")
    maker = _Maker(appearance)
    _MAKERS[kind](maker, points, directions, numbers)
    return maker.solids.build()


def prop_solids(prop, t, appearance):
    """The solids of an object that goes along with a motion, at frame `t`; `prop` is a `motion.Prop`."""
    points = {name: np.asarray(values[t], float) for name, values in prop.points.items()}
    directions = {name: np.asarray(values[t], float) for name, values in prop.directions.items()}
    return make_prop(prop.kind, points, directions, prop.numbers, appearance)
