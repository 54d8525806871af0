"""Train the poses of an SPNet on LSP or its extended set, mixed with MPII and synthetic images if asked for.

Paper: TPAMI 2020 trains on MPII with RMSprop at 0.001; LSP has no score there. The small network here (2.9 M
parameters, 256 x 256) is the pose part of the one that ships; `--side 128 --growth 32` is a fifth of the work.

    python exp/lsp/train_lsp_spnet.py runs/pose --data FOLDER --synthetic 0.4 --heatmaps 0.1 --epochs 60 --steps 400
    KERAS_BACKEND=jax python exp/lsp/train_lsp_spnet.py runs/pose --data FOLDER --on-device --minutes 30 --ema 0.999
    python exp/lsp/train_lsp_spnet.py runs/tiny --tiny

Expected: PCK@0.2 on the validation images (numbers that end in 9) after every epoch, in log.csv; weights/README.md
has the scores of the shipped file. Test images are never read.
"""

from deephar.experiments import networks, options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import SYNTHETIC_MOTIONS, make_images, split_batch
from deephar.training.recipes import Stage
from deephar.utils import TRAIN_MODE
from deephar.utils.pose import POSE_LAYOUTS

LAYOUTS = ("pa16j2d", "pa17j3d")


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/lsp")
    options.add_training(parser, batch=16, lr=1e-3, optimizer="adam", schedule="cosine", warmup=200, clipnorm=5.0)
    options.add_settle(parser)
    options.add_on_device(parser)
    parser.add_argument("--side", type=options.positive, default=networks.SMALL_SIDE, help="of the input, px")
    parser.add_argument("--layout", choices=LAYOUTS, default="pa16j2d", help="joints, and whether they have a depth")
    parser.add_argument("--pyramids", type=options.positive, default=networks.SMALL["num_pyramids"])
    parser.add_argument("--growth", type=options.positive, default=networks.SMALL["growth"])
    parser.add_argument("--turn", type=options.count, default=40, help="rotation up to so many degrees")
    parser.add_argument("--mpii", type=options.fraction, default=0.0, help="share of MPII in a batch")
    parser.add_argument("--synthetic", type=options.fraction, default=0.0, help="share of images rendered on the fly")
    parser.add_argument("--nobody", type=options.fraction, default=0.0, help="share of crops without a person")
    parser.add_argument("--validate", type=options.count, default=300, help="validation images; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, *(["LSP", "MPII"] if arguments.mpii else ["LSP"]))
        options.make_tiny(arguments, side=networks.TINY_SIDE)
    return arguments


def config_of(arguments):
    if arguments.tiny:
        return networks.tiny_config(layout=arguments.layout)
    sizes = dict(num_pyramids=arguments.pyramids, growth=arguments.growth)
    return networks.small_config(arguments.layout, arguments.side, **sizes)


def sources_of(arguments):
    """The data sets by name, and how many images of each make a batch; in 3D half of the motions are Human3.6M's."""
    sizes = {"lsp": 1.0, "mpii": arguments.mpii, "synthetic": arguments.synthetic, "nobody": arguments.nobody}
    layout = POSE_LAYOUTS[arguments.layout]
    if layout.dim == 3:
        sizes.update(dict.fromkeys(SYNTHETIC_MOTIONS, arguments.synthetic / 2))
    sizes = split_batch(sizes, arguments.batch)
    dataconf = networks.small_dataconf(arguments.side, arguments.turn)
    return {name: make_images(name, arguments.data, dataconf, arguments.seed, layout=layout) for name in sizes}, sizes


def main():
    arguments = arguments_of()
    sets, sizes = sources_of(arguments)
    arguments.steps = arguments.steps or -(-sets["lsp"].get_length(TRAIN_MODE) // sizes["lsp"])
    stage = options.override(arguments, Stage("pose", epochs=60))
    train_poses(arguments, config_of(arguments), sets["lsp"].dataconf, stage, sets, sizes, {"lsp": sets["lsp"]})


if __name__ == "__main__":
    options.run(main)
