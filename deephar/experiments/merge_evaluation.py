"""Evaluation of the merged action networks of CVPR'18: accuracy of all outputs, one clip and all clips of a video."""

import argparse
import functools
import pathlib
from collections.abc import Callable

from deephar.config import DataConfig
from deephar.data.samples import Dataset
from deephar.experiments import action_evaluation, merge_training, networks, options
from deephar.utils.io import write_json

SUBSAMPLING = 2


def make_parser(doc: str, default_out: str | pathlib.Path, network: str) -> argparse.ArgumentParser:
    """Return a parser with the options of these evaluations; arguments as for `options.make_parser`."""
    parser = options.make_parser(doc, default_out, network)
    options.add_boxes(parser)
    parser.add_argument("--subsampling", metavar="N", type=options.positive, default=SUBSAMPLING, help="of a clip")
    parser.add_argument("--limit", type=options.positive, help="so many videos, evenly spaced")
    parser.add_argument("--batch", type=options.positive, default=2, help="clips for the network at once")
    return parser


def evaluate(
    arguments: argparse.Namespace,
    about: action_evaluation.ActionSet,
    network: dict,
    reader: Callable[..., Dataset],
    file_name: str,
) -> None:
    """Print accuracy, write OUT/`file_name` and the confusion matrix.

    Args:
        arguments: argparse.Namespace. The command line.
        about: `action_evaluation.ActionSet`.
        network: dict of the merged network, for --tiny, see `merge_training.build`.
        reader: function (dataconf, **options of a data set of videos) -> data set.
        file_name: str. Name of the report.

    Raises:
        ValueError: the network is of another kind.
    """
    from deephar.drawing.plots import plot_confusion
    from deephar.models.signature import describe, signature_of

    tiny = functools.partial(merge_training.build_tiny, network)
    model, scored = networks.load(arguments, tiny)
    signature = signature_of(model)
    names = [signature.outputs[k].block for k in signature.action_outputs]
    if not signature.num_frames or not names:
        raise ValueError(f"`--weights` must be of a network of clips with actions. Received: {describe(signature)}")
    dataconf = DataConfig.for_input(signature.frame, fixed_subsampling=arguments.subsampling)
    reader = functools.partial(reader, dataconf, clip_size=signature.num_frames)
    shared = (arguments.boxes, arguments.limit, arguments.batch, names)
    found = action_evaluation.evaluate(about, model, reader, *shared)
    write_json(arguments.out / file_name, {**scored, "outputs": names, **found})
    title = f"{about.title}, multi-clip: {100 * found['multi_clip'][-1]:.1f} % of {found['videos']} videos"
    plot_confusion(found["confusion"], found["actions"], arguments.out / "confusion.png", title)
    print(f"results in {arguments.out / file_name}")
