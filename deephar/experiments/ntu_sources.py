"""Images and clips of the trainings on NTU: Human3.6M, MPII (no depth) and NTU for poses, NTU for actions.

Test videos are never read: training videos of NTU, and a training subject of Human3.6M where its validation people are
those of the test, are held out for validation.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from deephar.config import DataConfig, human36m_dataconf, mpii_dataconf, ntu_pe_dataconf
from deephar.data import Ntu
from deephar.data.ntu_annotations import SPLITS
from deephar.data.samples import Dataset
from deephar.experiments.datasetpath import datasetpath
from deephar.experiments.sources import (
    FRAMES,
    SYNTHETIC_MOTIONS,
    SYNTHETIC_VIDEOS,
    held_out_videos,
    hold_out,
    hold_out_subject,
    make_images,
)
from deephar.utils import VALID_MODE
from deephar.utils.pose import PoseLayout

if TYPE_CHECKING:
    import keras

DATA_SETS = ("MPII", "Human3.6M", "NTU")
IMAGES = {"h36m": human36m_dataconf, "mpii": mpii_dataconf, "ntu": ntu_pe_dataconf, "lsp": mpii_dataconf}
MERGE_NETWORK = {
    "network": "merge",
    "pose": dict(input_shape=[256, 256, 3], num_joints=20, dim=3, depth_maps=8, ksize=[5, 5], num_blocks=4),
    "num_actions": 60,
    "num_frames": 20,
    "num_context_per_joint": 0,
    "pose_net_version": "v2",
    "output_poses": True,
}
SMALL_SUBSAMPLING = dict(subsampling=(3, 4, 5), fixed_subsampling=4)  # synthetic videos are short


def add_split(parser: argparse.ArgumentParser) -> None:
    """Add --split to a parser."""
    parser.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="of NTU into training and test")


def make_sets(
    arguments: argparse.Namespace,
    names: Iterable[str],
    layout: PoseLayout,
    dataconf: DataConfig | None = None,
    **rendered: Any,
) -> dict[str, Dataset]:
    """Return the data sets of images, {name: data set}.

    Args:
        arguments: argparse.Namespace. The command line; `data`, `seed`, `validate` and `split` are read.
        names: iterable of str. Names of the data sets, see `sources.make_images`.
        layout: `PoseLayout` of three dimensions.
        dataconf: `DataConfig`; None: the published one of each set.
        rendered: more for `SyntheticPoses`.
    """
    sets = {}
    for name in names:
        conf = dataconf or IMAGES.get(name, mpii_dataconf)
        if name == "ntu":
            sets[name] = Ntu(datasetpath("NTU", arguments.data), conf, layout, split=arguments.split, **FRAMES)
        else:
            sets[name] = make_images(name, arguments.data, conf, arguments.seed, layout=layout, **rendered)
    if "ntu" in sets and arguments.validate:
        hold_out(sets["ntu"], held_out_videos(sets["ntu"], arguments.validate))
    if "h36m" in sets and arguments.validate:
        hold_out_subject(sets["h36m"])
    return sets


def people_of(
    sets: Mapping[str, Dataset], seed: int, layout: PoseLayout
) -> tuple[dict[str, Dataset], dict[str, Dataset]]:
    """Return the data sets that are validated by PCKh or PCK and those by MPJPE: two dicts {name: data set}."""
    flat = {name: data for name, data in sets.items() if name in ("mpii", "lsp")}
    deep = {name: data for name, data in sets.items() if name == "h36m" and data.get_length(VALID_MODE)}
    for name in SYNTHETIC_MOTIONS:
        if name in sets:
            deep[name] = make_images(name, None, sets[name].dataconf, seed, "validation", layout)
    return flat, deep


def monitors_of(flat: Mapping[str, Dataset], deep: Mapping[str, Dataset]) -> dict[str, tuple[str, str]]:
    """Return by task which score decides about the best weights, and whether its 'max' or 'min' is best."""
    metrics = [(f"mpjpe_{name}", "min") for name in ("h36m", "synthetic_h36m", "synthetic") if name in deep]
    metrics += [(name, "max") for name, data in (("pckh_mpii", "mpii"), ("pck_lsp", "lsp")) if data in flat]
    return {"pose": metrics[0], "action": ("single_clip", "max"), "joint": ("single_clip", "max")}


def make_clips(
    arguments: argparse.Namespace, dataconf: DataConfig, num_frames: int, layout: PoseLayout
) -> tuple[Dataset, Dataset]:
    """Return the training clips, rendered ones with --synthetic, and those for validation.

    Args:
        arguments: argparse.Namespace. The command line; `synthetic`, `data`, `split`, `seed` and `validate` are
            read.
        dataconf: `DataConfig`.
        num_frames: int. Frames of a clip.
        layout: `PoseLayout`.
    """
    frames = dict(clip_size=num_frames, seed=arguments.seed)
    if arguments.synthetic:
        from deephar.data.synthetic import SyntheticClips

        clips = SyntheticClips(dataconf, layout, length=SYNTHETIC_VIDEOS, actions="ntu", **frames)
        length = max(1, arguments.validate)
        return clips, SyntheticClips(dataconf, layout, split="validation", length=length, actions="ntu", **frames)
    folder = datasetpath("NTU", arguments.data)
    ntu = Ntu(folder, dataconf, layout, use_gt_bbox=True, split=arguments.split, **frames)
    if arguments.validate:
        hold_out(ntu, held_out_videos(ntu, arguments.validate))
    return ntu, ntu


def action_validation(
    clips: Dataset, limit: int, frozen: bool = False
) -> "Callable[[keras.Model], Callable[[int], dict[str, float]]]":
    """Return a function (model) -> function (epoch) -> scores, for `multitask_training.make_validations`."""
    from deephar.experiments.validation import ActionValidation

    return lambda model: ActionValidation(model, clips, limit, label_key="ntuaction", frozen=frozen)
