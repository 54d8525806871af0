"""What an action script is made of: its key poses, how the hands hold things, and the objects that follow them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deephar.synthetic.body import F, P
from deephar.synthetic.kinematics import UP, apply, unit
from deephar.synthetic.motion import SLICES, Prop, lift_off_floor, pose_of

FLOOR_GAP_MM = 25.0


def keep(values, details):
    """A link that changes nothing."""


def no_props(skeleton, values, u, details):
    """No object."""
    return []


@dataclass
class Script:
    """One performer's version of an action.

    Attributes:
        keys: a `Keys` table, styled.
        hands: space of the hand targets: 'chest', 'hips' or 'world'.
        feet: 'world' (soles on the floor) or 'hips' (legs hang).
        link: `f(values, details)` that ties columns together, for instance both hands to one bat.
        props: `f(skeleton, values, u, details)` -> list of `Prop`.
        details: constants of this performance.
        cycles: range of repetitions in a video (cyclic actions), else None.
        grips: the hands that hold the tool.
        flat: the palms lie on the floor.
    """

    keys: object
    hands: str = "chest"
    feet: str = "world"
    link: Callable = keep
    props: Callable = no_props
    details: dict = field(default_factory=dict)
    cycles: tuple | None = None
    grips: str = "rl"
    flat: bool = False

    def perform(self, body, u):
        """Skeleton and props at the times `u` (T,): in [0, 1], or in repetitions for cyclic actions."""
        values = self.keys.at(u)
        self.link(values, self.details)
        grips = self.grips if self.keys.uses_tool else ""
        skeleton = lift_off_floor(pose_of(values, body, self.hands, self.feet, grips, self.flat))
        return skeleton, self.props(skeleton, values, np.asarray(u, float), self.details)


def column(values, name):
    """A view of one column of table rows."""
    return values[:, SLICES[name]]


def point(skeleton, name):
    """One point over time, (T, 3)."""
    return skeleton.points[:, P[name]]


def two_hands(values, details):
    """Both hands on one handle: the left at its end, the right above it, along the tool's direction (chest)."""
    grip, tool = column(values, "l_hand"), unit(column(values, "tool"))
    column(values, "r_hand")[:] = grip + details.get("spread", 85.0) * tool


def same_hands(values, details):
    """The left hand does the same as the right one, flipped."""
    column(values, "l_hand")[:] = column(values, "r_hand") * (1.0, -1.0, 1.0)


def other_side(right):
    """The left side's value for a right side's (x, y, z)."""
    return np.array(right, float) * (1.0, -1.0, 1.0)


def level_bar(values, details):
    """Both hands on one level bar: the left is the flipped right, elbows too."""
    same_hands(values, details)
    column(values, "l_elbow")[:] = other_side(column(values, "r_elbow"))


def still(point_xyz, count):
    """A place that does not move, (count, 3)."""
    return np.broadcast_to(np.array(point_xyz, float), (count, 3))


def tool_direction(skeleton, values):
    """The tool's direction in the world, (T, 3)."""
    return unit(apply(skeleton.frames[:, F["chest"]], column(values, "tool")))


def along(start, direction, distance):
    """Point at a distance (mm) from `start`."""
    return start + direction * distance


def long_tool(kind, skeleton, values, length, side="r", back=60.0):
    """A bat, club or racket in the hand(s): from behind the hand along the tool's direction."""
    hand = point(skeleton, f"{side}_hand")
    direction = tool_direction(skeleton, values)
    # The far end touches the floor rather than go through it.
    sink = (FLOOR_GAP_MM - hand[:, 2]) / (length - back)
    down = np.maximum(direction[:, 2], np.clip(sink, -1.0, 1.0))
    level = np.sqrt(np.maximum(1.0 - down**2, 0.0)) / np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-6)
    direction = np.stack([direction[:, 0] * level, direction[:, 1] * level, down], -1)
    points = {"grip": along(hand, direction, -back), "tip": along(hand, direction, length - back)}
    return Prop(kind, points, {"along": direction}), points


def between_hands(skeleton):
    """Middle of both palms, and the direction from the right one to the left one."""
    right, left = point(skeleton, "r_hand"), point(skeleton, "l_hand")
    return (right + left) / 2, unit(left - right)


def barbell(skeleton, length, plate, kind="barbell", offset=None):
    """A bar through both hands (or moved by `offset`), level, with plates."""
    middle, axis = between_hands(skeleton)
    axis = unit(axis * np.array([1.0, 1.0, 0.15]))
    if offset is not None:
        middle = middle + offset
    ends = {"left": along(middle, axis, length / 2), "right": along(middle, axis, -length / 2)}
    return Prop(kind, ends, {"along": axis}, {"plate": plate})


def flight(start, velocity, seconds, gravity=9810.0, floor=40.0):
    """A thrown ball after (T,) seconds: stays above the floor."""
    seconds = np.maximum(seconds, 0.0)[:, None]
    path = start + velocity * seconds - 0.5 * gravity * seconds**2 * UP
    path[:, 2] = np.maximum(path[:, 2], floor)
    return path
