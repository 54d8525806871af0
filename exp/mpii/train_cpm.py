"""Train a Convolutional Pose Machine on MPII, single people.

Wei, Ramakrishna, Kanade and Sheikh, CVPR 2016, section 4 and the authors' code: 368 x 368 crops, 6 stages of belief
maps 46 x 46 (14 joints and the background), SGD at 8e-5 (stage 1 five times, biases twice as fast), batches of 16,
600,000 steps; scale 0.7 to 1.3, rotation up to 40 degrees, flips. Stage 1 is trained on the joints of everybody, later
stages on those of the person in the middle, whom the centre map marks. Colours vary here by exponents.

    python exp/mpii/train_cpm.py runs/cpm --data FOLDER
    python exp/mpii/train_cpm.py runs/cpm3 --stages 3 --side 256 --filters 64 --data FOLDER
    python exp/mpii/train_cpm.py runs/tiny --tiny
    python exp/mpii/eval_2d.py OUT --weights runs/cpm/weights_best.weights.h5 --scales cpm --data FOLDER

Expected: PCKh@0.5 on the test set of MPII, seven scales, 87.95 in the paper, 88.52 with LSP (`--lsp 0.3`). PCKh of
every stage is printed after every epoch and kept in log.csv.
"""

from deephar.experiments import heatmap_training, options
from deephar.training.recipes import HEATMAP_STAGES

SIDE = 368


def arguments_of(argv=None):
    parser = heatmap_training.make_parser(__doc__, "runs/cpm", batch=16, side=SIDE)
    parser.add_argument("--stages", type=options.positive, default=6)
    parser.add_argument("--filters", type=options.positive, default=128)
    parser.add_argument("--joints", type=options.positive, choices=(14, 16), default=14, help="16: all of MPII's")
    parser.add_argument("--no-center-map", action="store_true", help="the image is the only input")
    return heatmap_training.parse(parser, argv, stages=2, filters=8, side=64, batch=4)


def main():
    arguments = arguments_of()
    config = {
        "network": "cpm",
        "input_shape": [arguments.side, arguments.side, 3],
        "num_joints": arguments.joints,
        "num_stages": arguments.stages,
        "filters": arguments.filters,
        "center_map": not arguments.no_center_map,
    }
    heatmap_training.train(arguments, config, HEATMAP_STAGES["cpm"], heatmap_training.cpm_dataconf)


if __name__ == "__main__":
    options.run(main)
