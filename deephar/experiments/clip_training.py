"""Networks that name what happens in a clip, trained and scored on folders of videos: what the scripts share.

    --data videos/ --flow flow/ --pose poses/ --VideoFolder--> clips of each stream --> teacher, or student and teachers
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deephar.data import clip_crops
from deephar.data.clip_crops import ClipConfig
from deephar.data.videofolder import VideoFolder
from deephar.experiments import options, streams
from deephar.experiments.datasetpath import videos_root
from deephar.experiments.seen import Thumbnails, action_told
from deephar.training.recipes import Recipe, Stage
from deephar.training.recipes_clips import recipe_for_batch
from deephar.training.validated import Score
from deephar.utils import TRAIN_MODE, VALID_MODE

if TYPE_CHECKING:
    import keras

    from deephar.models.base import PoseModel

STREAMS = {"rgb": "frame", "flow": "flow", "pose": "pose_frame"}  # entry of a sample
CHANNELS = {"rgb": 3, "flow": 2, "pose": 3}
PROTOCOLS = {
    "kinetics": (clip_crops.kinetics_train_clips, clip_crops.kinetics_test_clips),
    "ucf101": (clip_crops.ucf101_train_clips, clip_crops.ucf101_test_clips),
    "hmdb51": (clip_crops.hmdb51_train_clips, clip_crops.hmdb51_test_clips),
}
TINY = {"frames": 4, "crop": [32, 32], "short_side": 32, "width": 0.0625}
TINY_PX = TINY["short_side"]
VALIDATION = 0.1  # share of the training videos, without lists


def add_videos(parser: argparse.ArgumentParser) -> None:
    """Add to a parser which videos and streams there are, and what a clip is."""
    add = streams.add_folder(parser)
    add("--flow", metavar="DIR", help="optical flow of the videos, from compute_flow.py")
    add("--pose", metavar="DIR", help="rendered poses of the videos, from render_poses.py")
    add("--validation", type=options.fraction, help="share of training videos that validate; default 0.1, 0 with lists")
    add("--skip-damaged", action="store_true", help="check all videos first, list the damaged ones, leave them out")
    add("--protocol", choices=PROTOCOLS, default="kinetics", help="clips and crops; default kinetics")
    add("--frames", type=options.positive, help="of a clip; default: the protocol's")
    add("--crop", type=options.positive, nargs=2, metavar=("W", "H"), help="of the frames, px; default: the protocol's")


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add to a parser which network is trained, and how clips count."""
    parser.add_argument("--network", choices=("r3d", "s3d"), default="s3d", help="R3D50-G or S3D-G; default s3d")
    parser.add_argument("--width", type=float, default=1.0, help="factor of the network's channels; default 1")
    parser.add_argument("--no-gates", action="store_true", help="the network without feature gates")
    add_learning(parser)


def add_learning(parser: argparse.ArgumentParser, batch: int = 8) -> None:
    """Add the options of training on clips to a parser."""
    options.add_training(parser, batch=batch, warmup=None)
    parser.add_argument("--accumulate", type=options.positive, default=1, help="batches for one change of the weights")
    parser.add_argument("--balanced", action="store_true", help="all classes count the same, however many videos")
    parser.add_argument("--validate", type=options.count, default=10_000, help="validation videos; 0: none")


def parse(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None = None, seen: Sequence[str] = ()
) -> argparse.Namespace:
    """Read the command line; with --tiny videos and streams are made where none are given.

    Args:
        seen: list of str. The streams that --tiny makes; without any the one that the command line names, if it does.
    """
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        vars(arguments).update({name: value for name, value in TINY.items() if name in arguments})
        if "epochs" in arguments:
            options.make_tiny(arguments, batch=2, clipnorm=1.0)  # gradients of so thin networks reach 1e6
        options.tiny_data(arguments, "Videos")
        for stream in seen or [getattr(arguments, "stream", "rgb")]:
            if stream != "rgb" and getattr(arguments, stream) is None:
                setattr(arguments, stream, _tiny_stream(arguments, stream))
    return arguments


def _tiny_stream(arguments, stream):
    """Write a stream of the videos of --tiny; instead of poses the frames as they are."""
    from deephar.data import video_streams
    from deephar.data.video_frames import frames_at
    from deephar.data.video_splits import find_videos

    root, folder = videos_root(arguments.data), arguments.out / "data" / stream
    for name in find_videos(root):
        path, frames = video_streams.stream_path(folder, name, stream), frames_at(root / name, short_side=TINY_PX)
        if not path.exists():
            flow = stream == "flow"
            write = video_streams.write_flow if flow else video_streams.write_pose_video
            write(path, video_streams.flows_of(frames) if flow else frames)
    return folder


def load_networks(texts: Sequence[str], labels: Sequence[str] | None = None) -> list[tuple[str, "PoseModel"]]:
    """Return [(stream, network)] of texts such as "flow=runs/flow/weights_best.weights.h5".

    Args:
        texts: list of str.
        labels: list of str or None. Names of the classes that all must have; None: those of the first one.

    Raises:
        FileNotFoundError, ValueError: no such stream or file, or a network of other classes.
    """
    from deephar.models.zoo import load_model
    from deephar.utils.labels import check_equal_names

    pairs = []
    for text in texts:
        stream, equal, path = text.partition("=")
        if not equal or stream not in STREAMS:
            raise ValueError(f"networks must be STREAM=WEIGHTS, STREAM of {', '.join(STREAMS)}. Received: {text}")
        model = load_model(path)
        outputs = model.signature.outputs
        if len(outputs) != 1 or not outputs[0].logits or model.input_shape[-1] != CHANNELS[stream]:
            allowed = f"a network of clips of {CHANNELS[stream]} channels that gives logits"
            raise ValueError(f"{stream} needs {allowed}. Received: {path}, {model.name} of {model.input_shape}")
        labels = labels or outputs[0].labels
        check_equal_names(text, [labels, outputs[0].labels])
        pairs.append((stream, model))
    return pairs


def clip_config(arguments: argparse.Namespace, training: bool) -> ClipConfig:
    """Return what a clip is, in training or in a test."""
    config = PROTOCOLS[arguments.protocol][0 if training else 1]
    asked = {"num_frames": arguments.frames, "crop_resolution": arguments.crop}
    changes = {name: value for name, value in asked.items() if value is not None}
    return config.replace(**changes, short_side=arguments.short_side or config.short_side, fps=arguments.fps)


def videos_of(
    arguments: argparse.Namespace, config: ClipConfig, seen: Sequence[str], labels: Sequence[str] | None = None
) -> VideoFolder:
    """Return the videos of the command line with the streams that are `seen`; says which are missing and damaged.

    Raises:
        ValueError: a stream's folder is not given.
    """
    from deephar.data.video_check import damage_report

    folders = {stream: getattr(arguments, stream) for stream in seen if stream != "rgb"}
    for stream, folder in folders.items():
        if folder is None:
            raise ValueError(f"`--{stream}` must be the folder of the {stream} stream. Received: none")
    videos = streams.open_folder(
        arguments,
        config,
        streams=folders,
        rgb="rgb" in seen,
        validation=VALIDATION if arguments.validation is None and not arguments.splits else arguments.validation,
        labels=labels,
        skip_damaged=arguments.skip_damaged,
        check_file=arguments.out / streams.CHECKED if arguments.skip_damaged else None,
        workers=None,
    )
    if videos.damaged:
        print(damage_report(videos.damaged))
    return videos


def network_config(arguments: argparse.Namespace, stream: str, labels: Sequence[str]) -> dict:
    """Return the network of the command line for `build_network`: clips of any length and size."""
    shape, common = [None, None, None, CHANNELS[stream]], {"num_classes": len(labels), "labels": list(labels)}
    if arguments.network == "s3d":
        variant = "s3d" if arguments.no_gates else "s3d-g"
        return {"network": "s3d", "input_shape": shape, "width": arguments.width, "variant": variant, **common}
    filters = max(1, round(64 * arguments.width))
    return {"network": "r3d", "input_shape": shape, "filters": filters, "gates": not arguments.no_gates, **common}


def stage_of(arguments: argparse.Namespace, recipe: Recipe, videos: VideoFolder) -> Stage:
    """Return the one stage of a recipe for the batches of the command line, with what else that asks for."""
    from deephar.training.objectives import balanced_weights

    (stage,) = recipe_for_batch(
        recipe, arguments.batch, videos.get_length(TRAIN_MODE), accumulation_steps=arguments.accumulate
    ).stages
    warmup = round(stage.warmup_steps * (arguments.epochs or stage.epochs) / stage.epochs)
    if arguments.steps:
        warmup = round(warmup * arguments.steps / stage.steps_per_epoch)
    arguments.warmup = warmup if arguments.warmup is None else arguments.warmup
    stage = options.override(arguments, stage)
    if not arguments.balanced:
        return stage
    counts = np.bincount([video.label for video in videos.videos[TRAIN_MODE]], minlength=len(videos.labels))
    return stage.replace(class_weights=balanced_weights(counts.tolist()))


def follow_within_epoch(model: "keras.Model", steps: int) -> None:
    """Let the moving statistics of batch normalisation span at most half an epoch of `steps` steps.

    S3D's momentum, 0.999, is meant for thousands of steps an epoch; after a few hundred its statistics are still the
    first ones, and the network answers the same to everything.
    """
    import keras

    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, 1 - 1 / max(2.0, steps / 2))


class ClipValidation:
    """Top-1 and top-5 accuracy of a network on the validation videos; call it with (epoch) -> scores in [0, 1].

    Args:
        model: PoseModel that gives logits.
        videos: `VideoFolder`.
        stream: str. What the network sees.
        limit: int. Number of videos, evenly spaced.
        batch: int. Clips for the network at once.
    """

    def __init__(self, model: "PoseModel", videos: VideoFolder, stream: str, limit: int, batch: int) -> None:
        from deephar.experiments.validation import spread

        self.model, self.videos, self.entry, self.batch = model, videos, STREAMS[stream], batch
        self.keys = spread(videos.get_length(VALID_MODE), limit)
        self.thumbnails = Thumbnails(videos, self.entry)

    def __call__(self, epoch: int) -> dict[str, Score]:
        from deephar.evaluation.logits import predict_logits
        from deephar.inference.decode import action_probabilities

        how = dict(keys=self.keys, batch_size=self.batch, input_key=self.entry)
        found = predict_logits(self.model, self.videos, VALID_MODE, **how)
        scores, signature = found.scores(), self.model.signature
        probabilities = action_probabilities(found.logits, signature.outputs[signature.action_outputs[-1]])
        told = action_told(self.thumbnails, self.keys, found.videos, probabilities, scores, found.labels)
        ranks = [k for k in (1, 5) if k < len(self.videos.labels)]
        return {f"top{k}": Score(scores.top_k(k), "share of videos", **told) for k in ranks}


def train_clips(
    arguments: argparse.Namespace,
    model: "PoseModel",
    config: dict,
    recipe: Recipe,
    videos: VideoFolder,
    stream: str,
    trained: "keras.Model | None" = None,
    about: Mapping | None = None,
) -> None:
    """Train a network, validate after every epoch, write the run folder.

    Args:
        arguments: argparse.Namespace of `parse`.
        model: PoseModel. What is saved and validated.
        config: dict. What `model` was built from.
        recipe: `Recipe` of one stage, of `deephar.training.recipes_clips`.
        videos: `VideoFolder` with all streams that `trained` takes.
        stream: str. What `model` sees.
        trained: keras.Model or None. What is trained, where that is more: a student with its teachers, whose inputs are
            named by their streams.
        about: dict or None. What else goes into config.json.
    """
    from deephar.data import BatchLoader
    from deephar.training.run import Run
    from deephar.training.stages import train_stage

    trained, stage = trained or model, stage_of(arguments, recipe, videos)
    names = [x.name for x in trained.inputs] if trained is not model else [stream]
    entries, batch = [STREAMS[name] for name in names], arguments.batch
    loader = BatchLoader(videos, entries, [videos.action_key], TRAIN_MODE, batch, seed=arguments.seed)
    settings = {"model": config, "data": videos.dataconf.to_dict(), "stage": dataclasses.asdict(stage), "batch": batch}
    run = Run(arguments.out, {**settings, "stream": stream, **(about or {})}, arguments.resume)
    print(f"{model.count_params():,} parameters, {len(videos.labels)} classes, {videos.get_length(TRAIN_MODE)} videos")
    print(f"batches of {batch} clips {videos.dataconf.input_shape}; {stage.epochs} x {stage.steps_per_epoch} steps")
    follow_within_epoch(model, stage.steps_per_epoch)
    check = None
    if arguments.validate and videos.get_length(VALID_MODE):
        check = ClipValidation(model, videos, stream, arguments.validate, batch)
    train_stage(trained, loader, stage, run, check, model, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_best.weights.h5')}")
