"""Train the poses of an SPNet on MPII, single people.

Paper (TPAMI 2020, section 4.2.3): 8 pyramids of 4 levels, 256 x 256, RMSprop at 0.001, about 32,000 steps of 32
pictures, 40 epochs.

    python exp/mpii/train_mpii_singleperson.py runs/mpii --data FOLDER
    python exp/mpii/train_mpii_singleperson.py runs/small --small --data FOLDER
    python exp/mpii/train_mpii_singleperson.py runs/tiny --tiny

Expected: 88.3 PCKh@0.5 on the 2,958 validation people with 8 pyramids (table 4); PCKh of every block is printed after
every epoch and kept in log.csv. `--synthetic 1` trains on rendered pictures alone, with no data set at all.
"""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import networks
import options
from pose_training import train_poses
from sources import make_pictures, split_batch

from deephar.config import ModelConfig, mpii_sp_dataconf
from deephar.recipes import Stage

PAPER_STAGE = Stage("pose", epochs=40, steps_per_epoch=800, decay_epochs=())
SMALL_STAGE = Stage("pose", epochs=60, steps_per_epoch=400, optimizer="adam", schedule="cosine", clipnorm=5.0)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/mpii")
    options.add_training(parser, batch=32)
    parser.add_argument("--small", action="store_true", help="the small network and a short schedule")
    parser.add_argument("--pyramids", type=options.positive, default=8)
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of pictures rendered on the fly")
    parser.add_argument("--validate", type=options.count, default=10_000, help="validation people; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        if arguments.synthetic < 1:
            options.tiny_data(arguments, "MPII")
        options.make_tiny(arguments)
    return arguments


def make_config(arguments):
    """The network and how its pictures are cropped."""
    if arguments.tiny:
        return networks.tiny_config(), networks.small_dataconf(networks.TINY_SIDE)
    if arguments.small:
        return networks.small_config(), networks.small_dataconf()
    config = ModelConfig(mpii_sp_dataconf.input_shape, "pa16j2d", num_pyramids=arguments.pyramids)
    return config, mpii_sp_dataconf


def make_sets(arguments, dataconf):
    """Data sets and how many pictures of each make a batch, both by name; and what validation sees."""
    shares = {"mpii": 1.0, "synthetic": arguments.synthetic} if arguments.synthetic < 1 else {"synthetic": 1.0}
    sizes = split_batch(shares, arguments.batch)
    sets = {name: make_pictures(name, arguments.data, dataconf, arguments.seed) for name in sizes}
    if "mpii" in sets:
        return sets, sizes, {"mpii": sets["mpii"]}
    return sets, sizes, {"synthetic": make_pictures("synthetic", None, dataconf, arguments.seed, "validation")}


def main():
    arguments = arguments_of()
    config, dataconf = make_config(arguments)
    sets, sizes, people = make_sets(arguments, dataconf)
    stage = options.override(arguments, SMALL_STAGE if arguments.small else PAPER_STAGE)
    train_poses(arguments, config, dataconf, stage, sets, sizes, people)


if __name__ == "__main__":
    options.run(main)
