"""The synthetic world in the format of FLIC: images of one person each, 11 joints of the upper body.

OUT/FLIC/images/film-01-00000001.jpg ...          OUT/FLIC/examples.mat: structs as `deephar.data.flic` describes
"""

import pathlib

import numpy as np

from deephar.synthetic.layouts import map_points
from deephar.synthetic.output import check_counts, definition, save_jpeg, save_mat, start
from deephar.synthetic.world import render_still
from deephar.utils.jobs import run_jobs
from deephar.utils.pose import FLIC_COLUMNS

SIZE = (180, 120)
FILM = 10  # images of one


def _flic_job(job):
    """Draw one image unless it is there; its struct as a dict."""
    folder, split, index, name, size, seed, background = job
    path = pathlib.Path(folder) / "images" / name
    note = render_still(split, index, size, seed, "person", background=background, annotate_only=path.exists())
    if "frame" in note:
        save_jpeg(path, note["frame"])
    px = map_points(note["joints_px"], "flic11") - 0.5  # pixel centres at whole numbers
    coords = np.full((2, 29), np.nan)
    coords[:, FLIC_COLUMNS] = px.T
    trunk = px[[0, 3, 6, 7]]
    return {
        "filepath": name,
        "coords": coords,
        "torsobox": np.concatenate([trunk.min(axis=0), trunk.max(axis=0)])[None],
        "imgdims": np.array([[size[1], size[0], 3]]),
        "istrain": np.array([[split == "train"]], np.uint8),
        "istest": np.array([[split == "test"]], np.uint8),
    }


def write_flic(out, train=400, test=100, size=SIZE, seed=0, workers=None, background=None):
    """Write a FLIC folder.

    Args:
        out: the folder in which `FLIC` is made, or continued.
        train: number of images of the split 'train'.
        test: number of images of the split 'test'.
        size: (width, height) px of the images.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.

    Returns:
        Path of the `FLIC` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    check_counts(train=train, test=test)
    folder, size = pathlib.Path(out) / "FLIC", tuple(int(side) for side in size)
    start(folder, definition([size], seed, (train, test), background))
    plan = [("train", index) for index in range(train)] + [("test", index) for index in range(test)]
    names = [f"{split}-film-{index // FILM + 1:02d}-{index + 1:08d}.jpg" for split, index in plan]
    jobs = [
        (str(folder), split, index, name, size, seed, background)
        for (split, index), name in zip(plan, names, strict=True)
    ]
    examples = run_jobs(_flic_job, jobs, workers, "FLIC images")
    records = np.empty((1, len(examples)), dtype=[(name, object) for name in examples[0]])
    for place, example in enumerate(examples):
        records[0, place] = tuple(example.values())
    save_mat(folder / "examples.mat", {"examples": records})
    return folder
