"""Go on with a trained network of frames on other classes: UCF101 or HMDB51, or own folders. Mean over the splits.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4: S3D-G from Kinetics, cross entropy alone, 30
epochs, frames of 224 x 298, the mean over three splits; tests on clips of 128 (UCF101) or 64 frames (HMDB51). Rate,
schedule and batch are ours.

    python exp/perfnet/finetune.py runs/ucf101 --data UCF-101 --splits ucfTrainTestlist --protocol ucf101 \\
        --start runs/student --all-splits
    python exp/perfnet/finetune.py runs/mine --data VIDEOS --start runs/student
    python exp/perfnet/finetune.py runs/tiny --tiny

A run folder a split, `OUT/split1` and so on; --resume goes on with what is there. The last line is the mean of the
splits that were trained, on their test videos, one clip each. Expected: UCF101 98.2 % and HMDB51 82.0 % from
Kinetics-600.
"""

from deephar.experiments import clip_training, options
from deephar.training.recipes_clips import FINETUNE_RECIPE, NUM_SPLITS
from deephar.utils import TEST_MODE
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/finetuned")
    clip_training.add_videos(parser)
    clip_training.add_learning(parser)
    parser.add_argument("--start", metavar="WEIGHTS", help="weights of a run, whose classes are replaced")
    parser.add_argument("--all-splits", action="store_true", help="splits 1 to 3, one after the other")
    arguments = clip_training.parse(parser, argv)
    if not arguments.start and not arguments.tiny:
        parser.error("--start must name the weights of a run")
    return arguments


def start_network(arguments, labels):
    """(network of these classes, its config): that of --start with a new classifier; with --tiny a fresh one."""
    from deephar.checkpoints.loading import copy_weights
    from deephar.models.builders import build_network
    from deephar.models.zoo import load_model, read_run

    if not arguments.start:
        config = {"network": "s3d", "width": 0.0625, "num_classes": len(labels), "labels": list(labels)}
        return build_network(config), config
    trained = load_model(arguments.start)
    config = {**read_run(arguments.start)["config"]["model"], "num_classes": len(labels), "labels": list(labels)}
    model = build_network(config)
    copy_weights(trained, model, ignore="logits")
    return model, config


def run_split(arguments, split):
    """Train and test one split; {"top1": ..., ...}."""
    from deephar.evaluation.logits import predict_logits

    out, arguments.out, arguments.split = arguments.out, arguments.out / f"split{split}", split
    arguments.out.mkdir(parents=True, exist_ok=True)
    videos = clip_training.videos_of(arguments, clip_training.clip_config(arguments, True), ["rgb"])
    model, config = start_network(arguments, videos.labels)
    clip_training.train_clips(arguments, model, config, FINETUNE_RECIPE, videos, "rgb", about={"split": split})
    best = arguments.out / "weights_best.weights.h5"
    model.load_weights(best)
    test = clip_training.videos_of(arguments, clip_training.clip_config(arguments, False), ["rgb"], videos.labels)
    found = predict_logits(model, test, TEST_MODE, batch_size=1)
    found.save(arguments.out / "logits.npz")
    arguments.out, scores = out, found.scores()
    result = {"top1": scores.top_k(1), "mean_class": scores.mean_class_accuracy}
    print(f"split {split}: top-1 {100 * result['top1']:.1f} %, mean of the classes {100 * result['mean_class']:.1f} %")
    return result


def main():
    from deephar.metrics.actions import mean_over_splits

    arguments = arguments_of()
    numbers = range(1, NUM_SPLITS + 1) if arguments.all_splits else [arguments.split]
    results = {number: run_split(arguments, number) for number in numbers}
    mean = mean_over_splits(list(results.values()))
    write_json(arguments.out / "finetuned.json", {"splits": results, "mean": mean})
    print(f"mean of {len(results)} split(s): top-1 {100 * mean['top1']:.1f} %")


if __name__ == "__main__":
    options.run(main)
