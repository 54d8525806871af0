"""Shape of the TPAMI'20 scripts on MPII and Penn Action: alternating training, then evaluation by a weight file."""

import os
import sys

sys.path.append(os.getcwd())

import deephar

import keras.backend as K
from keras.optimizers import RMSprop

from deephar.callbacks import SaveModel
from deephar.config import *
from deephar.data import *
from deephar.models import compile_split_models, split_model, spnet
from deephar.trainer import MultiModelTrainer
from deephar.utils import *

sys.path.append(os.path.join(os.getcwd(), "exp/common"))
from datasetpath import datasetpath
from mpii_tools import MpiiEvalCallback, eval_singleperson_pckh
from penn_tools import PennActionEvalCallback, eval_multiclip_dataset, eval_singleclip_generator

logdir = sys.argv[1]
mkdir(logdir)
sys.stdout = open(os.path.join(logdir, "log.txt"), "w")

num_frames, batch_size = 4, 2
dataconf = DataConfig(crop_resolution=(32, 32), subsampling=[1, 2], fixed_subsampling=2)
cfg = ModelConfig(
    (num_frames,) + dataconf.input_shape,
    pa16j2d,
    num_actions=[15],
    num_pyramids=2,
    action_pyramids=[1, 2],
    num_levels=2,
    growth=8,
    num_pose_features=16,
    num_visual_features=16,
    pose_replica=True,
)
cfg.num_pyramids = 1
cfg.action_pyramids = [1]
num_predictions = spnet.get_num_predictions(cfg.num_pyramids, cfg.num_levels)
num_action_predictions = spnet.get_num_predictions(len(cfg.action_pyramids), cfg.num_levels)

mpii = MpiiSinglePerson(datasetpath("MPII"), dataconf=dataconf, poselayout=pa16j2d)
penn_path = datasetpath("Penn_Action")
penn_seq = PennAction(
    penn_path, dataconf, poselayout=pa16j2d, topology="sequences", use_gt_bbox=True, clip_size=num_frames
)
pe_data_tr = BatchLoader([mpii], ["frame"], ["pose"], TRAIN_MODE, batch_size=[num_frames], shuffle=True)
pe_data_tr = BatchLoader(
    pe_data_tr, ["frame"], ["pose"], TRAIN_MODE, batch_size=batch_size, num_predictions=num_predictions, shuffle=False
)
ar_data_tr = BatchLoader(
    penn_seq, ["frame"], ["pennaction"], TRAIN_MODE, batch_size=batch_size, num_predictions=num_action_predictions
)
mpii_val = BatchLoader(
    mpii, ["frame"], ["pose", "afmat", "headsize"], VALID_MODE, batch_size=mpii.get_length(VALID_MODE), shuffle=False
)
[x_val], [p_val, afmat_val, head_val] = mpii_val[0]
x_val, p_val, afmat_val, head_val = (np.concatenate([v] * num_frames) for v in (x_val, p_val, afmat_val, head_val))
penn_te = BatchLoader(penn_seq, ["frame"], ["pennaction"], TEST_MODE, batch_size=1, shuffle=False)

full_model = spnet.build(cfg)
start_lr = 0.01
optimizer = RMSprop(lr=start_lr)
models = compile_split_models(
    full_model, cfg, optimizer, pose_trainable=True, ar_loss_weights=0.01, copy_replica=cfg.pose_replica
)
save_model = SaveModel(os.path.join(logdir, "weights_{epoch:03d}.hdf5"), model_to_save=full_model)
mpii_callback = MpiiEvalCallback(
    x_val, p_val, afmat_val, head_val, eval_model=models[0], pred_per_block=1, batch_size=1, logdir=logdir
)
penn_callback = PennActionEvalCallback(penn_te, eval_model=models[1], logdir=logdir)


def end_of_epoch_callback(epoch):
    save_model.on_epoch_end(epoch)
    mpii_callback.on_epoch_end(epoch)
    penn_callback.on_epoch_end(epoch)
    if epoch in [0, 1]:
        lr = float(K.get_value(optimizer.lr))
        K.set_value(optimizer.lr, 0.1 * lr)
        printcn(WARNING, "end_of_epoch_callback: new learning rate %g" % (0.1 * lr))


trainer = MultiModelTrainer(models[1:], [ar_data_tr], workers=2, print_full_losses=True)
trainer.train(1, steps_per_epoch=1, initial_epoch=0, end_of_epoch_callback=end_of_epoch_callback)
trainer = MultiModelTrainer(models, [pe_data_tr, ar_data_tr], workers=2, print_full_losses=True)
trainer.train(2, steps_per_epoch=1, initial_epoch=1, end_of_epoch_callback=end_of_epoch_callback)

full_model = spnet.build(cfg)
full_model.load_weights(os.path.join(logdir, "weights_002.hdf5"), by_name=True)
models = split_model(full_model, cfg, interlaced=False, model_names=["2DPose", "2DAction"])
eval_singleclip_generator(models[1], penn_te, logdir=logdir)
eval_multiclip_dataset(models[1], penn_seq, subsampling=dataconf.fixed_subsampling, logdir=logdir)
eval_singleperson_pckh(models[0], x_val, p_val[:, :, 0:2], afmat_val, head_val)
