"""What the writers of data sets share: images and MATLAB files written whole, several processes, runs that go on.

Each file is written under a temporary name and moved, what is there already is kept, and the annotations come last: a
run that was stopped goes on where it stood.
"""

import concurrent.futures
import json
import multiprocessing
import os

import numpy as np
import scipy.io
from PIL import Image

from deephar.synthetic.definition import SYNTHETIC_V1
from deephar.utils.io import atomic_path, remove_leftovers, write_json
from deephar.utils.processes import follow_parent
from deephar.utils.progress import progress

JPEG_QUALITY = 88
RECORD = ".record.npz"  # a finished video's annotations, beside its frames


def cells(items):
    """A MATLAB cell row: a 1-D object array that NumPy does not merge."""
    out = np.empty((len(items),), dtype=object)
    for index, item in enumerate(items):
        out[index] = item
    return out


def save_jpeg(path, frame):
    """Write an RGB image, and the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        Image.fromarray(frame).save(temporary, "JPEG", quality=JPEG_QUALITY)


def save_mat(path, variables):
    """Write a MATLAB file of these variables."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        scipy.io.savemat(file, variables)


def run_jobs(function, jobs, workers, label):
    """Results in the order of the jobs; `workers` processes, None: as many as cores."""
    workers = workers or os.cpu_count() or 1
    if workers <= 1:
        return [function(job) for job in progress(jobs, len(jobs), label)]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context, initializer=follow_parent) as pool:
        chunk = max(1, min(8, len(jobs) // (4 * workers)))
        return list(progress(pool.map(function, jobs, chunksize=chunk), len(jobs), label))


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
