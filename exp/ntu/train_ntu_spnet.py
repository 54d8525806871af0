"""Train an SPNet for 3D poses and the sixty actions of NTU RGB+D, in the stages of the paper.

Paper (TPAMI 2020, sections 4.2.3, 4.4 and 3.3.4): poses alone with RMSprop at 0.001, about 32,000 steps of 32
images; then the actions with everything of the poses frozen, 50 epochs; then both, one batch of each in turn, with
SGD (Nesterov momentum 0.9) at 0.01, x 0.1 after epochs 50 and 55; then the action part on decoupled copies of the last
pose layers. Of 8 images 4 are from Human3.6M, 3 from MPII, whose people have no depth, and 1 from NTU; clips are from
NTU.

    python exp/ntu/train_ntu_spnet.py runs/ntu --data FOLDER
    python exp/ntu/train_ntu_spnet.py runs/small --small --synthetic
    python exp/ntu/train_ntu_spnet.py runs/small2 --small --synthetic --lsp 0.25 --data LSPET --stages action,joint \\
        --init runs/small/weights_best.weights.h5
    python exp/ntu/train_ntu_spnet.py runs/tiny --tiny

Expected: 89.9 % multi-clip accuracy in the cross-subject split (table 3) by eval_ntu_multitask.py, 48.6 mm MPJPE on
Human3.6M (table 1) by exp/h36m/eval_h36m.py. Test videos are never read: training videos of NTU that are held out
decide which weights are best, and in the stage of poses a training subject of Human3.6M.
"""

from deephar.config import ModelConfig, ntu_dataconf
from deephar.experiments import multitask_training as multitask
from deephar.experiments import networks, ntu_sources, options
from deephar.training.recipes import NTU_IMAGES, NTU_RECIPE
from deephar.utils import pa17j3d

SMALL_EPOCHS = {"pose": 60, "action": 10, "joint": 30, "decoupled": 6}


def arguments_of(argv=None):
    parser = multitask.make_parser(__doc__, "runs/ntu", NTU_RECIPE)
    parser.add_argument("--pyramids", type=options.positive, default=4, help="actions are predicted in the last two")
    ntu_sources.add_split(parser)
    return multitask.parse(parser, argv, *ntu_sources.DATA_SETS)


def make_config(arguments):
    """The network; its poses are decoupled in the last stage only, which builds it again."""
    actions = dict(num_actions=[networks.NUM_NTU_ACTIONS])
    if arguments.tiny or arguments.small:
        make = networks.tiny_config if arguments.tiny else networks.small_config
        return make(num_frames=networks.NUM_FRAMES, layout=pa17j3d, **actions)
    pyramids = list(range(max(1, arguments.pyramids - 1), arguments.pyramids + 1))
    features = dict(num_pose_features=192, num_visual_features=192)
    shape = (networks.NUM_FRAMES, *ntu_dataconf.input_shape)
    return ModelConfig(shape, pa17j3d, **actions, num_pyramids=arguments.pyramids, action_pyramids=pyramids, **features)


def main():
    from deephar.experiments.validation import pose_validation

    arguments = arguments_of()
    config, counts = make_config(arguments), multitask.shares(arguments, NTU_IMAGES)
    small, side = arguments.tiny or arguments.small, config.input_shape[-2]
    sets = ntu_sources.make_sets(arguments, counts, pa17j3d, networks.small_dataconf(side) if small else None)
    flat, deep = ntu_sources.people_of(sets, arguments.seed, pa17j3d)
    clip_conf = networks.small_dataconf(side, turn=10, **ntu_sources.SMALL_SUBSAMPLING) if small else ntu_dataconf
    train_clips, valid_clips = ntu_sources.make_clips(arguments, clip_conf, config.num_frames, pa17j3d)
    recipe = multitask.make_recipe(arguments, NTU_RECIPE, SMALL_EPOCHS, ntu_sources.monitors_of(flat, deep))
    validations = {}
    if arguments.validate:
        validations = multitask.make_validations(
            lambda model: pose_validation(model, flat, deep, arguments.validate),
            ntu_sources.action_validation(valid_clips, arguments.validate, frozen=bool(arguments.cache)),
        )
    multitask.train(arguments, config, recipe, sets, counts, train_clips, "ntuaction", validations)


if __name__ == "__main__":
    options.run(main)
