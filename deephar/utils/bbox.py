"""Boxes (x1, y1, x2, y2) around poses, and the window (centre, size) that is the same thing."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.pose import get_valid_joints

RELSIZE = 1.5  # side of a box over the extent of its joints


class PoseBBox:
    """The boxes of many poses, computed when they are indexed.

    Args:
        poses: (N, J, dim), or (N, T, J, dim) for clips.
        relsize: side of the box over the extent of the valid joints.
        square: make both sides equal to the longer one.
    """

    def __init__(self, poses, relsize=RELSIZE, square=True):
        self.poses = poses
        self.relsize = relsize
        self.square = square
        self.num_frames = poses.shape[1] if len(poses.shape) == 4 else None

    def __getitem__(self, key):
        poses = np.asarray(self.poses[key])
        boxes = get_valid_bbox_array(poses.reshape((-1,) + poses.shape[-2:]), relsize=self.relsize, square=self.square)
        return boxes.reshape(poses.shape[:-2] + (4,))  # (..., 4)

    def __len__(self):
        return len(self.poses)

    @property
    def shape(self):
        return (len(self), 4) if self.num_frames is None else (len(self), self.num_frames, 4)


def get_valid_bbox(
    points: ArrayLike, jprob: ArrayLike | None = None, relsize: float = RELSIZE, square: bool = True
) -> np.ndarray:
    """The box around the valid joints of one pose.

    Args:
        points: (J, dim), x and y first.
        jprob: (J,) or (J, 1) probabilities: joints above 0.5 count. By default those with coordinates above -1e6.
        relsize: side of the box over the extent of the joints.
        square: make both sides equal to the longer one.

    Returns:
        (4,), in the unit of `points`.

    Raises:
        ValueError: if no joint is valid.
    """
    points = np.asarray(points)
    jprob = None if jprob is None else np.asarray(jprob)[None]
    return get_valid_bbox_array(points[None], jprob, relsize, square)[0]


def get_valid_bbox_array(
    pointarray: ArrayLike, jprob: ArrayLike | None = None, relsize: float = RELSIZE, square: bool = True
) -> np.ndarray:
    """The same for poses (N, J, dim) with `jprob` (N, J) or (N, J, 1): boxes (N, 4)."""
    points = np.asarray(pointarray, dtype=float)
    if points.ndim != 3 or points.shape[-1] < 2:
        raise ValueError(f"`points` must hold x and y of every joint, (J, dim). Received: {points.shape[1:]}")
    if jprob is None:
        valid = get_valid_joints(points) > 0
    else:
        valid = np.asarray(jprob).reshape(points.shape[:2]) > 0.5  # (N, J)
    empty = ~valid.any(axis=1)
    if empty.any():
        raise ValueError(f"`points` must have at least one valid joint. Received: none in pose {np.argmax(empty)}")
    low = np.where(valid[..., None], points[..., :2], np.inf).min(axis=1)  # (N, 2)
    high = np.where(valid[..., None], points[..., :2], -np.inf).max(axis=1)  # (N, 2)
    centre, half = (low + high) / 2, relsize * (high - low) / 2
    if square:
        half = np.broadcast_to(half.max(axis=1, keepdims=True), half.shape)
    return np.concatenate([centre - half, centre + half], axis=1)  # (N, 4)


def get_objpos_winsize(
    points: ArrayLike, relsize: float = RELSIZE, square: bool = True
) -> tuple[np.ndarray, tuple[float, float]]:
    """The window around all points (N, 2+): its centre (2,) and its (width, height)."""
    points = np.asarray(points)[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    size = relsize * (high - low)
    if square:
        size = np.broadcast_to(size.max(), (2,))
    return (low + high) / 2.0, (size[0], size[1])


def compute_grid_bboxes(
    frame_size: tuple[int, int], grid: tuple[int, int] = (3, 2), relsize: float = RELSIZE, square: bool = True
) -> np.ndarray:
    """Boxes to look for a person in: the frame, the frame times `relsize`, then a grid of half-overlapping windows.

    Args:
        frame_size: (width, height) px.
        grid: windows over (columns, rows).

    Returns:
        (2 + columns * rows, 4), row by row.
    """
    size = np.asarray(frame_size, dtype=float)
    half = np.stack([size / 2, relsize * size / 2, size / (np.asarray(grid) + 1)])  # frame, larger frame, one window
    if square:
        half = np.broadcast_to(half.max(axis=1, keepdims=True), half.shape)
    columns, rows = np.meshgrid(np.arange(1, grid[0] + 1), np.arange(1, grid[1] + 1))
    steps = np.stack([columns.ravel(), rows.ravel()], axis=1)  # (columns * rows, 2)
    centres = np.concatenate([[size / 2, size / 2], steps * size / (np.asarray(grid) + 1)])
    halves = half[[0, 1] + [2] * len(steps)]
    return np.concatenate([centres - halves, centres + halves], axis=1)  # (2 + columns * rows, 4)


def bbox_to_objposwin(bbox: ArrayLike) -> tuple[np.ndarray, tuple[float, float]]:
    """A box as its centre (2,) and its (width, height)."""
    return np.array([(bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2]), (bbox[2] - bbox[0], bbox[3] - bbox[1])


def objposwin_to_bbox(objpos: ArrayLike, winsize: ArrayLike) -> np.ndarray:
    """A centre (x, y) and a (width, height) as a box (4,)."""
    objpos, half = np.asarray(objpos), np.asarray(winsize) / 2
    return np.concatenate([objpos - half, objpos + half])


def _key_frames(num_frames):
    """First, middle and last."""
    return sorted({0, min(int(num_frames / 2 + 0.5), num_frames - 1), num_frames - 1})


def get_gt_bbox(
    pose: ArrayLike, visible: ArrayLike, image_size: tuple[int, int], scale: float = 1.0, logkey: object = None
) -> np.ndarray:
    """The box around a clip: the union over its first, middle and last frame.

    Args:
        pose: (T, J, dim) px, absent joints NaN or below -1e6.
        visible: (T, J), 0 where a joint is not visible. Where none is, joints with positive coordinates count; where
            there are none either, the whole image, with a warning.
        image_size: (width, height) px.
        scale: factor on the usual 1.5 times the extent.
        logkey: what to name the clip in the warning.

    Returns:
        (4,) px.
    """
    pose, visible = np.asarray(pose, dtype=float), np.asarray(visible)
    if pose.ndim != 3 or pose.shape[-1] < 2:
        raise ValueError(f"`pose` must have the shape (num_frames, num_joints, dim). Received: {pose.shape}")
    if visible.shape[:2] != pose.shape[:2]:
        raise ValueError(f"`visible` must have the shape {pose.shape[:2]}. Received: {visible.shape}")
    boxes = []
    for i in _key_frames(len(pose)):
        mask = (visible[i].reshape(-1) >= 0.5) & (get_valid_joints(pose[i]) > 0)
        joints = pose[i, mask if mask.any() else (pose[i] > 0).all(axis=-1)]
        if len(joints):
            boxes.append(get_valid_bbox(joints, relsize=RELSIZE * scale))
        else:
            warnings.warn(f"no joint to put a box around, taking the full image (key {logkey})", stacklevel=2)
            boxes.append(np.array([0.0, 0.0, image_size[0], image_size[1]]))
    boxes = np.stack(boxes)  # (frames, 4)
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def get_crop_params(
    rootj: np.ndarray, imgsize: tuple[int, int], f: np.ndarray, scale: float
) -> tuple[np.ndarray, tuple[float, float], np.ndarray]:
    """The window around a person whose root joint is known in px and mm (Human3.6M, NTU).

    The whole clip takes its first frame's window, as the published numbers do.

    Args:
        rootj: (T, 3), x and y in px and depth in mm.
        imgsize: (width, height) px.
        f: (1, 2) focal length px.
        scale: half the height of the window in metres, roughly; the centre is moved down by as many px.

    Returns:
        objpos (2,) px, winsize (width, height) px, zrange (2,) mm: nearest and farthest depth.
    """
    rootj, f = np.asarray(rootj), np.asarray(f)
    if rootj.ndim != 2 or rootj.shape[-1] != 3:
        raise ValueError(f"`rootj` must have the shape (num_frames, 3). Received: {rootj.shape}")
    x, y, depth = rootj[0]
    side = 2.25 * scale * max(imgsize[0] * f[0, 0] / depth, imgsize[1] * f[0, 1] / depth)
    return np.array([x, y + scale]), (side, side), np.array([depth - scale * 1000.0, depth + scale * 1000.0])
