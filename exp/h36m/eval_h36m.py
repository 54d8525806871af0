"""MPJPE in mm of a network of 3D poses on Human3.6M: every action and every prediction block.

Metric: mean distance of the 17 joints after root alignment (pelvis), one crop an image, subjects 9 and
11, one in 64 frames (protocol 1). The published protocol brings poses back to mm with the TRUE depth of the root and
crops by the annotation; the output says so, and gives the error without the true depth as well: there the root lies
where the predicted skeleton is as large as the mean one of the training subjects.

    python exp/h36m/eval_h36m.py runs/eval --data FOLDER --model reception-h36m --weights FILE
    python exp/h36m/eval_h36m.py runs/eval --data FOLDER --weights runs/h36m/weights_best.weights.h5 --flip
    python exp/h36m/eval_h36m.py runs/tiny --tiny

Expected, mean over poses: 55.1 for the published file of CVPR 2018 (reception-h36m); 49.5 for an SPNet of 8 pyramids
trained on poses alone and 48.6 for the multi-task one (TPAMI 2020, table 1). `--split validation` for annotations that
keep these subjects as validation split, as those of the original package do.
"""

import functools

from deephar.config import DataConfig
from deephar.data import Human36M
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL_3D
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import write_json

SPLITS = {"test": TEST_MODE, "validation": VALID_MODE}


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_h36m", "reception-h36m")
    parser.add_argument("--split", choices=tuple(SPLITS), default="test")
    parser.add_argument("--flip", action="store_true", help="also predict flipped images, and average")
    parser.add_argument("--limit", type=options.positive, help="so many images, evenly spaced, instead of all")
    parser.add_argument("--batch", type=options.positive, default=24)
    parser.add_argument("--joints", action="store_true", help="print the error of every joint, too")
    return options.parse(parser, argv)


def report_of(scores, arguments):
    """The scores as plain values."""
    per_action = {name: scores.per_action[:, k].tolist() for k, name in enumerate(scores.action_names)}
    return {
        "split": arguments.split,
        "flip": arguments.flip,
        "poses": scores.num_poses,
        "left_out": scores.num_left_out,
        "protocol": scores.protocol,
        "metrics": {name: values.tolist() for name, values in scores.metrics.items()},
        "mpjpe_of_actions": {name: values for name, values in per_action.items() if values[0] == values[0]},
        "mpjpe_of_joints": {name: scores.per_joint[:, k].tolist() for k, name in enumerate(scores.joint_names)},
    }


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "Human3.6M")
    folder = datasetpath("Human3.6M", arguments.data)
    from deephar.evaluation.poses3d import action_table_3d, eval_pose_3d, joint_table_3d, pose_table_3d
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    tiny = functools.partial(networks.build_tiny, layout="pa17j3d")
    model, about = networks.load(arguments, tiny, suggestion=DEFAULT_MODEL_3D)
    signature, mode = signature_of(model), SPLITS[arguments.split]
    if signature.layout.dim != 3:
        raise ValueError(f"`--weights` must be of a network of 3D poses. Received: one of {signature.layout.name}")
    h36m = Human36M(folder, DataConfig.for_input(signature.frame), signature.layout, topology="frames")
    keys = spread(h36m.get_length(mode), arguments.limit or h36m.get_length(mode))
    more = dict(keys=keys, batch_size=arguments.batch, flip=arguments.flip, label=f"{len(keys)} images")
    scores = eval_pose_3d(model, h36m, mode, **more)
    flipped = ", mean with the flipped image" * arguments.flip
    print(f"Human3.6M, {arguments.split} split, {scores.num_poses} poses of {len(scores.joint_names)} joints{flipped}")
    print(f"{scores.protocol}\n\n{pose_table_3d(scores)}\n\n{action_table_3d(scores)}")
    if arguments.joints:
        print(f"\n{joint_table_3d(scores)}")
    write_json(arguments.out / "eval_h36m.json", {**about, **report_of(scores, arguments)})
    print(f"results in {arguments.out / 'eval_h36m.json'}")


if __name__ == "__main__":
    options.run(main)
