"""Tiny synthetic data sets in their official formats, for --tiny: written in seconds, kept where they are there."""

import pathlib

import numpy as np
import scipy.io
from PIL import Image

from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.world import render_still
from deephar.utils.io import atomic_path

SIZES = ((160, 120), (120, 160))
LSP_SIZE = (96, 96)


def write_tiny(folder, *names, seed=0):
    """Write the data sets `names` ('MPII', 'PennAction', 'LSP') into `folder`, and return it."""
    from deephar.synthetic.writers import write_mpii, write_penn

    folder = pathlib.Path(folder)
    writers = {
        "MPII": lambda: write_mpii(folder, train=8, valid=4, sizes=SIZES, seed=seed, workers=1),
        "PennAction": lambda: write_penn(folder, train=3, test=2, sizes=SIZES[:1], seed=seed, workers=1),
        "LSP": lambda: write_lsp(folder / "LSP", 20, seed),
    }
    for name in names:
        marker = folder / name / ("joints.mat" if name == "LSP" else "annotations.mat")
        if not marker.exists():
            writers[name]()
    return folder


def write_lsp(folder, number, seed=0):
    """Write `number` pictures as LSP's extended set has them: images/im00001.jpg ... and joints.mat, 14 x 3 x N."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    joints = np.zeros((14, 3, number))
    for index in range(number):
        note = render_still("train", index, LSP_SIZE, seed, framing="person")
        with atomic_path(folder / "images" / f"im{index + 1:05d}.jpg") as temporary:
            Image.fromarray(note["frame"]).save(temporary, "JPEG", quality=90)
        joints[:, :2, index] = map_points(note["joints_px"], "lsp14") - 0.5  # pixel centres at whole numbers
        inside = (joints[:, :2, index] >= 0).all(-1) & (joints[:, :2, index] < np.array(LSP_SIZE)).all(-1)
        joints[:, 2, index] = inside | map_flags(note["visible"], "lsp14")
    with atomic_path(folder / "joints.mat") as temporary, open(temporary, "wb") as file:
        scipy.io.savemat(file, {"joints": joints, "image_number": np.arange(1, number + 1)[None]})
