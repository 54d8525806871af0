"""Packages of the extras: the message about a missing one, and that every one in pyproject.toml is asked for so."""

import ast
import importlib.metadata
import pathlib
import sys

import pytest

from deephar.utils.optional import install_hint, require

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("deephar", "datasets", "exp", "benchmarks")
EXTRAS = ("video", "prepare", "heic", "groups", "flow", "detect", "onnx", "openvino", "litert")


def names_of_extra(extra):
    """Names of the packages that an extra of the installed deephar adds."""
    requirements = [r.split(";") for r in importlib.metadata.requires("deephar") if f'extra == "{extra}"' in r]
    return {requirement.split(">=")[0].split("[")[0].strip() for requirement, *_ in requirements}


def required_packages():
    """First arguments of all calls of `require` in the code."""
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
                yield ast.literal_eval(node.args[0])


def test_an_installed_package_is_imported():
    assert require("json", "Reading") is sys.modules["json"]


def test_what_is_asked_for_is_what_the_extras_hold():
    assert set(required_packages()) == set().union(*map(names_of_extra, EXTRAS))


@pytest.mark.parametrize("extra", [*EXTRAS, "jax"])
def test_a_missing_package_is_named_as_the_index_names_it(extra, monkeypatch):
    names = names_of_extra(extra)
    assert names
    for name in names:
        monkeypatch.setitem(sys.modules, name.replace("-", "_"), None)
        with pytest.raises(ImportError, match=rf"^Reading needs the package {name}.*: pip install {name}$") as caught:
            require(name, "Reading")
        assert caught.value.name == name


def test_a_package_that_is_there_but_broken_says_what_is_wrong_with_it(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("raise ImportError('libbroken.so: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="libbroken"):
        require("broken_package", "Reading")


def test_hints_of_the_code_come_from_one_function():
    texts = {p: p.read_text(encoding="utf-8") for p in (ROOT / "deephar").rglob("*.py")}
    raised = [p.name for p, text in texts.items() for line in text.splitlines() if "Error(" in line and "pip " in line]
    assert not raised
    assert install_hint("av") == "pip install av"
