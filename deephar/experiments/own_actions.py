"""Training of own actions on folders of videos: an SPNet's action part on frozen poses, then the accuracy.

    --data CLASS/video --VideoFolder--> classes, splits --find_people--> boxes --PersonVideos--> clips by time
    --init SPNet --its poses, frozen--> what the action part reads, computed once --> action part --> OUT
"""

import argparse
import dataclasses
import hashlib
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deephar.config import DataConfig, ModelConfig
from deephar.data.video_check import damage_report
from deephar.data.video_splits import SPLIT_NAMES
from deephar.data.videofolder import VideoFolder
from deephar.experiments import multitask_training, networks, options, streams
from deephar.experiments.datasetpath import videos_root
from deephar.experiments.own_videos import PeopleInVideos, PersonVideos
from deephar.models.signature import Signature
from deephar.models.specs import InputSpec
from deephar.training.recipes import Stage
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.errors import arguments_renamed
from deephar.utils.io import write_json
from deephar.utils.tables import table

if TYPE_CHECKING:
    import keras

    from deephar.models.base import PoseModel

DEFAULT_INIT = "spnet-2d"
FPS, FRAME_STEP = 30.0, 4  # of clips, where the network to start from does not say: 8 frames in 1.07 s
CLIPS_A_VIDEO, MOST_CLIPS = 8, 3000  # that the frozen part sees, unless --cache says so
PASSES = 3  # over these clips in an epoch, unless --steps says so
SEEN_TOGETHER = 4  # held-out clips
BOXES, RESULT = "boxes.json", "result.json"
SHOWN = 10  # names in a message
STAGE = Stage(
    "action",
    "action",
    epochs=8,
    optimizer="adam",
    learning_rate=2e-3,
    schedule="cosine",
    warmup_steps=60,
    clipnorm=5.0,
    monitor="log_loss",
    monitor_mode="min",
)


def parse(doc: str, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; with --tiny three classes of rendered videos are written where no --data is given.

    Args:
        doc: str. The script's docstring, which `--help` shows.
    """
    parser = options.make_parser(doc, "runs/own")
    options.add_training(parser, batch=16, warmup=None, workers=0)
    add = parser.add_argument_group("own videos").add_argument
    add("--seconds", metavar="S", type=float, help="time from the first frame of a clip to the end of the last one")
    add("--frames", metavar="T", type=options.positive, help="frames of a clip; default: those of --init, or 8")
    text = "share of the videos of each class that is not trained on, where FOLDER has no val; default 0.2"
    add("--held-out", metavar="SHARE", type=options.fraction, default=0.2, help=text)
    add("--skip-damaged", action="store_true", help="leave damaged videos out instead of stopping")
    add("--balanced", action="store_true", help="all classes count the same, however many videos")
    text = "clips that the frozen part sees once, trained on often; default: 8 of each training video, at most 3000"
    add("--cache", metavar="N", type=options.positive, help=text)
    add("--mixup", metavar="A", type=float, default=0.3, help="mix each clip with another, in parts of Beta(A, A)")
    add("--validate", metavar="N", type=options.positive, default=200, help="held-out videos scored after an epoch")
    add("--limit", metavar="N", type=options.positive, default=100, help="held-out videos scored at the end")
    arguments = options.parse(parser, argv)
    if arguments.weights or arguments.model:
        parser.error("--init names the network to start from. Received: --weights or --model")
    if arguments.seconds is not None and not 0 < arguments.seconds < float("inf"):
        parser.error(f"--seconds must be above 0. Received: {arguments.seconds:g}")
    if not 0 < arguments.held_out < 1:
        parser.error(f"--held-out must be above 0 and below 1. Received: {arguments.held_out:g}")
    if arguments.tiny:
        options.tiny_data(arguments, "Videos")
        options.make_tiny(arguments, cache=arguments.cache or 8)
    arguments.clips = arguments.batch
    return arguments


def read_folder(arguments: argparse.Namespace) -> VideoFolder | None:
    """Return the videos, classes and splits of --data; None, with a report, where videos are damaged and may not be.

    Every video is decoded once; OUT/checked_videos.json remembers the result.

    Raises:
        FileNotFoundError, ValueError: there is no such folder, or fewer than two classes of two videos.
    """
    root = videos_root(arguments.data)
    about = dict(validation=arguments.held_out, check_file=arguments.out / streams.CHECKED)
    folder = VideoFolder(root, **about)
    check_classes(folder)
    damaged = folder.check()
    if damaged:
        print(damage_report(damaged), flush=True)
        if not arguments.skip_damaged:
            print("nothing was trained: replace them, or leave them out by --skip-damaged")
            return None
        folder = VideoFolder(root, **about, skip_damaged=True)
        check_classes(folder)
    return folder


def check_classes(folder: VideoFolder) -> None:
    """Raise ValueError unless there are two classes or more, each with videos that train and others that do not."""
    root, labels = folder.root, folder.labels
    places = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    if places and all(path.name.lower() in SPLIT_NAMES for path in places):
        places = [path for place in places for path in place.iterdir() if path.is_dir()]
    names = sorted({path.name for path in places if not path.name.startswith(".")} | set(labels))
    if len(names) < 2:
        allowed = "two class-named folders of videos or more"
        raise ValueError(f"`root` must have {allowed}. Received: {len(names)}, {', '.join(names)}, in {str(root)!r}")
    counts = {name: class_counts(folder)[labels.index(name)] if name in labels else (0, 0, 0) for name in names}
    few = [f"{name} has {sum(c)}" for name, c in counts.items() if not c[0] or not c[1] + c[2]]
    if few:
        allowed = "two videos or more of every class, one to train and one that is held out"
        raise ValueError(f"`root` must have {allowed}. Received: {', '.join(few[:SHOWN])}{' ...' * (len(few) > SHOWN)}")


def class_counts(folder: VideoFolder) -> list[tuple[int, int, int]]:
    """Return for every class how many videos train, validate and test; those that do both are counted once."""
    same = folder.videos[TEST_MODE] == folder.videos[VALID_MODE]
    modes = [folder.videos[TRAIN_MODE], folder.videos[VALID_MODE], [] if same else folder.videos[TEST_MODE]]
    return [tuple(sum(v.label == k for v in some) for some in modes) for k in range(len(folder.labels))]


def print_videos(folder: VideoFolder, frame: InputSpec) -> None:
    """Print how many videos of each class there are, and what a clip is."""
    rows = [[name, *map(str, row)] for name, row in zip(folder.labels, class_counts(folder), strict=True)]
    print(table(["videos", "train", "validate", "test"], rows))
    span = f"{frame.num_frames} frames in {frame.num_frames * frame.clip_step_s:.2f} s"
    print(f"{len(folder.names())} videos of {len(rows)} classes; clips of {span}", flush=True)


def print_people(people: PeopleInVideos) -> None:
    """Print in how many videos somebody was found, and name the others."""
    empty = people.empty
    print(f"somebody was found in {len(people.videos) - len(empty)} of {len(people.videos)} videos", flush=True)
    if empty:
        listed = ", ".join(empty[:SHOWN]) + " ..." * (len(empty) > SHOWN)
        print(f"nobody was found in {len(empty)}, of which the whole frame is seen, as in prediction: {listed}")


def pose_network(arguments: argparse.Namespace) -> "tuple[PoseModel, ModelConfig]":
    """Return the SPNet whose poses are taken, and what it is built from.

    Raises:
        FileNotFoundError, ValueError: --init is no SPNet of the package's, or there is no such file.
    """
    if arguments.tiny and not arguments.init:
        return networks.build_tiny(), networks.tiny_config()
    from deephar.models.zoo import MODELS, load_model, read_run

    name = str(arguments.init or DEFAULT_INIT)
    with arguments_renamed(name_or_path="init"):
        about = None if name in MODELS else read_run(name)
        stored = dict(MODELS[name].config if name in MODELS else (about or {}).get("config", {}).get("model") or {})
        family = stored.pop("network", "spnet") if stored else None
        if family not in ("spnet", None) or (family is None and pathlib.Path(name).exists()):
            what = f"a network of the family {family!r}" if family else "which does not say what it is built from"
            allowed = "an SPNet: a registered one, or the folder or weights of a run"
            raise ValueError(f"`init` must be {allowed}. Received: {name!r}, {what}")
        return load_model(name), ModelConfig.from_dict(stored)


def clip_input(arguments: argparse.Namespace, source: Signature) -> InputSpec:
    """Return the input of the network that is trained: frames, rate and step, that of the source unless asked for."""
    frame = source.frame
    known = bool(frame.num_frames and frame.fps)
    frames = arguments.frames or frame.num_frames or networks.NUM_FRAMES
    step, fps = (frame.frame_step, frame.fps) if known else (FRAME_STEP, FPS)
    if arguments.seconds:
        fps = step * frames / arguments.seconds
    return dataclasses.replace(frame, num_frames=frames, frame_step=step, fps=fps)


def build_network(source: "PoseModel", config: ModelConfig, frame: InputSpec, labels: Sequence[str]) -> "PoseModel":
    """Return a network of clips with the poses of `source` and outputs for own actions.

    What the action part of the source learned is kept where it fits; the layers that tell actions apart are fresh.

    Args:
        source: keras.Model. An SPNet for images or clips.
        config: `ModelConfig` of the new network, see `action_config`.
        frame: `InputSpec` of the new network.
        labels: list of str. Names of the actions.
    """
    from deephar.models import spnet
    from deephar.models.transfer import transfer_weights

    model, layout = spnet.build(config), source.signature.layout
    transfer_weights(source, model, layout, layout)
    steps = dict(frame_step=frame.frame_step, fps=frame.fps)
    model.signature = model.signature.replace(layout=layout, labels=labels, **steps)
    return model


def action_config(config: ModelConfig, num_frames: int, num_actions: int) -> ModelConfig:
    """Return the `ModelConfig` of the network with actions, in the pyramids of the source or in its last two."""
    last = [k for k in (config.num_pyramids - 1, config.num_pyramids) if k > 0]
    pyramids = config.action_pyramids if config.num_actions else last
    shape = (num_frames, *config.input_shape[-3:])
    return config.replace(input_shape=shape, num_actions=[num_actions], action_pyramids=pyramids)


def clip_dataconf(frame: InputSpec) -> DataConfig:
    """Return how clips are cropped and augmented: turns, sizes, places, colours, mirroring and speed."""
    shift, step = frame.size[1] // 16, frame.frame_step
    own = dict(trans_x=range(-shift, shift + 1), trans_y=range(-shift, shift + 1), fixed_scale=1)
    own |= dict(subsampling=range(max(1, step - 1), step + 2), fixed_subsampling=step)
    small = networks.small_dataconf(turn=20, **own)
    return small.replace(crop_resolution=frame.resolution, value_range=frame.value_range, pad_color=frame.pad_color)


def train(
    arguments: argparse.Namespace, model: "PoseModel", config: ModelConfig, clips: PersonVideos, folder: VideoFolder
) -> None:
    """Train the action part in the run folder; `model` has the best weights afterwards."""
    from deephar.experiments.validation import ActionValidation
    from deephar.models import split_at_action_part
    from deephar.training.objectives import balanced_weights
    from deephar.training.run import Run
    from deephar.training.stages import train_stage

    counts = [train for train, _, _ in class_counts(folder)]
    arguments.cache = arguments.cache or min(MOST_CLIPS, CLIPS_A_VIDEO * sum(counts))
    steps = -(-PASSES * arguments.cache // min(arguments.batch, arguments.cache))
    stage = options.override(arguments, STAGE.replace(steps_per_epoch=steps))
    stage = stage.replace(class_weights=balanced_weights(counts)) if arguments.balanced else stage
    trained = "\n".join(f"{v.label} {v.name}" for v in folder.videos[TRAIN_MODE])
    about = {"model": config.to_dict(), "stage": dataclasses.asdict(stage), "data": clips.dataconf.to_dict()}
    about |= {"classes": list(folder.labels), "videos": hashlib.sha256(trained.encode("utf-8", "replace")).hexdigest()}
    about |= {"cache": {"clips": arguments.cache, "mixup": arguments.mixup}, "batch": arguments.batch}
    about |= {"clip": {"frames": clips.input.num_frames, "step_s": clips.input.clip_step_s}}
    run = Run(arguments.out, about, arguments.resume)
    run.restore(model)  # what is frozen is what it was when the run began
    body, head = split_at_action_part(model)
    loader = multitask_training.cached_loader(arguments, body, clips, clips.action_key, len(head.outputs))
    validation = None
    if clips.get_length(VALID_MODE):
        validation = ActionValidation(model, clips, arguments.validate, SEEN_TOGETHER, clips.action_key, frozen=True)
    feeding = dict(options.loading(arguments), full_model=model, print_full_losses=False)
    train_stage(head, loader, stage, run, validation, **feeding)
    if run.path("weights_best.weights.h5").exists():
        model.load_weights(run.path("weights_best.weights.h5"))


def score(arguments: argparse.Namespace, model: "keras.Model", clips: PersonVideos, people: PeopleInVideos) -> dict:
    """Print and write the accuracy on the held-out videos and which class is taken for which; return the report."""
    from deephar.drawing.plots import plot_confusion
    from deephar.experiments.action_evaluation import ActionSet, evaluate

    names, fps = list(clips.action_labels), clips.input.fps
    same = [v.name for v in clips.sequences[TEST_MODE]] == [v.name for v in clips.sequences[VALID_MODE]]
    note = f", frames at {fps:g} a second" + "; these videos also chose the epoch" * same
    about = ActionSet("own actions", clips.action_key, "exp/own/train_actions.py")
    report = evaluate(about, model, lambda use_gt_bbox: clips, None, arguments.limit, SEEN_TOGETHER, note=note)
    rows = [[name, *map(str, row)] for name, row in zip(names, report["confusion"], strict=True)]
    print(table(["true \\ predicted, videos", *names], rows))
    report |= {"chose_the_epoch": same, "nobody_found": people.empty}
    write_json(arguments.out / RESULT, report)
    title = f"own actions, multi-clip: {100 * report['multi_clip'][-1]:.1f} % of {report['videos']} videos"
    plot_confusion(report["confusion"], names, arguments.out / "confusion.png", title)
    return report
