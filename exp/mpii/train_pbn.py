"""Train the part-based branching network on MPII, single people.

Tang and Wu, CVPR 2019, section 4.1: 256 x 256 crops, 8 stacks, RMSprop at 2.5e-4, a tenth after epochs 170 and 220 of
250, batches of 16; scale by up to 0.25, rotation up to 30 degrees, shear up to 0.5 (horizontal, which the paper leaves
open), flips, colours.

    python exp/mpii/train_pbn.py runs/pbn --data FOLDER
    python exp/mpii/train_pbn.py runs/body --groups body --data FOLDER
    python exp/mpii/train_pbn.py runs/deep --head deep --data FOLDER
    python exp/mpii/train_pbn.py runs/tiny --tiny
    python exp/mpii/eval_2d.py OUT --weights runs/pbn/weights_best.weights.h5 --scales pbn --flip --data FOLDER

Expected: PCKh@0.5 on the 2,958 validation people, six scales with flips, 91.8 in the paper; on wrists, elbows, hips,
knees and ankles at one scale 88.14, with the deep baseline 87.74. PCKh of every stack is printed after every epoch and
kept in log.csv. `exp/mpii/find_part_groups.py` finds other groups.
"""

import json
import pathlib

from deephar.config import DataConfig
from deephar.experiments import heatmap_training, networks, options
from deephar.experiments.heatmap_training import even_draws
from deephar.training.recipes import HEATMAP_STAGES


def arguments_of(argv=None):
    parser = heatmap_training.make_parser(__doc__, "runs/pbn", batch=16, side=networks.PAPER_SIDE)
    parser.add_argument("--stacks", type=options.positive, default=8)
    parser.add_argument("--filters", type=options.positive, default=256)
    parser.add_argument("--groups", default="statistical", help="statistical, body, or a file of find_part_groups.py")
    parser.add_argument("--head", choices=("branches", "deep", "plain"), default="branches")
    parser.add_argument("--branch-filters", type=options.positive, default=64)
    parser.add_argument("--branch-residuals", type=options.positive, default=1)
    parser.add_argument("--fusion", choices=("shared", "specific"), default="shared")
    return heatmap_training.parse(parser, argv, stacks=1, filters=8, branch_filters=4, side=64, batch=4)


def groups_of(name):
    """The name of groups, or the groups of a file."""
    path = pathlib.Path(name)
    return json.loads(path.read_text(encoding="utf-8"))["groups"] if path.suffix == ".json" else name


def make_dataconf(spec):
    """How images are cropped and augmented."""
    return DataConfig.for_input(
        spec,
        angles=even_draws(-30.0, 30.0),
        scales=even_draws(0.75, 1.25),
        shears=even_draws(-0.5, 0.5),
        chpower=[p / 100 for p in range(80, 126, 5)],
    )


def main():
    arguments = arguments_of()
    config = {
        "network": "pbn",
        "input_shape": [arguments.side, arguments.side, 3],
        "groups": groups_of(arguments.groups),
        "num_stacks": arguments.stacks,
        "head": arguments.head,
        "branch_filters": arguments.branch_filters,
        "branch_residuals": arguments.branch_residuals,
        "fusion": arguments.fusion,
        "filters": arguments.filters,
    }
    heatmap_training.train(arguments, config, HEATMAP_STAGES["pbn"], make_dataconf)


if __name__ == "__main__":
    options.run(main)
