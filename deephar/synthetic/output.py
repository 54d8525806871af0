"""What the writers of data sets share: images and MATLAB files written whole, runs that go on.

Each file is written under a temporary name and moved, what is there already is kept, and the annotations come last: a
run that was stopped goes on where it stood.
"""

import json
import os

import numpy as np
import scipy.io
from PIL import Image

from deephar.synthetic.definition import SYNTHETIC_V1
from deephar.utils.io import atomic_path, remove_leftovers, write_json

JPEG_QUALITY = 88
RECORD = ".record.npz"  # a finished video's annotations, beside its frames


def cells(items):
    """A MATLAB cell row: a 1-D object array that NumPy does not merge."""
    out = np.empty((len(items),), dtype=object)
    for index, item in enumerate(items):
        out[index] = item
    return out


def save_jpeg(path, frame, flags=()):
    """Write an RGB image, and the folder it lies in; `flags`, booleans, become its comment, for `read_flags`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    comment = "".join(str(int(flag)) for flag in flags).encode()
    with atomic_path(path) as temporary:
        Image.fromarray(frame).save(temporary, "JPEG", quality=JPEG_QUALITY, comment=comment)


def read_flags(path, number):
    """The flags (number,) that `save_jpeg` left in an image; NaN where it has none."""
    with Image.open(path) as image:
        comment = image.info.get("comment", b"")
    known = len(comment) == number and not comment.strip(b"01")
    return np.array([float(chr(flag)) for flag in comment]) if known else np.full(number, np.nan)


def save_mat(path, variables):
    """Write a MATLAB file of these variables."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        scipy.io.savemat(file, variables)


def start(folder, definition):
    """Make the folder; refuse one that holds something else."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "synthetic.json"
    if not path.exists() and not any(folder.iterdir()):
        write_json(path, definition)
        return
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else "files of another origin"
    if found != definition:
        raise ValueError(
            f"`out` must be empty or hold the same synthetic world, {definition}; nothing was changed. "
            f"Received: {str(folder)!r} with {found}"
        )
    for root, _, _ in os.walk(folder):
        remove_leftovers(root)


def definition(sizes, seed, counts, background):
    """What a folder holds, as data: two runs with equal definitions write the same files."""
    return {
        "world": SYNTHETIC_V1.sha256,
        "sizes": [list(size) for size in sizes],
        "seed": int(seed),
        "counts": list(counts),
        "background": None if background is None else str(background),
    }


def check_counts(**counts):
    """Raise a ValueError for a count that is not a whole number from 1."""
    for name, count in counts.items():
        if int(count) != count or count < 1:
            raise ValueError(f"`{name}` must be a whole number from 1. Received: {count!r}")
