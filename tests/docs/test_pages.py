"""Pages of docs/: their Python runs, every script, folder and page that they name exists, and no option is made up."""

import pathlib
import re
import runpy

import pytest

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
