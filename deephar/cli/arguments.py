"""Types of command line arguments: numbers in their range and boxes.

Each function takes the text of an argument and raises `argparse.ArgumentTypeError` where it does not fit.
"""

import argparse


def box(text: str) -> tuple[float, float, float, float]:
    """Return the four numbers of a box from `x1,y1,x2,y2`, px."""
    return _four(text, "x1,y1,x2,y2")


def camera(text: str) -> tuple[float, float, float, float]:
    """Return the focal lengths and the principal point from `fx,fy,cx,cy`, px."""
    return _four(text, "fx,fy,cx,cy")


def _four(text, names):
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4:
        raise argparse.ArgumentTypeError(f"must be {names} in pixels. Received: {text}")
    return values


def count(text: str, least: int = 0) -> int:
    """Return a whole number of at least `least`."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}. Received: {text}")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    return count(text, least=1)
