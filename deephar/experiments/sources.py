"""Where training images come from: the data sets by name, and their shares of a batch."""

import argparse
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from deephar.config import DataConfig
from deephar.data import Flic, Human36M, Lsp, MpiiSinglePerson, PennAction
from deephar.data.samples import Dataset
from deephar.experiments.datasetpath import datasetpath
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, pa16j2d
from deephar.utils.pose import PoseLayout

SYNTHETIC_IMAGES = 100_000  # different images of the synthetic world to draw from
SYNTHETIC_VIDEOS = 15_000
SYNTHETIC_MOTIONS = {"synthetic": "ntu", "synthetic_h36m": "h36m"}  # whose motions people in 3D perform
SUBJECT = re.compile(r"_[sS](\d+)")  # in the name of a video of Human3.6M
FRAMES = dict(topology="frames", use_gt_bbox=True)
READERS = {
    "lsp": ("LSP", Lsp, {}),
    "mpii": ("MPII", MpiiSinglePerson, {}),
    "flic": ("FLIC", Flic, dict(held_out=0.1)),
    "penn": ("PennAction", PennAction, FRAMES),
    "h36m": ("Human3.6M", Human36M, dict(topology="frames")),
}


def make_images(
    name: str,
    data: str | pathlib.Path | None,
    dataconf: DataConfig,
    seed: int = 0,
    split: str = "train",
    layout: PoseLayout = pa16j2d,
    **rendered: Any,
) -> Dataset:
    """Return the data set `name`, one of `READERS` or of `SYNTHETIC_MOTIONS`, as single people; or 'nobody'.

    Args:
        data: str, Path or None. Its folder or one that holds it by name; not read for 'synthetic'. 'nobody' takes the
            photographs of LSP's training images there, beside their people, and rendered places; None: those alone.
        dataconf: `DataConfig`.
        seed, split: int and str. Seed and split of the synthetic world.
        layout: `PoseLayout`. With one of three dimensions the depth of people of whom only x and y are
            known is absent.
        rendered: more for `SyntheticPoses`.
    """
    if name in SYNTHETIC_MOTIONS:
        from deephar.data.synthetic import SyntheticPoses

        rendered["actions"] = SYNTHETIC_MOTIONS[name] if layout.dim == 3 else "penn"
        return SyntheticPoses(dataconf, layout, split=split, length=SYNTHETIC_IMAGES, seed=seed, **rendered)
    if name == "nobody":
        from deephar.data.nobody import Nobody
        from deephar.data.scenes import photographs

        photos = photographs(datasetpath("LSP", data), TRAIN_MODE) if data is not None and split == "train" else ()
        return Nobody(dataconf, layout, split, SYNTHETIC_IMAGES, photos, seed=seed)
    folder, reader, options = READERS[name]
    return reader(datasetpath(folder, data), dataconf, layout, **options)


def split_batch(shares: Mapping[str, float], batch: int) -> dict[str, int]:
    """Return the number of images of a batch from each source, {name: number}.

    Args:
        shares: dict. {name: share}; the first one takes what the others leave.
        batch: int. Number of images in all.

    Raises:
        ValueError: nothing is left for the first.
    """
    first, *others = shares
    counts = {name: round(shares[name] * batch) for name in others}
    counts = {first: batch - sum(counts.values()), **{name: number for name, number in counts.items() if number}}
    if counts[first] < 1:
        raise ValueError(f"the shares must leave {first} at least one of {batch} images. Received: {shares}")
    return counts


def hold_out(dataset: Dataset, number: int) -> Dataset:
    """Take `number` evenly spaced training videos out for validation: Penn Action and NTU have no such split."""
    videos = dataset.sequences[TRAIN_MODE]
    if not 0 < number < len(videos):
        raise ValueError(f"`number` must be from 1 to {len(videos) - 1}, the training videos. Received: {number}")
    chosen = {k * len(videos) // number for k in range(number)}
    dataset.set_split(VALID_MODE, [videos[k] for k in sorted(chosen)])
    dataset.set_split(TRAIN_MODE, [video for k, video in enumerate(videos) if k not in chosen])
    return dataset


def hold_out_subject(h36m: Human36M) -> Human36M:
    """Take one training subject of a `Human36M` out for validation where its validation videos are those of the test.

    Prepared official data, like the authors', have subjects 9 and 11 in both. The training subject with the largest
    number (8) is held out instead, all of its performances and cameras; a validation split of its own is left alone.
    """
    names = [{video.name for video in h36m.sequences[mode]} for mode in (TEST_MODE, VALID_MODE)]
    if not names[0] & names[1]:
        return h36m
    videos = h36m.sequences[TRAIN_MODE]
    subjects = [SUBJECT.search(video.name) for video in videos]
    subjects = [found and int(found.group(1)) for found in subjects]
    if None in subjects or len(set(subjects)) < 2:
        raise ValueError("training videos must be named by two subjects or more (_S01) to hold one out for validation")
    last = max(subjects)
    h36m.set_split(VALID_MODE, [video for video, own in zip(videos, subjects, strict=True) if own == last])
    h36m.set_split(TRAIN_MODE, [video for video, own in zip(videos, subjects, strict=True) if own != last])
    return h36m


def held_out_videos(dataset: Dataset, limit: int) -> int:
    """Return how many training videos are held out: `limit`, at most a tenth of them, at least one."""
    return max(1, min(limit, len(dataset.sequences[TRAIN_MODE]) // 10))


def penn_clips(arguments: argparse.Namespace, dataconf: DataConfig, num_frames: int) -> tuple[Dataset, Dataset]:
    """Return the training clips of Penn Action, rendered ones with --synthetic, and those for validation.

    Args:
        arguments: argparse.Namespace. The command line; `synthetic`, `data`, `seed` and `validate`, videos held out,
            are read.
        dataconf: `DataConfig`.
        num_frames: int. Frames of a clip.
    """
    if arguments.synthetic:
        from deephar.data.synthetic import SyntheticClips

        options = dict(clip_size=num_frames, seed=arguments.seed)
        clips = SyntheticClips(dataconf, length=SYNTHETIC_VIDEOS, **options)
        return clips, SyntheticClips(dataconf, split="validation", length=max(1, arguments.validate), **options)
    penn = PennAction(datasetpath("PennAction", arguments.data), dataconf, use_gt_bbox=True, clip_size=num_frames)
    if arguments.validate:
        hold_out(penn, held_out_videos(penn, arguments.validate))
    return penn, penn
