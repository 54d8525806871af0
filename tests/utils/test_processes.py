"""How commands end: status and one line, whatever happens."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from deephar.utils.processes import exit_status


def failing(error):
    def main():
        raise error

    return main


def test_status_is_that_of_main():
    assert exit_status(lambda: None, "x") == 0
    assert exit_status(lambda: 1, "x") == 1


def test_user_errors_are_one_line(capsys, monkeypatch):
    monkeypatch.delenv("DEEPHAR_DEBUG", raising=False)
    assert exit_status(failing(ValueError("no\n  such joint")), "prog", hint="(more)") == 2
    assert capsys.readouterr().err == "prog: error: no such joint\n(more)\n"
    assert exit_status(failing(OSError()), "prog") == 2
    assert capsys.readouterr().err == "prog: error: OSError\n"
    with pytest.raises(KeyError):
        exit_status(failing(KeyError("a mistake of ours")), "prog")


def test_errors_name_options_instead_of_arguments(capsys, monkeypatch):
    monkeypatch.delenv("DEEPHAR_DEBUG", raising=False)
    error = ValueError("`weights` and `seed` must fit: weights of 3")
    assert exit_status(failing(error), "prog", options={"weights": "--init"}) == 2
    assert capsys.readouterr().err == "prog: error: `--init` and `seed` must fit: weights of 3\n"


def test_the_traceback_is_there_for_who_asks(monkeypatch):
    with pytest.raises(ValueError):
        exit_status(failing(ValueError("x")), "prog", debug=lambda: True)
    monkeypatch.setenv("DEEPHAR_DEBUG", "1")
    with pytest.raises(ValueError):
        exit_status(failing(ValueError("x")), "prog")


def test_a_signal_ends_with_130_and_its_handler_comes_back(capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert exit_status(lambda: os.kill(os.getpid(), signal.SIGTERM), "prog", "go on") == 130
    assert capsys.readouterr().err == "interrupted; go on\n"
    assert signal.getsignal(signal.SIGTERM) is before


POOL = """
import concurrent.futures, multiprocessing, os, sys, time
from deephar.utils.processes import follow_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(1, context, follow_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # a zombie that nobody waits for has ended
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return pathlib.Path("/proc").is_dir() is False


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_workers_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert running(worker)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 20
    while running(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running(worker)
