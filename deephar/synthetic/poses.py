"""Random poses within the joint limits, as sports images show them: bent, crouching, lying, leaping, inverted.

A pose is drawn in joint angles, so limits hold by construction; then the lowest part of the body is put on the floor,
or the whole person in the air.
"""

import numpy as np

from deephar.synthetic.body import LIMITS, P
from deephar.synthetic.kinematics import Limb, Pose, pose
from deephar.synthetic.motion import Performance, lift_off_floor

_BALL = ("shoulder_flex", "shoulder_abduct", "shoulder_twist", "elbow")
_LEG = ("hip_flex", "hip_abduct", "hip_twist", "knee")

# kind: (how often, pelvis pitch (middle, spread), pelvis roll spread, spine flex (middle, spread), hip flex, hip
# abduct, knee, spread of the legs' angles, chance that both legs do the same, chance of being in the air)
KINDS = {
    "stand": (0.24, (4, 8), 5, (8, 14), 8, 7, 8, 9, 0.5, 0.03),
    "stride": (0.14, (8, 10), 5, (10, 14), 25, 6, 25, 35, 0.0, 0.10),
    "leap": (0.12, (10, 25), 15, (10, 20), 45, 18, 55, 45, 0.2, 0.9),
    "bend": (0.10, (45, 25), 8, (38, 22), 55, 10, 15, 18, 0.6, 0.02),
    "crouch": (0.10, (25, 18), 8, (25, 18), 95, 16, 112, 16, 0.7, 0.05),
    "kneel": (0.05, (5, 15), 6, (10, 16), 40, 12, 105, 35, 0.3, 0.0),
    "sit": (0.05, (-12, 14), 6, (15, 16), 82, 14, 40, 28, 0.6, 0.0),
    "lie": (0.08, (0, 0), 0, (5, 20), 30, 12, 35, 35, 0.4, 0.1),
    "invert": (0.06, (180, 22), 14, (-4, 16), 15, 20, 20, 35, 0.4, 0.25),
    "free": (0.06, (0, 0), 0, (15, 28), 45, 18, 50, 45, 0.3, 0.8),
}
_NAMES = tuple(KINDS)
_OFTEN = np.array([KINDS[name][0] for name in _NAMES]) / sum(KINDS[name][0] for name in _NAMES)


def _clip(name, value):
    low, high = LIMITS[name]
    return float(min(max(value, low), high))


def _turn(rng, kind):
    """Yaw, pitch and roll of the pelvis."""
    _, pitch, roll, *_ = KINDS[kind]
    if kind == "free":
        return rng.uniform(-180, 180, 3)
    if kind == "lie":
        on = rng.choice([-90.0, 90.0, -90.0, 0.0])
        return np.array([0.0, on + rng.normal(0, 8), rng.normal(0, 12) if on else rng.choice([-90.0, 90.0])])
    return np.array([0.0, rng.normal(*pitch), rng.normal(0, roll)])


def _arm(rng, overhead):
    """Angles of one arm: near the body, or reaching anywhere; elbows often bent."""
    way = rng.uniform()
    if overhead or way > 0.85:
        flex, abduct = rng.normal(165, 22), rng.normal(8, 16)
    elif way < 0.35:
        flex, abduct = rng.normal(15, 30), abs(rng.normal(14, 14))
    elif way < 0.65:
        flex, abduct = rng.normal(75, 32), rng.normal(5, 22)
    else:
        flex, abduct = rng.normal(10, 35), rng.uniform(30, 125)
    elbow = rng.gamma(1.6, 28.0) if not overhead else rng.gamma(1.2, 12.0)
    angles = (flex, abduct, rng.normal(10, 35), 5 + elbow)
    end = (
        _clip("pronation", rng.normal(0, 40)),
        _clip("wrist_flex", rng.normal(5, 20)),
        _clip("wrist_bend", rng.normal(0, 8)),
    )
    return [_clip(name, value) for name, value in zip(_BALL, angles, strict=False)], end


def _legs(rng, kind):
    """Angles of both legs: (2, 4), and of the feet: (2, 3)."""
    _, _, _, _, flex, abduct, knee, spread, same, _ = KINDS[kind]
    right = rng.normal((flex, abduct, 8, knee), (spread, 0.4 * spread, 10, spread))
    left = rng.normal((flex, abduct, 8, knee), (spread, 0.4 * spread, 10, spread))
    if rng.uniform() < same:
        left = right + rng.normal(0, 5, 4)
    elif kind == "stride":
        # One leg before, the other behind.
        left[0] = 0.3 * left[0] - 0.5 * right[0]
        right[3], left[3] = abs(right[3]), abs(left[3]) * 0.8
    angles = [[_clip(name, value) for name, value in zip(_LEG, leg, strict=False)] for leg in (right, left)]
    feet = [(_clip("ankle", rng.normal(6, 14)), rng.normal(0, 6), 0.0) for _ in range(2)]
    return np.array(angles), np.array(feet)


def _row(values):
    return np.array([values], float)


def _controls(rng, kind):
    spine = KINDS[kind][3]
    angles = {
        "spine": [
            _clip("spine_flex", rng.normal(*spine)),
            _clip("spine_bend", rng.normal(0, 10)),
            _clip("spine_twist", rng.normal(0, 16)),
        ],
        "head": [
            _clip("head_flex", rng.normal(0, 16)),
            _clip("head_bend", rng.normal(0, 9)),
            _clip("head_twist", rng.normal(0, 26)),
        ],
    }
    legs, feet = _legs(rng, kind)
    arms, ends = zip(*[_arm(rng, kind == "invert" and rng.uniform() < 0.85) for _ in range(2)], strict=False)
    if rng.uniform() < 0.15:
        arms = (arms[0], [_clip(n, v + rng.normal(0, 6)) for n, v in zip(_BALL, arms[0], strict=False)])
    return Pose(
        root=np.zeros((1, 3)),
        turn=_row(_turn(rng, kind)),
        spine=_row(angles["spine"]),
        head=_row(angles["head"]),
        arms={s: Limb(angles=_row(arms[i]), end=_row(ends[i])) for i, s in enumerate("rl")},
        legs={s: Limb(angles=_row(legs[i]), end=_row(feet[i])) for i, s in enumerate("rl")},
    )


_LIMB_POINTS = [P[f"{side}_{name}"] for side in "rl" for name in ("elbow", "wrist", "hand", "knee")]


def _collides(skeleton):
    """True where an elbow, a hand or a knee is inside the trunk or the head, or both hands or knees in one place."""
    points, radii = skeleton.points[0], skeleton.body.radii
    limbs = points[_LIMB_POINTS]
    start, end = points[P["pelvis"]], points[P["neck"]]
    axis = end - start
    share = np.clip((limbs - start) @ axis / (axis @ axis), 0.0, 1.0)
    trunk = np.sqrt(((limbs - start - share[:, None] * axis) ** 2).sum(1)).min()
    head = np.sqrt(((limbs - points[P["head_centre"]]) ** 2).sum(1)).min()
    pairs = np.sqrt(((limbs[:4] - limbs[4:]) ** 2).sum(1)).min()
    shins = np.sqrt(((points[P["r_ankle"]] - points[P["l_ankle"]]) ** 2).sum())
    return trunk < radii["chest_x"] + 0.4 * radii["elbow"] or head < radii["head_x"] or pairs < 60.0 or shins < 60.0


def random_pose(rng, body, kind=None, tries=6):
    """A single pose.

    Args:
        rng: numpy Generator.
        body: a `Body`.
        kind: a key of `KINDS`, or None for a random one.
        tries: poses in which a limb runs through the trunk are drawn again this many times.

    Returns:
        A `Performance` of one frame with the pelvis above the origin, turned by a random heading.
    """
    kind = kind or _NAMES[int(rng.choice(len(_NAMES), p=_OFTEN))]
    for _ in range(tries):
        skeleton = pose(body, _controls(rng, kind))
        if not _collides(skeleton):
            break
    heading = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(heading), np.sin(heading)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    skeleton.points[:] = skeleton.points @ turn.T
    skeleton.frames[:] = turn @ skeleton.frames
    air = rng.uniform(60.0, 900.0) if rng.uniform() < KINDS[kind][-1] else 0.0
    skeleton.points[..., 2] += air + body.radii["sole"] - skeleton.points[..., 2].min()
    return Performance(lift_off_floor(skeleton), [])
