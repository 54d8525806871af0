"""The command `deephar`: predict, convert, export, report, synth, models, demo.

A user's mistake ends in one line on stderr and exit status 2, without a traceback (`--debug` shows it); Ctrl-C ends
with status 130. Only the commands that run a network import Keras.
"""

import argparse
from collections.abc import Sequence

from deephar import __version__
from deephar.cli import convert, demo, export, models, predict, report, synth

EPILOG = """examples:
  deephar predict photo.jpg --out results
  deephar predict video.mp4 --model spnet-2d --out results --box 120,40,360,420
  deephar convert results --format coco
  deephar export spnet-2d --format onnx --out exported
  deephar report results
  deephar synth --format mpii --out data/mpii --train 200 --test 50
  deephar demo --out demo
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: list of str. Arguments without the program's name; None: those of the process.

    Returns:
        The exit status.

    Raises:
        SystemExit: after `--help`, `--version`, or arguments that cannot be parsed.
    """
    arguments = build_parser().parse_args(argv)
    from deephar.utils.processes import exit_status

    return exit_status(
        lambda: arguments.run(arguments),
        "deephar",
        debug=lambda: arguments.debug,
        options=arguments.option_of,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and all of its subcommands."""
    parser = argparse.ArgumentParser(
        prog="deephar",
        description="Human poses and actions from images and video.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deephar {__version__}")
    parser.set_defaults(run=lambda arguments: parser.print_help(), debug=False, option_of={})
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (predict, convert, export, report, synth, models, demo):
        command = module.add_command(commands)
        command.set_defaults(run=module.run, option_of=module.OPTION_OF)
        command.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    return parser
