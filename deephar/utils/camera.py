"""Pinhole cameras with distortion, between world (mm) and image (px and depth in mm), one or one for each frame."""

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.transform import transform_pose_sequence


class Camera:
    """A calibrated camera, as Human3.6M gives it, or many of them at once.

    Args:
        R: (3, 3) rotation from the world to the camera; (N, 3, 3) for N cameras, and so on below.
        t: (3,) position of the camera in the world, mm.
        f: (2,) focal length, px.
        c: (2,) principal point, px.
        p: (2,) tangential distortion.
        k: (3,) radial distortion; None: neither distortion is applied.

    With N cameras the first axis of the points is that of the cameras: camera n sees points[n].
    """

    def __init__(self, R, t, f, c, p, k=None):
        self.R = np.asarray(R)
        self.R_inv = np.linalg.inv(self.R)
        many = self.R.shape[:-2]
        self.t = np.reshape(t, (*many, 3, 1))
        self.f = np.reshape(f, (*many, 1, 2))
        self.c = np.reshape(c, (*many, 1, 2))
        self.p = np.reshape(p, (*many, 1, 2))
        self.k = None if k is None else np.reshape(k, (*many, 3))

    def project(self, points_w: ArrayLike) -> np.ndarray:
        """World points (..., 3) in mm as (..., 3): x and y in px, depth in mm."""
        points = self._check_points("points_w", points_w)
        R, t, f, c, p, k = self._beside(points)
        camera = (points - t) @ np.swapaxes(R, -1, -2)  # (..., n, 3)
        depth = camera[..., 2:]
        xy = camera[..., :2] / depth
        if k is not None:
            r2, factor = _distortion(xy, p, k)
            xy = xy * factor + r2 * p
        return np.concatenate([xy * f + c, depth], axis=-1)

    def inverse_project(self, points_uvd: ArrayLike) -> np.ndarray:
        """Image points (..., 3), px and depth in mm, as world points (..., 3) in mm.

        The distortion is undone in one step, evaluated at the distorted point, as the published numbers do: some
        millimetres off for a person in a Human3.6M image.
        """
        points = self._check_points("points_uvd", points_uvd)
        _, t, f, c, p, k = self._beside(points)
        depth = points[..., 2:]
        xy = (points[..., :2] - c) / f
        if k is not None:
            r2, factor = _distortion(xy, p, k)
            xy = (xy - r2 * p) / factor
        camera = np.concatenate([xy * depth, depth], axis=-1)  # (..., n, 3)
        return camera @ np.swapaxes(_spread(self.R_inv, points), -1, -2) + t

    def _beside(self, points):
        """The parameters with axes of 1 between those of the cameras and the last two, to go with `points`."""
        rows = (self.R, np.swapaxes(self.t, -1, -2), self.f, self.c, self.p)
        k = None if self.k is None else _spread(self.k[..., None, :], points)
        return (*(_spread(row, points) for row in rows), k)

    def _check_points(self, name, points):
        points = np.asarray(points, dtype=float)
        many = self.R.shape[:-2]
        if points.ndim < 2 + len(many) or points.shape[-1] != 3:
            shape = "(n, 3) or (..., n, 3)" if not many else f"({many[0]}, ..., n, 3)"
            raise ValueError(f"`{name}` must have the shape {shape}. Received: {points.shape}")
        if points.shape[: len(many)] != many:
            raise ValueError(f"`{name}` must begin with the axis of {many[0]} cameras. Received: {points.shape}")
        return points

    def serialize(self) -> np.ndarray:
        """R, t, f, c, p and, where there is one, k as one vector, (18,) or (21,); of N cameras (N, 18) or (N, 21)."""
        many = self.R.shape[:-2]
        parts = [self.R, self.t, self.f, self.c, self.p] + ([] if self.k is None else [self.k])
        return np.concatenate([np.reshape(part, (*many, -1)) for part in parts], axis=-1)


def _spread(values, points):
    """Values (*cameras, a, b) with axes of 1 put in, so that they have as many as `points`."""
    many = values.shape[:-2]
    return values.reshape(*many, *(1,) * (points.ndim - values.ndim), *values.shape[-2:])


def _distortion(xy, p, k):
    """The squared radius and the factor on x and y, both (..., 1)."""
    r2 = (xy**2).sum(axis=-1, keepdims=True)
    radial = 1.0 + r2 * k[..., 0:1] + r2**2 * k[..., 1:2] + r2**3 * k[..., 2:3]
    return r2, radial + (xy * p).sum(axis=-1, keepdims=True)


def camera_deserialize(s: ArrayLike) -> Camera:
    """The camera that `Camera.serialize` wrote, or the cameras.

    Args:
        s: a vector of 18 or 21 numbers; (N, 18) or (N, 21) for N cameras.

    Raises:
        ValueError: on another shape.
    """
    s = np.asarray(s, dtype=float)
    if s.ndim not in (1, 2) or s.shape[-1] not in (18, 21):
        raise ValueError(f"`s` must be a vector of 18 or 21 numbers. Received: {s.shape}")
    R, t, f, c, p, k = np.split(s, [9, 12, 14, 16, 18], axis=-1)
    return Camera(R.reshape(*s.shape[:-1], 3, 3), t, f, c, p, k if k.shape[-1] else None)


def project_pred_to_camera(pred: ArrayLike, afmat: ArrayLike, resol_z: float, root_z: ArrayLike) -> np.ndarray:
    """Predictions in the crop as pixels of the frame and depth.

    Args:
        pred: (N, J, 3) normalised to the crop, 0.5 is the root's depth.
        afmat: (N, 3, 3) or (3, 3), from frame px to the normalised crop.
        resol_z: range of depth in mm that [0, 1] stands for.
        root_z: (N,) depth of the root joint, mm.

    Returns:
        (N, J, 3): x and y in px, depth in mm.
    """
    pred = np.asarray(pred, dtype=float)
    if pred.ndim != 3 or pred.shape[-1] != 3:
        raise ValueError(f"`pred` must have the shape (N, J, 3). Received: {pred.shape}")
    xy = transform_pose_sequence(afmat, pred[..., :2], inverse=True)
    z = resol_z * (pred[..., 2:] - 0.5) + np.reshape(root_z, (-1, 1, 1))  # (N, J, 1)
    return np.concatenate([xy, z], axis=-1)
