"""The command `deephar`: predict, synth, models, demo.

What the user got wrong ends in one line on stderr and exit status 2, without a traceback (`--debug` shows it); Ctrl-C
ends with status 130. Keras is only imported by the commands that run a network.
"""

import argparse
import os
import pathlib

from deephar import __version__
from deephar.program import exit_status

EPILOG = """examples:
  deephar predict photo.jpg --out results
  deephar predict video.mp4 --model spnet-small-2d --out results --box 120,40,360,420
  deephar synth --format mpii --out data/mpii --train 200 --test 50
  deephar demo --out demo
"""


def main(argv=None):
    """Run the command line; return the exit status.

    Args:
        argv: arguments without the program's name; None: those of the process.
    """
    arguments = build_parser().parse_args(argv)
    return exit_status(lambda: arguments.run(arguments), "deephar", debug=lambda: arguments.debug)


def build_parser():
    """The `argparse.ArgumentParser` of the command."""
    parser = argparse.ArgumentParser(
        prog="deephar",
        description="Human poses and actions from pictures and video.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deephar {__version__}")
    parser.set_defaults(run=lambda arguments: parser.print_help(), debug=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_add_predict, _add_synth, _add_models, _add_demo):
        command = add(commands)
        command.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    return parser


def _add_predict(commands):
    command = commands.add_parser(
        "predict",
        help="predict pose and action in a picture, a folder of pictures or a video",
        description="Write NAME_prediction.json with named joints in pixels, and an overlay picture or video.",
    )
    command.add_argument("source", metavar="PICTURE|FOLDER|VIDEO", type=pathlib.Path)
    command.add_argument("--model", metavar="NAME|PATH", help="see `deephar models`; default: the one that ships")
    command.add_argument("--weights", metavar="FILE", type=pathlib.Path, help="weights to load instead of its own")
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, required=True, help="where the results go")
    command.add_argument("--box", metavar="X1,Y1,X2,Y2", type=_box, help="the person, in pixels; default: look for one")
    rounds = command.add_mutually_exclusive_group()
    rounds.add_argument(
        "--refine", metavar="N", type=_positive, default=1, help="look N times for a better box; default 1"
    )
    rounds.add_argument("--no-refine", action="store_true", help="keep the first crop: the box or the whole frame")
    command.add_argument("--flip", action="store_true", help="also run the mirrored crop and average; twice the time")
    command.add_argument("--subsampling", metavar="N", type=_positive, help="a clip takes every N-th frame of a video")
    command.add_argument(
        "--height", metavar="MM", type=_positive, help="the person's, for 3D poses in mm; default 1700"
    )
    command.add_argument("--overlay", action=argparse.BooleanOptionalAction, default=True, help="draw the overlay")
    command.set_defaults(run=_predict)
    return command


def _add_synth(commands):
    command = commands.add_parser(
        "synth",
        help="render a synthetic data set",
        description="Render people in the on-disk format of a public data set. A stopped run continues where it was.",
    )
    command.add_argument("--format", choices=("mpii", "penn", "h36m", "ntu", "lsp"), required=True)
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, required=True)
    what = "pictures (mpii, lsp), videos (penn) or performances before four or three cameras (h36m, ntu)"
    command.add_argument("--train", metavar="N", type=_positive, help=f"training {what}")
    command.add_argument("--test", metavar="N", type=_positive, help="the same for the test; not for lsp")
    command.add_argument("--size", metavar=("W", "H"), type=_positive, nargs=2, help="size of all pictures in pixels")
    command.add_argument("--background", metavar="FOLDER", type=pathlib.Path, help="own pictures for the background")
    command.add_argument("--seed", metavar="N", type=_count, default=0)
    command.add_argument("--workers", metavar="N", type=_positive, default=os.cpu_count() or 1, help="processes")
    command.set_defaults(run=_synth)
    return command


def _add_models(commands):
    command = commands.add_parser("models", help="list the registered models")
    command.set_defaults(run=_models)
    return command


def _add_demo(commands):
    command = commands.add_parser(
        "demo",
        help="render, evaluate and predict, in under three minutes",
        description="Render a small synthetic world, score the shipped network on it, predict on what it never saw.",
    )
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, default=pathlib.Path("demo"))
    command.add_argument("--model", metavar="NAME|PATH", help="default: the one that ships")
    command.set_defaults(run=_demo)
    return command


def _predict(arguments):
    from deephar.inference.command import predict_source

    return predict_source(arguments)


def _synth(arguments):
    from deephar.inference.export import output_folder
    from deephar.synthetic.writers import synthesise

    out, names = output_folder(arguments.out), ("train", "test", "size", "seed", "workers", "background")
    print(synthesise(arguments.format, out, **{name: getattr(arguments, name) for name in names}))


def _models(arguments):
    from deephar.inference.quiet import quiet_keras

    quiet_keras()
    from deephar.evaluation import table
    from deephar.models.cards import MODELS

    rows = []
    for card in MODELS.values():
        size = " x ".join(str(n) for n in card.input_shape[:-1])
        actions = "+".join(str(n) for n in card.num_actions) or "-"
        rows.append([card.name, size, actions, "yes" if card.ships else "no", card.score])
    print(table(["name", "input", "actions", "ships", "score"], rows, left=(0, 4)))


def _demo(arguments):
    from deephar.demo import run_demo

    run_demo(arguments.out, arguments.model)


def _box(text):
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4:
        raise argparse.ArgumentTypeError(f"must be x1,y1,x2,y2 in pixels. Received: {text}")
    return values


def _count(text, least=0):
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}. Received: {text}")
    return int(text)


def _positive(text):
    return _count(text, least=1)
