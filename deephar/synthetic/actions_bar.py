"""Motion scripts of the three actions of Penn Action with a barbell.

Key poses in mm and degrees for a person of 1750 mm. Hands are places in the world where they hold a moving bar, else
offsets from the thorax along the chest's axes (forward, left, up).
"""

from deephar.synthetic.body import F, P
from deephar.synthetic.kinematics import apply
from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, barbell, between_hands, column, level_bar, point, still


def bench_press(style):
    """On the back on a bench, feet on the floor, a bar from the chest to straight arms."""
    wide = style.uniform(270, 400)
    knees = dict(r_knee=(0.2, -0.25, 1.2), l_knee=(0.2, 0.25, 1.2))
    keys = Keys(
        (0, 0.38, 0.55, 0.9, 1),
        cyclic=True,
        root=(0, 0, 555),
        turn=(0, -92, 0),
        spine=(-8, 0, 0),
        head=(8, 0, 0),
        r_hand=f"-470 {-wide} 1120 | -390 {-wide} 745 | -390 {-wide} 745 | -470 {-wide} 1120 | -470 {-wide} 1120",
        r_elbow=(0.5, -1, -0.9),
        tool=(0, 1, 0),
        r_foot=(style.uniform(380, 520), -270, 0),
        l_foot=(style.uniform(380, 520), 270, 0),
        **knees,
    ).styled(style, 0.7)
    empty, plate = style.chance(0.1), style.uniform(110, 225)

    def link(values, details):
        level_bar(values, details)
        column(values, "r_hand")[:, 1] = -wide
        column(values, "l_hand")[:, 1] = wide

    def props(skeleton, values, u, details):
        scale, count = skeleton.body.scale, len(u)
        top = skeleton.points[:, P["pelvis"], 2:3].min() - skeleton.body.radii["hips_x"]
        ends = {"head": still((-880 * scale, 0, top), count), "foot": still((140 * scale, 0, top), count)}
        out = [Prop("bench", ends, numbers={"width": 280.0})]
        return out if empty else out + [barbell(skeleton, 2000.0, plate)]

    return Script(keys, hands="world", link=link, props=props, cycles=(1, 4))


def clean_and_jerk(style):
    """A bar from the floor to the shoulders in a squat, up, a dip, and overhead with split legs, feet together."""
    wide, deep, split = style.uniform(330, 450), style.uniform(470, 640), style.uniform(200, 420)
    keys = Keys(
        (0, 0.12, 0.26, 0.34, 0.43, 0.56, 0.66, 0.70, 0.76, 0.90, 1),
        root=(
            f"-190 0 540 | -190 0 540 | -190 0 720 | 0 0 930 | -110 0 {deep} | 0 0 912 | 0 0 905 | 0 0 825 | "
            "0 0 790 | 0 0 912 | 0 0 912"
        ),
        turn="0 42 0 | 0 42 0 | 0 45 0 | 0 -4 0 | 0 16 0 | 0 0 0 | 0 0 0 | 0 0 0 | 0 2 0 | 0 0 0 | 0 0 0",
        spine="8 0 0 | 8 0 0 | 6 0 0 | -4 0 0 | 4 0 0 | 0 0 0 | 0 0 0 | 0 0 0 | 2 0 0 | 0 0 0 | 0 0 0",
        head=(
            "-30 0 0 | -30 0 0 | -30 0 0 | -10 0 0 | -10 0 0 | 0 0 0 | -10 0 0 | -10 0 0 | -12 0 0 | -8 0 0 | -8 0 0"
        ),
        r_hand=(
            f"130 {-wide} 250 | 130 {-wide} 250 | 120 {-wide} 540 | 100 {-wide} 960 | 90 {-wide} {deep + 510} | "
            f"150 {-wide} 1430 | 150 {-wide} 1425 | 150 {-wide} 1345 | 50 {-wide} 1810 | 20 {-wide} 1960 | "
            f"20 {-wide} 1960"
        ),
        r_elbow=(
            "-1 -0.5 0 | -1 -0.5 0 | -1 -0.5 0 | -0.3 -1 0.6 | 1 -0.5 -0.2 | 0.8 -0.5 -0.6 | 0.8 -0.5 -0.6 | "
            "0.8 -0.5 -0.6 | 0.2 -1 0 | 0 -1 0 | 0 -1 0"
        ),
        tool=(0, 1, 0),
        r_foot=(
            "0 -130 0 | 0 -130 0 | 0 -130 0 | 0 -130 0 | "
            f"0 -180 0 | 0 -150 0 | 0 -150 0 | 0 -150 0 | {-split} -140 0 | 0 -140 0 | 0 -140 0"
        ),
        l_foot=(
            "0 130 0 | 0 130 0 | 0 130 0 | 0 130 0 | "
            f"0 180 0 | 0 150 0 | 0 150 0 | 0 150 0 | {split} 140 0 | 0 140 0 | 0 140 0"
        ),
        r_sole=[(-20, 0)] * 3 + [(-20, 35), (-24, 0), (-20, 0), (-20, 0), (-20, 0), (-5, 40), (-15, 0), (-15, 0)],
        l_sole=[(20, 0)] * 3 + [(20, 35), (24, 0), (20, 0), (20, 0), (20, 0), (5, 0), (15, 0), (15, 0)],
    ).styled(style, 0.6)
    empty, plate = style.chance(0.1), style.uniform(150, 225)

    def props(skeleton, values, u, details):
        return [] if empty else [barbell(skeleton, 2000.0, plate)]

    return Script(keys, hands="world", link=level_bar, props=props)


def squat(style):
    """Down to the thighs and up; a bar on the back or before the neck, or arms forward without one."""
    kind = style.choice(("back", "back", "back", "front", "free"))
    deep, back, wide = style.uniform(430, 640), style.uniform(-260, -120), style.uniform(120, 230)
    hand = {"back": (-70, -330, 20), "front": (150, -230, -20), "free": (510, -150, -40)}[kind]
    start = (60, -240, -540) if kind == "free" and style.chance(0.5) else hand
    lean = 30 if kind == "front" else 42
    keys = Keys(
        (0, 0.1, 0.47, 0.55, 0.95, 1),
        cyclic=True,
        root=f"0 0 910 | 0 0 910 | {back} 0 {deep} | {back} 0 {deep} | 0 0 910 | 0 0 910",
        turn=f"0 3 0 | 0 3 0 | 0 {lean} 0 | 0 {lean} 0 | 0 3 0 | 0 3 0",
        spine=(6, 0, 0),
        head="-5 0 0 | -5 0 0 | -28 0 0 | -28 0 0 | -5 0 0 | -5 0 0",
        r_hand=[start, start, hand, hand, start, start],
        r_elbow={"back": (-0.5, -0.4, -1), "front": (1, -0.4, -0.4), "free": (-0.4, -1, -0.5)}[kind],
        r_foot=(0, -wide, 0),
        l_foot=(0, wide, 0),
        r_knee=(0, -0.15, 0),
        l_knee=(0, 0.15, 0),
        r_sole=(-22, 0),
        l_sole=(22, 0),
    ).styled(style, 0.8)
    empty, plate = kind == "free" or style.chance(0.12), style.uniform(110, 225)

    def props(skeleton, values, u, details):
        if empty:
            return []
        chest = skeleton.frames[:, F["chest"]]
        place = apply(chest, (-95.0, 0.0, 35.0) if kind == "back" else (120.0, 0.0, 15.0)) * skeleton.body.scale
        shift = point(skeleton, "thorax") + place - between_hands(skeleton)[0]
        return [barbell(skeleton, 2000.0, plate, offset=shift)]

    return Script(keys, link=level_bar, props=props, cycles=(1, 3))
