"""What `deephar predict` does: find out what the source is, predict, write the files, say where they are."""

import collections
import pathlib
import sys

from deephar.inference.boxes import check_box
from deephar.inference.export import action_words, output_folder, save_image, save_video
from deephar.inference.millimetres import HEIGHT_MM
from deephar.inference.predictor import Predictor, images_in
from deephar.inference.quiet import quiet_keras
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils.images import is_animation, read_image


def predict_source(arguments):
    """Predict on `arguments.source` and write to `arguments.out`; return the exit status.

    Args:
        arguments: source, model, weights, out, box, refine, no_refine, flip, subsampling, height, overlay.

    Returns:
        0, or 2 where some images of a folder could not be read (the others are written).
    """
    kind = kind_of_source(arguments.source)
    if arguments.box is not None:
        _check_box_early(arguments, kind)
    output_folder(arguments.out)
    quiet_keras()
    predictor = Predictor(
        arguments.model or DEFAULT_MODEL,
        weights=arguments.weights,
        refine=0 if arguments.no_refine else arguments.refine,
        subsampling=arguments.subsampling,
        flip=arguments.flip,
        height_mm=arguments.height or HEIGHT_MM,
    )
    run = {"folder": _predict_folder, "image": _predict_image, "video": _predict_video}[kind]
    return run(predictor, arguments)


def kind_of_source(path):
    """'folder', 'image' or 'video'; an animated image (GIF, WebP, APNG) is a video, one with pages or previews is not.

    Raises:
        FileNotFoundError: nothing there.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        images_in(path)
        return "folder"
    if not path.exists():
        kinds = "an image, a folder of images or a video"
        raise FileNotFoundError(f"`source` must be {kinds}. Received: {path}, which does not exist")
    return "image" if is_animation(path) is False else "video"


def _check_box_early(arguments, kind):
    """A bad box is found before the network is loaded."""
    if kind == "folder":
        raise ValueError(f"`box` must not be given for a folder of images. Received: {arguments.box}")
    if kind == "image":
        pixels = read_image(arguments.source)
        check_box(arguments.box, (pixels.shape[1], pixels.shape[0]))


def _predict_image(predictor, arguments):
    result = predictor.predict_image(arguments.source, arguments.box)
    _report(save_image(result, arguments.out, predictor.layout, arguments.overlay))
    return 0


def _predict_video(predictor, arguments):
    result = predictor.predict_video(arguments.source, arguments.box)
    if result.action:
        print(f"action: {action_words(result.action)}")
    _report(save_video(result, arguments.out, predictor.layout, arguments.overlay))
    return 0


def _predict_folder(predictor, arguments):
    """Images one by one; those that cannot be read are named at the end and the others written."""
    paths = images_in(arguments.source)
    stems = collections.Counter(path.stem for path in paths)
    failures = []
    for path, result in zip(paths, predictor.predict_folder(arguments.source), strict=True):
        if isinstance(result, Exception):
            failures.append(result)
            continue
        name = path.stem if stems[path.stem] == 1 else path.name
        save_image(result, arguments.out, predictor.layout, arguments.overlay, name)
    print(f"{len(paths) - len(failures)} of {len(paths)} images: predictions in {arguments.out}")
    for failure in failures:
        print(f"deephar: error: {failure}", file=sys.stderr)
    return 2 if failures else 0


def _report(written):
    for path in written:
        print(path)
