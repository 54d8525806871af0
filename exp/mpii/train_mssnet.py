"""Train MSS-Net, hourglasses with supervision at several scales, on MPII, single people.

Ke, Chang, Qi and Lyu, ICIP 2018, section 3: 4 stacks of 64 channels, maps at a quarter, an eighth and a sixteenth
of the input, a regression network behind the last stack, Adam at 5e-4 with decay, 100 epochs. The paper names neither
batch nor augmentation: batches of 16 and the hourglass' augmentation are ours.

    python exp/mpii/train_mssnet.py runs/mssnet --data FOLDER
    python exp/mpii/train_mssnet.py runs/plain --scales 1 --no-regression --data FOLDER
    python exp/mpii/train_mssnet.py runs/tiny --tiny
    python exp/mpii/eval_2d.py OUT --weights runs/mssnet/weights_best.weights.h5 --flip --data FOLDER

Expected: PCKh@0.5 of 89.8 in the paper. PCKh of every map is printed after every epoch and kept in log.csv, the
regression's last; of the outputs before it those of a stack stand together, the finest first.
"""

from deephar.experiments import heatmap_training, networks, options
from deephar.training.recipes import HEATMAP_STAGES


def arguments_of(argv=None):
    parser = heatmap_training.make_parser(__doc__, "runs/mssnet", batch=16, side=networks.PAPER_SIDE)
    parser.add_argument("--stacks", type=options.positive, default=4)
    parser.add_argument("--filters", type=options.positive, default=64)
    parser.add_argument("--scales", type=int, nargs="+", default=(1, 2, 4), help="1 and then some of 2 4 8")
    parser.add_argument("--no-regression", action="store_true", help="leave the regression network out")
    return heatmap_training.parse(parser, argv, stacks=1, filters=8, side=64, batch=4)


def main():
    arguments = arguments_of()
    config = {
        "network": "mssnet",
        "input_shape": [arguments.side, arguments.side, 3],
        "num_stacks": arguments.stacks,
        "filters": arguments.filters,
        "scales": list(arguments.scales),
        "regression": not arguments.no_regression,
    }
    heatmap_training.train(arguments, config, HEATMAP_STAGES["mssnet"], heatmap_training.hourglass_dataconf)


if __name__ == "__main__":
    options.run(main)
