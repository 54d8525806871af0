"""Evaluation of the merged action networks of CVPR'18: accuracy of all outputs, one clip and all clips of a video."""

import pathlib

from deephar.config import DataConfig
from deephar.experiments import action_evaluation, options
from deephar.utils.io import write_json

SUBSAMPLING = 2


def make_parser(doc, default_out):
    """A parser with the options of these evaluations."""
    parser = options.make_parser(doc, default_out)
    parser.add_argument("--boxes", metavar="FILE", type=pathlib.Path, help="of predict_bboxes.py; default: annotation")
    parser.add_argument("--subsampling", metavar="N", type=options.positive, default=SUBSAMPLING, help="of a clip")
    parser.add_argument("--limit", type=options.positive, help="so many videos, evenly spaced")
    parser.add_argument("--batch", type=options.positive, default=2, help="clips for the network at once")
    return parser


def load(arguments, published, network):
    """The network that --model or --weights names.

    Args:
        arguments: of the command line.
        published: name of the one that is taken by default.
        network: dict of the merged network; with --tiny and neither option, a small one of random weights.
    """
    from deephar.models.zoo import load_model

    if arguments.tiny and not (arguments.model or arguments.weights):
        from deephar.experiments import merge_training

        return merge_training.build(merge_training.tiny_network(network))[0]
    if arguments.weights and not arguments.model:
        return load_model(arguments.weights)
    return load_model(arguments.model or published, weights=arguments.weights)


def evaluate(arguments, about, model, reader, file_name):
    """Print accuracy, write OUT/`file_name` and the confusion matrix.

    Args:
        arguments: of the command line.
        about: `action_evaluation.ActionSet`.
        model: network of clips with action outputs.
        reader: function (dataconf, **options of a data set of videos) -> data set.
        file_name: of the report.

    Raises:
        ValueError: the network is of another kind.
    """
    from deephar.drawing.plots import plot_confusion
    from deephar.models.signature import describe, signature_of

    signature = signature_of(model)
    names = [signature.outputs[k].block for k in signature.action_outputs]
    if not signature.num_frames or not names:
        raise ValueError(f"`--weights` must be of a network of clips with actions. Received: {describe(signature)}")
    dataconf = DataConfig.for_input(signature.frame, fixed_subsampling=arguments.subsampling)
    boxes = None if arguments.boxes is None else str(arguments.boxes.resolve())
    dataset = reader(dataconf, use_gt_bbox=boxes is None, pred_bboxes_file=boxes, clip_size=signature.num_frames)
    where = arguments.boxes or "the annotation"
    report = {"model": arguments.model, "weights": arguments.weights, "outputs": names}
    found = action_evaluation.evaluate(about, model, dataset, where, arguments.limit, arguments.batch, names=names)
    write_json(arguments.out / file_name, {**report, **found})
    title = f"{about.title}, multi-clip: {100 * found['multi_clip'][-1]:.1f} % of {found['videos']} videos"
    plot_confusion(found["confusion"], found["actions"], arguments.out / "confusion.png", title)
    print(f"results in {arguments.out / file_name}")
