"""Training of poses and actions together, stage by stage: what the scripts for Penn Action and NTU share.

images, as many to a clip as it has frames --> batches `pose` --+
                                                                  +--> stages of the recipe --> run folder
videos -----------------------------------------> batches `action`+
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from deephar.config import ModelConfig
from deephar.data.samples import Dataset
from deephar.experiments import networks, options
from deephar.experiments.sources import split_batch
from deephar.training.recipes import Recipe
from deephar.utils import TRAIN_MODE

if TYPE_CHECKING:
    import keras

    from deephar.data.loader import BatchLoader
    from deephar.training.caching import CachedFeatures

CACHED_TOGETHER = 8  # clips that the frozen poses see at once
SMALL_TRAINING = dict(steps_per_epoch=200, optimizer="adam", schedule="cosine", clipnorm=5.0)


def make_parser(doc: str, default_out: str | pathlib.Path, recipe: Recipe) -> argparse.ArgumentParser:
    """Return a parser with the options of every multi-task training; the default of `stages` is all of `recipe`."""

    def stage_names(text):
        """'pose,action' as a list of known stages, in the order of the recipe."""
        names = text.split(",")
        if not set(names) <= set(known):
            raise argparse.ArgumentTypeError(f"must be some of {','.join(known)}. Received: {text}")
        return [name for name in known if name in names]

    known = [stage.name for stage in recipe.stages]
    parser = options.make_parser(doc, default_out)
    options.add_training(parser, batch=32)
    parser.add_argument("--small", action="store_true", help="the small network and a short schedule")
    parser.add_argument("--synthetic", action="store_true", help="images and clips rendered on the fly, no data set")
    parser.add_argument("--lsp", type=options.fraction, default=0.0, help="share of LSP in a batch of images")
    parser.add_argument("--clips", type=options.positive, help="clips of a batch; default: batch / frames")
    text = "actions on frozen poses: what they read of N clips is computed once, kept in OUT/features, trained on often"
    parser.add_argument("--cache", metavar="N", type=options.positive, help=text)
    text = "mix each cached clip with another one, in parts drawn from Beta(A, A); 0: not"
    parser.add_argument("--mixup", metavar="A", type=float, default=0.0, help=text)
    parser.add_argument("--stages", type=stage_names, metavar=",".join(known), help="which; default: all")
    parser.add_argument("--validate", type=options.count, default=60, help="people and videos held out; 0: none")
    parser.set_defaults(stages=known)
    return parser


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None, *names: str) -> argparse.Namespace:
    """Read the command line; with --tiny the data sets `names` are written where none are given."""
    arguments = options.parse(parser, argv)
    if arguments.cache and arguments.stages != ["action"]:
        parser.error(f"--cache needs frozen poses: --stages action. Received: {','.join(arguments.stages)}")
    if arguments.mixup and not arguments.cache:
        parser.error(f"--mixup is for --cache. Received: --mixup {arguments.mixup:g} without it")
    if arguments.tiny:
        names = ([] if arguments.synthetic else list(names)) + (["LSP"] if arguments.lsp else [])
        options.tiny_data(arguments, *names)
        options.make_tiny(arguments, batch=2 * networks.NUM_FRAMES, epochs=arguments.epochs or 1)
    return arguments


def make_recipe(
    arguments: argparse.Namespace,
    recipe: Recipe,
    small_epochs: Mapping[str, int],
    monitors: Mapping[str, tuple[str, str]],
) -> Recipe:
    """Return a recipe of the stages that were asked for.

    Args:
        arguments: argparse.Namespace. The command line.
        recipe: `Recipe` of the paper.
        small_epochs: dict. {stage: epochs} of the short schedule.
        monitors: dict. {task: (score that decides about the best weights, 'max' or 'min')}, where something is
            validated.
    """
    stages = [stage for stage in recipe.stages if stage.name in arguments.stages]
    if arguments.small:
        stages = [stage.replace(**SMALL_TRAINING, epochs=small_epochs[stage.name]) for stage in stages]
    stages = [options.override(arguments, stage) for stage in stages]
    if arguments.validate:
        decides = {task: dict(zip(("monitor", "monitor_mode"), how, strict=True)) for task, how in monitors.items()}
        stages = [stage.replace(**decides.get(stage.task, {})) for stage in stages]
    return Recipe(recipe.name, tuple(stages), recipe.source)


def shares(arguments: argparse.Namespace, published: Mapping[str, float]) -> dict[str, int]:
    """Return the images of a clip from each source, {name: number}.

    Args:
        published: dict. {name: share} of the paper; the first one takes what the others leave.
    """
    first, *others = ["synthetic"] if arguments.synthetic else published
    scaled = {name: published[name] * (1 - arguments.lsp) for name in others}
    return split_batch({first: 1.0, **scaled, "lsp": arguments.lsp}, networks.NUM_FRAMES)


def make_validations(
    pose: "Callable[[keras.Model], Callable[[int], dict]]", action: "Callable[[keras.Model], Callable[[int], dict]]"
) -> "dict[str, Callable[[keras.Model, int], dict]]":
    """Return functions (full model, epoch) -> scores, by task, for `run_recipe`.

    Args:
        pose, action: functions (model) -> function (epoch) -> scores. Each is called once for a model: networks are
            traced again for every new one.
    """
    made = {}

    def measure(kind, model, epoch):
        if (kind, id(model)) not in made:
            made[kind, id(model)] = kind(model)
        return made[kind, id(model)](epoch)

    return {
        "pose": lambda model, epoch: measure(pose, model, epoch),
        "action": lambda model, epoch: measure(action, model, epoch),
        "joint": lambda model, epoch: {**measure(action, model, epoch), **measure(pose, model, epoch)},
    }


def make_loaders(
    arguments: argparse.Namespace,
    config: ModelConfig,
    sets: Mapping[str, Dataset],
    counts: Mapping[str, int],
    clips: Dataset,
    label_key: str,
) -> "dict[str, BatchLoader]":
    """Return loaders of batches of images, as many to a clip as it has frames, and of batches of clips."""
    from deephar.data import BatchLoader
    from deephar.models import get_num_predictions

    seed, per_batch = arguments.seed, max(1, arguments.batch // config.num_frames)
    num_poses = get_num_predictions(config.num_pyramids, config.num_levels)
    num_actions = get_num_predictions(len(config.action_pyramids), config.num_levels)
    images = BatchLoader(list(sets.values()), ["frame"], ["pose"], TRAIN_MODE, list(counts.values()), seed=seed)
    pose = BatchLoader(images, ["frame"], ["pose"], TRAIN_MODE, per_batch, num_poses, shuffle=False, seed=seed)
    size = arguments.clips or per_batch
    action = BatchLoader(clips, ["frame"], [label_key], TRAIN_MODE, size, num_actions, seed=seed)
    return {"pose": pose, "action": action}


def cached_loader(
    arguments: argparse.Namespace, body: "keras.Model", clips: Dataset, label_key: str, num_predictions: int
) -> "CachedFeatures":
    """Compute what the action part reads of the clips of --cache, where OUT/features lacks it; return its batches."""
    from deephar.data import BatchLoader
    from deephar.training.caching import CachedFeatures, cache_features

    folder = arguments.out / "features"
    loader = BatchLoader(clips, ["frame"], [label_key], TRAIN_MODE, CACHED_TOGETHER, seed=arguments.seed)
    about = {"seed": arguments.seed, "data": clips.dataconf.to_dict()}
    feeding = {k: v for k, v in options.loading(arguments).items() if k not in ("time_limit_s", "uint8")}
    cache_features(body, loader, folder, arguments.cache, about, **feeding)
    batch = min(arguments.clips or 1, arguments.cache)
    return CachedFeatures(folder, arguments.cache, batch, num_predictions, arguments.seed, arguments.mixup)


def train(
    arguments: argparse.Namespace,
    config: ModelConfig,
    recipe: Recipe,
    sets: Mapping[str, Dataset],
    counts: Mapping[str, int],
    clips: Dataset,
    label_key: str,
    validations: Mapping[str, Callable] | None,
) -> None:
    """Train all stages and write the run folder.

    Args:
        arguments: argparse.Namespace. The command line.
        config: `ModelConfig` of the clip network; its poses are decoupled only in stages that ask for it.
        recipe: `Recipe`.
        sets, counts: dict. {name: data set of images}, {name: images of each in a clip}.
        clips: `Dataset` of training videos.
        label_key: str. Entry of their samples with the one-hot action.
        validations: dict from `make_validations`, or None.
    """
    from deephar.models import split_at_action_part, split_model, spnet
    from deephar.training.run import Run
    from deephar.training.stages import run_recipe

    def build(pose_replica):
        model = spnet.build(config.replace(pose_replica=pose_replica))
        model.signature = networks.trained_on(model.signature, clips)
        starts = [path for path in (arguments.weights, arguments.init) if path]
        if starts and not started:
            networks.initialise(model, *starts)
        started.append(model)
        pose, action = split_model(model, config, model_names=["Pose", "Action"])
        if arguments.cache:
            run.restore(model)  # what is frozen is what it was when the run began
            body, action = split_at_action_part(model)
            loaders["action"] = cached_loader(arguments, body, clips, label_key, len(action.outputs))
        return model, pose, action

    started = []
    stored = config.replace(pose_replica=recipe.stages[-1].pose_replica)
    loaders = make_loaders(arguments, config, sets, counts, clips, label_key)
    about = {"model": stored.to_dict(), "recipe": dataclasses.asdict(recipe), "images": counts}
    about["batch"] = {name: loader.batch_sizes for name, loader in loaders.items()}
    if arguments.cache:
        about["cache"] = {"clips": arguments.cache, "mixup": arguments.mixup}
    run = Run(arguments.out, {**about, "validate": arguments.validate}, arguments.resume)
    print(f"stages: {', '.join(s.name for s in recipe.stages)}; {config.num_frames} images: {counts}", flush=True)
    run_recipe(recipe, build, loaders, run, validations, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_last.weights.h5')}")
