"""What a model is built from and how its input is cropped and augmented, with the published settings.

SPNet: Luvizon, Picard and Tabia, "Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action
Recognition", TPAMI 2020. The settings named `_ar_` are those of the CVPR 2018 paper.
"""

from dataclasses import dataclass

import numpy as np

from deephar.utils.pose import as_layout
from deephar.utils.settings import Settings, int_list, positive

READERS_MARGIN = 1.25  # side of the readers' windows over the size of the person
DOWNSAMPLING_TYPES = ("maxpooling", "conv")
_INTEGERS = ("num_pyramids", "growth", "num_pose_features", "num_visual_features")


@dataclass
class ModelConfig(Settings):
    """What an SPNet is built from. The caller's lists are copied.

    Fields may be assigned one after the other (`cfg.num_pyramids = 2`); what fields must fulfil together is checked for
    the one that is set, and for all when a network is built.

    Attributes:
        input_shape: (H, W, C) for images or (T, H, W, C) for clips; H and W divisible by
            image_div * 2**(num_levels - 1).
        poselayout: a joint layout of `deephar.utils.pose`, or its name.
        num_actions: number of classes of each set of actions; empty: no action part, and `action_pyramids` is not read.
        num_pyramids: P, alternately going down and up; paper: 8 for pose, 2 to 6 for action.
        action_pyramids: pyramids that also predict actions, counted from 1.
        num_levels: L, resolutions in a pyramid; every pyramid makes L - 1 predictions; paper: 4.
        kernel_size: kernel of the separable convolutions, (rows, columns); paper: 5 x 5.
        growth: feature maps added by every level down; paper: 96.
        image_div: input size over the size at level 1, a power of two from 4 on; paper: 8.
        predict_rootz: kept for old code; no published network has such an output, and nothing reads it.
        downsampling_type: 'maxpooling' or 'conv' (strided).
        pose_replica: decoupled poses for the action part (section 4.2.3).
        num_pose_features, num_visual_features: width of the two action streams.
        sam_alpha: factor in front of the spatial softmax.
        xy_window: width in cells of the window of each map inside of which x and y are read, see `SoftArgmax2D`; None,
            as in the paper: the whole map.
        dbg_decoupled_pose, dbg_decoupled_h: also output the decoupled poses and their probability maps.

    Raises:
        TypeError, ValueError: on a value outside what is said above.
    """

    input_shape: tuple
    poselayout: object
    num_actions: list = ()
    num_pyramids: int = 8
    action_pyramids: list = (1, 2)
    num_levels: int = 4
    kernel_size: tuple = (5, 5)
    growth: int = 96
    image_div: int = 8
    predict_rootz: bool = False
    downsampling_type: str = "maxpooling"
    pose_replica: bool = False
    num_pose_features: int = 128
    num_visual_features: int = 128
    sam_alpha: float = 1
    xy_window: float | None = None
    dbg_decoupled_pose: bool = False
    dbg_decoupled_h: bool = False

    _depend_on_others = ("action_pyramids", "input_shape")

    def _checked(self, name, value):
        if name in _INTEGERS:
            return positive(name, value)
        if name in ("num_actions", "action_pyramids"):
            value = int_list(name, value)
        if name in ("input_shape", "kernel_size"):
            value = tuple(int_list(name, value))
        check = getattr(self, f"_check_{name}", None)
        return value if check is None else check(value)

    def _check_poselayout(self, value):
        layout = as_layout(value)
        if layout.dim not in (2, 3):
            raise ValueError(f"`poselayout` must have 2 or 3 dimensions. Received: {layout.dim!r}")
        return layout

    def _check_num_levels(self, value):
        if positive("num_levels", value) < 2:
            raise ValueError(f"`num_levels` must be at least 2. Received: {value!r}")
        return value

    def _check_xy_window(self, value):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0):
            raise ValueError(f"`xy_window` must be None or above 0. Received: {value!r}")
        return value

    def _check_image_div(self, value):
        if not isinstance(value, (int, np.integer)) or value < 4 or value & (value - 1):
            raise ValueError(f"`image_div` must be a power of two, 4 or more. Received: {value!r}")
        return value

    def _check_downsampling_type(self, value):
        if value not in DOWNSAMPLING_TYPES:
            allowed = " or ".join(map(repr, DOWNSAMPLING_TYPES))
            raise ValueError(f"`downsampling_type` must be {allowed}. Received: {value!r}")
        return value

    def _check_action_pyramids(self, value):
        if self.num_actions and (len(set(value)) < len(value) or max(value, default=0) > self.num_pyramids):
            allowed = f"different numbers from 1 to `num_pyramids` ({self.num_pyramids})"
            raise ValueError(f"`action_pyramids` must hold {allowed}. Received: {value!r}")
        return value

    def _check_sam_alpha(self, value):
        if not value > 0:
            raise ValueError(f"`sam_alpha` must be positive. Received: {value!r}")
        return value

    def _check_kernel_size(self, value):
        if len(value) != 2:
            raise ValueError(f"`kernel_size` must be (rows, columns). Received: {value!r}")
        return value

    def _check_input_shape(self, value):
        if len(value) not in (3, 4):
            raise ValueError(f"`input_shape` must be (H, W, C) or (T, H, W, C). Received: {value!r}")
        step = self.image_div * 2 ** (self.num_levels - 1)
        if any(size % step for size in value[-3:-1]):
            reason = f"{step} (image_div * 2**(num_levels - 1))"
            raise ValueError(f"`input_shape` must have H and W divisible by {reason}. Received: {value!r}")
        return value

    __hash__ = Settings.__hash__

    @property
    def num_joints(self) -> int:
        return self.poselayout.num_joints

    @property
    def dim(self) -> int:
        return self.poselayout.dim

    @property
    def num_frames(self) -> int | None:
        """T of a clip model, None for images."""
        return self.input_shape[0] if len(self.input_shape) == 4 else None

    @property
    def xmin(self):
        """Centre of the leftmost input pixel, normalised; kept for old code: SPNet's soft-argmax runs from 0 to 1."""
        return 1 / (2 * self.input_shape[-2])

    @property
    def ymin(self):
        """Centre of the topmost input pixel, normalised; kept for old code."""
        return 1 / (2 * self.input_shape[-3])


CHANNEL_POWERS = tuple((0.01 * np.arange(90, 111, 2)).tolist())
_CHOICES = ("angles", "scales", "trans_x", "trans_y", "hflips", "chpower", "geoocclusion", "subsampling", "shears")


@dataclass
class DataConfig(Settings):
    """How a person is cropped from a frame: what training draws at random, and the fixed values used elsewhere.

    Fields may be assigned (`dataconf.fixed_hflip = 1`); `replace` makes a copy instead.

    Attributes:
        crop_resolution: (width, height) of the crop in px.
        image_channels: (channels,).
        angles, fixed_angle: rotation in degrees, counter-clockwise.
        shears, fixed_shear: how far the crop's top moves to the right against its bottom, over its height.
        scales, fixed_scale: factor on the side of the window.
        trans_x, trans_y, fixed_trans_x, fixed_trans_y: shift of the window in px of the frame, times the scale.
        hflips, fixed_hflip: 1 flips.
        chpower, fixed_chpower: exponent of every colour channel in [0, 1], a number or three.
        geoocclusion, fixed_geoocclusion: sides in px of a rectangle painted over the crop; a box (x1, y1, x2, y2).
        subsampling, fixed_subsampling: a clip takes every n-th frame.
        value_range: what the pixel values 0 and 255 become.
        pad_color: RGB, 0 to 255, of what lies outside of the frame.
    """

    crop_resolution: tuple = (256, 256)
    image_channels: tuple = (3,)
    angles: tuple = (0,)
    fixed_angle: float = 0
    scales: tuple = (1,)
    fixed_scale: float = 1
    trans_x: tuple = (0,)
    fixed_trans_x: float = 0
    trans_y: tuple = (0,)
    fixed_trans_y: float = 0
    hflips: tuple = (0, 1)
    fixed_hflip: int = 0
    chpower: tuple = CHANNEL_POWERS
    fixed_chpower: float = 1
    geoocclusion: tuple = None
    fixed_geoocclusion: tuple = None
    subsampling: tuple = (1,)
    fixed_subsampling: int = 1
    value_range: tuple = (-1.0, 1.0)
    pad_color: tuple = (0, 0, 0)
    shears: tuple = (0,)
    fixed_shear: float = 0

    def _checked(self, name, value):
        if name in ("crop_resolution", "image_channels"):
            value = tuple(int_list(name, value))
        if name == "crop_resolution" and len(value) != 2:
            raise ValueError(f"`crop_resolution` must be (width, height) in px. Received: {value!r}")
        if name in _CHOICES:
            return _choices(name, value)
        if name == "value_range":
            value = tuple(float(v) for v in value)
            if len(value) != 2:
                raise ValueError(f"`value_range` must be (low, high). Received: {value!r}")
        if name == "pad_color":
            value = tuple(int(v) for v in value)
            if len(value) != 3 or not all(0 <= v <= 255 for v in value):
                raise ValueError(f"`pad_color` must be RGB from 0 to 255. Received: {value!r}")
        return tuple(value) if name.startswith("fixed_") and hasattr(value, "__iter__") else value

    __hash__ = Settings.__hash__

    @classmethod
    def for_input(cls, spec: object, **changes) -> "DataConfig":
        """Return a configuration whose crops are what a network takes.

        The readers' windows are 1.25 x the person; for a network of another margin, `fixed_scale` and `scales` make
        them larger, where they are not among the changes.

        Args:
            spec: `InputSpec` of the network, `model.signature.frame`; of a known size.
            changes: other fields.

        Raises:
            ValueError: the network takes any size and `crop_resolution` is not among the changes.
        """
        if "crop_resolution" not in changes and None in spec.size:
            raise ValueError(f"`crop_resolution` must be given for a network of any input size. Received: {spec.size}")
        own = dict(crop_resolution=spec.resolution, value_range=spec.value_range, pad_color=spec.pad_color)
        if spec.margin != READERS_MARGIN:
            own.update(fixed_scale=spec.margin / READERS_MARGIN, scales=[spec.margin / READERS_MARGIN])
        return cls(**{**own, "fixed_subsampling": spec.frame_step, **changes})

    @property
    def input_shape(self) -> tuple:
        """(H, W, C) of a frame."""
        return self.crop_resolution[::-1] + self.image_channels

    def get_fixed_config(self) -> dict:
        """What validation and test use: angle, scale, transx, transy, hflip, chpower, geoocclusion, subspl, shear."""
        return {
            "angle": self.fixed_angle,
            "scale": self.fixed_scale,
            "transx": self.fixed_trans_x,
            "transy": self.fixed_trans_y,
            "hflip": self.fixed_hflip,
            "chpower": self.fixed_chpower,
            "geoocclusion": self.fixed_geoocclusion,
            "subspl": self.fixed_subsampling,
            "shear": self.fixed_shear,
        }

    def random_data_generator(self, rng: np.random.Generator | None = None) -> dict:
        """One random draw of what `get_fixed_config` holds; chpower is a tuple of three.

        Args:
            rng: a `numpy.random.Generator`; by default a new one that nothing seeds.
        """
        rng = np.random.default_rng() if rng is None else rng
        return {
            "angle": _draw(rng, self.angles),
            "scale": _draw(rng, self.scales),
            "transx": _draw(rng, self.trans_x),
            "transy": _draw(rng, self.trans_y),
            "hflip": _draw(rng, self.hflips),
            "chpower": tuple(_draw(rng, self.chpower) for _ in range(3)),
            "geoocclusion": self._random_occlusion(rng),
            "subspl": _draw(rng, self.subsampling),
            "shear": _draw(rng, self.shears),
        }

    def _random_occlusion(self, rng):
        """A box (x1, y1, x2, y2) in px that lies inside the crop, its centre on a grid of 5 px; or None."""
        if self.geoocclusion is None:
            return None
        largest = [(size - 3) // 2 for size in self.crop_resolution]  # so that a centre is left in a small crop
        half = [min(int(_draw(rng, self.geoocclusion) / 2), limit) for limit in largest]
        centre = [_draw(rng, range(h + 1, size - h - 1, 5)) for h, size in zip(half, self.crop_resolution, strict=True)]
        return (centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])


def _choices(name, value):
    """Return a list, range or array as a tuple of plain numbers."""
    if value is None and name == "geoocclusion":
        return None
    choices = np.asarray(value)
    if choices.ndim != 1 or len(choices) == 0 or choices.dtype.kind not in "iufb":
        raise ValueError(f"`{name}` must be a list of numbers to draw from. Received: {value!r}")
    return tuple(choices.tolist())


def _draw(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def _steps(limit, step):
    """-limit to limit, both included."""
    return range(-limit, limit + 1, step)


_SCALES = (0.7, 1.0, 1.3)
_SCALES_FAR = (0.7, 1.0, 1.3, 2.0)
_SHIFTS = {"trans_x": _steps(40, 5), "trans_y": _steps(10, 5)}
_SHIFTS_CVPR18 = {"trans_x": _steps(40, 5), "trans_y": _steps(40, 5)}

mpii_sp_dataconf = DataConfig(angles=_steps(40, 5), scales=_SCALES)
mpii_dataconf = mpii_sp_dataconf
pennaction_dataconf = DataConfig(
    angles=_steps(30, 5), scales=_SCALES, **_SHIFTS, subsampling=(4, 6, 8), fixed_subsampling=6
)
pennaction_pe_dataconf = DataConfig(angles=_steps(40, 5), scales=_SCALES_FAR, **_SHIFTS)
human36m_dataconf = DataConfig(
    angles=_steps(10, 5),
    scales=(0.8, 1.0, 1.2),
    trans_x=_steps(20, 5),
    trans_y=_steps(4, 1),
    geoocclusion=range(20, 90),
)
ntu_dataconf = DataConfig(scales=_SCALES, **_SHIFTS, subsampling=(3, 4, 5), fixed_subsampling=4)
ntu_pe_dataconf = DataConfig(angles=_steps(10, 5), scales=_SCALES_FAR, **_SHIFTS)
ntu_ar_dataconf = DataConfig(scales=_SCALES, **_SHIFTS_CVPR18, subsampling=(1, 2, 3), fixed_subsampling=2)
pennaction_ar_dataconf = DataConfig(
    angles=_steps(30, 5), scales=_SCALES, **_SHIFTS_CVPR18, subsampling=(1, 2, 3), fixed_subsampling=2
)
