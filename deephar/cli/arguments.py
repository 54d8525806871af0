"""Types of command line arguments: numbers in their range and boxes."""

import argparse


def box(text):
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4:
        raise argparse.ArgumentTypeError(f"must be x1,y1,x2,y2 in pixels. Received: {text}")
    return values


def count(text, least=0):
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}. Received: {text}")
    return int(text)


def positive(text):
    return count(text, least=1)
