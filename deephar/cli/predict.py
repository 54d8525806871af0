"""`deephar predict`: predict poses and actions of everyone in images, video and cameras."""

import argparse
import pathlib

from deephar.cli.arguments import box, camera, positive

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
    "detector": "--detector",
    "preset": "--detector",
    "boxes": "--boxes",
    "people": "--people",
    "labels": "--labels",
    "camera": "--camera",
    "root_depth_mm": "--root-depth",
    "show": "--show",
    "maps": "--maps",
    "engine": "--engine",
}


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "predict",
        help="predict the poses and actions of everyone in images, videos, folders, cameras",
        description="Write NAME_prediction.json with everyone's named joints in pixels and their actions in seconds, "
        "and an overlay image or video.",
    )
    command.add_argument(
        "source", metavar="SOURCE", nargs="+", help="images, videos, folders of them, a camera's number, URLs"
    )
    command.add_argument("--model", metavar="NAME|PATH", help="of `deephar models`, or a run folder; default: shipped")
    command.add_argument("--weights", metavar="FILE", type=pathlib.Path, help="weights to load instead of its own")
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, required=True, help="where the results go")
    command.add_argument("--box", metavar="X1,Y1,X2,Y2", type=box, help="of one person, px; in a video: at its start")
    command.add_argument("--boxes", metavar="FILE", type=pathlib.Path, help="of everyone: COCO JSON, CSV or MOT")
    text = "auto (the one that ships), dfine, a run, none (one person, anywhere)"
    command.add_argument("--detector", metavar="NAME", default="auto", help=text)
    command.add_argument("--people", metavar="N", type=positive, help="at most so many, the surest; default: everyone")
    command.add_argument("--recursive", action="store_true", help="look into the folders of folders")
    command.add_argument("--labels", metavar="FILE", type=pathlib.Path, help="a foreign network's names of actions")
    rounds = command.add_mutually_exclusive_group()
    rounds.add_argument(
        "--refine",
        metavar="N",
        type=positive,
        help="look N times for a better box; default: 1 from the detector's, 2 from the whole frame, none from --box",
    )
    rounds.add_argument("--no-refine", action="store_true", help="keep the first crop: the box or the whole frame")
    command.add_argument("--flip", action="store_true", help="also run the flipped crop and average; twice the time")
    command.add_argument("--subsampling", metavar="N", type=positive, help="a clip takes every N-th frame of a video")
    command.add_argument("--height", metavar="MM", type=positive, help="the person's, for 3D poses in mm; default 1700")
    command.add_argument("--camera", metavar="FX,FY,CX,CY", type=camera, help="of the camera, px, for 3D poses in mm")
    command.add_argument("--root-depth", metavar="MM", type=positive, help="the person's distance, with --camera")
    command.add_argument("--smooth", action="store_true", help="fill short gaps of videos and smooth their poses")
    text = "what runs the networks: keras, onnx, openvino, openvino-bfloat16 (in 16 bits); auto: the fastest as good"
    command.add_argument("--engine", metavar="NAME", default="keras", help=text)
    command.add_argument("--show", action="store_true", help="show videos and cameras in a window as they are seen")
    text = "of images, draw the maps too that the network read the joints from"
    command.add_argument("--maps", action="store_true", help=text)
    command.add_argument("--overlay", action=argparse.BooleanOptionalAction, default=True, help="draw the overlay")
    return command


def run(arguments: argparse.Namespace) -> int:
    """Run the command with its parsed arguments; return the exit status."""
    from deephar.utils.progress import busy

    with busy("starting Keras"):
        from deephar.inference.command import predict_source

    return predict_source(arguments)
