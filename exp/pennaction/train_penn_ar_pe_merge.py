"""Train the merged action network of CVPR 2018 on MPII and Penn Action: ReceptionNet, PoseAR and GuidedVisAR.

Paper (CVPR 2018, section 5): first the pose network; then actions, from poses and from appearance at once, on frozen
poses, by SGD with Nesterov momentum 0.98 at 0.0002, 2 clips of 16 frames a step; then everything for 5 epochs at a
tenth of the last rate. The authors did not publish this training; `MERGE_RECIPE` (`deephar.training`) says what of it
is ours.

    python exp/pennaction/train_penn_ar_pe_merge.py runs/merge --data FOLDER
    python exp/pennaction/train_penn_ar_pe_merge.py runs/merge --data FOLDER --stages action,finetune \\
        --init runs/reception/weights_best.weights.h5
    python exp/pennaction/train_penn_ar_pe_merge.py runs/tiny --tiny

Expected: 97.4 % on the test videos of Penn Action (TPAMI 2020, table 2, "our previous work") by
eval_penn_ar_pe_merge.py. This training has not been run in full here: it takes days on one GPU. Test videos are never
read: training videos that are held out decide which weights are best.
"""

from deephar.config import mpii_dataconf, pennaction_ar_dataconf, pennaction_pe_dataconf
from deephar.experiments import merge_training, networks, options
from deephar.experiments import multitask_training as multitask
from deephar.experiments.merge_training import PENN_NETWORK
from deephar.experiments.sources import held_out_videos, hold_out, make_images, penn_clips, split_batch
from deephar.training.recipes import MERGE_RECIPE, PENN_IMAGES

IMAGES = {"mpii": mpii_dataconf, "lsp": mpii_dataconf, "synthetic": mpii_dataconf, "penn": pennaction_pe_dataconf}
MONITORS = dict.fromkeys(("action", "joint"), ("single_clip", "max"))
SMALL_EPOCHS = {"pose": 60, "action": 20, "finetune": 5}


def arguments_of(argv=None):
    parser = multitask.make_parser(__doc__, "runs/merge", MERGE_RECIPE)
    arguments = multitask.parse(parser, argv, "MPII", "PennAction")
    arguments.clips = arguments.clips or 2
    return arguments


def make_network(arguments):
    """The network's description, how its clips are cropped, and how its images are, by their source."""
    if arguments.tiny or arguments.small:
        side = networks.TINY_SIDE if arguments.tiny else networks.SMALL_SIDE
        network = merge_training.small_network(PENN_NETWORK, arguments.tiny)
        images = dict.fromkeys(IMAGES, networks.small_dataconf(side))
        return network, networks.small_dataconf(side, turn=20, subsampling=(1, 2, 3), fixed_subsampling=2), images
    return PENN_NETWORK, pennaction_ar_dataconf, IMAGES


def make_pose_sets(arguments, confs):
    """{name: data set of images} and {name: images in a batch}."""
    first, *others = ["synthetic"] if arguments.synthetic else PENN_IMAGES
    shares = {name: PENN_IMAGES[name] * (1 - arguments.lsp) for name in others}
    sizes = split_batch({first: 1.0, **shares, "lsp": arguments.lsp}, arguments.batch)
    sets = {name: make_images(name, arguments.data, confs[name], arguments.seed) for name in sizes}
    if "penn" in sets and arguments.validate:
        hold_out(sets["penn"], held_out_videos(sets["penn"], arguments.validate))
    return sets, sizes


def make_validations(arguments, sets, clips):
    """What is measured after each epoch: function (pose network, action network) -> checks by task."""
    from deephar.experiments.validation import ActionValidation, PoseValidation

    people = {name: data for name, data in sets.items() if name in ("mpii", "lsp")}
    if "synthetic" in sets:
        conf = sets["synthetic"].dataconf
        people["synthetic"] = make_images("synthetic", None, conf, arguments.seed, split="validation")
    return lambda pose_net, action_net: multitask.make_validations(
        lambda model: PoseValidation(pose_net, people, arguments.validate),
        lambda model: ActionValidation(action_net, clips, arguments.validate),
    )


def main():
    arguments = arguments_of()
    network, clip_conf, image_confs = make_network(arguments)
    recipe = multitask.make_recipe(arguments, MERGE_RECIPE, SMALL_EPOCHS, MONITORS)
    sets, sizes = make_pose_sets(arguments, image_confs)
    train_clips, valid_clips = penn_clips(arguments, clip_conf, network["num_frames"])
    validations = make_validations(arguments, sets, valid_clips)
    merge_training.train(arguments, network, recipe, sets, sizes, train_clips, "pennaction", validations)


if __name__ == "__main__":
    options.run(main)
