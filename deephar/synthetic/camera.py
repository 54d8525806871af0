"""Cameras of the synthetic world: where they stand, how a hand shakes them, and the projection with lens distortion.

Intrinsics and distortion follow Human3.6M's four cameras (f = 1145 px for 1000 px, k = -0.207, 0.248, -0.003), scaled
to the image's size. A frame is cut out of a larger view by moving the principal point and scaling the focal length,
so that a close crop has the perspective of the image it was cut from.
"""

from dataclasses import dataclass, replace

import numpy as np

from deephar.synthetic.kinematics import rot_x, rot_y, rot_z
from deephar.synthetic.scene import Camera

FOCAL_PX = 1145.0  # of an image of 1000 px
RADIAL = (-0.2070, 0.2477, -0.0030)
TANGENTIAL = (-0.0009, -0.0016)
MIN_PERSON_PX, MAX_PERSON_PX = 80.0, 500.0  # height of a standing person in an image of 1000 px
FRAMINGS = ("scene", "person")
# Camera axes (right, down, forward) of a camera that looks along the world's +x.
_LOOK_X = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])


def project(camera, points):
    """World points as pixels.

    Args:
        camera: a `scene.Camera`.
        points: (..., 3) mm.

    Returns:
        px (..., 2), distorted as the lens does, with pixel centres at integer + 0.5; depth (...,) in mm along the
        optical axis. Points behind the camera have NaN px.
    """
    seen = (np.asarray(points, float) - np.asarray(camera.position)) @ np.asarray(camera.R).T
    depth = seen[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = seen[..., 0] / depth, seen[..., 1] / depth
        r2 = x * x + y * y
        k, p = camera.k, camera.p
        factor = 1.0 + r2 * (k[0] + r2 * (k[1] + r2 * k[2])) + 2.0 * (p[0] * y + p[1] * x)
        u = camera.f[0] * (x * factor + p[1] * r2) + camera.c[0]
        v = camera.f[1] * (y * factor + p[0] * r2) + camera.c[1]
    px = np.stack([u, v], -1)
    px[depth <= 1.0] = np.nan
    return px, depth


def crop(camera, box, size):
    """The camera that sees only `box` (x1, y1, x2, y2 px), enlarged to `size` (width, height)."""
    x1, y1, x2, y2 = box
    sx, sy = size[0] / (x2 - x1), size[1] / (y2 - y1)
    return replace(
        camera,
        f=(camera.f[0] * sx, camera.f[1] * sy),
        c=((camera.c[0] - x1) * sx, (camera.c[1] - y1) * sy),
        size=tuple(size),
    )


@dataclass(frozen=True)
class Rig:
    """A camera man: one camera for every frame of a clip.

    Attributes:
        first: the camera at rest.
        shake: (4, 3) amplitudes and phases of the hand: degrees of yaw, pitch and roll at two speeds; None on a tripod.
        follow: share of the person's movement that the camera turns along with.
    """

    first: Camera
    target: np.ndarray
    shake: np.ndarray | None
    follow: float

    def at(self, frame, person):
        """The camera at a frame number; `person` is the pelvis (3,) mm at that frame."""
        R = self.first.R
        if self.follow:
            R = R @ self._turn_to(person)
        if self.shake is not None:
            slow = self.shake[0] * np.sin(0.11 * frame + self.shake[1])
            fast = self.shake[2] * np.sin(0.67 * frame + self.shake[3])
            yaw, pitch, roll = slow + fast
            R = rot_y(yaw) @ rot_x(pitch) @ rot_z(roll) @ R
        return replace(self.first, R=R) if R is not self.first.R else self.first

    def _turn_to(self, person):
        """World rotation about the vertical that takes the person's bearing back to the target's."""
        here, there = self.target - self.first.position, person - self.first.position
        angle = np.arctan2(there[1], there[0]) - np.arctan2(here[1], here[0])
        angle = (angle + np.pi) % (2 * np.pi) - np.pi
        return rot_z(-np.rad2deg(angle) * self.follow)


def look_at(position, target, roll=0.0):
    """Rotation (3, 3) world to camera of a camera at `position` that looks at `target`; roll in degrees."""
    x, y, z = np.asarray(target, float) - position
    yaw, pitch = np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    return rot_z(roll) @ _LOOK_X @ rot_y(pitch) @ rot_z(-yaw)


def sample_rig(rng, low, high, height, size, shake=True, front=(0.0, 180.0)):
    """Draw a camera for a performance.

    Args:
        rng: numpy Generator.
        low, high: corners (3,) of the box of the body over all frames, mm.
        height: body height, mm.
        size: (width, height) px of the image.
        shake: whether the camera may be held by hand or follow the person.
        front: azimuth of the camera: the middle, and how far to either side of it, degrees.

    Returns:
        A `Rig`. Elevation -10 to 40 degrees; a person standing would be 80 to 500 px high in an image of
        1000 px.
    """
    longest = float(max(size))
    zoom = np.exp(rng.uniform(np.log(0.8), np.log(2.0)))
    # More large people than small ones, as in MPII and Penn Action.
    person = MIN_PERSON_PX * (MAX_PERSON_PX / MIN_PERSON_PX) ** rng.beta(2.8, 1.1)
    distance = float(np.clip(zoom * FOCAL_PX * height / person, 2900.0, 13000.0))
    zoom = distance * person / (FOCAL_PX * height)
    centre = (low + high) / 2
    turn = rng.uniform(0.0, 2 * np.pi)
    azimuth = np.deg2rad(front[0]) + (turn - np.pi) * front[1] / 180.0 if front[1] < 180.0 else turn
    elevation = np.deg2rad(rng.uniform(-10.0, 40.0) * rng.uniform(0.35, 1.0))
    level = np.cos(elevation)
    position = centre + distance * np.array([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(elevation)])
    position[2] = max(position[2], 180.0)
    focal = FOCAL_PX / 1000.0 * longest * zoom
    # Where the person is: near the middle, now and then cut by the frame.
    reach = 0.5 * np.array(size) / focal
    spread = rng.normal(0.0, 0.28, 2) * (2.2 if rng.uniform() < 0.12 else 1.0)
    free = np.maximum(reach - 0.25 * height / distance, 0.08 * reach)
    aim = np.rad2deg(np.arctan(np.clip(spread, -0.95, 0.95) * free))
    roll = rng.normal(0.0, 1.5) if rng.uniform() < 0.8 else rng.normal(0.0, 6.0)
    R = rot_y(aim[0]) @ rot_x(aim[1]) @ look_at(position, centre, roll)
    camera = Camera(
        R=R,
        position=position,
        f=(focal, focal * rng.uniform(0.997, 1.003)),
        c=(size[0] / 2 + rng.normal(0, 0.01) * longest, size[1] / 2 + rng.normal(0, 0.01) * longest),
        k=tuple(v * s for v, s in zip(RADIAL, [rng.uniform(0.6, 1.1)] * 3, strict=False)),
        p=TANGENTIAL,
        size=tuple(size),
    )
    hand = None
    if shake and rng.uniform() < 0.4:
        slow, fast = rng.uniform(0.1, 0.6) * np.array([[1.0], [0.3]]) * rng.normal(size=(2, 3))
        hand = np.stack([slow, rng.uniform(0, 2 * np.pi, 3), fast, rng.uniform(0, 2 * np.pi, 3)])
    follow = float(rng.uniform(0.5, 1.0)) if shake and rng.uniform() < 0.4 else 0.0
    return Rig(camera, centre, hand, follow)


def box_of(px, margin=0.0):
    """Box x1 y1 x2 y2 around points (..., 2), ignoring NaN, `margin` times its larger side on each side."""
    flat = px.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(1)]
    low, high = flat.min(0), flat.max(0)
    extra = margin * float((high - low).max())
    return np.concatenate([low - extra, high + extra])


def person_box(rng, box, size, fill):
    """A frame around a person as a loader would cut it: the box takes a share within `fill`, a little off centre."""
    x1, y1, x2, y2 = box
    aspect = size[0] / size[1]
    side = max((x2 - x1) / aspect, y2 - y1, 8.0) / rng.uniform(*fill)
    centre = np.array([x1 + x2, y1 + y2]) / 2 + rng.normal(0.0, 0.04, 2) * side
    half = np.array([side * aspect, side]) / 2
    return np.concatenate([centre - half, centre + half])
