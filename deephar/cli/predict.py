"""`deephar predict`: predict poses and actions in images and video."""

import argparse
import pathlib

from deephar.cli.arguments import box, positive

OPTION_OF = {  # argument of a function, as its errors name it -> option of the command
    "source": "SOURCE",
    "image": "SOURCE",
    "folder": "SOURCE",
    "path": "SOURCE",
    "model": "--model",
    "weights": "--weights",
    "out": "--out",
    "box": "--box",
    "refine": "--refine",
    "flip": "--flip",
    "subsampling": "--subsampling",
    "height_mm": "--height",
}


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "predict",
        help="predict pose and action in an image, a folder of images or a video",
        description="Write NAME_prediction.json with named joints in pixels, and an overlay image or video.",
    )
    command.add_argument("source", metavar="IMAGE|FOLDER|VIDEO", type=pathlib.Path)
    command.add_argument("--model", metavar="NAME|PATH", help="of `deephar models`, or a run folder; default: shipped")
    command.add_argument("--weights", metavar="FILE", type=pathlib.Path, help="weights to load instead of its own")
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, required=True, help="where the results go")
    command.add_argument("--box", metavar="X1,Y1,X2,Y2", type=box, help="the person, in pixels; default: look for one")
    rounds = command.add_mutually_exclusive_group()
    rounds.add_argument(
        "--refine",
        metavar="N",
        type=positive,
        help="look N times for a better box, from --box or the whole frame; default 2, or the given box as it is",
    )
    rounds.add_argument("--no-refine", action="store_true", help="keep the first crop: the box or the whole frame")
    command.add_argument("--flip", action="store_true", help="also run the flipped crop and average; twice the time")
    command.add_argument("--subsampling", metavar="N", type=positive, help="a clip takes every N-th frame of a video")
    command.add_argument("--height", metavar="MM", type=positive, help="the person's, for 3D poses in mm; default 1700")
    command.add_argument("--overlay", action=argparse.BooleanOptionalAction, default=True, help="draw the overlay")
    return command


def run(arguments: argparse.Namespace) -> int:
    """Run the command with its parsed arguments; return the exit status."""
    from deephar.inference.command import predict_source

    return predict_source(arguments)
