"""The synthetic world on disk, in the formats of MPII and Penn Action that `deephar.data` reads.

    OUT/MPII/annotations.mat, images/*.jpg          OUT/PennAction/annotations.mat, frames/NNNN/NNNNNN.jpg

Pictures are drawn by several processes. Each file is written whole or not at all, what is there already is kept, and
the
annotations come last: a run that was stopped goes on where it stood.
"""

import concurrent.futures
import json
import multiprocessing
import os
import pathlib

import numpy as np
import scipy.io
from PIL import Image

from deephar.synthetic.actions import ACTIONS
from deephar.synthetic.definition import SYNTHETIC_V1, clip_size, still_size
from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.motion import SPLITS
from deephar.synthetic.world import render_clip, render_still
from deephar.utils.io import atomic_path, write_json
from deephar.utils.progress import progress

FORMATS = ("mpii", "penn")
JPEG_QUALITY = 88
PENN_JOINTS = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle"
).split()
PERSON_HEIGHT_PX = 200.0  # MPII's scale is the height of the person in units of 200 px
OBJPOS_ABOVE_PX = 12.0
RECORD = ".record.npz"  # a finished video's annotations, beside its frames


def cells(items):
    """A MATLAB cell row: a 1-D object array that NumPy does not merge."""
    out = np.empty((len(items),), dtype=object)
    for index, item in enumerate(items):
        out[index] = item
    return out


def _save_jpeg(path, frame):
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        Image.fromarray(frame).save(temporary, "JPEG", quality=JPEG_QUALITY)


def _save_mat(path, variables):
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        scipy.io.savemat(file, variables)


def mpii_person(note):
    """One person's record in MPII's annotations: head box, position, scale and joints (2, 16), NaN where cut off."""
    pose = map_points(note["joints_px"], "mpii16").T.copy()  # (2, 16)
    width, height = note["camera"].size
    outside = ~((pose >= 0).all(0) & (pose[0] < width) & (pose[1] < height))
    pose[:, outside] = np.nan
    x1, y1, x2, y2 = note["box"]
    scale = note["height_mm"] * note["camera"].f[1] / float(note["depth"][0]) / PERSON_HEIGHT_PX
    # MPII's annotators marked a point a little above the middle; its readers move it down again by as much.
    middle = (x1 + x2) / 2, (y1 + y2) / 2 - OBJPOS_ABOVE_PX * scale
    return {
        "head": note["head_box"][None],
        "objpos": np.clip([middle], 1.0, (width - 1.0, height - 1.0)),
        "scale": np.array([[scale]]),
        "pose": pose,
    }


def _mpii_job(job):
    """Draw one picture unless it is there; its name, size and record."""
    folder, name, split, index, size, seed, background = job
    path = pathlib.Path(folder) / name
    drawn = render_still(split, index, size, seed, background=background, annotate_only=path.exists())
    if "frame" in drawn:
        _save_jpeg(path, drawn["frame"])
    return mpii_person(drawn)


def _penn_job(job):
    """Draw one video; its sequence record. The record with its flags is kept beside the frames until all are done."""
    folder, number, split, index, size, seed, background = job
    place = pathlib.Path(folder) / f"{number:04d}"
    note = place / RECORD
    if note.exists():
        with np.load(note) as kept:
            if len(list(place.glob("*.jpg"))) == len(kept["pose"]):
                return _penn_sequence(number, int(kept["action"]), size, kept["pose"], kept["visible"])
    clip = render_clip(split, index, None, size, seed, background=background)
    for t, frame in enumerate(clip["frames"]):
        _save_jpeg(place / f"{t + 1:06d}.jpg", frame)
    pose = map_points(clip["joints_px"], "penn13").transpose(0, 2, 1)  # (T, 2, 13)
    visible = map_flags(clip["visible"], "penn13").astype(np.uint8)
    with atomic_path(note) as temporary, open(temporary, "wb") as file:
        np.savez(file, action=clip["action"], pose=pose, visible=visible)
    return _penn_sequence(number, clip["action"], size, pose, visible)


def _penn_sequence(number, action, size, pose, visible):
    width, height = size
    frames = cells(
        [{"f": t + 1, "w": width, "h": height, "pose": pose[t], "visible": visible[t]} for t in range(len(pose))]
    )
    return {"idx": number, "action_id": action + 1, "frames": frames}


def _run(function, jobs, workers, label):
    """Results in the order of the jobs, from several processes where asked."""
    if workers <= 1:
        return [function(job) for job in progress(jobs, len(jobs), label)]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        chunk = max(1, min(8, len(jobs) // (4 * workers)))
        return list(progress(pool.map(function, jobs, chunksize=chunk), len(jobs), label))


def _start(folder, definition):
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
    for path in folder.rglob(".*"):  # half-written files of a run that was killed
        if path.is_file() and path.name != RECORD:
            path.unlink()


def _definition(sizes, seed, counts, background):
    return {
        "world": SYNTHETIC_V1.sha256,
        "sizes": [list(size) for size in sizes],
        "seed": int(seed),
        "counts": list(counts),
        "background": None if background is None else str(background),
    }


def _counts(**counts):
    for name, count in counts.items():
        if int(count) != count or count < 1:
            raise ValueError(f"`{name}` must be a whole number from 1. Received: {count!r}")


def write_mpii(
    out, train=400, valid=100, sizes=SYNTHETIC_V1.still_sizes, seed=0, workers=None, background=None, valid_split="test"
):
    """Write an MPII folder.

    Args:
        out: the folder in which `MPII` is made, or continued.
        train: number of pictures of the split 'train', stored as `annot_tr`.
        valid: number of pictures of `valid_split`, stored as `annot_val`.
        sizes: shapes (width, height) that the pictures take in turn.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own pictures for the background, or None.
        valid_split: 'test' or 'validation'.

    Returns:
        Path of the `MPII` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    _counts(train=train, valid=valid)
    if valid_split not in SPLITS[1:]:
        raise ValueError(f"`valid_split` must be one of {SPLITS[1:]}. Received: {valid_split!r}")
    folder = pathlib.Path(out) / "MPII"
    _start(folder, _definition(sizes, seed, (train, valid, valid_split), background))
    plan = [("train", f"tr{i:06d}.jpg", i) for i in range(train)]
    plan += [(valid_split, f"va{i:06d}.jpg", i) for i in range(valid)]
    jobs = [(str(folder / "images"), name, split, i, still_size(i, sizes), seed, background) for split, name, i in plan]
    people = _run(_mpii_job, jobs, workers or os.cpu_count() or 1, "MPII pictures")
    parts = np.empty((3, len(plan)), dtype=object)
    for column, ((_, name, _), person) in enumerate(zip(plan, people, strict=True)):
        record = np.empty((1, 1), dtype=object)
        record[0, 0] = person
        parts[:, column] = np.array([[1]], np.uint8), name, record
    _save_mat(folder / "annotations.mat", {"annot_tr": parts[:, :train], "annot_val": parts[:, train:]})
    return folder


def write_penn(out, train=60, test=30, sizes=SYNTHETIC_V1.clip_sizes, seed=0, workers=None, background=None):
    """Write a PennAction folder of videos of 20 to 80 frames; actions come in turn.

    Args:
        out: the folder in which `PennAction` is made, or continued.
        train: number of videos of the split 'train'.
        test: number of videos of the split 'test'.
        sizes, seed, workers, background: as for `write_mpii`.

    Returns:
        Path of the `PennAction` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    _counts(train=train, test=test)
    folder = pathlib.Path(out) / "PennAction"
    _start(folder, _definition(sizes, seed, (train, test), background))
    plan = [("train", i) for i in range(train)] + [("test", i) for i in range(test)]
    frames = str(folder / "frames")
    jobs = [(frames, n + 1, split, i, clip_size(i, sizes), seed, background) for n, (split, i) in enumerate(plan)]
    sequences = _run(_penn_job, jobs, workers or os.cpu_count() or 1, "Penn Action videos")
    variables = {
        "sequences_te": cells(sequences[train:]),
        "sequences_tr": cells(sequences[:train]),
        "action_labels": cells(ACTIONS),
        "joint_labels": cells(PENN_JOINTS),
    }
    _save_mat(folder / "annotations.mat", variables)
    return folder


def synthesise(format, out, train=None, test=None, seed=0, workers=None, background=None):
    """Write the synthetic world in one of the formats.

    Args:
        format: 'mpii' (pictures) or 'penn' (videos).
        out: folder to write into.
        train, test: number of pictures or videos; None: the writer's defaults.
        seed, workers, background: as for `write_mpii`.

    Returns:
        Path of the folder written.

    Raises:
        ValueError: the format is unknown, or as the writers raise.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {FORMATS}. Received: {format!r}")
    writer, held_out = (write_mpii, "valid") if format == "mpii" else (write_penn, "test")
    counts = {name: count for name, count in (("train", train), (held_out, test)) if count is not None}
    return writer(out, **counts, seed=seed, workers=workers, background=background)
