"""Poses and actions of an SPNet: PCKh of MPII, PCK of Penn Action, single-clip and multi-clip accuracy, by block.

Paper (TPAMI 2020, table 2; 6 pyramids, RGB only): 98.2 % single-clip and 98.7 % multi-clip accuracy on the test videos
of Penn Action with boxes that the pose network predicted, clips of 8 frames, every 6th frame.

    python exp/pennaction/predict_bboxes.py runs/boxes --data FOLDER
    python exp/pennaction/eval_penn_multitask.py runs/eval --data FOLDER --model spnet-penn-6p --weights FILE \\
        --boxes runs/boxes/pred_bboxes_penn.json
    python exp/pennaction/eval_penn_multitask.py runs/tiny --tiny

Expected: those scores; for the network that ships the ones in weights/README.md. Without --boxes every clip is cropped
around its annotated joints, which the output states. MPII is scored where --data has it.
"""

import functools

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson, PennAction
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_penn", "spnet-penn-6p")
    options.add_boxes(parser)
    parser.add_argument("--subsampling", metavar="N", type=options.positive, help="a clip takes every N-th frame")
    parser.add_argument("--limit", type=options.positive, help="so many people and videos, evenly spaced")
    parser.add_argument("--frames", type=options.positive, default=2000, help="frames of Penn Action for its PCK")
    parser.add_argument("--flip", action="store_true", help="poses: also predict flipped images, and average")
    parser.add_argument("--batch", type=options.positive, default=4, help="clips for the network at once")
    return options.parse(parser, argv)


def eval_poses(arguments, model, dataconf):
    """Print and return PCKh on MPII, where it is at hand, and PCK on frames of Penn Action."""
    from deephar.evaluation.poses import eval_pck, eval_pose, pose_table
    from deephar.experiments.validation import spread

    report = {}
    shared = {"flip": arguments.flip, "batch_size": 8 * arguments.batch}
    try:
        mpii = MpiiSinglePerson(datasetpath("MPII", arguments.data), dataconf)
    except FileNotFoundError as error:
        print(f"MPII is left out: {error}")
    else:
        keys = spread(mpii.get_length(VALID_MODE), arguments.limit or mpii.get_length(VALID_MODE))
        scores = eval_pose(model, mpii, keys=keys, label="poses, MPII", **shared)
        print(f"MPII, validation split, {scores.num_people} people\n{pose_table(scores)}\n")
        report["mpii_pckh@0.5"] = scores.mean.tolist()
    penn = PennAction(datasetpath("PennAction", arguments.data), dataconf, topology="frames", use_gt_bbox=True)
    keys = spread(penn.get_length(TEST_MODE), min(arguments.frames, 20 * arguments.limit if arguments.limit else 10**9))
    scores = eval_pck(model, penn, TEST_MODE, keys=keys, label="poses, Penn Action", **shared)
    print(f"Penn Action, {len(keys)} test frames, {scores.num_people} with a torso\n{pose_table(scores)}\n")
    return {**report, "penn_pck@0.2": scores.mean.tolist()}


def eval_actions(arguments, model, dataconf, num_frames):
    """Print and return single-clip and multi-clip accuracy."""
    from deephar.experiments import action_evaluation
    from deephar.experiments.penn_tools import PENN_ACTION

    folder = datasetpath("PennAction", arguments.data)
    reader = functools.partial(PennAction, folder, dataconf, clip_size=num_frames)
    return action_evaluation.evaluate(PENN_ACTION, model, reader, arguments.boxes, arguments.limit, arguments.batch)


def main():
    arguments = arguments_of()
    if arguments.tiny:
        options.tiny_data(arguments, "MPII", "PennAction")
        arguments.limit = arguments.limit or 2
    datasetpath("PennAction", arguments.data)
    from deephar.models.signature import signature_of

    tiny = functools.partial(networks.build_tiny, networks.NUM_FRAMES)
    model, report = networks.load(arguments, tiny, fallback=DEFAULT_MODEL)
    signature = signature_of(model)
    if not signature.action_outputs:
        raise ValueError("`--weights` must be of a network with action outputs. Received: one of poses only")
    step = networks.step_of(arguments, signature)
    dataconf = DataConfig.for_input(signature.frame, fixed_subsampling=step)
    report.update(eval_poses(arguments, model, dataconf))
    report.update(eval_actions(arguments, model, dataconf, signature.num_frames))
    write_json(arguments.out / "eval_penn.json", report)
    print(f"results in {arguments.out / 'eval_penn.json'}")


if __name__ == "__main__":
    options.run(main)
