"""Shape of the TPAMI'20 scripts that predict boxes, written with full module names."""

import json
import os
import sys

sys.path.append(os.getcwd())

import deephar

from keras.models import Model

sys.path.append(os.path.join(os.getcwd(), "exp/common"))
from generic import get_bbox_from_poses

logdir = sys.argv[1]
deephar.utils.mkdir(logdir)
layout = deephar.utils.pa16j2d
dataconf = deephar.config.DataConfig(crop_resolution=(32, 32), scales=[0.9], hflips=[0], chpower=[1])
penn = deephar.data.PennAction(
    "datasets/PennAction", dataconf, poselayout=layout, topology="frames", use_gt_bbox=False, clip_size=1
)
cfg = deephar.config.ModelConfig(
    dataconf.input_shape, layout, num_pyramids=1, num_levels=2, growth=8, action_pyramids=[]
)
model = deephar.models.spnet.build(cfg)
model = Model(model.input, model.outputs[-1])

boxes = [{} for _ in range(3)]
for mode in (deephar.utils.TEST_MODE, deephar.utils.VALID_MODE):
    for i in range(min(3, penn.get_length(mode))):
        data = penn.get_data(i, mode)
        poses = model.predict(data["frame"][None], batch_size=1, verbose=0)
        poses[..., 1] = 0.3 + 0.6 * poses[..., 1]
        box = get_bbox_from_poses(poses, data["afmat"], scale=1.5)
        boxes[mode]["%d.%d" % (data["seq_idx"], data["frame_list"][0])] = box.astype(int).tolist()
with open(os.path.join(logdir, "penn_pred_bboxes.json"), "w") as fid:
    json.dump(boxes, fid)
