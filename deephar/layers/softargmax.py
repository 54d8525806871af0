"""From maps to joints: channel softmax, soft-argmax, joint confidence and depth, all computed, nothing stored.

Luvizon, Picard and Tabia, "Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action Recognition",
TPAMI 2020, section 3.2: a heat map becomes a probability map (softmax over its pixels), a joint's position is the
expectation of the pixel coordinates under it, its depth the expectation of a depth map, its confidence the largest
mass in a 2x2 window.

    heat maps --softmax--> probability maps --+-- soft-argmax --> x, y
                                              +-- 2x2 window ---> confidence
    depth maps --sigmoid--> z per pixel ------+-- mean ---------> z
"""

import math

import keras
import numpy as np
from keras import ops

from deephar.layers.frames import StableLayer, register
from deephar.layers.softmax import channel_softmax_1d, channel_softmax_2d


def ramp(size, vmin=0.0, vmax=1.0):
    """The coordinate of each of `size` pixels in a row, first one `vmin`, last one `vmax`; float32 (size,)."""
    return np.linspace(vmin, vmax, num=size).astype("float32")


def ramp_kernel(num_rows, num_cols, axis):
    """The (num_rows, num_cols) coordinate image that old weight files store: x for `axis` 0, y for `axis` 1."""
    if axis not in (0, 1):
        raise ValueError(f"`axis` should be 0 (over columns, x) or 1 (over rows, y). Received: {axis}")
    line = ramp(num_cols)[None, :] if axis == 0 else ramp(num_rows)[:, None]
    return np.broadcast_to(line, (num_rows, num_cols)).astype("float32")


def _expected(x, axis, vmin, vmax):
    """Expected coordinate under probability maps (..., H, W, J): over columns (axis 0) or rows (axis 1), (..., J)."""
    marginal = ops.sum(x, axis=-3 if axis == 0 else -2)  # (..., W or H, J)
    line = ops.convert_to_tensor(ramp(marginal.shape[-2], vmin, vmax), dtype=x.dtype)
    return ops.sum(marginal * line[:, None], axis=-2)  # (..., J)


def _normalised(x):
    """Maps (..., H, W, J) whose sum over the pixels is 1."""
    return x / ops.sum(x, axis=(-3, -2), keepdims=True)


def _bells(x, columns, rows, sigma):
    """Gaussians of height 1, as maps (..., H, W, J) like `x`, around positions (..., J) in cells."""
    bells = []
    for axis, mean in ((-2, columns), (-3, rows)):
        size = x.shape[axis]
        cells = ops.convert_to_tensor(ramp(size, 0, size - 1), dtype=x.dtype)[:, None]  # (W or H, 1)
        bell = ops.exp(-0.5 * ops.square((cells - ops.expand_dims(mean, -2)) / sigma))  # (..., W or H, J)
        bells.append(ops.expand_dims(bell, -3 if axis == -2 else -2))
    return bells[0] * bells[1]


@register
class ChannelSoftmax2D(StableLayer):
    """(B, [T,] H, W, J) heat maps -> probability maps of the same shape.

    Args:
        alpha: sharpness, a factor on the maps (1 in the paper).
    """

    def __init__(self, alpha=1, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, x):
        return channel_softmax_2d(self.alpha)(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}

    def compute_flops(self, input_shapes, output_shapes):
        return 5 * math.prod(output_shapes[0])


@register
class ChannelSoftmax1D(StableLayer):
    """(B, [T,] D, J) depth scores -> probabilities over D, of the same shape."""

    def call(self, x):
        return channel_softmax_1d()(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_flops(self, input_shapes, output_shapes):
        return 5 * math.prod(output_shapes[0])


@register
class LinearExpectation2D(StableLayer):
    """One expected coordinate of each map: (B, [T,] H, W, J) probability maps -> (B, [T,] J, 1).

    Args:
        axis: 0 for x (over columns), 1 for y (over rows).
        vmin: coordinate of the first pixel.
        vmax: coordinate of the last pixel.
    """

    def __init__(self, axis, vmin=0.0, vmax=1.0, **kwargs):
        super().__init__(**kwargs)
        if axis not in (0, 1):
            raise ValueError(f"`axis` should be 0 (over columns, x) or 1 (over rows, y). Received: {axis}")
        self.axis, self.vmin, self.vmax = axis, vmin, vmax

    def call(self, x):
        return _expected(x, self.axis, self.vmin, self.vmax)[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], input_shape[-1], 1)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis, "vmin": self.vmin, "vmax": self.vmax}

    def compute_flops(self, input_shapes, output_shapes):
        return 2 * math.prod(input_shapes[0])


@register
class LinearExpectation1D(StableLayer):
    """Expected depth: (B, [T,] D, J) probabilities over D depth bins -> (B, [T,] J, 1).

    Args:
        vmin: depth of the first bin; None for the middle of the first of D equal bins of [0, 1].
        vmax: depth of the last bin; None for the middle of the last.
    """

    def __init__(self, vmin=None, vmax=None, **kwargs):
        super().__init__(**kwargs)
        self.vmin, self.vmax = vmin, vmax

    def call(self, x):
        half = 0.5 / x.shape[-2]
        first = half if self.vmin is None else self.vmin
        last = 1.0 - half if self.vmax is None else self.vmax
        line = ops.convert_to_tensor(ramp(x.shape[-2], first, last), dtype=x.dtype)
        return ops.sum(x * line[:, None], axis=-2)[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-2], input_shape[-1], 1)

    def get_config(self):
        return {**super().get_config(), "vmin": self.vmin, "vmax": self.vmax}

    def compute_flops(self, input_shapes, output_shapes):
        return 2 * math.prod(input_shapes[0])


@register
class SoftArgmax2D(StableLayer):
    """Expected position of each joint: (B, [T,] H, W, J) probability maps -> (B, [T,] J, 2), x then y.

    The mean of a map with two peaks, left and right wrist say, lies between the two. With a `window` the map is first
    weighted by a Gaussian around the mean of its square, which the higher peak rules. Of two peaks it then follows one,
    and of a map with one peak it stays the mean, in fractions of a cell.

    Args:
        limits: (xmin, ymin, xmax, ymax), the coordinates of the first and the last column and row.
        window: standard deviation of the Gaussian in cells, or None for the whole map.
    """

    def __init__(self, limits=(0, 0, 1, 1), window=None, **kwargs):
        super().__init__(**kwargs)
        if len(limits) != 4:
            raise ValueError(f"`limits` should be (xmin, ymin, xmax, ymax). Received: {limits}")
        if window is not None and not window > 0:
            raise ValueError(f"`window` should be None or above 0. Received: {window!r}")
        self.limits, self.window = tuple(limits), window

    def call(self, x):
        if self.window is not None:
            square, (height, width) = _normalised(x * x), x.shape[-3:-1]
            columns, rows = _expected(square, 0, 0, width - 1), _expected(square, 1, 0, height - 1)
            x = _normalised(x * _bells(x, columns, rows, self.window))
        xmin, ymin, xmax, ymax = self.limits
        return ops.stack([_expected(x, 0, xmin, xmax), _expected(x, 1, ymin, ymax)], axis=-1)  # (B, [T,] J, 2)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], input_shape[-1], 2)

    def get_config(self):
        return {**super().get_config(), "limits": self.limits, "window": self.window}

    def compute_flops(self, input_shapes, output_shapes):
        return (4 if self.window is None else 14) * math.prod(input_shapes[0])


@register
class KeypointConfidence(StableLayer):
    """Joint confidence: the largest mass in a 2x2 window, (B, [T,] H, W, J) probability maps -> (B, [T,] J, 1)."""

    def call(self, x):
        rows = x[..., :-1, :, :] + x[..., 1:, :, :]  # (B, [T,] H - 1, W, J)
        mass = rows[..., :-1, :] + rows[..., 1:, :]  # (B, [T,] H - 1, W - 1, J)
        return ops.max(mass, axis=(-3, -2))[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], input_shape[-1], 1)

    def compute_flops(self, input_shapes, output_shapes):
        return 3 * math.prod(input_shapes[0])


@register
class WindowConfidence(StableLayer):
    """Joint confidence: the share of a map that is near a position, weighted by a Gaussian around it.

    Probability maps (B, [T,] H, W, J) and positions (B, [T,] J, 2), x and y in [0, 1] -> (B, [T,] J, 1).

    Args:
        window: standard deviation of the Gaussian in cells.
    """

    def __init__(self, window, **kwargs):
        super().__init__(**kwargs)
        self.window = window

    def call(self, inputs):
        x, points = inputs
        height, width = x.shape[-3:-1]
        bells = _bells(x, points[..., 0] * (width - 1), points[..., 1] * (height - 1), self.window)
        return ops.sum(x * bells, axis=(-3, -2))[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        shape = input_shape[0]
        return (*shape[:-3], shape[-1], 1)

    def get_config(self):
        return {**super().get_config(), "window": self.window}

    def compute_flops(self, input_shapes, output_shapes):
        return 3 * math.prod(input_shapes[0])


@register
class DepthExpectation(StableLayer):
    """Joint depth in [0, 1]: depth maps and probability maps, both (B, [T,] H, W, J) -> (B, [T,] J, 1).

    The depth maps are scores; their sigmoid is averaged under the probability maps (section 3.2 of the paper).
    """

    def call(self, inputs):
        depth, probability = inputs
        return ops.sum(ops.sigmoid(depth) * probability, axis=(-3, -2))[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        shape = input_shape[0]
        return (*shape[:-3], shape[-1], 1)

    def compute_flops(self, input_shapes, output_shapes):
        return 3 * math.prod(input_shapes[0])


def act_channel_softmax(x: keras.KerasTensor, name: str | None = None) -> keras.KerasTensor:
    """Probability maps of (B, [T,] H, W, J) heat maps."""
    return ChannelSoftmax2D(name=name)(x)


def act_depth_softmax(x: keras.KerasTensor, name: str | None = None) -> keras.KerasTensor:
    """Probabilities over the depth axis of (B, [T,] D, J) scores."""
    return ChannelSoftmax1D(name=name)(x)


def lin_interpolation_1d(
    x: keras.KerasTensor, vmin: float | None = None, vmax: float | None = None, name: str | None = None
) -> keras.KerasTensor:
    """Expected depth of (B, [T,] D, J) probabilities -> (B, [T,] J, 1); see `LinearExpectation1D`."""
    return LinearExpectation1D(vmin, vmax, name=name)(x)


def lin_interpolation_2d(
    x: keras.KerasTensor, axis: int, vmin: float = 0.0, vmax: float = 1.0, name: str | None = None
) -> keras.KerasTensor:
    """Expected x (`axis` 0) or y (`axis` 1) of (B, [T,] H, W, J) probability maps -> (B, [T,] J, 1)."""
    return LinearExpectation2D(axis, vmin, vmax, name=name)(x)


def softargmax2d(
    x: keras.KerasTensor,
    limits: tuple[float, float, float, float] = (0, 0, 1, 1),
    name: str | None = None,
    window: float | None = None,
) -> keras.KerasTensor:
    """Expected (x, y) of (B, [T,] H, W, J) probability maps -> (B, [T,] J, 2), from 0 to 1 over columns and rows.

    With a `window`, in cells, of the part of each map around its higher peak; see `SoftArgmax2D`.
    """
    return SoftArgmax2D(limits, window, name=name)(x)


def keypoint_confidence(x: keras.KerasTensor, name: str | None = None) -> keras.KerasTensor:
    """Confidence in [0, 1] of (B, [T,] H, W, J) probability maps -> (B, [T,] J, 1)."""
    return KeypointConfidence(name=name)(x)


def window_confidence(
    x: keras.KerasTensor, points: keras.KerasTensor, window: float, name: str | None = None
) -> keras.KerasTensor:
    """Confidence in [0, 1] of positions (B, [T,] J, 2) read from (B, [T,] H, W, J) maps; see `WindowConfidence`."""
    return WindowConfidence(window, name=name)([x, points])


def depth_expectation(
    depth: keras.KerasTensor, probability: keras.KerasTensor, name: str | None = None
) -> keras.KerasTensor:
    """Depth in [0, 1] of (B, [T,] H, W, J) depth and probability maps -> (B, [T,] J, 1)."""
    return DepthExpectation(name=name)([depth, probability])
