"""Train an SPNet for poses and the fifteen actions of Penn Action, in the stages of the paper.

Paper (TPAMI 2020, sections 4.2.3 and 3.3.4): poses alone with RMSprop at 0.001, about 32,000 steps of 32 pictures; then
the actions with everything of the poses frozen, 2 epochs; then both, one batch of each in turn, x 0.1 after epochs 15
and 25; then the action part on decoupled copies of the last pose layers. Pictures are 80 % MPII and 20 % Penn Action.

    python exp/pennaction/train_penn_multimodel.py runs/penn --data FOLDER
    python exp/pennaction/train_penn_multimodel.py runs/small --small --synthetic --lsp 0.5 --data FOLDER \\
        --stages action,joint --init runs/pose/weights_best.weights.h5
    python exp/pennaction/train_penn_multimodel.py runs/tiny --tiny

Expected with 6 pyramids, actions in the 5th and 6th: 98.2 % single-clip and 98.7 % multi-clip accuracy (table 2) by
eval_penn_multitask.py. For the small network see weights/README.md. Test videos are never read: training videos that
are held out decide which weights are best.
"""

import dataclasses
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import networks
import options
from datasetpath import datasetpath
from sources import SYNTHETIC_VIDEOS, hold_out, make_pictures, split_batch

from deephar.config import ModelConfig, mpii_dataconf, pennaction_dataconf, pennaction_pe_dataconf
from deephar.recipes import PENN_RECIPE, Recipe
from deephar.utils import TRAIN_MODE

STAGES = tuple(stage.name for stage in PENN_RECIPE.stages)
SMALL_EPOCHS = {"pose": 60, "action": 6, "joint": 30, "decoupled": 6}
SMALL_STEPS = 200
SMALL_TRAINING = dict(optimizer="adam", schedule="cosine", clipnorm=5.0)
PENN_SHARE = 0.2
SUBSAMPLING = dict(subsampling=(3, 4, 5), fixed_subsampling=4)  # of small networks: synthetic videos are short


def stage_names(text):
    """'pose,action' as a list of known stages, in the order of the recipe."""
    names = text.split(",")
    if not set(names) <= set(STAGES):
        raise options.argparse.ArgumentTypeError(f"must be some of {','.join(STAGES)}. Received: {text}")
    return [name for name in STAGES if name in names]


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/penn")
    options.add_training(parser, batch=32)
    parser.add_argument("--small", action="store_true", help="the small network and a short schedule")
    parser.add_argument("--synthetic", action="store_true", help="pictures and clips rendered on the fly, no data set")
    parser.add_argument("--lsp", type=options.fraction, default=0.0, help="share of LSP in a batch of pictures")
    parser.add_argument("--clips", type=options.positive, help="clips of a batch; default: batch / frames")
    parser.add_argument("--stages", type=stage_names, metavar=",".join(STAGES), help="which; default: all")
    parser.add_argument("--validate", type=options.count, default=60, help="people and videos held out; 0: none")
    arguments = options.parse(parser, argv)
    arguments.stages = arguments.stages or list(STAGES)
    if arguments.tiny:
        names = ([] if arguments.synthetic else ["MPII", "PennAction"]) + (["LSP"] if arguments.lsp else [])
        options.tiny_data(arguments, *names)
        options.make_tiny(arguments, batch=2 * networks.NUM_FRAMES, epochs=arguments.epochs or 1)
    return arguments


def make_config(arguments):
    """The network; its poses are decoupled in the last stage only, which builds it again."""
    frames = networks.NUM_FRAMES
    if arguments.tiny or arguments.small:
        return (networks.tiny_config if arguments.tiny else networks.small_config)(num_frames=frames)
    shape = (frames, *pennaction_dataconf.input_shape)
    actions = dict(num_actions=[networks.NUM_PENN_ACTIONS], num_pyramids=6, action_pyramids=[5, 6])
    return ModelConfig(shape, "pa16j2d", **actions, num_pose_features=160, num_visual_features=160)


def make_recipe(arguments):
    stages = [stage for stage in PENN_RECIPE.stages if stage.name in arguments.stages]
    if arguments.small:
        short = {name: dict(epochs=number, steps_per_epoch=SMALL_STEPS) for name, number in SMALL_EPOCHS.items()}
        stages = [stage.replace(**SMALL_TRAINING, **short[stage.name]) for stage in stages]
    stages = [options.override(arguments, stage) for stage in stages]
    monitors = {} if not arguments.validate else {stage.name: "single_clip" for stage in stages if stage.task != "pose"}
    stages = [stage.replace(monitor=monitors.get(stage.name)) for stage in stages]
    return Recipe(PENN_RECIPE.name, tuple(stages), PENN_RECIPE.source)


def make_pose_sets(arguments, side):
    """Data sets of pictures, {name: data set}, and how many of each make a clip, {name: number}."""
    small = arguments.tiny or arguments.small
    confs = {"mpii": mpii_dataconf, "lsp": mpii_dataconf, "synthetic": mpii_dataconf, "penn": pennaction_pe_dataconf}
    shares = {"synthetic": 1.0} if arguments.synthetic else {"mpii": 1.0, "penn": PENN_SHARE * (1 - arguments.lsp)}
    counts = split_batch({**shares, "lsp": arguments.lsp}, networks.NUM_FRAMES)
    conf = networks.small_dataconf(side)
    sets = {
        name: make_pictures(name, arguments.data, conf if small else confs[name], arguments.seed) for name in counts
    }
    if "penn" in sets and arguments.validate:
        hold_out(sets["penn"], held_out_videos(arguments, sets["penn"]))
    return sets, counts


def held_out_videos(arguments, penn):
    """How many training videos decide about the best weights: at most a tenth of them, at least one."""
    return max(1, min(arguments.validate, len(penn.sequences[TRAIN_MODE]) // 10))


def make_clips(arguments, side):
    """Training clips, and those that validation sees."""
    from deephar.data import PennAction

    small = arguments.tiny or arguments.small
    conf = networks.small_dataconf(side, turn=20, **SUBSAMPLING) if small else pennaction_dataconf
    if arguments.synthetic:
        from deephar.data.synthetic import SyntheticClips

        options_ = dict(clip_size=networks.NUM_FRAMES, seed=arguments.seed)
        clips = SyntheticClips(conf, length=SYNTHETIC_VIDEOS, **options_)
        return clips, SyntheticClips(conf, split="validation", length=max(1, arguments.validate), **options_)
    penn = PennAction(
        datasetpath("PennAction", arguments.data), conf, use_gt_bbox=True, clip_size=networks.NUM_FRAMES
    )
    if arguments.validate:
        hold_out(penn, held_out_videos(arguments, penn))
    return penn, penn


def make_validations(arguments, sets, clips, conf_side):
    """Functions (full model, epoch) -> figures, by task."""
    from validation import ActionValidation, PoseValidation

    if not arguments.validate:
        return {}
    people = {name: data for name, data in sets.items() if name in ("mpii", "lsp")}
    if "synthetic" in sets:
        conf = sets["synthetic"].dataconf
        people["synthetic"] = make_pictures("synthetic", None, conf, arguments.seed, split="validation")
    made = {}

    def once(kind, model, *others):
        """One measure a model: networks are traced again for every new one."""
        if (kind, id(model)) not in made:
            made[kind, id(model)] = kind(model, *others, arguments.validate)
        return made[kind, id(model)]

    def pose(model, epoch):
        return once(PoseValidation, model, people)(epoch)

    def action(model, epoch):
        return once(ActionValidation, model, clips)(epoch)

    return {"pose": pose, "action": action, "joint": lambda m, e: {**action(m, e), **pose(m, e)}}


def make_loaders(arguments, config, sets, counts, clips):
    """Batches of pictures, as many to a clip as it has frames, and batches of clips."""
    from deephar.data import BatchLoader
    from deephar.models import get_num_predictions

    frames, seed = networks.NUM_FRAMES, arguments.seed
    per_batch = max(1, arguments.batch // frames)
    num_poses = get_num_predictions(config.num_pyramids, config.num_levels)
    num_actions = get_num_predictions(len(config.action_pyramids), config.num_levels)
    pictures = BatchLoader(list(sets.values()), ["frame"], ["pose"], TRAIN_MODE, list(counts.values()), seed=seed)
    pose = BatchLoader(pictures, ["frame"], ["pose"], TRAIN_MODE, per_batch, num_poses, shuffle=False, seed=seed)
    size = arguments.clips or per_batch
    action = BatchLoader(clips, ["frame"], ["pennaction"], TRAIN_MODE, size, num_actions, seed=seed)
    return {"pose": pose, "action": action}


def main():
    arguments = arguments_of()
    config, recipe = make_config(arguments), make_recipe(arguments)
    side = config.input_shape[-2]
    sets, counts = make_pose_sets(arguments, side)
    train_clips, valid_clips = make_clips(arguments, side)
    from deephar.models import split_model, spnet
    from deephar.run import Run
    from deephar.stages import run_recipe

    def build(pose_replica):
        model = spnet.build(config.replace(pose_replica=pose_replica))
        if start and not started:
            networks.initialise(model, start)
        started.append(model)
        return (model, *split_model(model, config, model_names=["Pose", "Action"]))

    start, started = arguments.init or arguments.weights, []
    stored = config.replace(pose_replica=recipe.stages[-1].pose_replica)
    about = {"model": stored.to_dict(), "recipe": dataclasses.asdict(recipe), "pictures": counts}
    run = Run(arguments.out, about, arguments.resume)
    loaders = make_loaders(arguments, config, sets, counts, train_clips)
    print(f"stages: {', '.join(s.name for s in recipe.stages)}; {networks.NUM_FRAMES} pictures: {counts}", flush=True)
    validations = make_validations(arguments, sets, valid_clips, side)
    run_recipe(recipe, build, loaders, run, validations, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_last.weights.h5')}")


if __name__ == "__main__":
    options.run(main)
