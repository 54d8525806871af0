"""The small things of everyday life: cup, comb, phone, book and jacket, for the makers of `props`.

cup `bottom`, `top`; comb `grip`, `tip`; phone `bottom`, `top`; book `centre`, directions `face`, `across`;
jacket `top`, `bottom`, and `r1 r2 r3`, `l1 l2 l3` along its sleeves, direction `front`
"""

import numpy as np


def _unit(v):
    return v / max(np.linalg.norm(v), 1e-9)


def _make_cup(make, points, directions, numbers):
    make.rod(points["bottom"], points["top"], 32.0, 42.0, "cover")


def _make_comb(make, points, directions, numbers):
    grip, tip = points["grip"], points["tip"]
    middle = grip + 0.45 * (tip - grip)
    make.rod(grip, middle, 13.0, 13.0, "wood")
    make.rod(middle, tip, 26.0, 26.0, "plate", _unit(np.cross(tip - grip, (0.3, 0.5, 0.8))), 0.5)


def _make_phone(make, points, directions, numbers):
    make.rod(points["bottom"], points["top"], 30.0, 30.0, "plate")


def _make_book(make, points, directions, numbers):
    """Two boards that lean towards each other, with a light page on either."""
    face, across = _unit(directions["face"]), directions["across"]
    across = _unit(across - (across @ face) * face)
    for sign in (-1.0, 1.0):
        leaf = _unit(across * sign + 0.35 * face)
        normal = _unit(face - (face @ leaf) * leaf)
        axes = np.stack([leaf, np.cross(normal, leaf), normal], axis=1)
        middle = points["centre"] + 78.0 * leaf
        make.box(middle, axes, (78.0, 112.0, 7.0), "cover")
        make.box(middle + 8.0 * normal, axes, (70.0, 104.0, 5.0), "net")


def _make_jacket(make, points, directions, numbers):
    """A back that is flat from front to back, and two sleeves."""
    front, top, bottom = directions["front"], points["top"], points["bottom"]
    make.rod(top, bottom, 120.0, 165.0, "cover", front, 0.35)
    for side in "rl":
        upper, elbow, cuff = (points[f"{side}{index}"] for index in (1, 2, 3))
        make.rod(upper, elbow, 78.0, 66.0, "cover")
        make.rod(elbow, cuff, 62.0, 54.0, "cover")


SMALL_MAKERS = {
    "book": _make_book,
    "comb": _make_comb,
    "cup": _make_cup,
    "jacket": _make_jacket,
    "phone": _make_phone,
}
