"""Where data sets are looked for."""

import sys

import pytest

from deephar.experiments.datasetpath import datasetpath


@pytest.fixture(autouse=True)
def empty_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEEPHAR_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["script.py", "out"])


def prepared(folder):
    folder.mkdir(parents=True)
    (folder / "annotations.mat").touch()
    return str(folder)


def test_order_of_places(tmp_path, monkeypatch):
    prepared(tmp_path / "datasets" / "MPII")
    assert datasetpath("MPII") == "datasets/MPII"
    by_environment = prepared(tmp_path / "b" / "MPII")
    monkeypatch.setenv("DEEPHAR_DATA", str(tmp_path / "b"))
    assert datasetpath("MPII") == by_environment
    by_option = prepared(tmp_path / "c" / "MPII")
    monkeypatch.setattr(sys, "argv", ["script.py", "out", f"--data={tmp_path / 'c'}", "--tiny"])
    assert datasetpath("MPII") == by_option
    own = prepared(tmp_path / "my_mpii")
    assert datasetpath("MPII", data=own) == own


def test_old_names(tmp_path):
    prepared(tmp_path / "datasets" / "PennAction")
    assert datasetpath("Penn_Action") == datasetpath("PennAction") == "datasets/PennAction"


def test_ntu_is_known_by_its_arrays(tmp_path):
    (tmp_path / "datasets" / "NTU" / "nturgb+d_numpy").mkdir(parents=True)
    assert datasetpath("NTU") == "datasets/NTU"


def test_a_folder_that_is_not_prepared_does_not_count(tmp_path):
    (tmp_path / "datasets" / "MPII").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="no datasets/MPII/annotations.mat.*--data or DEEPHAR_DATA.*synth"):
        datasetpath("MPII")


def test_a_folder_that_was_asked_for_is_not_replaced_by_another(tmp_path):
    prepared(tmp_path / "datasets" / "MPII")
    with pytest.raises(FileNotFoundError, match="Received: `data` = 'nowhere'"):
        datasetpath("MPII", data="nowhere")


def test_unknown_name():
    with pytest.raises(ValueError, match="`name` must be MPII, .*, LSP, FLIC. Received: 'COCO'"):
        datasetpath("COCO")
