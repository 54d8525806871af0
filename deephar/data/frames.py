"""From a frame to a network input: one affine map carries pixels and joints into the crop.

    frame px  --afmat-->  crop, normalised to [0, 1] x [0, 1]
       |                      |
    image --cut--> (H, W, 3) uint8 --normalise--> float32 in [-1, 1]
    joints  --crop_points--> (N, 2) --label_pose--> (J, dim + 1), absent joints -1e9

The frame is never rotated as a whole. A JPEG that is to be shrunk is decoded at a half, a quarter or an eighth of its
size, only the part below the crop is taken further, and that is resampled once: a straight crop by averaging, a turned
one bilinearly (after whole pixels were averaged, if it still shrinks by 2 or more; below that, bilinear sampling is
closer to the true average than shrinking first). What lies outside of the frame is black (-1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from deephar.config import DataConfig
from deephar.utils.images import to_rgb
from deephar.utils.pose import ABSENT, PoseLayout, get_visible_joints, take_joints
from deephar.utils.transform import T, transform_2d_points

MAX_PADDING = 16  # a straight crop larger than this many frames is sampled instead of being padded first


@dataclass(frozen=True)
class Crop:
    """Where a crop lies in its frame.

    Attributes:
        afmat: np.ndarray (3, 3). Map from frame pixels to the crop normalised to [0, 1].
        resolution: tuple (width, height) of the crop in pixels.
        hflip: bool. Whether the crop is flipped, so that left and right joints change places.
        pad_color: tuple of int. RGB, 0 to 255, of what lies outside of the frame.
    """

    afmat: np.ndarray
    resolution: tuple[int, int]
    hflip: bool
    pad_color: tuple[int, int, int] = (0, 0, 0)


def make_crop(
    frame_size: tuple[int, int],
    centre: ArrayLike,
    window: ArrayLike,
    augmentation: dict,
    resolution: tuple[int, int],
    pad_color: tuple[int, int, int] = (0, 0, 0),
) -> Crop:
    """Place a crop: turn the frame about `centre`, cut `window` around it, scale to `resolution`, flip, shear.

    Args:
        frame_size: tuple (width, height) of the frame, px.
        centre: tuple (x, y) in the frame, px.
        window: tuple (width, height) to cut, frame px (borders are rounded to whole pixels).
        augmentation: dict with `angle` (degrees, counter-clockwise), `hflip` (0 or 1) and, where it is not 0, `shear`
            (shift of the top to the right against the bottom, over the height).
        resolution: tuple (width, height) of the crop, px.
        pad_color: tuple of int. RGB, 0 to 255, of what lies outside of the frame.

    Returns:
        A `Crop`.

    Raises:
        ValueError: the window is not finite or smaller than a pixel.
    """
    centre, window = np.asarray(centre, dtype=float), np.asarray(window, dtype=float)
    if not (np.isfinite(centre).all() and np.isfinite(window).all() and window.min() >= 2):
        raise ValueError(
            "`centre` and `window` must be finite and the window at least 2 px. "
            f"Received: centre={centre.tolist()}, window={window.tolist()}"
        )
    geometry = T(None, img_size=tuple(frame_size))
    geometry.rotate_crop(augmentation["angle"], centre, tuple(window))
    geometry.resize(tuple(resolution))
    if augmentation["hflip"] == 1:
        geometry.horizontal_flip()
    geometry.normalize_affinemap()
    slope = augmentation.get("shear", 0) * resolution[1] / resolution[0]
    sheared = np.array([[1, -slope, slope / 2], [0, 1, 0], [0, 0, 1]])  # about the middle of the crop
    return Crop(sheared @ geometry.afmat, tuple(int(n) for n in resolution), bool(geometry.hflip), tuple(pad_color))


def frame_window(
    size: tuple[int, int], resolution: tuple[int, int], whole: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return centre (x, y) and window (width, height), frame px, of a crop in the middle of a frame.

    Args:
        size: (width, height) of the frame, px.
        resolution: (width, height) of the crop, px.
        whole: whether all of the frame is seen, the rest padded; or else the crop is filled.
    """
    ratios = [n / m for n, m in zip(size, resolution, strict=True)]  # frame px a crop px
    shrink = max(ratios) if whole else min(ratios)
    return (size[0] / 2, size[1] / 2), (shrink * resolution[0], shrink * resolution[1])


def cut(image: Image.Image, crop: Crop) -> np.ndarray:
    """Sample the crop from an image.

    Args:
        image: `PIL.Image.Image`, best one that was opened but not yet decoded.
        crop: `Crop` made for this image's size.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    width, height = crop.resolution
    to_crop_px = np.diag([width, height, 1.0]) @ crop.afmat
    to_frame = np.linalg.inv(to_crop_px)
    shrink = math.sqrt(abs(np.linalg.det(to_frame[:2, :2])))  # frame px a crop px
    image, reduced = _decode_reduced(image, shrink)
    to_source = np.diag([1 / reduced, 1 / reduced, 1.0]) @ to_frame
    corners = to_source[:2] @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], dtype=float)
    low, high = corners.min(axis=1), corners.max(axis=1)
    straight = abs(to_source[0, 1]) < 1e-9 and abs(to_source[1, 0]) < 1e-9
    if straight and np.prod(high - low + 2) < MAX_PADDING * image.size[0] * image.size[1]:
        cropped = _cut_straight(image, low, high, crop)
    else:
        cropped = _cut_turned(image, low, high, to_source, crop)
    return np.asarray(cropped)


def _decode_reduced(image, shrink):
    """Let the JPEG decoder shrink by the largest power of two up to `shrink`; return image (RGB) and the factor."""
    reduced = 1.0
    if shrink >= 2 and getattr(image, "format", None) == "JPEG":
        factor = min(8, 2 ** int(math.log2(shrink)))
        width, height = image.size
        drafted = image.draft("RGB", (max(1, width // factor), max(1, height // factor)))
        if drafted is not None:
            reduced = width / drafted[1][2]
    return to_rgb(image), reduced


def _cut_straight(image, low, high, crop):
    """Crop and resize in one step, for a crop whose sides are parallel to the frame's."""
    left, top = (int(n) for n in np.floor(low + 1e-6))
    right, bottom = (int(n) for n in np.ceil(high - 1e-6))
    part = _padded(image, (left, top, right, bottom), crop.pad_color)
    box = np.clip([low[0] - left, low[1] - top, high[0] - left, high[1] - top], 0, [*part.size, *part.size])
    part = part.resize(crop.resolution, Image.BILINEAR, box=tuple(float(n) for n in box))
    return part.transpose(Image.FLIP_LEFT_RIGHT) if crop.hflip else part


def _padded(image, box, color):
    """The part (left, top, right, bottom) of an image, with `color` where it lies outside of the image."""
    part = image.crop(box)  # black outside
    left, top, right, bottom = box
    if not any(color) or (left >= 0 and top >= 0 and right <= image.size[0] and bottom <= image.size[1]):
        return part
    inside = (max(-left, 0), max(-top, 0), image.size[0] - left, image.size[1] - top)
    whole = Image.new("RGB", part.size, tuple(color))
    seen = part.crop((*inside[:2], *np.minimum(inside[2:], part.size).tolist()))
    whole.paste(seen, inside[:2])
    return whole


def _cut_turned(image, low, high, to_source, crop):
    """Sample a turned crop bilinearly from the part of the image below it, averaged down to under 2 px a sample."""
    factor = max(1, int(math.sqrt(abs(np.linalg.det(to_source[:2, :2])))))
    size = np.array(image.size)
    left, top = np.clip(np.floor(low - 2 * factor), 0, size - 1).astype(int)
    right, bottom = np.clip(np.ceil(high + 2 * factor), [left + 1, top + 1], size).astype(int)
    box = tuple(int(n) for n in (left, top, right, bottom))
    part = image.reduce(factor, box) if factor > 1 else image.crop(box)
    to_part = np.diag([1 / factor, 1 / factor, 1.0]) @ np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    coefficients = (to_part @ to_source)[:2].ravel().tolist()  # crop px -> px of the part
    return part.transform(crop.resolution, Image.AFFINE, coefficients, Image.BILINEAR, fillcolor=tuple(crop.pad_color))


def normalise(
    pixels: np.ndarray,
    channel_power: ArrayLike = 1,
    geoocclusion: Sequence[int] | None = None,
    value_range: tuple[float, float] = (-1.0, 1.0),
) -> np.ndarray:
    """Scale uint8 pixels to a range after raising each channel to a power, and blank one rectangle.

    Args:
        pixels: np.ndarray (H, W, 3) uint8, or (T, H, W, 3): all frames of a clip alike.
        channel_power: float or array. One exponent, or one for each channel, applied to values in [0, 1].
        geoocclusion: list of int or None. Box (x1, y1, x2, y2) in crop px that is set to mid-grey.
        value_range: tuple of float. What the values 0 and 255 become.

    Returns:
        The same shape, float32.
    """
    powers = np.broadcast_to(np.asarray(channel_power, dtype=np.float64), (3,))
    low, high = value_range
    levels = np.arange(256) / 255.0
    if (powers == powers[0]).all():
        frame = (levels ** powers[0] * (high - low) + low).astype(np.float32)[pixels]
    else:
        table = (levels[:, None] ** powers * (high - low) + low).astype(np.float32)  # (256, C)
        frame = np.empty(pixels.shape, dtype=np.float32)
        for channel in range(3):
            np.take(table[:, channel], pixels[..., channel], out=frame[..., channel])
    if geoocclusion is not None:
        left, top, right, bottom = geoocclusion
        frame[..., top:bottom, left:right, :] = (low + high) / 2
    return frame


def place_crop(
    frame_size: tuple[int, int], centre: ArrayLike, window: ArrayLike, augmentation: dict, dataconf: DataConfig
) -> Crop:
    """Return `make_crop` with the resolution and pad colour of a `DataConfig`."""
    return make_crop(frame_size, centre, window, augmentation, dataconf.crop_resolution, dataconf.pad_color)


def scale_pixels(pixels: np.ndarray, augmentation: dict, dataconf: DataConfig) -> np.ndarray:
    """Return `normalise` with a sample's colours and occlusion, in the value range of a `DataConfig`."""
    return normalise(pixels, augmentation["chpower"], augmentation["geoocclusion"], dataconf.value_range)


def crop_points(crop: Crop, points_px: ArrayLike) -> np.ndarray:
    """Map (N, 2) frame pixels (NaN where absent) into the normalised crop."""
    return transform_2d_points(crop.afmat, np.asarray(points_px, dtype=np.float64), transpose=True)


def label_joints(
    crop: Crop, joints_px: ArrayLike, places: ArrayLike, layout: PoseLayout, remove_outer_joints: bool = True
) -> np.ndarray:
    """Turn joints annotated in 2D into a training label, as `label_pose`; a third coordinate is absent.

    Args:
        crop: `Crop`.
        joints_px: array (K, 2), frame px, NaN where absent, in the annotation's own order.
        places: array (J,) of `joint_places`: where the layout's joints stand in that order.
        layout: `PoseLayout` of the label.
        remove_outer_joints: bool. Make joints outside of the crop absent too.
    """
    coordinates = np.full((layout.num_joints, layout.dim), np.nan)
    coordinates[:, 0:2] = take_joints(crop_points(crop, joints_px), places)
    return label_pose(coordinates, layout, crop.hflip, remove_outer_joints)


def label_pose(
    coordinates: ArrayLike, layout: PoseLayout, hflip: bool = False, remove_outer_joints: bool = True
) -> np.ndarray:
    """Turn normalised coordinates into a training label.

    Args:
        coordinates: array (..., J, dim) normalised to the crop, NaN where absent; J in the order of `layout`.
        layout: `PoseLayout`, for the joints that change places in a flipped crop.
        hflip: bool. Whether the crop is flipped.
        remove_outer_joints: bool. Make joints outside of the crop absent too.

    Returns:
        (..., J, dim + 1): coordinates, absent ones -1e9, then 1 for a joint inside the crop and 0 for any other.

    Raises:
        ValueError: a flipped crop, and a layout that does not say what is left and right.
    """
    pose = np.array(coordinates, dtype=np.float64)
    if hflip:
        if len(layout.map_hflip) != layout.num_joints:
            raise ValueError(f"`layout` must say by `map_hflip` which joints a flip exchanges. Received: {layout.name}")
        pose = pose[..., layout.map_hflip, :]
    pose[np.isnan(pose)] = ABSENT
    visible = get_visible_joints(pose[..., 0:2])  # (..., J)
    if remove_outer_joints:
        pose[visible == 0] = ABSENT
    return np.concatenate([pose, visible[..., None]], axis=-1)  # (..., J, dim + 1)


def label_visible(visible: ArrayLike, layout: PoseLayout, hflip: bool = False) -> np.ndarray:
    """Return (J,) float: 1 for joints that can be seen in the image, 0 for hidden ones, NaN where it is not known.

    Args:
        visible: (J,), in the order of `layout`, of the image as it is.
        layout: `PoseLayout`, for the joints that change places in a flipped crop.
        hflip: bool. Whether the crop is flipped.
    """
    visible = np.asarray(visible, dtype=np.float64)
    return visible[list(layout.map_hflip)] if hflip else visible
