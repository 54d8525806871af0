"""How commands end: status and one line, whatever happens."""

import os
import signal

import pytest

from deephar.program import exit_status


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
