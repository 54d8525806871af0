"""Speed, parameters and operations of a network cut after each prediction block.

Paper (TPAMI 2020, section 4.5 and figure 12): a network trained once can be cut after any block, trading precision for
speed without training again.

    python exp/pennaction/eval_speed2d.py runs/speed --weights NAME_OR_PATH
    python exp/pennaction/eval_speed2d.py runs/full --full --cuts 3,6,9,12,15,18
    python exp/pennaction/eval_speed2d.py runs/tiny --tiny

Expected: one row a cut, GFLOPs rising from block to block and frames a second falling; the paper states its speeds for
a GTX 1080 Ti. Weights do not matter for speed: --full and --small build the networks with random ones.
"""

import functools
import time

import numpy as np

from deephar.config import ModelConfig
from deephar.experiments import networks, options
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils.io import write_json


def cut_numbers(text):
    """'3,6' as [3, 6]."""
    return [options.positive(part) for part in text.split(",")]


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/speed", "spnet-penn-6p")
    parser.add_argument("--full", action="store_true", help="the paper's network: 6 pyramids, clips of 8 x 256 x 256")
    parser.add_argument("--small", action="store_true", help="the small network: 2 pyramids, clips of 8 x 256 x 256")
    parser.add_argument("--cuts", type=cut_numbers, metavar="N,N", help="blocks to keep; default: every one")
    parser.add_argument("--batch", type=options.positive, default=1, help="clips or images at once")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each cut, after a first pass")
    return options.parse(parser, argv)


def make_model(arguments):
    from deephar.models import spnet

    if arguments.full:
        penn = dict(num_actions=[networks.NUM_PENN_ACTIONS], num_pyramids=6, action_pyramids=[5, 6])
        features = dict(num_pose_features=160, num_visual_features=160, pose_replica=True)
        return spnet.build(ModelConfig((networks.NUM_FRAMES, 256, 256, 3), "pa16j2d", **penn, **features))
    if arguments.small:
        return spnet.build(networks.small_config(num_frames=networks.NUM_FRAMES))
    tiny = functools.partial(networks.build_tiny, networks.NUM_FRAMES)
    return networks.load(arguments, tiny, fallback=DEFAULT_MODEL)[0]


def frames_per_second(model, batch_size, seconds):
    """Frames a second of forward passes on random images."""
    shape = (batch_size, *model.input_shape[1:])
    frames = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    model.predict_on_batch(frames)  # traces the network
    start, passes = time.perf_counter(), 0
    while passes == 0 or time.perf_counter() - start < seconds:
        model.predict_on_batch(frames)
        passes += 1
    return passes * int(np.prod(shape[:-3])) / (time.perf_counter() - start)


def main():
    arguments = arguments_of()
    import keras

    from deephar.models import cut_model, prediction_blocks, signature_of
    from deephar.models.flops import count_flops
    from deephar.utils.tables import table

    model = make_model(arguments)
    blocks, num_frames = prediction_blocks(model), signature_of(model).num_frames or 1
    seconds = min(arguments.seconds, 0.2) if arguments.tiny else arguments.seconds
    rows = []
    for number in arguments.cuts or range(1, len(blocks) + 1):
        cut = cut_model(model, number)
        actions = len(cut.signature.indices("action"))
        speed = frames_per_second(cut, arguments.batch, seconds)
        gflops = count_flops(cut) / num_frames / 1e9
        rows.append(dict(block=blocks[number - 1], cut=number, action_outputs=actions, parameters=cut.count_params()))
        rows[-1].update(gflops_per_frame=gflops, frames_per_second=speed)
    size = "x".join(str(n) for n in model.input_shape[1:])
    print(f"input {size}, batch of {arguments.batch}, {keras.backend.backend()}")
    header = ["after block", "blocks", "actions", "parameters", "GFLOPs/frame", "frames/s"]
    formats = ("{}", "{}", "{}", "{:,}", "{:.3f}", "{:.1f}")
    print(table(header, [[f.format(v) for f, v in zip(formats, row.values(), strict=True)] for row in rows]))
    write_json(arguments.out / "speed2d.json", {"input": size, "batch": arguments.batch, "cuts": rows})
    print(f"results in {arguments.out / 'speed2d.json'}")


if __name__ == "__main__":
    options.run(main)
