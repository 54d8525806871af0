"""A bar of actions along the lower edge of a frame: a row a person, what was done from when to when, and now."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from deephar.drawing.skeleton import letters
from deephar.utils.images import rgb_array

COLORS = ((0, 114, 178), (0, 158, 115), (213, 94, 0), (204, 121, 167), (240, 228, 66), (86, 180, 233))  # Okabe and Ito
GROUND, INK, DARK_INK = (20, 20, 20), (255, 255, 255), (20, 20, 20)
SEEN_THROUGH = 0.3  # of the frame, behind the bar
MOST_ROWS = 3
ROW = 1 / 16  # height of a row over the frame's
Row = tuple[str, Sequence[tuple[float, float, str]]]  # name of a row, (start_s, end_s, what was done)


def draw_timeline(image: np.ndarray, rows: Sequence[Row], now_s: float, span_s: tuple[float, float]) -> np.ndarray:
    """Draw actions over time on a copy of a frame.

    Args:
        image: uint8 array (H, W, 3), RGB.
        rows: list of (name, list of (start_s, end_s, text)), from above to below; the first MOST_ROWS are drawn. An
            action has the same colour in all rows.
        now_s: float. Where the line of the present stands, s.
        span_s: (from, to) s: times of the left and the right edge.

    Returns:
        New uint8 array (H, W, 3); without rows a copy.
    """
    image = rgb_array(image).copy()
    colors, rows, (height, width) = _colors(rows), list(rows)[:MOST_ROWS], image.shape[:2]
    if not rows:
        return image
    high = max(10, round(ROW * height))
    top = max(0, height - high * len(rows))
    shown = np.broadcast_to(np.array(GROUND, float), image[top:].shape)
    strip = Image.fromarray(np.round((1 - SEEN_THROUGH) * shown + SEEN_THROUGH * image[top:]).astype(np.uint8))
    pen, font = ImageDraw.Draw(strip), letters(max(8, round(0.62 * high)))
    scale = width / max(span_s[1] - span_s[0], 1e-9)  # px a second
    for number, (name, parts) in enumerate(rows):
        y = number * high
        for start_s, end_s, text in parts:
            left, right = ((t - span_s[0]) * scale for t in (start_s, end_s))
            if right <= 0 or left >= width:
                continue
            _draw_part(pen, font, (max(left, 0), y + 1, min(right, width) - 1, y + high - 2), text, colors[text])
        if name:
            pen.text((3, y + high / 2), name, font=font, fill=INK, anchor="lm", stroke_width=1, stroke_fill=GROUND)
    x = (now_s - span_s[0]) * scale
    pen.line((x, 0, x, high * len(rows)), fill=INK, width=max(1, round(width / 400)))
    image[top:] = np.asarray(strip)
    return image


def _colors(rows):
    """{text: colour} of all actions, by order of first occurrence in time."""
    parts = sorted((part for _, parts in rows for part in parts), key=lambda part: part[0])
    texts = list(dict.fromkeys(text for _, _, text in parts))
    return {text: COLORS[k % len(COLORS)] for k, text in enumerate(texts)}


def _draw_part(pen, font, box, text, color):
    """One action: a filled bar, and its name where that fits."""
    if box[2] <= box[0]:
        return
    pen.rectangle(box, fill=color)
    long, middle = pen.textlength(text, font=font), (box[0] + box[2]) / 2
    if long + 6 <= box[2] - box[0]:
        ink = DARK_INK if sum(color) > 420 else INK
        pen.text((middle, (box[1] + box[3]) / 2), text, font=font, fill=ink, anchor="mm")
