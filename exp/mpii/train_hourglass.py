"""Train the stacked hourglass network on MPII, single people.

Newell, Yang and Deng, ECCV 2016, section 3.1: 256 x 256 crops, heat maps of 64 x 64, RMSprop at 2.5e-4, rotation up to
60 degrees by a normal distribution of 30 (none in 6 of 10), scale by one of 0.25; batches of 6, 8,000 steps an epoch
and 100 epochs as in the authors' code, at a constant rate. Colours vary by exponents here, by factors there.

    python exp/mpii/train_hourglass.py runs/hourglass --data FOLDER
    python exp/mpii/train_hourglass.py runs/hourglass2 --stacks 2 --data FOLDER
    python exp/mpii/train_hourglass.py runs/tiny --tiny
    python exp/mpii/eval_2d.py OUT --weights runs/hourglass/weights_best.weights.h5 --flip --data FOLDER

Expected: PCKh@0.5 on the 2,958 validation people, last stack, mean of the maps with those of the flipped crop, as
others state for their own trainings: 88.1 (8 stacks, the paper's settings), 86.95 (2 stacks) and 88.78 (8 stacks,
bearpaw/pytorch-pose). PCKh of every stack is printed after every epoch and kept in log.csv. `--synthetic 1` trains on
rendered images alone, with no data set at all.
"""

from deephar.experiments import heatmap_training, networks, options
from deephar.training.recipes import HEATMAP_STAGES


def arguments_of(argv=None):
    parser = heatmap_training.make_parser(__doc__, "runs/hourglass", batch=6, side=networks.PAPER_SIDE)
    parser.add_argument("--stacks", type=options.positive, default=8)
    parser.add_argument("--filters", type=options.positive, default=256)
    return heatmap_training.parse(parser, argv, stacks=1, filters=8, side=64)


def main():
    arguments = arguments_of()
    config = {
        "network": "hourglass",
        "input_shape": [arguments.side, arguments.side, 3],
        "num_stacks": arguments.stacks,
        "filters": arguments.filters,
    }
    heatmap_training.train(arguments, config, HEATMAP_STAGES["hourglass"], heatmap_training.hourglass_dataconf)


if __name__ == "__main__":
    options.run(main)
