"""Motion scripts of ten NTU actions of the whole body: things dropped, thrown, picked up; sit, stand, kick, jump, fall.

Key poses as in `actions_ntu_hand`; hands that go to the floor are places in the world, where the thorax of somebody who
stands is at a height of 1416 mm.
"""

import numpy as np

from deephar.synthetic.actions_ntu_hand import REST, in_palm, seat_below, stance
from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, flight, level_bar, point

FALL_S = 1.6  # seconds that one performance stands for, where something falls or flies


def _flying(skeleton, u, release, velocity, radius, side="r", seconds=FALL_S):
    """A ball in the hand until `release`, then in the air, at rest once it is on the floor."""
    held = in_palm(skeleton, side, 0.6 * radius)
    nearest = int(np.argmin(np.abs(u - release)))
    start = held[nearest]
    fall_s = (velocity[2] + np.sqrt(velocity[2] ** 2 + 2 * 9810.0 * max(start[2] - radius, 1.0))) / 9810.0
    gone = flight(start, np.asarray(velocity, float), np.minimum((u - release) * seconds, fall_s), floor=radius)
    return Prop("ball", {"centre": np.where((u < release)[:, None], held, gone)}, numbers={"radius": radius})


def drop(style):
    """A thing held before the body slips out of the hand, which stays open; a look after it."""
    columns, _ = stance(style)
    hold, radius = f"{style.uniform(300, 400)} -170 {style.uniform(-300, -160)}", style.uniform(50, 90)
    keys = Keys(
        (0, 0.35, 0.42, 0.62, 1),
        r_hand=f"{hold} | {hold} | 330 -230 -170 | 290 -290 -180 | 130 -270 -450",
        r_elbow=(-0.8, -0.8, -0.5),
        l_hand="70 250 -540 | 70 250 -540 | 120 290 -480 | 140 300 -440 | 70 250 -540",
        head="16 0 -6 | 16 0 -6 | 24 0 -6 | 38 0 -6 | 34 0 -6",
        turn="0 0 0 | 0 0 0 | 0 0 0 | 0 10 0 | 0 8 0",
        **columns,
    ).styled(style, 0.6)
    release = keys.times[1] + 0.03

    def props(skeleton, values, u, details):
        return [_flying(skeleton, u, release, (150.0, 0.0, 0.0), radius)]

    return Script(keys, props=props)


def pick_up(style):
    """Down with bent knees or a bent back, a thing from the floor, and up again with it."""
    squat, radius = style.chance(0.5), style.uniform(50, 90)
    low = "-130 0 480" if squat else "-190 0 720"
    lean, curl = (48, 22) if squat else (72, 30)
    x = 330 if squat else 340
    keys = Keys(
        (0, 0.12, 0.40, 0.54, 0.86, 1),
        root=f"0 0 908 | 0 0 908 | {low} | {low} | 0 0 908 | 0 0 908",
        turn=f"0 0 0 | 0 2 0 | 0 {lean} 0 | 0 {lean} 0 | 0 2 0 | 0 0 0",
        spine=f"6 0 0 | 8 0 0 | {curl} 0 0 | {curl} 0 0 | 8 0 0 | 6 0 0",
        head="10 0 0 | 20 0 0 | 0 0 0 | 0 0 0 | 12 0 0 | 10 0 0",
        r_hand=f"70 -250 880 | 100 -250 850 | {x} -120 190 | {x} -120 180 | 300 -180 1130 | 310 -170 1150",
        l_hand="70 250 880 | 100 250 830 | 200 200 480 | 200 200 480 | 80 260 850 | 70 250 880",
        r_elbow=(-0.6, -1, -0.1),
        l_elbow=(-0.6, 1, -0.1),
        r_foot=(0, -130, 0),
        l_foot=(style.uniform(-60, 120), 130, 0),
        r_sole=f"-14 0 | -14 0 | -14 {12 * squat} | -14 {12 * squat} | -14 0 | -14 0",
        l_sole=(14, 0),
    ).styled(style, 0.5)
    grasp = 0.5 * (keys.times[2] + keys.times[3])

    def props(skeleton, values, u, details):
        held = in_palm(skeleton, "r", 0.6 * radius)
        lying = held[int(np.argmin(np.abs(u - grasp)))] * (1, 1, 0) + (0, 0, radius)
        return [Prop("ball", {"centre": np.where((u < grasp)[:, None], lying, held)}, numbers={"radius": radius})]

    return Script(keys, hands="world", props=props)


def throw(style):
    """From standing: the hand back over the shoulder, a step, forwards and through."""
    step, radius = style.uniform(120, 380), style.uniform(40, 75)
    keys = Keys(
        (0, 0.14, 0.40, 0.54, 0.66, 1),
        root=f"0 0 905 | 0 0 905 | -90 -20 900 | {step * 0.5} 0 880 | {step * 0.7} 0 880 | {step * 0.7} 0 890",
        turn="0 0 0 | -10 0 0 | -48 -8 0 | -10 8 0 | 18 18 0 | 5 6 0",
        spine="6 0 0 | 6 0 -6 | -6 0 -16 | 4 0 8 | 22 0 16 | 10 0 4",
        head="0 0 0 | 0 0 12 | 0 0 50 | 0 0 5 | -8 0 -20 | 0 0 0",
        r_hand="180 -230 -330 | 160 -280 -260 | -170 -400 160 | 120 -330 330 | 470 -140 -40 | 220 -120 -420",
        r_elbow="-0.8 -0.8 -0.4 | -0.4 -1 -0.4 | 0 -1 -0.3 | 0.2 -1 0 | -0.3 -1 0 | -0.8 -0.8 -0.3",
        l_hand="80 250 -520 | 200 240 -300 | 430 200 -60 | 260 260 -250 | 60 300 -420 | 70 250 -520",
        r_foot=f"-60 -120 0 | -60 -120 0 | -80 -120 0 | -70 -120 0 | -40 -120 0 | {step * 0.4} -120 0",
        l_foot=f"60 120 0 | 60 120 0 | {step * 0.6} 120 60 | {60 + step} 110 0 | {60 + step} 110 0 | {60 + step} 110 0",
        r_sole="-30 0 | -40 0 | -60 0 | -40 25 | -10 50 | -15 0",
    ).styled(style, 0.7)
    release = 0.6 * keys.times[3] + 0.4 * keys.times[4]

    def props(skeleton, values, u, details):
        return [_flying(skeleton, u, release, (7500.0, 0.0, 2200.0), radius)]

    return Script(keys, props=props)


def _chair_rows(style, lean):
    """Key poses from standing to sitting on a chair behind, and what else does not change; `lean` is of the trunk."""
    back, seat = style.uniform(-430, -350), style.uniform(470, 540)
    thighs = "310 -150 -400" if style.chance(0.6) else "200 -120 -400"
    rows = dict(
        root=f"0 0 908 | 0 0 908 | {back * 0.45} 0 760 | {back} 0 {seat + 20} | {back} 0 {seat} | {back} 0 {seat}",
        turn=f"0 0 0 | 0 6 0 | 0 {lean} 0 | 0 {lean * 0.7} 0 | 0 2 0 | 0 -2 0",
        spine=f"6 0 0 | 8 0 0 | {lean * 0.6} 0 0 | {lean * 0.5} 0 0 | 12 0 0 | 10 0 0",
        head="0 0 0 | 12 0 0 | 0 0 0 | 0 0 0 | 0 0 0 | 0 0 0",
        r_hand=f"{REST} | {REST} | 330 -220 -380 | 320 -190 -420 | {thighs} | {thighs}",
    )
    return {name: text.split(" | ") for name, text in rows.items()}


def _sit_or_stand(style, lean, backwards):
    """One way between standing and sitting."""
    rows, times = _chair_rows(style, lean), np.array((0, 0.14, 0.40, 0.62, 0.80, 1))
    if backwards:
        rows, times = {name: values[::-1] for name, values in rows.items()}, 1 - times[::-1]
    wide = style.uniform(90, 170)
    keys = Keys(
        times,
        **{name: " | ".join(values) for name, values in rows.items()},
        r_elbow=(-0.8, -0.8, -0.2),
        r_foot=(0, -wide, 0),
        l_foot=(style.uniform(-50, 50), wide, 0),
    ).styled(style, 0.5, anchor=len(times) - 1 if backwards else 0)
    return Script(keys, link=level_bar, props=seat_below)


def sit_down(style):
    """Standing before a chair, back and down onto it."""
    return _sit_or_stand(style, style.uniform(26, 46), False)


def stand_up(style):
    """From a chair: the trunk forwards, up."""
    return _sit_or_stand(style, style.uniform(36, 58), True)


def kick(style):
    """One leg back and forwards, the arms for balance, sometimes a ball."""
    reach, high = style.uniform(480, 640), style.uniform(180, 480)
    ball = style.chance(0.5)
    keys = Keys(
        (0, 0.18, 0.40, 0.56, 0.74, 1),
        root="0 0 905 | 0 30 900 | 20 40 900 | 40 50 895 | 20 30 900 | 0 0 905",
        turn="0 0 0 | -6 6 0 | -12 12 0 | 8 -14 0 | 4 -4 0 | 0 0 0",
        spine="6 0 0 | 6 0 4 | 6 0 12 | 14 0 -12 | 8 0 -2 | 6 0 0",
        head=(14, 0, 0),
        r_hand="70 -250 -540 | 60 -330 -480 | 260 -400 -300 | -180 -380 -380 | 40 -330 -480 | 70 -250 -540",
        l_hand="70 250 -540 | 60 330 -480 | -180 400 -330 | 300 330 -280 | 100 300 -460 | 70 250 -540",
        r_foot=f"-40 -120 0 | -120 -120 20 | -430 -110 230 | {reach} -90 {high} | 260 -110 60 | -20 -120 0",
        l_foot=(30, 110, 0),
        r_sole=f"-8 0 | -8 20 | -8 75 | 0 {-high * 0.06} | -5 0 | -8 0",
        l_sole=(14, 0),
    ).styled(style, 0.7)
    contact = 0.25 * keys.times[2] + 0.75 * keys.times[3]

    def props(skeleton, values, u, details):
        if not ball:
            return []
        toe = point(skeleton, "r_toe")[int(np.argmin(np.abs(u - contact)))]
        start = toe * (1, 1, 0) + (110.0, 0.0, 110.0)
        gone = flight(start, np.array((6500.0, 0.0, 1500.0)), (u - contact) * FALL_S, floor=110.0)
        return [Prop("ball", {"centre": np.where((u < contact)[:, None], start, gone)}, numbers={"radius": 110.0})]

    return Script(keys, props=props)


def hop(style):
    """Jumps on one leg, the other one bent back."""
    height, dip, step = style.uniform(60, 150), style.uniform(30, 70), style.uniform(-40, 120)
    lift = style.uniform(260, 460)
    # As hopping on the spot in steps of `step` would run away, each cycle goes there and back.
    place = (0, step * 0.5, step, step * 0.5, 0)
    heights = (0, height, 0, height, 0)
    keys = Keys(
        (0, 0.25, 0.5, 0.75, 1),
        cyclic=True,
        root=[(x, -70, 900 + h - (dip if h == 0 else 0)) for x, h in zip(place, heights, strict=True)],
        turn="0 8 -4 | 0 4 -4 | 0 8 -4 | 0 4 -4 | 0 8 -4",
        r_hand="200 -300 -330 | 150 -360 -230 | 200 -300 -330 | 150 -360 -230 | 200 -300 -330",
        r_elbow=(-0.8, -1, -0.2),
        r_foot=[(x, -90, h) for x, h in zip(place, heights, strict=True)],
        l_foot=[(x - 260, 100, lift + h) for x, h in zip(place, heights, strict=True)],
        r_sole="-8 0 | -8 35 | -8 0 | -8 35 | -8 0",
        l_sole=(8, 70),
    ).styled(style, 0.8)
    return Script(keys, link=level_bar, cycles=(1, 4))


def jump_up(style):
    """Arms back in a crouch, a high jump with the arms up, landing."""
    height, deep = style.uniform(150, 330), style.uniform(620, 760)
    air = (0, 0, height)
    keys = Keys(
        (0, 0.12, 0.34, 0.45, 0.57, 0.74, 0.86, 1),
        cyclic=True,
        root=f"0 0 905 | 0 0 905 | -120 0 {deep} | -20 0 900 | 10 0 {920 + height} | -40 0 800 | 0 0 890 | 0 0 905",
        turn="0 0 0 | 0 4 0 | 0 38 0 | 0 8 0 | 0 0 0 | 0 22 0 | 0 4 0 | 0 0 0",
        spine="6 0 0 | 6 0 0 | 18 0 0 | 6 0 0 | 0 0 0 | 14 0 0 | 6 0 0 | 6 0 0",
        head="0 0 0 | 0 0 0 | -22 0 0 | -10 0 0 | -18 0 0 | -5 0 0 | 0 0 0 | 0 0 0",
        r_hand=(
            "70 -250 -540 | 120 -250 -520 | -260 -300 -400 | 330 -260 -120 | 150 -230 480 | 300 -280 -260 | "
            "90 -260 -520 | 70 -250 -540"
        ),
        r_elbow=(
            "-1 -0.6 0 | -1 -0.6 0 | -0.4 -0.8 0.8 | -0.3 -1 -0.4 | 0.4 -1 0 | -0.8 -1 -0.2 | -1 -0.6 0 | -1 -0.6 0"
        ),
        r_foot=[(0, -110, 0)] * 4 + [np.add(air, (0, -110, 0))] + [(0, -120, 0)] * 2 + [(0, -110, 0)],
        l_foot=[(0, 110, 0)] * 4 + [np.add(air, (0, 110, 0))] + [(0, 120, 0)] * 2 + [(0, 110, 0)],
        r_sole="-14 0 | -14 0 | -14 10 | -14 35 | -14 50 | -14 0 | -14 0 | -14 0",
        l_sole="14 0 | 14 0 | 14 10 | 14 35 | 14 50 | 14 0 | 14 0 | 14 0",
    ).styled(style, 0.7)
    return Script(keys, link=level_bar, cycles=(0.9, 2.2))


def bow(style):
    """Head and trunk bend forwards, rest, and rise."""
    lean, curl = style.uniform(22, 62), style.uniform(10, 32)
    keys = Keys(
        (0, 0.16, 0.42, 0.62, 0.88, 1),
        root=f"0 0 910 | 0 0 910 | {-lean * 2.2} 0 895 | {-lean * 2.2} 0 895 | 0 0 910 | 0 0 910",
        turn=f"0 0 0 | 0 0 0 | 0 {lean} 0 | 0 {lean} 0 | 0 0 0 | 0 0 0",
        spine=f"3 0 0 | 4 0 0 | {curl} 0 0 | {curl} 0 0 | 4 0 0 | 3 0 0",
        head="0 0 0 | 6 0 0 | 26 0 0 | 26 0 0 | 4 0 0 | 0 0 0",
        r_hand=f"20 -240 -570 | 20 -240 -570 | {60 + lean * 4} -220 -510 | {60 + lean * 4} -220 -510 "
        "| 20 -240 -570 | 20 -240 -570",
        r_elbow=(-1, -0.6, 0),
        r_foot=(0, -80, 0),
        l_foot=(0, 80, 0),
    ).styled(style, 0.5)
    return Script(keys, link=level_bar)


def falling(style):
    """The knees give way, the trunk tips over, and the body lies on the floor."""
    side, far = style.uniform(-25, 25), style.uniform(480, 640)
    keys = Keys(
        (0, 0.20, 0.42, 0.58, 0.72, 0.82, 1),
        root=f"0 0 905 | 20 0 890 | 120 0 640 | 300 0 330 | {far} 0 160 | {far} 0 140 | {far} 0 140",
        turn=f"0 0 0 | {side * 0.2} 8 0 | {side} 28 10 | {side} 62 14 | {side} 86 8 | {side} 90 5 | {side} 90 5",
        spine="6 0 0 | 10 4 0 | 24 8 6 | 12 6 4 | -4 0 0 | -8 0 0 | -6 0 0",
        head="0 0 0 | 12 0 0 | -10 0 0 | -30 0 0 | -25 0 20 | 0 0 40 | 0 0 45",
        r_hand=(
            "70 -250 -540 | 200 -320 -380 | 420 -260 -200 | 440 -260 30 | 190 -300 130 | 130 -340 160 | 130 -340 160"
        ),
        l_hand="70 250 -540 | 160 340 -420 | 380 290 -260 | 420 280 0 | 180 320 120 | 130 350 130 | 130 350 130",
        r_elbow="-0.8 -0.8 -0.3 | -0.8 -0.8 -0.3 | -0.6 -1 -0.2 | -0.6 -1 -0.2 | 0 -1 -0.6 | 0 -1 -0.6 | 0 -1 -0.6",
        l_elbow="-0.8 0.8 -0.3 | -0.8 0.8 -0.3 | -0.6 1 -0.2 | -0.6 1 -0.2 | 0 1 -0.6 | 0 1 -0.6 | 0 1 -0.6",
        r_foot="0 -110 0 | 0 -110 0 | -30 -120 0 | -120 -130 0 | -240 -130 0 | -250 -130 0 | -250 -130 0",
        l_foot="0 110 0 | 0 110 0 | 10 120 0 | -80 130 0 | -230 130 0 | -240 130 0 | -240 130 0",
        r_knee="0 0 0 | 0 0 0 | 0 0 0 | -0.5 0 -0.5 | -1 0 -1 | -1 0 -1 | -1 0 -1",
        l_knee="0 0 0 | 0 0 0 | 0 0 0 | -0.5 0 -0.5 | -1 0 -1 | -1 0 -1 | -1 0 -1",
        r_sole="-14 0 | -14 5 | -14 35 | -10 60 | -5 76 | -5 78 | -5 78",
        l_sole="14 0 | 14 5 | 14 35 | 10 60 | 5 76 | 5 78 | 5 78",
    ).styled(style, 0.5)
    return Script(keys)
