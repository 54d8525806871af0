"""Predictions as files: JSON, overlay images and overlay video, each written whole or not at all."""

import pathlib
import tempfile

import numpy as np
from PIL import Image

from deephar.drawing.skeleton import draw_box, draw_label, draw_pose
from deephar.drawing.views import pose_views
from deephar.inference.video import VideoReader, VideoWriter
from deephar.utils.images import read_image, rgb_array
from deephar.utils.io import atomic_path, write_json
from deephar.utils.progress import progress as progress_bar

DRAWN_CONFIDENCE = 0.5
GRID_MM = 500


def output_folder(path):
    """Make the folder `path` where needed and make sure that files can be written there.

    Raises:
        ValueError: it cannot be made or written to; names it.
    """
    path = pathlib.Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"`out` must be a folder that can be written to. Received: {path} ({reason})") from error
    return path


def save_image(result, folder, layout, overlay=True, name=None, image=None):
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.png for a `ImageResult`.

    Args:
        result: the prediction.
        folder: an existing folder.
        layout: joint layout, for the skeleton.
        name: NAME; None: the source's without its suffix.
        image: what `predict_image` took; None reads the source again, for which it must have been a file.

    Returns:
        List of the paths written.
    """
    folder = pathlib.Path(folder)
    name = name or pathlib.Path(result.source or "image").stem
    written = [folder / f"{name}_prediction.json"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}_overlay.png")
        image = read_image(result.source if image is None else image)
        with atomic_path(written[1]) as temporary:
            Image.fromarray(draw_person(image, result.pose, layout)).save(temporary, format="PNG")
    return written


def save_video(result, folder, layout, overlay=True, name=None, progress=True):
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.mp4 for a `VideoResult`; it reads the source again.

    The overlay names the video's action with its probability. Args and return value as `save_image`.
    """
    folder = pathlib.Path(folder)
    name = name or pathlib.Path(result.source).stem
    written = [folder / f"{name}_prediction.json"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}_overlay.mp4")
        label = action_words(result.action) if result.action else ""
        with VideoReader(result.source) as video, atomic_path(written[1]) as temporary:
            pairs = zip(video, result.poses, strict=True)
            with VideoWriter(temporary, result.fps) as writer:
                for frame, pose in progress_bar(pairs, len(result.poses), f"draw {name}") if progress else pairs:
                    writer.add(draw_person(frame, pose, layout, label))
    return written


def draw_person(image, pose, layout, label=""):
    """A copy of `image`, uint8 (H, W, 3), with box, skeleton and label of a `PoseResult`.

    Beside it, for a 3D pose, the skeleton as the camera sees it and from the right, on a grid of half metres: the
    image is then wider.
    """
    image = rgb_array(image)
    height, width = image.shape[:2]
    if pose.box[2] - pose.box[0] < width or pose.box[3] - pose.box[1] < height:
        image = draw_box(image, pose.box, width=max(1, round(min(width, height) / 300)))
    image = draw_pose(image, pose.pose_px[:, :2], layout, np.asarray(pose.confidence), DRAWN_CONFIDENCE)
    image = draw_label(image, label) if label else image
    return image if pose.pose_mm is None else np.concatenate([image, side_views(pose, layout, height)], axis=1)


def side_views(pose, layout, height):
    """The 3D pose of a `PoseResult` as the camera sees it and from the right, one below the other: `height` px high."""
    captions, shown = ("as seen", "from the right"), np.asarray(pose.confidence)
    views = [
        pose_views(pose.pose_mm, layout, (angle,), side, GRID_MM, shown, DRAWN_CONFIDENCE, (caption,), pad=0)
        for angle, side, caption in zip((0, 90), (height - height // 2, height // 2), captions, strict=True)
    ]
    wide = views[0].shape[1]
    return np.concatenate([np.pad(v, ((0, 0), (0, wide - v.shape[1]), (0, 0)), "edge") for v in views])


def action_words(action):
    """'golf swing 0.93' for an `ActionResult` or `ActionScores`."""
    return f"{action.name.replace('_', ' ')} {action.probability:.2f}"
