"""Train 3D poses on Human3.6M mixed with MPII: the ReceptionNet of CVPR 2018 or an SPNet.

Paper: images of Human3.6M and of MPII in one batch; MPII's poses have no depth, and the loss leaves it out (CVPR
2018; TPAMI 2020, sections 4.2 and 4.4). RMSprop at 0.001; elastic net on the coordinates, and 0.01 times the cross
entropy of the confidence. ReceptionNet: 8 blocks, kernels 5 x 5, 16 depth maps. SPNet: 8 pyramids of 4 levels, about
32,000 steps of 32 images. Ours: half of a batch from either, and for the ReceptionNet 120 epochs, a fifth of the rate
after epochs 60, 90 and 110.

    python exp/h36m/train_h36m_pose.py runs/h36m --data FOLDER
    python exp/h36m/train_h36m_pose.py runs/h36m --data FOLDER --network spnet
    python exp/h36m/train_h36m_pose.py runs/h36m --network spnet --small --synthetic 1
    python exp/h36m/train_h36m_pose.py runs/tiny --tiny

Expected by eval_h36m.py: 55.1 mm (ReceptionNet), 49.5 mm (SPNet; table 1). The error on validation people is printed
after every epoch and kept in log.csv; the smallest decides which weights are best. Where the validation split is the
test subjects, training subject 8 is held out instead: test videos are never read. `--validate 0` trains on all five.
"""

from deephar.config import ModelConfig, human36m_dataconf, mpii_dataconf
from deephar.experiments import networks, options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import hold_out_subject, make_images, split_batch
from deephar.training.recipes import Stage
from deephar.utils import pa17j3d

PAPER_STAGE = Stage("pose", epochs=40, steps_per_epoch=800, decay_epochs=())
RECEPTION_STAGE = Stage("pose", epochs=120, steps_per_epoch=800, decay_epochs=(60, 90, 110), decay_factor=0.2)
SMALL_STAGE = Stage("pose", epochs=60, steps_per_epoch=400, optimizer="adam", schedule="cosine", clipnorm=5.0)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/h36m")
    options.add_training(parser, batch=32)
    options.add_settle(parser)
    options.add_on_device(parser)
    parser.add_argument("--network", choices=networks.POSE_NETWORKS, default="reception")
    parser.add_argument("--blocks", type=options.positive, default=8, help="of a ReceptionNet")
    parser.add_argument("--pyramids", type=options.positive, default=8, help="of an SPNet")
    parser.add_argument("--small", action="store_true", help="a small network and a short schedule")
    parser.add_argument("--mpii", type=options.fraction, default=0.5, help="share of MPII in a batch")
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of images rendered on the fly")
    parser.add_argument("--validate", type=options.count, default=2000, help="validation people; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.synthetic == 1:
        arguments.mpii = 0.0
    if arguments.tiny:
        names = [] if arguments.synthetic == 1 else ["Human3.6M", *(["MPII"] if arguments.mpii else [])]
        options.tiny_data(arguments, *names)
        options.make_tiny(arguments)
    return arguments


def make_config(arguments):
    """The network, as `ModelConfig` or the arguments of its builder, and how each data set's images are cropped."""
    confs = {"h36m": human36m_dataconf, "mpii": mpii_dataconf, "synthetic": human36m_dataconf}
    small, side = arguments.tiny or arguments.small, networks.TINY_SIDE if arguments.tiny else networks.SMALL_SIDE
    if small:
        confs = dict.fromkeys(confs, networks.small_dataconf(side))
    if arguments.network == "reception":
        sizes = {"num_blocks": 2 if small else arguments.blocks, "depth_maps": 16}
        side = confs["h36m"].crop_resolution[0]
        return networks.reception_config(side, pa17j3d.num_joints, dim=3, **sizes), confs
    if small:
        make = networks.tiny_config if arguments.tiny else networks.small_config
        return make(layout="pa17j3d"), confs
    return ModelConfig(human36m_dataconf.input_shape, "pa17j3d", num_pyramids=arguments.pyramids), confs


def make_stage(arguments, validated):
    """The schedule, with what was asked for; the error on the set `validated` decides which weights are best."""
    reception = arguments.network == "reception"
    stage = SMALL_STAGE if arguments.small else RECEPTION_STAGE if reception else PAPER_STAGE
    losses = {"pose_loss": "l1l2"} if reception else {}  # the SPNet's has a third term
    return options.override(arguments, stage).replace(**losses, monitor=f"mpjpe_{validated}", monitor_mode="min")


def make_sets(arguments, confs):
    """Data sets and how many images of each make a batch, both by name; and who is validated on, in 2D and in 3D."""
    shares = {"h36m": 1.0, "mpii": arguments.mpii, "synthetic": arguments.synthetic}
    sizes = split_batch(shares if arguments.synthetic < 1 else {"synthetic": 1.0}, arguments.batch)
    more = dict(seed=arguments.seed, layout=pa17j3d)
    sets = {name: make_images(name, arguments.data, confs[name], **more) for name in sizes}
    flat = {"mpii": sets["mpii"]} if "mpii" in sets else {}
    if "h36m" in sets and arguments.validate:
        hold_out_subject(sets["h36m"])
    if "h36m" in sets:
        return sets, sizes, flat, {"h36m": sets["h36m"]}
    rendered = make_images("synthetic", None, confs["synthetic"], split="validation", **more)
    return sets, sizes, flat, {"synthetic": rendered}


def main():
    arguments = arguments_of()
    config, confs = make_config(arguments)
    sets, sizes, flat, deep = make_sets(arguments, confs)
    stage = make_stage(arguments, next(iter(deep)))
    train_poses(arguments, config, confs[next(iter(sets))], stage, sets, sizes, flat, deep)


if __name__ == "__main__":
    options.run(main)
