"""The synthetic world in the format of Human3.6M: four calibrated cameras around a room, 32 joints in mm.

    OUT/Human3.6M/annotations.mat          sequences_tr, sequences_val, sequences_te, action_labels, joint_labels
    OUT/Human3.6M/images/s05_S09_1_c3/00001.jpg      action 5, subject 9, first performance, camera 3, first frame

World in mm, z up. `p` of a camera is in the order of the readers' lens model, whose tangential part differs from the
renderer's by less than 0.1 px in an image of 1000 px.
"""

import pathlib

import numpy as np

from deephar.synthetic.actions import H36M
from deephar.synthetic.layouts import LAYOUTS, map_points
from deephar.synthetic.output import cells, check_counts, definition, save_jpeg, save_mat, start
from deephar.synthetic.recordings import Recording, h36m_cameras
from deephar.utils.jobs import run_jobs

SIZE = (1000, 1002)
SUBJECTS = {"train": (1, 5, 6, 7, 8), "validation": (10,), "test": (9, 11)}
VARIABLES = {"train": "sequences_tr", "validation": "sequences_val", "test": "sequences_te"}


def sequence_name(split, index):
    """Name of a performance without its camera, and the subject: `s05_S09_1`, 9."""
    number_of_actions, subjects = len(H36M.performed), SUBJECTS[split]
    round_, action = divmod(index, number_of_actions)
    subject = subjects[round_ % len(subjects)]
    return f"s{H36M.performed[action] + 1:02d}_S{subject:02d}_{round_ // len(subjects) + 1}", subject


def camera_parameters(camera):
    """A camera as Human3.6M's calibration has it: R, T (position, mm), f, c, p, k."""
    return {
        "R": np.asarray(camera.R, float),
        "T": np.asarray(camera.position, float)[:, None],
        "f": np.array([camera.f]),
        "c": np.array([camera.c]),
        "p": np.array([camera.p[::-1]]),
        "k": np.array([camera.k]),
    }


def _h36m_job(job):
    """Draw one performance from four sides where images are missing; its four sequences."""
    folder, split, index, size, frames, seed, background = job
    name, subject = sequence_name(split, index)
    cameras = h36m_cameras(seed, subject, size)
    recording = Recording(H36M, split, index, cameras, subject, seed=seed, background=background)
    count = recording.num_samples if frames is None else min(frames, recording.num_samples)
    chosen = np.round(np.linspace(0, recording.num_samples - 1, count)).astype(int)
    joints = map_points(recording.performance.skeleton.points, "h36m32")  # (T, 32, 3)
    sequences = []
    for number, camera in enumerate(cameras):
        place = pathlib.Path(folder) / f"{name}_c{number + 1}"
        for t in chosen.tolist():
            path = place / f"{t + 1:05d}.jpg"
            if not path.exists():
                save_jpeg(path, recording.draw(number, t))
        records = [{"f": t + 1, "w": size[0], "h": size[1], "pose3d": joints[t].T} for t in chosen.tolist()]
        camera = camera_parameters(camera)
        sequences.append({"name": place.name, "camera_parameters": camera, "frames": cells(records)})
    return sequences


def write_h36m(out, train=30, valid=None, test=15, size=SIZE, frames=12, seed=0, workers=None, background=None):
    """Write a Human3.6M folder; the fifteen actions come in turn, each performance is seen by four cameras.

    Args:
        out: the folder in which `Human3.6M` is made, or continued.
        train: performances of the split 'train', by the subjects 1, 5, 6, 7 and 8 in turn.
        valid: performances of the split 'validation', by subject 10; None: as many as for the test.
        test: performances of the split 'test', by the subjects 9 and 11.
        size: (width, height) px of the images; the cameras are calibrated for it.
        frames: frames of each performance, evenly spread over it; None: all of its 20 to 80.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.

    Returns:
        Path of the `Human3.6M` folder.

    Raises:
        ValueError: a count below 1, or the folder holds another synthetic world.
    """
    valid = test if valid is None else valid
    check_counts(train=train, valid=valid, test=test, **({} if frames is None else {"frames": frames}))
    folder, size = pathlib.Path(out) / "Human3.6M", tuple(int(side) for side in size)
    counts = {"train": int(train), "validation": int(valid), "test": int(test)}
    start(folder, definition([size], seed, [*counts.values(), frames], background))
    plan = [(split, index) for split, count in counts.items() for index in range(count)]
    images = str(folder / "images")
    jobs = [(images, split, index, size, frames, seed, background) for split, index in plan]
    done = run_jobs(_h36m_job, jobs, workers, "Human3.6M performances")
    variables = {name: [] for name in VARIABLES.values()}
    for (split, _), sequences in zip(plan, done, strict=True):
        variables[VARIABLES[split]] += sequences
    variables = {name: cells(sequences) for name, sequences in variables.items()}
    variables["action_labels"] = cells([H36M.label(action) for action in H36M.performed])
    variables["joint_labels"] = cells(list(LAYOUTS["h36m32"]))
    save_mat(folder / "annotations.mat", variables)
    return folder
