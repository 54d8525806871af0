"""Keeps the house in order where ruff cannot: sizes, import direction, tests for every room, silent import."""

import ast
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("deephar", "exp", "benchmarks", "datasets", "examples")
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
    "report": RENDERING | {"inference"},
    "cli": NETWORKS | RENDERING | {"data", "metrics", "inference", "training", "evaluation", "experiments", "report"},
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
NO_KERAS = {"utils", "config", "metrics", "drawing", "synthetic", "data", "report", "__init__", "lazy", "keras_import"}
KERAS_IN_DATA = {"loader.py"}  # BatchLoader is a Keras PyDataset

# What scripts may import besides the standard library.
SCRIPTS_IMPORT = {"deephar", "numpy", "scipy", "h5py", "PIL", "keras", "matplotlib"}


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path):
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def part_of(path):
    """`deephar/utils/pose.py` belongs to `utils`, `deephar/losses.py` to `losses`."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def body_lines(function):
    """Lines of a function's body, its docstring not counted."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1


def offenders(wrong, folders=FOLDERS):
    """The files of which `wrong(path)` is true, with what it says: {name: what}."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert files
    found = {str(path.relative_to(ROOT)): wrong(path) for path in files}
    return {name: what for name, what in found.items() if what}


def test_files_are_short():
    def too_long(path):
        lines = path.read_text(encoding="utf-8").count("\n")
        return lines if lines > MAX_FILE_LINES else None

    assert not offenders(too_long)


def test_functions_are_short():
    def too_long(path):
        functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        return {f.name: body_lines(f) for f in functions if body_lines(f) > MAX_BODY_LINES}

    assert not offenders(too_long)


def test_imports_go_one_way():
    def forbidden(path):
        part, names = part_of(path), set(imports_of(path))
        inside = {n.split(".")[1] for n in names if n.startswith("deephar.")}
        backend = {n for n in names if n.split(".")[0] in ("keras", "tensorflow", "jax", "torch")}
        without_keras = part in NO_KERAS and path.name not in KERAS_IN_DATA
        return inside - MAY_IMPORT[part] - {part, "lazy"} | (backend if without_keras else set())

    assert not offenders(forbidden, ["deephar"])


def test_scripts_import_the_package_and_not_each_other():
    def forbidden(path):
        return {n.split(".")[0] for n in imports_of(path)} - SCRIPTS_IMPORT - sys.stdlib_module_names

    assert not offenders(forbidden, ["exp", "datasets", "examples"])


def test_every_room_has_its_table_row_and_its_tests():
    rooms = {path.parent.name for path in (ROOT / "deephar").glob("*/__init__.py")}
    assert rooms <= MAY_IMPORT.keys()
    assert not [room for room in sorted(rooms) if not list((ROOT / "tests" / room).glob("test_*.py"))]


def test_import_has_no_effect(tmp_path):
    code = "import deephar, sys; assert not {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib'} & set(sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "HOME"}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())
