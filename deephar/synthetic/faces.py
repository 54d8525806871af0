"""The texture of a head: skin, eyes, brows, mouth, beard, glasses and hairline, wrapped once around an ellipsoid.

Columns go once around, the middle column is the front and the person's left is to the right; rows go from the top of
the head to the chin, linear in height. Some faces are drawn once with numbers for colours; a person gets one of them in
his own colours.
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from deephar.synthetic.palette import pick
from deephar.synthetic.textures import CLOTH

FACES = 32  # of each kind: with beard, with glasses, with so much hair

_SIDE = 2 * CLOTH  # drawn this much finer, then averaged
_COLOURS = "skin beard mouth blush lid glasses lens white iris brow lips gap hair".split()
_NUMBER = {name: number for number, name in enumerate(_COLOURS)}
_IRISES = ((0.2, 0.12, 0.08), (0.1, 0.25, 0.35), (0.12, 0.22, 0.1))


def _spot(draw, x, y, half_width, half_height, colour):
    """An ellipse; x in turns from the front (-0.5..0.5), y in rows from the top (0..1)."""
    cx, cy, w, h = (x + 0.5) * _SIDE, y * _SIDE, half_width * _SIDE, half_height * _SIDE
    draw.ellipse((cx - w, cy - h, cx + w, cy + h), fill=_NUMBER[colour])


def _eyes(draw, rng, glasses):
    """Eyes and brows, and glasses if there are any."""
    apart, row, size = rng.uniform(0.066, 0.078), rng.uniform(0.45, 0.49), rng.uniform(0.9, 1.15)
    for x in (-apart, apart):
        _spot(draw, x, row, 0.040 * size, 0.036, "lid")
        if glasses:
            _spot(draw, x, row, 0.056, 0.062, "glasses")
            _spot(draw, x, row, 0.045, 0.050, "lens")
        _spot(draw, x, row, 0.032 * size, 0.021 * size, "white")
        _spot(draw, x, row, 0.014 * size, 0.021 * size, "iris")
        _spot(draw, x, row - rng.uniform(0.058, 0.066), 0.042, 0.011, "brow")
    if glasses:
        draw.line(((0.25 * _SIDE, row * _SIDE), (0.75 * _SIDE, row * _SIDE)), fill=_NUMBER["glasses"], width=2)


def _hairline(rng, receding):
    """Row of the lower edge of the hair in every column, in [0, 1]: (S,)."""
    turn = np.abs(np.linspace(-0.5, 0.5, _SIDE))  # 0 front, 0.5 back
    front = rng.uniform(0.10, 0.20) + (0.10 if receding else 0.0)
    side, back = rng.uniform(0.42, 0.58), rng.uniform(0.72, 0.9)
    line = np.interp(
        turn, [0, 0.10, 0.155, 0.19, 0.25, 0.32, 0.5], [front, front * 1.1, front + 0.14, side, side, back - 0.05, back]
    )
    return line + 0.012 * np.sin(turn * rng.uniform(60, 200))


@lru_cache(maxsize=1024)
def _face(number, hair, beard, glasses):
    """Face `number` with 'bald', 'receding' or other hair: numbers of colours (2 S, 2 S) uint8."""
    rng = np.random.default_rng([number, 83])
    image = Image.new("L", (_SIDE, _SIDE), _NUMBER["skin"])
    draw = ImageDraw.Draw(image)
    if beard:
        _spot(draw, 0.0, 0.80, 0.17, 0.16, "beard")
        _spot(draw, 0.0, 0.66, 0.12, 0.06, "skin")
    _spot(draw, 0.0, 0.59, 0.035, 0.012, "mouth")
    for x in (-0.11, 0.11):
        _spot(draw, x, 0.62, 0.05, 0.05, "blush")
    _eyes(draw, rng, glasses)
    _spot(draw, 0.0, rng.uniform(0.715, 0.745), rng.uniform(0.05, 0.068), rng.uniform(0.018, 0.028), "lips")
    _spot(draw, 0.0, 0.728, 0.05, 0.005, "gap")
    if hair != "bald":
        outline = list(enumerate(_hairline(rng, hair == "receding") * _SIDE))
        draw.polygon([(0, 0), *outline, (_SIDE, 0)], fill=_NUMBER["hair"])
    return np.asarray(image)


def _palette(rng, skin, hair, glasses):
    """Colours of a head in the order of their numbers: (13, 3) in [0, 1]."""
    colours = np.tile(np.asarray(skin, float), (len(_COLOURS), 1))
    colours *= _OF_SKIN
    colours += np.multiply.outer(_OF_HAIR, hair) + _ADDED
    colours[_NUMBER["iris"]] = pick(rng, _IRISES)
    colours[_NUMBER["white"]] = (0.94, 0.93, 0.91)
    if glasses is not None:
        colours[_NUMBER["glasses"]] = glasses
    return np.clip(colours, 0, 1)


# Every colour is so much of the skin, of the hair, and something added.
_OF_SKIN = np.array(
    [[1, 1, 1], [0.45] * 3, [0.7] * 3, [1.02, 0.86, 0.84], [0.82] * 3, [0] * 3, [0.9] * 3, [0] * 3, [0] * 3]
    + [[0.18] * 3, [0.86, 0.55, 0.55], [0.35] * 3, [0] * 3]
)
_OF_HAIR = np.array([0, 0.55, 0, 0, 0, 0, 0, 0, 0, 0.7, 0, 0, 1])
_ADDED = np.zeros((13, 3))
_ADDED[_NUMBER["lens"]], _ADDED[_NUMBER["lips"]] = 0.05, (0.04, 0, 0)


def head_texture(rng, skin, hair, style, beard=False, glasses=None):
    """Draw a head.

    Args:
        rng: numpy Generator.
        skin, hair: colours, RGB in [0, 1].
        style: 'bald' or any hair style of `appearance`.
        beard: whether there is one.
        glasses: colour of their frame, or None.

    Returns:
        (S, S, 3) uint8.
    """
    kind = style if style in ("bald", "receding") else "hair"
    face = _face(int(rng.integers(FACES)), kind, bool(beard), glasses is not None)
    # Four pixels are averaged as the sum of quarters, all channels of a pixel at once.
    quarter = np.zeros((len(_COLOURS), 4), np.uint8)
    quarter[:, :3] = np.minimum(63.75 * _palette(rng, skin, hair, glasses) + 0.5, 63)
    fine = quarter.view(np.uint32)[:, 0].take(face)
    mean = (fine[::2, ::2] + fine[1::2, ::2]) + (fine[::2, 1::2] + fine[1::2, 1::2])
    return mean.view(np.uint8).reshape(CLOTH, CLOTH, 4)[..., :3]
