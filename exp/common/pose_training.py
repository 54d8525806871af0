"""Training of poses on pictures from several sources: what the scripts for LSP and MPII share."""

import dataclasses

import networks
import options

from deephar.utils import TRAIN_MODE


def train_poses(arguments, config, dataconf, stage, sets, sizes, people):
    """Build or start from given weights, train one stage, write the run folder.

    Args:
        arguments: of the command line, training options included.
        config, dataconf: `ModelConfig` of a picture network, `DataConfig` of its pictures.
        stage: `Stage`.
        sets: {name: data set}.
        sizes: {name: pictures in a batch}.
        people: {name: data set} to validate on, `arguments.validate` people of each.
    """
    from validation import PoseValidation

    from deephar.data import BatchLoader
    from deephar.models import spnet
    from deephar.run import Run
    from deephar.stages import train_stage

    model = spnet.build(config)
    if arguments.init or arguments.weights:
        networks.initialise(model, arguments.init or arguments.weights)
    loader = BatchLoader(
        *(list(sets.values()), ["frame"], ["pose"], TRAIN_MODE, list(sizes.values())),
        num_predictions=len(model.outputs),
        seed=arguments.seed,
    )
    about = {"model": config.to_dict(), "data": dataconf.to_dict(), "stage": dataclasses.asdict(stage), "batch": sizes}
    run = Run(arguments.out, about, arguments.resume)
    print(f"{model.count_params():,} parameters; a batch: {sizes}; {stage.epochs} x {stage.steps_per_epoch} steps")
    check = PoseValidation(model, people, arguments.validate) if arguments.validate else None
    train_stage(model, loader, stage, run, check, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_best.weights.h5')}")
