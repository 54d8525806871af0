"""The colours that have a name in CSS, as `#RRGGBB`."""

from PIL import ImageColor

cnames = {name: code.upper() for name, code in ImageColor.colormap.items() if isinstance(code, str)}
hex_colors = list(cnames.values())


def hexcolor2tuple(s):
    """Return the red, green and blue of `#RRGGBB`, each in [0, 1].

    Args:
        s: str, or a name of CSS.

    Raises:
        ValueError: it is no colour.
    """
    return tuple(value / 255 for value in ImageColor.getrgb(s)[:3])
