"""Train the stacked hourglass network on MPII, single people.

Newell, Yang and Deng, ECCV 2016, section 3.1: 256 x 256 crops, heat maps of 64 x 64, RMSprop at 2.5e-4, rotation up to
60 degrees by a normal distribution of 30 (none in 6 of 10), scale by one of 0.25; batches of 6, 8,000 steps an epoch
and 100 epochs as in the authors' code, at a constant rate. Colours vary by exponents here, by factors there.

    python exp/mpii/train_hourglass.py runs/hourglass --data FOLDER
    python exp/mpii/train_hourglass.py runs/hourglass2 --stacks 2 --data FOLDER
    python exp/mpii/train_hourglass.py runs/tiny --tiny
    python exp/mpii/eval_mpii_singleperson.py OUT --weights runs/hourglass/weights_best.weights.h5 --flip --data FOLDER

Expected: PCKh@0.5 on the 2,958 validation people, last stack, mean of the maps with those of the flipped crop, as
others state for their own trainings: 88.1 (8 stacks, the paper's settings), 86.95 (2 stacks) and 88.78 (8 stacks,
bearpaw/pytorch-pose). PCKh of every stack is printed after every epoch and kept in log.csv. `--synthetic 1` trains on
rendered images alone, with no data set at all.
"""

from statistics import NormalDist

from deephar.config import DataConfig
from deephar.experiments import networks, options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import make_images, split_batch
from deephar.training.recipes import Stage

PAPER_STAGE = Stage(
    "pose",
    epochs=100,
    steps_per_epoch=8000,
    learning_rate=2.5e-4,
    rho=0.99,
    epsilon=1e-8,
    decay_epochs=(),
)
NUM_JOINTS = 16
DRAWS = 100  # values that stand for a distribution


def normal_draws(spread, limit, share=1.0):
    """Values of equal weight that stand for a normal distribution of width `spread` cut at +-`limit`; zeros besides.

    Args:
        spread, limit: of the distribution.
        share: of the values; the rest are zeros.
    """
    number = round(share * DRAWS)
    values = [NormalDist(0, spread).inv_cdf((k + 0.5) / number) for k in range(number)]
    return [max(-limit, min(limit, value)) for value in values] + [0.0] * (DRAWS - number)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/hourglass")
    options.add_training(parser, batch=6)
    options.add_settle(parser)
    parser.add_argument("--stacks", type=options.positive, default=8)
    parser.add_argument("--filters", type=options.positive, default=256)
    parser.add_argument("--side", type=options.positive, default=networks.PAPER_SIDE, help="of the input, px")
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of images rendered on the fly")
    parser.add_argument("--validate", type=options.count, default=10_000, help="validation people; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        if arguments.synthetic < 1:
            options.tiny_data(arguments, "MPII")
        options.make_tiny(arguments, stacks=1, filters=8, side=64)
    return arguments


def make_dataconf(spec):
    """How images are cropped and augmented, as the authors do."""
    return DataConfig.for_input(
        spec,
        angles=normal_draws(30.0, 60.0, share=0.4),
        scales=[2.0**value for value in normal_draws(0.25, 0.5)],
        chpower=[p / 100 for p in range(70, 141, 5)],
    )


def main():
    arguments = arguments_of()
    config = {
        "network": "hourglass",
        "input_shape": [arguments.side, arguments.side, 3],
        "num_joints": NUM_JOINTS,
        "num_stacks": arguments.stacks,
        "filters": arguments.filters,
    }
    from deephar.models import hourglass

    signature = hourglass.signature_for(config["input_shape"], NUM_JOINTS, [("stack1", 1)])
    dataconf, layout = make_dataconf(signature.frame), signature.layout
    shares = {"mpii": 1.0, "synthetic": arguments.synthetic} if arguments.synthetic < 1 else {"synthetic": 1.0}
    sizes = split_batch(shares, arguments.batch)
    sets = {name: make_images(name, arguments.data, dataconf, arguments.seed, layout=layout) for name in sizes}
    people = {name: sets[name] for name in sets if name == "mpii"}
    if not people:
        people["synthetic"] = make_images("synthetic", None, dataconf, arguments.seed, "validation", layout=layout)
    train_poses(arguments, config, dataconf, options.override(arguments, PAPER_STAGE), sets, sizes, people)


if __name__ == "__main__":
    options.run(main)
