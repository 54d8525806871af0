"""`deephar report`: a page to look at results and trainings; needs no Keras."""

import argparse
import pathlib

OPTION_OF = {"path": "PLACE", "places": "PLACE", "out": "--out", "limit_mb": "--embed-limit"}


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "report",
        help="write an HTML page of results and trainings",
        description="Write one HTML file that needs no network: of results the images and videos with their people, "
        "poses in 3D, confidences and actions; of a run folder the curves, settings and validation.",
    )
    text = "folders of results, documents NAME_prediction.json or .jsonl, run folders"
    command.add_argument("places", metavar="PLACE", type=pathlib.Path, nargs="+", help=text)
    command.add_argument("--out", metavar="FILE.html", type=pathlib.Path, help="default: report.html in PLACE")
    text = "megabytes of images and videos in the page at most; what does not fit is linked; default 60"
    command.add_argument("--embed-limit", metavar="MB", type=float, help=text)
    return command


def run(arguments: argparse.Namespace) -> int:
    """Run the command with its parsed arguments; return the exit status."""
    import sys

    from deephar.report import write_report
    from deephar.utils.io import sizeof_fmt

    path, left_out = write_report(arguments.places, arguments.out, arguments.embed_limit)
    for line in left_out:
        print(f"deephar: left out: {line}", file=sys.stderr)
    print(f"{path} ({sizeof_fmt(path.stat().st_size)})")
    return 2 if left_out else 0
