"""Accuracy, speed, parameters and operations of a network cut after each prediction block.

Paper (TPAMI 2020, section 4.5.4 and figure 9): a network trained once can be cut after any block, trading precision
for speed without training again; batches of 16 images for poses, single clips of 8 frames for actions.

    python exp/pennaction/eval_speed2d.py runs/speed --weights NAME_OR_PATH
    python exp/pennaction/eval_speed2d.py runs/penn --data FOLDER --model spnet-penn-6p --weights FILE
    python exp/pennaction/eval_speed2d.py runs/full --full --cuts 3,6,9,12,15,18
    python exp/pennaction/eval_speed2d.py runs/tiny --tiny

Expected: one row a cut, GFLOPs and accuracy rising from block to block and frames a second falling; the paper states
its speeds for a GTX 1080 Ti. Poses: PCKh@0.5 of MPII's validation images, or of test images of the synthetic world
where there is no --data; MPJPE, mm, root-aligned, its depth true, of synthetic ones for a 3D network. Actions: one clip
a test video of Penn Action, or of the synthetic world; boxes are the annotated ones. --full and --small build networks
of random weights, which have a speed but no accuracy.
"""

import functools
import time

import numpy as np

from deephar.config import DataConfig, ModelConfig
from deephar.data import MpiiSinglePerson, PennAction
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.experiments.sources import make_images
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import write_json

IMAGES_TOGETHER = 16
UNITS = {"pckh@0.5": "PCKh@0.5 %", "mpjpe_mm": "MPJPE mm", "accuracy": "actions right %"}


def cut_numbers(text):
    """'3,6' as [3, 6]."""
    return [options.positive(part) for part in text.split(",")]


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/speed", "spnet-penn-6p")
    parser.add_argument("--full", action="store_true", help="the paper's network: 6 pyramids, clips of 8 x 256 x 256")
    parser.add_argument("--small", action="store_true", help="the small network: 2 pyramids, clips of 8 x 256 x 256")
    parser.add_argument("--cuts", type=cut_numbers, metavar="N,N", help="blocks to keep; default: every one")
    parser.add_argument("--batch", type=options.positive, help="clips, default 1, or images, default 16, at once")
    parser.add_argument("--limit", type=options.count, default=200, help="people and videos to score; 0: none")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each cut, after a first pass")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        arguments.limit, arguments.seconds = min(arguments.limit, 2), min(arguments.seconds, 0.2)
    return arguments


def make_model(arguments):
    from deephar.models import spnet

    if arguments.full:
        penn = dict(num_actions=[networks.NUM_PENN_ACTIONS], num_pyramids=6, action_pyramids=[5, 6])
        features = dict(num_pose_features=160, num_visual_features=160, pose_replica=True)
        return spnet.build(ModelConfig((networks.NUM_FRAMES, 256, 256, 3), "pa16j2d", **penn, **features))
    if arguments.small:
        return spnet.build(networks.small_config(num_frames=networks.NUM_FRAMES))
    tiny = functools.partial(networks.build_tiny, networks.NUM_FRAMES)
    return networks.load(arguments, tiny, fallback=DEFAULT_MODEL)[0]


def frames_per_second(model, batch_size, seconds):
    """Frames a second of forward passes on random images."""
    shape = (batch_size, *model.input_shape[1:])
    frames = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    model.predict_on_batch(frames)  # traces the network
    start, passes = time.perf_counter(), 0
    while passes == 0 or time.perf_counter() - start < seconds:
        model.predict_on_batch(frames)
        passes += 1
    return passes * int(np.prod(shape[:-3])) / (time.perf_counter() - start)


def images_of(arguments, dataconf, layout):
    """The people whose poses are scored, and what they are called."""
    if arguments.data and layout.dim == 2:
        return MpiiSinglePerson(datasetpath("MPII", arguments.data), dataconf), "MPII, validation images"
    name = "synthetic_h36m" if layout.dim == 3 else "synthetic"
    return make_images(name, None, dataconf, split="test", layout=layout), "synthetic-v1, test images"


def pose_scores(model, arguments, dataconf):
    """{metric: of every block}."""
    from deephar.evaluation.poses import eval_pose
    from deephar.evaluation.poses3d import predict_poses_3d
    from deephar.experiments.validation import spread
    from deephar.metrics.pose3d import mpjpe

    layout = model.signature.layout
    data, name = images_of(arguments, dataconf, layout)
    keys = spread(data.get_length(VALID_MODE), arguments.limit)
    print(f"poses: {name}, {len(keys)} people, single crop, annotated boxes")
    if layout.dim == 3:
        found = predict_poses_3d(model, data, VALID_MODE, keys, label="poses")
        return {"mpjpe_mm": [float(mpjpe(found.true, found.world(block))) for block in range(len(found.crops))]}
    return {"pckh@0.5": (100 * eval_pose(model, data, keys=keys).mean).tolist()}


def action_scores(model, arguments, dataconf):
    """{metric: of every action output}."""
    from deephar.data.synthetic import SyntheticClips
    from deephar.evaluation.actions import eval_single_clip
    from deephar.experiments.validation import spread

    frames = model.signature.num_frames
    if arguments.data:
        folder, name = datasetpath("PennAction", arguments.data), "Penn Action, test videos"
        data = PennAction(folder, dataconf, clip_size=frames, use_gt_bbox=True)
    else:
        data, name = SyntheticClips(dataconf, clip_size=frames, split="test"), "synthetic-v1, test videos"
    keys = spread(data.get_length(TEST_MODE), arguments.limit)
    print(f"actions: {name}, {len(keys)} of them, one clip each, annotated boxes")
    return {"accuracy": (100 * eval_single_clip(model, data, TEST_MODE, keys).accuracy).tolist()}


def accuracy(model, arguments):
    """{metric: of every pose or action output} of the whole network, whose outputs are those of its cuts."""
    if arguments.full or arguments.small or not arguments.limit:
        return {}
    dataconf = DataConfig.for_input(model.signature.frame, fixed_subsampling=model.signature.frame.frame_step)
    found = pose_scores(model, arguments, dataconf)
    if model.signature.indices("action") and model.signature.layout.dim == 2:
        found |= action_scores(model, arguments, dataconf)
    return found


def row_of(cut, scores, batch, seconds):
    """What is known of a cut network."""
    from deephar.models.flops import count_flops

    kept = {name: len(cut.signature.indices("action" if name == "accuracy" else "pose")) for name in scores}
    row = {"action_outputs": len(cut.signature.indices("action")), "parameters": cut.count_params()}
    row["gflops_per_frame"] = count_flops(cut) / (cut.signature.num_frames or 1) / 1e9
    row["frames_per_second"] = frames_per_second(cut, batch, seconds)
    return row | {name: values[kept[name] - 1] if kept[name] else None for name, values in scores.items()}


def main():
    arguments = arguments_of()
    import keras

    from deephar.models import cut_model, prediction_blocks
    from deephar.utils.progress import progress
    from deephar.utils.tables import table

    model = make_model(arguments)
    blocks, scores = prediction_blocks(model), accuracy(model, arguments)
    batch = arguments.batch or (1 if model.signature.num_frames else IMAGES_TOGETHER)
    rows = []
    for number in progress(arguments.cuts or range(1, len(blocks) + 1), label="cuts"):
        row = row_of(cut_model(model, number), scores, batch, arguments.seconds)
        rows.append({"block": blocks[number - 1], "cut": number, **row})
    size = "x".join(str(n) for n in model.input_shape[1:])
    print(f"input {size}, batch of {batch}, {keras.backend.backend()}")
    header = ["after block", "blocks", "actions", "parameters", "GFLOPs/frame", "frames/s"]
    header += [UNITS[name] for name in scores]
    formats = ("{}", "{}", "{}", "{:,}", "{:.3f}", "{:.1f}", *["{:.1f}"] * len(scores))
    lines = [["" if v is None else f.format(v) for f, v in zip(formats, row.values(), strict=True)] for row in rows]
    print(table(header, lines))
    write_json(arguments.out / "speed2d.json", {"input": size, "batch": batch, "cuts": rows})
    print(f"results in {arguments.out / 'speed2d.json'}")


if __name__ == "__main__":
    options.run(main)
