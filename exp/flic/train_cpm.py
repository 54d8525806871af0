"""Train a Convolutional Pose Machine of 4 stages and 9 joints on FLIC.

Wei, Ramakrishna, Kanade and Sheikh, CVPR 2016, section 4.2 and the authors' code: 368 x 368 crops, 4 stages of belief
maps (9 joints and the background), the solver of MPII. Which nine joints is not stated: arms, hips and the nose here.

    python exp/flic/train_cpm.py runs/cpm --data FOLDER
    python exp/flic/train_cpm.py runs/tiny --tiny
    python exp/flic/eval_flic.py OUT --weights runs/cpm/weights_best.weights.h5 --scales cpm --data FOLDER

Expected: PCK@0.2 of 97.59 on elbows and 95.03 on wrists in the paper. PCK of every stage on the last tenth of the
training films, which are held out, is printed after every epoch and kept in log.csv.
"""

from deephar.experiments import heatmap_training, options
from deephar.training.recipes import HEATMAP_STAGES

SIDE = 368


def arguments_of(argv=None):
    parser = heatmap_training.make_parser(__doc__, "runs/flic_cpm", batch=16, side=SIDE, source="flic")
    parser.add_argument("--stages", type=options.positive, default=4)
    parser.add_argument("--filters", type=options.positive, default=128)
    return heatmap_training.parse(parser, argv, stages=2, filters=8, side=64, batch=4)


def main():
    arguments = arguments_of()
    config = {
        "network": "cpm",
        "input_shape": [arguments.side, arguments.side, 3],
        "num_joints": 9,
        "num_stages": arguments.stages,
        "filters": arguments.filters,
    }
    heatmap_training.train(arguments, config, HEATMAP_STAGES["cpm"], heatmap_training.cpm_dataconf)


if __name__ == "__main__":
    options.run(main)
