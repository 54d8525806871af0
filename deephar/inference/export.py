"""Predictions as files: JSON, overlay images and overlay video, each written whole or not at all."""

import itertools
import json
import pathlib
import tempfile

import numpy as np
from PIL import Image

from deephar.drawing.skeleton import draw_box, draw_label, draw_pose
from deephar.drawing.views import pose_views
from deephar.inference.results import ActionResult, ActionScores, ImageResult, PoseResult, VideoResult
from deephar.inference.video import VideoReader, VideoWriter
from deephar.utils.images import ImageSource, read_image, rgb_array
from deephar.utils.io import atomic_path, write_json
from deephar.utils.pose import PoseLayout
from deephar.utils.progress import progress as progress_bar

DRAWN_CONFIDENCE = 0.5
GRID_MM = 500


def output_folder(path: str | pathlib.Path) -> pathlib.Path:
    """Make a folder where needed, check that files can be written there, and return its path.

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


def free_name(result: ImageResult | VideoResult, folder: str | pathlib.Path, name: str | None = None) -> str:
    """Return a name for a result's files that overwrites no result of another source or model.

    Args:
        result: `ImageResult` or `VideoResult`.
        folder: str or Path.
        name: str, the wanted name; None: the source's without its suffix.

    Returns:
        `name` where no files have it, or only those of the same source and model; else NAME-2, NAME-3, ...
    """
    folder, name = pathlib.Path(folder), name or pathlib.Path(result.source or "image").stem
    tries = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(tried for tried in tries if _may_write(result, folder, tried))


def _may_write(result, folder, name):
    """Whether no result has this name in a folder, or one of the same source and model."""
    path = folder / f"{name}_prediction.json"
    if not path.exists():
        return not any((folder / f"{name}_overlay{suffix}").exists() for suffix in (".png", ".mp4"))
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return (stored["model"], _resolved(stored["source"])) == (result.model.to_dict(), _resolved(result.source))
    except (KeyError, TypeError, ValueError):
        return False  # not written by this package


def _resolved(source):
    return None if source is None else pathlib.Path(source).resolve()


def save_image(
    result: ImageResult,
    folder: str | pathlib.Path,
    layout: PoseLayout,
    overlay: bool = True,
    name: str | None = None,
    image: ImageSource | None = None,
) -> list[pathlib.Path]:
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.png for an image's prediction.

    Args:
        result: ImageResult.
        folder: str or Path. It must exist.
        layout: PoseLayout, for the skeleton.
        overlay: bool. Also draw the pose over the image.
        name: str, NAME, whose files are replaced; None: that of `free_name`.
        image: str, Path, `PIL.Image.Image` or array, as `predict_image` takes it; None: read the source again, which
            must then be a file.

    Returns:
        List of the paths written.

    Raises:
        FileNotFoundError: there is no such folder, or the source is gone.
        ValueError, TypeError: as `deephar.utils.images.read_image`.
    """
    folder = pathlib.Path(folder)
    name = name or free_name(result, folder)
    written = [folder / f"{name}_prediction.json"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}_overlay.png")
        image = read_image(result.source if image is None else image)
        with atomic_path(written[1]) as temporary:
            Image.fromarray(draw_person(image, result.pose, layout)).save(temporary, format="PNG")
    return written


def save_video(
    result: VideoResult,
    folder: str | pathlib.Path,
    layout: PoseLayout,
    overlay: bool = True,
    name: str | None = None,
    progress: bool = True,
) -> list[pathlib.Path]:
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.mp4 for a video's prediction.

    The overlay names the video's action with its probability; the source is read again for it.

    Args:
        result: VideoResult.
        folder, layout, overlay, name: as `save_image`.
        progress: bool. Show a bar on stderr while the overlay is drawn.

    Returns:
        List of the paths written.

    Raises:
        FileNotFoundError: there is no such folder, or the source is gone.
        ValueError: the source is no video any more, or has another number of frames.
    """
    folder = pathlib.Path(folder)
    name = name or free_name(result, folder)
    written = [folder / f"{name}_prediction.json"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}_overlay.mp4")
        label = action_words(result.action) if result.action else ""
        with VideoReader(result.source) as video, atomic_path(written[1]) as temporary:
            pairs = zip(video, result.poses, strict=True)
            with VideoWriter(temporary, result.fps, timed=not result.has_fixed_rate) as writer:
                for frame, pose in progress_bar(pairs, len(result.poses), f"draw {name}") if progress else pairs:
                    writer.add(draw_person(frame, pose, layout, label), video.time_s)
    return written


def draw_person(image: np.ndarray, pose: PoseResult, layout: PoseLayout, label: str = "") -> np.ndarray:
    """Return a copy of an image with box, skeleton and label drawn over it.

    A 3D pose is also drawn beside the image, as the camera sees it and from the right, on a grid of half metres.

    Args:
        image: array (H, W, 3) or (H, W), as `deephar.utils.images.rgb_array` takes it.
        pose: PoseResult.
        layout: PoseLayout of the pose.
        label: str. Written in the corner.

    Returns:
        uint8 (H, W, 3), wider than `image` for a 3D pose.

    Raises:
        ValueError, TypeError: as `rgb_array`.
    """
    image = rgb_array(image)
    height, width = image.shape[:2]
    if pose.box[2] - pose.box[0] < width or pose.box[3] - pose.box[1] < height:
        image = draw_box(image, pose.box, width=max(1, round(min(width, height) / 300)))
    image = draw_pose(image, pose.pose_px[:, :2], layout, np.asarray(pose.confidence), DRAWN_CONFIDENCE)
    image = draw_label(image, label) if label else image
    return image if pose.pose_mm is None else np.concatenate([image, side_views(pose, layout, height)], axis=1)


def side_views(pose: PoseResult, layout: PoseLayout, height: int) -> np.ndarray:
    """Return views of a 3D pose as the camera sees it and from the right, one below the other.

    Args:
        pose: PoseResult with `pose_mm`.
        layout: PoseLayout of the pose.
        height: int. Height of both views together in px.

    Returns:
        uint8 (height, W, 3).
    """
    captions, shown = ("as seen", "from the right"), np.asarray(pose.confidence)
    views = [
        pose_views(pose.pose_mm, layout, (angle,), side, GRID_MM, shown, DRAWN_CONFIDENCE, (caption,), pad=0)
        for angle, side, caption in zip((0, 90), (height - height // 2, height // 2), captions, strict=True)
    ]
    wide = views[0].shape[1]
    return np.concatenate([np.pad(v, ((0, 0), (0, wide - v.shape[1]), (0, 0)), "edge") for v in views])


def action_words(action: ActionResult | ActionScores) -> str:
    """Return an action and its probability as words: 'golf swing 0.93'."""
    return f"{action.name.replace('_', ' ')} {action.probability:.2f}"
