"""Keeps the house in order: sizes, imports, import direction, silent and harmless import of the package."""

import ast
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILES = sorted(p for folder in ("deephar", "exp", "benchmarks", "datasets") for p in (ROOT / folder).rglob("*.py"))
MAX_FILE_LINES, MAX_BODY_LINES = 400, 60

# What each room may import from the package, besides itself.
BASE = {"utils", "config"}
RENDERING = BASE | {"drawing", "synthetic"}
NETWORKS = BASE | {"layers", "checkpoints", "models"}
MAY_IMPORT = {
    "utils": set(),
    "config": {"utils"},
    "metrics": {"utils"},
    "drawing": BASE,
    "synthetic": BASE | {"drawing"},
    "data": RENDERING,
    "layers": BASE,
    "checkpoints": BASE | {"layers"},
    "models": NETWORKS,
    "inference": NETWORKS | RENDERING | {"data"},
    "training": NETWORKS | RENDERING | {"data"},
    "evaluation": NETWORKS | RENDERING | {"data", "metrics", "inference"},
    "experiments": NETWORKS | RENDERING | {"data", "metrics", "inference", "training", "evaluation"},
    "cli": NETWORKS | RENDERING | {"data", "metrics", "inference", "training", "evaluation", "experiments"},
    # Names of the original: re-exports of one room.
    "activations": {"layers"},
    "losses": {"layers"},
    "objectives": {"utils"},
    "measures": {"metrics"},
    "callbacks": {"training"},
    "trainer": {"training"},
    "__main__": {"cli"},
    "__init__": {"keras_import"},
    "lazy": set(),
    "keras_import": {"utils"},
}
NO_KERAS = {"utils", "config", "metrics", "drawing", "synthetic", "data", "__init__", "lazy", "keras_import"}
KERAS_IN_DATA = {"loader.py"}  # BatchLoader is a Keras PyDataset


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(path):
    """`deephar/utils/pose.py` belongs to `utils`, `deephar/losses.py` to `losses`."""
    relative = path.relative_to(ROOT)
    return relative.parts[1].removesuffix(".py") if relative.parts[0] == "deephar" else None


def imports_of(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def body_lines(function):
    """Lines of a function's body, its docstring not counted."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1


def ids(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_file_is_short_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    if text.strip():
        first = (ast.get_docstring(tree_of(path)) or "").split("\n")[0]
        assert first.endswith("."), "the first line of a file is one sentence"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_functions_are_short(path):
    functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: body_lines(f) for f in functions if body_lines(f) > MAX_BODY_LINES}
    assert not long


@pytest.mark.parametrize("path", [p for p in FILES if part_of(p)], ids=ids)
def test_imports_are_absolute_and_explicit(path):
    tree = tree_of(path)
    stars = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*"]
    assert not stars
    assert not [name for name in imports_of(ast.walk(tree)) if name.startswith(".")]


@pytest.mark.parametrize("path", [p for p in FILES if part_of(p)], ids=ids)
def test_import_direction(path):
    part = part_of(path)
    names = set(imports_of(ast.walk(tree_of(path))))
    inside = {n.split(".")[1] for n in names if n.startswith("deephar.")}
    assert inside <= MAY_IMPORT[part] | {part, "lazy"}
    if part in NO_KERAS and path.name not in KERAS_IN_DATA:
        assert not {n for n in names if n.split(".")[0] in ("keras", "tensorflow", "jax", "torch")}


@pytest.mark.parametrize("path", [p for p in FILES if part_of(p)], ids=ids)
def test_no_backend_at_module_level(path):
    nodes = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Import | ast.ImportFrom) and n.col_offset == 0]
    assert not {n for n in imports_of(nodes) if n.split(".")[0] in ("tensorflow", "jax", "torch")}


def test_import_has_no_effect(tmp_path):
    code = "import deephar, sys; assert not {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib'} & set(sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "HOME"}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())
