"""Score trained networks of clips on the test videos, one clip each, and all of their late fusions.

    python exp/perfnet/eval.py runs/eval --data VIDEOS --flow FLOW --pose POSES --networks \\
        rgb=runs/rgb flow=runs/flow
    python exp/perfnet/eval.py runs/eval --data UCF-101 --splits ucfTrainTestlist --protocol ucf101 --networks \\
        rgb=runs/ucf101/split1
    python exp/perfnet/eval.py runs/tiny --tiny

Protocol of PERF-Net (WACV 2022, section 4): one clip from the middle of a video, one crop from its middle; 250 frames
of 256 x 256 (kinetics), 128 of 224 x 298 (ucf101), 64 of 224 x 298 (hmdb51); a fusion adds the logits. Prints top-1 and
top-5, the mean over classes, and the classes that are worst; writes eval.json, the logits of every network, and the
confusion of the last row, confusion.csv. Logits that are there are not computed again with --resume.
"""

import csv
import itertools

import numpy as np

from deephar.experiments import clip_training, options
from deephar.utils import TEST_MODE
from deephar.utils.io import atomic_path, write_json
from deephar.utils.tables import table

MOST = 4  # networks of which all fusions are scored; of more only that of all
WORST = 5


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval")
    clip_training.add_videos(parser)
    parser.add_argument("--networks", metavar="STREAM=WEIGHTS", nargs="+", help="one or more; streams: rgb, flow, pose")
    parser.add_argument("--batch", type=options.positive, default=1, help="clips for a network at once; default 1")
    arguments = clip_training.parse(parser, argv, ["flow", "pose"])
    if not arguments.networks and not arguments.tiny:
        parser.error("--networks must name one or more, STREAM=WEIGHTS")
    return arguments


def networks_of(arguments):
    """[(name of the row, stream, network)]."""
    if arguments.networks:
        pairs = clip_training.load_networks(arguments.networks)
    else:
        from deephar.models.builders import build_network

        arguments.network, arguments.no_gates, arguments.width = "s3d", False, clip_training.TINY["width"]
        labels = clip_training.videos_of(arguments, clip_training.clip_config(arguments, False), ["rgb"]).labels
        made = {s: build_network(clip_training.network_config(arguments, s, labels)) for s in ("rgb", "flow")}
        pairs = list(made.items())
    counts = {}
    for stream, model in pairs:
        counts[stream] = counts.get(stream, 0) + 1
        yield stream + (str(counts[stream]) if counts[stream] > 1 else ""), stream, model


def logits_of(arguments, name, stream, model):
    """The logits of a network, from its file if that is there."""
    from deephar.evaluation.logits import ClipLogits, predict_logits

    path = arguments.out / f"logits-{name}.npz"
    if path.exists() and arguments.resume:
        return ClipLogits.load(path)
    config, labels = clip_training.clip_config(arguments, False), model.signature.outputs[0].labels
    videos = clip_training.videos_of(arguments, config, [stream], labels)
    print(f"{name}: {videos.get_length(TEST_MODE)} videos, clips {config.input_shape}", flush=True)
    found = predict_logits(
        model, videos, TEST_MODE, batch_size=arguments.batch, input_key=clip_training.STREAMS[stream]
    )
    found.save(path)
    return found


def fusions(names):
    """The rows of the table: each network, then the fusions of two, of three ..."""
    sizes = range(1, len(names) + 1) if len(names) <= MOST else (1, len(names))
    return [some for size in sizes for some in itertools.combinations(names, size)]


def main():
    from deephar.evaluation.logits import fuse

    arguments = arguments_of()
    found = {name: logits_of(arguments, name, stream, model) for name, stream, model in networks_of(arguments)}
    rows, report = [], {}
    for names in fusions(list(found)):
        together = fuse([found[name] for name in names])
        scores = together.scores()
        values = {f"top{k}": scores.top_k(k) for k in (1, 5) if k < len(together.labels)}
        values["mean_class"] = scores.mean_class_accuracy
        report[" + ".join(names)] = {**values, "per_class": scores.class_accuracy.tolist()}
        rows.append([" + ".join(names), *(f"{100 * value:.1f}" for value in values.values())])
    print(table(["network", *(f"{name} %" for name in values)], rows, left=(0,)))
    worst = np.argsort(np.nan_to_num(scores.class_accuracy, nan=2.0), kind="stable")[:WORST]
    shown = ", ".join(f"{together.labels[k]} {100 * scores.class_accuracy[k]:.0f}" for k in worst)
    print(f"{len(together.videos)} videos; worst classes of the last row, %: {shown}")
    labels, protocol = list(together.labels), f"one central clip and crop, {arguments.protocol}"
    write_json(arguments.out / "eval.json", {"protocol": protocol, "labels": labels, "scores": report})
    with atomic_path(arguments.out / "confusion.csv") as temporary, open(temporary, "w", newline="") as file:
        csv.writer(file).writerows([["true \\ predicted", *labels], *zip(labels, *scores.confusion.T, strict=True)])


if __name__ == "__main__":
    options.run(main)
