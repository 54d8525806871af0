"""From raw heat maps to joints in the CVPR'18 networks: joint probability, context maps, volumes over depth.

Luvizon, Picard and Tabia, "2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning", CVPR 2018,
sections 3.1 and 3.2. Other than in the SPNet, the probability of a joint is the sigmoid of the largest value of its raw
map, and a 3D pose is read from a volume of maps: its mean over depth gives x and y, its mean over the image gives z.

    volume --+-- mean over depth ----> (H, W, J) --softmax, soft-argmax--> x, y
             |                             +-- maximum --+
             |                                           add -- sigmoid --> confidence
             |                             +-- maximum --+
             +-- mean over the image -> (D, J) -----softmax, ramp------> z
"""

import math

import keras
from keras import ops

from deephar.layers.frames import StableLayer, derived_name, register
from deephar.layers.softargmax import act_channel_softmax, act_depth_softmax, lin_interpolation_1d, softargmax2d


@register
class ChannelSlice(StableLayer):
    """Channels `start` to `stop` - 1: (..., C) -> (..., stop - start).

    Args:
        start, stop: as in a Python slice; `stop` None for the last channel.
    """

    def __init__(self, start=0, stop=None, **kwargs):
        super().__init__(**kwargs)
        self.start, self.stop = start, stop

    def call(self, x):
        return x[..., self.start : self.stop]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(range(input_shape[-1])[self.start : self.stop]))

    def get_config(self):
        return {**super().get_config(), "start": self.start, "stop": self.stop}

    def compute_flops(self, input_shapes, output_shapes):
        return 0


@register
class JointProbability(StableLayer):
    """Sigmoid of the largest value of each raw map: (B, [T,] H, W, J) -> (B, [T,] J, 1).

    Args:
        scale: factor on the maps before the sigmoid.
    """

    def __init__(self, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, x):
        return ops.sigmoid(self.scale * ops.max(x, axis=(-3, -2)))[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], input_shape[-1], 1)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}

    def compute_flops(self, input_shapes, output_shapes):
        return math.prod(input_shapes[0])


@register
class ContextAggregation(StableLayer):
    """A joint from its own map and from those of its context, weighed by their probability (CVPR'18, equation 5).

    Input: pose (B, [T,] J, D), poses of the context maps (B, [T,] J * N, D), the N of a joint in a row, and their
    probability (B, [T,] J * N, 1). Output: alpha * pose + (1 - alpha) * weighted mean of the N, (B, [T,] J, D).

    Args:
        alpha: share of the joint's own map, 0.8 in the paper.
    """

    def __init__(self, alpha=0.8, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs):
        pose, context, weight = inputs
        num_joints, dim = pose.shape[-2:]
        per_joint = (num_joints, context.shape[-2] // num_joints)
        frames = pose.shape[1:-2]
        context = ops.reshape(context, (-1, *frames, *per_joint, dim))  # (B, [T,] J, N, D)
        weight = ops.reshape(weight, (-1, *frames, *per_joint, 1))  # (B, [T,] J, N, 1)
        mean = ops.sum(weight * context, axis=-2) / ops.sum(weight, axis=-2)  # (B, [T,] J, D)
        return self.alpha * pose + (1.0 - self.alpha) * mean

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}

    def compute_flops(self, input_shapes, output_shapes):
        return 3 * sum(math.prod(shape) for shape in input_shapes)


@register
class VolumeMarginals(StableLayer):
    """Means of a volume of maps: (B, [T,] H, W, D * J) -> over depth (B, [T,] H, W, J), over pixels (B, [T,] D, J).

    Args:
        depth_maps: D; the J maps of one depth are neighbours.
    """

    def __init__(self, depth_maps, **kwargs):
        super().__init__(**kwargs)
        self.depth_maps = int(depth_maps)

    def _split(self, shape):
        if shape[-1] % self.depth_maps:
            raise ValueError(
                f"`x` should have a multiple of {self.depth_maps} maps, `depth_maps`. Received: shape {tuple(shape)}"
            )
        return (*shape[1:-1], self.depth_maps, shape[-1] // self.depth_maps)

    def call(self, x):
        volume = ops.reshape(x, (-1, *self._split(x.shape)))  # (B, [T,] H, W, D, J)
        return ops.mean(volume, axis=-2), ops.mean(volume, axis=(-4, -3))

    def compute_output_shape(self, input_shape):
        batch, (*frames, rows, columns, depth, joints) = input_shape[0], self._split(input_shape)
        return (batch, *frames, rows, columns, joints), (batch, *frames, depth, joints)

    def get_config(self):
        return {**super().get_config(), "depth_maps": self.depth_maps}

    def compute_flops(self, input_shapes, output_shapes):
        return 2 * math.prod(input_shapes[0])


@register
class VolumeConfidence(StableLayer):
    """Joint probability in a volume: its marginals (B, [T,] H, W, J) and (B, [T,] D, J) -> (B, [T,] J, 1).

    The sigmoid of the sum of the two maxima.

    Args:
        scale: factor on the sum.
    """

    def __init__(self, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        maps, depths = inputs
        score = ops.max(maps, axis=(-3, -2)) + ops.max(depths, axis=-2)  # (B, [T,] J)
        return ops.sigmoid(self.scale * score)[..., None]  # (B, [T,] J, 1)

    def compute_output_shape(self, input_shape):
        maps = input_shape[0]
        return (*maps[:-3], maps[-1], 1)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}

    def compute_flops(self, input_shapes, output_shapes):
        return sum(math.prod(shape) for shape in input_shapes)


def joint_probability(x: keras.KerasTensor, scale: float = 1.0, name: str | None = None) -> keras.KerasTensor:
    """Probability of each joint from raw maps (B, [T,] H, W, J) -> (B, [T,] J, 1); see `JointProbability`."""
    return JointProbability(scale, name=name)(x)


def context_aggregation(
    pose: keras.KerasTensor,
    context: keras.KerasTensor,
    weight: keras.KerasTensor,
    alpha: float = 0.8,
    name: str | None = None,
) -> keras.KerasTensor:
    """Pose (B, [T,] J, D) with the help of its context; see `ContextAggregation`."""
    return ContextAggregation(alpha, name=name)([pose, context, weight])


def volume_marginals(x: keras.KerasTensor, depth_maps: int, name: str | None = None) -> list[keras.KerasTensor]:
    """Means of a volume (B, [T,] H, W, D * J) over depth and over the image; see `VolumeMarginals`."""
    return VolumeMarginals(depth_maps, name=name)(x)


def volume_confidence(
    maps: keras.KerasTensor, depths: keras.KerasTensor, scale: float = 1.0, name: str | None = None
) -> keras.KerasTensor:
    """Probability of each joint from a volume's marginals; see `VolumeConfidence`."""
    return VolumeConfidence(scale, name=name)([maps, depths])


def position(x: keras.KerasTensor, name: str | None = None, maps_name: str | None = None) -> keras.KerasTensor:
    """Expected x and y of raw maps (B, [T,] H, W, J) -> (B, [T,] J, 2): softmax (`maps_name`), soft-argmax (`name`)."""
    return softargmax2d(act_channel_softmax(x, name=maps_name), name=name)


def depth_position(x: keras.KerasTensor, name: str | None = None) -> keras.KerasTensor:
    """Expected z of raw depth scores (B, [T,] D, J) -> (B, [T,] J, 1), first bin 0 and last 1 (`name`_bins, `name`)."""
    return lin_interpolation_1d(act_depth_softmax(x, name=derived_name(name, "_bins")), 0.0, 1.0, name=name)
