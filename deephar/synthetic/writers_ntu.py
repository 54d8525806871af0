"""The synthetic world in the format of NTU RGB+D: three cameras, 25 joints, names as S001C002P003R001A008.

    OUT/NTU/nturgb+d_numpy/NAME.npy                 a row a frame: number from 1, 25 x y z in m, 25 x, 25 y, 25 depths
    OUT/NTU/images-small/NAME/00001.jpg, 00003.jpg  every second frame, at half the size of the video
    OUT/NTU/samples.json                            names and numbers of rows, written last

x and y are px of the video of 1920 x 1080, depth is in mm along the camera's axis. Subjects train or test as in the
cross-subject protocol: Shahroudy et al., CVPR 2016.
"""

import pathlib

import numpy as np

from deephar.synthetic.actions import NTU
from deephar.synthetic.layouts import map_points
from deephar.synthetic.output import check_counts, definition, save_jpeg, start
from deephar.synthetic.recordings import Recording, ntu_cameras
from deephar.utils.io import atomic_path, write_json
from deephar.utils.jobs import run_jobs

VIDEO_SIZE, SIZE = (1920, 1080), (960, 540)
STEP = 2  # frames from one image to the next
NUM_SETUPS = 17
TRAINING = (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
SUBJECTS = {"train": TRAINING, "test": tuple(number for number in range(1, 41) if number not in TRAINING)}


def numbers_of(split, index):
    """Setup, subject, replication and action of a performance, all from 1."""
    rest, action = divmod(index, len(NTU.performed))
    rest, subject = divmod(rest, len(SUBJECTS[split]))
    setup, replication = divmod(rest, 2)
    # Subjects meet in different setups from the start, not only once all have been through the first one.
    setup = (setup + subject) % NUM_SETUPS
    return setup + 1, SUBJECTS[split][subject], replication + 1, NTU.performed[action] + 1


def _rows(recording, camera):
    """The table (F, 151) of one camera's video; its px are of 1920 x 1080."""
    px, local, _ = recording.annotate(camera)
    px = map_points(px, "ntu25") * (VIDEO_SIZE[0] / recording.cameras[camera].size[0])
    local = map_points(local, "ntu25")  # (F, 25, 3) mm: right, down, away
    kinect = local * (0.001, -0.001, 0.001)  # m: right, up, away
    number = np.arange(1, len(px) + 1.0)[:, None]
    return np.concatenate([number, kinect.reshape(len(px), -1), px[..., 0], px[..., 1], local[..., 2]], axis=1)


def _ntu_job(job):
    """Draw one performance from three sides where images are missing, and write its tables; their numbers of rows."""
    folder, split, index, size, seed, background = job
    setup, subject, replication, action = numbers_of(split, index)
    cameras = ntu_cameras(seed, setup, size)
    heading = -45.0 if replication == 1 else 45.0  # to the left camera, then to the right one
    recording = Recording(NTU, split, index, cameras, subject, heading, 1 / STEP, seed, background)
    samples = {}
    for camera in range(len(cameras)):
        name = f"S{setup:03d}C{camera + 1:03d}P{subject:03d}R{replication:03d}A{action:03d}"
        for t in range(0, recording.num_samples, STEP):
            path = pathlib.Path(folder) / "images-small" / name / f"{t + 1:05d}.jpg"
            if not path.exists():
                save_jpeg(path, recording.draw(camera, t))
        path = pathlib.Path(folder) / "nturgb+d_numpy" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.save(file, _rows(recording, camera))
        samples[name] = recording.num_samples
    return samples


def write_ntu(out, train=52, test=26, size=SIZE, seed=0, workers=None, background=None):
    """Write an NTU folder; the actions that are performed come in turn, each performance is seen by three cameras.

    Args:
        out: the folder in which `NTU` is made, or continued.
        train: performances of the split 'train', by the training subjects of the cross-subject protocol.
        test: performances of the split 'test', by the other subjects.
        size: (width, height) px of the images, in proportion to 960 x 540.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.

    Returns:
        Path of the `NTU` folder.

    Raises:
        ValueError: a count out of range, images of another shape, or the folder holds another synthetic world.
    """
    check_counts(train=train, test=test)
    most = len(NTU.performed) * len(TRAINING) * 2 * NUM_SETUPS
    if max(train, test) > most:
        raise ValueError(f"`train` and `test` must be at most {most}. Received: {train}, {test}")
    folder, size = pathlib.Path(out) / "NTU", tuple(int(side) for side in size)
    if abs(size[0] * SIZE[1] - size[1] * SIZE[0]) > SIZE[0]:
        raise ValueError(f"`size` must be in the proportion of {SIZE[0]} x {SIZE[1]}. Received: {size}")
    start(folder, definition([size], seed, (train, test), background))
    plan = [("train", index) for index in range(train)] + [("test", index) for index in range(test)]
    jobs = [(str(folder), split, index, size, seed, background) for split, index in plan]
    done = run_jobs(_ntu_job, jobs, workers, "NTU performances")
    write_json(folder / "samples.json", {name: rows for samples in done for name, rows in sorted(samples.items())})
    return folder
