"""Fit the calibration of a pose network on the validation images of LSP's extended set: what a confidence means.

A joint's confidence is what the network makes it, the mass of its map near the joint. The fitted curve turns it into
the probability that the joint is right: its error is below 0.2 x the torso (left shoulder to right hip), as for PCK.
Every person is cropped by 1.25 x the box of the annotated joints, one scale, not flipped; joints that are not annotated
and people whose torso is not are left out. Test images are never read: `eval_lsp.py` scores the calibration on them.

    python exp/lsp/calibrate.py runs/calibrate --data FOLDER --weights spnet-2d
    python exp/lsp/calibrate.py runs/tiny --tiny

Expected: the knots of the card, and the expected calibration error in ten bins before and after (Guo et al., ICML
2017), on the images that the curve was fitted to. runs/calibrate/calibration.json holds both. The knots go onto the
card of a network, or into one of your own, which then keeps them:

    model = deephar.load_model("runs/pose")
    model.signature = model.signature.replace(calibration=knots)
    model.save("calibrated.keras")
"""

import dataclasses

from deephar.config import DataConfig
from deephar.data import Lsp
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.metrics.calibration import (
    apply_calibration,
    expected_calibration_error,
    fit_isotonic,
    joint_outcomes,
    reliability,
)
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import VALID_MODE
from deephar.utils.io import write_json
from deephar.utils.pose import ABSENT, joint_places, lsp14j2d, take_joints
from deephar.utils.tables import table


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/calibrate", DEFAULT_MODEL)
    parser.add_argument("--limit", type=options.positive, help="so many validation people, evenly spaced")
    parser.add_argument("--batch", type=options.positive, default=32)
    parser.add_argument("--knots", type=options.positive, default=9, help="of the curve, 2 to 16")
    return options.parse(parser, argv)


def outcomes_of(model, lsp, keys, batch):
    """Raw confidences (M,) of the joints that count, and whether they are right (M,)."""
    from deephar.evaluation.poses import predict_poses
    from deephar.models.signature import signature_of

    found = predict_poses(model, lsp, VALID_MODE, keys, batch, label=f"{len(keys)} people")
    places = joint_places(lsp14j2d, signature_of(model).layout)
    true, last = (take_joints(k, places, ABSENT) for k in (found.true, found.predicted[found.answer]))  # (N, 14, 2)
    sure = take_joints(found.confidence[found.answer][..., None], places, 0.0)[..., 0]  # (N, 14)
    return joint_outcomes(true, last, sure)


def reliability_table(confidence, right):
    """The bins that have joints as text."""
    rows = [row for row in reliability(confidence, right) if row.number]
    cells = [[f"{row.low:g} to {row.high:g}", row.number, f"{row.confidence:.3f}", f"{row.right:.3f}"] for row in rows]
    return table(["confidence", "joints", "mean", "right"], cells)


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "LSP")
    folder = datasetpath("LSP", arguments.data)
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    model, about = networks.load(arguments)
    signature = signature_of(model)
    lsp = Lsp(folder, DataConfig.for_input(signature.frame), signature.layout, remove_outer_joints=False)
    keys = spread(lsp.get_length(VALID_MODE), arguments.limit or lsp.get_length(VALID_MODE))
    confidence, right = outcomes_of(model, lsp, keys, arguments.batch)
    knots = fit_isotonic(confidence, right, arguments.knots)
    calibrated = apply_calibration(confidence, knots)
    before, after = (expected_calibration_error(k, right) for k in (confidence, calibrated))
    print(f"LSP, validation split, {len(keys)} people, {len(right)} joints, {100 * right.mean():.1f} % right")
    print(f"raw:\n{reliability_table(confidence, right)}\ncalibrated:\n{reliability_table(calibrated, right)}")
    print(f"calibration={knots}")
    print(f"expected calibration error: {100 * before:.1f} % before, {100 * after:.1f} % after")
    report = {
        **about,
        "people": len(keys),
        "joints": len(right),
        "calibration": knots,
        "expected_calibration_error": {"before": before, "after": after},
        "reliability": [dataclasses.asdict(row) for row in reliability(calibrated, right) if row.number],
    }
    write_json(arguments.out / "calibration.json", report)
    print(f"results in {arguments.out}")


if __name__ == "__main__":
    options.run(main)
