"""PCKh@0.5 of a network on the validation people of MPII: every joint and every prediction block.

Metric: error below half of the head size (0.6 x the diagonal of the head box), Andriluka et al., CVPR 2014; 14 joints,
no pelvis and no thorax, each weighted by how often it is annotated.

    python exp/mpii/eval_mpii_singleperson.py runs/eval --data FOLDER --model reception-mpii --weights FILE
    python exp/mpii/eval_mpii_singleperson.py runs/eval --data FOLDER --model spnet-mpii-8p --weights FILE
    python exp/mpii/eval_mpii_singleperson.py runs/tiny --tiny [--network reception]

Protocol: the usual 2,958 people; one crop each, from the given centre and scale, no flipped crop (`--flip` adds it);
last block.

Expected: 89.1 with the ReceptionNet of CVPR 2018 (weights_PE_MPII_cvpr18_19-09-2017.h5); 88.3 with the SPNet of 8
pyramids (TPAMI 2020, table 4). On the synthetic test set (`deephar synth --format mpii`) the network that ships has the
score in weights/README.md.
"""

import functools

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import VALID_MODE
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_mpii", "reception-mpii")
    parser.add_argument("--flip", action="store_true", help="also predict flipped images, and average")
    parser.add_argument("--limit", type=options.positive, help="so many people, evenly spaced, instead of all")
    parser.add_argument("--batch", type=options.positive, default=32)
    parser.add_argument("--threshold", type=float, default=0.5, help="in head sizes")
    parser.add_argument("--network", choices=networks.POSE_NETWORKS, default="spnet", help="with --tiny: of which kind")
    return options.parse(parser, argv)


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "MPII")
    folder = datasetpath("MPII", arguments.data)
    from deephar.evaluation.poses import eval_pose, pose_table
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    tiny = functools.partial(networks.build_tiny, network=arguments.network)
    model, about = networks.load(arguments, tiny, fallback=DEFAULT_MODEL)
    signature = signature_of(model)
    mpii = MpiiSinglePerson(folder, DataConfig.for_input(signature.frame), signature.layout)
    keys = spread(mpii.get_length(VALID_MODE), arguments.limit or mpii.get_length(VALID_MODE))
    more = dict(keys=keys, batch_size=arguments.batch, flip=arguments.flip, label=f"{len(keys)} people")
    scores = eval_pose(model, mpii, VALID_MODE, arguments.threshold, **more)
    crops = "mean with the flipped crop" if arguments.flip else "single crop"
    print(f"MPII, validation split, {scores.num_people} people, {crops} from the given centre and scale")
    print(pose_table(scores))
    report = {
        **about,
        "flip": arguments.flip,
        "people": scores.num_people,
        "left_out": scores.num_left_out,
        f"pckh@{arguments.threshold:g}": scores.mean.tolist(),
        "joints": {name: scores.per_joint[:, k].tolist() for k, name in enumerate(scores.joint_names)},
    }
    write_json(arguments.out / "eval_mpii.json", report)
    print(f"results in {arguments.out / 'eval_mpii.json'}")


if __name__ == "__main__":
    options.run(main)
