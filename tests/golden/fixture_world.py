"""Writes four tiny data sets in the official on-disk formats, which data_s0.npz was read from.

    python tests/golden/fixture_world.py OUT

The images are smooth noise and the people are made up: what counts is the format and the geometry. All numbers come
from one generator in a fixed order, so the order of the calls matters.
"""

import argparse
import pathlib

import numpy as np
import scipy.io
from PIL import Image

PENN_ACTIONS = (
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks "
    "pullup pushup situp squat strum_guitar tennis_forehand tennis_serve"
).split()
PENN_JOINTS = ["head"] + [
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
]
H36M_ACTIONS = (
    "Directions Discussion Eating Greeting Phoning Posing Purchases Sitting SittingDown Smoking "
    "Photo Waiting Walking WalkDog WalkTogether"
).split()
MPII_SIZES_PX = ((1280, 720), (640, 480), (720, 960))
NTU_RECORDINGS = {
    "S001C001P001R001A010": 70,
    "S001C002P002R001A023": 60,
    "S002C001P003R002A043": 80,
    "S003C003P007R001A008": 40,
}


def cells(items):
    """A row of MATLAB cells: an object array (N,) whose items NumPy leaves apart."""
    row = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        row[i] = item
    return row


class World:
    """A folder that the data sets are written to, and the generator of all their numbers."""

    def __init__(self, root, seed=0):
        self.root = pathlib.Path(root)
        self.rng = np.random.RandomState(seed)  # the same numbers in every version of NumPy

    def image(self, relative, width_px, height_px):
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = self.rng.uniform(0, 255, (height_px // 40 + 2, width_px // 40 + 2, 3)).astype("uint8")
        Image.fromarray(coarse).resize((width_px, height_px), Image.BICUBIC).save(path, quality=80)

    def annotations(self, folder, **variables):
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        scipy.io.savemat(self.root / folder / "annotations.mat", variables)

    def mpii(self):
        parts = {"annot_tr": self.mpii_part("tr", 6), "annot_val": self.mpii_part("va", 5)}
        self.annotations("MPII", **parts)

    def mpii_part(self, prefix, count):
        """Cells (3, count): numbers of the people from 1 in a column, name of the image, column of people."""
        part = np.empty((3, count), dtype=object)
        for i in range(count):
            size_px = MPII_SIZES_PX[i % 3]
            part[1, i] = f"{prefix}{i:03d}.jpg"
            self.image(f"MPII/images/{part[1, i]}", *size_px)
            people = [self.mpii_person(size_px, miss_a_joint=i % 4 == 1) for _ in range(1 + i % 2)]
            part[0, i] = np.arange(1, len(people) + 1, dtype=np.uint8)[:, None]
            part[2, i] = cells(people)[:, None]
        return part

    def mpii_person(self, size_px, miss_a_joint):
        rng, (width_px, height_px) = self.rng, size_px
        x, y = rng.uniform(0.3, 0.7) * width_px, rng.uniform(0.4, 0.6) * height_px
        scale = rng.uniform(0.8, 1.6) * height_px / 480  # height of the person in units of 200 px
        pose_px = np.stack([rng.normal(x, 40 * scale, 16), rng.normal(y, 60 * scale, 16)])  # (2, 16)
        if miss_a_joint:
            pose_px[:, rng.randint(16)] = np.nan
        head = [x - 20 * scale, y - 125 * scale, x + 20 * scale, y - 75 * scale]
        return dict(head=np.array([head]), objpos=np.array([[x, y]]), scale=np.array([[scale]]), pose=pose_px)

    def pennaction(self):
        test = [self.penn_sequence(3, 4, 40, (480, 270)), self.penn_sequence(4, 9, 10, (272, 480))]
        train = [self.penn_sequence(1, 1, 30, (480, 270)), self.penn_sequence(2, 15, 25, (480, 360))]
        labels = {"action_labels": cells(PENN_ACTIONS), "joint_labels": cells(PENN_JOINTS)}
        self.annotations("PennAction", sequences_te=cells(test), sequences_tr=cells(train), **labels)

    def penn_sequence(self, number, action, num_frames, size_px):
        """A person who drifts to the right by 2 px a frame; `action` counts from 1."""
        rng, (width_px, height_px) = self.rng, size_px
        base = [rng.normal(size * 0.5, size * spread, 13) for size, spread in ((width_px, 0.1), (height_px, 0.15))]
        frames = []
        for i in range(num_frames):
            self.image(f"PennAction/frames/{number:04d}/{i + 1:06d}.jpg", width_px, height_px)
            pose_px = np.stack(base) + rng.normal(0, 3, (2, 13)) + np.array([[2.0 * i], [0.0]])
            visible = (rng.uniform(size=13) > 0.1).astype(np.uint8)
            frames.append(dict(f=i + 1, w=width_px, h=height_px, pose=pose_px, visible=visible))
        return dict(idx=number, action_id=action, frames=cells(frames))

    def human36m(self):
        test = [self.h36m_sequence("s02_c1", 4), self.h36m_sequence("s09_c2", 3)]
        train = [self.h36m_sequence("s01_c1", 20), self.h36m_sequence("s03_c4", 18)]
        validation = [self.h36m_sequence("s05_c3", 4), self.h36m_sequence("s14_c1", 3)]
        splits = {"sequences_te": cells(test), "sequences_tr": cells(train), "sequences_val": cells(validation)}
        labels = {"action_labels": cells(H36M_ACTIONS), "joint_labels": cells([f"j{i}" for i in range(32)])}
        self.annotations("Human3.6M", **splits, **labels)

    def h36m_camera(self):
        """A level camera 5.2 m from a point 0.9 m above the floor (world in mm, z up), and that point."""
        angle = self.rng.uniform(-0.5, 0.5)
        cos, sin = np.cos(angle), np.sin(angle)
        rotation = np.array([[cos, sin, 0], [0, 0, -1.0], [-sin, cos, 0]])
        target_mm = np.array([self.rng.uniform(-300, 300), self.rng.uniform(-300, 300), 900.0])
        camera = dict(
            R=rotation,
            T=(target_mm - rotation.T @ np.array([0, 0, 5200.0]))[:, None],
            f=np.array([[1145.0 + self.rng.uniform(-3, 3), 1143.0]]),
            c=np.array([[512.5, 515.4]]),
            p=np.array([[-0.0009, -0.0016]]),
            k=np.array([[-0.2070, 0.2477, -0.0030]]),
        )
        return camera, target_mm

    def h36m_sequence(self, name, num_frames):
        camera, target_mm = self.h36m_camera()
        spread_mm = np.array([[220.0], [160.0], [420.0]])
        base = self.rng.normal(0, 1, (3, 32)) * spread_mm + target_mm[:, None]
        base[:, 0] = target_mm
        frames = []
        for i in range(num_frames):
            self.image(f"Human3.6M/images/{name}/{i + 1:05d}.jpg", 1000, 1002)
            frames.append(dict(f=i + 1, w=1000, h=1002, pose3d=base + self.rng.normal(0, 8, (3, 32))))
        return dict(name=name, camera_parameters=camera, frames=cells(frames))

    def ntu(self):
        folder = self.root / "NTU" / "nturgb+d_numpy"
        folder.mkdir(parents=True, exist_ok=True)
        for name, num_frames in NTU_RECORDINGS.items():
            np.save(folder / f"{name}.npy", self.ntu_rows(name, num_frames))

    def ntu_rows(self, name, num_frames):
        """(num_frames, 151): number of the frame from 1, 25 joints' x y z, then 25 x, 25 y in px, 25 depths in mm."""
        rng, (width_px, height_px) = self.rng, (1920, 1080)
        base_px = np.stack([rng.normal(width_px * 0.5, 120, 25), rng.normal(height_px * 0.5, 160, 25)])
        depth_mm = rng.normal(3200, 150, 25)
        rows = np.zeros((num_frames, 151))
        for i, row in enumerate(rows):
            if i % 2 == 0:  # the readers take every second frame, at half size
                self.image(f"NTU/images-small/{name}/{i + 1:05d}.jpg", width_px // 2, height_px // 2)
            row[0] = i + 1
            row[1:76] = rng.normal(size=75)
            row[76:126] = (base_px + rng.normal(0, 4, (2, 25))).ravel()
            row[126:] = depth_mm + rng.normal(0, 10, 25)
            if i % 7 == 3:
                row[[82, 107, 132]] = 0  # joint 6 was lost
        return rows


def write(root, seed=0):
    """Write all four data sets to a folder: MPII, PennAction, Human3.6M, NTU."""
    world = World(root, seed)
    world.mpii()
    world.pennaction()
    world.human36m()
    world.ntu()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="the folder to write to")
    write(parser.parse_args().out)
