"""`deephar demo`: render, score and predict, as `deephar.experiments.demo` does."""

import pathlib


def add_command(commands):
    command = commands.add_parser(
        "demo",
        help="render, evaluate and predict, in under three minutes",
        description="Render a small synthetic world, score the shipped network on it, predict on what it never saw.",
    )
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, default=pathlib.Path("demo"))
    command.add_argument("--model", metavar="NAME|PATH", help="default: the one that ships")
    command.set_defaults(run=run)
    return command


def run(arguments):
    from deephar.experiments.demo import run_demo

    run_demo(arguments.out, arguments.model)
