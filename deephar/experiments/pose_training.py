"""Training of poses on images from several sources: what the scripts for LSP, MPII and Human3.6M share."""

import argparse
import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deephar.config import DataConfig, ModelConfig
from deephar.data.inputs import with_inputs
from deephar.data.samples import Dataset
from deephar.experiments import networks, options
from deephar.training.recipes import Stage
from deephar.utils import TRAIN_MODE

if TYPE_CHECKING:
    from deephar.data.loader import BatchLoader
    from deephar.models.base import PoseModel
    from deephar.training.run import Run


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
    stored = {name: getattr(arguments, name) for name in ("steps_per_call", "stored", "canvas")}
    about["on_device"] = stored if arguments.on_device else None
    run = Run(arguments.out, {**about, "validate": arguments.validate}, arguments.resume)
    length = f"{stage.epochs} x" if stage.minutes is None else f"{stage.minutes:g} minutes, epochs of"
    print(f"{model.count_params():,} parameters; a batch: {sizes}; {length} {stage.steps_per_epoch} steps")
    check = pose_validation(model, people, people_3d or {}, arguments.validate) if arguments.validate else None
    with samples_of(arguments, model, sets, sizes, stage, run, loader) as (loader, more):
        train_stage(model, loader, stage, run, check, print_full_losses=False, **options.loading(arguments), **more)
    print(f"weights: {run.path('weights_best.weights.h5')}")


@contextlib.contextmanager
def samples_of(
    arguments: argparse.Namespace,
    model: "PoseModel",
    sets: Mapping[str, Dataset],
    sizes: Mapping[str, int],
    stage: Stage,
    run: "Run",
    loader: "BatchLoader",
) -> "Iterator[tuple[BatchLoader, dict[str, Any]]]":
    """Yield the loader to train with, and what else `train_stage` needs for it; arguments as of `train_poses`.

    With --on-device they are of samples stored there, for the body of the `with`; or else `loader` itself.
    """
    if not arguments.on_device:
        yield loader, {}
        return
    from deephar.training.on_device import OnDeviceTrainer
    from deephar.training.stored import StoredSamples

    samples = StoredSamples(
        list(sets.values()),
        list(sizes.values()),
        model.signature,
        arguments.stored,
        arguments.canvas,
        arguments.workers,
        arguments.seed,
        run.epochs_done(stage.name),
    )
    print(samples)
    trainer = functools.partial(OnDeviceTrainer, samples=samples, steps_per_call=arguments.steps_per_call)
    with samples:
        yield samples.loader, {"make_trainer": trainer}
