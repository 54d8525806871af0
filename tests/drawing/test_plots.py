"""Charts are written as files; bad input is named."""

import numpy as np
import pytest
from PIL import Image

from deephar.drawing import plots


def test_training_curves_from_csv(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("epoch,loss,val_loss,phase\n0,3.0,3.5,pose\n1,2.0,,pose\n2,1.5,2.2,joint\n")
    path = plots.plot_training(log, tmp_path / "deep" / "curves.png", title="run")
    assert Image.open(path).size[0] > 200


def test_confusion_and_bars(tmp_path):
    matrix = np.array([[8, 2], [1, 9]])
    assert Image.open(plots.plot_confusion(matrix, ["squat", "bowl"], tmp_path / "c.png")).size[0] > 100
    scores = {"block 1": {"head": 80.0, "knee": 60.0}, "block 2": {"head": 90.0, "knee": 70.0}}
    assert plots.plot_joint_bars(scores, tmp_path / "b.svg").read_text().startswith("<?xml")


def test_errors_name_the_argument(tmp_path):
    with pytest.raises(FileNotFoundError, match="`log` must be a CSV file.*none.csv"):
        plots.plot_training(tmp_path / "none.csv", tmp_path / "x.png")
    with pytest.raises(ValueError, match="`columns` must name columns of the log"):
        plots.plot_training({"epoch": [0, 1], "loss": [2, 1]}, tmp_path / "x.png", columns=["accuracy"])
    with pytest.raises(ValueError, match=r"`matrix` must be \(2, 2\)"):
        plots.plot_confusion(np.zeros((3, 3)), ["a", "b"], tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
