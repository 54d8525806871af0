"""How a command ends: its exit status, and one line on the error stream for what the user got wrong."""

import os
import signal
import sys

USER_ERRORS = (ValueError, TypeError, OSError, ImportError, FloatingPointError)


def exit_status(main, name, interrupted="nothing half-written is left behind", debug=None, hint=""):
    """Call `main` and return the exit status: its own or 0; 2 after a user error; 130 after Ctrl-C or SIGTERM.

    Args:
        main: function without arguments.
        name: of the program, for the error line.
        interrupted: what the user should know after Ctrl-C.
        debug: function that tells whether an error is raised with its traceback instead; None: whether the environment
            variable DEEPHAR_DEBUG is set.
        hint: a second line after an error.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that temporary files are removed
    try:
        return main() or 0
    except KeyboardInterrupt:
        print(f"interrupted; {interrupted}", file=sys.stderr)
        return 130
    except USER_ERRORS as error:
        if debug() if debug else os.environ.get("DEEPHAR_DEBUG"):
            raise
        print(f"{name}: error: {' '.join(str(error).split()) or type(error).__name__}", file=sys.stderr)
        if hint:
            print(hint, file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGTERM, before)
