"""Poses of a network drawn into videos: found once and kept, drawn in as many ways as are asked for.

    videos --network, person followed from frame to frame--> poses/CLASS/video.npz --render_poses--> CLASS/video.mp4

Finding them takes nearly all of the time, so another way of drawing goes through the kept poses alone.
"""

import argparse
import collections
import dataclasses
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.data.video_check import DamagedVideo
from deephar.data.video_frames import DamagedVideoError
from deephar.data.video_streams import find_stream, stream_path, write_pose_video
from deephar.drawing.pose_frames import BACKGROUNDS, COLORS, MARKERS, THICKNESSES, render_poses
from deephar.drawing.sheet import contact_sheet
from deephar.experiments import networks, options, streams
from deephar.experiments.streams import Source
from deephar.inference.detector import named_detector
from deephar.inference.quiet import quiet_keras
from deephar.utils.io import atomic_path, weights_digest
from deephar.utils.pose import PoseLayout, as_layout, layout_to_data
from deephar.utils.progress import progress

if TYPE_CHECKING:
    from deephar.inference.network import PersonNetwork

POSES = "poses"  # folder in OUT
NOTHING = np.zeros((1, 8, 8, 3), np.uint8)


@dataclass(frozen=True)
class Drawing:
    """How poses are drawn; fields and defaults as of `render_poses`."""

    marker: str = "bar"
    colors: int = 13
    thickness: str = "ratio"
    background: str = "rgb"
    threshold: float = 0.5

    def frame(self, frame: np.ndarray, pose: np.ndarray, layout: PoseLayout) -> np.ndarray:
        """Return a frame, uint8 (H, W, 3), with a pose (J, 3), x and y px and confidence, drawn if anybody is there."""
        from deephar.inference.boxes import box_from_poses

        box = box_from_poses(pose[None, :, :2], pose[None, :, 2], frame.shape[1::-1])
        people, boxes = ([], []) if box is None else ([pose], [box])
        return render_poses(frame[None], [people], layout, boxes=[boxes], **dataclasses.asdict(self))[0]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add to a parser how poses are found, kept and drawn, the fields of `Drawing`."""
    parser.add_argument("--batch", type=options.positive, default=16, help="videos that the network sees at once")
    parser.add_argument("--poses", metavar="DIR", type=pathlib.Path, help="where poses are kept; default OUT/poses")
    parser.add_argument("--sheet", metavar="FILE", type=pathlib.Path, help="only draw a frame in all 16 ways, as image")
    add, usual = parser.add_argument_group("drawing").add_argument, Drawing()
    add("--marker", choices=MARKERS, default=usual.marker, help=f"limbs or joints; default {usual.marker}")
    text = f"one a limb, or one a part of the body; default {usual.colors}"
    add("--colors", type=int, choices=COLORS, default=usual.colors, help=text)
    text = f"of lines: by the person's box, or by the frame; default {usual.thickness}"
    add("--thickness", choices=THICKNESSES, default=usual.thickness, help=text)
    add("--background", choices=BACKGROUNDS, default=usual.background, help=f"default {usual.background}")
    text = f"smallest confidence of a joint that is drawn; default {usual.threshold}"
    add("--threshold", type=options.fraction, default=usual.threshold, help=text)
    add("--lossless", action="store_true", help="keep every pixel: .mkv, about ten times the size")


def pose_path(folder: str | pathlib.Path, name: str) -> pathlib.Path:
    """Return where the poses of a video are kept, of its path below the folder of videos."""
    return (pathlib.Path(folder) / name).with_suffix(".npz")


def write_poses(path: pathlib.Path, poses: np.ndarray, size: Sequence[int]) -> None:
    """Write the poses of a video, whole or not at all.

    Args:
        path: Path. Its folder is made.
        poses: (T, J, 3), x and y in px of the resampled frames, and confidence.
        size: (H, W) of these frames, px.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, poses=np.asarray(poses, np.float32), size=np.asarray(size, int))


def read_poses(path: pathlib.Path, shape: Sequence[int]) -> np.ndarray:
    """Return the poses that `write_poses` wrote, float32 (T, J, 3).

    Args:
        path: Path.
        shape: (T, H, W) of the video.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or of another video.
    """
    again = "Remove the file and run `exp/perfnet/render_poses.py` again."
    try:
        with np.load(path) as file:
            poses, size = file["poses"], file["size"]
    except (ValueError, KeyError, EOFError) as error:
        raise ValueError(f"Poses cannot be read: {str(path)!r} ({error}). {again}") from error
    found = (len(poses), *size.tolist())
    if found != tuple(shape):
        raise ValueError(f"{str(path)!r} must hold poses of {tuple(shape)} (T, H, W). Received: {found}. {again}")
    return poses


@dataclass
class _Followed:
    """A video whose person is followed: what is left of it, where the person is, the poses so far."""

    name: str
    frames: Iterator[np.ndarray]
    box: tuple | None = None
    size: tuple | None = None
    poses: list = dataclasses.field(default_factory=list)


def find_poses(
    network: "PersonNetwork", source: Source, names: Sequence[str], folder: pathlib.Path
) -> list[DamagedVideo]:
    """Write the poses of videos, `network.batch_size` videos at a time, with a progress bar of frames.

    Args:
        network: PersonNetwork.
        source: `Source` of the videos.
        names: list of str.
        folder: Path, for `pose_path`.

    Returns:
        The damaged videos, of which nothing is written.
    """
    damaged, names = [], list(names)
    if names:
        total = sum(source.shape(name)[0] for name in progress(names, label="lengths of videos"))
        frames = progress(_follow(network, source, names, folder, damaged), total, "poses of frames")
        collections.deque(frames, maxlen=0)
    return damaged


def _follow(network, source, names, folder, damaged):
    """Yield the name of a video for each of its frames, after the pose in it was found."""
    from deephar.inference.tracks import see_next

    names, videos = iter(names), []
    while True:
        some = itertools.islice(names, network.batch_size - len(videos))
        videos += [_Followed(name, source.frames(name)) for name in some]
        if not videos:
            return
        frames = [_next_frame(video, folder, damaged) for video in videos]
        videos = [video for video, frame in zip(videos, frames, strict=True) if frame is not None]
        frames = [frame for frame in frames if frame is not None]
        if videos:
            points, confidence, boxes = see_next(network, frames, [video.box for video in videos])
            poses = np.concatenate([points[..., :2], confidence[..., None]], axis=-1)  # (N, J, 3)
            for video, pose, box, frame in zip(videos, poses, boxes, frames, strict=True):
                video.poses.append(pose)
                video.box, video.size = box, frame.shape[:2]
                yield video.name


def _next_frame(video, folder, damaged):
    """The next frame of a video; None at its end, where its poses are written, and where it is damaged."""
    try:
        frame = next(video.frames, None)
    except DamagedVideoError as error:
        damaged.append(DamagedVideo(video.name, error.reason))
        return None
    if frame is None:
        write_poses(pose_path(folder, video.name), np.stack(video.poses), video.size)
    return frame


def draw_video(
    name: str,
    source: Source,
    poses: pathlib.Path,
    out: pathlib.Path,
    layout: PoseLayout,
    drawing: Drawing,
    lossless: bool = False,
) -> None:
    """Write the pose stream of one video from its kept poses.

    Args:
        name: str. The video.
        source: `Source`.
        poses: Path. Folder of the poses.
        out: Path. Folder of the stream.
        layout: `PoseLayout` of the poses.
        drawing: `Drawing`.
        lossless: bool. As of `write_pose_video`.

    Raises:
        ValueError: the poses are of another video, the video is damaged (`DamagedVideoError`).
    """
    found = zip(source.frames(name), read_poses(pose_path(poses, name), source.shape(name)), strict=True)
    frames = (drawing.frame(frame, pose, layout) for frame, pose in found)
    write_pose_video(stream_path(out, name, "pose", lossless), frames, source.fps, lossless)


def variants_sheet(frame: np.ndarray, pose: np.ndarray, layout: PoseLayout, threshold: float = 0.5) -> np.ndarray:
    """Return a contact sheet, uint8 (H, W, 3), of a frame with a pose (J, 3) in all 16 ways of drawing."""
    ways = list(itertools.product(BACKGROUNDS, MARKERS, COLORS, THICKNESSES))
    drawings = [Drawing(marker, colors, thickness, ground, threshold) for ground, marker, colors, thickness in ways]
    images = [drawing.frame(frame, pose, layout) for drawing in drawings]
    captions = [f"{ground} {marker} {colors} {thickness}" for ground, marker, colors, thickness in ways]
    return contact_sheet(images, 4, captions=captions)


def load_network(arguments: argparse.Namespace, recorded: dict | None) -> "tuple[PersonNetwork, dict]":
    """Return the network of the command line, or else the one whose poses are kept, and what is noted about it.

    Args:
        arguments: argparse.Namespace. The command line.
        recorded: dict or None. The settings of the kept poses.
    """
    quiet_keras()
    import keras

    from deephar.inference.network import PersonNetwork
    from deephar.models.signature import signature_of
    from deephar.models.zoo import MODELS

    if not (arguments.model or arguments.weights) and (recorded or {}).get("model") in MODELS:
        arguments.weights = recorded["model"]
    keras.utils.set_random_seed(0)  # so that --tiny goes on with the network that it began with
    model, about = networks.load(arguments)
    signature = signature_of(model)
    detector = named_detector("auto", signature)
    network = PersonNetwork(model, signature, batch_size=arguments.batch, detect=detector.function)
    digest, layout = weights_digest(model), layout_to_data(signature.layout)
    noted = {"model": about["model"] or model.name, "weights_sha256": digest, "layout": layout}
    return network, {**noted, "detector": detector.name}


def prepare(
    arguments: argparse.Namespace, source: Source, names: Sequence[str], todo: Sequence[str]
) -> "tuple[PersonNetwork | None, dict, pathlib.Path, list[str]]":
    """Return what it takes to find the poses that are not kept yet.

    Args:
        arguments: argparse.Namespace. The command line.
        source: `Source`.
        names: list of str. All videos.
        todo: list of str. Those whose poses are needed.

    Returns:
        network: PersonNetwork, or None where all poses are there.
        about: dict. Settings of the poses: network, layout, rate and size.
        folder: Path, where they are kept.
        left: list of str. Those of `todo` without poses.

    Raises:
        ValueError: the folder holds poses of other settings, or of joints that cannot be drawn.
        FileNotFoundError: as `networks.load`.
    """
    folder = arguments.poses or arguments.out / POSES
    left = [name for name in todo if not pose_path(folder, name).exists()]
    network, recorded = None, streams.read_settings(folder)
    if left or recorded is None or arguments.model or arguments.weights:
        network, recorded = load_network(arguments, recorded)
    about = {**recorded, "fps": source.fps, "short_side": source.short_side}
    render_poses(NOTHING, [[]], as_layout(about["layout"]), **dataclasses.asdict(drawing_of(arguments)))
    streams.begin(folder, about, used=any(pose_path(folder, name).exists() for name in names))
    return network, about, folder, left


def drawing_of(arguments: argparse.Namespace) -> Drawing:
    """Return the `Drawing` of the command line."""
    return Drawing(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Drawing)})


def render(arguments: argparse.Namespace) -> int:
    """Find and draw the poses of all videos of the command line that have no pose stream yet; return the exit status.

    Args:
        arguments: argparse.Namespace. The command line, of a parser with `streams.add_videos`, `add_options` and
            `options.add_network`.

    Raises:
        FileNotFoundError, ValueError: as `streams.read_videos`, `streams.begin` and `prepare`.
        ImportError: PyAV is not installed.
    """
    (source, names), out, drawing = streams.read_videos(arguments, "pose"), arguments.out, drawing_of(arguments)
    todo = [name for name in names if find_stream(out, name, "pose") is None]
    network, about, poses, left = prepare(arguments, source, names, todo)
    settings = {"stream": "pose", **about, **dataclasses.asdict(drawing), "lossless": arguments.lossless}
    streams.begin(out, settings, used=len(todo) < len(names))
    print(f"{len(names)} videos: {len(left)} without poses, {len(todo)} to draw", flush=True)
    with streams.working_in(out, names), streams.working_in(poses, names):
        damaged = streams.check_first(source, left, poses, arguments.workers)
        damaged += find_poses(network, source, streams.without(left, damaged), poses)
        how = (source, poses, out, as_layout(about["layout"]), drawing, arguments.lossless)
        jobs = [(name, *how) for name in streams.without(todo, damaged)]
        damaged += streams.try_videos(draw_video, jobs, arguments.workers, "pose videos")
    return streams.finish(names, damaged, arguments)


def write_sheet(arguments: argparse.Namespace) -> None:
    """Write `variants_sheet` of the surest frame of the first video of the command line to `arguments.sheet`.

    Raises:
        FileNotFoundError, ValueError: as `streams.read_videos` and `prepare`; the video is damaged.
        ImportError: PyAV is not installed.
    """
    source, names = streams.read_videos(arguments, "pose")
    network, about, folder, left = prepare(arguments, source, names, names[:1])
    for damaged in find_poses(network, source, left, folder):
        raise DamagedVideoError(source.root / damaged.name, damaged.reason)
    poses = read_poses(pose_path(folder, names[0]), source.shape(names[0]))
    number = int(poses[..., 2].mean(axis=1).argmax())
    frame = next(itertools.islice(source.frames(names[0]), number, None))
    sheet = variants_sheet(frame, poses[number], as_layout(about["layout"]), arguments.threshold)
    with atomic_path(arguments.sheet) as temporary:
        Image.fromarray(sheet).save(temporary)
    print(f"frame {number} of {names[0]} in 16 ways: {arguments.sheet}")
