"""How commands end: status and one line, whatever happens."""

import concurrent.futures
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from deephar.data.clips import get_clip_frame_index
from deephar.utils.optional import require
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
    assert exit_status(failing(FileNotFoundError(2, "No such file", "a.mat")), "prog") == 2
    assert capsys.readouterr().err == "prog: error: [Errno 2] No such file: 'a.mat'\n"
    assert exit_status(lambda: require("no-such-package", "Reading"), "prog") == 2
    assert capsys.readouterr().err.startswith("prog: error: Reading needs the package no-such-package")


def test_a_reader_that_has_seen_enough_ends_the_program_in_silence():
    main = "lambda: [print('x' * 999) for _ in range(999)] and 0"
    program = f"import sys; from deephar.utils.processes import exit_status; sys.exit(exit_status({main}, 'x'))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def unpack():
    _, _ = (1, 2, 3)


def wrong_shape():
    import keras  # not above: worker processes import this module, and Keras takes long

    keras.ops.reshape(np.zeros(4), (3, 3))


@pytest.mark.parametrize(
    "fault",
    [
        lambda: np.zeros((2, 3)) @ np.zeros((2, 3)),  # ValueError of NumPy
        lambda: exit_status(),  # TypeError of a call
        unpack,  # ValueError without `raise`
        wrong_shape,
        failing(KeyError("a mistake of ours")),
        lambda: exec("from deephar.utils import nothing_of_that_name"),
    ],
)
def test_faults_keep_their_traceback_and_ask_to_be_reported(fault, capsys, monkeypatch):
    monkeypatch.delenv("DEEPHAR_DEBUG", raising=False)
    assert exit_status(fault, "prog") == 1
    error = capsys.readouterr().err
    assert error.startswith("Traceback (most recent call last)")
    assert error.endswith("prog: this is a fault of deephar, not of yours; please report it with the lines above\n")


def check_count(value):
    return get_clip_frame_index(value, 1, 1)


@pytest.mark.parametrize(("value", "status"), [(0, 2), ("0", 2), (3, 0)])
def test_errors_of_worker_processes_are_told_apart_too(value, status, capsys):
    def main():
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            pool.submit(check_count, value).result()

    assert exit_status(main, "prog") == status
    assert ("`sequence_size` must be" in capsys.readouterr().err) == (status == 2)


def test_a_fault_of_a_worker_process_keeps_its_traceback(capsys):
    def main():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(np.linalg.inv, (np.zeros(3),))

    assert exit_status(main, "prog") == 1
    assert "LinAlgError" in capsys.readouterr().err


def test_it_works_outside_of_the_main_thread():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(exit_status, lambda: 3, "prog").result() == 3


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


def test_another_pipe_that_breaks_is_an_error(capsys, monkeypatch):
    monkeypatch.delenv("DEEPHAR_DEBUG", raising=False)
    assert exit_status(failing(BrokenPipeError(32, "Broken pipe")), "prog") == 2
    assert "Broken pipe" in capsys.readouterr().err
