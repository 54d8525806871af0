"""Poses as Gaussian heat maps."""

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.math import normalpdf2d
from deephar.utils.pose import get_visible_joints


def center_maps(centers: ArrayLike, size: tuple[int, int], sigma_px: float) -> np.ndarray:
    """Gaussians of peak 1 at points, one map a point: (B, H, W, 1) float32.

    Wei et al., "Convolutional Pose Machines", CVPR 2016: where the person is of whom a network shall see the joints.

    Args:
        centers: (B, 2), x and y normalised to the map; the centre of pixel c is at (c + 0.5) / W.
        size: (H, W).
        sigma_px: width in pixels of the map.
    """
    centers = np.asarray(centers, dtype=np.float64)  # (B, 2)
    rows, columns = (
        np.exp(-(((np.arange(count) + 0.5) - count * position[:, None]) ** 2) / (2 * sigma_px**2))
        for count, position in zip(size, (centers[:, 1], centers[:, 0]), strict=True)
    )  # (B, H), (B, W)
    return np.einsum("bh,bw->bhw", rows, columns)[..., None].astype(np.float32)


class HeatMaps2D:
    """The heat maps of many poses, computed when they are indexed.

    Args:
        poses: (N, J, dim), or (N, T, J, dim) for clips, normalised to [0, 1].
        numbins: side of the maps.
        variance: of the Gaussians, in square bins.
    """

    def __init__(self, poses, numbins, variance=0.3):
        if len(poses.shape) not in (3, 4) or poses.shape[-1] not in (2, 3):
            raise ValueError(f"`poses` must hold 2D or 3D poses, (N, [T,] J, dim). Received: {poses.shape}")
        self.poses = poses
        self.num_frames = poses.shape[1] if len(poses.shape) == 4 else None
        self.numbins = numbins
        self.variance = variance
        self.num_joints = int(poses.shape[-2])

    def __getitem__(self, key):
        return pose_heatmaps(self.poses[key], self.numbins, self.num_joints, variance=self.variance)

    def __len__(self):
        return len(self.poses)

    @property
    def shape(self):
        frames = () if self.num_frames is None else (self.num_frames,)
        return (len(self), *frames, self.numbins, self.numbins, self.num_joints)


def pose_heatmaps(
    p: ArrayLike, num_bins: int, num_joints: int, variance: float = 0.1, num_frames: int | None = None
) -> np.ndarray:
    """Heat maps of a pose (J, dim), or of poses (..., J, dim): (..., num_bins, num_bins, num_joints).

    Every map of a joint inside the image sums to 1, the others are zero.

    Args:
        p: coordinates normalised to [0, 1], x and y first; the first `num_joints` are read.
        variance: of the Gaussians, in square bins.
        num_frames: T of a clip (T, J, dim); by default what `p` has.
    """
    p = np.asarray(p)
    if num_frames is not None and (p.ndim < 3 or p.shape[-3] != num_frames):
        raise ValueError(f"`p` must have the shape ({num_frames}, num_joints, dim). Received: {p.shape}")
    xy = p[..., :num_joints, :2]
    centre = np.where(get_visible_joints(xy)[..., None] > 0, num_bins * xy, np.inf)  # (..., J, 2)
    maps = normalpdf2d(num_bins, centre[..., 0], centre[..., 1], variance)  # (..., J, num_bins, num_bins)
    return np.moveaxis(maps, -3, -1)  # (..., num_bins, num_bins, J)
