"""The texture of a head: skin, eyes, brows, mouth, beard, glasses and hairline, wrapped once around an ellipsoid.

Columns go once around, the middle column is the front and the person's left is to the right; rows go from the top of
the head to the chin, linear in height.
"""

import numpy as np
from PIL import Image, ImageDraw

from deephar.synthetic.palette import pick
from deephar.synthetic.textures import CLOTH

_FINE = 2  # drawn this many times finer, then averaged


def _bytes(colour):
    return tuple(int(255 * min(max(float(v), 0.0), 1.0)) for v in colour)


def _spot(draw, x, y, half_width, half_height, colour):
    """An ellipse; x in turns from the front (-0.5..0.5), y in rows from the top (0..1)."""
    side = CLOTH * _FINE
    cx, cy, w, h = (x + 0.5) * side, y * side, half_width * side, half_height * side
    draw.ellipse((cx - w, cy - h, cx + w, cy + h), fill=_bytes(colour))


def _eyes(draw, rng, skin, hair, iris, glasses):
    """Eyes and brows, and glasses if there are any."""
    apart, row, size = rng.uniform(0.066, 0.078), rng.uniform(0.45, 0.49), rng.uniform(0.9, 1.15)
    brow = 0.7 * np.asarray(hair) + 0.3 * np.asarray(skin) * 0.6
    for x in (-apart, apart):
        _spot(draw, x, row, 0.040 * size, 0.036, np.asarray(skin) * 0.82)
        if glasses is not None:
            _spot(draw, x, row, 0.056, 0.062, glasses)
            _spot(draw, x, row, 0.045, 0.050, np.asarray(skin) * 0.9 + 0.05)
        _spot(draw, x, row, 0.032 * size, 0.021 * size, (0.94, 0.93, 0.91))
        _spot(draw, x, row, 0.014 * size, 0.021 * size, iris)
        _spot(draw, x, row - rng.uniform(0.058, 0.066), 0.042, 0.011, brow)
    if glasses is not None:
        side = CLOTH * _FINE
        draw.line(((0.25 * side, row * side), (0.75 * side, row * side)), fill=_bytes(glasses), width=_FINE)


def _hairline(rng, style):
    """Row of the lower edge of the hair in every column, in [0, 1]: (S,)."""
    turn = np.abs(np.linspace(-0.5, 0.5, CLOTH * _FINE))  # 0 front, 0.5 back
    front = rng.uniform(0.10, 0.20) + (0.10 if style == "receding" else 0.0)
    side, back = rng.uniform(0.42, 0.58), rng.uniform(0.72, 0.9)
    line = np.interp(
        turn, [0, 0.10, 0.155, 0.19, 0.25, 0.32, 0.5], [front, front * 1.1, front + 0.14, side, side, back - 0.05, back]
    )
    return line + 0.012 * np.sin(turn * rng.uniform(60, 200))


def head_texture(rng, skin, hair, style, beard=False, glasses=None):
    """Draw a head.

    Args:
        rng: numpy Generator.
        skin, hair: colours, RGB in [0, 1].
        style: 'bald' or any hair style of `looks`.
        beard: whether there is one.
        glasses: colour of their frame, or None.

    Returns:
        (S, S, 3) uint8.
    """
    side = CLOTH * _FINE
    skin, hair = np.asarray(skin, float), np.asarray(hair, float)
    image = Image.new("RGB", (side, side), _bytes(skin))
    draw = ImageDraw.Draw(image)
    if beard:
        _spot(draw, 0.0, 0.80, 0.17, 0.16, 0.55 * hair + 0.45 * skin)
        _spot(draw, 0.0, 0.66, 0.12, 0.06, skin)
    _spot(draw, 0.0, 0.59, 0.035, 0.012, skin * 0.7)
    blush = skin * np.array([1.02, 0.86, 0.84])
    for x in (-0.11, 0.11):
        _spot(draw, x, 0.62, 0.05, 0.05, blush)
    _eyes(draw, rng, skin, hair, pick(rng, ((0.2, 0.12, 0.08), (0.1, 0.25, 0.35), (0.12, 0.22, 0.1))), glasses)
    lips = skin * np.array([0.86, 0.55, 0.55]) + (0.04, 0, 0)
    _spot(draw, 0.0, rng.uniform(0.715, 0.745), rng.uniform(0.05, 0.068), rng.uniform(0.018, 0.028), lips)
    _spot(draw, 0.0, 0.728, 0.05, 0.005, skin * 0.35)
    if style != "bald":
        line = _hairline(rng, style) * side
        outline = [(x, y) for x, y in enumerate(line)]
        draw.polygon([(0, 0), *outline, (side, 0)], fill=_bytes(hair))
    return np.asarray(image.resize((CLOTH, CLOTH), Image.Resampling.BOX))
