"""Pages of docs/: their Python runs, every script, folder and page that they name exists, and no option is made up."""

import json
import pathlib
import re
import runpy

import numpy as np
import pytest

from deephar.inference.actions import ActionScores
from deephar.inference.result_files import ResultWriter
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = ["perfnet.md"]  # whose Python stands alone


def blocks(page, language):
    """The fenced blocks of a page in a language, "" for none."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("name", RUN)
def test_python_runs(name, tmp_path):
    for number, code in enumerate(blocks(ROOT / "docs" / name, "python")):
        path = tmp_path / f"block{number}.py"
        path.write_text(code, encoding="utf-8")
        runpy.run_path(str(path))


def test_the_page_about_results_reads_a_document(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    person = PoseResult(np.ones((1, 2)), np.ones(1), (0, 0, 9, 9), ("head",), score=0.5)
    clip = ActionScores(0, 0, np.array([0.1, 0.9]), ("sit", "run"), 0.0, 1.5)
    head = Head("match.mp4", "video", (40, 30), ModelStamp("net", "0" * 64), "one", "people", 25.0, 8, 0.1)
    with ResultWriter("results", "match", head) as writer:
        writer.add(FrameResult(0, 0.0, (person,)))
        writer.add_clip(1, clip)
        writer.finish()
    (code,) = blocks(ROOT / "docs" / "results.md", "python")
    exec(compile(code, "results.md", "exec"), {})
    assert "1 0.0 1.5 run 0.9" in capsys.readouterr().out
    words = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    document = json.loads(writer.path.read_text(encoding="utf-8"))
    action, person = document["actions"][0], document["frames"][0]["people"][0]
    entries = [*document, *person, *action, *action["clips"][0]]
    assert not [name for name in entries if f"`{name}`" not in words]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_is_named_exists(page):
    text = page.read_text(encoding="utf-8")
    for script in re.findall(r"python (exp/[\w/]+\.py)", text):
        assert (ROOT / script).is_file(), script
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (page.parent / link).exists(), link


def commands():
    """(page, script, its options) of every command line in a page that runs a script of exp/."""
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            for script, rest in re.findall(r"python (exp/[\w/]+\.py)([^|#`]*)", line):
                yield page.name, script, tuple(re.findall(r"(--[a-z][\w-]*)", rest))


@pytest.mark.parametrize("script", sorted({script for _, script, _ in commands()}))
def test_options_exist(script, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [script, "--help"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / script), run_name="__main__")
    known = set(re.findall(r"(--[a-z][\w-]*)", capsys.readouterr().out))
    asked = {option for _, name, options in commands() if name == script for option in options}
    assert asked <= known
