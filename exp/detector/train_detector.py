"""Train the small detector of people on rendered scenes and on photographs of Leeds Sports Pose Extended.

Zhou, Wang and Kraehenbuehl, "Objects as Points", arXiv 1904.07850: focal loss on a map of the people's middles, and
here the generalized intersection over union of the boxes. Scenes are made on the fly: rendered places with nobody or up
to four people; photographs or parts of them, with up to two others pasted over; parts beside the people as places
without anybody. The box of a person is the one around the annotated joints.

    python exp/detector/train_detector.py runs/people --data FOLDER
    python exp/detector/train_detector.py runs/people --data FOLDER --resume
    python exp/detector/train_detector.py runs/tiny --tiny
    python exp/detector/eval_detector.py OUT --weights runs/people --data FOLDER

Average precision and recall at an intersection over union of 0.5 on validation scenes are printed after every epoch and
kept in log.csv. `--photos 0` trains on rendered scenes alone. Expected of the network that ships, which saw 1.3 million
scenes (this script's 24 epochs: 77,000): recall 93 % on test photographs on canvases of twice their sides.
"""

import dataclasses

from deephar.config import DataConfig
from deephar.data.scenes import PeopleScenes, photographs
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.training.recipes import Stage
from deephar.utils import TRAIN_MODE, VALID_MODE

DRAWN = 1_000_000  # scenes from which batches are drawn
LEAST_JOINTS = 11  # annotated, of 14, of people whose box is learned
CHANGES = dict(chpower=[p / 100 for p in range(60, 161, 5)])


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/people")
    options.add_training(parser, batch=16, lr=2e-3, optimizer="adam", schedule="cosine", warmup=200, clipnorm=10.0)
    parser.add_argument("--side", type=options.positive, default=256, help="long side of the scenes, px")
    parser.add_argument("--filters", type=options.positive, default=128, help="channels of the network")
    parser.add_argument("--photos", type=options.fraction, default=0.7, help="share of scenes of photographs")
    parser.add_argument("--validate", type=options.count, default=200, help="validation scenes; 0: none")
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        options.tiny_data(arguments, *(["LSP"] if arguments.photos else []))
        options.make_tiny(arguments, side=64, filters=8)
    return arguments


def scenes_of(arguments, mode, split, length):
    """Scenes of a split of the synthetic world and of a mode of the photographs."""
    from deephar.models.detector import PAD_COLOR

    photos = photographs(datasetpath("LSP", arguments.data), mode, LEAST_JOINTS) if arguments.photos else ()
    config = DataConfig(
        crop_resolution=(arguments.side, arguments.side), value_range=(0.0, 1.0), pad_color=PAD_COLOR, **CHANGES
    )
    return PeopleScenes(config, split, length, photos, arguments.photos, arguments.seed)


def main():
    arguments = arguments_of()
    from deephar.data import BatchLoader
    from deephar.experiments.validation import PeopleValidation
    from deephar.models.builders import build_network
    from deephar.training.run import Run
    from deephar.training.stages import train_stage

    config = {"network": "detector", "input_shape": [None, None, 3], "filters": arguments.filters}
    model = build_network(config)
    if arguments.init or arguments.weights:
        networks.initialise(model, arguments.init or arguments.weights)
    scenes = scenes_of(arguments, TRAIN_MODE, "train", DRAWN)
    loader = BatchLoader(scenes, ["frame"], ["boxes"], TRAIN_MODE, arguments.batch, seed=arguments.seed)
    stage = options.override(arguments, Stage("people", epochs=24, steps_per_epoch=200))
    about = dict(side=arguments.side, photos=arguments.photos, data=scenes.dataconf.to_dict())
    run = Run(arguments.out, {"model": config, "stage": dataclasses.asdict(stage), **about}, arguments.resume)
    print(f"{model.count_params():,} parameters; {stage.epochs} x {stage.steps_per_epoch} steps of {arguments.batch}")
    check = None
    if arguments.validate:
        check = PeopleValidation(model, scenes_of(arguments, VALID_MODE, "validation", arguments.validate))
    train_stage(model, loader, stage, run, check, print_full_losses=False, **options.loading(arguments))
    print(f"weights: {run.path('weights_best.weights.h5')}")


if __name__ == "__main__":
    options.run(main)
