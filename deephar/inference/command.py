"""What `deephar predict` does: find out what the source is, predict, write the files, say where they are."""

import argparse
import collections
import pathlib
import sys

from deephar.inference.boxes import check_box
from deephar.inference.export import action_words, free_name, output_folder, save_image, save_video
from deephar.inference.millimetres import HEIGHT_MM
from deephar.inference.predictor import Predictor, images_in
from deephar.inference.quiet import quiet_keras
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils.images import is_animation, read_image


def predict_source(arguments: argparse.Namespace) -> int:
    """Predict on `arguments.source` and write to `arguments.out`; return the exit status.

    Args:
        arguments: argparse.Namespace with source, model, weights, out, box, refine, no_refine, flip, subsampling,
            height and overlay, as `deephar.cli.predict` parses them.

    Returns:
        0, or 2 where some images of a folder or some frames of a video could not be read (the others are written).

    Raises:
        FileNotFoundError, ValueError: as `kind_of_source`, `output_folder` and `Predictor`.
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


def kind_of_source(path: str | pathlib.Path) -> str:
    """Return 'folder', 'image' or 'video'.

    An animated image (GIF, WebP, APNG) is a video, one with pages or previews is not.

    Raises:
        FileNotFoundError: there is no such file, or no image in the folder.
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
    """Refuse a bad box before the network is loaded."""
    if kind == "folder":
        raise ValueError(f"`box` must not be given for a folder of images. Received: {arguments.box}")
    if kind == "image":
        pixels = read_image(arguments.source)
        check_box(arguments.box, (pixels.shape[1], pixels.shape[0]))


def _predict_image(predictor, arguments):
    result = predictor.predict_image(arguments.source, arguments.box)
    name = _choose_name(result, arguments)
    _report(save_image(result, arguments.out, predictor.layout, arguments.overlay, name))
    return 0


def _predict_video(predictor, arguments):
    result = predictor.predict_video(arguments.source, arguments.box)
    if result.action:
        print(f"action: {action_words(result.action)}")
    name = _choose_name(result, arguments)
    _report(save_video(result, arguments.out, predictor.layout, arguments.overlay, name))
    for problem in result.problems:
        print(f"deephar: {arguments.source}: {problem}", file=sys.stderr)
    return 0 if result.complete else 2


def _predict_folder(predictor, arguments):
    """Predict images one by one; those that cannot be read are named at the end and the others are written."""
    paths = images_in(arguments.source)
    stems = collections.Counter(path.stem for path in paths)
    failures = []
    for path, result in zip(paths, predictor.predict_folder(arguments.source), strict=True):
        if isinstance(result, Exception):
            failures.append(result)
            continue
        name = _choose_name(result, arguments, path.stem if stems[path.stem] == 1 else path.name)
        save_image(result, arguments.out, predictor.layout, arguments.overlay, name)
    print(f"{len(paths) - len(failures)} of {len(paths)} images: predictions in {arguments.out}")
    for failure in failures:
        print(f"deephar: error: {failure}", file=sys.stderr)
    return 2 if failures else 0


def _choose_name(result, arguments, name=None):
    """Return the name of a result's files; print it where another result has the wanted one."""
    wanted = name or arguments.source.stem
    name = free_name(result, arguments.out, wanted)
    if name != wanted:
        print(f"{wanted}_prediction.json in {arguments.out} is of another source or model and is kept; this is {name}")
    return name


def _report(written):
    for path in written:
        print(path)
