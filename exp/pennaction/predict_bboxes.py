"""Boxes around the person in every frame of Penn Action, from the poses of our own network on the whole frame.

Paper: TPAMI 2020 evaluates actions on boxes predicted by the pose network (an SPNet of 8 pyramids trained on MPII). The
box is 1.5 x the extent of the last block's joints.

    python exp/pennaction/predict_bboxes.py runs/boxes --data FOLDER --model spnet-mpii-8p --weights FILE
    python exp/pennaction/predict_bboxes.py runs/tiny --tiny

Expected: OUT/pred_bboxes_penn.json, which `PennAction(..., pred_bboxes_file=PATH)` and eval_penn_multitask.py --boxes
read: a list of three dicts, test, training, validation, from "video.frame" (from 0) to [x1, y1, x2, y2] in px. A
stopped run goes on with --resume.
"""

import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import networks
import numpy as np
import options
from datasetpath import datasetpath

from deephar.config import DataConfig
from deephar.data import PennAction
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.io import write_json

MODES = {"test": TEST_MODE, "training": TRAIN_MODE, "validation": VALID_MODE}
BOX_SCALE = 1.5


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/boxes")
    parser.add_argument("--batch", type=options.positive, default=16)
    return options.parse(parser, argv)


def predict_boxes(model, penn, name, batch_size):
    """Boxes of all frames of a split, {"video.frame": [x1, y1, x2, y2]}, px; the whole frame's if nobody is seen."""
    from generic import get_bbox_from_poses

    from deephar.evaluation_batches import sample_batches
    from deephar.inference.model_input import forward

    mode, boxes = MODES[name], {}
    if not penn.get_length(mode):
        return boxes
    for samples in sample_batches(penn, mode, None, batch_size, label=f"{name} frames"):
        poses = forward(model, np.stack([sample["frame"] for sample in samples]), batch_size)[-1]  # (n, J, 3)
        for sample, pose in zip(samples, poses, strict=True):
            try:
                box = get_bbox_from_poses(pose[None], sample["afmat"], scale=BOX_SCALE)
            except ValueError:
                box = sample["bbox"]
            boxes[f"{sample['seq_idx']}.{sample['frame_list'][0]}"] = np.asarray(box).astype(int).tolist()
    return boxes


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "PennAction")
    folder = datasetpath("PennAction", arguments.data)
    from deephar.inference.model_input import picture_view, read_signature

    model = networks.load(arguments)
    signature = read_signature(model)
    if signature.num_frames is not None:
        model = picture_view(model, signature.pose_outputs[-1:])
    still = DataConfig(crop_resolution=signature.resolution, hflips=[0], chpower=[1])  # training videos as they are
    penn = PennAction(folder, still, poselayout=signature.layout, topology="frames")
    parts = []
    for name in MODES:
        part = arguments.out / f"pred_bboxes_{name}.json"
        if not (arguments.resume and part.is_file()):
            write_json(part, predict_boxes(model, penn, name, arguments.batch))
        parts.append(json.loads(part.read_text(encoding="utf-8")))
    write_json(arguments.out / "pred_bboxes_penn.json", parts)
    for name in MODES:
        (arguments.out / f"pred_bboxes_{name}.json").unlink()
    print(f"{sum(map(len, parts))} boxes in {arguments.out / 'pred_bboxes_penn.json'}")


if __name__ == "__main__":
    options.run(main)
