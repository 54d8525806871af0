"""Name what happens in new videos with a trained network of frames.

    python exp/perfnet/predict.py runs/answers --weights runs/student --videos a.mp4 b.mov
    python exp/perfnet/predict.py runs/answers --weights runs/student --videos a.mp4 --clips 5
    python exp/perfnet/predict.py runs/tiny --tiny

Of each video `--clips` clips, evenly spaced (one: from the middle), frames a second and crop as in training; their
logits are averaged. Prints the best classes with their probabilities, and of several clips what is most probable when,
in seconds; writes predictions.json. A video that cannot be read is named, the others are predicted all the same, and
the exit status is not zero.
"""

import pathlib

import numpy as np
import scipy.special

from deephar.data import clip_crops
from deephar.data.clip_crops import ClipConfig
from deephar.data.video_frames import DamagedVideoError, read_frames, read_timeline
from deephar.experiments import clip_training, options
from deephar.experiments.datasetpath import videos_root
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/answers")
    parser.add_argument("--videos", metavar="FILE", nargs="+", type=pathlib.Path, help="one or more")
    parser.add_argument("--clips", type=options.positive, default=1, help="of each video, evenly spaced; default 1")
    parser.add_argument("--frames", type=options.positive, help="of a clip; default: as in training")
    parser.add_argument("--top", type=options.positive, default=5, help="classes to print; default 5")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, "Videos")
        arguments.videos = arguments.videos or sorted(videos_root(arguments.data).glob("test/*/*.mp4"))
    elif not arguments.weights or not arguments.videos:
        parser.error("--weights and --videos must be given")
    return arguments


def network_of(arguments):
    """The network and the clips that it was trained on."""
    from deephar.models import s3d
    from deephar.models.zoo import read_run

    if not arguments.weights:
        config = ClipConfig(num_frames=4, crop_resolution=(32, 32), short_side=32)
        return s3d.build(num_classes=3, width=0.0625), config
    about = read_run(arguments.weights)
    config = ClipConfig.from_dict(about["config"]["data"]) if about and "data" in about["config"] else ClipConfig()
    [(_, model)] = clip_training.load_networks([f"rgb={arguments.weights}"])
    return model, config.replace(num_frames=arguments.frames or config.num_frames)


def clips_of(path, config, number):
    """Yield (first second, last second, clip (T, H, W, 3)) of a video, evenly spaced."""
    timeline = read_timeline(path)
    for share in [None] if number == 1 else np.linspace(0, np.nextafter(1, 0), number):
        numbers = clip_crops.clip_numbers(timeline.num_frames(config.fps), config.num_frames, share)
        frames = read_frames(path, numbers, config.fps, config.short_side, timeline)
        crop = clip_crops.crop_frames(frames, config.get_fixed_config(), config.crop_resolution, config.pad_color)
        yield numbers[0] / config.fps, (numbers[-1] + 1) / config.fps, clip_crops.scale_clip(crop, config.value_range)


def predict(model, path, config, arguments):
    """What a video shows: {"classes": the best ones, "clips": the best one of each clip}."""
    from deephar.inference.engines import forward

    labels, logits, times = model.signature.outputs[0].labels, [], []
    for start, end, clip in clips_of(path, config, arguments.clips):
        logits.append(forward(model, clip[None], 1)[0][0])
        times.append((round(start, 2), round(end, 2)))
    shares = scipy.special.softmax(np.array(logits), axis=-1)
    mean = scipy.special.softmax(np.mean(logits, axis=0))
    best = np.argsort(-mean, kind="stable")[: arguments.top]
    clips = [
        {"start_s": start, "end_s": end, "label": labels[k], "probability": float(row[k])}
        for (start, end), row, k in zip(times, shares, shares.argmax(axis=-1), strict=True)
    ]
    return {"classes": [{"label": labels[k], "probability": float(mean[k])} for k in best], "clips": clips}


def in_words(found):
    """A label with its probability."""
    return f"{found['label']} {100 * found['probability']:.0f} %"


def main():
    arguments, answers, failed = arguments_of(), {}, []
    model, config = network_of(arguments)
    for path in arguments.videos:
        try:
            answers[str(path)] = answer = predict(model, path, config, arguments)
        except (DamagedVideoError, FileNotFoundError) as error:
            failed.append({"video": str(path), "reason": str(error)})
            print(f"{path}: cannot be read: {error}")
            continue
        print(f"{path}: {', '.join(map(in_words, answer['classes']))}")
        for clip in answer["clips"] if arguments.clips > 1 else ():
            print(f"  {clip['start_s']:.1f} to {clip['end_s']:.1f} s: {in_words(clip)}")
    write_json(arguments.out / "predictions.json", {"videos": answers, "failed": failed})
    if failed:
        print(f"{len(failed)} of {len(arguments.videos)} videos cannot be read")
    return 1 if failed else 0


if __name__ == "__main__":
    options.run(main)
