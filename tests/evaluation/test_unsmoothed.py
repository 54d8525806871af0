"""Scores are of poses as predicted: nothing that evaluates or trains comes near the smoothing of videos."""

import ast
import inspect
import pathlib

from deephar.inference import Predictor
from deephar.inference.results import Head

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCORING = ("deephar/evaluation", "deephar/metrics", "deephar/training", "deephar/experiments", "deephar/data", "exp")
SMOOTHING = {"deephar.inference.smoothing", "deephar.inference.gaps"}
MAY_SMOOTH = {"smoothing.py", "results.py", "predictor.py", "convert.py", "command.py", "predict.py"}


def words_of(path):
    """Modules that a file imports, and names of keyword arguments that it passes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from (f"{keyword.arg}=" for keyword in node.keywords)


def smooths(path):
    return (SMOOTHING | {"smooth="}) & set(words_of(path))


def test_nothing_that_scores_smooths():
    files = [path for folder in SCORING for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 50 and not [path for path in files if smooths(path)]


def test_the_guard_sees_who_does():
    found = {path.name for path in (ROOT / "deephar").rglob("*.py") if smooths(path)}
    assert {"predictor.py", "convert.py", "command.py"} <= found <= MAY_SMOOTH


def test_nobody_smooths_who_does_not_say_so():
    assert inspect.signature(Predictor).parameters["smooth"].default is None
    assert inspect.signature(Head).parameters["smoothing"].default is None
