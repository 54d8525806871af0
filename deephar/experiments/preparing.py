"""What the scripts `prepare.py` share: command line, jobs in several processes, folders whole or absent, reports.

    python datasets/NAME/prepare.py SOURCE OUT           official release in SOURCE -> OUT/NAME
    python datasets/NAME/prepare.py --verify OUT         what is missing or damaged in OUT/NAME?
    python datasets/NAME/prepare.py --synthetic OUT      a synthetic OUT/NAME in the same form

Exit status: 0 all well, 1 something is missing or damaged (or a fault of the script, with its traceback), 2 wrong use,
130 interrupted. A run that was stopped, even
by a kill, goes on where it stood: folders of frames and files appear under their names only when they are whole.
"""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import scipy.io

from deephar.utils.errors import is_for_user
from deephar.utils.io import atomic_path, remove_leftovers, temporary_name, write_json
from deephar.utils.jobs import run_jobs
from deephar.utils.processes import exit_status

SETTINGS = "prepare.json"  # what a folder was made with
SYNTHETIC = "synthetic.json"  # the mark of the synthetic writers
RESULTS = ("annotations.mat", "nturgb+d_numpy")  # what is never overwritten unless these scripts made it
MAX_REPORTED = 20


def parser_of(doc: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every script; `doc` is the script's docstring, which `--help` shows."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", nargs="?", metavar="SOURCE", type=pathlib.Path, help="folder of the official release")
    parser.add_argument("out", metavar="OUT", type=pathlib.Path, help="folder that holds the data sets by name")
    parser.add_argument("--verify", action="store_true", help="only look for missing and damaged files")
    parser.add_argument("--skip-damaged", action="store_true", help="leave damaged files out instead of stopping short")
    parser.add_argument("--workers", metavar="N", type=_positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--synthetic", action="store_true", help="write the synthetic twin instead")
    parser.add_argument("--train", metavar="N", type=_positive, help="with --synthetic: training images or videos")
    parser.add_argument("--test", metavar="N", type=_positive, help="with --synthetic: test images or videos")
    parser.add_argument("--seed", metavar="N", type=int, help="with --synthetic")
    return parser


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1. Received: {text}")
    return int(text)


def add_frames(parser: argparse.ArgumentParser) -> None:
    """Add the options of data sets that come as videos."""
    parser.add_argument("--no-frames", action="store_true", help="poses only, no images")
    parser.add_argument("--quality", metavar="N", type=_positive, default=90, help="of JPEG, up to 95; default 90")


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add --images to a parser, for data sets that come as images."""
    parser.add_argument("--images", choices=("link", "copy"), default="link", help="how OUT gets them; default link")


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line and make sure that it names a SOURCE where one is needed."""
    arguments = parser.parse_args(argv)
    if arguments.synthetic and (arguments.verify or arguments.source):
        parser.error("--synthetic takes OUT alone")
    if not (arguments.synthetic or arguments.verify) and arguments.source is None:
        parser.error("SOURCE, the folder of the official release, and OUT are needed")
    if not 1 <= getattr(arguments, "quality", 90) <= 95:
        parser.error(f"--quality must be in 1 to 95. Received: {arguments.quality}")
    if arguments.source is not None and not arguments.source.is_dir():
        raise FileNotFoundError(f"SOURCE must be an existing folder. Received: {str(arguments.source)!r}")
    return arguments


def synthetic_options(arguments: argparse.Namespace, **names: str) -> dict:
    """Return the keyword arguments of a synthetic writer that were asked for; `names` renames options for it."""
    asked = {names.get(name, name): getattr(arguments, name) for name in ("train", "test", "seed", "workers")}
    return {name: value for name, value in asked.items() if value is not None}


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call a script's `main` and leave with its exit status; what the user got wrong ends in one line."""
    going_on = "nothing half-written is left behind, the same command goes on"
    sys.exit(exit_status(main, pathlib.Path(sys.argv[0]).name, going_on))


@contextlib.contextmanager
def working_in(folder: pathlib.Path, settings: dict, *below: str) -> Iterator[None]:
    """Make the folder of a data set, or go on in it; what a killed run left half-made is removed, before and after.

    Args:
        folder: Path. The data set's folder.
        settings: dict of what the files depend on; going on with others is refused.
        below: str. Folders in it that hold folders of frames; they are made.

    Raises:
        ValueError: the folder holds a synthetic data set, or was begun with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    what = _other_content(folder, settings)
    if what:
        raise ValueError(f"OUT holds {what}; nothing was changed. Received: {str(folder)!r}, settings {settings}")
    try:
        for name in ("", *below):
            (folder / name).mkdir(exist_ok=True)
            remove_leftovers(folder / name)
        write_json(folder / SETTINGS, settings)
        yield
    finally:
        for name in ("", *below):
            remove_leftovers(folder / name)


def _other_content(folder, settings):
    """What is in a data set's folder that must not be mixed or overwritten, or None."""
    path = folder / SETTINGS
    if (folder / SYNTHETIC).exists():
        return "a synthetic data set"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        return None if found == settings else f"files made with other settings, {found}"
    return next((f"{name} of another origin" for name in RESULTS if (folder / name).exists()), None)


@contextlib.contextmanager
def whole_folder(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a hidden folder beside `folder` that takes its name when the block ends, and is removed when it fails."""
    partial = temporary_name(folder)
    partial.mkdir(parents=True)
    try:
        yield partial
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def try_jobs(function: Callable, jobs: Sequence, workers: int, label: str) -> tuple[list, list[str]]:
    """Call `function` on every job as `run_jobs` does, and go on where one fails for a damaged or missing file.

    Args:
        function, jobs, workers, label: as for `deephar.utils.jobs.run_jobs`.

    Returns:
        The results in order (None where a job raised a ValueError or FileNotFoundError), and those errors' messages.

    Raises:
        OSError: a worker died, the disk is full, and the like.
    """
    done = run_jobs(functools.partial(_guarded, function), jobs, workers, label)
    return [result for result, _ in done], [problem for _, problem in done if problem is not None]


def _guarded(function, job):
    try:
        return function(job), None
    except (ValueError, FileNotFoundError) as error:
        if not is_for_user(error):
            raise
        return None, " ".join(str(error).split())


def write_mat(path: str | pathlib.Path, variables: dict) -> None:
    """Write a MATLAB file, whole or not at all; it may take a minute."""
    print(f"writing {path} ...", file=sys.stderr)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        scipy.io.savemat(file, variables, do_compression=True)


def report(problems: Sequence[str], what: str = "missing or damaged") -> bool:
    """Print problems to the error stream, the first ones in words; return whether there are any."""
    for problem in problems[:MAX_REPORTED]:
        print(f"{what}: {problem}", file=sys.stderr)
    if len(problems) > MAX_REPORTED:
        print(f"{what}: ... and {len(problems) - MAX_REPORTED} more", file=sys.stderr)
    return bool(problems)


def stop_short(problems: Sequence[str], arguments: argparse.Namespace) -> bool:
    """Report what failed; return True where the run must end without the annotations, False where it may go on."""
    if not report(problems) or arguments.skip_damaged:
        return False
    advice = "what is good is kept. Replace these files and run the same command again, or add --skip-damaged"
    print(f"{len(problems)} missing or damaged; {advice}", file=sys.stderr)
    return True
