"""`deephar demo`: render, score and predict, as `deephar.experiments.demo` does."""

import argparse
import pathlib

OPTION_OF = {  # argument of a function, as its errors name it -> option of the command
    "out": "--out",
    "model": "--model",
    "name_or_path": "--model",
}


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "demo",
        help="render, evaluate and predict, in under three minutes",
        description="Render a small synthetic world, score the shipped network on it, predict on unseen data.",
    )
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, default=pathlib.Path("demo"))
    command.add_argument("--model", metavar="NAME|PATH", help="of MPII's 16 joints, or in 3D; default: those that ship")
    command.add_argument("--full", action="store_true", help="whole test sets, as the cards quote; longer")
    return command


def run(arguments: argparse.Namespace) -> None:
    """Run the command with its parsed arguments."""
    from deephar.utils.progress import busy

    with busy("starting Keras"):
        from deephar.experiments.demo import FULL, run_demo

    run_demo(arguments.out, arguments.model, FULL if arguments.full else None)
