"""Train the 3D poses of an SPNet on images of Human3.6M, MPII and NTU: the network that all else on NTU starts from.

Paper (TPAMI 2020, sections 4.2.3 and 4.4): 8 pyramids of 4 levels, 17 joints, 256 x 256, RMSprop at 0.001, about 32,000
steps of 32 images, half of them of Human3.6M, 37.5 % of MPII, whose people have no depth, and 12.5 % of NTU.

    python exp/ntu/train_pose_baseline.py runs/poses --data FOLDER
    python exp/ntu/train_pose_baseline.py runs/poses4 --data FOLDER --pyramids 4
    python exp/ntu/train_ntu_spnet.py runs/ntu --data FOLDER --stages action,joint,decoupled \\
        --init runs/poses4/weights_best.weights.h5
    python exp/ntu/train_pose_baseline.py runs/small --small --synthetic 1 --init spnet-2d
    python exp/ntu/train_pose_baseline.py runs/tiny --tiny

Expected: 49.5 mm MPJPE on Human3.6M with 8 pyramids (table 1, single-task) by exp/h36m/eval_h36m.py. `--synthetic 1`
trains on rendered people alone, half of them with the motions of Human3.6M and half with NTU's. A registered name as
`--init` may be a network of 2D poses. Test videos are never read: MPJPE on a training subject of Human3.6M that is held
out decides which weights are best (on rendered people with `--synthetic 1`).
"""

from deephar.config import ModelConfig, mpii_dataconf
from deephar.experiments import networks, ntu_sources, options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import SYNTHETIC_MOTIONS, split_batch
from deephar.training.recipes import NTU_IMAGES, NTU_RECIPE
from deephar.utils import pa17j3d

PAPER_STAGE = NTU_RECIPE.stages[0]
SMALL_STAGE = PAPER_STAGE.replace(epochs=60, steps_per_epoch=400, optimizer="adam", schedule="cosine", clipnorm=5.0)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/ntu_poses")
    options.add_training(parser, batch=32)
    options.add_settle(parser)
    options.add_on_device(parser)
    parser.add_argument("--small", action="store_true", help="the small network and a short schedule")
    parser.add_argument("--pyramids", type=options.positive, default=8)
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of images rendered on the fly")
    parser.add_argument("--random-poses", type=options.fraction, default=0.45, help="share of these without a motion")
    parser.add_argument("--lsp", type=options.fraction, default=0.0, help="share of LSP, whose people have no depth")
    ntu_sources.add_split(parser)
    parser.add_argument("--validate", type=options.count, default=500, help="validation people of each set; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        names = ntu_sources.DATA_SETS if arguments.synthetic + arguments.lsp < 1 else []
        options.tiny_data(arguments, *names, *(["LSP"] if arguments.lsp else []))
        options.make_tiny(arguments, batch=8)
    return arguments


def make_config(arguments):
    """The network, and how its images are cropped where the published settings are not taken."""
    if arguments.tiny:
        return networks.tiny_config(layout=pa17j3d), networks.small_dataconf(networks.TINY_SIDE)
    if arguments.small:
        return networks.small_config(layout=pa17j3d), networks.small_dataconf()
    return ModelConfig(mpii_dataconf.input_shape, pa17j3d, num_pyramids=arguments.pyramids), None


def make_sizes(arguments):
    """Images of a batch from each source, {name: number}."""
    rendered = arguments.synthetic / len(SYNTHETIC_MOTIONS)
    added = {**dict.fromkeys(SYNTHETIC_MOTIONS, rendered), "lsp": arguments.lsp}
    rest = 1 - sum(added.values())
    if rest < 1e-9:
        return split_batch({name: share for name, share in added.items() if share}, arguments.batch)
    published = {name: share * rest for name, share in NTU_IMAGES.items()}
    return split_batch({**published, **added}, arguments.batch)


def make_stage(arguments, flat, deep):
    """The stage, with the score that decides about the best weights."""
    stage = options.override(arguments, SMALL_STAGE if arguments.small else PAPER_STAGE)
    if not arguments.validate:
        return stage
    monitor, mode = ntu_sources.monitors_of(flat, deep)["pose"]
    return stage.replace(monitor=monitor, monitor_mode=mode)


def main():
    arguments = arguments_of()
    config, dataconf = make_config(arguments)
    sizes = make_sizes(arguments)
    sets = ntu_sources.make_sets(arguments, sizes, pa17j3d, dataconf, random_poses=arguments.random_poses)
    flat, deep = ntu_sources.people_of(sets, arguments.seed, pa17j3d)
    stage = make_stage(arguments, flat, deep)
    train_poses(arguments, config, dataconf or mpii_dataconf, stage, sets, sizes, flat, deep)


if __name__ == "__main__":
    options.run(main)
