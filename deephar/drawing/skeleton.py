"""The one rasteriser for overlays: skeletons, boxes and labels on uint8 images, antialiased, sides told apart.

A figure is drawn on a patch of the image enlarged SUPERSAMPLE times by repetition and shrunk again by averaging:
edges come out smooth, and every pixel that nothing was drawn on comes back exactly as it was.

Colours are from Okabe and Ito's palette (2008), which stays distinct under all common kinds of colour blindness.
"""

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from deephar.utils.images import rgb_array
from deephar.utils.pose import VALID_ABOVE, PoseLayout

SIDE_COLORS = {
    "left": (230, 159, 0),  # orange
    "right": (86, 180, 233),  # sky blue
    "centre": (240, 240, 240),
}
OUTLINE_COLOR = (20, 20, 20)
SUPERSAMPLE = 3


def joint_side(name: str) -> str:
    """Side of a joint from its name: 'left', 'right' or 'centre' (`l_elb`, `left_elbow`, `r-ankle`, `LHip`...)."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    for side in ("left", "right"):
        if plain.startswith((side, side[0] + "_")):
            return side
    if len(name) > 1 and name[0] in "LR" and name[1].isupper():
        return "left" if name[0] == "L" else "right"
    return "centre"


def draw_pose(
    image: ArrayLike,
    pose_px: ArrayLike,
    layout: PoseLayout,
    confidence: ArrayLike | None = None,
    threshold: float = 0.5,
    visible: ArrayLike | None = None,
    width: float | None = None,
) -> np.ndarray:
    """Draw a skeleton on a copy of an image.

    Args:
        image: uint8 array (H, W, 3), RGB.
        pose_px: (J, 2) or (J, 3); x and y in pixels of `image`, (0, 0) its corner; further columns are not used.
            Joints that are not finite or are marked absent (-1e9) are left out with their links.
        layout: a joint layout with `num_joints`, `joint_names` and `links` (pairs of joint indices).
        confidence: None or (J,) or (J, 1), in [0, 1]; joints below `threshold` are left out with their links.
        threshold: smallest confidence drawn.
        visible: None or (J,) truth values; a joint that is not visible is drawn hollow, its links thinner.
        width: line width in pixels; None picks one from the size of the skeleton.

    Returns:
        New uint8 array (H, W, 3).

    Raises:
        TypeError, ValueError: `image` is not what `deephar.utils.images.rgb_array` takes, or the number of joints
            differs from the layout's.
    """
    image = rgb_array(image)
    points = _check_pose(pose_px, layout)  # (J, 2)
    drawn = drawable(points, image.shape)  # (J,)
    if confidence is not None:
        drawn &= _per_joint(confidence, layout, "confidence") >= threshold
    visible = np.ones(len(points), bool) if visible is None else _per_joint(visible, layout, "visible") > 0.5
    if not drawn.any():
        return image.copy()
    width = _line_width(points[drawn]) if width is None else max(1.0, float(width))
    low, high = points[drawn].min(axis=0) - 3 * width, points[drawn].max(axis=0) + 3 * width

    def paint(pen):
        _paint_links(pen, points, drawn, visible, layout, width)
        _paint_joints(pen, points, drawn, visible, layout, width)

    return _supersampled(image, (*low, *high), paint)


def drawable(points_px: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return which points (J, 2) can be drawn on an image of a shape: (J,) those that are there and not far outside."""
    there = np.isfinite(points_px).all(axis=1) & (points_px > VALID_ABOVE).all(axis=1)
    return there & (np.abs(np.where(np.isfinite(points_px), points_px, 0)) < 8 * max(shape)).all(axis=1)


def draw_box(
    image: ArrayLike, box: ArrayLike, color: tuple[int, int, int] = (0, 158, 115), width: int = 2
) -> np.ndarray:
    """Draw the outline of `box` (x1, y1, x2, y2 in pixels) on a copy of a uint8 image (H, W, 3)."""
    image = rgb_array(image)
    x1, y1, x2, y2 = (float(v) for v in np.asarray(box, float).reshape(4))
    corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]

    def paint(pen):
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            pen.line(start, end, width + 2, OUTLINE_COLOR)
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            pen.line(start, end, width, color)

    result, margin = image.copy(), width + 3
    for area in _frame_of(x1 - margin, y1 - margin, x2 + margin, y2 + margin, 2 * margin):
        paint_patch(result, area, paint)
    return result


def _frame_of(x1, y1, x2, y2, thick):
    """Four areas that cover the border of an area and share no pixel, or the whole one where it is small."""
    x1, y1, x2, y2 = math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)
    if min(x2 - x1, y2 - y1) <= 2 * thick + 2:
        return [(x1, y1, x2, y2)]
    top, bottom = y1 + thick, y2 - thick
    rows = [(x1, y1, x2, top), (x1, bottom, x2, y2)]
    return rows + [(left, top + 1, left + thick, bottom - 1) for left in (x1, x2 - thick)]


def draw_label(
    image: ArrayLike,
    text: str,
    xy: tuple[int, int] = (4, 4),
    size: int | None = None,
    color: tuple[int, int, int] = (255, 255, 255),
    background: tuple[int, int, int] | None = (20, 20, 20),
) -> np.ndarray:
    """Write `text` in a filled box on a copy of an image; the box is moved where it would leave the image.

    Args:
        image: uint8 array (H, W, 3).
        text: one or more lines.
        xy: left upper corner of the box, pixels.
        size: height of the letters in pixels; None picks one from the size of the image.
        color, background: RGB, 0 to 255.

    Returns:
        New uint8 array (H, W, 3).
    """
    image = rgb_array(image)
    height, width = image.shape[:2]
    size = size or max(10, round(min(height, width) / 20))
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    box, font = _fit_text(pen, text, size, width)
    pad = max(2, size // 4)
    box_w, box_h = box[2] - box[0] + 2 * pad, box[3] - box[1] + 2 * pad
    x = max(0, min(int(xy[0]), math.floor(width - box_w)))
    y = max(0, min(int(xy[1]), math.floor(height - box_h)))
    pen.rectangle((x, y, x + box_w, y + box_h), fill=tuple(background))
    pen.multiline_text((x + pad - box[0], y + pad - box[1]), text, font=font, fill=tuple(color))
    return np.array(canvas)


class _Pen:
    """Draws round-ended lines and discs given in image pixels on an enlarged patch."""

    def __init__(self, patch, origin):
        self._draw = ImageDraw.Draw(patch)
        self._origin = origin

    def _place(self, point):
        # the corner of the image is the point (0, 0), while Pillow puts the centre of its first pixel there
        return tuple((float(p) - o) * SUPERSAMPLE - 0.5 for p, o in zip(point, self._origin, strict=True))

    def disc(self, centre, radius, color):
        """Filled disc; `radius` in pixels."""
        x, y = self._place(centre)
        r = radius * SUPERSAMPLE
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=color)

    def line(self, start, end, width, color):
        """Line with round ends; `width` in pixels."""
        ends = [self._place(start), self._place(end)]
        self._draw.line(ends, fill=color, width=max(1, round(width * SUPERSAMPLE)))
        r = width * SUPERSAMPLE / 2
        for x, y in ends:
            self._draw.ellipse((x - r, y - r, x + r, y + r), fill=color)


def _supersampled(image, area, paint):
    """Call `paint(pen)` for the part of `image` inside `area` (x1, y1, x2, y2); return the painted copy."""
    result = image.copy()
    paint_patch(result, area, paint)
    return result


def paint_patch(image: np.ndarray, area: Sequence[float], paint: Callable) -> None:
    """Paint on a part of an image, in place, antialiased.

    Args:
        image: uint8 array (H, W, 3).
        area: (x1, y1, x2, y2) px, outside of which nothing is painted.
        paint: function of a pen, which has `disc(centre, radius, color)` and `line(start, end, width, color)`, all in
            px of the image.
    """
    height, width = image.shape[:2]
    x1, y1 = (max(0, math.floor(v)) for v in area[:2])
    x2, y2 = min(width, math.ceil(area[2]) + 1), min(height, math.ceil(area[3]) + 1)
    if x1 >= x2 or y1 >= y2:
        return
    patch = Image.fromarray(np.ascontiguousarray(image[y1:y2, x1:x2]))
    patch = patch.resize((patch.width * SUPERSAMPLE, patch.height * SUPERSAMPLE), Image.Resampling.NEAREST)
    paint(_Pen(patch, (x1, y1)))
    image[y1:y2, x1:x2] = np.asarray(patch.reduce(SUPERSAMPLE))


def _paint_links(pen, points, drawn, visible, layout, width):
    """Links, all outlines first so that a crossing limb does not cut another's colour."""
    links = [(a, b) for a, b in layout.links if drawn[a] and drawn[b]]
    widths = [width if visible[a] and visible[b] else width * 0.5 for a, b in links]
    for (a, b), w in zip(links, widths, strict=True):
        pen.line(points[a], points[b], w + 0.6 * width, OUTLINE_COLOR)
    for (a, b), w in zip(links, widths, strict=True):
        pen.line(points[a], points[b], w, SIDE_COLORS[_link_side(layout.joint_names[a], layout.joint_names[b])])


def _paint_joints(pen, points, drawn, visible, layout, width):
    """Joints as discs, hollow where not visible."""
    for j in np.flatnonzero(drawn):
        color = SIDE_COLORS[joint_side(layout.joint_names[j])]
        pen.disc(points[j], 1.15 * width, OUTLINE_COLOR)
        pen.disc(points[j], 0.9 * width, color)
        if not visible[j]:
            pen.disc(points[j], 0.55 * width, OUTLINE_COLOR)


def _link_side(name_a, name_b):
    """A link has the side of whichever end has one; the hip line and the like stay in the middle."""
    sides = {joint_side(name_a), joint_side(name_b)} - {"centre"}
    return sides.pop() if len(sides) == 1 else "centre"


def _line_width(points):
    """Line width for a skeleton, from its size in pixels."""
    return float(np.clip(np.ptp(points, axis=0).max() / 60, 1.2, 8))


@functools.lru_cache(maxsize=64)
def letters(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font with letters of a height in px; to open it takes a millisecond."""
    return ImageFont.load_default(size=size)


def _fit_text(pen, text, size, width):
    """Bounding box and font for `text`, with a smaller font where it would be wider than the image."""
    while True:
        font = letters(size)
        box = pen.multiline_textbbox((0, 0), text, font=font)
        if size <= 8 or box[2] - box[0] + size // 2 <= width:
            return box, font
        size -= 1


def _check_pose(pose_px, layout):
    points = np.asarray(pose_px, np.float64)
    if points.ndim != 2 or points.shape[0] != layout.num_joints or points.shape[1] < 2:
        raise ValueError(
            f"`pose_px` must have shape ({layout.num_joints}, 2) or ({layout.num_joints}, 3) for this layout. "
            f"Received: shape {points.shape}"
        )
    return points[:, :2]


def _per_joint(values, layout, name):
    values = np.asarray(values, np.float64).reshape(-1)
    if len(values) != layout.num_joints:
        raise ValueError(f"`{name}` must hold {layout.num_joints} numbers, one for each joint. Received: {len(values)}")
    return values
