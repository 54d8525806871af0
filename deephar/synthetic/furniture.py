"""Furniture, poles, bushes and trees made of boxes, capsules and ellipsoids: what stands round people."""

import numpy as np

from deephar.synthetic.palette import cloth_colour, muted_colour, pattern_seed, pick
from deephar.synthetic.scene import PART_FURNITURE, Material, SolidsBuilder

INDOORS = ("crate", "table", "shelf", "sofa", "stool", "pole", "plant", "screen")
OUTDOORS = ("tree", "bush", "bush", "pole", "crate", "park_bench", "tree")


def _paint(rng, split):
    """A material for furniture."""
    if rng.random() < 0.5:
        colour = tuple(muted_colour(rng, split, hue=(0.03, 0.12), saturation=(0.2, 0.6), value=(0.2, 0.8)))
    else:
        colour = cloth_colour(rng, split)
    pattern = pick(rng, ("plain", "noise", "stripes", "checks"), (0.55, 0.25, 0.15, 0.05))
    second = tuple(0.7 * c for c in colour)
    return Material(
        colour, second, pattern, float(rng.uniform(200, 900)), pattern_seed(rng, split), float(rng.uniform(0, 0.2))
    )


class _Piece:
    """Adds solids in a frame that stands on the floor at `spot`, turned by `turn`."""

    def __init__(self, solids, rng, split, spot, turn):
        self.solids = solids
        self.spot = np.array([spot[0], spot[1], 0.0])
        c, s = np.cos(turn), np.sin(turn)
        self.rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        self.paint = [self.solids.material(_paint(rng, split)) for _ in range(2)]

    def box(self, middle, half, paint=0):
        self.solids.box(
            self.spot + self.rotation @ np.asarray(middle, float),
            self.rotation,
            half,
            self.paint[paint],
            PART_FURNITURE,
        )

    def rod(self, a, b, ra, rb, paint=0):
        a, b = (self.spot + self.rotation @ np.asarray(p, float) for p in (a, b))
        self.solids.capsule(a, b, ra, rb, self.paint[paint], PART_FURNITURE)

    def ball(self, middle, half, paint=0):
        centre = self.spot + self.rotation @ np.asarray(middle, float)
        self.solids.ellipsoid(centre, self.rotation * np.asarray(half, float), self.paint[paint], PART_FURNITURE)

    def leaves(self, rng, split):
        """Turn the second paint into leaves."""
        colour = tuple(muted_colour(rng, split, hue=(0.17, 0.36), saturation=(0.3, 0.7), value=(0.15, 0.6)))
        dark = tuple(0.35 * c for c in colour)
        self.paint[1] = self.solids.material(Material(colour, dark, "noise", 400.0, pattern_seed(rng, split), 0.0))


def _crate(piece, rng):
    half = rng.uniform(150, 600, 3)
    piece.box((0, 0, half[2]), half)


def _table(piece, rng):
    x, y, height = rng.uniform(350, 900), rng.uniform(300, 500), rng.uniform(450, 950)
    piece.box((0, 0, height), (x, y, 25))
    for sx in (-1, 1):
        for sy in (-1, 1):
            foot = np.array([sx * (x - 50), sy * (y - 50), 0.0])
            piece.rod(foot, foot + (0, 0, height), 25, 25, 1)


def _shelf(piece, rng):
    x, y, height = rng.uniform(250, 700), rng.uniform(120, 250), rng.uniform(700, 1100)
    piece.box((0, 0, height), (x, y, height))
    for level in np.linspace(0.25, 1.75, 4) * height:
        piece.box((0, 0, level), (0.85 * x, y + 12, 0.12 * height), 1)


def _sofa(piece, rng):
    x = rng.uniform(500, 1000)
    piece.box((0, 0, 220), (x, 420, 220))
    piece.box((0, 380, 420), (x, 110, 420), 1)


def _stool(piece, rng):
    height, x = rng.uniform(250, 520), rng.uniform(150, 260)
    piece.box((0, 0, height), (x, x, 30))
    piece.rod((0, 0, 0), (0, 0, height), 35, 30, 1)


def _pole(piece, rng):
    radius = rng.uniform(25, 130)
    piece.rod((0, 0, -200), (0, 0, rng.uniform(1800, 5000)), radius, radius)


def _screen(piece, rng):
    piece.box((0, 0, rng.uniform(1000, 1700)), (rng.uniform(350, 800), 35, rng.uniform(200, 500)), 1)
    piece.rod((0, 0, 0), (0, 0, 1000), 30, 30)


def _plant(piece, rng):
    piece.rod((0, 0, 120), (0, 0, 280), 110, 150)
    for _ in range(4):
        piece.ball(rng.uniform((-160, -160, 450), (160, 160, 1000)), rng.uniform(120, 260, 3), 1)


def _bush(piece, rng):
    for _ in range(4):
        piece.ball(rng.uniform((-450, -450, 100), (450, 450, 500)), rng.uniform(250, 550, 3), 1)


def _tree(piece, rng):
    height = rng.uniform(1800, 3500)
    piece.rod((0, 0, -100), (0, 0, height), rng.uniform(90, 220), rng.uniform(60, 90))
    for _ in range(4):
        piece.ball(rng.uniform((-800, -800, height), (800, 800, height + 1500)), rng.uniform(500, 1300, 3), 1)


def _park_bench(piece, rng):
    piece.box((0, 0, 430), (rng.uniform(600, 900), 220, 30))
    piece.box((0, 220, 720), (rng.uniform(600, 900), 25, 140))
    for x in (-450, 450):
        piece.box((x, 0, 200), (35, 200, 200), 1)


_KINDS = sorted({*INDOORS, *OUTDOORS})


def add_piece(solids, kind, rng, split, spot, turn):
    """Add one piece of furniture to a `SolidsBuilder`; the other arguments as `make_piece`."""
    if kind not in _KINDS:
        raise ValueError(f"`kind` must be one of {_KINDS}. Received: {kind!r}")
    piece = _Piece(solids, rng, split, spot, turn)
    if kind in ("plant", "bush", "tree"):
        piece.leaves(rng, split)
    globals()[f"_{kind}"](piece, rng)


def make_piece(kind, rng, split, spot, turn):
    """One piece of furniture.

    Args:
        kind: one of `INDOORS` or `OUTDOORS`.
        rng: numpy Generator; size and colours.
        split: whose colours.
        spot: (x, y) in mm.
        turn: radians about the vertical.

    Returns:
        `Solids` whose parts are `PART_FURNITURE`.
    """
    solids = SolidsBuilder()
    add_piece(solids, kind, rng, split, spot, turn)
    return solids.build()
