"""The detector: its size, its output, and that a few steps teach it where the people of a few images are."""

import keras
import numpy as np
import pytest

from deephar.inference.detector import decode_boxes
from deephar.models import detector
from deephar.synthetic.crowd import render_crowd
from deephar.training.recipes import Stage
from deephar.training.stages import compile_for_stage


def test_parameters_and_outputs():
    model = detector.build()
    assert model.count_params() == 219_813 and model.output_shape == (None, 64, 64, 5)
    spec = model.signature.frame
    assert (spec.size, spec.crop, spec.value_range) == ((256, 256), "whole", (0, 1))


def test_fresh_maps_show_nobody():
    y = keras.ops.convert_to_numpy(detector.build((64, 64, 3), filters=8)(np.zeros((1, 64, 64, 3), "float32")))
    assert y[..., 0].max() < 0.3 and (y[..., 1:] > 0).all() and decode_boxes(y)[0][0].shape == (0, 4)


@pytest.mark.parametrize("options", [{"input_shape": (60, 64, 3)}, {"filters": 7}])
def test_arguments_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}`"):
        detector.build(**options)


@pytest.mark.slow
def test_it_learns_where_people_are():
    scenes = [render_crowd("train", k, k % 3, (128, 128)) for k in range(6)]
    x = np.stack([s["frame"] for s in scenes]).astype("float32") / 255
    y = np.zeros((6, 2, 4), "float32")
    for k, scene in enumerate(scenes):
        y[k, : k % 3] = np.clip(scene["boxes"], 0, 128) / 128
    model = detector.build((128, 128, 3), filters=32)
    compile_for_stage([model], Stage("boxes", "joint", optimizer="adam", learning_rate=3e-3), model)
    losses = [float(model.train_on_batch(x, y)) for _ in range(80)]
    assert losses[-1] < 0.3 * losses[0]
