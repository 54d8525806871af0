"""Clips a second and memory of `predict` on clip networks of two pyramids: whole, cut, and built straightforwardly.

    python benchmarks/predict.py [--networks published small] [--seconds 4]

    whole network    `model.predict`: frames folded into the batch, soft-argmax and appearance features computed
    on batch         the same by `predict_on_batch`: without what `predict` costs whatever it is given
    cut after ...    the same up to a prediction block
    frame by frame   the image part on one frame after another, then the action part
    laid out         soft-argmax as frozen convolutions as large as the maps, appearance features by laying out the
                     product (B, T, H, W, J, F), both as the original computes them

All ways run in turns in one process on the same clips, on one core, so that a busy machine slows all; outputs are
compared. The last rows are single layers at the size of the largest maps. Times are CPU times, the shortest of all
turns; memory is the peak of a process of its own before and after `predict` of one clip. Weights are random: they do
not matter here.
"""

import argparse
import os
import subprocess
import sys
import time

import numpy as np
from machine import peak_mb

from deephar.config import ModelConfig

CLIP = dict(poselayout="pa16j2d", num_actions=[15], num_pyramids=2, action_pyramids=[1, 2])
NETWORKS = {
    "published": dict(CLIP, input_shape=(8, 256, 256, 3), num_pose_features=160, num_visual_features=160),
    "small": dict(CLIP, input_shape=(8, 256, 256, 3), growth=64, num_pose_features=96, num_visual_features=96),
}
WHOLE, ON_BATCH, FRAMEWISE, LAID_OUT = "whole network", "on batch", "frame by frame", "laid out"
OURS, STRAIGHTFORWARD = "ours", "straightforward"
CUTS = (1, 3)
MEASURED_MEMORY = (("published", WHOLE), ("published", LAID_OUT))
ONE_CORE = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
LAYER_MAPS = (8, 32, 32)  # T, H, W of the largest maps of the published network
LAYER_JOINTS, LAYER_FEATURES = 16, 288


def build(name):
    """A network of random weights."""
    from deephar.inference.quiet import quiet_keras

    quiet_keras()
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
            num_joints, num_features = maps.shape[-1], features.shape[-1]
            maps = ops.tile(maps[..., None], (1, 1, 1, 1, num_features))  # (B * T, H, W, J, F)
            features = ops.tile(features[..., None, :], (1, 1, 1, num_joints, 1))
            return ops.sum(maps * features, axis=(1, 2))  # (B * T, J, F)

    return {SoftArgmax2D: FrozenSoftArgmax, JointFeatures: LaidOutFeatures}


def laid_out(model, others=None):
    """The same network, weights shared, with the straightforward layers in place of ours; `others` before them."""
    import keras

    swaps = {**straightforward_layers(), **(others or {})}

    def swap(layer):
        return swaps[type(layer)](name=layer.name) if type(layer) in swaps else layer

    return keras.models.clone_model(keras.Model(model.inputs, model.outputs), clone_function=swap)


def each_clip(predict_clip):
    """A function of several clips from one of a batch of a single clip."""
    return lambda clips: [np.concatenate(y) for y in zip(*(predict_clip(clip[None]) for clip in clips), strict=True)]


def frame_by_frame(model):
    """A function like `model.predict` that sees one frame after another."""
    import keras

    from deephar.layers import UnfoldFrames

    unfolds = [layer.output for layer in model.layers if isinstance(layer, UnfoldFrames)]
    poses = [y for y in model.outputs if any(y is x for x in unfolds)]
    features = [x for x in unfolds if not any(x is y for y in poses)]
    made = [x._keras_history.operation.input for x in poses + features]
    images = keras.Model(model.get_layer("fold_frames").output, made)
    actions = keras.Model(features, model.outputs[len(poses) :])

    def predict_clip(clip):
        seen = [images.predict_on_batch(frame[None]) for frame in clip[0]]
        joined = [np.stack(frames, axis=1) for frames in zip(*seen, strict=True)]
        return joined[: len(poses)] + actions.predict_on_batch(joined[len(poses) :])

    return each_clip(predict_clip)


def predictor(model):
    """`model.predict`, clip by clip."""
    return lambda clips: model.predict(clips, batch_size=1, verbose=0)


def ways_of(model):
    """{name: function of clips}, the whole network first."""
    from deephar.models import cut_model, prediction_blocks

    ways, blocks = {WHOLE: predictor(model)}, prediction_blocks(model)
    ways[ON_BATCH] = each_clip(model.predict_on_batch)
    for count in CUTS:
        ways[f"cut after {blocks[count - 1]} ({count} of {len(blocks)})"] = predictor(cut_model(model, count))
    ways[FRAMEWISE] = frame_by_frame(model)
    ways[LAID_OUT] = predictor(laid_out(model))
    return ways


def layer_ways():
    """{layer: {ours or straightforward: function of maps and features}}."""
    import keras

    maps = keras.Input((*LAYER_MAPS[1:], LAYER_JOINTS))
    features = keras.Input((*LAYER_MAPS[1:], LAYER_FEATURES))
    ways = {}
    for ours, straightforward in straightforward_layers().items():
        tensors = [maps, features] if ours.__name__ == "JointFeatures" else maps
        built = {name: layer()(tensors) for name, layer in ((OURS, ours), (STRAIGHTFORWARD, straightforward))}
        ways[ours.__name__] = {name: keras.Model([maps, features], y).predict_on_batch for name, y in built.items()}
    return ways


def in_turns(ways, inputs, seconds):
    """Shortest CPU time of each way in s, run in turns for `seconds` after a first call, and the outputs."""
    outputs = {name: way(inputs) for name, way in ways.items()}  # traces the networks
    spent, start = {name: [] for name in ways}, time.process_time()
    while not all(spent.values()) or time.process_time() - start < seconds:
        for name, way in ways.items():
            before = time.process_time()
            way(inputs)
            spent[name].append(time.process_time() - before)
    return {name: min(times) for name, times in spent.items()}, outputs


def difference(a, b):
    """Largest difference of two lists of outputs; of those both have, poses coming first."""
    a, b = (outputs if isinstance(outputs, list) else [outputs] for outputs in (a, b))
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=False) if x.shape == y.shape)


def memory(network, way):
    """(MB before, MB at most during) one `predict` of one clip, in this process."""
    model = build(network)
    predict = predictor(laid_out(model) if way == LAID_OUT else model)
    clip = np.zeros((1, *model.input_shape[1:]), dtype=np.float32)
    before = peak_mb()
    predict(clip)
    return before, peak_mb()


def memory_rows(networks):
    """[network, way, MB before, MB at most], each measured in a process of its own, all at once."""
    asked = [pair for pair in MEASURED_MEMORY if pair[0] in networks]
    commands = [[sys.executable, __file__, "--memory", *pair] for pair in asked]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    printed = [process.communicate()[0] for process in started]
    return [[*pair, *map(float, text.split())] for pair, text in zip(asked, printed, strict=True)]


def network_rows(name, seconds):
    """[network, way, clips/s, frames/s, times the speed of the whole network, difference of outputs]."""
    model = build(name)
    num_clips = 2 * (256 // model.input_shape[-2]) ** 2
    clips = np.random.default_rng(0).uniform(-1, 1, (num_clips, *model.input_shape[1:])).astype(np.float32)
    times, outputs = in_turns(ways_of(model), clips, seconds)
    for way, spent in times.items():
        speed = num_clips / spent
        yield [name, way, speed, speed * clips.shape[1], times[WHOLE] / spent, difference(outputs[WHOLE], outputs[way])]


def layer_rows(seconds):
    """[layer, way, clips/s, frames/s, times the speed of ours, difference of outputs]."""
    rng, num_frames = np.random.default_rng(0), LAYER_MAPS[0]
    maps = rng.uniform(0, 2 / np.prod(LAYER_MAPS[1:]), (*LAYER_MAPS, LAYER_JOINTS)).astype(np.float32)
    features = rng.normal(size=(*LAYER_MAPS, LAYER_FEATURES)).astype(np.float32)
    for layer, ways in layer_ways().items():
        times, outputs = in_turns(ways, [maps, features], seconds)
        for way, spent in times.items():
            compared = difference(outputs[OURS], outputs[way])
            yield [layer, way, 1 / spent, num_frames / spent, times[OURS] / spent, compared]


def speed_rows(networks, seconds):
    """[network or layer, way, clips/s, frames/s, ratio, difference] of everything that is timed."""
    from deephar.utils.progress import busy, progress

    rows = [row for name in progress(networks, label="networks") for row in network_rows(name, seconds)]
    with busy("layers"):
        return rows + list(layer_rows(seconds / 4))


def tables(networks, seconds):
    """Measure; return a table of speeds and one of memory, as text."""
    held = memory_rows(networks)
    rows = speed_rows(networks, seconds)
    from deephar.utils.tables import table

    formats = ("{}", "{}", "{:.2f}", "{:.1f}", "{:.2f}x", "{:.0e}")
    rows = [[f.format(v) for f, v in zip(formats, row, strict=True)] for row in rows]
    held = [[*row[:2], *(f"{mb:.0f}" for mb in (*row[2:], row[3] - row[2]))] for row in held]
    speeds = table(["network", "way", "clips/s", "frames/s", "ratio", "difference"], rows, left=(0, 1))
    return speeds, table(["network", "way", "MB before", "MB at most", "MB for predict"], held, left=(0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU time for all ways of one network")
    parser.add_argument("--memory", nargs=2, metavar=("NETWORK", "WAY"), help="measure only this, in this process")
    args = parser.parse_args()
    os.environ.update(dict.fromkeys(ONE_CORE, "1"))
    if args.memory:
        print(*memory(*args.memory))
    else:
        print(*tables(args.networks, args.seconds), sep="\n\n")


if __name__ == "__main__":
    main()
