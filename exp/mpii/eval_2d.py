"""PCKh of a pose network on the validation people of MPII as papers report it: pairs of joints, both means, the curve.

Metric: error below a share of the head size (0.6 x the diagonal of the head box), Andriluka et al., CVPR 2014. Columns
are means of left and right; "mean" is the unweighted mean over 14 joints, without pelvis and thorax
(bearpaw/pytorch-pose), "weighted" that over all their annotations (HRNet), "hard" that over all annotated wrists,
elbows, hips, knees and ankles (PBN); AUC is the mean over thresholds from 0 to 0.5. Joints that the annotation calls
visible, and hidden ones, are also scored apart.

    python exp/mpii/eval_2d.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip
    python exp/mpii/eval_2d.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip --scales pbn
    python exp/mpii/eval_2d.py runs/tompson --detections detections_our_format.mat
    python exp/mpii/eval_2d.py runs/tiny --tiny

Protocol: the usual 2,958 people; a crop from the given centre and scale, the last block; `--flip` averages with the
flipped crop, `--scales` pastes the maps of several crops into the image: `pbn` 0.8 to 1.3 times the crop, `cpm` 0.7
to 1.3 times the image. `--detections` scores predictions of others: a MATLAB file with `pos_gt_src`, `pos_pred_src` (16
x 2 x N), `headboxes_src` (2 x 2 x N) and `jnt_missing` (16 x N).

Expected: of the predictions of Tompson et al. that come with bearpaw/pytorch-pose, PCKh@0.5 95.60 92.71 83.36 76.74
81.93 73.36 65.45, mean 81.46, weighted 82.34; @0.1 means 28.40 and 28.97.
"""

import dataclasses
import itertools
import pathlib

import numpy as np

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson
from deephar.data.files import load_mat
from deephar.data.mpii import head_size
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.metrics.pckh import PAIRS, pckh_auc, pckh_report
from deephar.metrics.pose2d import valid_joints
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import VALID_MODE
from deephar.utils.io import write_json
from deephar.utils.pose import ABSENT, joint_places, mpii16j2d, take_joints
from deephar.utils.tables import table

THRESHOLDS = (0.5, 0.1)
MEANS = ("mean", "weighted_mean", "hard_mean")


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_2d", DEFAULT_MODEL)
    options.add_test_time(parser)
    parser.add_argument("--detections", metavar="FILE", type=pathlib.Path, help="score predictions of others instead")
    return options.parse(parser, argv)


def read_detections(path):
    """What is scored, of a MATLAB file: true and predicted joints (N, 16, 2) px, head sizes (N,) px, and which count.

    The last is a dict of flags (N, 16) by the name that the table gives them.
    """
    names = ["pos_gt_src", "pos_pred_src", "headboxes_src", "jnt_missing"]
    true, found, boxes, missing = load_mat(path, names, "It is the file of bearpaw/pytorch-pose.")
    count = true.shape[-1]
    shapes = [true.shape, found.shape, boxes.shape, missing.shape]
    if shapes != [(16, 2, count), (16, 2, count), (2, 2, count), (16, count)]:
        allowed = "16 x 2 x N, 16 x 2 x N, 2 x 2 x N and 16 x N"
        raise ValueError(f"{str(path)!r} must hold arrays of {allowed}. Received: {shapes}")
    head = np.array([head_size(box) for box in boxes.transpose(2, 0, 1).reshape(count, 4)])
    return true.transpose(2, 0, 1), found.transpose(2, 0, 1), head, {"": missing.T == 0}


def predict(arguments):
    """What `read_detections` gives, from a network and the data set; and what was scored."""
    options.tiny_data(arguments, "MPII")
    folder = datasetpath("MPII", arguments.data)
    from deephar.evaluation.poses import predict_poses
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    model, about = networks.load(arguments, fallback=DEFAULT_MODEL)
    signature, scales = signature_of(model), options.scales_of(arguments.scales)
    mpii = MpiiSinglePerson(folder, DataConfig.for_input(signature.frame), signature.layout, remove_outer_joints=False)
    keys = spread(mpii.get_length(VALID_MODE), arguments.limit or mpii.get_length(VALID_MODE))
    more = dict(batch_size=arguments.batch, flip=arguments.flip, label=f"{len(keys)} people", scales=scales)
    found = predict_poses(model, mpii, VALID_MODE, keys, **more)
    places = joint_places(mpii16j2d, signature.layout)
    true, poses = (take_joints(k, places, ABSENT) for k in (found.true, found.predicted[found.answer]))  # (N, 16, 2)
    seen, annotated = take_joints(found.visible[..., None], places)[..., 0], valid_joints(true)  # (N, 16)
    counted = {"": annotated, " visible": annotated & (seen == 1), " hidden": annotated & (seen == 0)}
    how = {"flip": arguments.flip, "scales": scales, "people": len(keys)}
    counted = {name: joints for name, joints in counted.items() if joints.any()}
    return (true, poses, found.head_size, counted), {**about, **how}


def per_cent(score):
    """A fraction in per cent; - where no joint counts."""
    return "-" if np.isnan(score) else f"{100 * score:.4f}"


def main():
    arguments = arguments_of()
    if arguments.detections:
        people, about = read_detections(arguments.detections), {"detections": str(arguments.detections)}
        print(f"{arguments.detections}, {len(people[0])} people")
    else:
        people, about = predict(arguments)
        print(f"MPII, validation split, {about['people']} people, {options.test_time(arguments)}")
    true, poses, head, counted = people
    values, rows = [], []
    for (name, valid), threshold in itertools.product(counted.items(), THRESHOLDS):
        report = pckh_report(true, poses, head, threshold, valid)
        values.append({"joints": name.strip() or "all", **dataclasses.asdict(report)})
        numbers = *report.pairs.values(), *(getattr(report, mean) for mean in MEANS)
        rows.append([f"@{threshold:g}{name}", *map(per_cent, numbers), f"{report.num_joints:,}"])
    auc = {name.strip() or "all": pckh_auc(true, poses, head, valid) for name, valid in counted.items()}
    print(table(["PCKh %", *PAIRS, "mean", "weighted", "hard", "joints"], rows))
    print("AUC over thresholds 0 to 0.5:", ", ".join(f"{name} {100 * value:.4f} %" for name, value in auc.items()))
    write_json(arguments.out / "eval_2d.json", {**about, "pckh": values, "auc": auc})
    print(f"results in {arguments.out / 'eval_2d.json'}")


if __name__ == "__main__":
    options.run(main)
