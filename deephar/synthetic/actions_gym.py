"""Motion scripts of six Penn actions without throws or weights: rope, jacks, pull-up, push-up, sit-up, guitar.

Key poses in mm and degrees for a right-handed person of 1750 mm. Hands are offsets from the thorax along the chest's
axes (forward, left, up) or, where they rest on the floor or on a bar, places in the world.
"""

import numpy as np

from deephar.synthetic.body import F, P
from deephar.synthetic.kinematics import UP, apply, unit
from deephar.synthetic.motion import SLICES, Keys, Prop
from deephar.synthetic.script import Script, between_hands, column, level_bar, point, same_hands, still


def jump_rope(style):
    """Small jumps on both feet, hands beside the hips, a rope around the body once a jump."""
    height, dip = style.uniform(50, 150), style.uniform(15, 60)
    hand = np.array([style.uniform(60, 220), -style.uniform(330, 430), -style.uniform(330, 470)])
    turn = np.array([50.0, 0.0, 45.0]) * style.uniform(0.5, 1.3)
    _up, down = (10, 0, height), (0, 0, 0)
    feet = [down, down, (0, 0, height), down, down]
    keys = Keys(
        (0, 0.25, 0.5, 0.75, 1),
        cyclic=True,
        root=f"0 0 {912 - dip} | 0 0 905 | 0 0 {912 + height} | 0 0 905 | 0 0 {912 - dip}",
        r_hand=[hand + turn * d for d in ((1, 0, 0), (0, 0, 1), (-1, 0, 0), (0, 0, -1), (1, 0, 0))],
        r_elbow=(-1, -0.35, -0.3),
        r_foot=[np.add(f, (0, -75, 0)) for f in feet],
        l_foot=[np.add(f, (0, 75, 0)) for f in feet],
        r_sole="-6 8 | -6 15 | -6 38 | -6 25 | -6 8",
        l_sole="6 8 | 6 15 | 6 38 | 6 25 | 6 8",
    ).styled(style)
    rope = not style.chance(0.12)

    def props(skeleton, values, u, details):
        if not rope:
            return []
        right, left = point(skeleton, "r_hand"), point(skeleton, "l_hand")
        # Under the feet in the middle of the jump.
        angle = 2 * np.pi * (u - 0.5)[:, None]
        forward = np.array([1.0, 0.0, 0.0])
        direction = -np.cos(angle) * UP - np.sin(angle) * forward
        low = (right[:, 2:3] + left[:, 2:3]) / 2 - skeleton.points[:, P["r_toe"], 2:3] + 15.0
        reach = np.where(np.cos(angle) > 0, low, np.minimum(low * 1.15, 1250.0) + 100.0)
        points = {}
        for index, share in enumerate(np.linspace(0.0, 1.0, 13)):
            bulge = np.sin(np.pi * share) ** 0.55
            spread = (left - right) * (share - 0.5) * (1.0 + 0.25 * bulge)
            points[f"p{index:02d}"] = (right + left) / 2 + spread + direction * reach * bulge
        for value in points.values():
            value[:, 2] = np.maximum(value[:, 2], 8.0)
        return [Prop("rope", points)]

    return Script(keys, link=level_bar, props=props, cycles=(2, 6))


def jumping_jacks(style):
    """Jumping to a straddle with the arms overhead and back."""
    high, wide, hop = style.uniform(138, 174), style.uniform(260, 420), style.uniform(25, 90)
    reach = style.uniform(520, 578)
    angles = np.deg2rad([12, 75, high, 75, 12])
    feet = [(0, 80, 0), (0, 80 + wide * 0.4, hop), (0, wide, 0), (0, 80 + wide * 0.4, hop), (0, 80, 0)]
    straddle = np.sqrt(max(845.0**2 - (wide - 90.0) ** 2, 1.0)) + 66.0
    keys = Keys(
        (0, 0.25, 0.5, 0.75, 1),
        cyclic=True,
        root=f"0 0 890 | 0 0 {890 + hop} | 0 0 {straddle} | 0 0 {890 + hop} | 0 0 890",
        r_hand=[(30, -196 - reach * np.sin(a), -reach * np.cos(a) + 70 * (a > 1.6)) for a in angles],
        r_elbow=(-1, -0.3, 0.0),
        r_foot=[np.multiply(f, (1, -1, 1)) for f in feet],
        l_foot=feet,
        r_sole="-10 0 | -20 25 | -25 0 | -20 25 | -10 0",
        l_sole="10 0 | 20 25 | 25 0 | 20 25 | 10 0",
    ).styled(style)
    return Script(keys, link=level_bar, cycles=(1, 4))


def pullup(style):
    """Hanging from a bar, chin over it and down again; legs straight or bent."""
    wide, rise = style.uniform(230, 420), style.uniform(380, 490)
    bend = style.uniform(0, 1)
    leg = np.array([30 - 260 * bend * style.chance(0.8), -80, -855 + 380 * bend])
    keys = Keys(
        (0, 0.4, 0.5, 0.92, 1),
        cyclic=True,
        root=f"-20 0 1080 | -130 0 {1080 + rise} | -130 0 {1080 + rise} | -20 0 1080 | -20 0 1080",
        turn="0 0 0 | 0 -12 0 | 0 -12 0 | 0 0 0 | 0 0 0",
        spine=(-4, 0, 0),
        head="-5 0 0 | -18 0 0 | -18 0 0 | -5 0 0 | -5 0 0",
        r_hand=(0, -wide, 2200),
        r_elbow=(0.2, -1, -0.7),
        r_foot=leg,
        l_foot=leg * (1, -1, 1) + (style.uniform(-60, 60), 0, 0),
        r_knee=(0, -0.1, 0),
        l_knee=(0, 0.1, 0),
        r_sole=(25, 0),
        l_sole=(25, 0),
        tool=(0, 1, 0),
    ).styled(style, 0.7)

    def link(values, details):
        level_bar(values, details)
        column(values, "r_hand")[:] = keys.values[0, SLICES["r_hand"]]
        same_hands(values, details)

    def props(skeleton, values, u, details):
        middle, _ = between_hands(skeleton)
        middle, count = middle.mean(0), len(u)
        ends = {"left": still(middle + (0, 750, 0), count), "right": still(middle - (0, 750, 0), count)}
        return [Prop("pullup_bar", ends)]

    return Script(keys, hands="world", feet="hips", link=link, props=props, cycles=(1, 3))


def pushup(style):
    """A straight body on hands and toes, down to the floor and up."""
    wide, low = style.uniform(250, 400), style.uniform(0.0, 0.35)
    up = np.array([(-500, 0, 445), (0, 68, 0)], float)
    down = np.array([(-545, 0, 185), (0, 85, 0)], float)
    down = down + low * (up - down)
    sag = style.uniform(-6, 8)
    keys = Keys(
        (0, 0.42, 0.5, 0.92, 1),
        cyclic=True,
        root=[up[0], down[0], down[0], up[0], up[0]],
        turn=[up[1], down[1], down[1], up[1], up[1]],
        spine=(sag, 0, 0),
        head=(style.uniform(-35, 10), 0, 0),
        r_hand=(0, -wide, 45),
        r_elbow=(-0.6, -1, 0.3),
        r_foot=(-1400, -85, 0),
        l_foot=(-1400, 85, 0),
        r_knee=(0, 0, -1.5),
        l_knee=(0, 0, -1.5),
        r_sole=(0, 72),
        l_sole=(0, 72),
    ).styled(style, 0.6)

    def link(values, details):
        level_bar(values, details)
        hand = column(values, "r_hand")
        hand[:] = keys.values[0, SLICES["r_hand"]]
        hand[:, 2] = 45.0
        same_hands(values, details)

    return Script(keys, hands="world", link=link, cycles=(1, 4), flat=True)


def situp(style):
    """On the back with bent knees; the trunk rises to the thighs and lies down again."""
    hands = style.choice(("head", "chest", "forward"))
    lying = {"head": (-20, -150, 150), "chest": (150, 60, -150), "forward": (260, -190, -380)}[hands]
    sitting = {"head": (10, -150, 150), "chest": (150, 60, -150), "forward": (470, -170, -120)}[hands]
    pole = {"head": (0.0, -1, 0.3), "chest": (-0.2, -1, -0.5), "forward": (-1, -0.6, -0.2)}[hands]
    top, curl, feet = style.uniform(-35, 0), style.uniform(30, 62), style.uniform(470, 640)
    keys = Keys(
        (0, 0.12, 0.45, 0.55, 0.9, 1),
        cyclic=True,
        root="0 0 112 | 0 0 112 | 25 0 118 | 25 0 118 | 0 0 112 | 0 0 112",
        turn=f"0 -90 0 | 0 -84 0 | 0 {top} 0 | 0 {top} 0 | 0 -88 0 | 0 -90 0",
        spine=f"0 0 0 | 18 0 0 | {curl} 0 0 | {curl} 0 0 | 12 0 0 | 0 0 0",
        head="8 0 0 | 22 0 0 | 15 0 0 | 15 0 0 | 15 0 0 | 8 0 0",
        r_hand=[lying, lying, sitting, sitting, lying, lying],
        r_elbow=pole,
        r_foot=(feet, -120, 0),
        l_foot=(feet, 120, 0),
        r_knee=(0, -0.1, 1.5),
        l_knee=(0, 0.1, 1.5),
        r_sole=(-5, 0),
        l_sole=(5, 0),
    ).styled(style, 0.7)
    return Script(keys, link=level_bar, cycles=(1, 3))


def strum_guitar(style):
    """Standing or sitting with a guitar: one hand on the neck, the other strums over the hole."""
    sit, stroke = style.chance(0.35), style.uniform(60, 130)
    reach, rise = style.uniform(360, 470), style.uniform(-230, -60)
    body = np.array([215.0, -110.0, -style.uniform(330, 430)])
    neck = unit(np.array([120.0, reach, rise]) - body + (0, 100.0, 30.0))
    strum = body + np.array([70.0, 30.0, 0.0])
    move = float(style.uniform(0, 80)) * neck
    hold = np.array([120.0, reach, rise])
    feet = 430 if sit else 0
    keys = Keys(
        (0, 0.2, 0.5, 0.7, 1),
        cyclic=True,
        root=(0, 0, 500 if sit else 912),
        turn="0 2 0 | 2 3 1 | 0 2 0 | -2 2 -1 | 0 2 0",
        spine=(10 if sit else 3, 0, 0),
        head="10 0 15 | 14 0 18 | 8 0 12 | 12 0 15 | 10 0 15",
        r_hand=[strum + (0, 0, stroke * sign) for sign in (1, -1, 1, -1, 1)],
        l_hand=[hold, hold, hold - move, hold - move, hold],
        r_elbow=(-0.4, -1, -0.1),
        l_elbow=(-0.1, 0.6, -1),
        r_foot=(feet, -150, 0),
        l_foot=(feet + style.uniform(-60, 60), 150, 0),
        r_knee=(0, -0.1, 0.8 if sit else 0),
        l_knee=(0, 0.1, 0.8 if sit else 0),
    ).styled(style, 0.8)
    air = style.chance(0.08)

    def props(skeleton, values, u, details):
        count, scale = len(u), skeleton.body.scale
        out = []
        if sit:
            seat = skeleton.points[:, P["pelvis"], 2].mean() - skeleton.body.radii["hips_x"] * 0.95
            out.append(Prop("seat", {"top": still((-40.0, 0.0, seat), count)}, numbers={"width": 380.0}))
        if not air:
            chest, thorax = skeleton.frames[:, F["chest"]], point(skeleton, "thorax")
            place = {"body": thorax + apply(chest, body * scale)}
            face = unit(apply(chest, np.array([1.0, 0.05, 0.15])))
            out.append(Prop("guitar", place, {"neck": apply(chest, neck), "face": face}))
        return out

    return Script(keys, props=props, cycles=(2, 6))
