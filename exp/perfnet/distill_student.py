"""Train a network of frames on its labels and on teachers that see flow and poses: PERF-Net. A test needs frames alone.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 3.4: cross entropy, plus the mean squared
distance of the student's logits from those of each teacher (equation 1, `--variant separate`) or from their sum
(`unified`). Teachers are frozen and see the same crop of the same moment, mirrored alike.

    python exp/perfnet/distill_student.py runs/student --data VIDEOS --flow FLOW --pose POSES \\
        --teachers flow=runs/flow pose=runs/pose
    python exp/perfnet/distill_student.py runs/unified --data VIDEOS --flow FLOW --variant unified \\
        --teachers flow=runs/flow rgb=runs/rgb
    python exp/perfnet/distill_student.py runs/tiny --tiny

Recipe and options as train_teacher.py. Expected on Kinetics-600, top-1: S3D-G 77.8 without teachers, 78.3 with flow,
78.4 with poses, 78.9 with both; R3D50-G 80.4 without, 82.0 separate, 80.7 unified.
"""

from deephar.experiments import clip_training, networks, options
from deephar.training.recipes_clips import PERFNET_RECIPE


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/student")
    clip_training.add_videos(parser)
    clip_training.add_network(parser)
    parser.add_argument("--teachers", metavar="STREAM=WEIGHTS", nargs="+", help="streams: rgb, flow, pose")
    parser.add_argument("--variant", choices=("separate", "unified"), default="separate", help="default separate")
    parser.add_argument("--distillation", type=float, default=1.0, help="weight of the distances; paper: 1")
    arguments = clip_training.parse(parser, argv, ["flow", "pose"])
    if not arguments.teachers and not arguments.tiny:
        parser.error("--teachers must name one or more, STREAM=WEIGHTS")
    return arguments


def teachers_of(arguments, labels):
    """{stream: network} of the command line; with --tiny fresh ones."""
    from deephar.models.builders import build_network

    if not arguments.teachers:
        return {s: build_network(clip_training.network_config(arguments, s, labels)) for s in ("flow", "pose")}
    pairs = clip_training.load_networks(arguments.teachers, labels)
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"`--teachers` must be of different streams. Received: {', '.join(arguments.teachers)}")
    return dict(pairs)


def main():
    arguments = arguments_of()
    from deephar.models.builders import build_network
    from deephar.training.distillation import distil

    seen = [text.split("=")[0] for text in arguments.teachers or ("flow", "pose")]
    streams = list(dict.fromkeys(["rgb", *seen]))
    videos = clip_training.videos_of(arguments, clip_training.clip_config(arguments, True), streams)
    config = clip_training.network_config(arguments, "rgb", videos.labels)
    student = build_network(config)
    if arguments.init or arguments.weights:
        networks.initialise(student, arguments.init or arguments.weights)
    both = distil(student, teachers_of(arguments, videos.labels), arguments.variant, arguments.distillation)
    about = {"teachers": arguments.teachers, "variant": arguments.variant, "distillation": arguments.distillation}
    clip_training.train_clips(arguments, student, config, PERFNET_RECIPE, videos, "rgb", both, about)


if __name__ == "__main__":
    options.run(main)
