"""Pages of docs/ and README.md: their Python runs, their commands parse, what they name exists, the site builds."""

import argparse
import importlib.util
import itertools
import json
import pathlib
import re
import runpy
import shlex
import sys

import numpy as np
import pytest

from deephar.cli import build_parser, main
from deephar.config import ModelConfig
from deephar.inference.actions import ActionScores
from deephar.inference.result_files import ResultWriter
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult
from deephar.models import export_model, spnet, zoo
from deephar.models.export import image_part
from deephar.models.runtimes import RUNTIMES

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def blocks(page, language):
    """The fenced blocks of a page in a language, "" for none."""
    return [code for found, code in FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


@pytest.fixture
def smaller(monkeypatch, inputs):
    """The published SPNet that the front page builds is a small one, and the old files that it reads are there."""
    small, build = dict(num_pyramids=1, num_levels=2, growth=8), spnet.build

    def build_small(config):
        published = config.num_pyramids == 8
        return build(config.replace(input_shape=(64, 64, 3), **small) if published else config)

    monkeypatch.setattr(spnet, "build", build_small)
    spnet.build(ModelConfig((256, 256, 3), "pa16j2d", num_pyramids=8)).save_weights("weights_mpii.hdf5")
    actions = dict(num_actions=[15], action_pyramids=[1], num_pose_features=16)
    spnet.build(ModelConfig((8, 64, 64, 3), "pa16j2d", **actions, **small)).save_weights("penn.hdf5")


@pytest.fixture
def exported(small_networks, inputs, monkeypatch):
    """The part for images of a small network, in every format that a page reads, and an empty cache of engines."""
    part = image_part(zoo.load_model("spnet-2d"))
    for name in RUNTIMES:
        export_model(part, "exported", "spnet-2d", name)
    monkeypatch.setenv("DEEPHAR_CACHE", str(inputs / "cache"))


def write_match(folder):
    """Results of a video with one person who runs; return the path of the document."""
    person = PoseResult(np.ones((1, 2)), np.ones(1), (0, 0, 9, 9), ("head",), score=0.5)
    clip = ActionScores(0, 0, np.array([0.1, 0.9]), ("sit", "run"), 0.0, 1.5)
    head = Head("match.mp4", "video", (40, 30), ModelStamp("net", "0" * 64), "one", "people", 25.0, 8, 0.1)
    with ResultWriter(folder, "match", head) as writer:
        writer.add(FrameResult(0, 0.0, (person,)))
        writer.add_clip(1, clip)
        writer.finish()
    return writer.path


RUN = [page for page in PAGES if blocks(page, "python") and page.name != "results.md"]  # which has a test of its own


@pytest.mark.usefixtures("small_networks", "inputs")
@pytest.mark.parametrize("page", RUN, ids=lambda path: path.name)
def test_python_runs(page, request):
    """The blocks of a page run in order, in one namespace, in a folder with a photo, a video and boxes."""
    if page.name == "README.md":
        request.getfixturevalue("smaller")
    if page.name == "export.md":
        request.getfixturevalue("exported")
    names = {"__name__": page.stem}
    for number, code in enumerate(blocks(page, "python")):
        own = {"__name__": "alone"} if "## Run it without deephar" in page.read_text("utf-8") else names
        exec(compile(code, f"{page.name}, block {number}", "exec"), own)


def test_what_runs_without_deephar_is_short_and_does_not_import_it():
    programs = blocks(ROOT / "docs" / "export.md", "python")[:4]
    assert [code.count("\n") <= 22 and "import deephar" not in code for code in programs] == [True] * len(RUNTIMES)


def test_the_page_about_results_reads_and_names_every_entry(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    path, page = write_match("results"), ROOT / "docs" / "results.md"
    (code,) = blocks(page, "python")
    exec(compile(code, "results.md", "exec"), {})
    assert "1 0.0 1.5 run 0.9" in capsys.readouterr().out
    document, words = json.loads(path.read_text(encoding="utf-8")), page.read_text(encoding="utf-8")
    action, person = document["actions"][0], document["frames"][0]["people"][0]
    entries = [*document, *person, *action, *action["clips"][0]]
    assert not [name for name in entries if f"`{name}`" not in words]


@each_page
def test_what_is_linked_exists(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if link.startswith("http"):
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads], link


@each_page
def test_files_in_code_exist(page):
    """`exp/lsp/eval_lsp.py`, `tests/models/test_*.py`, `deephar/data/` and the like; mine and plain are a reader's."""
    for path in re.findall(r"`((?:exp|deephar|tests|datasets|examples|docs|weights)/[^\s`]*)", page.read_text("utf-8")):
        if not re.search(r"mine|plain|Mine|NAME", path):
            assert all(any(ROOT.glob(each)) for each in alternatives(path.rstrip("/"))), path


def test_options_in_code_exist():
    """Every `--option` that a page names is one of some command."""
    sources = itertools.chain(*((ROOT / folder).rglob("*.py") for folder in ("deephar", "exp", "datasets")))
    known = set(re.findall(r'"(--[a-z][\w-]*)"', "\n".join(path.read_text("utf-8") for path in sources)))
    known |= {f"--no-{name[2:]}" for name in known} | {"--help"}
    named = {option for page in PAGES for option in re.findall(r"`(--[a-z][\w-]*)", page.read_text("utf-8"))}
    assert named and named <= known, named - known


def alternatives(text):
    """a{b,c}d and a|b as all that they stand for."""
    parts = re.split(r"\{([^{}]*)\}|([\w.]+(?:\|[\w.]+)+)", text)
    choices = [[parts[0]]]
    for braces, bars, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        choices += [(braces.split(",") if braces is not None else bars.split("|")), [rest]]
    return ["".join(words) for words in itertools.product(*choices)]


def commands(pages=PAGES):
    """(page, command line, whether it stands in a block: then it must be whole) of pages, each once."""
    found = {}
    for page in pages:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for language, code in FENCE.findall(text) if language in ("", "sh") for line in code.splitlines()]
        inline = re.findall(r"`((?:deephar|python) [^`]+)`", FENCE.sub("", text).replace("\n", " "))
        whole = [m[1] for line in lines if (m := re.search(r"(?:^|\s{2})((?:deephar|python) [^#]+)", line))]
        for command, stands_alone in [*((c, True) for c in whole), *((c, False) for c in inline)]:
            for each in alternatives(command.strip()):
                found.setdefault((each, stands_alone), page.name)
    return [(page, command, whole) for (command, whole), page in found.items()]


class Parsed(BaseException):
    """The command line of a script was read."""


def scripts_of(path):
    """The scripts that a path in a command means."""
    return sorted(ROOT.glob(path.replace("NAME", "*")))


def parse(words, whole, monkeypatch, capsys):
    """Read a command line with the parser of its program; raise what it says against it."""
    if words[0] == "deephar":
        runs = [lambda: build_parser().parse_args(words[1:])]
    elif words[1] == "-m":
        assert importlib.util.find_spec(words[2]), words
        return
    else:
        monkeypatch.setattr(sys, "argv", words[1:])
        runs = [lambda path=path: runpy.run_path(str(path), run_name="__main__") for path in scripts_of(words[1])]
        assert runs, words
    for run in runs:
        try:
            run()
        except Parsed:
            continue
        except SystemExit as end:
            said = capsys.readouterr().err
            missing = re.search("the following arguments are required|expected (one|at least one) argument", said)
            assert end.code == 0 or (missing and not whole), f"{shlex.join(words)}: {said}"


def test_commands_parse(monkeypatch, capsys, tmp_path):
    """Every command line of every page is one that its program takes."""
    monkeypatch.chdir(tmp_path)
    parse_args = argparse.ArgumentParser.parse_args

    def parse_only(parser, args=None, namespace=None):
        parse_args(parser, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    found = commands()
    assert len(found) > 50 and {page for page, _, _ in found} >= {"README.md", "predict.md", "train.md", "cut.md"}
    for page, command, whole in found:
        try:
            parse(shlex.split(command), whole, monkeypatch, capsys)
        except Parsed:
            continue
        except AssertionError as error:
            raise AssertionError(f"{page}: {error}") from error


ABSENT = ("runs/mine", "0")  # what commands about prediction read that is not at hand: a run, a camera


@pytest.mark.usefixtures("small_networks")
def test_commands_about_prediction_run(inputs, capsys):
    found = [shlex.split(command) for page, command, whole in commands(PAGES[1:]) if page == "predict.md" and whole]
    run = [words for words in found if words[0] == "deephar" and not set(words) & set(ABSENT)]
    assert len(run) >= 4
    for words in run:
        assert main(words[1:]) == 0, f"{shlex.join(words)}\n{capsys.readouterr().err}"
    assert main(["convert", "results", "--format", "csv"]) == 0
    assert {path.suffix for path in (inputs / "results").iterdir()} == {".json", ".png", ".mp4", ".csv"}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of Sphinx, about its extensions
def test_the_site_builds_without_a_warning(tmp_path, capsys):
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    build = pytest.importorskip("sphinx.cmd.build")
    out = tmp_path / "html"
    status = build.build_main(["-W", "--keep-going", "-q", "-d", str(tmp_path / "trees"), str(ROOT / "docs"), str(out)])
    assert status == 0, capsys.readouterr().err
    assert {path.stem for path in PAGES[1:]} <= {path.stem for path in out.glob("*.html")}
    assert "predict_image" in (out / "api.html").read_text(encoding="utf-8")
