"""Poses and actions of an SPNet: MPJPE of Human3.6M, PCKh of MPII, accuracy on NTU RGB+D, by block.

Paper (TPAMI 2020, tables 1 and 3; RGB only): 89.9 % on the test videos of NTU, cross-subject, clips of 8 frames, every
8th frame of the video (every 4th of those that are kept); 48.6 mm MPJPE on Human3.6M.

    python exp/ntu/predict_bboxes.py runs/boxes --data FOLDER --model spnet-3d-8p --weights FILE --parts test
    python exp/ntu/eval_ntu_multitask.py runs/eval --data FOLDER --model spnet-ntu-2p --weights FILE \\
        --boxes runs/boxes/pred_bboxes_ntu.json
    python exp/ntu/eval_ntu_multitask.py runs/tiny --tiny

Expected: those scores, multi-clip; clips T / 2 frames apart, each also flipped. Without --boxes every clip is cropped
around Kinect's joints, which the output states. Human3.6M and MPII are scored where --data has them.
"""

import functools

from deephar.config import DataConfig
from deephar.data import Human36M, MpiiSinglePerson, Ntu
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL_3D
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_ntu", "spnet-ntu-2p")
    options.add_boxes(parser)
    parser.add_argument("--split", choices=("cross-subject", "cross-view"), default="cross-subject")
    parser.add_argument("--subsampling", metavar="N", type=options.positive, help="a clip takes every N-th frame")
    parser.add_argument("--limit", type=options.positive, help="so many people and videos, evenly spaced")
    parser.add_argument("--flip", action="store_true", help="poses: also predict flipped images, and average")
    parser.add_argument("--batch", type=options.positive, default=4, help="clips for the network at once")
    return options.parse(parser, argv)


def at_hand(name, reader, arguments, *more, **options_):
    """A data set, or None (and a line that says so) where --data does not have it."""
    try:
        return reader(datasetpath(name, arguments.data), *more, **options_)
    except FileNotFoundError as error:
        print(f"{name} is left out: {error}")


def keys_of(dataset, mode, arguments):
    from deephar.experiments.validation import spread

    length = dataset.get_length(mode)
    return spread(length, arguments.limit or length)


def eval_poses(arguments, model, layout, dataconf):
    """Print and return MPJPE on Human3.6M and PCKh on MPII, where these are at hand."""
    from deephar.evaluation.poses import eval_pose, pose_table
    from deephar.evaluation.poses3d import eval_pose_3d, pose_table_3d

    report, shared = {}, {"flip": arguments.flip, "batch_size": 8 * arguments.batch}
    h36m = at_hand("Human3.6M", Human36M, arguments, dataconf, layout, topology="frames")
    if h36m is not None:
        keys = keys_of(h36m, TEST_MODE, arguments)
        scores = eval_pose_3d(model, h36m, keys=keys, label="poses, Human3.6M", **shared)
        print(f"Human3.6M, test split, {scores.num_poses} poses. {scores.protocol}\n{pose_table_3d(scores)}\n")
        report["h36m"] = {name: values.tolist() for name, values in scores.metrics.items()}
        report["h36m_protocol"] = scores.protocol
    mpii = at_hand("MPII", MpiiSinglePerson, arguments, dataconf, layout)
    if mpii is not None:
        keys = keys_of(mpii, VALID_MODE, arguments)
        scores = eval_pose(model, mpii, keys=keys, label="poses, MPII", **shared)
        print(f"MPII, validation split, {scores.num_people} people\n{pose_table(scores)}\n")
        report["mpii_pckh@0.5"] = scores.mean.tolist()
    return report


def eval_actions(arguments, model, signature, dataconf):
    """Print and return single-clip and multi-clip accuracy."""
    from deephar.experiments import action_evaluation
    from deephar.experiments.ntu_tools import NTU

    chosen = dict(split=arguments.split, clip_size=signature.num_frames)
    reader = functools.partial(Ntu, datasetpath("NTU", arguments.data), dataconf, signature.layout, **chosen)
    shared = (arguments.boxes, arguments.limit, arguments.batch)
    return action_evaluation.evaluate(NTU, model, reader, *shared, note=f", {arguments.split} split")


def main():
    arguments = arguments_of()
    if arguments.tiny:
        options.tiny_data(arguments, "MPII", "Human3.6M", "NTU")
        arguments.limit = arguments.limit or 2
    datasetpath("NTU", arguments.data)
    from deephar.models.signature import signature_of

    actions = [networks.NUM_NTU_ACTIONS]
    tiny = functools.partial(networks.build_tiny, networks.NUM_FRAMES, layout="pa17j3d", num_actions=actions)
    model, about = networks.load(arguments, tiny, suggestion=DEFAULT_MODEL_3D)
    signature = signature_of(model)
    if not signature.action_outputs or len(signature.labels) != actions[0] or signature.layout.dim != 3:
        found = f"{signature.layout.name} and {len(signature.labels)}"
        raise ValueError(f"`--weights` must be of a network of 3D poses and {actions[0]} actions. Received: {found}")
    step = networks.step_of(arguments, signature)
    dataconf = DataConfig.for_input(signature.frame, fixed_subsampling=step)
    report = {**about, "split": arguments.split}
    report.update(eval_poses(arguments, model, signature.layout, DataConfig.for_input(signature.frame)))
    report.update(eval_actions(arguments, model, signature, dataconf))
    write_json(arguments.out / "eval_ntu.json", report)
    print(f"results in {arguments.out / 'eval_ntu.json'}")


if __name__ == "__main__":
    options.run(main)
