"""PCK@0.2 and PCP of a network on the test images of LSP or its extended set.

Metric: error below 0.2 x the torso (left shoulder to right hip), Yang and Ramanan, PAMI 2013; only annotated joints,
people whose torso is not annotated left out; mean over the 14 joints, errors in pixels of the image. Split: the
extended set's images whose number ends in 1, LSP's official second half. Every person is cropped by 1.25 x the box of
the annotated joints, as single-person evaluation does; `--box image` takes the whole image instead. PCP is LSP's own
metric: the share of ten parts, mean over all, of which both ends are within half of the part's length (Johnson and
Everingham, BMVC 2010). `--sides observer` takes left and right as an observer sees them, for networks trained so.

Confidences of the answer's joints, raw and by the network's calibration where it has one (`calibrate.py` fits it): how
many joints have at least 0.9 and how many of these are right, and the expected calibration error in ten bins (Guo et
al., ICML 2017). The joints are those that count for PCK, all together; right is what is right for PCK. `--nobody` also
shows the network crops without a person, half beside the people of these photographs and half rendered, where all
confidences should be low.

    python exp/lsp/eval_lsp.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip --sheet --nobody 300
    python exp/lsp/eval_lsp.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip --scales cpm
    python exp/lsp/eval_lsp.py runs/tiny --tiny

Expected: for the weights that ship, the score in weights/README.md. No published SPNet score exists for LSP.
"""

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data import Lsp
from deephar.data.nobody import Nobody
from deephar.data.scenes import photographs
from deephar.data.single_people import SIDES
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.metrics.calibration import apply_calibration, expected_calibration_error, joint_outcomes, right_at
from deephar.metrics.pcp import pcp_per_part
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import atomic_path, write_json
from deephar.utils.pose import ABSENT, joint_places, lsp14j2d, take_joints

SHEET = 32
SURE, LIKELY = 0.9, 0.5
SPLITS = {"test": TEST_MODE, "validation": VALID_MODE}


class WholeImageLsp(Lsp):
    """LSP, cropped by the square around the whole image: no annotation is used to find the person."""

    def _person(self, joints, frame_size):
        return np.array(frame_size) / 2, float(max(frame_size))


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_lsp", DEFAULT_MODEL)
    options.add_test_time(parser, batch=32)
    parser.add_argument("--box", choices=("joints", "image"), default="joints", help="what the crop goes by")
    parser.add_argument("--split", choices=tuple(SPLITS), default="test")
    parser.add_argument("--sides", choices=SIDES, default="person", help="whose left and right the annotation means")
    parser.add_argument("--nobody", type=options.count, default=0, help="so many crops without a person, too")
    parser.add_argument("--sheet", action="store_true", help=f"draw {SHEET} of the images with their poses")
    return options.parse(parser, argv)


def draw_sheet(path, lsp, mode, keys, found, layout):
    """Write the crops of some people with the last block's poses as one image."""
    from deephar.drawing import pose_sheet
    from deephar.experiments.validation import spread

    places = spread(len(keys), SHEET)
    samples = [lsp.get_data(keys[place], mode) for place in places]
    with atomic_path(path) as temporary:
        Image.fromarray(pose_sheet(samples, found.predicted[-1, places], layout)).save(temporary, "PNG")


def confidence_scores(confidence, right):
    """What confidences (M,) of joints that are right (M,) or not are worth: for the report, and as text."""
    number, share = right_at(confidence, right, SURE)
    values = {
        "joints": len(right),
        f"joints@{SURE}": number,
        f"right@{SURE}": share if number else None,
        "expected_calibration_error": expected_calibration_error(confidence, right) if len(right) else None,
    }
    shares = [values[name] for name in (f"right@{SURE}", "expected_calibration_error")]
    shown, error = ("-" if value is None else f"{100 * value:.1f}" for value in shares)
    return values, f"{number}, right {shown} %; expected calibration error {error} %"


def nobody_scores(model, folder, split, dataconf, number, batch):
    """How confident a network is where nobody is, calibrated where it is: for the report."""
    from deephar.evaluation.poses import predict_poses
    from deephar.models.signature import signature_of

    signature, mode = signature_of(model), SPLITS[split]
    places = Nobody(dataconf, signature.layout, split, number, photographs(folder, mode))
    found = predict_poses(model, places, mode, range(number), batch, label=f"{number} crops of nobody")
    curve = signature.outputs[signature.pose_outputs[signature.answer]].calibration
    confidence = apply_calibration(found.confidence[found.answer], curve)  # (N, J)
    mean, share = float(confidence.mean()), float((confidence >= LIKELY).mean())
    shown = f"mean confidence {mean:.3f}, {100 * share:.1f} % of the joints at confidence >= {LIKELY}"
    print(f"{number} crops of nobody: {shown}")
    return {"crops": number, "mean": mean, f"joints@{LIKELY}": share}


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "LSP")
    folder = datasetpath("LSP", arguments.data)
    from deephar.evaluation.poses import pck_scores, pose_table, predict_poses
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    model, about = networks.load(arguments)
    signature, mode = signature_of(model), SPLITS[arguments.split]
    reader = Lsp if arguments.box == "joints" else WholeImageLsp
    dataconf, layout = DataConfig.for_input(signature.frame), signature.layout
    lsp = reader(folder, dataconf, layout, remove_outer_joints=False, sides=arguments.sides)
    keys = spread(lsp.get_length(mode), arguments.limit or lsp.get_length(mode))
    more = dict(batch_size=arguments.batch, flip=arguments.flip, scales=options.scales_of(arguments.scales))
    found = predict_poses(model, lsp, mode, keys, label=f"{len(keys)} people", **more)
    scores = pck_scores(found, layout)
    how = f"crop by {arguments.box}, left and right of the {arguments.sides}; {options.test_time(arguments)}"
    print(f"LSP, {arguments.split} split, {scores.num_people} of {len(keys)} people count; {how}")
    print(pose_table(scores))
    places = joint_places(lsp14j2d, layout)
    true, last = (take_joints(k, places, ABSENT) for k in (found.true, found.predicted[found.answer]))  # (N, 14, 2)
    pcp = pcp_per_part(true, last)
    print("PCP of the last block, %: " + ", ".join(f"{name} {100 * value:.1f}" for name, value in pcp.items()))
    curve = signature.outputs[signature.pose_outputs[signature.answer]].calibration
    sure = take_joints(found.confidence[found.answer][..., None], places, 0.0)[..., 0]  # (N, 14)
    outcomes = joint_outcomes(true, last, sure)
    calibrated, text = confidence_scores(apply_calibration(outcomes[0], curve), outcomes[1])
    raw, raw_text = confidence_scores(*outcomes)
    print(f"joints at confidence >= {SURE}: {text}" + "; not calibrated" * (not curve))
    print(f"joints at raw confidence >= {SURE}: {raw_text}")
    report = {
        **about,
        "split": arguments.split,
        "box": arguments.box,
        "flip": arguments.flip,
        "scales": more["scales"],
        "sides": arguments.sides,
        "people": scores.num_people,
        "left_out": scores.num_left_out,
        "pck@0.2": scores.mean.tolist(),
        "pcp@0.5": pcp,
        "confidence": {"calibration": curve, "calibrated": calibrated if curve else None, "raw": raw},
        "pairs": {name: scores.per_joint[:, k].tolist() for k, name in enumerate(scores.joint_names)},
    }
    if arguments.nobody:
        report["nobody"] = nobody_scores(model, folder, arguments.split, dataconf, arguments.nobody, arguments.batch)
    write_json(arguments.out / "eval_lsp.json", report)
    if arguments.sheet:
        draw_sheet(arguments.out / "eval_lsp.png", lsp, mode, keys, found, signature.layout)
    print(f"results in {arguments.out}")


if __name__ == "__main__":
    options.run(main)
