"""The demo: a synthetic world on disk, the shipped networks' scores on it, and predictions on what they never saw.

    OUT/data/MPII, OUT/data/PennAction   rendered test sets in the formats of the real ones
    OUT/input/                           an image and a video of another seed
    OUT/prediction/                      their JSON and overlays; *_3d_*: those of the network of 3D poses
    OUT/scores.txt, scores.json, confusion.png, joints.png, poses.jpg, poses_3d.jpg

What is rendered already is kept, so a second run starts where the first one stopped.
"""

import pathlib
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data.mpii import MpiiSinglePerson
from deephar.data.pennaction import PennAction
from deephar.data.samples import Dataset
from deephar.data.synthetic import SyntheticClips, SyntheticPoses
from deephar.drawing import contact_sheet, crop_image, draw_pose, pose_sheet, pose_views
from deephar.drawing.plots import plot_confusion, plot_joint_bars
from deephar.evaluation.actions import ActionScoresOnSet
from deephar.evaluation.poses import (
    PosePredictions,
    eval_multi_clip,
    eval_single_clip,
    pckh_scores,
    pose_table,
    predict_poses,
)
from deephar.evaluation.poses3d import PosePredictions3D, links_mm, pose_table_3d, predict_poses_3d, scores_3d
from deephar.inference.actions import action_words
from deephar.inference.export import output_folder, save_image, save_video
from deephar.inference.predictor import Predictor
from deephar.inference.quiet import quiet_keras
from deephar.inference.video import VideoWriter
from deephar.models.cards import DEFAULT_MODEL, DEFAULT_MODEL_3D
from deephar.synthetic.actions import ACTIONS, get_actions
from deephar.synthetic.definition import SYNTHETIC_V1
from deephar.synthetic.world import clip_length, render_clip, render_still
from deephar.synthetic.writers import write_mpii, write_penn
from deephar.utils.camera import camera_deserialize
from deephar.utils.io import atomic_path, write_json
from deephar.utils.labels import NTU_LABELS
from deephar.utils.parser import TEST_MODE, VALID_MODE
from deephar.utils.pose import PoseLayout, pa16j2d
from deephar.utils.progress import busy, progress
from deephar.utils.tables import table

if TYPE_CHECKING:
    import keras

FRAMES_AT_ONCE = 4
SHEET, SHEET_3D = 32, 12
CELL = 160  # px
SIZED = 50  # training people whose mean size stands for everyone's


@dataclass(frozen=True)
class DemoSize:
    """How much the demo renders.

    Attributes:
        images, videos: int. Size of the two test sets; actions come in turn.
        images_3d, videos_3d: int. The same in 3D; these are rendered in memory, around one person.
        multi_clip: bool. Also score actions on all clips of a video and on flipped ones: most of the time.
        seed: int. Seed of the world that is scored.
        unseen_seed: int. Seed of the image and the video that are predicted.
        image, video: int. Their numbers in that world; the video's action is `video` modulo 15.
        image_size, video_size: tuple (width, height) of the two in pixels.
        mpii_sizes, penn_sizes: tuple of (width, height) in pixels that the test sets take in turn.
        workers: int or None. Number of processes that render; None: one for each core.
    """

    images: int = 100
    videos: int = 30
    images_3d: int = 100
    videos_3d: int = 52
    multi_clip: bool = False
    seed: int = SYNTHETIC_V1.seed
    unseen_seed: int = 2020
    image: int = 1
    video: int = 5
    image_size: tuple[int, int] = (640, 480)
    video_size: tuple[int, int] = (640, 360)
    mpii_sizes: tuple[tuple[int, int], ...] = SYNTHETIC_V1.still_sizes
    penn_sizes: tuple[tuple[int, int], ...] = SYNTHETIC_V1.clip_sizes
    workers: int | None = None


FULL = DemoSize(images=200, videos=60, images_3d=300, videos_3d=104, multi_clip=True)  # what the cards quote


def run_demo(
    out: str | pathlib.Path,
    model: "str | pathlib.Path | keras.Model | None" = None,
    size: DemoSize | None = None,
    model_3d: "str | pathlib.Path | keras.Model | None" = None,
) -> dict:
    """Render, evaluate, predict, and print what came out.

    Args:
        out: str or Path. Folder to write to; made where needed.
        model: str, Path, keras.Model or None. Name, path or network of the first part, with the joints of MPII; or in
            3D, of the second part. None: those that ship.
        size: `DemoSize`.
        model_3d: str, Path, keras.Model or None. The same for the part in 3D.

    Returns:
        dict of the scores as in scores.json.

    Raises:
        ValueError, FileNotFoundError: the folder cannot be written to, no such model, or one of other joints.
    """
    start, size = time.monotonic(), size or DemoSize()
    out = output_folder(out)
    if model is not None:
        model, model_3d = _parts(model, model_3d)
    _say("1/4  Rendering people in the formats of MPII and Penn Action")
    mpii = write_mpii(out / "data", 1, size.images, size.mpii_sizes, size.seed, size.workers)
    penn = write_penn(out / "data", 1, size.videos, size.penn_sizes, size.seed, size.workers)
    image, video = render_unseen(out / "input", size)
    _say("2/4  Scoring the network on their test splits")
    predictor = _start_network(model or DEFAULT_MODEL)
    text, scores = score(predictor, mpii, penn, out, size.multi_clip)
    _say("3/4  Predicting on an image and a video of another world")
    folder, shown = output_folder(out / "prediction"), list(ACTIONS)[size.video % len(ACTIONS)]
    written = predict_unseen(predictor, image, video, shown, folder)
    _say("4/4  The same in 3D: people with the motions of Human3.6M, actions of NTU")
    predictor = _start_network(model_3d or DEFAULT_MODEL_3D)
    text_3d, scores["3d"] = score_3d(predictor, size, out)
    written += predict_unseen(predictor, image, video, shown, folder, "_3d")
    with atomic_path(out / "scores.txt") as temporary:
        temporary.write_text("\n".join([*text, "", *text_3d]) + "\n", encoding="utf-8")
    write_json(out / "scores.json", scores)
    _say(f"Done in {time.monotonic() - start:.0f} s.")
    images = ", ".join(str(path) for path in written if path.suffix != ".json")
    print(f"Look at {images}; the scores are in {out / 'scores.txt'}")
    return scores


def predict_unseen(
    predictor: Predictor, image: pathlib.Path, video: pathlib.Path, shown: str, folder: pathlib.Path, suffix: str = ""
) -> list[pathlib.Path]:
    """Predict the image and the video, which shows the action `shown`; print what was seen, return the new paths."""
    written = save_image(predictor.predict_image(image), folder, predictor.layout, name=f"{image.stem}{suffix}")
    seen = predictor.predict_video(video)
    written += save_video(seen, folder, predictor.layout, name=f"{video.stem}{suffix}")
    if seen.action:
        known = "" if shown in predictor.labels else ", which this network does not know"
        print(f"the video shows: {shown.replace('_', ' ')}{known}; predicted: {action_words(seen.action)}")
    print("\n".join(str(path) for path in written))
    return written


def render_unseen(folder: pathlib.Path, size: DemoSize) -> tuple[pathlib.Path, pathlib.Path]:
    """Render the image and the video to predict, unless they are there; return their paths."""
    folder.mkdir(exist_ok=True)
    image, video = folder / "image.jpg", folder / "video.mp4"
    if not image.exists():
        with atomic_path(image) as temporary:
            frame = render_still("test", size.image, size.image_size, size.unseen_seed)["frame"]
            Image.fromarray(frame).save(temporary, "JPEG", quality=92)
    if not video.exists():
        length = clip_length("test", size.video, size.unseen_seed)
        numbers = [list(range(k, min(k + FRAMES_AT_ONCE, length))) for k in range(0, length, FRAMES_AT_ONCE)]
        with atomic_path(video) as temporary, VideoWriter(temporary, 30) as writer:
            for part in progress(numbers, label="unseen video"):
                clip = render_clip("test", size.video, None, size.video_size, size.unseen_seed, frame_list=part)
                for frame in clip["frames"]:
                    writer.add(frame)
    return image, video


def score(
    predictor: Predictor, mpii: pathlib.Path, penn: pathlib.Path, out: pathlib.Path, multi_clip: bool
) -> tuple[list[str], dict]:
    """Print and draw the scores on the rendered test sets; return them as lines of text and as a dict."""
    dataconf = DataConfig.for_input(predictor.signature.frame, fixed_subsampling=predictor.subsampling)
    people = MpiiSinglePerson(mpii, dataconf)
    found = predict_poses(predictor.model, people, VALID_MODE, label="poses")
    poses = pckh_scores(found, predictor.layout)
    draw_sheet(people, found, predictor.layout, out / "poses.jpg")
    text = [f"{poses.num_people} images, every prediction block:", pose_table(poses)]
    document = {"model": predictor.stamp.to_dict(), "pckh_mean": poses.mean, "joint_names": poses.joint_names}
    document["pckh_per_joint"] = poses.per_joint
    percent = {n: 100 * float(v) for n, v in zip(poses.joint_names, poses.per_joint[-1], strict=True)}
    plot_joint_bars({"last block": percent}, out / "joints.png", f"PCKh@{poses.threshold:g} %")
    if predictor.labels:
        clips = PennAction(penn, dataconf, predictor.layout, use_gt_bbox=True, clip_size=predictor.signature.num_frames)
        found = {"single clip": eval_single_clip(predictor.model, clips, TEST_MODE)}
        if multi_clip:
            found["multi-clip"] = eval_multi_clip(predictor.model, clips, TEST_MODE)
        last = list(found)[-1]
        text += ["", f"{found[last].confusion.sum()} videos, every action prediction:", accuracy_table(found)]
        document |= {re.sub("[ -]", "_", name): own.accuracy for name, own in found.items()}
        document["confusion"] = found[last].confusion
        names = [name or "" for name in predictor.signature.labels]
        plot_confusion(found[last].confusion, names, out / "confusion.png", last)
    print("\n".join(text))
    return text, document


def score_3d(predictor: Predictor, size: DemoSize, out: pathlib.Path) -> tuple[list[str], dict]:
    """Print and draw the scores in 3D on the test split in memory; return them as lines of text and as a dict."""
    layout, split = predictor.layout, dict(split="test", seed=size.seed)
    dataconf = DataConfig.for_input(predictor.signature.frame, fixed_subsampling=predictor.subsampling)
    options = dict(split, length=size.images_3d, actions="h36m", random_poses=0.0)
    people = SyntheticPoses(dataconf, layout, **options)
    found = predict_poses_3d(predictor.model, people, label="3D poses")
    trained = SyntheticPoses(dataconf, layout, **{**options, "split": "train"})
    sizes = [links_mm(trained.get_data(key, TEST_MODE)["pose_w"], layout) for key in range(min(SIZED, len(found.true)))]
    names = [name for name, _ in get_actions("h36m").scripts.values()]
    poses = scores_3d(found, layout, names, float(np.mean(sizes)))
    draw_sheet_3d(people, found, layout, out / "poses_3d.jpg")
    text = [f"{poses.num_poses} images in 3D, root-aligned, every block:", poses.protocol, pose_table_3d(poses)]
    document = {"model": predictor.stamp.to_dict(), "protocol": poses.protocol, "joint_names": poses.joint_names}
    document |= {"metrics": poses.metrics, "mpjpe_per_joint": poses.per_joint}
    if len(predictor.signature.labels) == len(NTU_LABELS):
        frames = predictor.signature.num_frames
        clips = SyntheticClips(dataconf, layout, frames, length=size.videos_3d, actions="ntu", **split)
        single = eval_single_clip(predictor.model, clips, TEST_MODE, label_key="ntuaction")
        text += ["", f"{single.num_clips} videos of NTU's actions:", accuracy_table({"single clip": single})]
        document |= {"single_clip": single.accuracy, "confusion": single.confusion}
    print("\n".join(text))
    return text, document


def draw_sheet(people: Dataset, found: PosePredictions, layout: PoseLayout, path: pathlib.Path) -> None:
    """Write the first test images with the poses of the last block as one image."""
    count = min(SHEET, len(found.true))
    samples = [people.get_data(key, VALID_MODE) for key in range(count)]
    sheet = pose_sheet(samples, found.predicted[-1, :count], layout, cell=CELL)
    with atomic_path(path) as temporary:
        Image.fromarray(sheet).save(temporary, "JPEG", quality=85)


def draw_sheet_3d(people: Dataset, found: PosePredictions3D, layout: PoseLayout, path: pathlib.Path) -> None:
    """Write the first test crops, each with the pose of the last block from two sides and the true one."""
    count = min(SHEET_3D, len(found.true))
    rotation, tiles = camera_deserialize(found.cameras).R, []  # (N, 3, 3)
    predicted, true = (
        np.einsum("nij,nkj->nki", rotation, poses - poses[:, :1]) for poses in (found.world(-1), found.true)
    )
    for key in range(count):
        crop = crop_image(people.get_data(key, TEST_MODE), CELL)
        drawn = draw_pose(crop, found.crops[-1, key, :, :2] * CELL, layout)
        views = pose_views(predicted[key], layout, (0, 90), CELL, 500, captions=("as seen", "from the right"), pad=0)
        truth = pose_views(true[key], layout, (90,), CELL, 500, captions=("true",), pad=0)
        tiles.append(np.concatenate([drawn, views, truth], axis=1))
    with atomic_path(path) as temporary:
        Image.fromarray(contact_sheet(tiles, 2)).save(temporary, "JPEG", quality=85)


def accuracy_table(scores: Mapping[str, ActionScoresOnSet]) -> str:
    """Return a table of {name: accuracy of every action output} as text."""
    rows = [[name, own.num_clips, *(f"{100 * value:.1f}" for value in own.accuracy)] for name, own in scores.items()]
    return table(["accuracy %", "clips", *(f"action {k - 1}" for k in range(2, len(rows[0])))], rows)


def _parts(model, model_3d):
    """The networks of the first and the second part, of a given one; None where it is none of them."""
    quiet_keras()
    predictor = Predictor(model)
    layout = predictor.layout
    if layout.dim == 3 and model_3d is None:
        return None, predictor
    if (layout.dim, layout.num_joints) != (2, pa16j2d.num_joints):
        allowed = f"a network of MPII's {pa16j2d.num_joints} joints in 2D, or one in 3D"
        raise ValueError(f"`model` must be {allowed}. Received: {predictor.model.name}, of the layout {layout.name}")
    return predictor, model_3d


def _start_network(model):
    """Import Keras, load a network and run it once: the slow first seconds."""
    quiet_keras()
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    width, height = predictor.signature.resolution
    with busy(f"first run of {predictor.model.name}"):
        predictor.predict_image(np.zeros((height, width, 3), np.uint8))
    return predictor


def _say(line):
    print(f"\n{line}" if sys.stdout.isatty() else line, flush=True)
