"""Training of the merged action network of CVPR'18, stage by stage, on any set of images and clips.

images --> pose network (ReceptionNet) ------------------+
               shared layers                               +--> stages of the recipe --> run folder
clips -----> merged network: PoseAR, GuidedVisAR, merged --+
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from deephar.data.samples import Dataset
from deephar.experiments import networks, options
from deephar.training.recipes import Recipe
from deephar.utils import TRAIN_MODE

if TYPE_CHECKING:
    from deephar.data.loader import BatchLoader
    from deephar.models.base import PoseModel

PENN_NETWORK = {
    "network": "merge",
    "pose": dict(input_shape=[256, 256, 3], num_joints=16, dim=2, ksize=[5, 5], num_blocks=4),
    "num_actions": networks.NUM_PENN_ACTIONS,
    "num_frames": 16,
    "pose_net_version": "v1",
    "output_poses": True,
}


def small_network(network: dict, tiny: bool = False, num_frames: int = networks.NUM_FRAMES) -> dict:
    """Return a copy of a merged network's description with fewer pose blocks and frames, and a smaller input.

    Args:
        network: dict, as for `build`.
        tiny: bool. So small that it only shows in seconds that a script works.
        num_frames: int. Frames of a clip.
    """
    side, num_blocks = (networks.TINY_SIDE, 1) if tiny else (networks.SMALL_SIDE, 2)
    pose = {**network["pose"], "input_shape": [side, side, 3], "num_blocks": num_blocks}
    return {**network, "pose": pose, "num_frames": num_frames}


def build_tiny(network: dict) -> "PoseModel":
    """Return a merged network of random weights that only shows that a script works."""
    return build(small_network(network, tiny=True))[0]


def build(network: dict, clips: Dataset | None = None) -> "tuple[PoseModel, PoseModel, PoseModel]":
    """Build the networks of training on shared weights.

    Args:
        network: dict, as `deephar.models.builders.build_network` takes it for "merge", poses among its outputs.
        clips: `Dataset` of clips that the merged network is trained on, or None.

    Returns:
        (merged network, pose network for images, the merged network's action outputs alone).
    """
    from deephar.models.builders import build_merge_parts

    description = {name: value for name, value in network.items() if name != "network"}
    pose_net, merged = build_merge_parts(**description)
    if clips is not None:
        merged.signature = networks.trained_on(merged.signature, clips)
    return merged, pose_net, merged.part(merged.signature.indices("action"), name="Action")


def initialise(arguments: argparse.Namespace, models: "tuple[PoseModel, PoseModel, PoseModel]") -> None:
    """Start from --init: a file or a registered name of a merged network, or of a pose network.

    Raises:
        FileNotFoundError, ValueError: as `networks.initialise`.
    """
    from deephar.checkpoints.plan import ForeignWeightsError

    start = arguments.init or arguments.weights
    if not start:
        return
    merged, pose_net, _ = models
    try:
        networks.initialise(merged, start)
    except ForeignWeightsError:
        networks.initialise(pose_net, start)


def make_loaders(
    arguments: argparse.Namespace,
    models: "tuple[PoseModel, PoseModel, PoseModel]",
    sets: Mapping[str, Dataset],
    sizes: Mapping[str, int],
    clips: Dataset,
    label_key: str,
) -> "dict[str, BatchLoader]":
    """Return loaders of batches of images, `pose`, and of batches of clips, `action`."""
    from deephar.data import BatchLoader

    _, pose_net, action_net = models
    loader = dict(mode=TRAIN_MODE, seed=arguments.seed)
    return {
        "pose": BatchLoader(
            *(list(sets.values()), ["frame"], ["pose"]),
            batch_size=list(sizes.values()),
            num_predictions=len(pose_net.outputs),
            **loader,
        ),
        "action": BatchLoader(
            *(clips, ["frame"], [label_key]),
            batch_size=arguments.clips,
            num_predictions=len(action_net.outputs),
            **loader,
        ),
    }


def train(
    arguments: argparse.Namespace,
    network: dict,
    recipe: Recipe,
    sets: Mapping[str, Dataset],
    sizes: Mapping[str, int],
    clips: Dataset,
    label_key: str,
    validations: Callable[..., Mapping[str, Callable]],
) -> None:
    """Train all stages and write the run folder.

    Args:
        arguments: argparse.Namespace. The command line; `clips` is the number of clips of a batch.
        network: dict that describes the merged network, see `build`.
        recipe: `Recipe`.
        sets, sizes: dict. {name: data set of images}, {name: images of each in a batch}.
        clips: `Dataset` of training videos.
        label_key: str. Entry of their samples with the one-hot action.
        validations: function (pose network, action network) -> functions (full model, epoch) -> scores, by task.
    """
    from deephar.training.run import Run
    from deephar.training.stages import run_recipe

    models = build(network, clips)
    initialise(arguments, models)
    about = {"model": network, "recipe": dataclasses.asdict(recipe), "images": sizes, "clips": arguments.clips}
    run = Run(arguments.out, {**about, "validate": arguments.validate}, arguments.resume)
    loaders = make_loaders(arguments, models, sets, sizes, clips, label_key)
    names = ", ".join(stage.name for stage in recipe.stages)
    print(f"{models[0].count_params():,} parameters; stages: {names}; a batch: {sizes} or {arguments.clips} clips")
    checks = validations(*models[1:]) if arguments.validate else None
    shared = dict(print_full_losses=False, **options.loading(arguments))
    run_recipe(recipe, lambda pose_replica: models, loaders, run, checks, **shared)
    print(f"weights: {run.path('weights_last.weights.h5')}")
