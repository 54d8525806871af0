"""Runs scripts in copies of a process that has imported Keras already, since the import takes longer than most of them.

Python's own fork server does it: it imports the modules of PRELOADED once, and forks for every script.
"""

import contextlib
import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile

PRELOADED = ("tensorflow", "keras", "deephar.experiments.networks", "deephar.training.stages", "deephar.models.zoo")
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"}
ENVIRONMENT |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def run_script(path, *arguments, timeout=300):
    """Run a script as `python PATH ARGUMENTS` does; return what it printed.

    Args:
        path: str or Path.
        arguments: its arguments, any type with a `str`.
        timeout: seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with tempfile.TemporaryDirectory() as folder, _environment():
        outputs = [os.path.join(folder, name) for name in ("stdout", "stderr")]
        command = [str(path), *map(str, arguments)]
        process = context.Process(target=_run, args=(command, outputs, os.getcwd()))
        process.start()
        process.join(timeout)
        process.kill()
        process.join()
        printed, said = (pathlib.Path(name).read_text(encoding="utf-8") for name in outputs)
    assert process.exitcode == 0, said
    return printed


@contextlib.contextmanager
def _environment():
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT)  # for the server, which starts with the first script
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(command, outputs, folder):
    for number, name in enumerate(outputs, 1):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    os.chdir(folder)
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")
