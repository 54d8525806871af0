"""Shape of the CVPR'18 script on Human3.6M, and of layers that a user wrote beside it."""

import os
import sys

sys.path.append(os.getcwd())

import deephar

from keras.layers import concatenate
from keras.models import Model

from deephar.config import DataConfig
from deephar.data import BatchLoader, Human36M
from deephar.layers import *
from deephar.models import reception
from deephar.models.blocks import build_softargmax_2d
from deephar.utils import *

sys.path.append(os.path.join(os.getcwd(), "exp/common"))
from h36m_tools import eval_human36m_sc_error

sys.path.append(os.path.join(os.getcwd(), "datasets"))
import annothelper

annothelper.check_h36m_dataset()
logdir = sys.argv[1]
mkdir(logdir)
sys.stdout = open(os.path.join(logdir, "log.txt"), "w")


class mine(pa17j3d):
    map_to_upper = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]


dataconf = DataConfig(crop_resolution=(64, 64))
h36m = Human36M("datasets/Human3.6M", dataconf=dataconf, poselayout=mine, topology="frames")
data_va = BatchLoader(
    h36m,
    x_dictkeys=["frame"],
    y_dictkeys=["pose_w", "pose_uvd", "afmat", "camera", "action"],
    mode=VALID_MODE,
    batch_size=4,
    num_predictions=1,
    shuffle=False,
)
[x_val], [pw_val, puvd_val, afmat_val, scam_val, action] = data_va[0]

model = reception.build(
    dataconf.input_shape, mine.num_joints, dim=3, num_blocks=1, ksize=(5, 5), concat_pose_confidence=False
)
model = Model(model.input, [concatenate([model.outputs[0], model.outputs[1]], name="blk1")], name=model.name)
s = eval_human36m_sc_error(
    model, x_val, pw_val, afmat_val, puvd_val[:, 0, 2], scam_val, action, batch_size=4, logdir=logdir
)

inp = Input(shape=(8, 8, 4))
x = Activation("relu")(conv_bn(inp, 4, (3, 3)))
x = add([x, MaxPooling2D((3, 3), strides=(1, 1), padding="same")(inp)])
upper = Model(inp, build_softargmax_2d((8, 8, 4), name="sam")(x))
draw(x_val[0], [pw_val[0], pw_val[1]], bboxes=[[0.1, 0.1, 0.9, 0.9]], bbox_color=["r"], facecolor="black", dpi=20,
     filename=os.path.join(logdir, "pose.png"))
printcn(OKGREEN, "%d %s" % (len(s), upper.output_shape))
