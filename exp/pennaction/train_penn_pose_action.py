"""Train and test the action network on annotated poses of Penn Action, without any image.

The pose half of the CVPR'18 action network (`action.build_pose_model`, v1, 16 frames) on the poses that people
annotated. Papers with annotated poses on this data set: 98.6 % together with appearance (TPAMI 2020, table 2).

    python exp/pennaction/train_penn_pose_action.py runs/penn_poses --data Penn_Action/labels
    python exp/pennaction/train_penn_pose_action.py runs/tiny --tiny

Expected: 97.9 % of the 1,068 test videos, single-clip and multi-clip (22 wrong each), by the first command with seed 0;
24 epochs of 100 batches of 64 clips take about 14 minutes of one core. `--data` may also be a folder with
annotations.mat, as `deephar.data.PennAction` reads it.

Protocol. Split: the files' own `train` flag, 1,258 videos to train and 1,068 to test. Poses: the 13 annotated joints,
hidden ones too where they have a position inside of the image, plus pelvis, thorax and neck computed from them; a
joint without position has coordinates and confidence 0, every other one confidence 1. A clip is 16 poses, joints
interpolated between frames, in one square box around all its joints, 1.1 x their larger extent; nothing else of the
video is used. Single-clip: one clip from the middle, 6 frames from pose to pose, or the whole video where it is shorter
than 91 frames. Multi-clip: windows that cover the video with 6, 4, 3 and 2 frames from pose to pose and overlap by half
or more, each also flipped; the probabilities of all are multiplied. The score is that of the last of the four
prediction blocks.

Training clips vary in time (start, speed, unevenness), angle, size, stretch, place, joint errors, absent joints and
flipping. `--validate N` holds out N training videos and does not read the test split; the settings are those of a
first such run (N = 126, 97.6 % multi-clip after 5 epochs, where it was stopped). Without it all 1,258 are trained on,
the weights are those of the last epoch, and the test split is read once.
"""

import dataclasses

from deephar.experiments import networks, options
from deephar.experiments.pose_actions import (
    NUM_FRAMES,
    STEP,
    STEPS,
    PoseBatches,
    load_videos,
    multi_clips,
    score,
    single_clips,
    split_videos,
)
from deephar.training.recipes import Stage
from deephar.utils.io import write_json

STAGE = Stage(
    "poses",
    "joint",
    epochs=24,
    steps_per_epoch=100,
    optimizer="adamw",
    learning_rate=2e-3,
    schedule="cosine",
    clipnorm=5.0,
    action_weight=0.25,
)
NUM_JOINTS = 16
SCORES = ("loss0", "learning_rate", "single_clip", "multi_clip")  # columns of the log that are drawn
NETWORK = {"network": "pose-action", "num_joints": NUM_JOINTS, "num_temp_frames": NUM_FRAMES}


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/penn_poses")
    options.add_training(parser, batch=64, warmup=200, workers=0)
    parser.add_argument("--validate", type=options.count, default=0, help="training videos held out; 0: none")
    parser.add_argument("--smoothing", type=options.fraction, default=0.1, help="of the labels")
    parser.add_argument("--evaluate", action="store_true", help="no training: test the weights of OUT or --weights")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, "PennLabels")
        options.make_tiny(arguments, validate=arguments.validate and 2)
    if not arguments.data:
        raise ValueError("`--data` must be the folder `labels` of Penn Action's download, or one with annotations.mat")
    return arguments


def train(arguments, model, splits, num_actions):
    """Train in the run folder; scores of the held-out videos after every epoch."""
    from deephar.training.run import Run
    from deephar.training.stages import train_stage
    from deephar.training.validated import Score

    stage = options.override(arguments, STAGE)
    about = {**NETWORK, "num_actions": num_actions}
    batch = min(arguments.batch, len(splits["train"]))
    data = {"batch": batch, "smoothing": arguments.smoothing, "validate": arguments.validate}
    run = Run(arguments.out, {"model": about, "stage": dataclasses.asdict(stage), **data}, arguments.resume)
    loader = PoseBatches(
        splits["train"], num_actions, batch, len(model.outputs), smoothing=arguments.smoothing, seed=arguments.seed
    )
    validation = None
    if splits["validation"]:
        clips = {"single_clip": single_clips(splits["validation"]), "multi_clip": multi_clips(splits["validation"])}

        def validation(epoch):
            found = {k: score(model, splits["validation"], c) for k, c in clips.items()}
            labels = model.signature.labels
            return {k: Score(s.accuracy[-1], "share", confusion=(labels, s.confusion)) for k, s in found.items()}

    train_stage(model, loader, stage, run, validation, print_full_losses=False, **options.loading(arguments))
    if run.finished(stage.name):
        model.load_weights(run.path("weights_last.weights.h5"))


def test(arguments, model, splits, names):
    """Print and write the accuracy on the test split, with the confusion matrix as an image."""
    from deephar.drawing.plots import plot_confusion, plot_training
    from deephar.utils.tables import table

    videos, report = splits["test"], {"videos": {k: len(v) for k, v in splits.items()}}
    report["protocol"] = " ".join(__doc__.split("Protocol. ")[1].split("\n\n")[0].split())
    rows = []
    for name, clips in (("single-clip", single_clips(videos)), ("multi-clip", multi_clips(videos))):
        found = score(model, videos, clips)
        rows.append([f"{name} ({found.num_clips} clips)", *(f"{100 * value:.2f}" for value in found.accuracy)])
        key = name.replace("-", "_")
        report[key] = {"accuracy": found.accuracy.tolist(), "clips": found.num_clips}
    wrong = [
        {"video": v.number, "true": names[t], "predicted": names[p]}
        for v, t, p in zip(videos, found.true, found.scores[-1].argmax(axis=-1), strict=True)
        if t != p
    ]
    report.update(actions=names, confusion=found.confusion.tolist(), wrong=wrong)
    write_json(arguments.out / "eval_penn_poses.json", report)
    title = f"Penn Action, annotated poses, multi-clip: {100 * found.accuracy[-1]:.1f} % of {len(videos)} videos"
    plot_confusion(found.confusion, names, arguments.out / "confusion.png", title)
    if (arguments.out / "log.csv").exists():
        plot_training(arguments.out / "log.csv", arguments.out / "training.png", SCORES)
    steps = ", ".join(f"{step:g}" for step in STEPS)
    print(f"Penn Action, annotated poses, {len(videos)} test videos; frames from pose to pose: {STEP:g}, or {steps}")
    print(table(["accuracy %", *(f"block {k + 1}" for k in range(len(model.outputs)))], rows))
    print(f"results in {arguments.out / 'eval_penn_poses.json'} and {arguments.out / 'confusion.png'}")


def main():
    arguments = arguments_of()
    videos, names = load_videos(arguments.data)
    splits = dict(zip(("train", "validation", "test"), split_videos(videos, arguments.validate), strict=True))
    print("videos: " + ", ".join(f"{len(v)} {k}" for k, v in splits.items()), flush=True)
    import keras

    from deephar.models.builders import build_network

    keras.utils.set_random_seed(arguments.seed)
    model = build_network({**NETWORK, "num_actions": len(names)})
    model.signature = model.signature.replace(labels=names)
    if arguments.init:
        networks.initialise(model, arguments.init)
    elif arguments.weights:
        model.load_weights(arguments.weights)
    if arguments.evaluate and not arguments.weights:
        model.load_weights(arguments.out / "weights_last.weights.h5")
    if not arguments.evaluate:
        train(arguments, model, splits, len(names))
    if arguments.validate and not arguments.evaluate:
        print("training videos were held out, so the test split is left alone; --evaluate reads it")
        return
    test(arguments, model, splits, names)


if __name__ == "__main__":
    options.run(main)
