"""Poses drawn as pixels, the input of PERF-Net's pose stream: limbs in fixed colours on the frame or on black.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 3.2 and table 2.

    13 colours   one a limb, of twelve (arms 2 x 2, legs 2 x 2, torso 4), and one for the head; joints likewise
     6 colours   left arm, right arm, left leg, right leg, torso, head
    bar          a line a limb, and one from the middle of the shoulders to the head
    dot          a disc a joint of the limbs, and one for the head

The paper leaves open the palette, how thick a line is, what of the head is drawn and which joints are sure enough: here
these are distinct hues, a share of the person's box, the nose (else the top of the head), and arguments.
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.drawing.skeleton import drawable, paint_patch
from deephar.utils.images import rgb_array
from deephar.utils.pose import PoseLayout, as_layout

MARKERS, COLORS, THICKNESSES, BACKGROUNDS = ("bar", "dot"), (13, 6), ("ratio", "uniform"), ("rgb", "black")
LIMBS = (  # two joints, and the coarse part that the limb belongs to
    *(("l_shoul", "l_elb", 0), ("l_elb", "l_wrist", 0), ("r_shoul", "r_elb", 1), ("r_elb", "r_wrist", 1)),
    *(("l_hip", "l_knee", 2), ("l_knee", "l_ankle", 2), ("r_hip", "r_knee", 3), ("r_knee", "r_ankle", 3)),
    *(("l_shoul", "l_hip", 4), ("r_shoul", "r_hip", 4), ("l_shoul", "r_shoul", 4), ("l_hip", "r_hip", 4)),
)
DOTS = (  # joints and the coarse part that they belong to
    *(("l_shoul", 4), ("l_elb", 0), ("l_wrist", 0), ("r_shoul", 4), ("r_elb", 1), ("r_wrist", 1)),
    *(("l_hip", 4), ("l_knee", 2), ("l_ankle", 2), ("r_hip", 4), ("r_knee", 3), ("r_ankle", 3)),
)
HEAD = 5  # the coarse part of the head
HEAD_JOINTS = ("nose", "head")  # the first one that a layout has
UNIFORM_PX, UNIFORM_SIDE_PX = 4.0, 256  # a line's width in an image of this short side
RATIO = 0.02  # a line's width over the larger side of the person's box
DOT_RADIUS = 1.0  # radius of a disc over the width of a line


def palette(number: int) -> list[tuple[int, int, int]]:
    """Return RGB colours, 0 to 255, of evenly spaced hues, in turn bright and deep."""
    hues = [colorsys.hsv_to_rgb(k / number, 1.0, (1.0, 0.7)[k % 2]) for k in range(number)]
    return [tuple(round(255 * value) for value in hue) for hue in hues]


def render_poses(
    frames: ArrayLike,
    poses: Sequence[ArrayLike],
    layout: PoseLayout | str = "coco17j",
    marker: str = "bar",
    colors: int = 13,
    thickness: str = "ratio",
    background: str = "rgb",
    threshold: float = 0.5,
    boxes: Sequence[ArrayLike] | None = None,
    width: float | None = None,
) -> np.ndarray:
    """Draw the people of a video.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
        poses: T arrays (P, J, 2) or (P, J, 3) px of the frame, of as many people as there are, the third column the
            confidence; absent joints are -1e9 or NaN.
        layout: `PoseLayout` of the joints, or its name. The joints of limbs are found by name.
        marker: "bar" or "dot".
        colors: 13 or 6.
        thickness: "ratio", in proportion to the person's box, or "uniform", in proportion to the short side of the
            frame.
        background: "rgb", on the frame, or "black". A frame without people stays as it is, or is black.
        threshold: smallest confidence drawn; a bar needs both ends.
        boxes: T arrays (P, 4), the people's boxes x1 y1 x2 y2 px, for "ratio"; None: those of the joints drawn.
        width: of a line, in px for "uniform" and as a share of the box for "ratio"; None: 4 px at a short side of 256,
            or 0.02.

    Returns:
        uint8 (T, H, W, 3), new.

    Raises:
        ValueError: an argument out of range, or poses that do not fit the frames or the layout.

    Example:
        >>> import numpy as np
        >>> from deephar.drawing.pose_frames import render_poses
        >>> frames = np.zeros((1, 64, 64, 3), np.uint8)
        >>> pose = np.random.default_rng(0).uniform(8, 56, (1, 17, 2))
        >>> int((render_poses(frames, [pose]) > 0).any(axis=-1).sum()) > 50
        True
    """
    frames = np.asarray(frames)
    allowed = {"marker": MARKERS, "colors": COLORS, "thickness": THICKNESSES, "background": BACKGROUNDS}
    for name, value in (("marker", marker), ("colors", colors), ("thickness", thickness), ("background", background)):
        if value not in allowed[name]:
            raise ValueError(f"`{name}` must be one of {', '.join(map(str, allowed[name]))}. Received: {value!r}")
    if frames.ndim != 4 or len(poses) != len(frames) or (boxes is not None and len(boxes) != len(frames)):
        raise ValueError(
            "`frames` must be (T, H, W, 3), `poses` and `boxes` lists of T. "
            f"Received: {frames.shape}, {len(poses)} and {None if boxes is None else len(boxes)}"
        )
    painter = _Painter(as_layout(layout), marker, colors, thickness, threshold, width)
    out = np.stack([rgb_array(frame) for frame in frames]) if background == "rgb" else np.zeros_like(frames)
    for number, people in enumerate(poses):
        people = painter.check(people, number)
        sides = [None] * len(people) if boxes is None else np.asarray(boxes[number], float).reshape(-1, 4)
        if len(sides) != len(people):
            raise ValueError(f"`boxes` must be one a person. Received: {len(sides)} for {len(people)} in {number}")
        for pose, box in zip(people, sides, strict=True):
            painter.draw(out[number], pose, box)
    return out


class _Painter:
    """Draws one person after the other in place."""

    def __init__(self, layout, marker, colors, thickness, threshold, width):
        self.layout, self.marker, self.thickness = layout, marker, thickness
        self.threshold, self.width = threshold, width
        self.places = {name: k for k, name in enumerate(layout.joint_names)}
        head = [self.places[name] for name in HEAD_JOINTS if name in self.places]
        shapes = LIMBS if marker == "bar" else DOTS
        missing = {name for shape in shapes for name in shape[:-1]} - set(self.places)
        if missing or not head:
            raise ValueError(f"`layout` must have arms, legs and a head. Received: {layout.name}, without {missing}")
        self.head = head[0]
        hues = palette(colors)
        parts = [shape[-1] for shape in shapes] + [HEAD]
        self.colors = hues if colors == len(parts) else [hues[part] for part in parts]
        self.shapes = [[self.places[name] for name in shape[:-1]] for shape in shapes]

    def check(self, people, number):
        people = np.asarray(people, float)
        if people.size == 0:
            return []
        if people.ndim != 3 or people.shape[1] != self.layout.num_joints or people.shape[2] not in (2, 3):
            allowed = f"arrays (P, {self.layout.num_joints}, 2) or (P, {self.layout.num_joints}, 3)"
            raise ValueError(f"`poses` must be {allowed}. Received: {people.shape} for frame {number}")
        return people

    def line_px(self, frame, points, box):
        if self.thickness == "uniform":
            px = UNIFORM_PX * min(frame.shape[:2]) / UNIFORM_SIDE_PX if self.width is None else self.width
            return max(1, round(px))
        sides = np.ptp(points, axis=0) if box is None else np.abs(np.asarray(box[2:]) - box[:2])
        return max(1, round((RATIO if self.width is None else self.width) * float(max(sides))))

    def draw(self, frame, pose, box):
        points = pose[:, :2]
        drawn = drawable(points, frame.shape)  # (J,)
        if pose.shape[1] == 3:
            drawn &= pose[:, 2] >= self.threshold
        if not drawn.any():
            return
        px = self.line_px(frame, points[drawn], box)
        shapes = [(ends, color) for ends, color in zip(self.shapes, self.colors[:-1], strict=True) if drawn[ends].all()]
        shoulders = [self.places["l_shoul"], self.places["r_shoul"]]

        def paint(pen):
            if drawn[self.head] and self.marker == "dot":
                pen.disc(points[self.head], DOT_RADIUS * px, self.colors[-1])
            if drawn[self.head] and self.marker == "bar" and drawn[shoulders].all():
                pen.line(points[shoulders].mean(axis=0), points[self.head], px, self.colors[-1])
            for ends, color in shapes:
                if self.marker == "dot":
                    pen.disc(points[ends[0]], DOT_RADIUS * px, color)
                else:
                    pen.line(points[ends[0]], points[ends[1]], px, color)

        paint_patch(frame, (*points[drawn].min(axis=0) - 2 * px, *points[drawn].max(axis=0) + 2 * px), paint)
