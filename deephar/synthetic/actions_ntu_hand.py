"""Motion scripts of seven NTU actions of one hand at the head: drink, eat, teeth, hair, phone call, wipe, salute.

Key poses in mm and degrees for a right-handed person of 1750 mm; hands are offsets of the wrist from the thorax along
the chest's axes (forward, left, up). The mouth is at (115, 0, 135), an ear at (15, -80, 200).
"""

import numpy as np

from deephar.synthetic.body import F, P
from deephar.synthetic.kinematics import UP, unit
from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, along, no_props, point, still

REST = "70 -250 -540"
SEAT_MM = 500  # height of the pelvis on a chair


def stance(style, seated=0.0):
    """Columns of somebody who stands, or sits with the given probability; and the props that go with it."""
    sit, wide = style.chance(seated), style.uniform(70, 160)
    ahead, feet = style.uniform(-60, 60), 430 if sit else 0
    knee = 0.8 if sit else 0
    columns = dict(
        root=(0, 0, SEAT_MM if sit else 908),
        spine=(style.uniform(3, 14), 0, 0),
        r_foot=(feet, -wide, 0),
        l_foot=(feet + ahead, wide, 0),
        r_knee=(0, -0.1, knee),
        l_knee=(0, 0.1, knee),
    )
    if sit:
        columns["l_hand"] = (330, 170, -400)
    return columns, (seat_below if sit else no_props)


def seat_below(skeleton, values, u, details):
    """A seat under the pelvis where it is lowest."""
    lowest = int(np.argmin(skeleton.points[:, P["pelvis"], 2]))
    x, y, z = skeleton.points[lowest, P["pelvis"]]
    top = (x - 40.0, y, z - skeleton.body.radii["hips_x"] * 0.95)
    return [Prop("seat", {"top": still(top, len(u))}, numbers={"width": 400.0})]


def in_palm(skeleton, side="r", off=38.0):
    """A place in the palm, (T, 3)."""
    across = skeleton.frames[:, F[f"{side}_hand"], :, 1]
    return point(skeleton, f"{side}_hand") + across * (off if side == "r" else -off)


def mouth(skeleton):
    """Middle between nose and chin, (T, 3)."""
    return 0.45 * point(skeleton, "nose") + 0.55 * point(skeleton, "chin")


def drink_water(style):
    """A cup from before the chest to the mouth, the head tilts back with it, and down again."""
    columns, chair = stance(style, 0.3)
    low = f"{style.uniform(240, 330)} -170 {style.uniform(-360, -250)}"
    keys = Keys(
        (0, 0.12, 0.36, 0.50, 0.64, 0.88, 1),
        r_hand=f"{low} | {low} | 215 -130 -20 | 195 -130 35 | 195 -130 40 | {low} | {low}",
        r_elbow=(
            "-0.5 -0.7 -0.8 | -0.5 -0.7 -0.8 | 0 -1 -0.5 | 0.2 -1 -0.2 | 0.2 -1 -0.2 | -0.5 -0.7 -0.8 | -0.5 -0.7 -0.8"
        ),
        head="8 0 0 | 4 0 0 | -8 0 0 | -24 0 0 | -26 0 0 | 2 0 0 | 4 0 0",
        tool=(0, 0.35, 1),
        **columns,
    ).styled(style, 0.6, anchor=3)

    def props(skeleton, values, u, details):
        foot = in_palm(skeleton)
        towards = mouth(skeleton) - foot
        near = np.sqrt((towards**2).sum(-1, keepdims=True))
        lean = np.clip((330.0 - near) / 200.0, 0.0, 1.1)
        axis = unit(UP + lean * unit(towards))
        cup = Prop("cup", {"bottom": along(foot, axis, -55.0), "top": along(foot, axis, 65.0)})
        return [cup] + chair(skeleton, values, u, details)

    return Script(keys, props=props, grips="r")


def eat_meal(style):
    """A spoon between a bowl in the left hand and the mouth."""
    columns, chair = stance(style, 0.7)
    columns.pop("l_hand", None)
    bowl = f"{style.uniform(290, 360)} {style.uniform(60, 120)} {style.uniform(-330, -230)}"
    keys = Keys(
        (0, 0.14, 0.50, 0.62, 1),
        cyclic=True,
        r_hand="230 -150 25 | 230 -150 25 | 290 -150 -230 | 300 -110 -250 | 230 -150 25",
        r_elbow=(-0.2, -1, -0.5),
        l_hand=bowl,
        l_elbow=(-0.4, 1, -0.6),
        head="4 0 0 | 8 0 0 | 24 0 0 | 26 0 0 | 4 0 0",
        **columns,
    ).styled(style, 0.6)

    def props(skeleton, values, u, details):
        hand = in_palm(skeleton)
        spoon = unit(mouth(skeleton) - hand)
        dish = in_palm(skeleton, "l", 30.0) + 60.0 * UP
        parts = [
            Prop("stick", {"grip": along(hand, spoon, -40.0), "tip": along(hand, spoon, 95.0)}),
            Prop("ball", {"centre": dish}, numbers={"radius": 85.0, "flat": 0.55}),
        ]
        return parts + chair(skeleton, values, u, details)

    return Script(keys, props=props, cycles=(1, 4))


def brush_teeth(style):
    """A brush to and fro before the mouth with a raised elbow."""
    columns, _ = stance(style)
    reach, lift = style.uniform(45, 75), style.uniform(-15, 25)
    keys = Keys(
        (0, 0.25, 0.5, 0.75, 1),
        cyclic=True,
        r_hand=[
            (215, -200 + reach * side, 40 + lift + 15 * up) for side, up in ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 0))
        ],
        r_elbow=(0, -0.7, style.uniform(-1.0, -0.4)),
        l_hand=style.choice(((70, 250, -540), (280, 90, -230))),
        head="12 0 -4 | 12 0 0 | 12 0 4 | 12 0 0 | 12 0 -4",
        **columns,
    ).styled(style, 0.6)

    def props(skeleton, values, u, details):
        hand = in_palm(skeleton)
        brush = unit(mouth(skeleton) - hand)
        return [Prop("stick", {"grip": along(hand, brush, -50.0), "tip": along(hand, brush, 130.0)})]

    return Script(keys, props=props, cycles=(3, 7))


def brush_hair(style):
    """Strokes from the crown down behind the ear, the elbow high."""
    columns, _ = stance(style)
    end = style.uniform(60, 150)
    keys = Keys(
        (0, 0.12, 0.50, 0.66, 1),
        cyclic=True,
        r_hand=f"130 -210 330 | 110 -230 345 | 10 -270 {end} | 110 -310 {end + 40} | 130 -210 330",
        r_elbow="0.5 -1 0.4 | 0.5 -1 0.4 | 0.6 -1 -0.3 | 0.6 -1 -0.2 | 0.5 -1 0.4",
        head="10 -8 14 | 10 -8 14 | 6 -12 10 | 6 -8 10 | 10 -8 14",
        **columns,
    ).styled(style, 0.6)

    def props(skeleton, values, u, details):
        hand = point(skeleton, "r_hand")
        down = unit(point(skeleton, "r_handtip") - point(skeleton, "r_wrist"))
        return [Prop("comb", {"grip": along(hand, down, -60.0), "tip": along(hand, down, 150.0)})]

    return Script(keys, props=props, cycles=(2, 5))


def phone_call(style):
    """A phone from the pocket to the ear, held there with the head a little to its side; the other hand may talk."""
    columns, chair = stance(style, 0.25)
    free = columns.pop("l_hand", (70, 250, -540))
    talk = np.array((280, 150, -260)) if style.chance(0.4) else np.array(free)
    ear, low = "95 -225 85", f"{style.uniform(60, 280)} -240 {style.uniform(-480, -300)}"
    keys = Keys(
        (0, 0.10, 0.34, 0.52, 0.68, 0.86, 1),
        r_hand=f"{low} | {low} | {ear} | {ear} | {ear} | {ear} | {ear}",
        r_elbow="-0.8 -0.7 -0.5 | -0.8 -0.7 -0.5 | 0.4 -1 -0.7 | 0.4 -1 -0.7 | 0.4 -1 -0.7 | 0.4 -1 -0.7 | 0.4 -1 -0.7",
        l_hand=[free, free, free, talk, talk + (30, 60, 40), talk, free],
        head="12 0 -5 | 12 0 -5 | 4 -10 0 | 2 -12 10 | 4 -10 -8 | 0 -12 8 | 4 -10 0",
        turn="0 0 0 | 0 0 0 | 0 0 0 | 4 0 0 | -4 0 0 | 3 0 0 | 0 0 0",
        **columns,
    ).styled(style, 0.6, anchor=3)

    def props(skeleton, values, u, details):
        hand = in_palm(skeleton, "r", 26.0)
        fingers = unit(point(skeleton, "r_handtip") - point(skeleton, "r_wrist"))
        phone = Prop("phone", {"bottom": along(hand, fingers, -70.0), "top": along(hand, fingers, 80.0)})
        return [phone] + chair(skeleton, values, u, details)

    return Script(keys, props=props)


def wipe_face(style):
    """A hand with a cloth up to the face, across it a few times from brow to chin, and down."""
    columns, chair = stance(style, 0.2)
    wide, strokes = style.uniform(70, 110), style.choice((2, 3))
    rows, times = [(70, -250, -540)], [0.0]
    for index in range(2 * strokes):
        side = 1 if index % 2 == 0 else -1
        rows.append((235, -190 + wide * side, 130 - 110 * index / (2 * strokes - 1)))
        times.append(0.26 + 0.52 * index / (2 * strokes - 1))
    rows, times = rows + [rows[0]], times + [1.0]
    heads = [(4, 0, 0)] + [(10, 0, 9 if index % 2 == 0 else -9) for index in range(2 * strokes)] + [(4, 0, 0)]
    elbows = [(-1, -0.6, -0.3)] + [(0, -0.8, -0.7)] * (2 * strokes) + [(-1, -0.6, -0.3)]
    keys = Keys(times, r_hand=rows, r_elbow=elbows, head=heads, **columns).styled(style, 0.6, anchor=1)

    def props(skeleton, values, u, details):
        cloth = Prop("ball", {"centre": in_palm(skeleton)}, numbers={"radius": 52.0})
        return [cloth] + chair(skeleton, values, u, details)

    return Script(keys, props=props)


def salute(style):
    """Upright, the flat hand up to the brow, held, and down."""
    brow = f"115 -245 {style.uniform(190, 225)}"
    keys = Keys(
        (0, 0.15, 0.36, 0.74, 0.92, 1),
        r_hand=f"{REST} | {REST} | {brow} | {brow} | {REST} | {REST}",
        r_elbow="-1 -0.6 0 | -1 -0.6 0 | 0.1 -1 -0.15 | 0.1 -1 -0.15 | -1 -0.6 0 | -1 -0.6 0",
        l_hand=(10, 245, -575),
        head="0 0 0 | -3 0 0 | -5 0 0 | -5 0 0 | 0 0 0 | 0 0 0",
        spine=(0, 0, 0),
        r_foot=(0, -60, 0),
        l_foot=(0, 60, 0),
        root=(0, 0, 912),
    ).styled(style, 0.6, anchor=2)
    return Script(keys)
