"""`deephar export`: a network's file with its description, and one line for what cannot be."""

import json
import sys

import pytest

from deephar import cli
from tests.contract.networks import TINY


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A network of clips as a .keras file with a dot in its name."""
    path = tmp_path_factory.mktemp("saved") / "mine.v2.keras"
    TINY["spnet_clip_poses"].build().save(path)
    return path


def test_the_part_for_images_is_written_with_its_description(saved, tmp_path, capsys):
    out = tmp_path / "exported"
    assert cli.main(["export", str(saved), "--format", "onnx", "--images", "--batch", "1", "--out", str(out)]) == 0
    file, beside, difference = capsys.readouterr().out.splitlines()
    assert (file, beside) == (str(out / "mine.v2.onnx"), str(out / "mine.v2.onnx.json"))
    assert difference.startswith("largest difference from the network: ")
    about = json.loads((out / "mine.v2.onnx.json").read_text())
    assert about["inputs"][0]["axes"] == ["B", "H", "W", "C"] and about["file"]["batch"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["nothing", "--format", "onnx"], "`MODEL` must be"),
        (["SAVED", "--format", "onnx", "--precision", "float16"], "`--precision` of onnx must be one of float32"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(options, words, saved, tmp_path, capsys):
    options = [str(saved) if option == "SAVED" else option for option in options]
    assert cli.main(["export", *options, "--out", str(tmp_path / "exported")]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("deephar: error: ") and words in said and not (tmp_path / "exported").exists()


def test_a_missing_package_is_named(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert cli.main(["export", str(saved), "--format", "openvino", "--out", str(tmp_path)]) == 2
    assert "needs the package openvino, which is not installed: pip install openvino" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_formats_of_the_command_are_those_that_there_are():
    from deephar.cli.export import FORMATS
    from deephar.models.runtimes import RUNTIMES

    assert list(FORMATS) == list(RUNTIMES)
