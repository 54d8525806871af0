"""The synthetic world in the format of the extended LSP set: images of one person each, 14 joints.

OUT/LSP/images/im00001.jpg ...          OUT/LSP/joints.mat: joints 14 x 3 x N, x, y (px) and whether it is marked
"""

import pathlib

import numpy as np

from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.output import check_counts, definition, save_jpeg, save_mat, start
from deephar.synthetic.world import render_still
from deephar.utils.jobs import run_jobs

SIZE = (160, 160)


def _lsp_job(job):
    """Draw one image unless it is there; its joints (14, 3)."""
    folder, index, size, seed, background = job
    path = pathlib.Path(folder) / "images" / f"im{index + 1:05d}.jpg"
    note = render_still("train", index, size, seed, "person", background=background, annotate_only=path.exists())
    if "frame" in note:
        save_jpeg(path, note["frame"])
    px = map_points(note["joints_px"], "lsp14") - 0.5  # pixel centres at whole numbers
    inside = (px >= 0).all(-1) & (px < np.array(size)).all(-1)
    return np.concatenate([px, (inside | map_flags(note["visible"], "lsp14"))[:, None]], axis=-1)


def write_lsp(out, train=400, size=SIZE, seed=0, workers=None, background=None):
    """Write an LSP folder, as the extended set has it: one list, of which the reader holds out two images in ten.

    Args:
        out: the folder in which `LSP` is made, or continued.
        train: number of images.
        size: (width, height) px of the images.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.

    Returns:
        Path of the `LSP` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    check_counts(train=train)
    folder, size = pathlib.Path(out) / "LSP", tuple(int(side) for side in size)
    start(folder, definition([size], seed, (train,), background))
    jobs = [(str(folder), index, size, seed, background) for index in range(train)]
    joints = np.stack(run_jobs(_lsp_job, jobs, workers, "LSP images"), axis=-1)  # (14, 3, N)
    save_mat(folder / "joints.mat", {"joints": joints, "image_number": np.arange(1, train + 1)[None]})
    return folder
