"""Boxes from poses, the table of scores, batches ahead, the callback."""

import json

import numpy as np
import pytest

from deephar.experiments import generic as G


def test_box_from_poses_is_the_published_one(reference):
    data = np.load(reference / "functions_s0.npz")
    poses, afmat = data["get_bbox_from_poses/in0"], data["get_bbox_from_poses/in1"]
    np.testing.assert_allclose(G.get_bbox_from_poses(poses, afmat), data["get_bbox_from_poses/out0"], atol=1e-6)
    np.testing.assert_allclose(G.get_bbox_from_poses(poses[0], afmat), data["get_bbox_from_poses/out0"], atol=1e-6)


def test_box_from_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"`poses` must have the shape.*Received: \(16, 3\)"):
        G.get_bbox_from_poses(np.zeros((16, 3)), np.eye(3))


def test_table(capsys):
    G.print_scores("PCKh", [0.5, 0.912], "two blocks")
    G.print_scores("PCKh", {"head": 1.0, "r_shoul": 0.0})
    assert capsys.readouterr().out.splitlines() == [
        "PCKh",
        "      1      2",
        "   50.0   91.2",
        "  two blocks",
        "PCKh",
        "   head  r_shoul",
        "  100.0      0.0",
    ]


def test_callback_keeps_scores_and_the_best(tmp_path, capsys):
    class Callback(G.EvalCallback):
        def evaluate(self, model):
            return model.pop(0)

    callback = Callback(eval_model=[[0.1, 0.3], [0.5, 0.2], [0.4, 0.4]], logdir=tmp_path)
    assert callback.best_score == 0 and callback.best_epoch == np.inf
    for epoch in range(3):
        callback.on_epoch_end(epoch)
    assert (callback.best_epoch, callback.best_score) == (2, 0.5)
    assert json.loads((tmp_path / "val.json").read_text()) == {"1": [0.1, 0.3], "2": [0.5, 0.2], "3": [0.4, 0.4]}
    assert capsys.readouterr().out.splitlines()[-1] == "best score is 50.0 at epoch 2"


def test_a_score_that_is_nan_is_never_the_best():
    class Scripted(G.EvalCallback):
        def __init__(self, *scores):
            super().__init__()
            self.rest = iter(scores)

        def evaluate(self, model):
            return next(self.rest)

    callback = Scripted([float("nan")] * 2, [0.2, float("nan")], [0.1, 0.1])
    best = []
    for epoch in range(3):
        callback.on_epoch_end(epoch)
        best.append((callback.best_epoch, callback.best_score))
    assert best == [(float("inf"), 0), (2, 0.2), (2, 0.2)]
    assert np.isnan(callback.scores[1])
