"""Do the papers' claims about networks of 2D poses hold on the synthetic world? Small versions, one budget, one table.

    CPM       each stage improves on the one before (figure 6a), and supervision of every stage helps (figure 6b)
    MSS-Net   supervision at several scales helps, the regression network helps (section 3)
    PBN       branches beat a deeper network of equal size, most of all on hidden joints; statistical groups beat
              those made by hand (section 4.3)
    SPNet     one block < supervision of the last block alone < supervision of all blocks (table 4); actions on copies
              of the last pose layers help poses and actions (table 5)

    python exp/synthetic/ablations_2d.py runs/ablations
    python exp/synthetic/ablations_2d.py runs/ablations --resume --only cpm pbn
    python exp/synthetic/ablations_2d.py runs/tiny --tiny

Protocol: crops of 64 x 64 px of rendered people, `--people` of them, cropped, flipped and coloured once; Adam at 0.002,
cosine. The full network of a family trains for `--minutes`, the others of the family take as many steps. PCKh@0.5 over
all annotated joints but pelvis and thorax on `--validate` people of the validation split, one crop, the last output
among the finest, in per cent: mean and standard deviation over `--seeds`; also of the joints that can be seen and of
those that something hides. Finished runs are kept, `--resume` makes those that are missing; with `--steps`, processes
that are started with `--resume` and their own `--only` and `--seeds` may fill one folder side by side. The README
beside this file has a table.
"""

import functools
import pathlib
import random

import numpy as np

from deephar.config import READERS_MARGIN, DataConfig
from deephar.data.kept import KeptSamples, keep_samples
from deephar.data.synthetic import SyntheticClips, SyntheticPoses
from deephar.experiments import networks, options, trials
from deephar.experiments.trials import Trainee, Trial, Trials
from deephar.metrics.pckh import pckh_report
from deephar.metrics.pose2d import valid_joints
from deephar.utils import TRAIN_MODE, VALID_MODE
from deephar.utils.pose import joint_places, mpii16j2d, take_joints
from deephar.utils.tables import table

RANDOM_POSES = 0.2  # share of people in poses that belong to no action
FRAMES, CLIPS_OF_A_STEP = 8, 2
ACTIONS = ("spnet actions", "spnet actions decoupled")
SCORES = ("all", "seen", "hidden")


def make_trials(arguments):
    """The trials by name, in the order of the table; the first one of a family is the whole network."""
    shape = [arguments.side, arguments.side, 3]
    cpm = dict(network="cpm", input_shape=shape, num_joints=16, num_stages=3, filters=arguments.filters)
    mss = dict(network="mssnet", input_shape=shape, num_stacks=2, filters=arguments.filters)
    pbn = dict(network="pbn", input_shape=shape, num_stacks=2, filters=2 * arguments.filters)
    branches = dict(branch_filters=arguments.filters // 2)
    spnet = spnet_config(arguments)
    one = spnet.replace(num_pyramids=1, num_levels=2)
    made = [
        Trial("cpm", cpm),
        Trial("cpm last only", cpm, last_only=True, steps_of="cpm"),
        Trial("mssnet", mss),
        Trial("mssnet one scale", {**mss, "scales": [1]}, steps_of="mssnet"),
        Trial("mssnet no regression", {**mss, "regression": False}, steps_of="mssnet"),
        Trial("mssnet neither", {**mss, "scales": [1], "regression": False}, steps_of="mssnet"),
        Trial("pbn", {**pbn, **branches}),
        Trial("pbn body groups", {**pbn, **branches, "groups": "body"}, steps_of="pbn"),
        Trial("pbn deep baseline", {**pbn, "head": "deep"}, steps_of="pbn"),
        Trial("spnet", {"network": "spnet", **spnet.to_dict()}),
        Trial("spnet last only", {"network": "spnet", **spnet.to_dict()}, last_only=True, steps_of="spnet"),
        Trial("spnet one block", {"network": "spnet", **one.to_dict()}, steps_of="spnet"),
    ]
    return {trial.name: trial for trial in made}


def spnet_config(arguments, num_frames=None, **changes):
    """The `ModelConfig` of the SPNet with two pyramids, as the paper's ablations have it."""
    changes = dict(growth=2 * arguments.filters, image_div=4, xy_window=None) | changes
    return networks.small_config("mpii16j2d", arguments.side, num_frames, **changes)


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/ablations")
    trials.add_options(parser, minutes=10.0, batch=8)
    parser.add_argument("--seeds", type=options.count, nargs="+", default=[0, 1, 2], help="one run of a row for each")
    parser.add_argument("--people", type=options.positive, default=8000, help="training images")
    parser.add_argument("--clips", type=options.positive, default=900, help="training clips")
    parser.add_argument("--validate", type=options.positive, default=1000, help="validation images; clips: a fifth")
    parser.add_argument("--side", type=options.positive, default=64, help="of the input, px; a multiple of 64")
    parser.add_argument("--filters", type=options.positive, default=16, help="width of the networks")
    parser.add_argument("--workers", type=options.positive, help="processes that render; default: one a core")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        tiny = dict(people=8, clips=2, validate=5, filters=4, steps=2, seeds=[0], batch=4, workers=1)
        vars(arguments).update(tiny)
    arguments.only = trials.chosen(parser, arguments.only, [*make_trials(arguments), *ACTIONS])
    return arguments


def people_of(arguments, spec, split):
    """The kept people of a split, cropped as a network takes them."""
    train, changes = split == "train", {"pad_color": (128, 128, 128)}
    if train:
        sizes = [s / 100 * spec.margin / READERS_MARGIN for s in range(80, 121, 5)]
        changes.update(scales=sizes, chpower=[p / 100 for p in range(80, 126, 5)])
    mode, number = (TRAIN_MODE, arguments.people) if train else (VALID_MODE, arguments.validate)
    world = dict(split=split, length=number, seed=arguments.seed, random_poses=RANDOM_POSES)
    folder = arguments.out / "data" / split
    make = functools.partial(SyntheticPoses, poselayout=mpii16j2d, **world)
    return trials.kept_crops(make, spec, mode, number, folder, arguments.seed, arguments.workers, **changes)


def score_people(model, people, batch):
    """PCKh@0.5 of every output, {"all": [...], "seen": [...], "hidden": [...]}, fractions."""
    from deephar.evaluation.poses import predict_poses

    found = predict_poses(model, people, VALID_MODE, batch_size=batch, label="validation")
    places = joint_places(mpii16j2d, model.signature.layout)
    true, seen = take_joints(found.true, places), take_joints(found.visible[..., None], places)[..., 0]
    annotated, scores = valid_joints(found.true), {name: [] for name in SCORES}
    for block in found.predicted:
        for name, joints in zip(SCORES, (annotated, annotated & (seen == 1), annotated & (seen == 0)), strict=True):
            report = pckh_report(true, take_joints(block, places), found.head_size, 0.5, joints)
            scores[name].append(report.weighted_mean)
    return scores


def answer_of(scores, trainee):
    """The scores of the network's answer, which need not be its last output."""
    return {f"last {name}": values[trainee.model.signature.answer] for name, values in scores.items()}


def run_poses(trial, arguments, folder):
    """Train and score a trial with every seed that has no result yet."""
    missing = folder.missing(trial.name, arguments.seeds)
    if not missing:
        return
    trainee = Trainee(trial)
    spec = trainee.model.signature.frame
    train, valid = (people_of(arguments, spec, split) for split in ("train", "validation"))
    loader = trainee.loader(train, arguments.batch, 0)
    steps = trials.steps_of(trial, trainee, loader, folder, arguments, workers=0)
    for seed in missing:
        print(f"{trial.name}, seed {seed}: {steps} steps, {trainee.model.count_params():,} parameters", flush=True)
        trainee.start(seed)
        seconds = trainee.train(trainee.loader(train, arguments.batch, seed), steps, seed, workers=0)
        scores = score_people(trainee.model, valid, arguments.batch)
        print(f"PCKh@0.5 by output: {' '.join(f'{100 * score:.1f}' for score in scores['all'])}", flush=True)
        about = {"steps": steps, "seconds": seconds * steps, "parameters": trainee.model.count_params()}
        folder.keep(trial.name, seed, {**about, **scores, **answer_of(scores, trainee)})
        trainee.model.save_weights(folder.out / f"{trial.name.replace(' ', '-')}-seed{seed}.weights.h5")


class ActionTrainee:
    """SPNet of clips, whose poses and actions are trained in turn: built and traced once."""

    def __init__(self, arguments, decoupled):
        from deephar.models import split_model, spnet
        from deephar.training.stages import compile_for_stage

        features = dict(num_pose_features=4 * arguments.filters, num_visual_features=4 * arguments.filters)
        self.config = spnet_config(arguments, FRAMES, pose_replica=decoupled, **features)
        self.model = spnet.build(self.config)
        self.parts = split_model(self.model, self.config, model_names=["Pose", "Action"])
        self.stage = trials.STAGE.replace(task="joint")
        compile_for_stage(self.parts, self.stage, self.model)

    def start(self, seed, weights):
        """Take fresh weights, and of `weights`, a file or another network of clips, what has the same names."""
        from deephar.checkpoints.loading import copy_weights
        from deephar.models import spnet
        from deephar.models.surgery import copy_replica_layers

        random.seed(seed)
        trials.start_again(self.model, spnet.build(self.config), self.parts)
        if isinstance(weights, pathlib.Path):
            self.model.load_weights(weights, by_name=True)
        else:
            copy_weights(weights, self.model, ignore="*_replica")
        copy_replica_layers(self.model)

    def train(self, stills, clips, steps, seed, rate=1.0):
        """Train one batch of images, one of clips, and so on."""
        from deephar.data import BatchLoader
        from deephar.training.trainer import MultiModelTrainer

        counts = [len(part.outputs) for part in self.parts]
        images = BatchLoader(stills, ["frame"], ["pose"], TRAIN_MODE, FRAMES, seed=seed)
        how = (TRAIN_MODE, CLIPS_OF_A_STEP)
        poses = BatchLoader(images, ["frame"], ["pose"], *how, counts[0], shuffle=False, seed=seed)
        actions = BatchLoader(clips, ["frame"], ["pennaction"], *how, counts[1], seed=seed)
        trainer = MultiModelTrainer(self.parts, [poses, actions], workers=0, seed=seed)
        stage = self.stage.replace(steps_per_epoch=steps, learning_rate=rate * self.stage.learning_rate)

        def before_step(step):
            for part in self.parts:
                part.optimizer.learning_rate = stage.rate(step)

        trainer.before_step = before_step
        trainer.train(1, steps)


def clips_of(arguments, spec, split):
    """The kept clips of a split."""
    train = split == "train"
    number = arguments.clips if train else max(1, arguments.validate // 5)
    source = SyntheticClips(
        DataConfig.for_input(spec), mpii16j2d, FRAMES, split=split, length=number, seed=arguments.seed
    )
    folder = arguments.out / "data" / f"{split}-clips"
    keep_samples(source, TRAIN_MODE if train else VALID_MODE, number, folder, arguments.seed, arguments.workers)
    return KeptSamples(folder, names=["frame", "pennaction"])


def run_actions(arguments, folder):
    """Train actions on the poses of the trial spnet, then go on with and without copies of the last pose layers."""
    from deephar.evaluation.actions import eval_single_clip

    seeds = [k for k in arguments.seeds if any(folder.result(name, k) is None for name in ACTIONS)]
    if not seeds or not set(ACTIONS) & set(arguments.only):
        return
    trainees = {name: ActionTrainee(arguments, decoupled=name == ACTIONS[1]) for name in ACTIONS}
    first = trainees[ACTIONS[0]]
    spec = first.model.signature.frame
    stills, valid = (people_of(arguments, spec, split) for split in ("train", "validation"))
    clips, valid_clips = (clips_of(arguments, spec, split) for split in ("train", "validation"))
    steps = max(2, (arguments.steps or folder.steps("spnet")) // 2)
    for seed in seeds:
        weights = folder.out / f"spnet-seed{seed}.weights.h5"
        if not weights.exists():
            raise FileNotFoundError(f"`--only` must name spnet too, whose poses are taken. Received: no {weights}")
        print(f"spnet actions, seed {seed}: {steps} and {steps // 2} steps", flush=True)
        first.start(seed, weights)
        first.train(stills, clips, steps, seed)
        trainees[ACTIONS[1]].start(seed, first.model)
        for name, trainee in trainees.items():
            trainee.train(stills, clips, max(1, steps // 2), seed + len(arguments.seeds), rate=0.3)
            scores = score_people(trainee.model, valid, arguments.batch)
            accuracy = eval_single_clip(trainee.model, valid_clips, VALID_MODE, batch_size=CLIPS_OF_A_STEP).accuracy
            print(f"{name}: PCKh@0.5 {100 * scores['all'][-1]:.1f}, actions {100 * accuracy[-1]:.1f}", flush=True)
            about = {"steps": steps + steps // 2, "parameters": trainee.model.count_params(), "actions": accuracy[-1]}
            folder.keep(name, seed, {**about, **scores, **answer_of(scores, trainee)})


def report(arguments, folder):
    """The table of what there is."""
    rows, seeds = [], arguments.seeds
    for name in [*make_trials(arguments), *ACTIONS]:
        results = [r for r in (folder.result(name, seed) for seed in seeds) if r is not None]
        if not results:
            continue
        by_output = list(zip(*(r["all"] for r in results), strict=True))
        about = [f"{results[0]['parameters']:,}", f"{results[0]['steps']:,}", len(results)]
        scores = [trials.mean_and_spread(folder.scores(name, f"last {score}", seeds)) for score in SCORES]
        outputs = " ".join(f"{100 * np.mean(values):.1f}" for values in by_output)
        rows.append([name, *about, *scores, trials.mean_and_spread(folder.scores(name, "actions", seeds)), outputs])
    header = ["network", "parameters", "steps", "runs", "PCKh@0.5 %", "seen", "hidden", "actions %", "by output"]
    return table(header, rows, left=(0, 8))


def main():
    arguments = arguments_of()
    names = ("minutes", "batch", "people", "clips", "validate", "side", "filters", "steps", "seed")
    folder = Trials(arguments.out, {name: getattr(arguments, name) for name in names}, arguments.resume)
    for name, trial in make_trials(arguments).items():
        if name in arguments.only:
            run_poses(trial, arguments, folder)
    run_actions(arguments, folder)
    folder.show(report(arguments, folder))


if __name__ == "__main__":
    options.run(main)
