"""The networks of heat maps as their papers trained them, one card each; the scores are those of the papers.

Nobody publishes their weights for Keras. The script of each recipe trains a network of which `load_model(name)` then
finds the file, once it lies under its name in `weights/` or in the folder that DEEPHAR_WEIGHTS names.
"""

from deephar.models.card import ModelCard, Score

PAPER_HOURGLASS = "Newell, Yang and Deng: Stacked Hourglass Networks for Human Pose Estimation, ECCV 2016"
PAPER_CPM = "Wei, Ramakrishna, Kanade and Sheikh: Convolutional Pose Machines, CVPR 2016"
PAPER_MSSNET = "Ke, Chang, Qi and Lyu: Multi-scale structure-aware network for human pose estimation, ICIP 2018"
PAPER_PBN = "Tang and Wu: Does learning specific features for related parts help human pose estimation?, CVPR 2019"

MPII_VALID, MPII_TEST = "MPII, 2,958 validation people", "MPII, test people"
FLIC_TEST = "FLIC, 1,016 test people"
FLIPPED = "last stack, mean of the maps with those of the flipped crop"
LICENCE = "none: no weights are published for Keras"
MPII_COMMAND = "python exp/mpii/eval_2d.py OUT --data FOLDER --model {} --weights FILE {}"
FLIC_COMMAND = "python exp/flic/eval_flic.py OUT --data FOLDER --model {} --weights FILE --scales cpm"


def _card(name, config, script, scores, paper, num_parameters, trained_on="MPII"):
    recipe = f"{script} OUT --data FOLDER"
    return ModelCard(
        name=name,
        config=config,
        file=f"{name}.weights.h5",
        where=f"nobody publishes it; `python {recipe}` trains one: OUT/weights_best.weights.h5, under this name",
        trained_on=trained_on,
        scores=scores,
        paper=paper,
        licence=LICENCE,
        num_parameters=num_parameters,
        recipe=(recipe,),
    )


HEATMAP_NETWORKS = (
    _card(
        "hourglass-mpii",
        dict(network="hourglass", input_shape=(256, 256, 3)),
        "exp/mpii/train_hourglass.py",
        (
            Score(
                *("PCKh@0.5", 88.1, "%", MPII_VALID, f"8 stacks, {FLIPPED}"),
                MPII_COMMAND.format("hourglass-mpii", "--flip"),
                "princeton-vl/pytorch_stacked_hourglass, with the paper's settings",
            ),
        ),
        PAPER_HOURGLASS,
        25_554_688,
    ),
    _card(
        "cpm-mpii",
        dict(network="cpm", input_shape=(368, 368, 3)),
        "exp/mpii/train_cpm.py",
        (
            Score(
                *("PCKh@0.5", 87.95, "%", MPII_TEST, "6 stages, seven scales"),
                MPII_COMMAND.format("cpm-mpii", "--scales cpm"),
                "CVPR 2016, section 4.2; the test people have no public annotation, the command scores validation",
            ),
        ),
        PAPER_CPM,
        31_219_866,
    ),
    _card(
        "cpm-flic",
        dict(network="cpm", input_shape=(368, 368, 3), num_joints=9, num_stages=4),
        "exp/flic/train_cpm.py",
        (
            Score(
                *("PCK@0.2 of elbows", 97.59, "%", FLIC_TEST, "4 stages, seven scales"),
                FLIC_COMMAND.format("cpm-flic"),
                "CVPR 2016, section 4.2",
            ),
        ),
        PAPER_CPM,
        21_323_816,
        trained_on="FLIC",
    ),
    _card(
        "mssnet-mpii",
        dict(network="mssnet", input_shape=(256, 256, 3)),
        "exp/mpii/train_mssnet.py",
        (
            Score(
                *("PCKh@0.5", 89.8, "%", MPII_TEST, "4 stacks of 64 channels, maps at GT, GT/2 and GT/4, regression"),
                MPII_COMMAND.format("mssnet-mpii", "--flip"),
                "ICIP 2018, table 1; the test people have no public annotation, the command scores validation",
            ),
        ),
        PAPER_MSSNET,
        1_532_816,
    ),
    _card(
        "pbn-mpii",
        dict(network="pbn", input_shape=(256, 256, 3)),
        "exp/mpii/train_pbn.py",
        (
            Score(
                *("PCKh@0.5", 91.8, "%", MPII_VALID, f"8 stacks, five groups, six scales, {FLIPPED}"),
                MPII_COMMAND.format("pbn-mpii", "--scales pbn --flip"),
                "CVPR 2019, table 2",
            ),
        ),
        PAPER_PBN,
        26_823_040,
    ),
)
