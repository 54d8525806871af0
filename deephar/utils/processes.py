"""How programs end: exit status, one line for what the user got wrong, and no process without its parent."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from deephar.utils.errors import is_for_user, renamed, show_fault
from deephar.utils.progress import end_all


def exit_status(
    main: Callable[[], int | None],
    name: str,
    interrupted: str = "nothing half-written is left behind",
    debug: Callable[[], bool] | None = None,
    hint: str = "",
    options: Mapping[str, str] | None = None,
) -> int:
    """Call `main` and return the exit status: its own or 0; 2 after an error that is for the user; 130 after Ctrl-C.

    It is 141 where nobody reads the output any more, as of `deephar models | head -1`. Any other error is a fault: it
    is printed with its traceback, and the status is 1. SIGTERM ends `main` as Ctrl-C does where it runs in the main
    thread, the only one that Python lets take signals.

    Args:
        main: function without arguments.
        name: str. The program's name, for the error line.
        interrupted: str. What the user should know after Ctrl-C.
        debug: function without arguments that returns whether an error is raised with its traceback instead; None:
            whether the environment variable DEEPHAR_DEBUG is set.
        hint: str. A second line after an error.
        options: dict from arguments, as errors name them in backticks, to the program's options for them; or None.
    """
    takes_signals = threading.current_thread() is threading.main_thread()
    if takes_signals:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that temporary files are removed
    try:
        return main() or 0
    except KeyboardInterrupt:
        end_all()
        print(f"interrupted; {interrupted}", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _is_unread():
            return 141  # what shells report for a program that SIGPIPE ended
        end_all()
        if debug() if debug else os.environ.get("DEEPHAR_DEBUG"):
            raise
        if not is_for_user(error):
            show_fault(error, name)
            return 1
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"{name}: error: {renamed(message, options or {})}", file=sys.stderr)
        if hint:
            print(hint, file=sys.stderr)
        return 2
    finally:
        if takes_signals:
            signal.signal(signal.SIGTERM, before)


def _is_unread():
    """Whether nobody reads the output any more, such as `head`; if so, it is silent from now on, also at the end."""
    try:
        print(flush=True)  # what was to be written may be dropped already
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def follow_parent() -> None:
    """Make a worker process leave Ctrl-C to its parent, and end when the parent is gone, however that ended.

    Without it, the workers of a pool whose parent is killed wait for jobs for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
