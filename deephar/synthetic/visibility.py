"""Which points of the body can be seen: flags from the depth buffer and the part in front.

A joint lies inside the flesh: it counts as visible where nothing is nearer than the skin over it. Where the pixel shows
the joint's own limb a bent surface may be a little nearer; where it shows something else it may not.
"""

import numpy as np

from deephar.synthetic.body import POINT_NAMES
from deephar.synthetic.dress import PART

OWN_SLACK_MM = 60.0
OTHER_SLACK_MM = 15.0

# point without its side: (parts it belongs to, radius that covers it)
_COVER = {
    "pelvis": ("pelvis spine r_thigh l_thigh", "hips_x"),
    "spine": ("spine pelvis chest", "waist_x"),
    "thorax": ("chest neck head", "chest_x"),
    "neck": ("neck head chest", "neck"),
    "head_centre": ("head", "head_x"),
    "head_top": ("head", "neck"),
    "nose": ("head", "finger"),
    "chin": ("head neck", "finger"),
    "eye": ("head", "finger"),
    "ear": ("head", "finger"),
    "shoulder": ("?_upper_arm chest", "upper_arm"),
    "elbow": ("?_upper_arm ?_forearm", "elbow"),
    "wrist": ("?_forearm ?_hand", "wrist"),
    "hand": ("?_hand ?_forearm", "wrist"),
    "handtip": ("?_hand", "finger"),
    "thumb": ("?_hand", "finger"),
    "hip": ("pelvis ?_thigh", "thigh"),
    "knee": ("?_thigh ?_shin", "knee"),
    "ankle": ("?_shin ?_foot", "ankle"),
    "heel": ("?_foot", "sole"),
    "foot": ("?_foot", "sole"),
    "toe": ("?_foot", "sole"),
}


def _tables():
    """Own parts of every point (K, number of parts + 1) and the names of the covering radii."""
    own = np.zeros((len(POINT_NAMES), len(PART) + 1), bool)
    radii = []
    for index, name in enumerate(POINT_NAMES):
        side, plain = (name[0], name[2:]) if name[:2] in ("r_", "l_") else ("", name)
        parts, radius = _COVER[plain]
        own[index, [PART[part.replace("?", side)] for part in parts.split()]] = True
        radii.append(radius)
    return own, radii


_OWN, _RADII = _tables()


def visible_points(px, depth, rendered, body):
    """Visibility of one frame's points.

    Args:
        px: (K, 2) pixels of the rendered image.
        depth: (K,) mm along the optical axis.
        rendered: `render.Rendered`, for depth and part in the pixels of the points.
        body: the `Body`, for the thickness of the flesh.

    Returns:
        (K,) bool: inside the frame, and nothing in front.
    """
    height, width = rendered.frame.shape[:2]
    inside = np.isfinite(px).all(1) & (px >= 0).all(1) & (px[:, 0] < width) & (px[:, 1] < height) & (depth > 0)
    cell = np.where(inside[:, None], px, 0).astype(int)
    nearest, part = rendered.at(cell[:, 0], cell[:, 1])
    part = np.where((part < 0) | (part >= len(PART)), len(PART), part)
    own = _OWN[np.arange(len(px)), part]
    cover = np.array([body.radii[name] for name in _RADII])
    slack = np.where(own, 1.25 * cover + OWN_SLACK_MM, cover + OTHER_SLACK_MM)
    return inside & (nearest > depth - slack)
