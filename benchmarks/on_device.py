"""Training with the samples on the device beside training with the readers, in turns: crops alone, and whole steps.

    KERAS_BACKEND=jax python benchmarks/on_device.py                                  # a CPU: about two minutes
    KERAS_BACKEND=jax python benchmarks/on_device.py --side 256 --levels 4 --growth 64 --batch 128 \\
        --steps-per-call 10 --workers 8 --precision mixed_bfloat16

People of a rendered LSP are cropped by the settings of the small network. "Draws alone" is what the host does for the
device: which sample, and the affine map of its crop. The reader's crops come from this process, its batches for steps
from --workers processes (0: this one). Rates are wall times of the fastest round.
"""

import argparse
import os
import tempfile
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from deephar.data import BatchLoader, Lsp
from deephar.experiments.networks import small_config, small_dataconf
from deephar.models import spnet
from deephar.synthetic.writers import write_lsp
from deephar.training.on_device import OnDeviceTrainer
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage, set_precision
from deephar.training.stored import StoredSamples, require_jax
from deephar.training.trainer import MultiModelTrainer
from deephar.utils import TRAIN_MODE
from deephar.utils.progress import progress
from deephar.utils.tables import table

PEOPLE, FRAME_PX = 48, (320, 320)


def fastest(ways, rounds):
    """Seconds of the fastest round of each way; they take turns, and the first round, which compiles, is left out."""
    times = {name: [] for name in ways}
    for number in progress(range(rounds + 1), label="rounds"):
        for name, way in ways.items():
            start = time.perf_counter()
            way(number)
            times[name].append(time.perf_counter() - start)
    return {name: min(seconds[1:]) for name, seconds in times.items()}


def crop_ways(given, reader, samples):
    """One batch by the reader, drawn for the device, and drawn and cropped there."""
    import jax

    crop = jax.jit(samples.batch)
    return {
        "reader": lambda number: reader[number % len(reader)],
        "draws alone": lambda number: samples.loader[number % len(samples.loader)],
        "on device": lambda number: jax.block_until_ready(
            crop(samples.arrays, samples.loader[number % len(samples.loader)][0][0])
        ),
    }


def step_ways(given, reader, samples, build):
    """An epoch of one call's steps by either trainer."""
    steps, feeding = given.steps_per_call, dict(workers=given.workers, use_multiprocessing=given.workers > 0)
    usual = MultiModelTrainer([build()], [reader], **feeding)
    stored = OnDeviceTrainer([build()], [samples.loader], samples, steps, **feeding)
    trainers = {"reader": usual, "on device": stored}
    return {
        name: lambda number, trainer=trainer: trainer.train(number + 1, steps, number, verbose=0)
        for name, trainer in trainers.items()
    }


def arguments_of(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("side", 64), ("batch", 16), ("growth", 16), ("levels", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--steps-per-call", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="processes that load or draw")
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    return parser.parse_args(argv)


def measure(given):
    """Yield (what, rate by the reader, rate on the device) in samples a second."""
    import jax

    conf, stage = small_dataconf(given.side), Stage("pose", optimizer="adam", precision=given.precision)

    def build():
        model = spnet.build(small_config(side=given.side, growth=given.growth, num_levels=given.levels))
        set_precision(model, given.precision)
        compile_for_stage([model], stage)
        return model

    with tempfile.TemporaryDirectory() as folder:
        write_lsp(folder, train=PEOPLE, size=FRAME_PX, seed=0)
        people, model = Lsp(f"{folder}/LSP", conf), build()
        reader = BatchLoader(people, ["frame"], ["pose"], TRAIN_MODE, given.batch, len(model.outputs), seed=0)
        with StoredSamples([people], [given.batch], model.signature, workers=given.workers) as samples:
            print(f"{jax.devices()[0].device_kind}; {samples}")
            seconds = fastest(crop_ways(given, reader, samples), 4 * given.rounds)
            crops = {name: given.batch / value for name, value in seconds.items()}
            yield "crops: draws alone", crops["reader"], crops["draws alone"]
            yield "crops", crops["reader"], crops["on device"]
            seconds = fastest(step_ways(given, reader, samples, build), given.rounds)
            steps = {name: given.batch * given.steps_per_call / value for name, value in seconds.items()}
            yield f"steps, {model.count_params():,} parameters", steps["reader"], steps["on device"]


def main():
    given = arguments_of()
    require_jax("on_device")
    keras.utils.set_random_seed(0)
    measured = list(measure(given))
    rows = [(what, f"{ours:.4g}", f"{theirs:.4g}", f"{ours / theirs:.2f}") for what, theirs, ours in measured]
    print(f"batches of {given.batch}, {given.side} px, {given.steps_per_call} steps a call, {given.precision}")
    print(table(["samples/s", "on device", "reader", "ratio"], rows, left=(0,)))


if __name__ == "__main__":
    main()
