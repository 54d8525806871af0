"""Boxes around the person in every frame of annotated videos, from the poses of a network on the whole frame."""

import argparse
import json
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deephar.config import DataConfig
from deephar.data.samples import Dataset
from deephar.experiments import options
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.io import write_json
from deephar.utils.pose import PoseLayout

if TYPE_CHECKING:
    import keras

PARTS = {"test": TEST_MODE, "training": TRAIN_MODE, "validation": VALID_MODE}
BOX_SCALE = 1.5
SAVE_EVERY = 50_000  # frames


def part_names(text: str) -> list[str]:
    """Return 'test,training' as a list of known parts."""
    names = text.split(",")
    if not set(names) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"must be some of {','.join(PARTS)}. Received: {text}")
    return names


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `main` to a parser."""
    parser.add_argument("--batch", type=options.positive, default=16)
    parser.add_argument("--parts", type=part_names, default=list(PARTS), metavar=",".join(PARTS), help="default: all")


def predict_boxes(
    model: "keras.Model", dataset: Dataset, mode: int, keys: Sequence[int], batch_size: int, label: str = "frames"
) -> dict[str, list[int]]:
    """Return the boxes of frames, {name of the frame: [x1, y1, x2, y2]}, px; the whole frame where nobody is seen.

    Args:
        model: keras.Model. Pose network for images.
        dataset: `Dataset` of annotated videos, with topology 'frames' and without boxes of its own.
        mode, keys: int and list of int. Split, and numbers of its frames.
        batch_size: int. Images for the network at once.
        label: str. Label of the progress bar.
    """
    from deephar.evaluation.batches import forward_samples, sample_batches
    from deephar.experiments.generic import get_bbox_from_poses
    from deephar.inference.decode import decode
    from deephar.models.signature import signature_of

    boxes, signature = {}, signature_of(model)
    for samples in sample_batches(dataset, mode, keys, batch_size, label=label):
        points, confidence = decode(forward_samples(model, signature, samples, batch_size), signature)
        poses = np.concatenate([points, confidence[..., None]], axis=-1)  # (n, J, D + 1)
        for sample, pose in zip(samples, poses, strict=True):
            try:
                box = get_bbox_from_poses(pose[None], sample["afmat"], scale=BOX_SCALE)
            except ValueError:
                box = sample["bbox"]
            name = dataset.box_name(mode, sample["seq_idx"], sample["frame_list"][0])
            boxes[name] = np.asarray(box).astype(int).tolist()
    return boxes


def predict_part(
    model: "keras.Model", dataset: Dataset, mode: int, batch_size: int, path: pathlib.Path, resume: bool, label: str
) -> dict[str, list[int]]:
    """Return the boxes of all frames of a split, saved to `path` now and then; `resume` keeps those that are there."""
    boxes = json.loads(path.read_text(encoding="utf-8")) if resume and path.is_file() else {}
    keys = range(len(boxes), dataset.get_length(mode))
    for start in range(0, len(keys), SAVE_EVERY):
        boxes.update(predict_boxes(model, dataset, mode, keys[start : start + SAVE_EVERY], batch_size, label))
        write_json(path, boxes)
    return boxes


def image_model(model: "keras.Model") -> "tuple[keras.Model | None, PoseLayout, DataConfig]":
    """Return a network for single images, its joint layout, and how images are cropped for it, without augmentation."""
    from deephar.models import image_view, signature_of

    signature = signature_of(model)
    return image_view(model), signature.layout, DataConfig.for_input(signature.frame, hflips=[0], chpower=[1])


def write_boxes(arguments: argparse.Namespace, model: "keras.Model", dataset: Dataset, file_name: str) -> None:
    """Write OUT/`file_name`: a list of three dicts, test, training, validation; parts that are not asked for are empty.

    Args:
        arguments: argparse.Namespace. The command line.
        model: keras.Model. Pose network for images.
        dataset: `Dataset`, as for `predict_boxes`.
    """
    parts, files = {name: {} for name in PARTS}, {}
    for name in arguments.parts:
        files[name] = arguments.out / f"part_{name}_{file_name}"
        options_ = (arguments.batch, files[name], arguments.resume, f"{name} frames")
        parts[name] = predict_part(model, dataset, PARTS[name], *options_)
    write_json(arguments.out / file_name, list(parts.values()))
    for path in files.values():
        path.unlink(missing_ok=True)
    print(f"{sum(map(len, parts.values()))} boxes in {arguments.out / file_name}")
