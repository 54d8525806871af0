"""Train the merged action network of CVPR 2018 on NTU RGB+D: ReceptionNet 3D, PoseAR and GuidedVisAR.

Paper (CVPR 2018, section 5): first the pose network; then actions, from poses and from appearance at once, on frozen
poses, by SGD with Nesterov momentum 0.98 at 0.0002, 2 clips of 20 frames a step; then everything for 5 epochs at a
tenth of the last rate. The authors did not publish this training; `MERGE_RECIPE` (`deephar.training`) says what of it
is ours. Images are mixed as in TPAMI 2020: Human3.6M 50 %, MPII 37.5 % (no depth), NTU 12.5 %; 20 joints.

    python exp/ntu/train_ntu_ar_pe_merge.py runs/merge --data FOLDER
    python exp/ntu/train_ntu_ar_pe_merge.py runs/merge --data FOLDER --stages action,finetune \\
        --init runs/reception/weights_best.weights.h5
    python exp/ntu/train_ntu_ar_pe_merge.py runs/tiny --tiny

Expected: 85.5 % on the test videos, cross-subject (TPAMI 2020, table 3, "our previous work") by
eval_ntu_ar_pe_merge.py. This training has not been run in full here: it takes days on one GPU. Test videos are never
read: training videos that are held out decide which weights are best.
"""

import dataclasses

from deephar.config import ntu_ar_dataconf
from deephar.experiments import merge_training, networks, ntu_sources, options
from deephar.experiments import multitask_training as multitask
from deephar.experiments.sources import split_batch
from deephar.training.recipes import MERGE_RECIPE, NTU_IMAGES
from deephar.utils import pa20j3d

SMALL_EPOCHS = {"pose": 60, "action": 20, "finetune": 5}
EPOCH = 20160  # steps: 40,320 training clips, 2 a step
RECIPE = dataclasses.replace(
    MERGE_RECIPE,
    stages=tuple(s if s.task == "pose" else s.replace(steps_per_epoch=EPOCH) for s in MERGE_RECIPE.stages),
)


def arguments_of(argv=None):
    parser = multitask.make_parser(__doc__, "runs/ntu_merge", RECIPE)
    ntu_sources.add_split(parser)
    arguments = multitask.parse(parser, argv, *ntu_sources.DATA_SETS)
    arguments.clips = arguments.clips or 2
    return arguments


def make_network(arguments):
    """The network's description, how its clips are cropped, and how its images are (None: each set's own way)."""
    if not (arguments.tiny or arguments.small):
        return ntu_sources.MERGE_NETWORK, ntu_ar_dataconf, None
    side = networks.TINY_SIDE if arguments.tiny else networks.SMALL_SIDE
    network = merge_training.small_network(ntu_sources.MERGE_NETWORK, arguments.tiny)
    clips = networks.small_dataconf(side, turn=10, subsampling=(1, 2, 3), fixed_subsampling=2)
    return network, clips, networks.small_dataconf(side)


def make_sizes(arguments):
    """Images of a batch from each source, {name: number}."""
    shares = {"synthetic": 1.0} if arguments.synthetic else NTU_IMAGES
    scaled = {name: share * (1 - arguments.lsp) for name, share in shares.items()}
    return split_batch({**scaled, "lsp": arguments.lsp}, arguments.batch)


def main():
    from deephar.experiments.validation import pose_validation

    arguments = arguments_of()
    network, clip_conf, image_conf = make_network(arguments)
    sizes = make_sizes(arguments)
    sets = ntu_sources.make_sets(arguments, sizes, pa20j3d, image_conf)
    flat, deep = ntu_sources.people_of(sets, arguments.seed, pa20j3d)
    clips, valid_clips = ntu_sources.make_clips(arguments, clip_conf, network["num_frames"], pa20j3d)
    recipe = multitask.make_recipe(arguments, RECIPE, SMALL_EPOCHS, ntu_sources.monitors_of(flat, deep))

    def validations(pose_net, action_net):
        measure_action = ntu_sources.action_validation(valid_clips, arguments.validate)
        return multitask.make_validations(
            lambda model: pose_validation(pose_net, flat, deep, arguments.validate),
            lambda model: measure_action(action_net),
        )

    merge_training.train(arguments, network, recipe, sets, sizes, clips, "ntuaction", validations)


if __name__ == "__main__":
    options.run(main)
