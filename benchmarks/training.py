"""Time and memory of one training step on a clip: as built, built straightforwardly, and with what saves either.

    python benchmarks/training.py [--tasks pose action] [--seconds 60] [--ways ours straightforward recompute ...]

    ours              the step of `deephar.training`
    straightforward   the same network with the original's arithmetic: soft-argmax as frozen convolutions as large
                      as the maps, and the appearance features by tiling both factors to (B, T, H, W, J, F)
    recompute         `Stage.recompute`, gradient checkpointing
    mixed_bfloat16    `Stage.precision`
    xla               `Stage.jit_compile`

Pose steps train the pose outputs of the clip network of two pyramids and published width, action steps its action
outputs with everything trainable; a batch is one clip of 8 frames, 256 x 256. All ways run in turns in one process, on
one core; times are CPU times, the shortest of all turns; the loss of a first step from the same weights is compared.
Memory is measured in processes of their own, on Linux: what is held after a first step (TensorFlow, graph, weights,
optimizer), and the peak of a second one. Weights are random: they do not matter here.
"""

import argparse
import ctypes
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import predict

from deephar.config import ModelConfig

TASKS = ("pose", "action")
OURS, STRAIGHTFORWARD, RECOMPUTE, BFLOAT16, XLA = WAYS = (
    *("ours", "straightforward", "recompute", "mixed_bfloat16", "xla"),
)
DEFAULT_WAYS = (OURS, STRAIGHTFORWARD, RECOMPUTE)
LARGE = dict(predict.NETWORKS["published"], num_pyramids=8, action_pyramids=[5, 6, 7, 8])
NETWORKS = {"2 pyramids": predict.NETWORKS["published"], "8 pyramids": LARGE}
# With these, blocks go back to the system when they are freed: oneDNN would keep them in a pool.
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "TF_ENABLE_ONEDNN_OPTS": "0"}
MEASURED_MEMORY = (
    ("2 pyramids", OURS),
    ("2 pyramids", STRAIGHTFORWARD),
    ("2 pyramids", RECOMPUTE),
    ("8 pyramids", OURS),
    ("8 pyramids", RECOMPUTE),
)


def tiled_features():
    """The layer of appearance features as the original computes them."""
    import keras
    from keras import ops

    class TiledFeatures(keras.layers.Layer):
        def call(self, inputs):
            maps, features = inputs
            maps_tiled = ops.tile(maps[..., None], (1, 1, 1, 1, features.shape[-1]))  # (B * T, H, W, J, F)
            features_tiled = ops.tile(features[..., None, :], (1, 1, 1, maps.shape[-1], 1))  # (B * T, H, W, J, F)
            return ops.sum(maps_tiled * features_tiled, axis=(1, 2))  # (B * T, J, F)

    return TiledFeatures


def build(network, task):
    """The part of a network that a task trains."""
    from deephar.inference.quiet import quiet_keras

    quiet_keras()
    import keras

    from deephar.models import spnet

    keras.utils.set_random_seed(0)
    config = ModelConfig(**NETWORKS[network])
    return spnet.split_model(spnet.build(config), config, model_names=["Pose", "Action"])[TASKS.index(task)]


def batch_of(model, count=1):
    """Random clips and labels."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (count, *model.inputs[0].shape[1:])).astype(np.float32)
    y = [rng.uniform(0.05, 0.95, (count, *output.shape[1:])).astype(np.float32) for output in model.outputs]
    return x, [label / label.sum(-1, keepdims=True) if label.ndim == 2 else label for label in y]


def step_of(network, task, way):
    """A function that trains one step and returns its loss."""
    from deephar.layers.aggregate import JointFeatures
    from deephar.training.objectives import objectives_of
    from deephar.training.recipes import Stage
    from deephar.training.stages import compile_for_stage, set_precision
    from deephar.training.steps import start_step

    model = build(network, task)
    stage = Stage("step", "joint", recompute=way == RECOMPUTE, jit_compile=way == XLA)
    x, y = batch_of(model)
    if way == BFLOAT16:
        set_precision(model, BFLOAT16)
    compile_for_stage([model], stage)
    if way == STRAIGHTFORWARD:
        loss, weights = objectives_of(model, stage)
        optimizer = model.optimizer
        model = predict.laid_out(model, {JointFeatures: tiled_features()})
        model.compile(optimizer, loss=loss, loss_weights=weights, jit_compile=False)
    return lambda: float(start_step(model, x, y)["loss"])


def in_turns(ways, seconds):
    """Shortest CPU time of each way in s, run in turns for `seconds` after a first call, and its first loss."""
    losses = {name: way() for name, way in ways.items()}  # traces the networks
    spent, start = {name: [] for name in ways}, time.process_time()
    while not all(spent.values()) or time.process_time() - start < seconds:
        for name, way in ways.items():
            before = time.process_time()
            way()
            spent[name].append(time.process_time() - before)
    return {name: min(times) for name, times in spent.items()}, losses


def speed_rows(tasks, chosen, seconds):
    """[task, way, s a step, frames/s, times the speed of straightforward, loss, its difference from ours]."""
    from deephar.utils.progress import progress

    frames = NETWORKS["2 pyramids"]["input_shape"][0]
    for task in progress(tasks, label="tasks"):
        times, losses = in_turns({way: step_of("2 pyramids", task, way) for way in chosen}, seconds / len(tasks))
        slow = times.get(STRAIGHTFORWARD, np.nan)
        for way, spent in times.items():
            yield [task, way, spent, frames / spent, slow / spent, losses[way], abs(losses[way] - losses[chosen[0]])]


def status_mb(name):
    """A size that Linux keeps of this process, MB: VmRSS, held now; VmHWM, the most since it was set back."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith(f"{name}:"))


def memory(network, way):
    """(MB before, MB at most during) a second step of actions on one clip, in this process."""
    step = step_of(network, "action", way)
    step()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back to the system
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
    before = status_mb("VmRSS")
    step()
    return before, status_mb("VmHWM")


def memory_rows(asked=MEASURED_MEMORY):
    """[network, way, MB before, MB at most], each measured in a process of its own."""
    for network, way in asked:
        command = [sys.executable, __file__, "--memory", network, way]
        environment = {**os.environ, **GIVEN_BACK}
        printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout
        yield [network, way, *map(float, printed.split())]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(DEFAULT_WAYS), help="first: compared with")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU time for all ways")
    parser.add_argument("--only", choices=("speed", "memory"), help="half of it")
    parser.add_argument("--memory", nargs=2, metavar=("NETWORK", "WAY"), help="measure only this, in this process")
    args = parser.parse_args()
    os.environ.update(dict.fromkeys(predict.ONE_CORE, "1"))
    if args.memory:
        print(*memory(*args.memory))
        return
    from deephar.utils.tables import table

    if args.only != "speed":  # first: a process starts with the peak of the one that starts it
        rows = [[*row[:2], *(f"{mb:.0f}" for mb in (*row[2:], row[3] - row[2]))] for row in memory_rows()]
        print(table(["network", "way", "MB before", "MB at most", "MB for a step"], rows, left=(0, 1)))
    if args.only != "memory":
        formats = ("{}", "{}", "{:.2f}", "{:.2f}", "{:.2f}x", "{:.4f}", "{:.0e}")
        rows = [
            [f.format(v) for f, v in zip(formats, row, strict=True)]
            for row in speed_rows(args.tasks, args.ways, args.seconds)
        ]
        print(table(["task", "way", "s a step", "frames/s", "ratio", "loss", "difference"], rows, left=(0, 1)))


if __name__ == "__main__":
    main()
