"""How even calls of `model.predict` are: the same call again and again, by us and then by Keras itself.

    python benchmarks/calls.py                     networks of two pyramids, on all cores
    python benchmarks/calls.py --published         SPNet of 8 pyramids on 16 images, of 6 pyramids on a clip of 8

Keras hands arrays to the network through a data pipeline of TensorFlow. On some machines every third or fourth call
then takes half as long again at the same CPU time: something waits. `PoseModel.predict` hands arrays over itself. It
comes first: once Keras' pipeline has run in a process, some calls of ours wait as well. Wall times in s, of an
otherwise idle machine; outputs are compared.
"""

import argparse
import functools
import time

import numpy as np

from deephar.inference.quiet import quiet_keras
from deephar.utils.progress import progress
from deephar.utils.tables import table

CLIPS = dict(poselayout="pa16j2d", num_actions=[15])
SMALL = {
    "images": (16, dict(poselayout="pa16j2d", input_shape=(256, 256, 3), num_pyramids=2, growth=64)),
    "clips": (2, dict(CLIPS, input_shape=(8, 256, 256, 3), num_pyramids=2, action_pyramids=[1, 2], growth=64)),
}
PUBLISHED = {
    "images": (16, dict(poselayout="pa16j2d", input_shape=(256, 256, 3), num_pyramids=8)),
    "clips": (1, dict(CLIPS, input_shape=(8, 256, 256, 3), num_pyramids=6, action_pyramids=[5, 6])),
}
FEATURES = dict(num_pose_features=160, num_visual_features=160)


def measure(name, batch, config, calls):
    """Yield (network, way, median, fastest, slowest, slowest over fastest, largest difference of outputs)."""
    import keras

    from deephar.config import ModelConfig
    from deephar.models import spnet

    more = FEATURES if "num_actions" in config else {}
    model = spnet.build(ModelConfig(**{**more, **config}))
    x = np.random.default_rng(0).uniform(-1, 1, (batch, *config["input_shape"])).astype(np.float32)
    by_keras = functools.partial(keras.Model.predict, model)
    ways = {"deephar": model.predict, "Keras": by_keras}
    outputs, times = {}, {}
    for way, predict in ways.items():
        outputs[way], times[way] = predict(x, batch_size=batch, verbose=0), []  # traced
        for _ in progress(range(calls), label=f"{name}, {way}"):
            start = time.perf_counter()
            predict(x, batch_size=batch, verbose=0)
            times[way].append(time.perf_counter() - start)
    pairs = zip(*(y if isinstance(y, list) else [y] for y in outputs.values()), strict=True)
    difference = max(float(np.abs(a - b).max()) for a, b in pairs)
    for way, taken in times.items():
        low, high = min(taken), max(taken)
        yield [name, way, *(f"{v:.2f}" for v in (np.median(taken), low, high, high / low)), f"{difference:.0e}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", action="store_true", help="the published sizes")
    parser.add_argument("--calls", type=int, default=20)
    arguments = parser.parse_args()
    quiet_keras()
    networks = PUBLISHED if arguments.published else SMALL
    rows = [row for name, found in networks.items() for row in measure(name, *found, arguments.calls)]
    print(table(["network", "predict of", "median s", "fastest", "slowest", "ratio", "difference"], rows, left=(0, 1)))


if __name__ == "__main__":
    main()
