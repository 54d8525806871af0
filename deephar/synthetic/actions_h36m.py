"""The fifteen actions of Human3.6M in the synthetic world, from the motions of NTU's actions and a few of their own.

Ionescu et al., "Human3.6M", PAMI 2014: actors talk, eat, phone, sit, wait and walk in a laboratory; one name covers
many movements, so some scripts here are chosen from several.
"""

import numpy as np

from deephar.synthetic.actions_ntu_arms import check_time, hand_waving, pointing
from deephar.synthetic.actions_ntu_body import bow, pick_up, sit_down, stand_up
from deephar.synthetic.actions_ntu_hand import drink_water, eat_meal, in_palm, phone_call, salute, stance
from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, along, level_bar, point

STRIDE_MM = 560.0


def gesture(style, seated=0.2):
    """Somebody who talks with both hands."""
    columns, chair = stance(style, seated)
    columns.pop("l_hand", None)
    rows = [(style.uniform(200, 380), -style.uniform(60, 330), style.uniform(-360, -20)) for _ in range(4)]
    left = [(style.uniform(150, 380), style.uniform(60, 330), style.uniform(-420, -60)) for _ in range(4)]
    keys = Keys(
        (0, 0.24, 0.5, 0.77, 1),
        cyclic=True,
        r_hand=rows + rows[:1],
        l_hand=left + left[:1],
        head="0 0 10 | 6 4 -14 | -4 -3 0 | 6 0 18 | 0 0 10",
        turn="0 2 0 | 6 4 0 | 0 2 0 | -6 3 0 | 0 2 0",
        **columns,
    ).styled(style, 0.8)
    return Script(keys, props=chair, cycles=(0.8, 2.5))


def seated_gesture(style):
    """The same on a chair."""
    return gesture(style, 1.0)


def posing(style):
    """From one pose to the next, as before a photographer: hands on the hips, behind the head, out, up."""
    poses = ((-30, -330, -330), (-40, -330, 230), (60, -700, 20), (120, -330, 480), (260, -60, -120), (70, -250, -540))
    chosen = [poses[int(style.rng.integers(len(poses)))] for _ in range(3)]
    rows = [chosen[0], chosen[0], chosen[1], chosen[1], chosen[2], chosen[2], chosen[0]]
    yaw = [style.uniform(-30, 30) for _ in range(3)]
    keys = Keys(
        (0, 0.22, 0.36, 0.58, 0.70, 0.90, 1),
        cyclic=True,
        turn=[(yaw[i], 0, 0) for i in (0, 0, 1, 1, 2, 2, 0)],
        head=[(style.uniform(-12, 12), style.uniform(-12, 12), -0.8 * yaw[i]) for i in (0, 0, 1, 1, 2, 2)]
        + [(0, 0, 0)],
        r_hand=rows,
        r_elbow=(0, -1, -0.1),
        r_foot=(0, -style.uniform(80, 220), 0),
        l_foot=(style.uniform(-80, 120), style.uniform(80, 220), 0),
    ).styled(style, 0.8)
    return Script(keys, link=level_bar, cycles=(0.6, 1.4))


def smoking(style):
    """A cigarette between the hip and the mouth."""
    columns, chair = stance(style, 0.4)
    low = f"200 -280 {style.uniform(-420, -300)}"
    keys = Keys(
        (0, 0.3, 0.45, 0.75, 1),
        cyclic=True,
        r_hand=f"{low} | 210 -150 20 | 210 -150 20 | {low} | {low}",
        r_elbow="-0.5 -1 -0.5 | 0 -1 -0.6 | 0 -1 -0.6 | -0.5 -1 -0.5 | -0.5 -1 -0.5",
        head="0 0 8 | 4 0 0 | -6 0 0 | -10 0 -10 | 0 0 8",
        **columns,
    ).styled(style, 0.7, anchor=1)

    def props(skeleton, values, u, details):
        tip = point(skeleton, "r_handtip")
        fingers = tip - point(skeleton, "r_wrist")
        ends = {"grip": along(tip, fingers, -0.1), "tip": along(tip, fingers, 0.4)}
        return [Prop("stick", ends)] + chair(skeleton, values, u, details)

    return Script(keys, props=props, cycles=(0.8, 2.2))


def photo(style):
    """A camera in both hands before the eyes, the trunk turning with it."""
    columns, _ = stance(style)
    columns.pop("spine")
    yaw = style.uniform(-30, 30)
    keys = Keys(
        (0, 0.25, 0.55, 0.8, 1),
        r_hand="300 -130 -330 | 300 -120 60 | 300 -120 70 | 300 -120 60 | 300 -130 -330",
        r_elbow=(-0.2, -1, -0.8),
        spine=f"8 0 0 | 4 0 {yaw} | 14 0 {yaw} | 6 0 0 | 8 0 0",
        head="24 0 0 | 2 0 0 | 4 0 0 | 0 0 0 | 24 0 0",
        tool=(0, 0, 1),
        **columns,
    ).styled(style, 0.6, anchor=1)

    def props(skeleton, values, u, details):
        right, left = in_palm(skeleton), in_palm(skeleton, "l")
        return [Prop("ball", {"centre": (right + left) / 2}, numbers={"radius": 60.0})]

    return Script(keys, link=level_bar, props=props)


def waiting(style):
    """Arms folded or hands in the pockets, the weight from one leg to the other, looks around."""
    folded = style.chance(0.6)
    right, left = ((190, 60, -230), (230, -60, -200)) if folded else ((40, -200, -480), (40, 200, -480))
    sway = style.uniform(30, 80)
    keys = Keys(
        (0, 0.35, 0.5, 0.85, 1),
        cyclic=True,
        root=[(0, sway * s, 905) for s in (1, 0.6, -1, -0.6, 1)],
        turn="4 0 2 | 2 0 1 | -4 0 -2 | -2 0 -1 | 4 0 2",
        head="0 0 35 | 6 0 10 | 0 0 -35 | 8 0 -10 | 0 0 35",
        r_hand=right,
        l_hand=left,
        r_elbow=(-0.3, -1, -0.5),
        l_elbow=(-0.3, 1, -0.5),
        r_foot=(0, -150, 0),
        l_foot=(40, 150, 0),
    ).styled(style, 0.7)
    return Script(keys, cycles=(0.5, 1.5))


def _walk(style, leash=False):
    """Steps in a row; `leash`: the right hand is stretched forwards as if a dog pulled it."""
    steps, stride = 4, STRIDE_MM * style.uniform(0.75, 1.15)
    swing, lift = style.uniform(120, 240), style.uniform(60, 110)
    rows = {name: [] for name in ("root", "turn", "spine", "r_hand", "l_hand", "r_foot", "l_foot", "r_sole", "l_sole")}
    feet = {"r": 0.0, "l": stride}
    for index in range(2 * steps + 1):
        both_down = index % 2 == 0
        rear, front = "rl" if index % 4 < 2 else "lr"
        place = feet if both_down else {**feet, rear: feet[rear] + stride}
        ahead = (1.0 if front == "l" else -1.0) if both_down else 0.0  # the left foot is before the right one
        rows["root"].append(((place["r"] + place["l"]) / 2, 0, 885 if both_down else 905))
        rows["turn"].append((-8 * ahead, 4, 0))
        rows["spine"].append((5, 0, 14 * ahead))
        for side, sign in (("r", -1), ("l", 1)):
            held = leash and side == "r"
            hand = (60 - sign * swing * ahead, sign * 270, -530 + 25 * abs(ahead))
            rows[f"{side}_hand"].append((430, -180, -260) if held else hand)
            up = not both_down and side == rear
            rows[f"{side}_foot"].append((place[side], 90 * sign, lift if up else 0))
            rows[f"{side}_sole"].append((6 * sign, 28 if up else 25 if both_down and side == rear else 0))
        if not both_down:
            feet[rear] += 2 * stride
    keys = Keys(np.linspace(0, 1, 2 * steps + 1), **rows, r_elbow=(-1, -0.4, 0), l_elbow=(-1, 0.4, 0))
    return Script(keys.styled(style, 0.5))


def walking(style):
    """Along the room."""
    return _walk(style)


def walking_dog(style):
    """Along the room with a dog on the leash, seen or not."""
    return _walk(style, leash=True)


def _any_of(*scripts):
    """A script chosen from several."""
    return lambda style: style.choice(scripts)(style)


# number in the data set: (name, script)
H36M_SCRIPTS = {
    1: ("Directions", _any_of(pointing, pointing, gesture)),
    2: ("Discussion", gesture),
    3: ("Eating", eat_meal),
    4: ("Greeting", _any_of(hand_waving, bow, salute)),
    5: ("Phoning", phone_call),
    6: ("Posing", posing),
    7: ("Purchases", _any_of(pick_up, gesture)),
    8: ("Sitting", seated_gesture),
    9: ("SittingDown", _any_of(sit_down, stand_up)),
    10: ("Smoking", smoking),
    11: ("Photo", photo),
    12: ("Waiting", _any_of(waiting, check_time, drink_water)),
    13: ("Walking", walking),
    14: ("WalkDog", walking_dog),
    15: ("WalkTogether", walking),
}
