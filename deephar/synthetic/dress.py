"""From a posed body and an appearance to solids: flesh, clothes, hair, face and shoes as capsules and ellipsoids.

Which solid belongs to which body part (`PART`) is what the occlusion flags are made of.
"""

import numpy as np

from deephar.synthetic.body import F, P
from deephar.synthetic.scene import SolidsBuilder

PART_NAMES = (
    "pelvis spine chest neck head r_upper_arm l_upper_arm r_forearm l_forearm r_hand l_hand "
    "r_thigh l_thigh r_shin l_shin r_foot l_foot"
).split()
PART = {name: index for index, name in enumerate(PART_NAMES)}


class _Figure:
    """Short names for the points, frames and radii of one pose, and the solids made so far."""

    def __init__(self, skeleton, appearance, part_offset):
        self.points, self.frames, self.radii = skeleton.points, skeleton.frames, skeleton.body.radii
        self.appearance, self.solids = appearance, SolidsBuilder(part_offset)
        names = ("skin", "head", "hair", "top", "front", "bottom", "shoes", "soles", "accent")
        self.material = {name: self.solids.material(getattr(appearance, name)) for name in names}

    def point(self, name):
        return self.points[P[name]]

    def limb(self, a, b, ra, rb, material, part, front=(1.0, 0.0, 0.0), flat=1.0):
        self.solids.capsule(a, b, ra, rb, self.material[material], PART[part], front, flat)

    def blob(self, centre, frame, half, material, part):
        self.solids.ellipsoid(centre, frame * np.asarray(half, float), self.material[material], PART[part])


def _mix(a, b, share):
    return a + share * (b - a)


def _trunk(figure):
    """Hips, belly, chest with the print, shoulders and neck."""
    r, appearance = figure.radii, figure.appearance
    pelvis, spine, thorax, neck = (figure.point(n) for n in ("pelvis", "spine", "thorax", "neck"))
    hips_frame, chest_frame = figure.frames[F["pelvis"]], figure.frames[F["chest"]]
    up, ahead = chest_frame[:, 2], chest_frame[:, 0]
    torso = float(np.linalg.norm(thorax - spine))
    loose = 1.0 if appearance.bare_top else 0.5 + 0.5 * appearance.loose
    figure.blob(_mix(pelvis, spine, 0.05), hips_frame, (r["hips_x"], r["hips_y"], 0.56 * torso), "bottom", "pelvis")
    belly, chest = _mix(pelvis, spine, 0.72), _mix(spine, thorax, 0.50)
    figure.blob(belly, hips_frame, (r["waist_x"] * loose, r["waist_y"] * loose, 0.62 * torso), "top", "spine")
    wide, deep = 0.93 * r["chest_y"] * loose, r["chest_x"] / r["chest_y"]
    figure.limb(_mix(spine, thorax, 0.42), belly, wide, 0.97 * r["waist_y"] * loose, "top", "spine", ahead, deep)
    figure.blob(chest, chest_frame, (r["chest_x"] * loose, r["chest_y"] * loose, 0.72 * torso), "front", "chest")
    for side, sign in (("r", -1.0), ("l", 1.0)):
        shoulder = figure.point(f"{side}_shoulder")
        inner, slope = thorax - 0.12 * torso * up, _mix(thorax, neck, 0.28)
        figure.limb(inner, shoulder, 0.31 * torso, 1.10 * r["upper_arm"], "top", "chest", ahead, 0.85)
        figure.limb(
            slope, _mix(slope, shoulder, 0.8), 0.9 * r["neck"], 0.9 * r["upper_arm"], "top", "chest", ahead, 0.8
        )
        if appearance.bust:
            size = (0.40 + 0.12 * appearance.bust) * r["chest_x"]
            place = chest + 0.02 * torso * up + (0.98 * r["chest_x"] * loose - 0.72 * size) * ahead
            place = place + sign * 0.40 * r["chest_y"] * chest_frame[:, 1]
            figure.blob(place, chest_frame, (size, size, 1.1 * size), "top", "chest")
    figure.limb(thorax - 0.05 * torso * up, neck, 1.02 * r["neck"], r["neck"], "skin", "neck")


def _hair(figure):
    """Hair as volume over the painted hairline, or a cap."""
    r, style, head = figure.radii, figure.appearance.hair_style, figure.frames[F["head"]]
    centre, (ahead, _, up) = figure.point("head_centre"), head.T
    hx, hy, hz = r["head_x"], r["head_y"], r["head_z"]
    back = centre - 0.20 * hx * ahead + 0.16 * hz * up
    if style in ("short", "receding", "long", "ponytail", "bun"):
        figure.blob(back, head, (0.96 * hx, 1.06 * hy, 0.94 * hz), "hair", "head")
    if style == "afro":
        figure.blob(centre - 0.50 * hx * ahead + 0.40 * hz * up, head, (1.15 * hx, 1.5 * hy, 1.05 * hz), "hair", "head")
    if style == "long":
        top, low = centre - 0.45 * hx * ahead, centre - 0.62 * hx * ahead - 1.5 * hz * up
        figure.limb(top, low, 0.95 * hy, 0.75 * hy, "hair", "head", ahead, 0.6)
    if style == "ponytail":
        root = centre - 1.05 * hx * ahead + 0.35 * hz * up
        figure.limb(root, root - 0.55 * hx * ahead - 1.3 * hz * up, 0.36 * hy, 0.14 * hy, "hair", "head")
    if style == "bun":
        figure.blob(centre - 0.75 * hx * ahead + 0.85 * hz * up, head, np.full(3, 0.5 * hy), "hair", "head")
    if style == "cap":
        figure.blob(
            centre - 0.07 * hx * ahead + 0.42 * hz * up, head, (1.07 * hx, 1.10 * hy, 0.72 * hz), "accent", "head"
        )
        figure.blob(
            centre + 0.95 * hx * ahead + 0.42 * hz * up, head, (0.75 * hx, 0.85 * hy, 0.08 * hz), "accent", "head"
        )


def _head(figure):
    """Head with its painted face, nose, ears and chin."""
    r, head = figure.radii, figure.frames[F["head"]]
    centre, (ahead, _, up) = figure.point("head_centre"), head.T
    hx, hy, hz = r["head_x"], r["head_y"], r["head_z"]
    figure.blob(centre, head, (hx, hy, hz), "head", "head")
    jaw = _mix(centre, figure.point("chin"), 0.70) - 0.24 * hx * ahead - 0.10 * hz * up
    figure.blob(jaw, head, (0.50 * hx, 0.60 * hy, 0.25 * hz), "skin", "head")
    nose = figure.point("nose")
    bridge = nose - 0.10 * hx * ahead
    figure.limb(bridge + 0.22 * hz * up - 0.06 * hx * ahead, bridge, 0.10 * hy, 0.19 * hy, "skin", "head")
    for side in ("r", "l"):
        figure.blob(figure.point(f"{side}_ear"), head, (0.22 * hx, 0.13 * hy, 0.26 * hz), "skin", "head")
    _hair(figure)


def _hand(figure, side, shirt):
    """Palm, fingers and thumb; a glove or a watch on one side."""
    r, appearance = figure.radii, figure.appearance
    wrist, palm, tip, thumb = (figure.point(f"{side}_{n}") for n in ("wrist", "hand", "handtip", "thumb"))
    frame, part = figure.frames[F[f"{side}_hand"]], f"{side}_hand"
    flesh, grow = ("accent", 1.3) if appearance.glove == side else ("skin", 1.0)
    normal = frame[:, 1]
    size = grow * r["hand"]
    figure.limb(_mix(wrist, palm, 0.35), _mix(wrist, palm, 1.15), 0.85 * size, size, flesh, part, normal, 0.42)
    figure.limb(palm, _mix(tip, palm, 0.12), 0.85 * size, 0.55 * size, flesh, part, normal, 0.36)
    figure.limb(_mix(wrist, palm, 0.45), _mix(thumb, palm, 0.08), 0.42 * size, 0.30 * size, flesh, part)
    if appearance.watch == side and shirt < 1.0:
        elbow, band = figure.point(f"{side}_elbow"), 1.18 * r["wrist"]
        figure.limb(_mix(wrist, elbow, 0.09), _mix(wrist, elbow, 0.18), band, band, "accent", f"{side}_forearm")


def _arm(figure, side):
    """Upper arm, forearm, sleeve and hand."""
    r, appearance = figure.radii, figure.appearance
    shoulder, elbow, wrist = (figure.point(f"{side}_{n}") for n in ("shoulder", "elbow", "wrist"))
    upper, fore = f"{side}_upper_arm", f"{side}_forearm"
    bulge = _mix(elbow, wrist, 0.22)
    if appearance.sleeve >= 1.0:
        wide = appearance.loose
        figure.limb(shoulder, elbow, 1.04 * wide * r["upper_arm"], wide * 1.05 * r["elbow"], "top", upper)
        figure.limb(elbow, _mix(elbow, wrist, 0.97), wide * 1.05 * r["elbow"], 1.25 * wide * r["wrist"], "top", fore)
        figure.limb(_mix(elbow, wrist, 0.9), wrist, r["wrist"], r["wrist"], "skin", fore)
    else:
        figure.limb(shoulder, elbow, r["upper_arm"], r["elbow"], "skin", upper)
        figure.limb(elbow, wrist, 0.92 * r["elbow"], r["wrist"], "skin", fore)
        figure.limb(bulge, _mix(elbow, wrist, 0.75), 1.04 * r["elbow"], 1.02 * r["wrist"], "skin", fore)
        if appearance.sleeve > 0:
            end = _mix(shoulder, elbow, appearance.sleeve)
            cuff = (0.3 + 0.7 * appearance.loose) * (1.08 * r["upper_arm"])
            figure.limb(shoulder, end, 1.10 * r["upper_arm"], cuff, "top", upper)
    _hand(figure, side, appearance.sleeve)


def _foot(figure, side):
    """Shoe with a sole, or a bare foot; its length shows where the toes are."""
    r, appearance, frame = figure.radii, figure.appearance, figure.frames[F[f"{side}_foot"]]
    heel, ball, toe, ankle = (figure.point(f"{side}_{n}") for n in ("heel", "foot", "toe", "ankle"))
    part, (ahead, _, up) = f"{side}_foot", frame.T
    cover, wide, sole = ("skin", 1.0, r["sole"]) if appearance.barefoot else ("shoes", 1.12, 1.1 * r["sole"])
    width = wide * r["foot"]
    back = heel + 0.55 * width * ahead
    figure.limb(back, ball, 0.78 * width, width, cover, part, up, 1.15 * sole / width)
    figure.limb(ball, toe - 0.62 * width * ahead, width, 0.72 * width, cover, part, up, sole / width)
    figure.limb(
        ankle, _mix(heel, ball, 0.42) + 0.3 * sole * up, 1.02 * r["ankle"] * wide, 0.9 * r["ankle"], cover, part
    )
    if not appearance.barefoot:
        low = -0.72 * sole * up
        figure.limb(
            back + low,
            toe - 0.6 * width * ahead + low,
            0.84 * width,
            0.86 * width,
            "soles",
            part,
            up,
            0.32 * sole / width,
        )


def _leg(figure, side):
    """Thigh, shin with its calf, trouser leg, sock and foot."""
    r, appearance = figure.radii, figure.appearance
    hip, knee, ankle = (figure.point(f"{side}_{n}") for n in ("hip", "knee", "ankle"))
    thigh, shin = f"{side}_thigh", f"{side}_shin"
    along = (ankle - knee) / max(np.linalg.norm(ankle - knee), 1e-6)
    ahead = figure.frames[F[f"{side}_foot"]][:, 0]
    behind = -(ahead - (ahead @ along) * along)
    calf = _mix(knee, ankle, 0.27) + 0.16 * r["calf"] * behind
    if appearance.trousers >= 1.0:
        wide = appearance.loose
        figure.limb(hip, knee, 1.02 * r["thigh"], wide * r["knee"], "bottom", thigh)
        figure.limb(knee, _mix(knee, ankle, 0.95), wide * r["knee"], (wide**2) * 1.15 * r["ankle"], "bottom", shin)
        figure.limb(calf, _mix(knee, ankle, 0.7), wide * 0.98 * r["calf"], wide * r["ankle"], "bottom", shin)
    else:
        figure.limb(hip, knee, r["thigh"], r["knee"], "skin", thigh)
        figure.limb(knee, ankle, 0.95 * r["knee"], r["ankle"], "skin", shin)
        figure.limb(calf, _mix(knee, ankle, 0.75), r["calf"], 1.05 * r["ankle"], "skin", shin)
        end = _mix(hip, knee, appearance.trousers)
        hem = appearance.loose * (_mix(1.04 * r["thigh"], 1.08 * r["knee"], appearance.trousers))
        figure.limb(hip, end, 1.06 * r["thigh"], hem, "bottom", thigh)
        if appearance.socks and not appearance.barefoot:
            top = _mix(ankle, knee, appearance.socks)
            wide = 1.1 * _mix(r["ankle"], r["calf"], appearance.socks)
            figure.limb(ankle, top, 1.08 * r["ankle"], wide, "soles", shin)
    _foot(figure, side)


def dress(skeleton, appearance, part_offset=0):
    """Make the solids of a person.

    Args:
        skeleton: has `points` (36, 3) mm, `frames` (7, 3, 3) and `body` (see `deephar.synthetic.body`).
        appearance: `appearance.PersonAppearance`.
        part_offset: added to the numbers of `PART`, for a second person.

    Returns:
        `scene.Solids`.
    """
    figure = _Figure(skeleton, appearance, part_offset)
    _trunk(figure)
    _head(figure)
    for side in ("r", "l"):
        _arm(figure, side)
        _leg(figure, side)
    return figure.solids.build()
