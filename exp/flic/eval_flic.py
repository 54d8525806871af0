"""PCK@0.2 of a network on the test people of FLIC: elbows, wrists, shoulders and hips.

Metric: error below 0.2 x the torso (left shoulder to right hip), Sapp and Taskar, CVPR 2013; papers report elbows and
wrists. Crop: 1.25 x the box of the annotated joints. `--scales` as for exp/mpii/eval_2d.py.

    python exp/flic/eval_flic.py runs/eval --data FOLDER --weights NAME_OR_PATH --flip
    python exp/flic/eval_flic.py runs/tiny --tiny

Expected, elbow and wrist: 97.59 and 95.03 with CPM of 4 stages (CVPR 2016), 99.2 and 97.3 with MSS-Net (ICIP 2018), as
their papers state; no trained files of these networks exist for Keras.
"""

from deephar.config import DataConfig
from deephar.data import Flic
from deephar.experiments import networks, options
from deephar.experiments.datasetpath import datasetpath
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils import TEST_MODE
from deephar.utils.io import write_json


def arguments_of(argv=None):
    parser = options.make_parser(__doc__, "runs/eval_flic", DEFAULT_MODEL)
    options.add_test_time(parser)
    return options.parse(parser, argv)


def main():
    arguments = arguments_of()
    options.tiny_data(arguments, "FLIC")
    folder = datasetpath("FLIC", arguments.data)
    from deephar.evaluation.poses import pck_scores, pose_table, predict_poses
    from deephar.experiments.validation import spread
    from deephar.models.signature import signature_of

    model, about = networks.load(arguments)
    signature, scales = signature_of(model), options.scales_of(arguments.scales)
    flic = Flic(folder, DataConfig.for_input(signature.frame), signature.layout, remove_outer_joints=False)
    keys = spread(flic.get_length(TEST_MODE), arguments.limit or flic.get_length(TEST_MODE))
    more = dict(batch_size=arguments.batch, flip=arguments.flip, label=f"{len(keys)} people", scales=scales)
    found = predict_poses(model, flic, TEST_MODE, keys, **more)
    scores = pck_scores(found, signature.layout)
    print(f"FLIC, test split, {scores.num_people} of {len(keys)} people count; {options.test_time(arguments)}")
    print(pose_table(scores))
    pairs = {name: scores.per_joint[:, k].tolist() for k, name in enumerate(scores.joint_names)}
    report = {**about, "flip": arguments.flip, "scales": scales, "people": scores.num_people, "pck@0.2": pairs}
    write_json(arguments.out / "eval_flic.json", report)
    print(f"results in {arguments.out / 'eval_flic.json'}")


if __name__ == "__main__":
    options.run(main)
