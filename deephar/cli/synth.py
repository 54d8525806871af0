"""`deephar synth`: render a synthetic data set in the on-disk format of a public one, or as folders of videos."""

import argparse
import os
import pathlib

from deephar.cli.arguments import count, positive

OPTION_OF = {  # argument of a function, as its errors name it -> option of the command
    "format": "--format",
    "out": "--out",
    "train": "--train",
    "test": "--test",
    "size": "--size",
    "folder": "--background",
    "background": "--background",
    "seed": "--seed",
    "workers": "--workers",
    "actions": "--actions",
    "classes": "--classes",
    "fps": "--fps",
}
OF_VIDEOS = ("actions", "classes", "fps")  # options of --format videos


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "synth",
        help="render a synthetic data set",
        description="Render people in the on-disk format of a public data set. A stopped run continues where it was.",
    )
    command.add_argument("--format", choices=("mpii", "penn", "h36m", "ntu", "lsp", "flic", "videos"), required=True)
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, required=True)
    what = "images (mpii, lsp, flic), videos (penn), performances before four or three cameras (h36m, ntu) or videos "
    what += "of a class (videos)"
    command.add_argument("--train", metavar="N", type=positive, help=f"training {what}")
    command.add_argument("--test", metavar="N", type=positive, help="the same for the test; not for lsp")
    command.add_argument("--size", metavar=("W", "H"), type=positive, nargs=2, help="size of all images in pixels")
    command.add_argument("--background", metavar="FOLDER", type=pathlib.Path, help="own images for the background")
    command.add_argument("--seed", metavar="N", type=count, default=0)
    command.add_argument("--workers", metavar="N", type=positive, default=os.cpu_count() or 1, help="processes")
    add = command.add_argument_group("class-named folders of videos (--format videos)").add_argument
    add("--actions", choices=("penn", "ntu", "h36m"), help="whose motions; default penn")
    add("--classes", metavar="[FOLDER=]ACTION", nargs="+", help="which of them; default: all that are performed")
    add("--fps", metavar="F", type=float, help="frames a second; default 30")
    return command


def run(arguments: argparse.Namespace) -> None:
    """Run the command with its parsed arguments."""
    from deephar.inference.export import output_folder
    from deephar.synthetic.writers import synthesise

    out, names = output_folder(arguments.out), ("train", "test", "size", "seed", "workers", "background", *OF_VIDEOS)
    print(synthesise(arguments.format, out, **{name: getattr(arguments, name) for name in names}))
