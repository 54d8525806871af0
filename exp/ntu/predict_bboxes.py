"""Boxes around the person in every frame of NTU RGB+D, from the poses of our own network on the whole frame.

The authors evaluated on a file of boxes that they did not publish; these take its place. The box is 1.5 x the extent of
the last block's joints.

    python exp/ntu/predict_bboxes.py runs/boxes --data FOLDER --model spnet-3d-8p --weights FILE --parts test
    python exp/ntu/predict_bboxes.py runs/tiny --tiny

Expected: OUT/pred_bboxes_ntu.json, which `Ntu(..., pred_bboxes_file=PATH)` and the evaluations' --boxes read: a list of
three dicts, test, training, validation, from "S001C001P001R001A001.frame" (from 0, of the frames that have an image)
to [x1, y1, x2, y2] in px of the half-size frame. A stopped run goes on with --resume.
"""

import functools

from deephar.data import Ntu
from deephar.experiments import box_prediction, networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL_3D


def main():
    parser = options.make_parser(__doc__, "runs/boxes_ntu", "spnet-3d-8p")
    box_prediction.add_options(parser)
    parser.add_argument("--split", choices=("cross-subject", "cross-view"), default="cross-subject")
    arguments = options.parse(parser)
    options.tiny_data(arguments, "NTU")
    folder = datasetpath("NTU", arguments.data)
    tiny = functools.partial(networks.build_tiny, layout="pa17j3d")
    trained, _ = networks.load(arguments, tiny, suggestion=DEFAULT_MODEL_3D)
    model, layout, still = box_prediction.image_model(trained)
    ntu = Ntu(folder, still, poselayout=layout, topology="frames", split=arguments.split)
    box_prediction.write_boxes(arguments, model, ntu, "pred_bboxes_ntu.json")


if __name__ == "__main__":
    options.run(main)
