"""Motion scripts as tables of key poses: interpolation, style, flip and the objects that go along.

    key poses (N times, 45 columns) -> style: offsets, amplitude, timing -> smooth interpolation -> Pose -> Skeleton
                                                                                         \\-> Prop (ball, bat, bar, ...)

A script is written for a person of 1750 mm who starts at the origin, faces +x and is right-handed; size, side and the
place in the world come later. Columns in mm and degrees, signs as in `kinematics`.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from deephar.synthetic.body import P, Skeleton, flip_skeleton
from deephar.synthetic.kinematics import Limb, Pose, apply, pose, rot_z

# name: (width, default, spread of the style's offset, scales with the body)
COLUMNS = {
    "root": (3, (0, 0, 912), (25, 25, 10), True),
    "turn": (3, (0, 0, 0), (5, 3, 2), False),
    "spine": (3, (6, 0, 0), (4, 3, 3), False),
    "head": (3, (0, 0, 0), (7, 4, 9), False),
    "r_hand": (3, (60, -250, -540), (28, 28, 28), True),
    "l_hand": (3, (60, 250, -540), (28, 28, 28), True),
    "r_elbow": (3, (-1.0, -0.5, -0.3), (0.15, 0.15, 0.15), False),
    "l_elbow": (3, (-1.0, 0.5, -0.3), (0.15, 0.15, 0.15), False),
    "r_foot": (3, (0, -110, 0), (22, 22, 0), True),
    "l_foot": (3, (0, 110, 0), (22, 22, 0), True),
    "r_knee": (3, (0, 0, 0), (0.05, 0.05, 0.05), False),
    "l_knee": (3, (0, 0, 0), (0.05, 0.05, 0.05), False),
    "r_sole": (2, (-14, 0), (7, 0), False),
    "l_sole": (2, (14, 0), (7, 0), False),
    "tool": (3, (0, 0, 0), (0.07, 0.07, 0.07), False),
}
_STARTS = dict(zip(COLUMNS, np.cumsum([0] + [column[0] for column in COLUMNS.values()]), strict=False))
SLICES = {name: slice(_STARTS[name], _STARTS[name] + COLUMNS[name][0]) for name in COLUMNS}
WIDTH = sum(column[0] for column in COLUMNS.values())
_SPREAD = np.concatenate([np.array(column[2], float) for column in COLUMNS.values()])
_SCALED = np.concatenate([np.full(column[0], column[3]) for column in COLUMNS.values()])
_FEET = np.zeros(WIDTH, bool)
for _name in ("r_foot", "l_foot", "r_sole", "l_sole"):
    _FEET[SLICES[_name]] = True

# Every style parameter is drawn from cells of its range; a split owns its cells, so no style of one split occurs in
# another.
NUM_CELLS = 16
CELLS = {
    "train": np.array([0, 1, 3, 4, 6, 8, 9, 11, 12, 14, 15]),
    "validation": np.array([2, 7]),
    "test": np.array([5, 10, 13]),
}
SPLITS = tuple(CELLS)


class Style:
    """Draws style parameters of one split from a generator."""

    def __init__(self, rng, split):
        if split not in CELLS:
            raise ValueError(f"`split` must be one of {SPLITS}. Received: {split!r}")
        self.rng, self.split = rng, split

    def uniform(self, low, high):
        """A number in [low, high), from this split's cells of that range."""
        cells = CELLS[self.split]
        cell = cells[int(self.rng.integers(len(cells)))]
        return low + (high - low) * (cell + self.rng.uniform()) / NUM_CELLS

    def chance(self, probability):
        """True with the given probability."""
        return bool(self.rng.uniform() < probability)

    def choice(self, options):
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]


@dataclass
class Prop:
    """An object that goes along with a motion.

    Attributes:
        kind: the name of its maker, for instance 'ball' or 'barbell'.
        points: name -> (T, 3) positions, mm.
        directions: name -> (T, 3) unit directions.
        numbers: name -> constants.
    """

    kind: str
    points: dict = field(default_factory=dict)
    directions: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)


@functools.lru_cache(maxsize=512)
def _parse(text):
    return np.array([[float(number) for number in row.split()] for row in text.split("|")])


def _rows(values):
    """Numbers of a table column, from a text or a sequence."""
    return _parse(values) if isinstance(values, str) else np.array(values, float)


class Keys:
    """A table of key poses.

    Args:
        times: increasing times in [0, 1]; 1 is the end, or the start of the next cycle where `cyclic`.
        cyclic: the last key is followed by the first one.
        columns: per column name either one value, or one for each time; a text has the times separated by `|`.
    """

    def __init__(self, times, cyclic=False, **columns):
        self.times = np.array(times, float)
        self.cyclic = cyclic
        self.uses_tool = "tool" in columns
        self.values = np.zeros((len(self.times), WIDTH))
        for name, (_, default, _, _) in COLUMNS.items():
            self.values[:, SLICES[name]] = _rows(columns.get(name, default))

    def styled(self, style, amount=1.0, anchor=0):
        """A copy with another amplitude, timing and offsets, as one performer would differ from the next.

        Args:
            style: a `Style`.
            amount: size of the offsets.
            anchor: number of the key pose that the amplitude leaves as it is.
        """
        rng, out = style.rng, object.__new__(Keys)
        amplitude = style.uniform(0.86, 1.12)
        rest = self.values[anchor : anchor + 1]
        values = rest + amplitude * (self.values - rest)
        values[:, _FEET] = self.values[:, _FEET]
        values += rng.normal(size=WIDTH) * _SPREAD * amount
        wander = rng.normal(size=values.shape) * _SPREAD * (0.5 * amount)
        wander[:, _FEET] = 0.0
        if self.cyclic:
            wander[-1] = wander[0]
        gaps = np.diff(self.times) * np.exp(rng.normal(0.0, 0.16, len(self.times) - 1))
        out.times = np.concatenate([[0.0], np.cumsum(gaps)]) / gaps.sum()
        out.values, out.cyclic, out.uses_tool = values + wander, self.cyclic, self.uses_tool
        return out

    def at(self, u):
        """Values (T, 45) at the times `u` (T,)."""
        u = np.asarray(u, float)
        u = u - np.floor(u) if self.cyclic else np.clip(u, 0.0, 1.0)
        return interpolate(self.times, self.values, u, self.cyclic)


def _harmonic(before, after):
    """Harmonic mean of two slopes, zero where they differ in sign: no overshoot."""
    product = before * after
    return np.where(product > 0, 2 * product / np.where(product > 0, before + after, 1.0), 0.0)


def interpolate(times, values, u, cyclic=False):
    """Curve through (N,) times and (N, D) values at `u` (T,): monotone cubic, after Fritsch and Carlson (1980)."""
    gaps = np.diff(times)[:, None]
    slopes = np.diff(values, axis=0) / gaps
    tangents = np.zeros_like(values)
    tangents[1:-1] = _harmonic(slopes[:-1], slopes[1:])
    if cyclic:
        tangents[0] = tangents[-1] = _harmonic(slopes[-1], slopes[0])
    left = np.clip(np.searchsorted(times, u, side="right") - 1, 0, len(times) - 2)
    gap = gaps[left]
    t = ((u - times[left])[:, None]) / gap
    rest = 1 - t
    return rest * rest * ((1 + 2 * t) * values[left] + t * gap * tangents[left]) + t * t * (
        (3 - 2 * t) * values[left + 1] - rest * gap * tangents[left + 1]
    )


def pose_of(values, body, hands="chest", feet="world", grips="rl", flat=False):
    """The posed skeleton of table rows (T, 45) for a body: scales lengths, plants the soles, solves arms and legs."""
    values = np.where(_SCALED, values * body.scale, values)
    get = {name: values[:, where] for name, where in SLICES.items()}
    legs, arms = {}, {}
    for side in "rl":
        target, sole = get[f"{side}_foot"].copy(), get[f"{side}_sole"]
        if feet == "world":
            pitch = np.deg2rad(sole[:, 1])
            lift = np.where(pitch > 0, 0.42, -0.26) * body.lengths["foot"] * np.sin(pitch)
            target[:, 2] += body.lengths["ankle"] * np.cos(pitch) + lift
            toes = apply(rot_z(sole[:, 0]), (1.0, 0.0, 0.0))
            legs[side] = Limb(target=target, pole=get[f"{side}_knee"] + toes, sole=sole)
        else:
            pole = get[f"{side}_knee"] + (1.0, 0.0, 0.0)
            legs[side] = Limb(target=target, pole=pole, space="hips", end=sole[:, [1, 0, 0]])
        arms[side] = Limb(target=get[f"{side}_hand"], pole=get[f"{side}_elbow"], space=hands)
        tool = get["tool"]
        arms[side].flat = flat
        if side in grips:
            arms[side].grip, arms[side].grip_space = tool, hands
    return pose(body, Pose(get["root"], get["turn"], get["spine"], get["head"], arms, legs))


def lift_off_floor(skeleton):
    """Raise whole frames in which a part of the body would be below the floor."""
    radii = skeleton.body.radii
    thick = np.full(skeleton.points.shape[1], 20.0)
    for names, radius in (
        ("pelvis spine thorax r_hip l_hip", 0.8 * radii["hips_x"]),
        ("head_centre", radii["head_x"]),
        ("r_knee l_knee", radii["knee"]),
        ("r_heel l_heel r_foot l_foot r_toe l_toe", radii["sole"] * 0.98),
        ("r_shoulder l_shoulder r_elbow l_elbow", radii["elbow"]),
        ("r_wrist l_wrist", radii["wrist"]),
    ):
        thick[[P[name] for name in names.split()]] = radius
    low = (skeleton.points[..., 2] - thick).min(-1)
    skeleton.points[..., 2] += np.maximum(0.0, -low)[..., None]
    return skeleton


@dataclass
class Performance:
    """A motion as performed: the skeleton over T frames and the objects with it, in the world."""

    skeleton: Skeleton
    props: list


def flip_performance(performance):
    """The left-handed twin."""
    flip = np.array([1.0, -1.0, 1.0])
    props = [
        Prop(
            prop.kind,
            {name: value * flip for name, value in prop.points.items()},
            {name: value * flip for name, value in prop.directions.items()},
            prop.numbers,
        )
        for prop in performance.props
    ]
    return Performance(flip_skeleton(performance.skeleton), props)


def place(performance, heading, origin):
    """Turn about the vertical by `heading` degrees and move by `origin` (x, y) mm."""
    turn, shift = rot_z(heading), np.array([origin[0], origin[1], 0.0])
    skeleton = performance.skeleton
    moved = Skeleton(skeleton.points @ turn.T + shift, turn @ skeleton.frames, skeleton.body)
    props = [
        Prop(
            prop.kind,
            {name: value @ turn.T + shift for name, value in prop.points.items()},
            {name: value @ turn.T for name, value in prop.directions.items()},
            prop.numbers,
        )
        for prop in performance.props
    ]
    return Performance(moved, props)
