"""Train the poses of an SPNet, or of the ReceptionNet of CVPR 2018, on MPII, single people.

SPNet (TPAMI 2020, section 4.2.3): 8 pyramids of 4 levels, 256 x 256, RMSprop at 0.001, about 32,000 steps of 32
images, 40 epochs. ReceptionNet (CVPR 2018): 8 blocks, 2 context maps a joint, 256 x 256, RMSprop at 0.001, elastic
net on coordinates and 0.01 times the cross entropy of the confidence; how long, and when the rate falls, is ours: 120
epochs, a fifth after epochs 60, 90 and 110.

    python exp/mpii/train_mpii_singleperson.py runs/mpii --data FOLDER
    python exp/mpii/train_mpii_singleperson.py runs/reception --network reception --data FOLDER
    python exp/mpii/train_mpii_singleperson.py runs/small --small --data FOLDER
    python exp/mpii/train_mpii_singleperson.py runs/tiny --tiny [--network reception]

Expected: PCKh@0.5 on the 2,958 validation people, single crop: 88.3 with 8 pyramids (table 4), 89.1 with the published
ReceptionNet. PCKh of every block is printed after every epoch and kept in log.csv. `--synthetic 1` trains on rendered
images alone, with no data set at all.
"""

from deephar.config import ModelConfig, mpii_sp_dataconf
from deephar.experiments import networks, options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import make_images, split_batch
from deephar.training.recipes import Stage

PAPER_STAGE = Stage("pose", epochs=40, steps_per_epoch=800, decay_epochs=())
RECEPTION_STAGE = Stage(
    "pose", epochs=120, steps_per_epoch=800, decay_epochs=(60, 90, 110), decay_factor=0.2, pose_loss="l1l2"
)
SMALL_STAGE = Stage("pose", epochs=60, steps_per_epoch=400, optimizer="adam", schedule="cosine", clipnorm=5.0)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/mpii")
    options.add_training(parser, batch=32)
    options.add_settle(parser)
    options.add_on_device(parser)
    parser.add_argument("--network", choices=networks.POSE_NETWORKS, default="spnet")
    parser.add_argument("--blocks", type=options.positive, default=8, help="of a ReceptionNet")
    parser.add_argument("--small", action="store_true", help="the small network and a short schedule")
    parser.add_argument("--pyramids", type=options.positive, default=8)
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of images rendered on the fly")
    parser.add_argument("--validate", type=options.count, default=10_000, help="validation people; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        if arguments.synthetic < 1:
            options.tiny_data(arguments, "MPII")
        options.make_tiny(arguments)
    return arguments


def make_config(arguments):
    """The network and how its images are cropped."""
    if arguments.network == "reception":
        return make_reception(arguments)
    if arguments.tiny:
        return networks.tiny_config(), networks.small_dataconf(networks.TINY_SIDE)
    if arguments.small:
        return networks.small_config(), networks.small_dataconf()
    config = ModelConfig(mpii_sp_dataconf.input_shape, "pa16j2d", num_pyramids=arguments.pyramids)
    return config, mpii_sp_dataconf


def make_reception(arguments):
    """The same for a ReceptionNet, `--small` and `--tiny` with images and blocks as small."""
    if arguments.tiny:
        return networks.reception_config(networks.TINY_SIDE, num_blocks=1), networks.small_dataconf(networks.TINY_SIDE)
    if arguments.small:
        return networks.reception_config(networks.SMALL_SIDE, num_blocks=2), networks.small_dataconf()
    return networks.reception_config(num_blocks=arguments.blocks), mpii_sp_dataconf


def make_stage(arguments):
    """The schedule, with what was asked for on the command line."""
    full = RECEPTION_STAGE if arguments.network == "reception" else PAPER_STAGE
    return options.override(arguments, SMALL_STAGE if arguments.small else full)


def make_sets(arguments, dataconf):
    """Data sets and how many images of each make a batch, both by name; and what validation sees."""
    shares = {"mpii": 1.0, "synthetic": arguments.synthetic} if arguments.synthetic < 1 else {"synthetic": 1.0}
    sizes = split_batch(shares, arguments.batch)
    sets = {name: make_images(name, arguments.data, dataconf, arguments.seed) for name in sizes}
    if "mpii" in sets:
        return sets, sizes, {"mpii": sets["mpii"]}
    return sets, sizes, {"synthetic": make_images("synthetic", None, dataconf, arguments.seed, "validation")}


def main():
    arguments = arguments_of()
    config, dataconf = make_config(arguments)
    sets, sizes, people = make_sets(arguments, dataconf)
    train_poses(arguments, config, dataconf, make_stage(arguments), sets, sizes, people)


if __name__ == "__main__":
    options.run(main)
