"""Motion scripts of nine NTU actions of the arms: clap, read, check time, jacket, cheer, wave, point, cross, rub.

Key poses as in `actions_ntu_hand`.
"""

import numpy as np

from deephar.synthetic.actions_ntu_hand import REST, stance
from deephar.synthetic.body import F
from deephar.synthetic.kinematics import UP, unit
from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, level_bar, point

LEFT_REST = "70 250 -540"


def clapping(style):
    """Both palms together and apart before the chest."""
    columns, chair = stance(style, 0.25)
    columns.pop("l_hand", None)
    wide, high, ahead = style.uniform(130, 210), style.uniform(-150, 0), style.uniform(230, 290)
    near, far = (ahead + 20, -75, high), (ahead, -wide - 75, high - 10)
    keys = Keys(
        (0, 0.3, 0.45, 0.8, 1),
        cyclic=True,
        r_hand=[far, near, near, far, far],
        r_elbow=(-0.3, -1, -0.7),
        tool=(0.2, 0, 1),
        head=(6, 0, 0),
        **columns,
    ).styled(style, 0.6, anchor=1)
    return Script(keys, link=level_bar, props=chair, cycles=(3, 7))


def reading(style):
    """An open book in both hands before the chest, the head down, now and then a page turned."""
    columns, chair = stance(style, 0.5)
    columns.pop("l_hand", None)
    place = np.array([style.uniform(260, 320), -130.0, style.uniform(-260, -120)])
    turned = place + (30, 190, 60)
    keys = Keys(
        (0, 0.55, 0.68, 0.84, 1),
        cyclic=True,
        r_hand=[place, place, place + (20, 60, 90), turned, place],
        l_hand=place * (1, -1, 1),
        r_elbow=(-0.5, -1, -0.8),
        l_elbow=(-0.5, 1, -0.8),
        head="30 0 6 | 30 0 -8 | 30 0 -4 | 30 0 6 | 30 0 6",
        **columns,
    ).styled(style, 0.6)

    def props(skeleton, values, u, details):
        left = point(skeleton, "l_hand")
        face = unit(point(skeleton, "head_centre") - left)
        across = unit(np.cross(face, np.broadcast_to(UP, face.shape)))
        # The spine of the book lies beside the left hand, where the right one was when the page was not turned.
        chest = skeleton.frames[:, F["chest"]]
        middle = left - chest[:, :, 1] * (125.0 * skeleton.body.scale) + face * 20.0
        book = Prop("book", {"centre": middle}, {"face": face, "across": across})
        return [book] + chair(skeleton, values, u, details)

    return Script(keys, props=props, cycles=(0.8, 2))


def check_time(style):
    """The left forearm rises before the chest, the head bends to the watch, sometimes the right hand touches it."""
    columns, _ = stance(style)
    up, touch = f"300 40 {style.uniform(-190, -90)}", style.chance(0.4)
    right = "290 -170 -190" if touch else REST
    keys = Keys(
        (0, 0.15, 0.38, 0.72, 0.92, 1),
        l_hand=f"{LEFT_REST} | {LEFT_REST} | {up} | {up} | {LEFT_REST} | {LEFT_REST}",
        l_elbow="-1 0.6 -0.3 | -1 0.6 -0.3 | 0 1 -0.2 | 0 1 -0.2 | -1 0.6 -0.3 | -1 0.6 -0.3",
        r_hand=f"{REST} | {REST} | {right} | {right} | {REST} | {REST}",
        head="0 0 0 | 4 0 0 | 36 -4 10 | 36 -4 10 | 4 0 0 | 0 0 0",
        **columns,
    ).styled(style, 0.6, anchor=2)
    return Script(keys)


def put_on_jacket(style):
    """One arm into its sleeve, the other hand behind for the second one, then both pull the fronts together."""
    columns, _ = stance(style)
    columns.pop("spine")
    keys = Keys(
        (0, 0.14, 0.30, 0.44, 0.58, 0.72, 0.86, 1),
        r_hand=(
            "310 -150 -330 | 300 -210 -240 | 60 -560 -330 | 250 -480 -80 | 180 -300 -240 | 190 -250 -260 | "
            "230 -120 -160 | 230 -110 -330"
        ),
        l_hand=(
            "310 130 -300 | 290 40 -100 | 210 -150 -60 | 30 330 180 | -190 330 -300 | 60 560 -300 | "
            "230 120 -160 | 230 110 -330"
        ),
        r_elbow=(
            "-1 -0.6 -0.3 | -0.6 -1 -0.3 | -1 -0.6 0.2 | -0.4 -1 0 | -0.5 -1 -0.4 | -0.5 -1 -0.4 | "
            "-0.3 -1 -0.4 | -0.3 -1 -0.4"
        ),
        l_elbow=(
            "-1 0.6 -0.3 | -0.4 1 -0.2 | 0.2 1 -0.4 | 0.4 1 0.4 | -0.6 1 0.4 | -1 0.7 0.2 | -0.3 1 -0.4 | -0.3 1 -0.4"
        ),
        spine="8 0 0 | 8 -4 -10 | 6 -8 -18 | 6 4 10 | 8 8 22 | 4 4 12 | 8 0 0 | 8 0 0",
        head="14 0 0 | 10 0 -20 | 6 0 -25 | 6 0 15 | 8 0 30 | 8 0 15 | 26 0 0 | 24 0 0",
        **columns,
    ).styled(style, 0.6)

    def props(skeleton, values, u, details):
        return [_jacket(skeleton, keys.times, u)]

    return Script(keys, props=props)


def _jacket(skeleton, times, u):
    """A cloth that hangs from the left hand, then from the shoulders, with sleeves that go up the arms."""
    worn = np.clip((u - times[2]) / (times[4] - times[2]), 0.0, 1.0)[:, None]
    second = np.clip((u - times[4]) / (times[5] - times[4]), 0.0, 1.0)[:, None]
    chest, scale = skeleton.frames[:, F["chest"]], skeleton.body.scale
    back = point(skeleton, "thorax") - chest[:, :, 0] * (105.0 * scale)
    held = point(skeleton, "l_hand")
    top = held + worn * (back - held)
    hang = -UP * (1 - worn) - chest[:, :, 2] * worn
    points = {"top": top, "bottom": top + hang * (540.0 * scale)}
    points["bottom"][:, 2] = np.maximum(points["bottom"][:, 2], 60.0)
    for side, share in (("r", worn), ("l", second)):
        shoulder, elbow, wrist = (point(skeleton, f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
        # Where an arm is not in its sleeve yet, the sleeve hangs with the cloth.
        points[f"{side}1"] = top + share * (shoulder - top)
        points[f"{side}2"] = top + hang * 250.0 + share * (elbow - top - hang * 250.0)
        points[f"{side}3"] = top + hang * 480.0 + share * (elbow + 0.85 * (wrist - elbow) - top - hang * 480.0)
    return Prop("jacket", points, {"front": chest[:, :, 0]})


def cheer_up(style):
    """Both fists from the shoulders high overhead, again and again, on the toes or with a small jump."""
    rise, wide = style.uniform(0, 120), style.uniform(220, 360)
    keys = Keys(
        (0, 0.35, 0.55, 0.85, 1),
        cyclic=True,
        root=f"0 0 890 | 0 0 {912 + rise} | 0 0 {912 + rise} | 0 0 890 | 0 0 890",
        r_hand=f"180 -260 -20 | 60 {-wide} 520 | 60 {-wide} 520 | 180 -260 -20 | 180 -260 -20",
        r_elbow="0 -1 -1 | 0.3 -1 0 | 0.3 -1 0 | 0 -1 -1 | 0 -1 -1",
        head="0 0 0 | -16 0 0 | -16 0 0 | 0 0 0 | 0 0 0",
        r_foot=[(0, -110, z) for z in (0, rise, rise, 0, 0)],
        l_foot=[(0, 110, z) for z in (0, rise, rise, 0, 0)],
        r_sole="-14 0 | -14 25 | -14 25 | -14 0 | -14 0",
        l_sole="14 0 | 14 25 | 14 25 | 14 0 | 14 0",
    ).styled(style, 0.7, anchor=1)
    return Script(keys, link=level_bar, cycles=(1, 4))


def hand_waving(style):
    """One hand beside the head, swinging to and fro."""
    columns, chair = stance(style, 0.15)
    swing, high = style.uniform(90, 170), style.uniform(180, 330)
    keys = Keys(
        (0, 0.25, 0.5, 0.75, 1),
        cyclic=True,
        r_hand=[(150, -370 + swing * side, high - 40 * abs(side)) for side in (1, 0, -1, 0, 1)],
        r_elbow=(0.1, -0.8, -1),
        head="0 0 4 | 0 0 0 | 0 0 -4 | 0 0 0 | 0 0 4",
        **columns,
    ).styled(style, 0.7)
    return Script(keys, props=chair, cycles=(3, 6))


def pointing(style):
    """An arm stretched out to something, the head turned that way, held, and down."""
    columns, _ = stance(style)
    azimuth, rise = np.deg2rad(style.uniform(-75, 35)), np.deg2rad(style.uniform(-12, 35))
    level = np.cos(rise)
    there = np.array([0, -196, 20]) + 545 * np.array([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(rise)])
    look = float(np.rad2deg(azimuth)) * 0.8
    target = " ".join(f"{v:.0f}" for v in there)
    keys = Keys(
        (0, 0.15, 0.36, 0.72, 0.92, 1),
        r_hand=f"{REST} | {REST} | {target} | {target} | {REST} | {REST}",
        r_elbow="-1 -0.6 -0.3 | -1 -0.6 -0.3 | 0 -0.6 -1 | 0 -0.6 -1 | -1 -0.6 -0.3 | -1 -0.6 -0.3",
        head=f"0 0 0 | 0 0 {look} | 0 0 {look} | 0 0 {look} | 0 0 0 | 0 0 0",
        **columns,
    ).styled(style, 0.7, anchor=2)
    return Script(keys)


def cross_hands(style):
    """Both forearms crossed before the chest or the face: stop."""
    columns, _ = stance(style)
    high, ahead = style.uniform(-40, 130), style.uniform(270, 340)
    right, rest = (ahead + 45, 95, high), (70, -250, -540)
    left = (ahead - 45, -95, high)
    keys = Keys(
        (0, 0.16, 0.38, 0.74, 0.92, 1),
        r_hand=[rest, rest, right, right, rest, rest],
        l_hand=[np.multiply(p, (1, -1, 1)) for p in (rest, rest)]
        + [left, left]
        + [np.multiply(p, (1, -1, 1)) for p in (rest, rest)],
        r_elbow="-1 -0.6 -0.3 | -1 -0.6 -0.3 | 0 -1 -0.9 | 0 -1 -0.9 | -1 -0.6 -0.3 | -1 -0.6 -0.3",
        l_elbow="-1 0.6 -0.3 | -1 0.6 -0.3 | 0 1 -0.9 | 0 1 -0.9 | -1 0.6 -0.3 | -1 0.6 -0.3",
        **columns,
    ).styled(style, 0.5, anchor=2)
    return Script(keys)


def rub_hands(style):
    """Palms together before the belly, sliding along each other."""
    columns, chair = stance(style, 0.2)
    columns.pop("l_hand", None)
    slide, ahead, high = style.uniform(55, 85), style.uniform(240, 300), style.uniform(-280, -150)
    keys = Keys(
        (0, 0.5, 1),
        cyclic=True,
        r_hand=[(ahead + slide * s, -80, high) for s in (1, -1, 1)],
        l_hand=[(ahead - slide * s, 80, high) for s in (1, -1, 1)],
        r_elbow=(-0.4, -1, -0.5),
        l_elbow=(-0.4, 1, -0.5),
        tool=(0.1, 0, 1),
        head=(18, 0, 0),
        **columns,
    ).styled(style, 0.4)
    return Script(keys, props=chair, cycles=(3, 7))
