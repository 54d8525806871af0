"""Every script of exp/ runs with --tiny and leaves what it promises; what a user gets wrong is said in one line."""

import ast
import csv
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from deephar.cli import main
from deephar.experiments.networks import build_tiny
from deephar.inference.predictor import Predictor
from deephar.utils.labels import PENN_LABELS
from tests.processes import ENVIRONMENT, run_script

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXP = ROOT / "exp"


def run(script, out, *arguments, **options):
    """Run a script with --tiny; its standard output."""
    return run_script(EXP / script, out, "--tiny", *arguments, **options)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """A folder with tiny synthetic MPII, PennAction, Human3.6M, NTU and LSP."""
    from deephar.experiments.tiny import write_tiny

    return write_tiny(tmp_path_factory.mktemp("tiny"), "MPII", "PennAction", "Human3.6M", "NTU", "LSP", "FLIC")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A run folder with the weights of a tiny clip network."""
    from deephar.experiments import networks
    from deephar.models import spnet

    folder, config = tmp_path_factory.mktemp("run"), networks.tiny_config(networks.NUM_FRAMES)
    spnet.build(config).save_weights(folder / "weights_best.weights.h5")
    (folder / "config.json").write_text(json.dumps({"config": {"model": config.to_dict()}}))
    return folder


def rows_of(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def told(folder, confusion=None):
    """The metric that the validation of a run folder tells, whose sheets and best scores are looked at."""
    about = json.loads((folder / "validation.json").read_text())
    metric, ranks = about["metric"], [sample["rank"] for sample in about["samples"]]
    logged = [float(row[metric["name"]]) for row in rows_of(folder) if row.get(metric["name"])]
    assert metric["value"] == {"higher": max, "lower": min}[metric["better"]](logged) and ranks[0] == 1
    sheets = [np.asarray(Image.open(folder / about["sheets"][end])) for end in ("best", "worst")]
    assert all(sheet.std() > 10 for sheet in sheets)
    assert (about["confusion"] and about["confusion"]["labels"]) == confusion
    return metric["name"], metric["unit"]


@pytest.mark.slow
def test_train_lsp_stops_in_time_and_resumes(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--synthetic", 0.25, "--heatmaps", 0.1)
    out = run("lsp/train_lsp_spnet.py", tmp_path, *options, "--time-limit", 0)
    assert "epoch 1: lsp PCK@0.2 by block" in out and len(rows_of(tmp_path)) == 1
    first = np.load(tmp_path / "state.npz")["w0"]
    out = run("lsp/train_lsp_spnet.py", tmp_path, *options, "--resume")
    assert "epoch 2" in out and "epoch 1:" not in out
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2"]
    assert not np.array_equal(first, np.load(tmp_path / "state.npz")["w0"])
    config = json.loads((tmp_path / "config.json").read_text())["config"]
    assert config["batch"] == {"lsp": 3, "synthetic": 1} and config["stage"]["schedule"] == "cosine"


@pytest.mark.slow
def test_train_lsp_in_3d_with_nobody_and_a_part_frozen(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--layout", "pa17j3d", "--synthetic", 0.5, "--nobody", 0.25, "--confidence", 0.05)
    options += ("--settle", 1, "--epochs", 1, "--frozen", "*bn*", "dp1*")
    run("lsp/train_lsp_spnet.py", tmp_path, *options)
    about = json.loads((tmp_path / "config.json").read_text())["config"]
    assert about["batch"] == {"lsp": 1, "synthetic": 1, "nobody": 1, "synthetic_h36m": 1}
    assert about["model"]["poselayout"] == "pa17j3d" and about["stage"]["confidence_weight"] == 0.05
    assert about["stage"]["frozen"] == ["*bn*", "dp1*"]


def test_eval_lsp(tmp_path, tiny_data, run_folder):
    weights = run_folder / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights, "--flip", "--sheet", "--nobody", 3)
    out = run("lsp/eval_lsp.py", tmp_path, *options)
    assert "PCK@0.2 %" in out and "shoulder" in out and "2 of 2 people" in out
    assert "PCP of the last block, %: torso" in out and "left and right of the person; 1 scale(s), mean with the" in out
    report = json.loads((tmp_path / "eval_lsp.json").read_text())
    assert len(report["pck@0.2"]) == 2 and set(report["pairs"]) >= {"ankle", "head"}
    nobody = report["nobody"]
    assert f"3 crops of nobody: mean confidence {nobody['mean']:.3f}" in out and 0 <= nobody["joints@0.5"] <= 1
    assert "; not calibrated" in out and report["confidence"]["calibrated"] is None
    error = report["confidence"]["raw"]["expected_calibration_error"]
    assert f"expected calibration error {100 * error:.1f} %" in out and report["confidence"]["raw"]["joints"] == 28
    assert Image.open(tmp_path / "eval_lsp.png").size[0] > 256


def test_calibrate_lsp(tmp_path, tiny_data, run_folder):
    options = ("--data", tiny_data, "--weights", run_folder / "weights_best.weights.h5")
    out = run("lsp/calibrate.py", tmp_path, *options)
    report = json.loads((tmp_path / "calibration.json").read_text())
    knots, errors = report["calibration"], report["expected_calibration_error"]
    assert f"calibration={tuple(map(tuple, knots))}" in out and report["people"] == 2 and report["joints"] == 28
    assert f"{100 * errors['before']:.1f} % before, {100 * errors['after']:.1f} % after" in out
    assert errors["after"] < errors["before"] and knots[0][0] == 0 and knots[-1][0] == 1
    own = tmp_path / "own"
    shutil.copytree(run_folder, own)
    from deephar.models.zoo import load_model

    about = json.loads((own / "config.json").read_text())
    about["signature"] = load_model(run_folder).signature.replace(calibration=knots).to_dict()
    (own / "config.json").write_text(json.dumps(about))
    options = ("--data", tiny_data, "--weights", own / "weights_best.weights.h5", "--split", "validation")
    assert "not calibrated" not in run("lsp/eval_lsp.py", tmp_path, *options)
    found = json.loads((tmp_path / "eval_lsp.json").read_text())["confidence"]
    assert found["calibration"] == knots
    assert found["raw"]["expected_calibration_error"] == errors["before"]
    assert found["calibrated"]["expected_calibration_error"] == errors["after"]


def test_sharpen_lsp(tmp_path, tiny_data, run_folder):
    weights = run_folder / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights, "--factors", 1, 50)
    out = run("lsp/sharpen_lsp_spnet.py", tmp_path, *options)
    assert "maps x 50: PCK@0.2" in out
    report = json.loads((tmp_path / "sharpen.json").read_text())
    assert report["factor"] == float(max(report["pck@0.2"], key=report["pck@0.2"].get))
    sharp = tmp_path / "weights_sharp.weights.h5"
    assert "PCK@0.2" in run("lsp/eval_lsp.py", tmp_path, "--data", tiny_data, "--weights", sharp)


def test_train_mpii(tmp_path):
    out = run("mpii/train_mpii_singleperson.py", tmp_path, "--epochs", 1, "--settle", 2)
    assert "mpii PCKh@0.5 by block" in out and (tmp_path / "data" / "MPII" / "annotations.mat").exists()
    assert (tmp_path / "weights_best.weights.h5").exists() and len(rows_of(tmp_path)) == 1
    assert told(tmp_path) == ("pckh_mpii", "share of joints")


def test_a_heatmap_network_is_trained_scored_and_predicts(tmp_path, tiny_data):
    """The stacked hourglass goes through what was written for coordinates."""
    run_folder, scored, predicted = (tmp_path / name for name in ("run", "scored", "predicted"))
    out = run("mpii/train_hourglass.py", run_folder, "--epochs", 1, "--data", tiny_data)
    assert "mpii PCKh@0.5 by block" in out
    assert told(run_folder) == ("pckh_mpii", "share of joints")
    weights = run_folder / "weights_best.weights.h5"
    out = run("mpii/eval_mpii_singleperson.py", scored, "--data", tiny_data, "--weights", weights, "--flip")
    assert "mean with the flipped crop" in out and json.loads((scored / "eval_mpii.json").read_text())["flip"] is True
    image = next((tiny_data / "MPII" / "images").glob("*.jpg"))
    alone = ("--detector", "none")
    assert main(["predict", str(image), "--model", str(weights), "--out", str(predicted), *alone]) == 0
    (frame,) = json.loads((predicted / f"{image.stem}_prediction.json").read_text())["frames"]
    joints = frame["people"][0]["joints"]
    assert list(joints)[:2] == ["r_ankle", "r_knee"]  # MPII's order, as the network was trained


@pytest.mark.parametrize("family", ["cpm", *(pytest.param(k, marks=pytest.mark.slow) for k in ("mssnet", "pbn"))])
def test_networks_of_heat_maps_are_trained_and_scored(family, tmp_path, tiny_data):
    run_folder = tmp_path / "run"
    options = ("--epochs", 1, "--steps", 1, "--validate", 2, "--data", tiny_data)
    out = run(f"mpii/train_{family}.py", run_folder, *options)
    assert "mpii PCKh@0.5 by block" in out
    stage = json.loads((run_folder / "config.json").read_text())["config"]["stage"]
    assert stage["heatmap_loss"] == {"cpm": "sum", "mssnet": "cells", "pbn": "mean"}[family]
    weights = run_folder / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights, "--flip", "--scales", 0.9, 1.1, "--limit", 2)
    out = run("mpii/eval_2d.py", tmp_path / "scored", *options)
    assert "2 people, 2 scale(s), mean with the flipped crop" in out and "AUC" in out
    report = json.loads((tmp_path / "scored" / "eval_2d.json").read_text())
    assert report["scales"] == [0.9, 1.1] and [k["threshold"] for k in report["pckh"]][:2] == [0.5, 0.1]
    joints = {k["joints"]: k["num_joints"] for k in report["pckh"]}
    assert joints["all"] == joints["visible"] + joints.get("hidden", 0)
    image = next((tiny_data / "MPII" / "images").glob("*.jpg"))
    assert main(["predict", str(image), "--model", str(weights), "--out", str(tmp_path / "predicted")]) == 0


def test_a_pose_machine_is_trained_on_flic(tmp_path, tiny_data):
    out = run("flic/train_cpm.py", tmp_path / "run", "--epochs", 1, "--steps", 1, "--data", tiny_data)
    assert "flic PCK@0.2 by block" in out and "{'flic': 4}" in out
    weights = tmp_path / "run" / "weights_best.weights.h5"
    out = run("flic/eval_flic.py", tmp_path / "scored", "--data", tiny_data, "--weights", weights, "--scales", 0.9, 1.1)
    assert "2 of 2 people count; 2 scale(s)" in out
    report = json.loads((tmp_path / "scored" / "eval_flic.json").read_text())
    assert set(report["pck@0.2"]) >= {"elbow", "wrist"} and np.isnan(report["pck@0.2"]["ankle"]).all()


def test_networks_are_compared_on_lsp(tmp_path, tiny_data):
    out = run("lsp/compare_networks.py", tmp_path, "--data", tiny_data, "--only", "cpm")
    assert "cpm: 2 steps" in out and "PCK@0.2 by output" in out
    table = (tmp_path / "table.txt").read_text()
    assert "crops seen" in table and len(table.splitlines()) == 3
    out = run("lsp/compare_networks.py", tmp_path, "--data", tiny_data, "--only", "cpm", "--resume")
    assert "steps" not in out and (tmp_path / "table.txt").read_text() == table


def test_claims_are_checked_one_by_one(tmp_path, monkeypatch, capsys):
    out = run("synthetic/ablations_2d.py", tmp_path, "--only", "cpm", "cpm last only")
    assert "cpm last only, seed 0: 2 steps" in out and "+-" not in out
    rows = (tmp_path / "table.txt").read_text().splitlines()
    assert len(rows) == 4 and len(rows[2].split()[-3:]) == 3  # a score for each stage
    message = fails(monkeypatch, capsys, "synthetic/ablations_2d.py", tmp_path, "--tiny", "--only", "pbn plain")
    assert "--only must be some of" in message


@pytest.mark.slow
def test_actions_on_copies_of_the_pose_layers(tmp_path):
    names = ["spnet", "spnet actions", "spnet actions decoupled"]
    out = run("synthetic/ablations_2d.py", tmp_path, "--only", *names)
    assert "spnet actions decoupled: PCKh@0.5" in out
    assert [row.split("  ")[0] for row in (tmp_path / "table.txt").read_text().splitlines()[2:]] == names


def test_published_detections_are_scored(tmp_path, real, monkeypatch, capsys):
    file = real / "mpii_detections" / "detections_our_format.mat"
    out = run_script(EXP / "mpii" / "eval_2d.py", tmp_path, "--detections", file)
    assert "95.6003   92.7140  83.3646  76.7357  81.9283  73.3628  65.4462  81.4584   82.3367" in out
    message = fails(monkeypatch, capsys, "mpii/eval_2d.py", tmp_path, "--detections", real / "lspet" / "joints.mat")
    assert "pos_gt_src" in message
    message = fails(monkeypatch, capsys, "mpii/eval_2d.py", tmp_path, "--tiny", "--scales", "all")
    assert "`--scales` must be pbn, cpm or numbers. Received: all" in message


def test_groups_of_parts_are_found_drawn_and_trained(tmp_path, tiny_data):
    out = run("mpii/find_part_groups.py", tmp_path, "--data", tiny_data, "--groups", 3)
    assert "8 people; mutual information of joints" in out and "l_elb" in out
    groups = json.loads((tmp_path / "groups.json").read_text())["groups"]
    assert len(groups) == 3 and sorted(joint for group in groups for joint in group) == list(range(16))
    assert Image.open(tmp_path / "groups.png").size[0] > 800
    options = ("--epochs", 1, "--steps", 1, "--validate", 0, "--data", tiny_data, "--groups", tmp_path / "groups.json")
    run("mpii/train_pbn.py", tmp_path / "run", *options)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["config"]["model"]["groups"] == groups


def test_eval_mpii(tmp_path, tiny_data):
    out = run("mpii/eval_mpii_singleperson.py", tmp_path, "--data", tiny_data)
    assert "4 people" in out and "PCKh@0.5 %" in out and "mean" in out
    assert len(json.loads((tmp_path / "eval_mpii.json").read_text())["pckh@0.5"]) == 2


def test_train_h36m_and_evaluate(tmp_path, tiny_data):
    out = run("h36m/train_h36m_pose.py", tmp_path / "run", "--data", tiny_data, "--epochs", 1)
    assert "{'h36m': 2, 'mpii': 2}" in out and "h36m MPJPE by block" in out
    assert {"mpjpe_h36m", "pckh_mpii", "loss0"} <= set(rows_of(tmp_path / "run")[-1])
    assert told(tmp_path / "run") == ("mpjpe_h36m", "mm")
    config = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert config["model"]["network"] == "reception" and config["stage"]["pose_loss"] == "l1l2"
    weights = tmp_path / "run" / "weights_best.weights.h5"
    out = run("h36m/eval_h36m.py", tmp_path / "eval", "--data", tiny_data, "--weights", weights, "--flip", "--joints")
    assert "GROUND TRUTH" in out and "sum of links" in out and "mean over actions" in out and "l_ankle" in out
    report = json.loads((tmp_path / "eval" / "eval_h36m.json").read_text())
    assert "GROUND TRUTH" in report["protocol"] and len(report["mpjpe_of_joints"]) == 17
    metrics = report["metrics"]
    assert set(metrics) == {"MPJPE", "N-MPJPE", "P-MPJPE", "PCK3D@150 mm", "AUC 0-150 mm", "MPJPE, depth by size"}
    assert all(len(values) == 2 and np.isfinite(values).all() for values in metrics.values())
    assert 50 < metrics["P-MPJPE"][1] < metrics["MPJPE"][1] < 2000  # too few steps to be better


def test_train_h36m_on_rendered_images_alone(tmp_path):
    out = run("h36m/train_h36m_pose.py", tmp_path, "--network", "spnet", "--synthetic", 1, "--epochs", 1)
    assert "{'synthetic': 4}" in out and "synthetic MPJPE by block" in out and not (tmp_path / "data").exists()
    config = json.loads((tmp_path / "config.json").read_text())["config"]
    assert config["stage"]["pose_loss"] == "l1l2bincross" and config["stage"]["monitor"] == "mpjpe_synthetic"


def test_2d_poses_have_no_error_in_mm(tmp_path, tiny_data, run_folder, monkeypatch, capsys):
    weights = run_folder / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights)
    message = fails(monkeypatch, capsys, "h36m/eval_h36m.py", tmp_path / "out", *options)
    assert "`--weights` must be of a network of 3D poses. Received: one of pa16j2d" in message


def test_train_and_eval_reception(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--network", "reception")
    out = run("mpii/train_mpii_singleperson.py", tmp_path / "run", *options, "--epochs", 1)
    assert "mpii PCKh@0.5 by block" in out and len(rows_of(tmp_path / "run")) == 1
    weights = tmp_path / "run" / "weights_best.weights.h5"
    out = run("mpii/eval_mpii_singleperson.py", tmp_path, "--data", tiny_data, "--weights", weights)
    assert "4 people, single crop" in out
    assert len(json.loads((tmp_path / "eval_mpii.json").read_text())["pckh@0.5"]) == 1


def test_train_penn(tmp_path, tiny_data):
    weights = tmp_path / "init.weights.h5"
    from deephar.experiments import networks
    from deephar.models import spnet

    spnet.build(networks.tiny_config()).save_weights(weights)  # poses on images start the clip network
    script = "pennaction/train_penn_multimodel.py"
    out = run(script, tmp_path / "run", "--data", tiny_data, "--lsp", 0.25, "--stages", "joint", "--init", weights)
    assert "{'mpii': 5, 'penn': 1, 'lsp': 2}" in out
    row = rows_of(tmp_path / "run")[-1]
    assert row["stage"] == "joint" and {"single_clip", "pckh_mpii", "pck_lsp", "loss0", "loss1"} <= set(row)
    assert told(tmp_path / "run", list(PENN_LABELS)) == ("single_clip", "share of clips")


@pytest.mark.slow
def test_eval_penn_on_predicted_boxes(tmp_path, tiny_data, run_folder):
    weights = run_folder / "weights_best.weights.h5"
    out = run("pennaction/predict_bboxes.py", tmp_path / "boxes", "--data", tiny_data, "--weights", weights)
    boxes = tmp_path / "boxes" / "pred_bboxes_penn.json"
    test, train, validation = json.loads(boxes.read_text())
    assert f"{len(test) + len(train)} boxes" in out and "0.0" in test and len(train["2.3"]) == 4 and validation == {}
    options = ("--data", tiny_data, "--weights", weights, "--boxes", boxes)
    out = run("pennaction/eval_penn_multitask.py", tmp_path / "eval", *options)
    assert all(text in out for text in ("PCKh@0.5 %", "PCK@0.2 %", "single-clip", "multi-clip (", str(boxes)))
    report = json.loads((tmp_path / "eval" / "eval_penn.json").read_text())
    assert len(report["multi_clip"]) == 1 and np.sum(report["confusion"]) == 2


def test_eval_speed(tmp_path):
    out = run("pennaction/eval_speed2d.py", tmp_path)
    cuts = json.loads((tmp_path / "speed2d.json").read_text())["cuts"]
    assert "frames/s" in out and [cut["block"] for cut in cuts] == ["dp1_pb1", "up2_pb0"]
    assert cuts[0]["parameters"] < cuts[1]["parameters"] and cuts[0]["gflops_per_frame"] < cuts[1]["gflops_per_frame"]
    assert [cut["action_outputs"] for cut in cuts] == [0, 1]
    assert cuts[0]["accuracy"] is None and 0 <= cuts[1]["accuracy"] <= 100
    assert all(0 <= cut["pckh@0.5"] <= 100 for cut in cuts) and "2 people" in out


@pytest.mark.slow
def test_train_and_eval_penn_merge(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--stages", "action", "--epochs", 1)
    out = run("pennaction/train_penn_ar_pe_merge.py", tmp_path / "run", *options)
    assert "stages: action; a batch: {'mpii': 13, 'penn': 3} or 2 clips" in out
    row = rows_of(tmp_path / "run")[-1]
    assert row["stage"] == "action" and {"single_clip", "loss0"} <= set(row)
    options = ("--data", tiny_data, "--weights", tmp_path / "run" / "weights_last.weights.h5", "--batch", 11)
    out = run("pennaction/eval_penn_ar_pe_merge.py", tmp_path / "eval", *options)
    assert all(text in out for text in ("every 2nd frame", "single-clip", "boxes from the annotation", " v4", "m\n"))
    report = json.loads((tmp_path / "eval" / "eval_penn_merge.json").read_text())
    assert report["outputs"] == ["p1", "p2", "p3", "p4", "v1", "v2", "v3", "v4", "m"]
    assert len(report["multi_clip"]) == 9 and np.sum(report["confusion"]) == 2
    assert Image.open(tmp_path / "eval" / "confusion.png").size[0] > 400


@pytest.mark.slow
def test_train_penn_pose_action(tmp_path):
    script, labels = "pennaction/train_penn_pose_action.py", tmp_path / "held_out" / "data"
    out = run(script, tmp_path / "held_out", "--validate", 2, "--epochs", 1)
    assert "43 train, 2 validation, 15 test" in out and "test split is left alone" in out
    assert {"single_clip", "multi_clip"} <= set(rows_of(tmp_path / "held_out")[0])
    assert not (tmp_path / "held_out" / "eval_penn_poses.json").exists()
    out = run(script, tmp_path / "all", "--epochs", 1, "--data", labels)
    assert "45 train, 0 validation, 15 test" in out and "single-clip (15 clips)" in out and "multi-clip (" in out
    report = json.loads((tmp_path / "all" / "eval_penn_poses.json").read_text())
    assert np.sum(report["confusion"]) == 15 and len(report["single_clip"]["accuracy"]) == 4
    assert len(report["wrong"]) == round(15 * (1 - report["multi_clip"]["accuracy"][-1]))
    assert report["protocol"].startswith("Split: the files' own `train` flag")
    assert Image.open(tmp_path / "all" / "confusion.png").size[0] > 400
    again = run(script, tmp_path / "all", "--evaluate", "--data", labels)
    assert again.splitlines()[1:] == out.splitlines()[-len(again.splitlines()) + 1 :]  # the same table


def test_train_ntu(tmp_path, tiny_data):
    out = run("ntu/train_ntu_spnet.py", tmp_path, "--data", tiny_data, "--stages", "joint", "--split", "cross-view")
    assert "{'h36m': 4, 'mpii': 3, 'ntu': 1}" in out
    row = rows_of(tmp_path)[-1]
    assert row["stage"] == "joint" and {"single_clip", "mpjpe_h36m", "pckh_mpii", "loss0", "loss1"} <= set(row)
    config = json.loads((tmp_path / "config.json").read_text())["config"]
    assert config["model"]["num_actions"] == [60] and config["model"]["poselayout"] == "pa17j3d"
    stage = config["recipe"]["stages"][0]
    assert (stage["optimizer"], stage["learning_rate"], stage["decay_epochs"]) == ("sgd", 0.01, [50, 55])


def test_train_ntu_on_the_synthetic_world(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--synthetic", "--lsp", 0.25, "--stages", "pose,action")
    out = run("ntu/train_ntu_spnet.py", tmp_path, *options)
    assert "{'synthetic': 6, 'lsp': 2}" in out
    pose, action = rows_of(tmp_path)
    assert float(pose["mpjpe_synthetic"]) > 50 and pose["pck_lsp"] and 0 <= float(action["single_clip"]) <= 1
    stages = json.loads((tmp_path / "config.json").read_text())["config"]["recipe"]["stages"]
    assert [(s["monitor"], s["monitor_mode"]) for s in stages] == [("mpjpe_synthetic", "min"), ("single_clip", "max")]


@pytest.mark.slow
def test_actions_are_trained_on_features_computed_once(tmp_path, run_folder, monkeypatch, capsys):
    script, weights = "pennaction/train_penn_multimodel.py", run_folder / "weights_best.weights.h5"
    options = ("--synthetic", "--stages", "action", "--clips", 4, "--init", weights)
    run(script, tmp_path / "run", *options, "--cache", 6, "--epochs", 1)
    features = sorted((tmp_path / "run" / "features").glob("*.npy"))
    assert len(features) == 1 and rows_of(tmp_path / "run")[0]["single_clip"]
    stamp = features[0].stat().st_mtime_ns
    run(script, tmp_path / "run", *options, "--cache", 12, "--epochs", 2, "--resume")
    assert [row["epoch"] for row in rows_of(tmp_path / "run")] == ["1", "2"]
    assert len(list(features[0].parent.glob("*.npy"))) == 2 and features[0].stat().st_mtime_ns == stamp
    message = fails(monkeypatch, capsys, script, tmp_path / "other", "--cache", 6, "--stages", "action,joint")
    assert "--cache needs frozen poses: --stages action. Received: action,joint" in message


def test_train_3d_poses_on_rendered_people_alone(tmp_path):
    out = run("ntu/train_pose_baseline.py", tmp_path, "--synthetic", 1, "--random-poses", 0.1, "--epochs", 1)
    assert "{'synthetic': 4, 'synthetic_h36m': 4}" in out and not (tmp_path / "data").exists()
    assert all(f"{name} MPJPE by block" in out for name in ("synthetic", "synthetic_h36m"))
    config = json.loads((tmp_path / "config.json").read_text())["config"]
    assert config["stage"]["monitor"] == "mpjpe_synthetic_h36m"


@pytest.mark.slow
def test_ntu_from_poses_to_actions_on_predicted_boxes(tmp_path, tiny_data):
    out = run("ntu/train_pose_baseline.py", tmp_path / "poses", "--data", tiny_data, "--epochs", 1)
    assert "{'h36m': 4, 'mpii': 3, 'ntu': 1}" in out and "h36m MPJPE by block" in out
    weights = tmp_path / "poses" / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights, "--parts", "test")
    out = run("ntu/predict_bboxes.py", tmp_path / "boxes", *options)
    boxes = tmp_path / "boxes" / "pred_bboxes_ntu.json"
    test, train, validation = json.loads(boxes.read_text())
    assert f"{len(test)} boxes" in out and train == validation == {} and len(next(iter(test.values()))) == 4
    assert {name[:4] for name in test} == {"S001"} and {path.name for path in boxes.parent.iterdir()} == {boxes.name}
    out = run("ntu/eval_ntu_multitask.py", tmp_path / "eval", "--data", tiny_data, "--boxes", boxes)
    assert all(text in out for text in ("GROUND TRUTH", "PCKh@0.5 %", "single-clip", "multi-clip (", str(boxes)))
    report = json.loads((tmp_path / "eval" / "eval_ntu.json").read_text())
    assert len(report["multi_clip"]) == 1 and np.sum(report["confusion"]) == 2 and report["split"] == "cross-subject"
    assert report["h36m"]["MPJPE"][0] > 50 and len(report["mpii_pckh@0.5"]) == 2


@pytest.mark.slow
def test_ntu_merge(tmp_path, tiny_data):
    options = ("--data", tiny_data, "--stages", "action", "--validate", 1, "--steps", 1)
    run("ntu/train_ntu_ar_pe_merge.py", tmp_path / "run", *options)
    assert rows_of(tmp_path / "run")[-1]["single_clip"]
    weights = tmp_path / "run" / "weights_best.weights.h5"
    options = ("--data", tiny_data, "--weights", weights, "--limit", 1, "--batch", 11)
    out = run("ntu/eval_ntu_ar_pe_merge.py", tmp_path / "eval", *options)
    assert "p1 p2 p3 p4 v1 v2 v3 v4 m" in " ".join(out.split())
    report = json.loads((tmp_path / "eval" / "eval_ntu_merge.json").read_text())
    assert len(report["single_clip"]) == 9 and report["videos"] == 1 and (tmp_path / "eval" / "confusion.png").exists()


def test_other_networks_are_no_ntu_network(tmp_path, tiny_data, run_folder, monkeypatch, capsys):
    options = ("--data", tiny_data, "--weights", run_folder / "weights_best.weights.h5")
    message = fails(monkeypatch, capsys, "ntu/eval_ntu_multitask.py", tmp_path / "out", *options)
    assert "3D poses and 60 actions. Received: pa16j2d and 15" in message


@pytest.mark.slow
def test_streams_are_computed_once_and_read_back(tmp_path):
    pytest.importorskip("av")
    pytest.importorskip("cv2.optflow")
    from deephar.data import VideoFolder
    from deephar.data.clip_crops import ClipConfig
    from deephar.utils import TEST_MODE

    flow, poses, data = tmp_path / "flow", tmp_path / "poses", tmp_path / "flow" / "data"
    assert "9 videos: 9 without flow\n9 of 9 videos are in" in run("perfnet/compute_flow.py", flow, "--workers", 1)
    options = ("--data", data, "--workers", 1)
    assert "9 videos: 9 without poses, 9 to draw" in run("perfnet/render_poses.py", poses, *options)
    options += ("--poses", poses / "poses", "--background", "black", "--lossless")
    assert "9 videos: 0 without poses, 9 to draw" in run("perfnet/render_poses.py", tmp_path / "black", *options)
    config = ClipConfig(num_frames=8, crop_resolution=(32, 24), short_side=32)
    for folder in (poses, tmp_path / "black"):
        videos = VideoFolder(data / "Videos", config, streams={"flow": flow, "pose": folder})
        sample = videos.get_data(0, TEST_MODE)
        assert sample["flow"].shape == (8, 24, 32, 2) and sample["pose_frame"].shape == (8, 24, 32, 3)


def test_a_detector_is_trained_scored_and_used(tmp_path, tiny_data):
    out = run("detector/train_detector.py", tmp_path / "run", "--data", tiny_data)
    assert "9,757 parameters" in out and "epoch 2: ap" in out
    assert {"ap", "recall", "precision", "empty"} <= set(rows_of(tmp_path / "run")[0])
    weights = ("--weights", tmp_path / "run" / "weights_last.weights.h5")
    out = run("detector/eval_detector.py", tmp_path / "eval", "--data", tiny_data, *weights)
    assert "photographs, canvas x 4" in out and "rendered, empty" in out
    report = json.loads((tmp_path / "eval" / "eval_detector.json").read_text())
    assert 0 <= report["rendered, 1 to 4 people"]["recall"] <= 1
    result = Predictor(build_tiny(), detector=tmp_path / "run").predict_image(np.zeros((40, 60, 3), np.uint8))
    assert result.head.detector == str(tmp_path / "run")


def test_actions_at_several_rates_of_frames(tmp_path):
    out = run("synthetic/eval_frame_rates.py", tmp_path)
    assert "frames/s" in out and "detector none" in out
    videos = json.loads((tmp_path / "frame_rates.json").read_text())["videos"]
    assert [(video["fps"], video["action"]) for video in videos] == [(4.0, "baseball_pitch"), (8.0, "baseball_pitch")]


def fails(monkeypatch, capsys, script, *arguments, status=2):
    """Run a script in this process; the one line that it ends with, or with status 1 all that it said."""
    monkeypatch.delenv("DEEPHAR_DEBUG", raising=False)
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXP / script), run_name="__main__")
    assert ended.value.code == status
    said = capsys.readouterr()
    return said.err if status == 2 else said.out + said.err


@pytest.mark.parametrize(
    "script",
    ["lsp/eval_lsp.py", "mpii/eval_mpii_singleperson.py", "pennaction/predict_bboxes.py", "lsp/train_lsp_spnet.py"]
    + ["h36m/eval_h36m.py", "h36m/train_h36m_pose.py", "pennaction/eval_penn_ar_pe_merge.py"],
)
def test_missing_data_is_named_and_nothing_is_written(script, tmp_path, monkeypatch, capsys):
    message = fails(monkeypatch, capsys, script, tmp_path / "out", "--data", tmp_path / "nowhere")
    assert "is not at hand" in message and "nowhere" in message and "--data" in message
    assert list((tmp_path / "out").iterdir()) == []


SCRIPTS = sorted(path for path in EXP.rglob("*.py") if path.parent.name != "common")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_scripts_import_no_other_script(path):
    """So that each runs from any folder where the package is installed."""
    siblings = {other.stem for other in SCRIPTS}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    roots = {module.partition(".")[0] for module in modules}
    allowed = sys.stdlib_module_names | {"deephar", "keras", "numpy", "scipy", "h5py", "PIL"}
    assert not roots & siblings and roots <= allowed
    assert "sys.path" not in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_script_runs_from_an_empty_folder(tmp_path):
    command = [sys.executable, EXP / "pennaction" / "eval_penn_multitask.py", "out", "--tiny"]
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert out.splitlines()[0] == "network: a tiny one of random weights" and "multi-clip (" in out
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "script, file, instead",
    [
        ("h36m/eval_h36m.py", "weights_3DPE_H36M_cvpr18_Nov-2017.h5", "give --weights spnet-3d"),
        ("ntu/eval_ntu_multitask.py", "weights_3dp+ntu_ar_062.hdf5", "give --weights spnet-3d"),
        ("ntu/predict_bboxes.py", "weights_posebaseline_060.hdf5", "give --weights spnet-3d"),
        ("ntu/eval_ntu_ar_pe_merge.py", "weights_AR_merge_NTU_v2.h5", "--model merge-ntu --weights PATH"),
        ("pennaction/eval_penn_ar_pe_merge.py", "weights_AR_merge_ep074_26-10-17.h5", "--model merge-penn"),
    ],
)
def test_without_a_network_the_file_is_named(script, file, instead, tmp_path, tiny_data, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    message = fails(monkeypatch, capsys, script, "out", "--data", tiny_data)
    assert "no network was given" in message and file in message and instead in message and "where to get it" in message
    assert "`" not in message


@pytest.mark.slow
def test_the_small_network_is_scored_with_a_word(tmp_path, tiny_data, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["eval", str(tmp_path), "--data", str(tiny_data), "--limit", "1"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXP / "mpii" / "eval_mpii_singleperson.py"), run_name="__main__")
    assert not ended.value.code
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("network: spnet-2d (") and "not reception-mpii: weights_PE_MPII" in first
    report = json.loads((tmp_path / "eval_mpii.json").read_text())
    assert report["model"] == "spnet-2d" and report["weights"].endswith("spnet-2d.weights.h5")


def test_errors_name_the_options_of_the_command(tmp_path, tiny_data, monkeypatch, capsys):
    options = ("--data", tiny_data, "--weights", tmp_path / "none.weights.h5")
    message = fails(monkeypatch, capsys, "lsp/eval_lsp.py", tmp_path / "out", *options)
    assert "`--weights` must be" in message and "none.weights.h5" in message


def test_a_run_is_not_overwritten(tmp_path, tiny_data, monkeypatch, capsys):
    (tmp_path / "state.npz").write_bytes(b"something")
    script = "lsp/train_lsp_spnet.py"
    assert "`--resume`" in fails(monkeypatch, capsys, script, tmp_path, "--tiny", "--data", tiny_data)
    assert (tmp_path / "state.npz").read_bytes() == b"something"


def test_poses_alone_have_no_action_score(tmp_path, tiny_data, monkeypatch, capsys):
    from deephar.experiments import networks
    from deephar.models import spnet

    config = networks.tiny_config()
    spnet.build(config).save_weights(tmp_path / "poses.weights.h5")
    (tmp_path / "config.json").write_text(json.dumps({"config": {"model": config.to_dict()}}))
    options = ("--data", tiny_data, "--weights", tmp_path / "poses.weights.h5")
    message = fails(monkeypatch, capsys, "pennaction/eval_penn_multitask.py", tmp_path / "out", *options)
    assert "`--weights` must be of a network with action outputs" in message


def test_two_output_folders_and_unknown_stages_are_refused(tmp_path, monkeypatch, capsys):
    script = "pennaction/train_penn_multimodel.py"
    assert "once" in fails(monkeypatch, capsys, script, tmp_path / "a", "--out", tmp_path / "b")
    assert "pose,action,joint,decoupled" in fails(monkeypatch, capsys, script, tmp_path / "a", "--stages", "all")
    assert list(tmp_path.iterdir()) == []
