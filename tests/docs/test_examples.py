"""The examples run: on what they are given and on what they render, in an empty folder; the notebook has no outputs."""

import json
import pathlib
import runpy
import subprocess

import numpy as np
import pytest

from deephar.synthetic import crowd, world
from tests.processes import run_script

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
MOST_LINES = 45
NOTEBOOK = EXAMPLES / "tour.ipynb"


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs an example in this process with some arguments."""

    def run_example(name, *arguments):
        monkeypatch.setattr("sys.argv", [name, *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return run_example


@pytest.fixture
def render_small(monkeypatch):
    """What the examples and the notebook render is small and short."""
    still, moving = crowd.render_crowd, world.render_clip

    def short(split, index, num_frames=None, size=None, frame_list=None):
        frames = None if frame_list is None else list(frame_list)
        return moving(split, index, None if frames else 6, (96, 96), frame_list=frames)

    monkeypatch.setattr(crowd, "render_crowd", lambda split, index, n, size: still(split, index, n, (128, 96)))
    monkeypatch.setattr(world, "render_clip", short)


def test_examples_are_short():
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in EXAMPLES.glob("*.py")}
    assert set(lengths) == {"photo.py", "two_people.py", "own_actions.py"} and max(lengths.values()) <= MOST_LINES


@pytest.mark.usefixtures("small_networks", "render_small")
@pytest.mark.parametrize("given", [True, False], ids=["given", "rendered"])
@pytest.mark.parametrize(("name", "source"), [("photo.py", "photo.jpg"), ("two_people.py", "match.mp4")])
def test_an_example_predicts(name, source, given, inputs, run, capsys):
    for path in (inputs / "photo.jpg", inputs / "match.mp4"):
        path.unlink() if not given else None
    run(name, *([source] if given else []))
    (document,) = (inputs / "results").glob("*_prediction.json")
    found = json.loads(document.read_text(encoding="utf-8"))
    assert pathlib.Path(found["source"]).stem == pathlib.Path(source).stem
    assert document.name in capsys.readouterr().out
    assert len(list((inputs / "results").glob("*_overlay.*"))) == 1
    if given:
        assert {person["id"] for frame in found["frames"] for person in frame["people"]} >= {1}


@pytest.mark.slow
def test_own_actions_are_trained_and_predicted(tmp_path, monkeypatch, run, capsys):
    monkeypatch.chdir(tmp_path)
    calls = []

    def run_in_server(command):
        calls.append(run_script(*command[1:]))  # the same script, without another import of Keras
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run_in_server)
    run("own_actions.py", "--tiny")
    assert "9 videos of 3 classes" in calls[0]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("data/Videos/test/leap/leap_0001.mp4: ") and (tmp_path / "runs/own/config.json").exists()
    assert last.split(": ")[1].split(",")[0] in ("wave_hello", "leap", "dig")


def read_notebook():
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def test_the_notebook_is_valid_and_stored_without_outputs():
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))
    notebook = read_notebook()
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code and not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.usefixtures("small_networks", "render_small", "inputs")
def test_the_cells_run_here(capsys):
    """In this process, on small networks: a kernel of its own takes ten seconds to import Keras."""
    names = {"__name__": "tour"}
    for cell in read_notebook()["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, {cell['id']}", "exec"), names)
    printed = capsys.readouterr().out
    assert "8 frames of" in printed and "mm from the pelvis" in printed and "GFLOPs a frame" in printed
    assert np.asarray(names["views"]).shape[2] == 3


@pytest.mark.slow
def test_the_notebook_runs_in_a_kernel_as_it_is(tmp_path):
    """With the networks that ship; what is shown is images, and the first person strums a guitar."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}
    assert all(outputs.values())
    shown = [name for name, found in outputs.items() if any("image/png" in o.get("data", {}) for o in found)]
    assert shown == ["image", "frames", "views", "cut-image"]
    assert "strum guitar" in "".join(o.get("text", "") for o in outputs["video"])
