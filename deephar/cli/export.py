"""`deephar export`: a network as SavedModel, ONNX, OpenVINO or LiteRT, to run without deephar."""

import argparse
import pathlib

from deephar.cli.arguments import positive

OPTION_OF = {
    "model": "MODEL",
    "name_or_path": "MODEL",
    "path": "MODEL",
    "weights": "--weights",
    "format": "--format",
    "precision": "--precision",
    "batch": "--batch",
    "folder": "--out",
    "images": "--images",
}
FORMATS = ("savedmodel", "onnx", "openvino", "litert")  # deephar.models.runtimes has them, and needs Keras


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "export",
        help="write a network as SavedModel, ONNX, OpenVINO or LiteRT",
        description="Write a network in a format that runs without deephar, and beside it a JSON file that says what "
        "it takes and gives. The file is kept only if it gives what the network gives.",
    )
    command.add_argument("model", metavar="MODEL", help="of `deephar models`, a run folder or a .keras file")
    command.add_argument("--format", choices=FORMATS, required=True)
    command.add_argument("--out", metavar="DIR", type=pathlib.Path, default=pathlib.Path(), help="default: here")
    command.add_argument("--weights", metavar="FILE", type=pathlib.Path, help="weights to load instead of its own")
    text = "float16: weights of half the size, openvino and litert; default: float32"
    command.add_argument("--precision", choices=("float32", "float16"), default="float32", help=text)
    text = "of a network of clips, the part that gives the poses of single images"
    command.add_argument("--images", action="store_true", help=text)
    command.add_argument("--batch", metavar="N", type=positive, help="size of the batch; default: any")
    return command


def run(arguments: argparse.Namespace) -> None:
    """Run the command with its parsed arguments."""
    from deephar.inference.quiet import quiet_keras, quiet_native

    quiet_keras()
    from deephar.inference.network import load_network
    from deephar.models.export import export_model, image_part
    from deephar.utils.progress import busy

    model, stamp = load_network(arguments.model, arguments.weights)
    model = image_part(model) if arguments.images else model
    name = pathlib.Path(stamp.name).name.removesuffix(".keras")
    with quiet_native() as shown, busy(f"writing {name} as {arguments.format} and comparing it", shown):
        found = export_model(model, arguments.out, name, arguments.format, arguments.precision, arguments.batch)
    for path in found.paths:
        print(path)
    print(f"largest difference from the network: {found.difference:.1e}")
