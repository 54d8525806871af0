"""Predictions as files: JSON, overlay images and overlay video, each written whole or not at all."""

import contextlib
import itertools
import json
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.drawing.skeleton import draw_box, draw_label, draw_pose
from deephar.drawing.timeline import draw_timeline
from deephar.drawing.views import pose_views
from deephar.inference.actions import Segment, action_words
from deephar.inference.result_files import DOCUMENT, LINES, MAPS_IMAGE, OVERLAY_IMAGE, OVERLAY_VIDEO
from deephar.inference.results import FrameResult, Head, PoseResult, Result
from deephar.inference.sound import add_sound
from deephar.inference.video import VideoReader, VideoWriter
from deephar.utils.images import ImageSource, read_image, rgb_array
from deephar.utils.io import atomic_path, temporary_name, write_json
from deephar.utils.pose import ABSENT, PoseLayout
from deephar.utils.progress import progress as progress_bar
from deephar.utils.video import require_av

if TYPE_CHECKING:
    from deephar.inference.network import PersonNetwork

DRAWN_CONFIDENCE = 0.5
GRID_MM = 500
BAR_S = 10.0  # that the bar of actions shows where the length of the video is not known


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


def free_name(head: Head, folder: str | pathlib.Path, name: str | None = None) -> str:
    """Return a name for a result's files that overwrites no result of another source or model.

    Args:
        head: `Head` of the result.
        folder: str or Path.
        name: str, the wanted name; None: the source's without its suffix.

    Returns:
        `name` where no files have it, or only those of the same source and model; else NAME-2, NAME-3, ...
    """
    folder, name = pathlib.Path(folder), name or pathlib.Path(head.source or "image").stem
    tries = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(tried for tried in tries if _may_write(head, folder, tried))


def _may_write(head, folder, name):
    """Whether no result has this name in a folder, or one of the same source and model."""
    paths = [path for path in (folder / f"{name}{DOCUMENT}", folder / f"{name}{LINES}") if path.exists()]
    if not paths:
        return not any((folder / f"{name}{end}").exists() for end in (OVERLAY_IMAGE, OVERLAY_VIDEO, MAPS_IMAGE))
    try:
        for path in paths:
            text = path.read_text(encoding="utf-8") if path.suffix == ".json" else _first_line(path)
            stored = json.loads(text)
            if (stored["model"], _resolved(stored["source"])) != (head.model.to_dict(), _resolved(head.source)):
                return False
        return True
    except (KeyError, TypeError, ValueError):
        return False  # not written by this package


def _first_line(path):
    with open(path, encoding="utf-8") as file:
        return file.readline()


def _resolved(source):
    return None if source is None else pathlib.Path(source).resolve()


def save_image(
    result: Result,
    folder: str | pathlib.Path,
    layout: PoseLayout,
    overlay: bool = True,
    name: str | None = None,
    image: ImageSource | None = None,
) -> list[pathlib.Path]:
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.png for an image's prediction.

    Args:
        result: `Result` of an image.
        folder: str or Path. It must exist.
        layout: PoseLayout, for the skeleton.
        overlay: bool. Also draw the poses over the image.
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
    name = name or free_name(result.head, folder)
    written = [folder / f"{name}{DOCUMENT}"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}{OVERLAY_IMAGE}")
        image = read_image(result.source if image is None else image)
        with atomic_path(written[1]) as temporary:
            Image.fromarray(draw_people(image, result.people, layout)).save(temporary, format="PNG")
    return written


def save_maps(
    network: "PersonNetwork",
    result: Result,
    folder: str | pathlib.Path,
    name: str,
    image: ImageSource | None = None,
) -> list[pathlib.Path]:
    """Write NAME_maps.png, the maps of everyone in an image's prediction; nobody: nothing.

    Args:
        image: as of `save_image`.

    Returns:
        List of the paths written.

    Raises:
        ValueError: as `deephar.inference.network.PersonNetwork.joint_maps`.
    """
    from deephar.inference.maps import maps_sheet

    path = pathlib.Path(folder) / f"{name}{MAPS_IMAGE}"
    if not result.people:
        return []
    image = read_image(result.source if image is None else image)
    sheet = maps_sheet(network, image, result.people)
    with atomic_path(path) as temporary:
        Image.fromarray(sheet).save(temporary, format="PNG")
    return [path]


def save_video(
    result: Result,
    folder: str | pathlib.Path,
    layout: PoseLayout,
    overlay: bool = True,
    name: str | None = None,
    progress: bool = True,
) -> list[pathlib.Path]:
    """Write NAME_prediction.json and, with `overlay`, NAME_overlay.mp4 for a video's prediction.

    Args:
        result: `Result` of a video, which is read again for the overlay.
        folder, layout, overlay, name: as `save_image`.
        progress: bool. Show a bar on stderr while the overlay is drawn.

    Returns:
        List of the paths written.

    Raises:
        FileNotFoundError: there is no such folder, or the source is gone.
        ValueError: the source is no video any more, or has another number of frames.
    """
    folder = pathlib.Path(folder)
    name = name or free_name(result.head, folder)
    written = [folder / f"{name}{DOCUMENT}"]
    write_json(written[0], result.to_dict())
    if overlay:
        written.append(folder / f"{name}{OVERLAY_VIDEO}")
        segments = {action.id: action.segments for action in result.actions}
        with VideoReader(result.source) as video, OverlayWriter(written[1], result.fps, layout, of=video) as writer:
            pairs = zip(video, result.frames, strict=True)
            for pixels, frame in progress_bar(pairs, len(result.frames), f"draw {name}") if progress else pairs:
                writer.add(frame, pixels, segments)
    return written


class OverlayWriter:
    """Writes a video with the people of each frame drawn on it; use it as a context manager.

    Args:
        path: Path. The file, which is there when it is whole.
        fps: float. Mean frames a second.
        layout: PoseLayout, for the skeletons.
        keep: bool. Keep the frames that were drawn, if any, where the `with` block is left by Ctrl-C.
        of: `VideoReader` or None. The video that is drawn on, whose sound is kept and whose length the bar of actions
            shows; None: no sound, and the bar shows the last BAR_S seconds.

    Attributes:
        problems: list of str. What could not be kept.
    """

    def __init__(
        self, path: pathlib.Path, fps: float, layout: PoseLayout, keep: bool = False, of: VideoReader | None = None
    ) -> None:
        self.path, self._fps, self._layout, self._keep, self._of = path, fps, layout, keep, of
        self._stack, self._count, self._last_s, self.problems = contextlib.ExitStack(), 0, 0.0, []
        self._length_s = of.num_frames / of.fps if of is not None and of.num_frames else None

    def __enter__(self) -> "OverlayWriter":
        temporary = self._stack.enter_context(atomic_path(self.path))
        self._stack.push(lambda kind, *_: None if kind else self._add_sound(temporary))
        self._video = self._stack.enter_context(VideoWriter(temporary, self._fps, timed=True))
        return self

    def _add_sound(self, path):
        """Put the sound of the source into the file that holds the frames."""
        if self._of is None or not self._count:
            return
        sounding, start_s = temporary_name(self.path), self._of.start_s
        try:
            if add_sound(path, self._of.path, sounding, start_s, start_s + self._last_s + 1 / self._fps):
                sounding.replace(path)
        except require_av().FFmpegError as error:
            self.problems.append(f"its sound is not in the overlay: {error}")
        finally:
            sounding.unlink(missing_ok=True)

    def add(
        self, frame: FrameResult, pixels: np.ndarray, segments: Mapping[int, Sequence[Segment]] = MappingProxyType({})
    ) -> np.ndarray:
        """Draw and write the next frame; return it.

        Args:
            frame: `FrameResult`.
            pixels: uint8 (H, W, 3).
            segments: of each person by id: what the person does when.
        """
        labels = {k: label for k, found in segments.items() if (label := _label_at(found, frame.time_s))}
        drawn = draw_people(self._with_bar(pixels, frame, segments), frame.people, self._layout, labels)
        self._video.add(drawn, frame.time_s)
        self._count, self._last_s = self._count + 1, frame.time_s
        return drawn

    def _with_bar(self, pixels, frame, segments):
        """The frame with a bar of actions: of those who are in it, and of those who did something last."""
        here, acted = {person.id for person in frame.people}, [k for k, found in segments.items() if found]
        order = sorted(acted, key=lambda k: (k not in here, -segments[k][-1].end_s))
        rows = [
            (str(k) if len(segments) > 1 else "", [(s.start_s, s.end_s, s.name.replace("_", " ")) for s in segments[k]])
            for k in order
        ]
        last_s = self._length_s or max(frame.time_s, BAR_S)
        return draw_timeline(pixels, rows, frame.time_s, (0.0 if self._length_s else last_s - BAR_S, last_s))

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if kind is KeyboardInterrupt and self._keep and self._count:
            kind = error = trace = None
        self._stack.__exit__(kind, error, trace)


def _label_at(segments, time_s):
    """What somebody does at a time, in words; "" where it is not known."""
    found = [s for s in segments if s.start_s <= time_s < s.end_s]
    return action_words(found[-1]) if found else ""


def draw_people(
    image: ImageSource,
    people: Sequence[PoseResult],
    layout: PoseLayout,
    labels: Mapping[int, str] = MappingProxyType({}),
) -> np.ndarray:
    """Draw people on a copy of an image: box, skeleton, and what they do; beside it the first one in 3D.

    Joints of a confidence below DRAWN_CONFIDENCE are hollow, their links thinner. Where there are several people each
    has the number of its id.

    Args:
        image: array (H, W, 3) or (H, W), as `deephar.utils.images.rgb_array` takes it.
        people: list of PoseResult.
        layout: PoseLayout of the poses.
        labels: what to write at a person's box, by id.

    Returns:
        uint8 (H, W, 3), wider than `image` for a layout of 3 dimensions.

    Raises:
        ValueError, TypeError: as `rgb_array`.
    """
    image = rgb_array(image)
    height, width = image.shape[:2]
    for person in people:
        if person.box[2] - person.box[0] < width or person.box[3] - person.box[1] < height:
            image = draw_box(image, person.box, width=max(1, round(min(width, height) / 300)))
    for person in people:
        sure = np.asarray(person.confidence) >= DRAWN_CONFIDENCE
        image = draw_pose(image, person.pose_px[:, :2], layout, visible=sure)
    for person in people:
        words = [f"{person.id}"] * (len(people) > 1 or person.id > 1) + [labels.get(person.id)]
        if words := [word for word in words if word]:
            size = max(9, round(min(width, height) / 25))
            place = (round(person.box[0]), max(0, round(person.box[1]) - 2 * size))
            image = draw_label(image, " ".join(words), place, size)
    return image if layout.dim != 3 else np.concatenate([image, _panel(people, layout, height)], axis=1)


def _panel(people, layout, height):
    """Views of the first person in 3D, or an empty panel of the same size."""
    shown = people[0] if people and people[0].pose_mm is not None else None
    if shown is None:
        names = tuple(layout.joint_names)
        absent = np.full((layout.num_joints, 3), ABSENT)
        shown = PoseResult(absent[:, :2], np.zeros(layout.num_joints), (0, 0, 1, 1), names, absent)
    return side_views(shown, layout, height)


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
