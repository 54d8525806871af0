"""Train an SPNet for poses and the fifteen actions of Penn Action, in the stages of the paper.

Paper (TPAMI 2020, sections 4.2.3 and 3.3.4): poses alone with RMSprop at 0.001, about 32,000 steps of 32 images; then
the actions with everything of the poses frozen, 2 epochs; then both, one batch of each in turn, x 0.1 after epochs 15
and 25; then the action part on decoupled copies of the last pose layers. Images are 80 % MPII and 20 % Penn Action.

    python exp/pennaction/train_penn_multimodel.py runs/penn --data FOLDER
    python exp/pennaction/train_penn_multimodel.py runs/small --small --synthetic --lsp 0.5 --data FOLDER \\
        --stages action,joint --init runs/pose/weights_best.weights.h5
    python exp/pennaction/train_penn_multimodel.py runs/tiny --tiny

Expected with 6 pyramids, actions in the 5th and 6th: 98.2 % single-clip and 98.7 % multi-clip accuracy (table 2) by
eval_penn_multitask.py. For the small network see weights/README.md. Test videos are never read: training videos that
are held out decide which weights are best.
"""

from deephar.config import ModelConfig, mpii_dataconf, pennaction_dataconf, pennaction_pe_dataconf
from deephar.experiments import multitask_training as multitask
from deephar.experiments import networks, options
from deephar.experiments.sources import held_out_videos, hold_out, make_images, penn_clips
from deephar.training.recipes import PENN_IMAGES, PENN_RECIPE

SMALL_EPOCHS = {"pose": 60, "action": 6, "joint": 30, "decoupled": 6}
MONITORS = dict.fromkeys(("action", "joint"), ("single_clip", "max"))
SUBSAMPLING = dict(subsampling=(3, 4, 5), fixed_subsampling=4)  # of small networks: synthetic videos are short
IMAGES = {"lsp": mpii_dataconf, "mpii": mpii_dataconf, "synthetic": mpii_dataconf, "penn": pennaction_pe_dataconf}


def make_config(arguments):
    """The network; its poses are decoupled in the last stage only, which builds it again."""
    frames = networks.NUM_FRAMES
    if arguments.tiny or arguments.small:
        return (networks.tiny_config if arguments.tiny else networks.small_config)(num_frames=frames)
    shape = (frames, *pennaction_dataconf.input_shape)
    actions = dict(num_actions=[networks.NUM_PENN_ACTIONS], num_pyramids=6, action_pyramids=[5, 6])
    return ModelConfig(shape, "pa16j2d", **actions, num_pose_features=160, num_visual_features=160)


def make_pose_sets(arguments, counts, side):
    """Data sets of images, {name: data set}."""
    small = networks.small_dataconf(side) if arguments.tiny or arguments.small else None
    sets = {name: make_images(name, arguments.data, small or IMAGES[name], arguments.seed) for name in counts}
    if "penn" in sets and arguments.validate:
        hold_out(sets["penn"], held_out_videos(sets["penn"], arguments.validate))
    return sets


def make_clips(arguments, side):
    """Training clips, and those that validation sees."""
    small = arguments.tiny or arguments.small
    conf = networks.small_dataconf(side, turn=20, **SUBSAMPLING) if small else pennaction_dataconf
    return penn_clips(arguments, conf, networks.NUM_FRAMES)


def make_validations(arguments, sets, clips):
    """What is measured after each epoch, by task."""
    from deephar.experiments.validation import ActionValidation, PoseValidation

    if not arguments.validate:
        return {}
    people = {name: data for name, data in sets.items() if name in ("mpii", "lsp")}
    if "synthetic" in sets:
        conf = sets["synthetic"].dataconf
        people["synthetic"] = make_images("synthetic", None, conf, arguments.seed, split="validation")
    return multitask.make_validations(
        lambda model: PoseValidation(model, people, arguments.validate),
        lambda model: ActionValidation(model, clips, arguments.validate, frozen=bool(arguments.cache)),
    )


def main():
    parser = multitask.make_parser(__doc__, "runs/penn", PENN_RECIPE)
    arguments = multitask.parse(parser, None, "MPII", "PennAction")
    config, counts = make_config(arguments), multitask.shares(arguments, PENN_IMAGES)
    recipe = multitask.make_recipe(arguments, PENN_RECIPE, SMALL_EPOCHS, MONITORS)
    sets = make_pose_sets(arguments, counts, config.input_shape[-2])
    train_clips, valid_clips = make_clips(arguments, config.input_shape[-2])
    validations = make_validations(arguments, sets, valid_clips)
    multitask.train(arguments, config, recipe, sets, counts, train_clips, "pennaction", validations)


if __name__ == "__main__":
    options.run(main)
