"""The command of all benchmarks: help and list run nothing, an unknown part is named."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PARTS = ("networks", "video", "memory", "reader", "synthetic", "drawing", "stream", "smoothing", "predict")


def benchmarks(*arguments):
    command = [sys.executable, str(ROOT / "benchmarks"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_help_and_list_run_nothing():
    shown = benchmarks("--help")
    assert shown.returncode == 0 and shown.stdout.startswith("usage: python benchmarks") and "ratio" not in shown.stdout
    listed = benchmarks("--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(PARTS)


def test_unknown_parts_and_options_are_refused():
    for argument in ("nothing", "--nothing"):
        done = benchmarks(argument)
        assert done.returncode == 2 and argument in done.stderr and done.stdout == ""
