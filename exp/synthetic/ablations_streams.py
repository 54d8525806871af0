"""Do PERF-Net's claims hold on the synthetic world? Small S3D-G networks, one budget, one table.

    teachers      frames, flow, poses drawn in several ways (table 2: poses on the frame beat poses on black)
    late fusion   more streams are better, and two streams better than two networks of frames (tables 3 and 4)
    distillation  students beat the network of frames; two teachers beat one; separate beats unified (table 4)

    python exp/synthetic/ablations_streams.py runs/streams
    python exp/synthetic/ablations_streams.py runs/streams --resume --only rgb flow
    python exp/synthetic/ablations_streams.py runs/tiny --tiny

Protocol: the actions of Penn Action and every fourth of NTU as class-named folders of rendered videos, the people of
the test seen nowhere else; `--fps` frames a second, clips of `--frames`, crops of 64 x 64 px from 72, mirrored,
contrast and brightness at random. TV-L1 flow; poses are the true ones. Adam at 0.002, cosine; `rgb` trains for
`--minutes`, all others take as many steps, then the statistics of batch normalisation are taken over 40 batches;
students start from fresh weights. Top-1 accuracy on the test videos, one
clip each, in per cent: mean and standard deviation over `--seeds`. Late fusions add the logits of what was trained;
`rgb + rgb` those of two seeds. Finished runs are kept, `--resume` makes those that are missing. The README beside this
file has a table.
"""

import functools
import itertools
from dataclasses import dataclass

from deephar.data.clip_crops import ClipConfig
from deephar.data.videofolder import VideoFolder
from deephar.experiments import networks, options, trials
from deephar.experiments.clip_training import CHANNELS, STREAMS
from deephar.experiments.synthetic_streams import POSES, write_streams
from deephar.experiments.trials import Trials
from deephar.utils import TEST_MODE, TRAIN_MODE
from deephar.utils.tables import table

SIDE, SHORT_SIDE = 64, 72
SETTLED = 40  # batches
STAGE = trials.STAGE.replace(task="action", action_weight=1.0)


@dataclass(frozen=True)
class Row:
    """One network of the table: what it sees, who teaches it, and how."""

    stream: str
    teachers: tuple[str, ...] = ()
    variant: str = "separate"

    @property
    def kind(self):
        """The kind of its stream: "rgb", "flow" or "pose"."""
        return self.stream.split()[0]


ROWS = {
    "rgb": Row("rgb"),
    "flow": Row("flow"),
    **{name: Row(name) for name in POSES},
    "rgb from flow": Row("rgb", ("flow",)),
    "rgb from pose": Row("rgb", ("pose",)),
    "rgb from flow, pose": Row("rgb", ("flow", "pose")),
    "rgb from flow, pose, unified": Row("rgb", ("flow", "pose"), "unified"),
}
FUSIONS = [("rgb", "flow"), ("rgb", "pose"), ("flow", "pose"), ("rgb", "flow", "pose")]


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/streams")
    trials.add_options(parser, minutes=5.0, batch=8)
    parser.add_argument("--seeds", type=options.count, nargs="+", default=[0, 1, 2], help="one run of a row for each")
    parser.add_argument("--videos", type=options.positive, default=20, help="training videos of a class; test: a third")
    parser.add_argument("--classes", type=options.positive, help="so many classes, the first ones; default: all")
    parser.add_argument("--frames", type=options.positive, default=16, help="of a clip")
    parser.add_argument("--fps", type=float, default=10.0, help="frames a second")
    parser.add_argument("--width", type=float, default=0.25, help="of the networks, 1 is S3D-G")
    parser.add_argument("--workers", type=options.positive, help="processes that render; default: one a core")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        tiny = dict(videos=1, classes=2, frames=4, fps=3.0, width=0.0625, steps=2, seeds=[0], batch=2, workers=1)
        vars(arguments).update(tiny)
    arguments.only = trials.chosen(parser, arguments.only, list(ROWS))
    return arguments


class ClipTrainee:
    """A network of a row, with its teachers, built and traced once, trained from fresh weights for every seed."""

    def __init__(self, row, arguments, labels):
        from deephar.models.builders import build_network
        from deephar.training.distillation import distil
        from deephar.training.stages import compile_for_stage

        self.row, self.batch = row, arguments.batch
        common = dict(network="s3d", num_classes=len(labels), width=arguments.width, labels=list(labels))

        def build(kind):
            return build_network({**common, "input_shape": [arguments.frames, SIDE, SIDE, CHANNELS[kind]]})

        self.fresh = functools.partial(build, row.kind)
        self.model, self.teachers = self.fresh(), {name: build(name) for name in row.teachers}
        self.trained = distil(self.model, self.teachers, row.variant) if row.teachers else self.model
        compile_for_stage([self.trained], STAGE, self.model)

    def start(self, seed, weights=None):
        """Take fresh weights, a fresh optimizer, and the teachers of this seed, from the file weights(name, seed)."""
        import keras

        keras.utils.set_random_seed(seed)
        trials.start_again(self.model, self.fresh(), [self.trained])
        for name, teacher in self.teachers.items():
            teacher.load_weights(weights(name, seed))

    def loader(self, videos, seed):
        """Batches of all streams that are needed."""
        from deephar.data import BatchLoader

        entries = [STREAMS[kind] for kind in (self.row.kind, *self.row.teachers)]
        return BatchLoader(videos, entries, [videos.action_key], TRAIN_MODE, self.batch, seed=seed)

    def train(self, loader, steps, seed, verbose=1, **feeding):
        """Train so many steps; the seconds of a step."""
        return trials.train_steps(self.trained, STAGE, loader, steps, seed, verbose, **feeding)

    def settle(self, loader):
        """Take the statistics of batch normalisation anew: their moving averages are slower than a short training."""
        networks.settle(self.model, loader, min(SETTLED, len(loader)))


def videos_of(arguments, root, row):
    """The videos with the streams that a row needs."""
    config = ClipConfig(arguments.frames, (SIDE, SIDE), SHORT_SIDE, arguments.fps)
    streams = {name.split()[0]: root / name.replace(" ", "-") for name in (row.stream, *row.teachers) if name != "rgb"}
    return VideoFolder(root / "Videos", config, streams, rgb=row.kind == "rgb", validation=0, seed=arguments.seed)


def file_of(folder, suffix, name, seed):
    """Where a row's weights ("weights.h5") or logits ("npz") of a seed are."""
    return folder.out / f"{name.replace(' ', '-')}-seed{seed}.{suffix}"


def run_row(name, arguments, folder, root):
    """Train and score a row with every seed that has no result yet."""
    from deephar.evaluation.logits import predict_logits

    missing = folder.missing(name, arguments.seeds)
    if not missing:
        return
    row, path = ROWS[name], functools.partial(file_of, folder, "weights.h5")
    absent = [teacher for teacher, seed in itertools.product(row.teachers, missing) if not path(teacher, seed).exists()]
    if absent:
        raise FileNotFoundError(f"`--only` must name {absent[0]} too, which teaches {name}. Received: no weights of it")
    videos = videos_of(arguments, root, row)
    trainee = ClipTrainee(row, arguments, videos.labels)
    budget = trials.Trial(name, {}, steps_of=None if name == "rgb" else "rgb")
    steps = trials.steps_of(budget, trainee, trainee.loader(videos, 0), folder, arguments, workers=1)
    for seed in missing:
        print(f"{name}, seed {seed}: {steps} steps, {trainee.model.count_params():,} parameters", flush=True)
        trainee.start(seed, path)
        seconds = trainee.train(trainee.loader(videos, seed), steps, seed, workers=1)
        trainee.settle(trainee.loader(videos, seed))
        how = dict(batch_size=arguments.batch, input_key=STREAMS[row.kind])
        found = predict_logits(trainee.model, videos, TEST_MODE, **how)
        found.save(file_of(folder, "npz", name, seed))
        trainee.model.save_weights(path(name, seed))
        top1 = found.scores().top_k(1)
        about = {"steps": steps, "seconds": seconds * steps, "parameters": trainee.model.count_params()}
        folder.keep(name, seed, {**about, "videos": len(found.videos), "top1": top1})
        print(f"top-1 {100 * top1:.1f} %", flush=True)


def fused(names, arguments, folder):
    """Top-1 of a late fusion for each seed that has all of it."""
    from deephar.evaluation.logits import ClipLogits, fuse

    path, found = functools.partial(file_of, folder, "npz"), []
    for seed, other in zip(arguments.seeds, [*arguments.seeds[1:], arguments.seeds[0]], strict=True):
        twice = names == ("rgb", "rgb")
        paths = [path("rgb", seed), path("rgb", other)] if twice else [path(name, seed) for name in names]
        if all(p.exists() for p in paths) and (not twice or other != seed):
            found.append(fuse([ClipLogits.load(p) for p in paths]).scores().top_k(1))
    return found


def report(arguments, folder):
    """The table of what there is."""
    rows = []
    for name in ROWS:
        results = [r for r in (folder.result(name, seed) for seed in arguments.seeds) if r is not None]
        if results:
            top1 = trials.mean_and_spread([r["top1"] for r in results])
            rows.append([name, f"{results[0]['parameters']:,}", f"{results[0]['steps']:,}", len(results), top1])
    for names in [("rgb", "rgb"), *FUSIONS]:
        values = fused(names, arguments, folder)
        if values:
            rows.append([" + ".join(names), "", "", len(values), trials.mean_and_spread(values)])
    return table(["network", "parameters", "steps", "runs", "top-1 %"], rows, left=(0,))


def main():
    arguments = arguments_of()
    names = ("minutes", "batch", "videos", "classes", "frames", "fps", "width", "steps", "seed")
    folder = Trials(arguments.out, {name: getattr(arguments, name) for name in names}, arguments.resume)
    root = arguments.out / "data"
    what = (arguments.videos, arguments.classes, SHORT_SIDE, arguments.fps, arguments.seed)
    write_streams(root, *what, arguments.workers)
    for name in ROWS:
        if name in arguments.only:
            run_row(name, arguments, folder, root)
    folder.show(report(arguments, folder))


if __name__ == "__main__":
    options.run(main)
