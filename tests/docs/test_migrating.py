"""docs/migrating.md: scripts of the original's shapes run after the changes that the page tells, and only these."""

import json
import os
import pathlib
import re
import sys

import numpy as np
import pytest

pytestmark = [
    pytest.mark.usefixtures("untraced"),  # to trace a graph for single steps takes most of the time
    pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning"),  # which that leads to
]

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests/docs/old_scripts").glob("*.py")}


def lines_to_change():
    """(old, new) of every row of the page's first table."""
    table = PAGE.split("## Lines to change")[1].split("\n##")[0]
    return re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", table, flags=re.MULTILINE)


def migrated(script):
    for old, new in lines_to_change():
        script = script.replace(old, new)
    return script


@pytest.fixture
def run(fixture_world, tmp_path, monkeypatch):
    """Return a function that runs a script in a folder laid out like the original's and returns its output folder."""
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp" / "common").symlink_to(ROOT / "exp" / "common")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "annothelper.py").symlink_to(ROOT / "datasets" / "annothelper.py")
    for folder in fixture_world.iterdir():
        (tmp_path / "datasets" / folder.name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEEPHAR_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", ["script.py", "output/run"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # scripts put a file in its place

    def run_script(name):
        os.makedirs("output", exist_ok=True)
        exec(compile(migrated(SCRIPTS[name]), f"{name}.py", "exec"), {"__name__": "__main__"})
        sys.stdout.flush()
        return tmp_path / "output" / "run"

    return run_script


def test_every_line_of_the_page_stands_in_a_script():
    rows = lines_to_change()
    assert len(rows) == PAGE.split("## Lines to change")[1].split("\n##")[0].count("\n| `")
    for old, _ in rows:
        assert any(old in script for script in SCRIPTS.values()), old
    changed = [name for name, script in SCRIPTS.items() if migrated(script) != script]
    assert changed and "tpami20_boxes" not in changed


def test_cvpr18_mpii(run):
    folder = run("cvpr18_mpii")
    scores = json.loads((folder / "mpii_val.json").read_text())
    assert list(scores) == ["1", "2"] and all(len(s) == 1 and 0 <= s[0] <= 1 for s in scores.values())
    assert {"weights_mpii_001.h5", "weights_mpii_002.h5"} <= {path.name for path in folder.iterdir()}
    log = (folder / "log.txt").read_text()
    assert "PCKh@0.5" in log and "1 (None, 64, 64, 3)" in log


def test_cvpr18_human36m(run):
    folder = run("cvpr18_human36m")
    assert np.load(folder / "y_pred_w.npy").shape == (1, 4, 17, 3)
    log = (folder / "log.txt").read_text()
    assert "MPJPE (mm)" in log and "1 (None, 4, 2)" in log and (folder / "pose.png").exists()


@pytest.mark.slow
def test_tpami20_multitask(run):
    folder = run("tpami20_multitask")
    log = (folder / "log.txt").read_text()
    assert [f"new learning rate {rate}" in log for rate in ("0.001", "0.0001")] == [True, True]
    assert "multi-clip accuracy" in log and "PCKh@0.5" in log
    files = {path.name for path in folder.iterdir()}
    assert {"weights_001.hdf5", "weights_002.hdf5", "mpii_val.json", "penn_val.json", "allpred.npy"} <= files
    assert list(json.loads((folder / "penn_val.json").read_text())) == ["1", "2"]


def test_tpami20_boxes(run):
    test, train, valid = json.loads((run("tpami20_boxes") / "penn_pred_bboxes.json").read_text())
    assert list(test) == ["0.0", "0.1", "0.2"] and not train and not valid
    assert all(x2 > x1 and y2 > y1 for x1, y1, x2, y2 in test.values())
