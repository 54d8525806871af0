"""Motion scripts of the six throwing and swinging actions of Penn Action.

Key poses in mm and degrees for a right-handed person of 1750 mm; hands are offsets from the thorax along the chest's
axes (forward, left, up). The shoulders lie at y = -+196, an arm reaches 580 to the wrist. Pitcher, batter and bowler
act towards +x.
"""

import numpy as np

from deephar.synthetic.motion import Keys, Prop
from deephar.synthetic.script import Script, column, flight, long_tool, point, two_hands


def _swap_tool(style, usual, others):
    """The usual object; sometimes none and sometimes another's, so that the object does not give the action away."""
    if style.chance(0.10):
        return None
    return style.choice(others) if style.chance(0.08) else usual


def _held_ball(skeleton, u, release, velocity, radius, seconds_per_u, hand="r_hand", floor=None):
    """A ball in the hand until `release`, then in the air."""
    held = point(skeleton, hand) + skeleton.frames[:, 3, :, 1] * (radius * 0.8)
    nearest = int(np.argmin(np.abs(u - release)))
    flying = flight(held[nearest], np.asarray(velocity, float), (u - release) * seconds_per_u, floor=floor or radius)
    return Prop("ball", {"centre": np.where((u < release)[:, None], held, flying)}, numbers={"radius": radius})


def baseball_pitch(style):
    """Wind-up with a lifted knee, long stride, throw over the shoulder, follow through."""
    lift = style.uniform(250, 620)
    keys = Keys(
        (0, 0.22, 0.44, 0.56, 0.64, 0.78, 1),
        root="0 0 895 | -20 0 905 | 430 0 790 | 600 0 760 | 700 0 770 | 800 20 780 | 930 0 850",
        turn="-85 0 0 | -100 -3 0 | -78 0 0 | -28 0 0 | 12 15 0 | 38 30 0 | 20 8 0",
        spine="8 0 0 | 10 0 -8 | -5 -8 -12 | -8 0 12 | 22 18 18 | 42 0 22 | 18 0 5",
        head="0 0 65 | 0 0 70 | 0 0 68 | 0 0 20 | 0 0 -15 | -25 0 -25 | -5 0 -10",
        r_hand=(
            "230 -30 -150 | 220 -30 0 | -130 -400 -240 | -190 -420 240 | 400 -260 230 | 330 190 -390 | 200 -150 -430"
        ),
        l_hand="230 40 -150 | 220 40 0 | 200 540 20 | 330 330 -60 | 160 230 -230 | 60 280 -300 | 130 260 -420",
        r_elbow="-1 -0.8 -0.4 | -1 -0.8 -0.4 | 0 -1 0.1 | 0 -1 -0.3 | -0.3 -1 0.2 | 0 -1 0 | -1 -0.6 -0.2",
        r_foot="-40 0 0 | 0 0 0 | 0 0 0 | 40 0 0 | 180 -60 60 | 520 -200 330 | 1000 -260 0",
        l_foot=f"180 0 0 | 130 -190 {lift} | 900 20 60 | 960 30 0 | 960 30 0 | 960 30 0 | 960 60 0",
        l_knee="0 0 0 | 0 0 0.7 | 0 0 0 | 0 0 0 | 0 0 0 | 0 0 0 | 0 0 0",
        r_sole="-85 0 | -90 0 | -75 8 | -50 35 | -20 60 | 0 75 | 0 0",
        l_sole="-80 0 | -80 30 | -15 10 | 0 0 | 0 0 | 0 0 | 5 0",
    ).styled(style)
    release = keys.times[4]
    glove, ball = style.chance(0.7), style.chance(0.85)

    def props(skeleton, values, u, details):
        out = [_held_ball(skeleton, u, release, (24000, -500, 500), 37.0, 1.6)] if ball else []
        if glove:
            out.append(Prop("glove", {"centre": point(skeleton, "l_hand")}, numbers={"radius": 88.0}))
        return out

    return Script(keys, props=props)


def baseball_swing(style):
    """Side-on stance with the bat at the rear shoulder, stride, level swing through, finish over the front shoulder."""
    crouch = style.uniform(-50, 40)
    keys = Keys(
        (0, 0.24, 0.42, 0.52, 0.60, 0.72, 0.86, 1),
        root=(
            f"0 0 {840 + crouch} | -70 0 {835 + crouch} | 20 0 {825 + crouch} | 60 0 {815 + crouch} | "
            f"80 0 {815 + crouch} | 90 0 {825 + crouch} | 100 0 {850 + crouch} | 100 0 {860 + crouch}"
        ),
        turn="-90 14 0 | -105 14 0 | -92 14 0 | -55 8 0 | -22 2 0 | 0 -4 0 | 8 -2 0 | 8 0 0",
        spine="15 0 0 | 15 0 -16 | 15 0 -20 | 10 -8 -4 | 4 -10 8 | 0 -6 28 | 2 0 38 | 4 0 38",
        head="0 0 65 | 0 0 72 | 0 0 72 | 5 0 40 | 10 0 -5 | 10 0 -25 | 0 0 -40 | 0 0 -40",
        l_hand=(
            "170 -190 0 | 110 -260 20 | 80 -270 10 | 340 -110 -200 | 430 60 -250 | 330 290 -100 | 130 300 60 | "
            "130 300 60"
        ),
        tool=(
            "-0.2 -0.3 1 | -0.2 0.1 1 | -0.5 -0.1 0.9 | -0.1 -1 0.1 | 1 -0.3 -0.15 | 0.5 1 0.15 | -0.8 0.5 0.4 | "
            "-0.8 0.4 0.3"
        ),
        r_elbow=(-0.4, -1, -0.3),
        l_elbow=(0.1, 0.8, -0.8),
        r_foot=(-280, 0, 0),
        l_foot="270 0 0 | 230 -40 110 | 470 10 0 | 470 10 0 | 470 10 0 | 470 10 0 | 470 10 0 | 470 10 0",
        r_sole="-88 0 | -88 0 | -85 0 | -70 25 | -45 45 | -25 55 | -15 55 | -15 55",
        l_sole="-85 0 | -80 30 | -55 0 | -45 0 | -35 0 | -30 0 | -30 0 | -30 0",
    ).styled(style)
    tool, contact, ball = _swap_tool(style, "bat", ("racket", "club")), keys.times[4], style.chance(0.4)

    def props(skeleton, values, u, details):
        if tool is None:
            return []
        bat, ends = long_tool(tool, skeleton, values, 860.0, "l", 60.0)
        out = [bat]
        if ball:
            nearest = int(np.argmin(np.abs(u - contact)))
            meet, before = ends["tip"][nearest], (u < contact)[:, None]
            seconds = (u - contact)[:, None] * 1.2
            centre = meet + np.where(before, (-26000.0, 0.0, -600.0), (26000.0, 3000.0, 6000.0)) * seconds
            centre[:, 2] = np.maximum(centre[:, 2], 40.0)
            out.append(Prop("ball", {"centre": centre}, numbers={"radius": 37.0}))
        return out

    return Script(keys, link=two_hands, props=props)


def bowl(style):
    """Walk up with the ball, back swing, slide on the front foot, low release, rear leg crossing behind."""
    back = style.uniform(-620, -420)
    keys = Keys(
        (0, 0.18, 0.38, 0.58, 0.72, 0.82, 0.92, 1),
        root="0 0 895 | 260 0 890 | 660 0 885 | 1080 0 840 | 1480 10 710 | 1640 20 670 | 1680 20 690 | 1690 20 710",
        turn="0 5 0 | 0 8 0 | 0 12 0 | -15 28 0 | -15 36 0 | -5 38 0 | 0 34 0 | 0 30 0",
        spine="6 0 0 | 6 0 0 | 8 0 -5 | 12 0 -18 | 18 6 -10 | 18 8 8 | 14 0 12 | 12 0 10",
        head="0 0 0 | 0 0 0 | -8 0 0 | -28 0 10 | -35 0 10 | -38 0 0 | -30 0 0 | -25 0 0",
        r_hand=(
            f"300 -120 -260 | 400 -200 -330 | 60 -270 -570 | {back} -260 -220 | -60 -260 -570 | 330 -230 -480 | "
            "480 -180 120 | 480 -180 140"
        ),
        l_hand=(
            "300 60 -280 | 280 160 -300 | 160 460 -330 | 120 540 -160 | 0 560 -60 | -100 560 -40 | -60 540 -60 | "
            "-60 540 -80"
        ),
        r_elbow=(
            "-1 -0.5 -0.3 | -1 -0.5 -0.3 | -1 -0.2 0 | -0.3 -0.3 1 | -1 -0.2 0 | -0.6 -0.4 -0.6 | 0.3 -0.5 -1 | "
            "0.3 -0.5 -1"
        ),
        r_foot=(
            "-30 -100 0 | 430 -100 0 | 430 -100 0 | 1280 -100 0 | 1260 -60 0 | 1130 200 20 | 1080 300 40 | 1080 310 40"
        ),
        l_foot="30 100 0 | 0 100 0 | 880 100 0 | 880 100 0 | 1760 60 0 | 1860 60 0 | 1870 60 0 | 1870 60 0",
        r_sole="0 0 | 0 0 | 0 35 | 0 0 | -10 35 | -15 55 | -20 60 | -20 60",
        l_sole="0 0 | 0 35 | 0 0 | 0 40 | 0 0 | 0 0 | 0 0 | 0 0",
    ).styled(style)
    release, ball = keys.times[5], not style.chance(0.1)

    def props(skeleton, values, u, details):
        return [_held_ball(skeleton, u, release, (6500, 0, -600), 108.0, 1.8)] if ball else []

    return Script(keys, props=props)


def golf_swing(style):
    """Bent address with both hands low, club up behind, down and through, upright finish towards the left."""
    keys = Keys(
        (0, 0.12, 0.24, 0.38, 0.47, 0.53, 0.60, 0.72, 0.88, 1),
        root=(
            "-110 0 870 | -110 0 870 | -110 -20 870 | -110 -30 870 | -100 10 865 | -90 40 870 | -80 70 885 | "
            "-60 110 905 | -50 120 912 | -50 120 912"
        ),
        turn="0 26 0 | 0 26 0 | -18 24 0 | -38 22 0 | -8 26 0 | 22 24 0 | 45 16 0 | 75 2 0 | 85 -4 0 | 85 -4 0",
        spine="18 0 0 | 18 0 0 | 18 4 -18 | 14 6 -42 | 18 -4 -20 | 16 -10 -6 | 12 -10 8 | 4 -4 24 | 0 0 30 | 0 0 30",
        head="12 0 0 | 12 0 0 | 10 0 20 | 10 0 55 | 12 0 20 | 12 0 -15 | 8 0 -25 | 0 0 -25 | 0 0 -25 | 0 0 -25",
        l_hand=(
            "300 20 -470 | 300 20 -470 | 360 -260 -270 | 200 -270 60 | 330 -180 -340 | 310 50 -470 | "
            "420 220 -260 | 190 220 130 | 140 200 150 | 140 200 150"
        ),
        tool=(
            "0.5 0 -0.9 | 0.5 0 -0.9 | 0.2 -0.9 0.3 | -0.5 0.6 0.45 | 0 -0.9 0.35 | 0.45 0 -0.9 | 0.6 0.8 0 | "
            "-0.5 0.6 0.5 | -0.8 -0.4 -0.2 | -0.8 -0.4 -0.2"
        ),
        r_elbow=(-0.4, -0.6, -1),
        l_elbow=(-0.2, 0.7, -1),
        r_foot=(0, -230, 0),
        l_foot=(0, 230, 0),
        r_sole="-4 0 | -4 0 | -4 0 | -4 0 | 0 5 | 8 15 | 20 30 | 40 55 | 48 65 | 48 65",
        l_sole=(25, 0),
    ).styled(style, 0.9)
    tool, impact, ball = _swap_tool(style, "club", ("bat",)), keys.times[5], style.chance(0.6)

    def props(skeleton, values, u, details):
        if tool is None:
            return []
        club, _ends = long_tool(tool, skeleton, values, 1000.0, "l", 80.0)
        if not ball:
            return [club]
        away = np.maximum(u - impact, 0.0)[:, None] * np.array([0.0, 45000.0, 9000.0])
        rest = details["tee"] * skeleton.body.scale
        return [club, Prop("ball", {"centre": rest + away}, numbers={"radius": 24.0})]

    return Script(keys, link=two_hands, props=props, details={"spread": 80.0, "tee": np.array([570.0, 60.0, 25.0])})


def tennis_forehand(style):
    """Ready, shoulder turn, racket back and low, swing up and across with one hand, finish over the other shoulder."""
    low = style.uniform(-160, 60)
    keys = Keys(
        (0, 0.22, 0.44, 0.56, 0.66, 0.80, 1),
        root="0 0 845 | 0 -40 845 | 60 -60 825 | 140 -40 830 | 180 -20 850 | 200 0 865 | 210 0 860",
        turn="0 8 0 | -48 6 0 | -70 6 0 | -22 6 0 | 10 2 0 | 28 0 0 | 15 4 0",
        spine="14 0 0 | 10 0 -18 | 8 -4 -26 | 8 -6 -4 | 4 -2 16 | 2 0 32 | 10 0 12",
        head="0 0 0 | 0 0 45 | 0 0 60 | 6 0 10 | 4 0 -10 | 0 0 -38 | 0 0 -15",
        r_hand=(
            f"320 -70 -250 | 170 -350 -60 | -170 -500 {low} | 390 -390 -260 | 430 20 -40 | 170 290 90 | 300 60 -200"
        ),
        l_hand="330 70 -230 | 340 20 -100 | 430 120 -120 | 200 350 -170 | 90 320 -180 | 110 260 -150 | 300 160 -220",
        tool="0.7 0.3 0.6 | 0.2 -0.3 1 | -0.7 -0.5 0.3 | 0.3 -1 -0.1 | 0.8 0.4 0.5 | -0.5 0.8 -0.1 | 0.5 0.6 0.4",
        r_elbow=(
            "-0.6 -0.8 -0.6 | -0.6 -0.8 -0.3 | 0 -0.7 -0.6 | -0.6 -0.4 -0.8 | -0.2 -0.8 -0.5 | 0.6 -0.4 0.6 | "
            "-0.4 -0.8 -0.5"
        ),
        r_foot="0 -290 0 | -40 -300 0 | -40 -300 0 | -40 -300 0 | 60 -300 0 | 200 -280 0 | 240 -300 0",
        l_foot="0 270 0 | 0 270 0 | 330 80 0 | 340 80 0 | 340 80 0 | 340 80 0 | 330 160 0",
        r_sole="-12 0 | -65 0 | -70 0 | -50 25 | -25 45 | -10 45 | -10 0",
        l_sole="12 0 | -20 10 | -15 0 | -5 0 | 0 0 | 0 0 | 5 0",
    ).styled(style)
    tool, contact, ball = _swap_tool(style, "racket", ("bat",)), keys.times[3], style.chance(0.5)

    def props(skeleton, values, u, details):
        if tool is None:
            return []
        racket, ends = long_tool(tool, skeleton, values, 690.0, "r", 60.0)
        out = [racket]
        if ball:
            nearest = int(np.argmin(np.abs(u - contact)))
            seconds = (u - contact)[:, None] * 1.3
            speed = np.where(seconds < 0, (-14000.0, 0.0, 0.0), (20000.0, 0.0, 3000.0))
            centre = ends["tip"][nearest] + speed * seconds
            centre[:, 2] = np.maximum(centre[:, 2], 40.0)
            out.append(Prop("ball", {"centre": centre}, numbers={"radius": 34.0}))
        return out

    return Script(keys, props=props, grips="r")


def tennis_serve(style):
    """Side-on, toss with the other hand, racket behind the back, reach up and hit, follow through down and across."""
    jump = style.uniform(0, 130)
    keys = Keys(
        (0, 0.18, 0.38, 0.52, 0.60, 0.68, 0.82, 1),
        root=f"0 0 900 | -30 0 890 | 40 0 880 | 90 0 815 | 120 0 890 | 170 0 {915 + jump} | 330 0 830 | 420 0 870",
        turn="-65 4 0 | -70 6 0 | -80 -4 0 | -75 -10 0 | -30 -4 0 | 5 8 0 | 30 22 0 | 25 10 0",
        spine="8 0 0 | 10 0 0 | -8 -10 -10 | -16 -12 -14 | -10 0 0 | 6 16 8 | 34 0 22 | 16 0 10",
        head="0 0 60 | 5 0 50 | -28 0 55 | -35 0 50 | -40 0 15 | -28 0 0 | -15 0 -15 | -5 0 -10",
        r_hand=(
            "300 -40 -300 | 120 -290 -500 | -170 -520 -220 | -130 -380 200 | -190 -300 190 | 190 -190 570 | "
            "330 240 -380 | 300 60 -350"
        ),
        l_hand=(
            "320 60 -280 | 260 160 -470 | 230 220 520 | 230 240 540 | 260 240 100 | 200 120 -170 | "
            "120 240 -240 | 160 240 -360"
        ),
        tool=(
            "0.8 0.3 0.4 | 0.4 -0.2 -0.8 | -0.3 -0.6 -0.3 | 0.1 0.2 1 | -0.2 0.1 -1 | 0.35 0 1 | 0.1 0.7 -0.6 | "
            "0.6 0.6 0.2"
        ),
        r_elbow=(
            "-0.8 -0.8 -0.5 | -1 -0.5 0 | -0.5 -0.4 0.6 | -0.1 -1 -0.4 | 0.2 -0.9 0.7 | -0.3 -1 0.1 | 0 -1 0 | "
            "-0.6 -0.8 -0.3"
        ),
        l_elbow=(
            "-0.5 1 -0.6 | -0.5 1 -0.6 | -0.4 1 0 | -0.4 1 0 | -0.3 1 -0.6 | -0.7 1 -0.5 | -0.7 1 -0.5 | -0.7 1 -0.5"
        ),
        r_foot=(
            f"-200 -60 0 | -200 -60 0 | -200 -60 0 | -60 -60 0 | -20 -60 0 | 20 -80 {jump} | 60 -150 260 | 380 -220 0"
        ),
        l_foot=f"190 60 0 | 190 60 0 | 190 60 0 | 190 60 0 | 190 60 0 | 210 60 {jump} | 460 60 0 | 470 60 0",
        r_sole="-70 0 | -70 0 | -65 0 | -55 15 | -40 35 | -15 60 | 0 70 | -10 0",
        l_sole="-35 0 | -35 0 | -35 0 | -30 10 | -25 30 | -15 45 | -5 0 | 0 0",
    ).styled(style)
    tool, tossed, hit = _swap_tool(style, "racket", ("bat",)), keys.times[2], keys.times[5]
    ball = style.chance(0.75)

    def props(skeleton, values, u, details):
        out = [] if tool is None else [long_tool(tool, skeleton, values, 690.0, "r", 60.0)[0]]
        if ball:
            held = point(skeleton, "l_hand") + (0.0, 0.0, 45.0)
            share = np.clip((u - tossed) / max(hit - tossed, 1e-3), 0.0, 1.0)[:, None]
            reach = column(values, "root")[:, :1] * 0.0 + 1.52 * skeleton.body.height
            rise = reach - 900.0 * (share - 0.6) ** 2 + 100.0
            air = np.concatenate([150.0 + 300.0 * share, 0 * share - 100.0, rise], 1)
            beyond = np.maximum(u - hit, 0.0)[:, None] * np.array([34000.0, 0.0, -3000.0])
            blend = np.clip(share * 4, 0.0, 1.0)
            centre = np.where((u < tossed)[:, None], held, (1 - blend) * held + blend * (air + beyond))
            centre[:, 2] = np.maximum(centre[:, 2], 40.0)
            out.append(Prop("ball", {"centre": centre}, numbers={"radius": 34.0}))
        return out

    return Script(keys, props=props, grips="r")
