"""Which errors are meant for the user, to be shown in one line, and which are faults that keep their traceback."""

import contextlib
import dis
import pathlib
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
INSTALLED = {pathlib.Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "purelib", "platlib")}
LAST_PLACE = re.compile(r'File "(.+?)", line \d+, in .*\n\s*(\w*)')  # file and first word of the code, in a traceback


def is_for_user(error: BaseException) -> bool:
    """Return whether an error says what the user can mend.

    It does where the operating system refuses something (OSError), where a package is not installed, and where a
    `raise` statement of deephar, or of a script, raised it on purpose as one of the kinds that tell about arguments and
    data. Everything else, such as a ValueError of NumPy, is a fault.

    Args:
        error: the caught exception.
    """
    if isinstance(error, ImportError):
        return (error.name or "").split(".")[0] != "deephar"
    if isinstance(error, OSError):
        return True
    return isinstance(error, (ValueError, TypeError, FloatingPointError)) and _raised_on_purpose(error)


def renamed(message: str, names: Mapping[str, str]) -> str:
    """Return an error's message with other names for the arguments in backticks.

    Args:
        message: str.
        names: dict from the names in the message to the new ones.
    """
    return re.sub(r"`(\w+)`", lambda found: f"`{names.get(found[1], found[1])}`", message)


@contextlib.contextmanager
def arguments_renamed(**names: str) -> Iterator[None]:
    """Let errors of the block name the arguments of the function around it: `arguments_renamed(path="weights")`."""
    try:
        yield
    except (ValueError, TypeError, FileNotFoundError) as error:
        if error.args and isinstance(error.args[0], str):
            error.args = (renamed(error.args[0], names), *error.args[1:])
        raise


def show_fault(error: BaseException, name: str) -> None:
    """Print an error that is not for the user to stderr, with its traceback and the request to report it.

    Args:
        error: the caught exception.
        name: str. The program's name.
    """
    traceback.print_exception(error)
    print(f"{name}: this is a fault of deephar, not of yours; please report it with the lines above", file=sys.stderr)


def _raised_on_purpose(error):
    """Whether the innermost place of an error's traceback is a `raise` statement of deephar or of a script."""
    remote = LAST_PLACE.findall(str(error.__cause__)) if "RemoteTraceback" in type(error.__cause__).__name__ else []
    if remote:  # raised in a worker process, of which only the text came back
        file, word = remote[-1]
        return word == "raise" and _is_ours(file)
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code
    return _is_ours(code.co_filename) and dis.opname[code.co_code[place.tb_lasti]] == "RAISE_VARARGS"


def _is_ours(file):
    """Whether a file of code lies in this package, or at least in no other that is installed, Python's own included."""
    path = pathlib.Path(file).resolve()
    return path.is_relative_to(PACKAGE) or not any(path.is_relative_to(folder) for folder in INSTALLED)
