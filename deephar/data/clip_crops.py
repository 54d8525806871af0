"""How a clip of whole frames is cut and augmented: one place, one mirror, one contrast for all frames and streams.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4: 25 frames a second, their short side 256 px.

                 train                        test, one clip from the middle, cropped in the middle
    Kinetics     64 x 224 x 224, at random    250 x 256 x 256
    UCF-101      64 x 224 x 298, at random    128 x 224 x 298        frames x height x width
    HMDB-51      64 x 224 x 298, at random     64 x 224 x 298

Training mirrors at random and changes contrast and brightness, by how much the paper does not say. Everything of a
sample is drawn before anything is read, so the same generator gives the same crop of the same moment whichever streams
are read.
"""

from dataclasses import dataclass

import numpy as np

from deephar.data.video_frames import DEFAULT_FPS, SHORT_SIDE_PX
from deephar.utils.settings import Settings, int_list, positive

LEVELS = 255


@dataclass
class ClipConfig(Settings):
    """How clips are cut from videos, and what training draws at random.

    Attributes:
        num_frames: T, frames of a clip.
        crop_resolution: (width, height) of the crop in px.
        short_side: px to which the short side of the frames is scaled first.
        fps: frames a second.
        hflips: what is drawn from; 1 mirrors.
        contrast: (low, high), factor on the distance from the clip's mean grey; paper: not stated.
        brightness: (low, high), added to pixels in [0, 1]; paper: not stated.
        value_range: what the pixel values 0 and 255 become.
        pad_color: RGB, 0 to 255, where a frame is narrower than the crop.

    Raises:
        TypeError, ValueError: on a value outside of what is said above.
    """

    num_frames: int = 64
    crop_resolution: tuple = (224, 224)
    short_side: int = SHORT_SIDE_PX
    fps: float = DEFAULT_FPS
    hflips: tuple = (0, 1)
    contrast: tuple = (0.8, 1.2)
    brightness: tuple = (-0.125, 0.125)
    value_range: tuple = (-1.0, 1.0)
    pad_color: tuple = (0, 0, 0)

    fixed_subsampling = 1  # frames from one to the next, as in `DataConfig`

    def _checked(self, name, value):
        if name in ("num_frames", "short_side"):
            return positive(name, value)
        if name == "fps":
            if isinstance(value, bool) or not 0 < value < float("inf"):
                raise ValueError(f"`fps` must be above 0. Received: {value!r}")
            return float(value)
        if name == "crop_resolution":
            return _checked_list(name, int_list(name, value), 2, True, "(width, height) in px")
        values = [v.item() if isinstance(v, np.generic) else v for v in value]
        if name == "pad_color":
            fits = all(isinstance(v, int) and 0 <= v <= LEVELS for v in values)
            return _checked_list(name, values, 3, fits, "RGB from 0 to 255")
        if name == "hflips":
            return _checked_list(name, values, None, values and set(values) <= {0, 1}, "a list of 0 and 1")
        fits = all(np.isfinite(v) for v in values) and (name != "contrast" or min(values, default=0) >= 0)
        allowed = "(low, high)" + (", 0 or above" if name == "contrast" else "")
        rising = values == sorted(values) and (name != "value_range" or len(set(values)) == 2)
        return _checked_list(name, [float(v) for v in values], 2, fits and rising, allowed)

    __hash__ = Settings.__hash__

    @property
    def input_shape(self) -> tuple:
        """(T, H, W, 3) of a clip."""
        return (self.num_frames, *self.crop_resolution[::-1], 3)

    def get_fixed_config(self) -> dict:
        """What validation and test use, see `random_data_generator`."""
        return {"start": None, "left": None, "top": None, "hflip": 0, "contrast": 1.0, "brightness": 0.0}

    def random_data_generator(self, rng: np.random.Generator | None = None) -> dict:
        """One random draw of what `get_fixed_config` holds.

        Args:
            rng: a `numpy.random.Generator`; by default a new one that nothing seeds.

        Returns:
            Dict with `start`, `left` and `top`, in [0, 1) of the room that there is (None: the middle), `hflip`,
            `contrast` and `brightness`.
        """
        rng = np.random.default_rng() if rng is None else rng
        start, left, top = rng.uniform(size=3).tolist()
        return {
            "start": start,
            "left": left,
            "top": top,
            "hflip": self.hflips[int(rng.integers(len(self.hflips)))],
            "contrast": float(rng.uniform(*self.contrast)),
            "brightness": float(rng.uniform(*self.brightness)),
        }


def _checked_list(name, values, length, fits, allowed):
    """Return values as a tuple if there are `length` of them and they fit, else raise ValueError."""
    if length not in (None, len(values)) or not fits:
        raise ValueError(f"`{name}` must be {allowed}. Received: {tuple(values)}")
    return tuple(values)


kinetics_train_clips = ClipConfig()
kinetics_test_clips = ClipConfig(num_frames=250, crop_resolution=(256, 256))
ucf101_train_clips = ClipConfig(crop_resolution=(298, 224))
ucf101_test_clips = ClipConfig(num_frames=128, crop_resolution=(298, 224))
hmdb51_train_clips = ClipConfig(crop_resolution=(298, 224))
hmdb51_test_clips = ClipConfig(num_frames=64, crop_resolution=(298, 224))


def place(room: int, share: float | None) -> int:
    """Return where something lies in `room` possible steps from 0: at a share in [0, 1) of them, or in the middle.

    Where it is larger than what it lies in, `room` is below 0 and it is in the middle: the odd step is at the end.
    """
    if room < 0:
        return -(-room // 2)
    return room // 2 if share is None else min(int(share * (room + 1)), room)


def clip_numbers(length: int, num_frames: int, share: float | None = None) -> list[int]:
    """Return the frames of a clip of consecutive frames.

    Args:
        length: int. Frames of the video.
        num_frames: int. Frames of the clip. Of those that a shorter video lacks, half repeat its first frame and half
            its last one; an odd one repeats the last.
        share: float in [0, 1) or None. Where the clip begins, from the first to the last possible place; None: so that
            it lies in the middle.

    Returns:
        List of `num_frames` numbers, ascending.

    Example:
        >>> clip_numbers(10, 4), clip_numbers(3, 6)
        ([3, 4, 5, 6], [0, 0, 1, 2, 2, 2])
    """
    start = place(length - num_frames, share)
    return [min(max(start + number, 0), length - 1) for number in range(num_frames)]


def crop_frames(frames: np.ndarray, augmentation: dict, resolution: tuple[int, int], fill: object = 0) -> np.ndarray:
    """Cut the crop of a draw from all frames of a clip; not yet mirrored.

    Args:
        frames: (T, H, W, C).
        augmentation: dict with `left` and `top`, as `ClipConfig.random_data_generator` draws.
        resolution: (width, height) px.
        fill: a number or C numbers, where a frame is smaller than the crop; the frame is then in the middle.

    Returns:
        (T, height, width, C) of the type of `frames`; a view of them where nothing is filled.
    """
    (width, height), size = resolution, frames.shape[1:3]
    top, left = place(size[0] - height, augmentation["top"]), place(size[1] - width, augmentation["left"])
    part = frames[:, max(top, 0) : top + height, max(left, 0) : left + width]
    if part.shape[1:3] == (height, width):
        return part
    crop = np.empty((len(frames), height, width, frames.shape[-1]), frames.dtype)  # (T, height, width, C)
    crop[...] = fill
    top, left = max(-top, 0), max(-left, 0)
    crop[:, top : top + part.shape[1], left : left + part.shape[2]] = part
    return crop


def scale_clip(
    pixels: np.ndarray, value_range: tuple[float, float], contrast: float = 1.0, brightness: float = 0.0
) -> np.ndarray:
    """Return a clip of uint8 pixels in a value range, after contrast about its mean grey and brightness, clipped.

    Args:
        pixels: uint8 (T, H, W, C).
        value_range: (low, high), what 0 and 255 become.
        contrast: float. Factor on the distance from the mean of all pixels of the clip.
        brightness: float. Added to pixels in [0, 1].

    Returns:
        float32 (T, H, W, C).
    """
    low, high = value_range
    levels = np.arange(LEVELS + 1) / LEVELS
    if contrast != 1 or brightness != 0:
        mean = float(pixels.mean()) / LEVELS
        levels = ((levels - mean) * contrast + mean + brightness).clip(0, 1)
    return (levels * (high - low) + low).astype(np.float32)[pixels]
