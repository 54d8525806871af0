"""Boxes around the person in every frame of Penn Action, from the poses of our own network on the whole frame.

Paper: TPAMI 2020 evaluates actions on boxes predicted by the pose network (an SPNet of 8 pyramids trained on MPII). The
box is 1.5 x the extent of the last block's joints.

    python exp/pennaction/predict_bboxes.py runs/boxes --data FOLDER --model spnet-mpii-8p --weights FILE
    python exp/pennaction/predict_bboxes.py runs/tiny --tiny

Expected: OUT/pred_bboxes_penn.json, which `PennAction(..., pred_bboxes_file=PATH)` and eval_penn_multitask.py --boxes
read: a list of three dicts, test, training, validation, from "video.frame" (from 0) to [x1, y1, x2, y2] in px. A
stopped run goes on with --resume.
"""

from deephar.data import PennAction
from deephar.experiments import box_prediction, networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL


def main():
    parser = options.make_parser(__doc__, "runs/boxes", "spnet-mpii-8p")
    box_prediction.add_options(parser)
    arguments = options.parse(parser)
    options.tiny_data(arguments, "PennAction")
    folder = datasetpath("PennAction", arguments.data)
    model, layout, still = box_prediction.image_model(networks.load(arguments, fallback=DEFAULT_MODEL)[0])
    penn = PennAction(folder, still, poselayout=layout, topology="frames")
    box_prediction.write_boxes(arguments, model, penn, "pred_bboxes_penn.json")


if __name__ == "__main__":
    options.run(main)
