"""PCK@0.2 of a network on the test images of LSP or its extended set.

Metric: error below 0.2 x the torso (left shoulder to right hip), Yang and Ramanan, PAMI 2013; only annotated joints,
people whose torso is not annotated left out; mean over the 14 joints, errors in pixels of the image. Split: the
extended set's images whose number ends in 1, LSP's official second half. Every person is cropped by 1.25 x the box of
the annotated joints, as single-person evaluation does; `--box image` takes the whole image instead.

    python exp/lsp/eval_lsp.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip --sheet
    python exp/lsp/eval_lsp.py runs/tiny --tiny

Expected: for the weights that ship, the score in weights/README.md. No published SPNet score exists for LSP.
"""

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data import Lsp
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import TEST_MODE, VALID_MODE
from deephar.utils.io import atomic_path, write_json

SHEET = 32
SPLITS = {"test": TEST_MODE, "validation": VALID_MODE}


class WholeImageLsp(Lsp):
    """LSP, cropped by the square around the whole image: no annotation is used to find the person."""

    def _person(self, joints, frame_size):
        return np.array(frame_size) / 2, float(max(frame_size))


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_lsp", DEFAULT_MODEL)
    parser.add_argument("--flip", action="store_true", help="also predict flipped images, and average")
    parser.add_argument("--box", choices=("joints", "image"), default="joints", help="what the crop goes by")
    parser.add_argument("--split", choices=tuple(SPLITS), default="test")
    parser.add_argument("--limit", type=options.positive, help="so many people, evenly spaced, instead of all")
    parser.add_argument("--batch", type=options.positive, default=32)
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
    lsp = reader(folder, DataConfig.for_input(signature.frame), remove_outer_joints=False)
    keys = spread(lsp.get_length(mode), arguments.limit or lsp.get_length(mode))
    found = predict_poses(model, lsp, mode, keys, arguments.batch, arguments.flip, label=f"{len(keys)} people")
    scores = pck_scores(found, signature.layout)
    how = f"crop by {arguments.box}" + ", mean with the flipped image" * arguments.flip
    print(f"LSP, {arguments.split} split, {scores.num_people} of {len(keys)} people count; {how}")
    print(pose_table(scores))
    report = {
        **about,
        "split": arguments.split,
        "box": arguments.box,
        "flip": arguments.flip,
        "people": scores.num_people,
        "left_out": scores.num_left_out,
        "pck@0.2": scores.mean.tolist(),
        "pairs": {name: scores.per_joint[:, k].tolist() for k, name in enumerate(scores.joint_names)},
    }
    write_json(arguments.out / "eval_lsp.json", report)
    if arguments.sheet:
        draw_sheet(arguments.out / "eval_lsp.png", lsp, mode, keys, found, signature.layout)
    print(f"results in {arguments.out}")


if __name__ == "__main__":
    options.run(main)
