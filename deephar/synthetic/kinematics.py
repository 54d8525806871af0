"""From joint angles, or hand and foot targets, to the points of the body: kinematics of all frames at once.

Signs (degrees): flex is forwards for spine, head, shoulder, elbow and hip, backwards for the knee, toes down for the
ankle; bend and twist are to the left; abduct is away from the body on either side; pronation and twist turn the limb
inwards.

    Pose:  pelvis (position, rotation) -> spine -> thorax -> neck -> head
                        |                    |-> 2 x Limb: angles, or a target and a pole -> hand
                        |-> 2 x Limb: angles, or a target and a pole -> foot
"""

from dataclasses import dataclass, field

import numpy as np

from deephar.synthetic.body import NUM_POINTS, P, Skeleton

UP = np.array([0.0, 0.0, 1.0])
SIDES = (("r", -1.0), ("l", 1.0))


def rot_x(degrees):
    """Rotation matrices (..., 3, 3) about x: y towards z."""
    return _rotation(degrees, 1, 2)


def rot_y(degrees):
    """Rotation matrices (..., 3, 3) about y: z towards x."""
    return _rotation(degrees, 2, 0)


def rot_z(degrees):
    """Rotation matrices (..., 3, 3) about z: x towards y."""
    return _rotation(degrees, 0, 1)


def _rotation(degrees, i, j):
    angle = np.asarray(degrees, np.float64) * (np.pi / 180)
    out = np.zeros(angle.shape + (3, 3))
    out[..., i, i] = out[..., j, j] = np.cos(angle)
    sin = np.sin(angle)
    out[..., j, i] = sin
    out[..., i, j] = -sin
    out[..., 3 - i - j, 3 - i - j] = 1.0
    return out


def unit(vectors):
    """Vectors (..., 3) of length one; zero stays zero."""
    length = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    return vectors / np.maximum(length, 1e-9)


def cross(a, b):
    """Cross product of (..., 3), several times faster than `numpy.cross`."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0], out[..., 1], out[..., 2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return out


def _columns(forward, left, up):
    """Frames (T, 3, 3) of three directions (T, 3)."""
    out = np.empty(forward.shape + (3,))
    out[..., 0], out[..., 1], out[..., 2] = forward, left, up
    return out


def apply(rotation, vector):
    """Rotate (..., 3) by (..., 3, 3)."""
    return (rotation @ np.asarray(vector, np.float64)[..., None])[..., 0]


@dataclass
class Limb:
    """One arm or leg.

    Either `angles` (T, 4): flex, abduct, twist of the shoulder or hip and the bend of elbow or knee; or a `target` (T,
    3) in mm for wrist or ankle and a `pole` (T, 3), the direction elbow or knee points to. `space` is 'chest' (offsets
    from the thorax along the chest's axes), 'hips' (from the pelvis) or 'world'.

    End of the limb: `end` (T, 3): pronation, flex, bend of the hand, or flex (toes down), yaw of the foot relative to
    the shin; `grip` (T, 3): a direction the thumb side of the hand points to; `sole` (T, 2): yaw and pitch (toes down)
    of a foot in the world.
    """

    angles: np.ndarray | None = None
    target: np.ndarray | None = None
    pole: np.ndarray | None = None
    space: str = "world"
    end: np.ndarray | None = None
    grip: np.ndarray | None = None
    grip_space: str | None = None
    flat: bool = False
    sole: np.ndarray | None = None


@dataclass
class Pose:
    """What a motion script gives for T frames: `root` in mm, the rest in degrees; signs as above."""

    root: np.ndarray  # (T, 3) pelvis, mm
    turn: np.ndarray  # (T, 3) pelvis yaw (left), pitch (forwards), roll (left)
    spine: np.ndarray  # (T, 3) flex, bend, twist
    head: np.ndarray  # (T, 3) flex, bend, twist
    arms: dict = field(default_factory=dict)  # 'r', 'l' -> Limb
    legs: dict = field(default_factory=dict)


def pose(body, controls):
    """Posed skeleton of T frames.

    Args:
        body: a `Body`.
        controls: a `Pose` whose arrays all have T rows.

    Returns:
        A `Skeleton` with points (T, 36, 3) and frames (T, 7, 3, 3). Targets out of reach are approached with a
        stretched limb, so that limb lengths hold whatever is asked.
    """
    num_frames = len(controls.root)
    points = np.empty((num_frames, NUM_POINTS, 3))
    frames = np.empty((num_frames, 7, 3, 3))
    _trunk(body, controls, points, frames)
    for _index, (side, sign) in enumerate(SIDES):
        _arm(body, controls.arms[side], side, sign, points, frames)
        _leg(body, controls.legs[side], side, sign, points, frames)
    return Skeleton(points, frames, body)


def _bend(angles):
    """Rotations for flex, bend and twist (..., 3)."""
    return rot_y(angles[..., 0]) @ rot_x(-angles[..., 1]) @ rot_z(angles[..., 2])


def _trunk(body, controls, points, frames):
    """Pelvis, spine, thorax and head."""
    length, radii = body.lengths, body.radii
    turn = controls.turn
    pelvis = rot_z(turn[:, 0]) @ rot_y(turn[:, 1]) @ rot_x(-turn[:, 2])
    spine, head = controls.spine, controls.head
    bends = _bend(np.stack([0.4 * spine, 0.6 * spine, 0.4 * head, 0.6 * head]))
    lumbar = pelvis @ bends[0]
    chest = lumbar @ bends[1]
    neck = chest @ bends[2]
    head = neck @ bends[3]
    frames[:, 0], frames[:, 1], frames[:, 2] = pelvis, chest, head
    points[:, P["pelvis"]] = controls.root
    points[:, P["spine"]] = spine = controls.root + lumbar[:, :, 2] * length["spine"]
    points[:, P["thorax"]] = thorax = spine + chest[:, :, 2] * length["chest"]
    points[:, P["neck"]] = base = thorax + neck[:, :, 2] * length["neck"]
    hx, hy, hz = radii["head_x"], radii["head_y"], radii["head_z"]
    centre = (0.012 * body.height, 0.0, length["head"] - hz)
    offsets = np.array(
        [
            centre,
            (0.0, 0.0, length["head"]),
            (centre[0] + 1.08 * hx, 0.0, centre[2] - 0.12 * hz),
            (centre[0] + 0.80 * hx, 0.0, centre[2] - 0.92 * hz),
            (centre[0] + 0.86 * hx, -0.38 * hy, centre[2] + 0.10 * hz),
            (centre[0] + 0.86 * hx, 0.38 * hy, centre[2] + 0.10 * hz),
            (centre[0] - 0.05 * hx, -1.02 * hy, centre[2] - 0.05 * hz),
            (centre[0] - 0.05 * hx, 1.02 * hy, centre[2] - 0.05 * hz),
        ]
    )
    points[:, P["head_centre"] : P["l_ear"] + 1] = base[:, None] + offsets @ head.transpose(0, 2, 1)


def _place(limb, points, frames):
    """The target in the world, and the pole's direction."""
    if limb.space == "world":
        return limb.target, limb.pole
    name, origin = (1, "thorax") if limb.space == "chest" else (0, "pelvis")
    rotation = frames[:, name]
    return points[:, P[origin]] + apply(rotation, limb.target), apply(rotation, limb.pole)


def _two_bones(start, target, pole, first, second, least_bend):
    """Directions of both bones and of the hinge: (T, 3) each, elbow or knee towards the pole."""
    reach = target - start
    distance = np.sqrt((reach * reach).sum(-1))
    bend = np.deg2rad([least_bend, 146.0])
    low, high = np.sqrt(first**2 + second**2 + 2 * first * second * np.cos(bend[::-1]))
    along = reach / np.maximum(distance, 1e-6)[:, None]
    distance = np.clip(distance, low, high)
    cos = np.clip((first**2 + distance**2 - second**2) / (2 * first * distance), -1.0, 1.0)[:, None]
    across = unit(pole - (pole * along).sum(-1, keepdims=True) * along)
    upper = cos * along + np.sqrt(1 - cos * cos) * across
    lower = unit(along * distance[:, None] - upper * first)
    return upper, lower, across


def _limb_frame(direction, forward):
    """Frame of a limb segment that hangs along `direction`: columns forward, left, up."""
    up = -direction
    forward = unit(forward - (forward * up).sum(-1, keepdims=True) * up)
    return _columns(forward, cross(up, forward), up)


def _arm(body, limb, side, sign, points, frames):
    length, chest = body.lengths, frames[:, 1]
    thorax = points[:, P["thorax"]]
    if limb.angles is None:
        target, pole = _place(limb, points, frames)
        lift = apply(chest.transpose(0, 2, 1), unit(target - thorax))[:, 2]
    else:
        swing = rot_x(sign * limb.angles[:, 1]) @ rot_y(-limb.angles[:, 0])
        lift = -swing[:, 2, 2]
    # The collar bone rises with the arm.
    collar = chest @ rot_x(sign * (22.0 * np.clip(lift + 0.2, 0.0, 1.2)))
    shoulder = thorax + collar[:, :, 1] * (sign * length["shoulder"])
    if limb.angles is None:
        upper, lower, across = _two_bones(shoulder, target, pole, length["upper_arm"], length["forearm"], 4.0)
        fore = _limb_frame(lower, -across)
    else:
        arm = chest @ swing @ rot_z(-sign * limb.angles[:, 2])
        fore = arm @ rot_y(-limb.angles[:, 3])
        upper, lower = -arm[:, :, 2], -fore[:, :, 2]
    elbow = shoulder + upper * length["upper_arm"]
    wrist = elbow + lower * length["forearm"]
    for name, value in (("shoulder", shoulder), ("elbow", elbow), ("wrist", wrist)):
        points[:, P[f"{side}_{name}"]] = value
    _hand(body, limb, side, sign, fore, points, frames)


def _hand(body, limb, side, sign, fore, points, frames):
    if limb.grip is not None:
        grip = limb.grip if limb.grip_space != "chest" else apply(frames[:, 1], limb.grip)
        thumb, fingers = unit(grip), -fore[:, :, 2]
        along = (fingers * thumb).sum(-1, keepdims=True)
        # Where the tool continues the forearm it says nothing about the thumb, which then stays as the forearm has it.
        thumb = unit(thumb - along * fingers + along**4 * fore[:, :, 0])
        hand = _columns(fingers, cross(thumb, fingers), thumb)
    elif limb.flat:
        fingers = unit(frames[:, 1, :, 2] * (1.0, 1.0, 0.0))
        thumb = cross(np.broadcast_to(UP, fingers.shape), fingers) * -sign
        hand = _columns(fingers, cross(thumb, fingers), thumb)
    else:
        end = limb.end if limb.end is not None else np.zeros((len(fore), 3))
        turned = fore @ rot_z(sign * -end[:, 0]) @ rot_x(sign * end[:, 1]) @ rot_y(-end[:, 2])
        hand = _columns(-turned[:, :, 2], turned[:, :, 1], turned[:, :, 0])
    frames[:, 3 if side == "r" else 4] = hand
    wrist, length = points[:, P[f"{side}_wrist"]], body.lengths["hand"]
    for name, fingers, thumb in (("hand", 0.5, 0.0), ("handtip", 1.0, 0.0), ("thumb", 0.55, 0.42)):
        points[:, P[f"{side}_{name}"]] = wrist + length * (fingers * hand[:, :, 0] + thumb * hand[:, :, 2])


def _leg(body, limb, side, sign, points, frames):
    length, pelvis = body.lengths, frames[:, 0]
    hip = points[:, P["pelvis"]] + pelvis[:, :, 1] * (sign * length["hip"])
    if limb.angles is None:
        target, pole = _place(limb, points, frames)
        upper, lower, across = _two_bones(hip, target, pole, length["thigh"], length["shin"], 2.0)
        shin = _limb_frame(lower, across)
    else:
        thigh = pelvis @ rot_x(sign * limb.angles[:, 1]) @ rot_y(-limb.angles[:, 0]) @ rot_z(-sign * limb.angles[:, 2])
        shin = thigh @ rot_y(limb.angles[:, 3])
        upper, lower = -thigh[:, :, 2], -shin[:, :, 2]
    knee = hip + upper * length["thigh"]
    ankle = knee + lower * length["shin"]
    for name, value in (("hip", hip), ("knee", knee), ("ankle", ankle)):
        points[:, P[f"{side}_{name}"]] = value
    if limb.sole is not None:
        foot = rot_z(limb.sole[:, 0]) @ rot_y(limb.sole[:, 1])
    else:
        end = limb.end if limb.end is not None else np.zeros((len(shin), 3))
        foot = shin @ rot_z(sign * end[:, 1]) @ rot_y(end[:, 0])
    frames[:, 5 if side == "r" else 6] = foot
    drop = length["ankle"] - body.radii["sole"]
    for name, along, low in (("heel", -0.26, 1.0), ("foot", 0.42, 1.0), ("toe", 0.70, 1.0)):
        points[:, P[f"{side}_{name}"]] = ankle + foot[:, :, 0] * (along * length["foot"]) - foot[:, :, 2] * (low * drop)
