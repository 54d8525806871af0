"""Colours and seeds in ranges that the splits do not share.

Every range (hue, brightness, skin tone, ...) is cut into slices, and every slice into a part for training (60 %), one
for validation (20 %) and one for testing (20 %): the splits cover the same spectrum and share no value. Patterns,
prints, floors and walls are seeded, and the seeds of the splits are disjoint too.
"""

import colorsys

import numpy as np

SPLITS = ("train", "validation", "test")
SHARES = ((0.0, 0.58), (0.61, 0.79), (0.82, 0.98))  # of every slice


def split_index(split):
    """0, 1 or 2; raises ValueError for anything but 'train', 'validation' and 'test'."""
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {SPLITS}. Received: {split!r}")
    return SPLITS.index(split)


def split_value(rng, split, slices):
    """A number in [0, 1) from the part of its slice that belongs to `split`."""
    low, high = SHARES[split_index(split)]
    place, share = rng.random(2).tolist()
    return (int(place * slices) + low + (high - low) * share) / slices


def pick(rng, options, shares=None):
    """One of `options`, with probabilities `shares` (default: equal); quicker than `rng.choice`."""
    if shares is None:
        return options[int(rng.random() * len(options))]
    draw = rng.random() * sum(shares)
    for option, share in zip(options, shares, strict=True):
        draw -= share
        if draw < 0:
            return option
    return options[-1]


def pattern_seed(rng, split):
    """A seed for a pattern; those of different splits are never equal."""
    share = (6, 2, 2)[split_index(split)]
    first = (0, 6, 8)[split_index(split)]
    return int(12 * rng.random()) * 10 + first + int(share * rng.random())


def tone(tones, share):
    """A colour at `share` in [0, 1] along a list of tones: (3,)."""
    place = share * (len(tones) - 1)
    low = min(int(place), len(tones) - 2)
    return np.array(tones[low]) + (place - low) * (np.array(tones[low + 1]) - np.array(tones[low]))


def cloth_colour(rng, split):
    """A colour for cloth or paint: now and then black, grey, white or denim, else any hue; RGB in [0, 1]."""
    tint, level = split_value(rng, split, 12), split_value(rng, split, 8)
    kind = rng.random()
    if kind < 0.35:
        saturation, value = 0.08 * rng.random(), 0.06 + 0.9 * level
    elif kind < 0.47:
        tint, saturation, value = 0.56 + 0.08 * tint, rng.uniform(0.3, 0.7), 0.15 + 0.5 * level
    else:
        saturation, value = rng.uniform(0.3, 0.95), 0.25 + 0.72 * level
    return tuple(colorsys.hsv_to_rgb(tint, saturation, value))


def muted_colour(rng, split, hue=None, saturation=(0.05, 0.4), value=(0.25, 0.9)):
    """A colour for floors, walls and furniture; `hue` (low, high) narrows it."""
    tint = split_value(rng, split, 6)
    if hue is not None:
        tint = hue[0] + (hue[1] - hue[0]) * tint
    level = split_value(rng, split, 8)
    return np.array(colorsys.hsv_to_rgb(tint % 1.0, rng.uniform(*saturation), value[0] + (value[1] - value[0]) * level))
