"""Clips a second and memory of `predict` on clip networks of two pyramids: whole, cut, and built straightforwardly.

    python benchmarks/predict.py [--networks published small] [--seconds 3]

    whole network    `model.predict`: frames folded into the batch, soft-argmax and appearance features computed
    cut after ...    the same up to a prediction block
    frame by frame   the picture part on one frame after another, then the action part
    laid out         soft-argmax as frozen convolutions as large as the maps, appearance features by laying out the
                     product (B, T, H, W, J, F), both as the original computes them

All ways run in turns in one process on the same clips, so that a busy machine slows all; outputs are compared. The
last rows are single layers at the size of the largest maps. Memory is the peak of a process of its own, with and
without a call of `predict`. Weights are random: they do not matter here.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from deephar.config import ModelConfig

CLIP = dict(poselayout="pa16j2d", num_actions=[15], num_pyramids=2, action_pyramids=[1, 2])
NETWORKS = {
    "published": dict(CLIP, input_shape=(8, 256, 256, 3), num_pose_features=160, num_visual_features=160),
    "small": dict(CLIP, input_shape=(8, 128, 128, 3), growth=32, num_pose_features=96, num_visual_features=96),
}
WHOLE, FRAMEWISE, LAID_OUT = "whole network", "frame by frame", "laid out"
CUTS = (1, 3)
MEASURED_MEMORY = (WHOLE, LAID_OUT)
LAYER_MAPS = (8, 32, 32)  # T, H, W of the largest maps of the published network
LAYER_JOINTS, LAYER_FEATURES = 16, 288


def build(name):
    from deephar.models import spnet

    return spnet.build(ModelConfig(**NETWORKS[name]))


def straightforward_layers():
    """{class of a layer: straightforward layer of the same function}."""
    import keras
    from keras import ops

    from deephar.layers.aggregate import JointFeatures
    from deephar.layers.softargmax import SoftArgmax2D, ramp_kernel

    class FrozenSoftArgmax(keras.layers.Layer):
        def build(self, shape):
            rows, columns, joints = shape[-3:]
            ramps = [np.repeat(ramp_kernel(rows, columns, axis)[:, :, None, None], joints, 2) for axis in (0, 1)]
            point = np.eye(joints, dtype="float32")[None, None]
            self.kernels = [self._frozen(kernel) for kernel in (*ramps, point)]

        def _frozen(self, array):
            return self.add_weight(shape=array.shape, initializer=lambda *_, **__: array, trainable=False)

        def call(self, maps):
            x, y, point = self.kernels
            found = [ops.separable_conv(maps, kernel, point, padding="valid")[:, 0, 0] for kernel in (x, y)]
            return ops.stack(found, axis=-1)  # (B * T, J, 2)

    class LaidOutFeatures(keras.layers.Layer):
        def call(self, inputs):
            maps, features = inputs
            return ops.sum(maps[..., None] * features[..., None, :], axis=(1, 2))  # (B * T, J, F)

    return {SoftArgmax2D: FrozenSoftArgmax, JointFeatures: LaidOutFeatures}


def laid_out(model):
    """The same network, weights shared, with the straightforward layers in place of ours."""
    import keras

    swaps = straightforward_layers()

    def swap(layer):
        return swaps[type(layer)](name=layer.name) if type(layer) in swaps else layer

    return keras.models.clone_model(keras.Model(model.inputs, model.outputs), clone_function=swap)


def frame_by_frame(model):
    """A function like `model.predict` that sees one frame after another."""
    import keras

    from deephar.layers import UnfoldFrames

    unfolds = [layer.output for layer in model.layers if isinstance(layer, UnfoldFrames)]
    poses = [y for y in model.outputs if any(y is x for x in unfolds)]
    features = [x for x in unfolds if not any(x is y for y in poses)]
    made = [x._keras_history.operation.input for x in poses + features]
    pictures = keras.Model(model.get_layer("fold_frames").output, made)
    actions = keras.Model(features, model.outputs[len(poses) :])

    def predict(batch):
        seen = [pictures.predict_on_batch(np.ascontiguousarray(batch[:, t])) for t in range(batch.shape[1])]
        joined = [np.stack(frames, axis=1) for frames in zip(*seen, strict=True)]
        return joined[: len(poses)] + actions.predict_on_batch(joined[len(poses) :])

    return predict


def predictor(model):
    return lambda clips: model.predict(clips, batch_size=1, verbose=0)


def ways_of(model):
    """{name: function of clips}, the whole network first."""
    from deephar.models import cut_model, prediction_blocks

    ways, blocks = {WHOLE: predictor(model)}, prediction_blocks(model)
    for count in CUTS:
        ways[f"cut after {blocks[count - 1]} ({count} of {len(blocks)})"] = predictor(cut_model(model, count))
    ways[FRAMEWISE] = frame_by_frame(model)
    ways[LAID_OUT] = predictor(laid_out(model))
    return ways


def layer_ways():
    """{name: function of maps and features} for single layers, ours before the straightforward one."""
    import keras

    num_frames, *size = LAYER_MAPS
    maps, features = keras.Input((*size, LAYER_JOINTS)), keras.Input((*size, LAYER_FEATURES))
    inputs = {"SoftArgmax2D": maps, "JointFeatures": [maps, features]}
    ways = {}
    for ours, straightforward in straightforward_layers().items():
        tensors = inputs[ours.__name__]
        for layer, way in ((ours, "ours"), (straightforward, "straightforward")):
            model = keras.Model([maps, features], layer()(tensors))
            ways[f"{ours.__name__}, {way}"] = model.predict_on_batch
    return ways


def in_turns(ways, inputs, seconds):
    """Median seconds a call of each way, taken in turns for `seconds` in all after a first call, and its outputs."""
    outputs = {name: way(inputs) for name, way in ways.items()}  # traces the networks
    spent, start = {name: [] for name in ways}, time.perf_counter()
    while not spent[name_of_last(ways)] or time.perf_counter() - start < seconds:
        for name, way in ways.items():
            before = time.perf_counter()
            way(inputs)
            spent[name].append(time.perf_counter() - before)
    return {name: float(np.median(times)) for name, times in spent.items()}, outputs
