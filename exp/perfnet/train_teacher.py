"""Train a network on one stream of videos, a folder a class: frames, optical flow or rendered poses.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4: S3D-G or R3D50-G, clips of 64 frames at 25 a
second, 224 x 224 from a short side of 256, mirrored at random; SGD 0.9, linear rise to 1.6, cosine, for batches of
2,048. Here the rate goes with the batch: `--batch 8 --accumulate 8` learns at 1.6 x 64 / 2048.

    python exp/perfnet/train_teacher.py runs/rgb --data VIDEOS
    python exp/perfnet/train_teacher.py runs/flow --data VIDEOS --stream flow --flow FLOW
    python exp/perfnet/train_teacher.py runs/pose --data VIDEOS --stream pose --pose POSES --network r3d
    python exp/perfnet/train_teacher.py runs/rgb --data VIDEOS --network r3d --inflate resnet50
    python exp/perfnet/train_teacher.py runs/tiny --tiny --stream flow

compute_flow.py and render_poses.py write the streams. A network of frames trained here is what the paper compares its
students with. `--inflate` starts from a network of images: `resnet50`, that of Keras with its ImageNet weights, which
are fetched, or a `.keras` file. Expected on Kinetics-600, S3D-G, top-1 / top-5: frames 77.8 / 93.9, flow 68.3 / 88.4,
poses 76.8 / 93.4. Accuracy on the validation videos is printed after every epoch and kept in log.csv.
"""

from deephar.experiments import clip_training, networks, options
from deephar.training.recipes_clips import PERFNET_RECIPE


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/teacher")
    parser.add_argument("--stream", choices=clip_training.STREAMS, default="rgb", help="what the network sees")
    clip_training.add_videos(parser)
    clip_training.add_network(parser)
    parser.add_argument("--inflate", metavar="resnet50|FILE", help="start from a network of images")
    parser.add_argument("--inflation", choices=("repeat", "identity"), default="repeat", help="how; default repeat")
    parser.add_argument("--preparation", choices=("tf", "torch", "caffe"), help="pixels of FILE, as Keras calls it")
    return clip_training.parse(parser, argv)


def inflate_into(model, arguments):
    """Give a network the weights of an image network."""
    import keras

    from deephar.models.inflation import inflate

    if arguments.inflate == "resnet50":
        source, preparation = keras.applications.ResNet50(weights="imagenet"), "caffe"
    else:
        source, preparation = keras.saving.load_model(arguments.inflate, compile=False), arguments.preparation or "tf"
    print(f"{arguments.inflate}: {inflate(model, source, arguments.inflation, preparation)}")


def main():
    arguments = arguments_of()
    stream = arguments.stream
    videos = clip_training.videos_of(arguments, clip_training.clip_config(arguments, True), [stream])
    config = clip_training.network_config(arguments, stream, videos.labels)
    from deephar.models.builders import build_network

    model = build_network(config)
    if arguments.inflate:
        inflate_into(model, arguments)
    if arguments.init or arguments.weights:
        networks.initialise(model, arguments.init or arguments.weights)
    clip_training.train_clips(arguments, model, config, PERFNET_RECIPE, videos, stream)


if __name__ == "__main__":
    options.run(main)
