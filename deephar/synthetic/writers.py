"""The synthetic world on disk, in the formats that `deephar.data` reads; here MPII and Penn Action.

    OUT/MPII/annotations.mat, images/*.jpg          OUT/PennAction/annotations.mat, frames/NNNN/NNNNNN.jpg

Images are drawn by several processes; a run that was stopped goes on where it stood (see `output`).
"""

import inspect
import pathlib

import numpy as np

from deephar.synthetic.actions import ACTIONS
from deephar.synthetic.definition import SYNTHETIC_V1, clip_size, still_size
from deephar.synthetic.layouts import map_flags, map_points
from deephar.synthetic.motion import SPLITS
from deephar.synthetic.output import RECORD, cells, check_counts, definition, read_flags, save_jpeg, save_mat, start
from deephar.synthetic.world import render_clip, render_still
from deephar.synthetic.writers_flic import write_flic
from deephar.synthetic.writers_h36m import write_h36m
from deephar.synthetic.writers_lsp import write_lsp
from deephar.synthetic.writers_ntu import write_ntu
from deephar.synthetic.writers_videos import write_videos
from deephar.utils.io import atomic_path
from deephar.utils.jobs import run_jobs

PENN_JOINTS = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle"
).split()
PERSON_HEIGHT_PX = 200.0  # MPII's scale is the height of the person in units of 200 px
OBJPOS_ABOVE_PX = 12.0


def mpii_person(note, visible):
    """One person's record in MPII's annotations: head box, position, scale, joints (2, 16) and which of them are seen.

    Joints are NaN where they are cut off, and so are then their flags, of which `visible` (16,) are those of all.
    """
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
        "visible": np.where(outside, np.nan, visible)[None],
    }


def _mpii_job(job):
    """Draw one image unless it is there; its record."""
    folder, name, split, index, size, seed, background = job
    path = pathlib.Path(folder) / name
    drawn = render_still(split, index, size, seed, background=background, annotate_only=path.exists())
    if "frame" in drawn:
        visible = map_flags(drawn["visible"], "mpii16")
        save_jpeg(path, drawn["frame"], visible)
        return mpii_person(drawn, visible)
    return mpii_person(drawn, read_flags(path, 16))


def _penn_job(job):
    """Draw one video; its sequence record. The record with its flags is kept beside the frames until all are done."""
    folder, number, split, index, size, seed, background = job
    place = pathlib.Path(folder) / f"{number:04d}"
    note = place / RECORD
    if note.exists():
        with np.load(note) as kept:
            if all((place / f"{t + 1:06d}.jpg").exists() for t in range(len(kept["pose"]))):
                return _penn_sequence(number, int(kept["action"]), size, kept["pose"], kept["visible"])
    clip = render_clip(split, index, None, size, seed, background=background)
    for t, frame in enumerate(clip["frames"]):
        save_jpeg(place / f"{t + 1:06d}.jpg", frame)
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


def write_mpii(
    out, train=400, valid=100, sizes=SYNTHETIC_V1.still_sizes, seed=0, workers=None, background=None, valid_split="test"
):
    """Write an MPII folder.

    Args:
        out: the folder in which `MPII` is made, or continued.
        train: number of images of the split 'train', stored as `annot_tr`.
        valid: number of images of `valid_split`, stored as `annot_val`.
        sizes: shapes (width, height) that the images take in turn.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.
        valid_split: 'test' or 'validation'.

    Returns:
        Path of the `MPII` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    check_counts(train=train, valid=valid)
    if valid_split not in SPLITS[1:]:
        raise ValueError(f"`valid_split` must be one of {SPLITS[1:]}. Received: {valid_split!r}")
    folder = pathlib.Path(out) / "MPII"
    start(folder, definition(sizes, seed, (train, valid, valid_split), background))
    plan = [("train", f"tr{i:06d}.jpg", i) for i in range(train)]
    plan += [(valid_split, f"va{i:06d}.jpg", i) for i in range(valid)]
    jobs = [(str(folder / "images"), name, split, i, still_size(i, sizes), seed, background) for split, name, i in plan]
    people = run_jobs(_mpii_job, jobs, workers, "MPII images")
    parts = np.empty((3, len(plan)), dtype=object)
    for column, ((_, name, _), person) in enumerate(zip(plan, people, strict=True)):
        record = np.empty((1, 1), dtype=object)
        record[0, 0] = person
        parts[:, column] = np.array([[1]], np.uint8), name, record
    save_mat(folder / "annotations.mat", {"annot_tr": parts[:, :train], "annot_val": parts[:, train:]})
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
    check_counts(train=train, test=test)
    folder = pathlib.Path(out) / "PennAction"
    start(folder, definition(sizes, seed, (train, test), background))
    plan = [("train", i) for i in range(train)] + [("test", i) for i in range(test)]
    frames = str(folder / "frames")
    jobs = [(frames, n + 1, split, i, clip_size(i, sizes), seed, background) for n, (split, i) in enumerate(plan)]
    sequences = run_jobs(_penn_job, jobs, workers, "Penn Action videos")
    variables = {
        "sequences_te": cells(sequences[train:]),
        "sequences_tr": cells(sequences[:train]),
        "action_labels": cells(ACTIONS),
        "joint_labels": cells(PENN_JOINTS),
    }
    save_mat(folder / "annotations.mat", variables)
    return folder


WRITERS = {
    "mpii": write_mpii,
    "penn": write_penn,
    "h36m": write_h36m,
    "ntu": write_ntu,
    "lsp": write_lsp,
    "flic": write_flic,
    "videos": write_videos,
}
FORMATS = tuple(WRITERS)


def synthesise(
    format, out, train=None, test=None, size=None, seed=0, workers=None, background=None, **of_videos
):
    """Write the synthetic world in one of the formats.

    Args:
        format: 'mpii', 'lsp', 'flic' (images), 'penn' (videos), 'h36m', 'ntu' (performances before four or three
            cameras) or 'videos' (class-named folders of videos).
        out: folder to write into.
        train, test: number of images, videos, performances, or videos of a class; None: the writer's defaults.
        size: (width, height) px of all images; None: the writer's default.
        seed, workers, background: as for `write_mpii`.
        of_videos: `actions`, `classes` and `fps` of `write_videos`, for that format; None: its defaults.

    Returns:
        Path of the folder written.

    Raises:
        ValueError: the format is unknown, has no test split or not one of these options, or as the writers raise.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {FORMATS}. Received: {format!r}")
    writer = WRITERS[format]
    takes = inspect.signature(writer).parameters
    held_out = next((name for name in ("test", "valid") if name in takes), None)  # MPII's is called valid
    if held_out is None and test is not None:
        reason = f"the format {format!r} is one list, of which the reader holds out two images in ten"
        raise ValueError(f"`test` must be left out: {reason}. Received: {test}")
    sizes = {"sizes": None if size is None else (tuple(size),)} if "sizes" in takes else {"size": size}
    options = {"train": train, held_out: test, **sizes, **of_videos}
    given = {name: value for name, value in options.items() if value is not None}
    for name in set(given) - set(takes):
        raise ValueError(f"`{name}` must be left out for the format {format!r}. Received: {given[name]!r}")
    return writer(out, **given, seed=seed, workers=workers, background=background)
