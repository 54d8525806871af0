"""Training of poses on images from several sources: what the scripts for LSP, MPII and Human3.6M share."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from deephar.config import DataConfig, ModelConfig
from deephar.data.inputs import with_inputs
from deephar.data.samples import Dataset
from deephar.experiments import networks, options
from deephar.training.recipes import Stage
from deephar.utils import TRAIN_MODE

if TYPE_CHECKING:
    from deephar.models.base import PoseModel


def train_poses(
    arguments: argparse.Namespace,
    config: ModelConfig | dict,
    dataconf: DataConfig,
    stage: Stage,
    sets: Mapping[str, Dataset],
    sizes: Mapping[str, int],
    people: Mapping[str, Dataset],
    people_3d: Mapping[str, Dataset] | None = None,
    model: "PoseModel | None" = None,
) -> None:
    """Build or start from given weights, train one stage, write the run folder.

    Args:
        arguments: argparse.Namespace. The command line, training options included.
        config: `ModelConfig` of an image network, or a dict for `deephar.models.builders.build_network`.
        dataconf: `DataConfig` of its images.
        stage: `Stage`.
        sets: dict. {name: data set}.
        sizes: dict. {name: images in a batch}.
        people: dict. {name: data set} to validate on by PCKh or PCK, `arguments.validate` people of each.
        people_3d: dict or None. The same by MPJPE.
        model: PoseModel or None. The network of `config`, where it is built already.
    """
    from deephar.data import BatchLoader
    from deephar.experiments.validation import pose_validation
    from deephar.models.builders import build_network
    from deephar.training.objectives import pose_labels
    from deephar.training.run import Run
    from deephar.training.stages import train_stage

    network = config if isinstance(config, dict) else config.to_dict()
    model = model or build_network(network)
    if arguments.init or arguments.weights:
        networks.initialise(model, arguments.init or arguments.weights)
    specs, (labels, counts) = model.signature.inputs, pose_labels(model.signature)
    loader = BatchLoader(
        [with_inputs(dataset, specs) for dataset in sets.values()],
        *([spec.name for spec in specs], labels, TRAIN_MODE, list(sizes.values())),
        num_predictions=counts,
        seed=arguments.seed,
    )
    if arguments.settle and not arguments.resume:
        networks.settle(model, loader, arguments.settle)
    about = {"model": network, "data": dataconf.to_dict(), "stage": dataclasses.asdict(stage), "batch": sizes}
    run = Run(arguments.out, {**about, "validate": arguments.validate}, arguments.resume)
    print(f"{model.count_params():,} parameters; a batch: {sizes}; {stage.epochs} x {stage.steps_per_epoch} steps")
    check = pose_validation(model, people, people_3d or {}, arguments.validate) if arguments.validate else None
    train_stage(model, loader, stage, run, check, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_best.weights.h5')}")
