"""The original's modules in exp/common and datasets: imported as old scripts do, from a checkout."""

import importlib
import inspect
import pathlib
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = {
    "datasetpath": "datasetpath",
    "generic": "get_bbox_from_poses",
    "mpii_tools": "MpiiEvalCallback absulute_pred eval_singleperson_pckh refine_pred",
    "h36m_tools": "H36MEvalCallback eval_human36m_sc_error",
    "penn_tools": "PennActionEvalCallback eval_multiclip_dataset eval_singleclip eval_singleclip_generator "
    "eval_singleclip_gt_bbox eval_singleclip_gt_bbox_generator",
    "ntu_tools": "NtuEvalCallback eval_multiclip_dataset eval_singleclip_generator eval_singleclip_gt_bbox_generator",
}
ANNOTATIONS = {"MPII": "images", "Human3.6M": "images", "PennAction": "frames"}


@pytest.mark.parametrize("module", NAMES)
def test_modules_of_exp_common(module, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "exp" / "common")
    monkeypatch.syspath_prepend(ROOT)
    for name in (module, f"exp.common.{module}"):
        found = importlib.import_module(name)
        assert found.__all__ and not [n for n in (*found.__all__, *NAMES[module].split()) if not hasattr(found, n)]


def test_arguments_come_in_the_old_order(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "exp" / "common")
    from deephar.layers import deconv
    from deephar.models.action import build_guided_visual_model

    ntu, penn = (importlib.import_module(name) for name in ("ntu_tools", "penn_tools"))
    assert list(inspect.signature(ntu.NtuEvalCallback).parameters)[:3] == ["data", "eval_model", "logdir"]
    callback = ntu.NtuEvalCallback("data", "model", "folder")
    assert (callback.data, callback.eval_model, callback.logdir, callback.batch_size) == ("data", "model", "folder", 1)
    old = ["data", "batch_size", "eval_model", "logdir"]
    assert list(inspect.signature(penn.PennActionEvalCallback).parameters) == old
    assert list(inspect.signature(build_guided_visual_model).parameters)[6] == "num_context_per_joint"
    assert list(inspect.signature(deconv).parameters)[1:3] == ["filters", "size"]


@pytest.fixture
def annothelper(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "datasets")
    monkeypatch.delenv("DEEPHAR_DATA", raising=False)
    monkeypatch.setattr("sys.argv", ["script.py"])
    monkeypatch.chdir(tmp_path)
    return importlib.import_module("annothelper")


def test_annothelper_says_what_is_missing(annothelper, tmp_path):
    checks = ("check_mpii_dataset", "check_h36m_dataset", "check_pennaction_dataset")
    for check, (name, images) in zip(checks, ANNOTATIONS.items(), strict=True):
        with pytest.raises(FileNotFoundError, match=f"{name} is not at hand.*_annotations.mat of release v0.*MD5"):
            getattr(annothelper, check)()
        (tmp_path / "datasets" / name).mkdir(parents=True)
        (tmp_path / "datasets" / name / "annotations.mat").touch()
        with pytest.raises(FileNotFoundError, match=f"{name} has no images.*{images}"):
            getattr(annothelper, check)()
        (tmp_path / "datasets" / name / images).mkdir()
        assert getattr(annothelper, check)() is None


def test_annothelper_on_ntu(annothelper, tmp_path):
    with pytest.raises(FileNotFoundError, match="NTU is not at hand"):
        annothelper.check_ntu_dataset()
    folder = tmp_path / "datasets" / "NTU"
    (folder / "nturgb+d_numpy").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="images-small"):
        annothelper.check_ntu_dataset()
    (folder / "images-small").mkdir()
    assert annothelper.check_ntu_dataset() is None
    shutil.rmtree(folder)
