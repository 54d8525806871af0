"""Shape of the CVPR'18 scripts on MPII: evaluate a network whose outputs alternate, then train one."""

import os
import sys

sys.path.append(os.getcwd())

import deephar

from keras.callbacks import LearningRateScheduler
from keras.layers import concatenate
from keras.models import Model
from keras.optimizers import RMSprop
from keras.utils.data_utils import get_file

from deephar.callbacks import SaveModel
from deephar.config import DataConfig
from deephar.data import BatchLoader, MpiiSinglePerson
from deephar.losses import pose_regression_loss
from deephar.models import reception
from deephar.utils import *

sys.path.append(os.path.join(os.getcwd(), "exp/common"))
from mpii_tools import MpiiEvalCallback, eval_singleperson_pckh

sys.path.append(os.path.join(os.getcwd(), "datasets"))
import annothelper

annothelper.check_mpii_dataset()
logdir = sys.argv[1] if len(sys.argv) > 1 else "./"
mkdir(logdir)
sys.stdout = open(os.path.join(logdir, "log.txt"), "w")

num_blocks, num_joints = 1, 16
dataconf = DataConfig(crop_resolution=(64, 64))
mpii = MpiiSinglePerson("datasets/MPII", dataconf=dataconf)
data_va = BatchLoader(
    mpii,
    x_dictkeys=["frame"],
    y_dictkeys=["pose", "afmat", "headsize"],
    mode=VALID_MODE,
    batch_size=mpii.get_length(VALID_MODE),
    num_predictions=1,
    shuffle=False,
)
printcn(OKBLUE, "Pre-loading the validation samples...")
[x_val], [p_val, afmat_val, head_val] = data_va[0]

model = reception.build(
    dataconf.input_shape,
    num_joints,
    dim=2,
    num_blocks=num_blocks,
    num_context_per_joint=2,
    ksize=(5, 5),
    concat_pose_confidence=False,
)
model.save_weights("start.h5")
weights_url = "file://" + os.path.abspath("start.h5")
weights_path = get_file("start.h5", weights_url, cache_subdir="models", cache_dir=os.getcwd())
model.load_weights(weights_path)
joined = [
    concatenate([model.outputs[2 * b], model.outputs[2 * b + 1]], name="blk%d" % (b + 1)) for b in range(num_blocks)
]
model = Model(model.input, joined, name=model.name)
s = eval_singleperson_pckh(model, x_val, p_val[:, :, 0:2], afmat_val, head_val)
printnl("%d %s" % (len(s), model.get_input_shape_at(0)))

model = reception.build(
    dataconf.input_shape, num_joints, dim=2, num_blocks=num_blocks, num_context_per_joint=2, ksize=(5, 5)
)
data_tr = BatchLoader(mpii, ["frame"], ["pose"], TRAIN_MODE, batch_size=2, num_predictions=num_blocks, shuffle=True)
model.compile(loss=pose_regression_loss("l1l2bincross", 0.01), optimizer=RMSprop(lr=0.001))
callbacks = [
    SaveModel(os.path.join(logdir, "weights_mpii_{epoch:03d}.h5")),
    LearningRateScheduler(lambda epoch, lr: 0.2 * lr if epoch == 1 else lr),
    MpiiEvalCallback(x_val, p_val, afmat_val, head_val, eval_model=model, logdir=logdir),
]
model.fit_generator(data_tr, steps_per_epoch=1, epochs=2, callbacks=callbacks, initial_epoch=0, workers=4)
