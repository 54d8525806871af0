"""Affine maps of points, and an image with one affine map that is resampled once.

Points are (x, y) in px with 0 at the left and top border of the image; a pixel's centre lies at + 0.5. `afmat` (3, 3)
maps the pixels of the source to the present state: pixels of the crop, or [0, 1] after `normalize_affinemap`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from PIL import Image

from deephar.utils.pose import ABSENT, VALID_ABOVE

Size = tuple[int, int]  # width, height in px

BILINEAR = Image.Resampling.BILINEAR


def _scaling(w, h):
    return np.diag([w, h, 1.0])


def _translation(x, y):
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _rotation(angle):
    """Return the matrix of a counter-clockwise rotation on a screen (y downwards), the angle in degrees."""
    a, b = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[a, b, 0.0], [-b, a, 0.0], [0.0, 0.0, 1.0]])


class AffineTransform:
    """A matrix `afmat`, float (3, 3), to which every call appends one more step."""

    def __init__(self):
        self.afmat = np.eye(3)

    def _apply(self, t):
        self.afmat = t @ self.afmat

    def scale(self, w: float, h: float) -> None:
        """Multiply x by `w` and y by `h`."""
        self._apply(_scaling(w, h))

    def translate(self, x: float, y: float) -> None:
        """Add `x` and `y` to the coordinates, px."""
        self._apply(_translation(x, y))

    def rotate(self, angle: float, center: Sequence[float]) -> None:
        """Rotate by `angle` degrees counter-clockwise around `center` (x, y), px."""
        self.translate(-center[0], -center[1])
        self.rotate_center(angle)
        self.translate(center[0], center[1])

    def rotate_center(self, angle: float) -> None:
        """Rotate by `angle` degrees counter-clockwise around the origin."""
        self._apply(_rotation(angle))

    def affine_hflip(self) -> None:
        """Change the sign of x."""
        self._apply(_scaling(-1, 1))


class T(AffineTransform):
    """An image under an affine map: crops, resizes, rotations and flips are collected and resampled once, on reading.

    Args:
        img: PIL.Image.Image, or None for the geometry alone.
        img_size: (width, height) in px, needed where `img` is None.

    Attributes:
        afmat: float (3, 3), map from the pixels of `img` as given.
        hflip: bool. Whether the image is flipped.
        img: PIL.Image.Image in its present state, or None where there is none.
        size: (width, height) in px, in its present state.

    Raises:
        ValueError: neither `img` nor `img_size` is given.
    """

    def __init__(self, img: Image.Image | None, img_size: Sequence[int] | None = None):
        super().__init__()
        if img is None and img_size is None:
            raise ValueError("`img_size` must be (width, height) where `img` is None. Received: None")
        self.hflip = False
        self._resample = BILINEAR
        self._set_source(img, img_size if img is None else img.size)

    def _set_source(self, img, size):
        self._source, self._rendered = img, img
        self._size = tuple(int(n) for n in size)
        self._pixels = np.eye(3)  # source px -> present px; unlike `afmat` it ignores steps on the matrix alone

    def _apply_pixels(self, t, size):
        """Append one more step for the image itself."""
        self._pixels = t @ self._pixels
        self._size = tuple(int(n) for n in size)
        self._rendered = None

    @property
    def size(self) -> Size:
        """(width, height) of the image in its present state, px."""
        return self._size

    @property
    def img_size(self) -> Size:
        """The same as `size`."""
        return self._size

    @property
    def img(self) -> Image.Image | None:
        """The image in its present state, or None where there is none; one that is set begins a new map of pixels."""
        if self._rendered is None and self._source is not None:
            self._rendered = _resample(self._source, self._pixels, self._size, self._resample)
        return self._rendered

    @img.setter
    def img(self, img: Image.Image | None) -> None:
        self._set_source(img, self._size if img is None else img.size)

    def resize(self, size: Sequence[int], resample: Image.Resampling = BILINEAR) -> None:
        """Stretch the image to `size` (width, height) px, with a filter of Pillow."""
        t = _scaling(size[0] / self.size[0], size[1] / self.size[1])
        self._apply(t)
        self._apply_pixels(t, size)
        self._resample = resample

    def normalize_affinemap(self) -> None:
        """Let `afmat` map to [0, 1] over the present image."""
        self.scale(1 / self.size[0], 1 / self.size[1])

    def crop(self, box: Sequence[float]) -> None:
        """Keep `box` (x1, y1, x2, y2) in px of the present image; what lies outside is black."""
        t = _translation(-box[0], -box[1])
        self._apply(t)
        self._apply_pixels(t, (box[2] - box[0], box[3] - box[1]))

    def rotate_crop(
        self,
        angle: float,
        center: Sequence[float] | None,
        winsize: Sequence[float],
        resample: Image.Resampling = BILINEAR,
    ) -> None:
        """Rotate the image around a point and keep a window around it.

        Args:
            angle: float. Degrees, counter-clockwise.
            center: (x, y) in px of the present image; None: its middle.
            winsize: (width, height) of the window in px.
            resample: PIL.Image.Resampling. Filter of Pillow.
        """
        center = np.asarray((self.size[0] / 2, self.size[1] / 2) if center is None else center, dtype=float)
        turn = _translation(*center) @ _rotation(angle) @ _translation(*-center) if angle else np.eye(3)
        # The window starts on a whole pixel of the turned image, whose top left corner is the origin.
        corners = np.array([[0, self.size[0], 0, self.size[0]], [0, 0, self.size[1], self.size[1]]])
        margin = transform_2d_points(turn @ self.afmat, corners).min(axis=1)
        t = _translation(*-margin) @ turn
        self._apply(t)
        self._apply_pixels(t, self.size)
        middle = transform_2d_points(self.afmat, center)
        half = np.asarray(winsize) / 2
        self.crop(np.concatenate([middle - half, middle + half]).astype(int))
        self._resample = resample

    def horizontal_flip(self) -> None:
        """Flip the image horizontally."""
        t = _translation(self.size[0], 0) @ _scaling(-1, 1)
        self._apply(t)
        self._apply_pixels(t, self.size)
        self.hflip = not self.hflip

    def asarray(self, dtype: DTypeLike = np.float32) -> np.ndarray:
        """Return the image in its present state, (H, W, 3) in [0, 255]; zeros where there is no image."""
        if self._source is None:
            return np.zeros((self.size[1], self.size[0], 3), dtype=dtype)
        return np.asarray(self.img, dtype=dtype)


def _resample(source, matrix, size, resample):
    """Return the image of `size` that `matrix` maps `source` to; for shrinking, pixels are averaged first."""
    factor = int(1 / max(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))), 1e-6))
    if factor >= 2:
        source = source.reduce(factor)
        matrix = matrix @ _scaling(factor, factor)
    inverse = np.linalg.inv(matrix)
    return source.transform(size, Image.Transform.AFFINE, inverse[:2].ravel().tolist(), resample)


def transform_2d_points(A: ArrayLike, x: ArrayLike, transpose: bool = False, inverse: bool = False) -> np.ndarray:
    """Apply an affine map to points.

    Args:
        A: array (3, 3).
        x: array (2, N), or (N, 2) with `transpose`, or one point (2,).
        transpose: bool. Whether `x` has one point a row.
        inverse: bool. Apply the inverse of `A`.

    Returns:
        The points as floats, in the shape of `x`.

    Raises:
        ValueError: `x` has another shape.
    """
    x = np.asarray(x, dtype=float)
    axis = -1 if transpose or x.ndim == 1 else 0
    if x.ndim not in (1, 2) or x.shape[axis] != 2:
        raise ValueError(f"`x` must hold 2D points, (2, N), or (N, 2) with `transpose`. Received: {x.shape}")
    A = np.linalg.inv(A) if inverse else np.asarray(A)
    points = x if axis == -1 else x.T  # (N, 2) or (2,)
    y = points @ A[:2, :2].T + A[:2, 2]
    return y if axis == -1 else y.T


def crop_to_frame(points: ArrayLike, afmat: ArrayLike) -> np.ndarray:
    """Return points of crops in pixels of their frames.

    Args:
        points: array (..., J, D), x and y first, normalised to the crop. Absent ones (-1e9) stay absent; what follows x
            and y stays as it is.
        afmat: array (3, 3), the map from frame pixels to the crop, or (N, 3, 3) for points (..., N, J, D).

    Returns:
        float64 (..., J, D), x and y in frame pixels.
    """
    points, inverse = np.array(points, np.float64), np.linalg.inv(np.asarray(afmat, np.float64))
    absent = (points[..., :2] < VALID_ABOVE).any(axis=-1, keepdims=True)  # (..., J, 1)
    xy = np.where(absent, 0.0, points[..., :2])
    moved = xy @ np.swapaxes(inverse[..., :2, :2], -1, -2) + inverse[..., None, :2, 2]  # (..., J, 2)
    points[..., :2] = np.where(absent, ABSENT, moved)
    return points


def transform_pose_sequence(A: ArrayLike, poses: ArrayLike, inverse: bool = True) -> np.ndarray:
    """Apply an affine map, or one for each pose, to a sequence of 2D poses.

    Args:
        A: array (3, 3) or (N, 3, 3); it is not changed.
        poses: array (N, J, 2).
        inverse: bool. Apply the inverse of `A`, from the crop back to the frame.

    Returns:
        float (N, J, 2).

    Raises:
        ValueError: `A` or `poses` has another shape.
    """
    A, poses = np.asarray(A), np.asarray(poses, dtype=float)
    if poses.ndim != 3 or poses.shape[-1] != 2:
        raise ValueError(f"`poses` must have the shape (N, J, 2). Received: {poses.shape}")
    if A.shape not in ((3, 3), (len(poses), 3, 3)):
        raise ValueError(f"`A` must have the shape (3, 3) or ({len(poses)}, 3, 3). Received: {A.shape}")
    A = np.linalg.inv(A) if inverse else A
    return poses @ np.swapaxes(A[..., :2, :2], -1, -2) + A[..., None, :2, 2]  # (N, J, 2)


def normalize_channels(frame: ArrayLike, channel_power: ArrayLike = 1) -> np.ndarray:
    """Scale a frame from [0, 255] to [-1, 1], after raising every channel in [0, 1] to a power.

    Args:
        frame: array (H, W) of one channel, or (..., H, W, C), in [0, 255]; it is not changed.
        channel_power: a number, or one for each channel.

    Returns:
        Array in the shape of `frame` in [-1, 1], of its type where that is a float, else float32.

    Raises:
        ValueError: `channel_power` has another length than the channels.
    """
    frame = np.asarray(frame)
    power = np.asarray(channel_power, dtype=float)
    channels = frame.shape[-1] if frame.ndim > 2 else 1
    if power.ndim > 1 or power.ndim == 1 and len(power) != channels:
        allowed = f"a number or one for each channel, {channels} for a frame of shape {frame.shape}"
        raise ValueError(f"`channel_power` must be {allowed}. Received: {channel_power!r}")
    dtype = frame.dtype if frame.dtype.kind == "f" else np.float32
    unit = frame.astype(dtype) / 255  # (..., H, W[, C])
    if (power != 1).any():
        unit = np.power(unit, power.astype(dtype))
    return (2 * (unit - 0.5)).astype(dtype)
