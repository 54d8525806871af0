"""`deephar convert`: results in the formats of other tools; needs no Keras."""

import argparse
import importlib
import pathlib

OPTION_OF = {"path": "RESULTS", "out": "--out", "results": "RESULTS", "result": "RESULTS"}
FORMATS = {  # name: the function of {name: `Result`} and a folder that writes it and returns the paths; what it is
    "csv": (
        "deephar.inference.formats.write_csv",
        "two tables a source, NAME_people.csv, a row a person and frame, and NAME_actions.csv, a row a segment",
    ),
    "coco": (
        "deephar.inference.formats.write_coco",
        "one file of all sources, coco.json, with the keypoints of every frame",
    ),
    "bvh": (
        "deephar.inference.bvh.write_bvh",
        "a moving skeleton a person, NAME_ID.bvh, for Blender and other animation programs, of a 3D network",
    ),
}


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    about = "; ".join(f"{name}: {text}" for name, (_, text) in FORMATS.items())
    command = commands.add_parser(
        "convert",
        help="write results as tables, COCO keypoints or BVH motions",
        description=f"Write what `deephar predict` found in the format of other tools. {about}.",
    )
    text = "folders of results, or documents NAME_prediction.json or .jsonl"
    command.add_argument("results", metavar="RESULTS", type=pathlib.Path, nargs="+", help=text)
    command.add_argument("--format", choices=tuple(FORMATS), required=True)
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, help="where the files go; default: beside RESULTS")
    text = "fill short gaps of videos and smooth the poses over time, as `deephar predict --smooth`"
    command.add_argument("--smooth", action="store_true", help=text)
    return command


def run(arguments: argparse.Namespace) -> None:
    """Run the command with its parsed arguments."""
    from deephar.inference.result_files import documents_in
    from deephar.inference.results import read
    from deephar.inference.smoothing import smooth
    from deephar.utils.progress import progress

    paths = documents_in(arguments.results)
    first = arguments.results[0]
    out = arguments.out or (first if first.is_dir() else first.parent)
    named = {name: read(path) for name, path in progress(paths.items(), len(paths), "documents")}
    if arguments.smooth:
        named = {name: smooth(result) for name, result in progress(named.items(), len(named), "smooth")}
    out.mkdir(parents=True, exist_ok=True)
    module, _, function = FORMATS[arguments.format][0].rpartition(".")
    for path in getattr(importlib.import_module(module), function)(named, out):
        print(path)
    unfinished = [name for name, result in named.items() if not result.complete]
    if unfinished:
        print(f"not complete, of what there is: {', '.join(unfinished)}")
