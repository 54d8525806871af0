"""Layers on heatmaps: the maps of groups of joints put together in one order."""

import math
from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable("deephar")
class JoinGroups(keras.layers.Layer):
    """Maps of groups of joints as one tensor in the joints' own order, the mean of those that a joint has several of.

    Input: a list of (B, H, W, n_g), one a group, its joints in the order of the group. Output: (B, H, W, J).
    Source: Tang and Wu, CVPR 2019, section 4.3: duplicates of overlapping groups are averaged.

    Args:
        groups: lists of joint numbers that together name every joint.
        num_joints: J.
    """

    def __init__(self, groups: Sequence[Sequence[int]], num_joints: int, **kwargs):
        super().__init__(**kwargs)
        self.groups, self.num_joints = [list(group) for group in groups], num_joints
        flat = [joint for group in self.groups for joint in group]
        places = [[k for k, joint in enumerate(flat) if joint == wanted] for wanted in range(num_joints)]
        self._counts = [len(found) for found in places]
        self._places = [[(found * max(self._counts))[k] for found in places] for k in range(max(self._counts))]

    def call(self, inputs):
        maps = ops.concatenate(inputs, axis=-1) if len(inputs) > 1 else inputs[0]  # (B, H, W, sum of n_g)
        first, *others = (ops.take(maps, places, axis=-1) for places in self._places)  # (B, H, W, J) each
        for number, other in enumerate(others, 1):
            counted = ops.convert_to_tensor([float(count > number) for count in self._counts], dtype=first.dtype)
            first = first + other * counted
        if not others:
            return first
        return first / ops.convert_to_tensor([float(count) for count in self._counts], dtype=first.dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.num_joints)

    def compute_flops(self, input_shapes, output_shapes):
        several = len(self._places)  # additions of masked maps and one division, where a joint is in several groups
        return 0 if several == 1 else (2 * several - 1) * math.prod(output_shapes[0])

    def get_config(self):
        return {**super().get_config(), "groups": self.groups, "num_joints": self.num_joints}
