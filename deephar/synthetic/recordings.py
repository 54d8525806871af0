"""A performance before several fixed, calibrated cameras, as Human3.6M and NTU RGB+D were recorded.

(seed, split, index) -> who, what, how -> one performance in the middle of a room
(seed, place)        -> cameras around it, the same for all performances there
every camera, every frame -> joints in px and mm, and an image
"""

from dataclasses import replace

import numpy as np

from deephar.synthetic.actions import sample_take
from deephar.synthetic.body import sample_body
from deephar.synthetic.camera import RADIAL, TANGENTIAL, look_at, project
from deephar.synthetic.motion import SPLITS, place
from deephar.synthetic.scene import Camera
from deephar.synthetic.stage import Stage, image
from deephar.synthetic.world import CLIPS, Job

_CAMERAS, _BODY = 101, 102  # streams of random numbers
FRAMES_OF_A_CAMERA = 10000


def h36m_cameras(seed, place_number, size):
    """Four cameras near the corners of a room, 5 m from its middle, with the lenses of Human3.6M.

    Args:
        seed: seed of the world.
        place_number: which calibration; Human3.6M has one for each subject.
        size: (width, height) px, 1000 x 1002 in Human3.6M.

    Returns:
        List of four `scene.Camera`.
    """
    rng, cameras = np.random.default_rng([seed, _CAMERAS, 0, place_number]), []
    scale = size[0] / 1000.0
    for corner in range(4):
        azimuth = np.deg2rad(45.0 + 90.0 * corner + rng.uniform(-14.0, 14.0))
        distance = rng.uniform(4900.0, 5700.0)
        position = np.array([distance * np.cos(azimuth), distance * np.sin(azimuth), rng.uniform(1350.0, 1750.0)])
        aim = np.array([rng.normal(0, 60.0), rng.normal(0, 60.0), 900.0 + rng.normal(0, 40.0)])
        f = 1145.0 + rng.uniform(-3.0, 3.0), 1144.0 + rng.uniform(-3.0, 3.0)
        c = 512.5 + rng.uniform(-3.0, 3.0), 509.0 + rng.uniform(-7.0, 7.0)
        cameras.append(
            Camera(
                R=look_at(position, aim, rng.normal(0, 0.4)),
                position=position,
                f=tuple(scale * v for v in f),
                c=tuple(scale * v for v in c),
                k=tuple(v * rng.uniform(0.95, 1.05) for v in RADIAL),
                p=TANGENTIAL,
                size=tuple(size),
            )
        )
    return cameras


def ntu_cameras(seed, place_number, size):
    """Three cameras of one height side by side, 45 degrees apart, without distortion, as Kinect's colour camera.

    Args:
        seed: seed of the world.
        place_number: the setup, which decides height and distance.
        size: (width, height) px, 1920 x 1080 for Kinect.

    Returns:
        List of three `scene.Camera`: the middle one, the left one and the right one, as they see the person.
    """
    rng = np.random.default_rng([seed, _CAMERAS, 1, place_number])
    distance, height, aim = rng.uniform(2900.0, 4300.0), rng.uniform(900.0, 2200.0), rng.uniform(800.0, 1000.0)
    focal, cameras = 1081.0 * size[0] / 1920.0, []
    for azimuth in (0.0, -45.0, 45.0):
        angle = np.deg2rad(azimuth + rng.uniform(-4.0, 4.0))
        position = np.array([distance * np.cos(angle), distance * np.sin(angle), height])
        R = look_at(position, np.array([0.0, 0.0, aim]), rng.normal(0, 0.4))
        cameras.append(Camera(R, position, (focal, focal), (size[0] / 2, size[1] / 2), size=tuple(size)))
    return cameras


class Recording:
    """One performance and the cameras around it.

    Args:
        actions: `ActionSet`.
        split: 'train', 'validation' or 'test'.
        index: number of the performance; its action is the next of `actions.performed` with each.
        cameras: list of `scene.Camera` around the origin.
        subject: number of the performer, who has one body in all performances.
        heading: direction the performer faces, degrees; None: any.
        step: frames from one sample to the next; 0.5 gives two samples a frame.
        seed: seed of the world.
        background: a folder of own images for the background, or None.
    """

    def __init__(self, actions, split, index, cameras, subject, heading=None, step=1.0, seed=0, background=None):
        self.job = Job(int(seed), split, CLIPS[actions.name], int(index))
        self.action = actions.performed[index % len(actions.performed)]
        body = sample_body(np.random.default_rng([seed, _BODY, SPLITS.index(split), subject]))
        take = sample_take(self.job.stream("motion"), split, self.action, actions, body)
        if heading is not None:
            take = replace(take, heading=heading + float(self.job.stream("cut").normal(0.0, 8.0)))
        self.num_samples = round(take.num_frames / step)
        performance = take.perform(np.arange(self.num_samples) * step)
        points = performance.skeleton.points.reshape(-1, 3)
        middle = (points.min(0) + points.max(0)) / 2
        self.performance = place(performance, 0.0, -middle[:2])
        self.cameras, self.background, self._stage = cameras, background, None

    def annotate(self, camera):
        """Points of all samples: px (T, 36, 2), mm in the camera (T, 36, 3) and mm in the world (T, 36, 3)."""
        points = self.performance.skeleton.points
        px, _ = project(self.cameras[camera], points)
        return px, (points - self.cameras[camera].position) @ self.cameras[camera].R.T, points

    def draw(self, camera, t):
        """The image (H, W, 3) uint8 of sample `t`."""
        if self._stage is None:
            ring = max(float(np.hypot(*view.position[:2])) for view in self.cameras)
            self._stage = Stage(self.job, self.performance.skeleton, None, self.background, ring)
        view = self.cameras[camera]
        rng = self.job.stream("frame", FRAMES_OF_A_CAMERA * camera + t)
        return image(self._stage, self.performance, t, view, view.size, rng, None)[0]
