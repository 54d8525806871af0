"""Six pose networks at one small size and one budget on LSP's extended set: parameters, work, speed, PCK@0.2.

    python exp/lsp/compare_networks.py runs/compare --data FOLDER
    python exp/lsp/compare_networks.py runs/compare --data FOLDER --resume --only cpm pbn
    python exp/lsp/compare_networks.py runs/tiny --tiny

SPNet (TPAMI 2020), ReceptionNet (CVPR 2018), the stacked hourglass (ECCV 2016), CPM (CVPR 2016), MSS-Net (ICIP 2018)
and PBN (CVPR 2019), narrow versions of each with its own crop, pixels, outputs and losses.

Protocol: `--side` px, every network trained from fresh weights for `--minutes` or `--steps` on `--crops` crops of the
training images (numbers that do not end in 1 or 9) whose rotation, scale, flip and colours were drawn once; Adam at
0.002, cosine. PCK@0.2 is the mean over 14
joints of the last output, one crop, on the test images (numbers that end in 1), a joint right within 0.2 of the torso,
left shoulder to right hip. Work is 2 operations a multiplication with its addition, of one crop. Speed is that of this
machine, the forward pass alone. Finished networks are kept, `--resume` trains those that are missing. The README beside
this file has a table.
"""

import functools
import time

import numpy as np

from deephar.config import READERS_MARGIN, DataConfig
from deephar.data import Lsp
from deephar.experiments import networks, options, trials
from deephar.experiments.datasetpath import datasetpath
from deephar.experiments.trials import Trainee, Trial, Trials
from deephar.utils import TEST_MODE, TRAIN_MODE
from deephar.utils.tables import table

TIMED_S = 2.0  # for so long the forward pass is repeated


def make_trials(side, width):
    """The six networks by name, `width` times as wide as those of the table."""
    shape, wide = [side, side, 3], lambda filters: max(4, round(filters * width))
    spnet = networks.small_config("lsp14j2d", side, growth=wide(32), image_div=8 if side >= 128 else 4).to_dict()
    made = [
        Trial("spnet", {"network": "spnet", **spnet}),
        Trial("reception", networks.reception_config(side, num_blocks=1)),
        Trial("hourglass", dict(network="hourglass", input_shape=shape, num_stacks=2, filters=wide(64))),
        Trial("cpm", dict(network="cpm", input_shape=shape, num_stages=3, filters=wide(32))),
        Trial("mssnet", dict(network="mssnet", input_shape=shape, num_stacks=2, filters=wide(32))),
        Trial("pbn", dict(network="pbn", input_shape=shape, num_stacks=2, filters=wide(64), branch_filters=wide(16))),
    ]
    return {trial.name: trial for trial in made}


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/compare")
    trials.add_options(parser, minutes=10.0)
    parser.add_argument("--side", type=options.positive, default=128, help="of the input, px; a multiple of 64")
    parser.add_argument("--width", type=float, default=1.0, help="factor of the networks' widths")
    parser.add_argument("--limit", type=options.positive, help="so many test images, the first ones")
    parser.add_argument("--crops", type=options.positive, default=20_000, help="training crops, drawn once")
    parser.add_argument("--workers", type=options.positive, help="processes that make the crops; default: one a core")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, "LSP")
        vars(arguments).update(batch=4, side=64, width=0.125, steps=2, crops=8, workers=1)
    arguments.only = trials.chosen(parser, arguments.only, list(make_trials(arguments.side, arguments.width)))
    return arguments


def training_crops(arguments, trainee):
    """Kept crops of the training images, as a network takes them."""
    spec, layout = trainee.model.signature.frame, trainee.model.signature.layout
    turns = dict(angles=range(-40, 41, 2), scales=[s / 100 * spec.margin / READERS_MARGIN for s in range(75, 131, 5)])
    how = (TRAIN_MODE, arguments.crops, arguments.out / "data" / layout.name, arguments.seed, arguments.workers)
    make = functools.partial(Lsp, datasetpath("LSP", arguments.data), poselayout=layout)
    return trials.kept_crops(make, spec, *how, **turns, chpower=[p / 100 for p in range(70, 141, 5)])


def score(arguments, trainee):
    """`PoseScores` of a network on the test images."""
    from deephar.evaluation.poses import eval_pck

    signature = trainee.model.signature
    people = Lsp(datasetpath("LSP", arguments.data), DataConfig.for_input(signature.frame), signature.layout)
    keys = range(min(arguments.limit or np.inf, people.get_length(TEST_MODE)))
    return eval_pck(trainee.model, people, TEST_MODE, keys=keys, batch_size=arguments.batch)


def frames_a_second(trainee, batch):
    """Crops a second through the forward pass, the median of many batches."""
    from deephar.inference.engines import forward

    specs = trainee.model.signature.inputs
    inputs = [np.zeros((batch, *spec.size, spec.channels), np.float32) for spec in specs]
    forward(trainee.model, inputs, batch)
    times, start = [], time.monotonic()
    while time.monotonic() - start < TIMED_S or len(times) < 3:
        before = time.monotonic()
        forward(trainee.model, inputs, batch)
        times.append(time.monotonic() - before)
    return batch / float(np.median(times))


def run_trial(trial, arguments, folder):
    """Train, score and keep one network, unless it has its result."""
    from deephar.models.flops import count_flops

    if not folder.missing(trial.name, [arguments.seed]):
        return
    trainee = Trainee(trial)
    loader = trainee.loader(training_crops(arguments, trainee), arguments.batch, arguments.seed)
    steps = trials.steps_of(trial, trainee, loader, folder, arguments, workers=0)
    print(f"{trial.name}: {steps} steps, {trainee.model.count_params():,} parameters", flush=True)
    trainee.start(arguments.seed)
    seconds = trainee.train(loader, steps, arguments.seed, workers=0)
    scores = score(arguments, trainee)
    result = {
        "parameters": trainee.model.count_params(),
        "flops": count_flops(trainee.model),
        "frames_a_second": frames_a_second(trainee, arguments.batch),
        "steps": steps,
        "minutes": steps * seconds / 60,
        "images": scores.num_people,
        "pck": scores.mean.tolist(),
        "per_joint": dict(zip(scores.joint_names, scores.per_joint[-1].tolist(), strict=True)),
    }
    folder.keep(trial.name, arguments.seed, result)
    print(f"PCK@0.2 by output: {' '.join(f'{100 * score:.1f}' for score in scores.mean)}", flush=True)


def report(arguments, folder):
    """The table of what there is."""
    rows = []
    for name in make_trials(arguments.side, arguments.width):
        result = folder.result(name, arguments.seed)
        if result is not None:
            work, speed = f"{result['flops'] / 1e9:.3f}", f"{result['frames_a_second']:.0f}"
            per_joint = [f"{100 * value:.1f}" for value in result["per_joint"].values()]
            row = [name, f"{result['parameters']:,}", work, speed, f"{result['steps'] * arguments.batch:,}"]
            rows.append([*row, f"{100 * result['pck'][-1]:.1f}", *per_joint])
            names = list(result["per_joint"])
    header = ["network", "parameters", "GFLOPs", "frames/s", "crops seen", "PCK@0.2 %", *(names if rows else ())]
    return table(header, rows)


def main():
    arguments = arguments_of()
    kept = ("minutes", "batch", "side", "width", "limit", "steps", "crops", "seed")
    folder = Trials(arguments.out, {name: getattr(arguments, name) for name in kept}, arguments.resume)
    for name, trial in make_trials(arguments.side, arguments.width).items():
        if name in arguments.only:
            run_trial(trial, arguments, folder)
    folder.show(report(arguments, folder))


if __name__ == "__main__":
    options.run(main)
