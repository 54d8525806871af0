"""Pinhole cameras with distortion, between world (mm) and picture (px and depth in mm)."""

import numpy as np

from deephar.utils.transform import transform_pose_sequence


class Camera:
    """A calibrated camera, as Human3.6M gives it.

    Args:
        R: (3, 3) rotation from the world to the camera.
        t: (3,) position of the camera in the world, mm.
        f: (2,) focal length, px.
        c: (2,) principal point, px.
        p: (2,) tangential distortion.
        k: (3,) radial distortion; None: neither distortion is applied.
    """

    def __init__(self, R, t, f, c, p, k=None):
        self.R = np.asarray(R)
        self.R_inv = np.linalg.inv(self.R)
        self.t = np.reshape(t, (3, 1))
        self.f = np.reshape(f, (1, 2))
        self.c = np.reshape(c, (1, 2))
        self.p = np.reshape(p, (1, 2))
        self.k = None if k is None else np.reshape(k, (3,))

    def project(self, points_w):
        """World points (..., 3) in mm as (..., 3): x and y in px, depth in mm."""
        points = _check_points("points_w", points_w)
        camera = (points - self.t[:, 0]) @ self.R.T  # (..., 3)
        depth = camera[..., 2:]
        xy = camera[..., :2] / depth
        if self.k is not None:
            r2, factor = self._distortion(xy)
            xy = xy * factor + r2 * self.p[0]
        return np.concatenate([xy * self.f[0] + self.c[0], depth], axis=-1)

    def inverse_project(self, points_uvd):
        """Picture points (..., 3), px and depth in mm, as world points (..., 3) in mm.

        The distortion is undone in one step, evaluated at the distorted point, as the published numbers do: some
        millimetres off for a person in a Human3.6M picture.
        """
        points = _check_points("points_uvd", points_uvd)
        depth = points[..., 2:]
        xy = (points[..., :2] - self.c[0]) / self.f[0]
        if self.k is not None:
            r2, factor = self._distortion(xy)
            xy = (xy - r2 * self.p[0]) / factor
        camera = np.concatenate([xy * depth, depth], axis=-1)  # (..., 3)
        return camera @ self.R_inv.T + self.t[:, 0]

    def _distortion(self, xy):
        """The squared radius and the factor on x and y, both (..., 1)."""
        r2 = (xy**2).sum(axis=-1, keepdims=True)
        radial = 1.0 + r2 * self.k[0] + r2**2 * self.k[1] + r2**3 * self.k[2]
        return r2, radial + (xy * self.p[0]).sum(axis=-1, keepdims=True)

    def serialize(self):
        """R, t, f, c, p and, where there is one, k as one vector: (18,) or (21,)."""
        parts = [self.R, self.t, self.f, self.c, self.p] + ([] if self.k is None else [self.k])
        return np.concatenate([np.ravel(part) for part in parts])


def _check_points(name, points):
    points = np.asarray(points, dtype=float)
    if points.ndim < 2 or points.shape[-1] != 3:
        raise ValueError(f"`{name}` must have the shape (n, 3) or (..., n, 3). Received: {points.shape}")
    return points


def camera_deserialize(s):
    """The camera that `Camera.serialize` wrote.

    Raises:
        ValueError: if `s` is not a vector of 18 or 21 numbers.
    """
    s = np.asarray(s, dtype=float)
    if s.shape not in ((18,), (21,)):
        raise ValueError(f"`s` must be a vector of 18 or 21 numbers. Received: {s.shape}")
    R, t, f, c, p, k = np.split(s, [9, 12, 14, 16, 18])
    return Camera(R.reshape(3, 3), t, f, c, p, k if len(k) else None)


def project_pred_to_camera(pred, afmat, resol_z, root_z):
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
