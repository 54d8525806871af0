"""The table of known networks: those that ship, one card each, and those that the authors of the papers published."""

import difflib

from deephar.models.card import ModelCard, Score
from deephar.models.cards_heatmaps import HEATMAP_NETWORKS
from deephar.models.cards_published import PAPER_SPNET, PUBLISHED
from deephar.utils.labels import NTU_LABELS, PENN_LABELS

__all__ = [
    "DEFAULT_DETECTOR",
    "DEFAULT_MODEL",
    "DEFAULT_MODEL_3D",
    "MODELS",
    "SCORES_OF_SCRIPTS",
    "ModelCard",
    "Score",
    "find_card",
    "names_near",
]

LICENCE = "MIT, as the package; the data sets have licences of their own"
WORLD_FPS = 30.0  # of the synthetic world

DEMO = "deephar demo --full"
LSP = "python exp/lsp/eval_lsp.py OUT --data FOLDER --weights {}"

V1_IMAGES = "first 200 images of synthetic-v1"
V1_VIDEOS = "first 60 videos of synthetic-v1"
ONE_CROP = "last block, single crop from the true box, 14 joints"
TRUE_BOXES = "last action output, true boxes, 15 actions"
LSP_TEST = "Leeds Sports Pose Extended, the 1,000 images whose number ends in 1"
LSP_CROP = (
    "last block, single crop of 1.25 x the box of the annotated joints, in frame pixels; of the people the 713 with an "
    "annotated torso count"
)
SURE_JOINTS = (
    "as PCK@0.2; calibrated on the 998 images whose number ends in 9; {} of the 9,332 joints that count have >= 0.9"
)
NOBODY = "300 crops without a person, half beside those of these images, half of the synthetic world's test split"
NOBODY_JOINTS = "joints whose calibrated confidence is at least 0.5"
H36M_MOTIONS = "test split of the synthetic world, 300 images of Human3.6M's motions"
NTU_MOTIONS = "test split of the synthetic world, 104 videos of 26 of NTU's 60 actions"
_POSES_3D = "last block, mm of root-aligned poses, single crop from the true pose, 17 joints, {}"
TRUE_ROOT = _POSES_3D.format("the root's true depth")
SIZED_ROOT = _POSES_3D.format("without the true depth of the root: by the mean size of training people")
TRUE_BOXES_NTU = "last action output, true boxes; of the 60 actions the 26 that it was trained on are answered"

# Of NTU's 60 actions, from 0, those that the synthetic world performs: `deephar.synthetic.actions.NTU.performed`.
NTU_TRAINED = (*range(11), 13, 21, 22, 23, 25, 26, 27, 30, 32, 33, 34, 36, 37, 39, 42)

REAL_AND_RENDERED = "synthetic world (training part) and Leeds Sports Pose Extended (5,998 images)"
CONFIG = dict(  # what the networks that ship have in common
    network="spnet",
    input_shape=(8, 256, 256, 3),
    num_pyramids=2,
    action_pyramids=[1, 2],
    num_levels=4,
    growth=64,
    num_pose_features=96,
    num_visual_features=96,
    xy_window=3.0,
)
POSES_RECIPE = (
    "# poses, in 3D: 9,990 steps of 128 crops, half photographs without depth (Leeds Sports Pose Extended, image "
    "numbers that end in 3 to 8), half rendered people (306,688, motions of Human3.6M 45 %, NTU 40 %, Penn Action "
    "15 %; 30 % random poses), each used about twice; 7 minutes on one H100 with JAX. Loss: `l1l2bincross` with 0.01, "
    "and the cross entropy of every block's maps with a weight from 1.0 to 0.05. AdamW, 500 steps of warm-up to "
    "2.5e-3, cosine to zero, decay 0.02, gradient norm at most 5, bfloat16. Crops: turned by up to 40 degrees, scale "
    "0.75 to 1.3, shifted by 10 %, mirrored; colours, blur, noise, rectangles. Log: spnet-3d.pose.csv"
)
CUT_RECIPE = (
    "# poses, cut to 2D: `transfer_weights` from those of spnet-3d, batch normalisation re-estimated on 1,280 training "
    "images (its `images`)"
)
ON_FROZEN_POSES = (
    "{} OUT --small --synthetic --stages action --cache {} --clips 16 --mixup 0.3 --epochs {} --steps {} --lr 2e-3 "
    "--warmup 100 --init POSES --workers 0 --validate {}  # POSES: the weights of the poses above"
)
NOBODY_RECIPE = (
    "exp/lsp/train_lsp_spnet.py OUT --data FOLDER --layout {} --init BEFORE --synthetic 0.3 --nobody 0.3 "
    "--frozen '*bn*' conv1 'res*' 'dp1*' --confidence 0.05 --heatmaps 0.05 --optimizer adamw --lr 3e-4 --warmup 50 "
    "--ema 0.995 --minutes 40 --steps 200 --batch 16 --validate 300 --workers 1  # BEFORE: all of the above; 40 "
    "minutes on one core of two. The second pyramid learns what nobody looks like; the weights are the mean of those "
    "before and the best ones after (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022), which costs "
    "no pose; the actions stay. Log: {}.nobody.csv"
)

# Fitted by `exp/lsp/calibrate.py` on the validation images of Leeds Sports Pose Extended, those whose number ends in 9.
CALIBRATION_2D = (
    *((0.0, 0.016), (0.451, 0.465), (0.586, 0.622), (0.67, 0.716), (0.724, 0.771)),
    *((0.769, 0.814), (0.807, 0.849), (0.842, 0.877), (1.0, 0.998)),
)
CALIBRATION_3D = (
    *((0.0, 0.023), (0.46, 0.48), (0.598, 0.636), (0.679, 0.727), (0.732, 0.781)),
    *((0.774, 0.821), (0.812, 0.855), (0.846, 0.882), (1.0, 0.997)),
)

SPNET_2D = ModelCard(
    name="spnet-2d",
    config=dict(CONFIG, poselayout="pa16j2d", num_actions=[15]),
    file="spnet-2d.weights.h5",
    where="comes with the package",
    sha256="d339270a9bfee02e0826bd7c6ce7152611b813c4a577b2e083ce52ecd64680c2",
    trained_on=REAL_AND_RENDERED,
    scores=(
        Score("PCK@0.2", 71.0, "%", LSP_TEST, LSP_CROP, LSP.format("spnet-2d")),
        Score("joints right at confidence 0.9", 90.6, "%", LSP_TEST, SURE_JOINTS.format(340), LSP.format("spnet-2d")),
        Score("expected calibration error", 0.6, "%", LSP_TEST, SURE_JOINTS.format(340), LSP.format("spnet-2d")),
        Score("sure joints of nobody", 0.8, "%", NOBODY, NOBODY_JOINTS, LSP.format("spnet-2d") + " --nobody 300"),
        Score("PCKh@0.5", 80.4, "%", V1_IMAGES, ONE_CROP, DEMO),
        Score("single-clip accuracy", 95.0, "%", V1_VIDEOS, TRUE_BOXES, DEMO),
        Score("multi-clip accuracy", 98.3, "%", V1_VIDEOS, TRUE_BOXES, DEMO),
    ),
    paper=PAPER_SPNET,
    licence=LICENCE,
    num_parameters=4_386_936,
    recipe=(
        POSES_RECIPE,
        CUT_RECIPE,
        ON_FROZEN_POSES.format("exp/pennaction/train_penn_multimodel.py", 2648, 10, 240, 120),
        NOBODY_RECIPE.format("pa16j2d", "spnet-2d"),
    ),
    labels=PENN_LABELS,
    frame_step=4,
    fps=WORLD_FPS,
    ships=True,
    calibration=CALIBRATION_2D,
)

SPNET_3D = ModelCard(
    name="spnet-3d",
    config=dict(CONFIG, poselayout="pa17j3d", num_actions=[60]),
    file="spnet-3d.weights.h5",
    where="comes with the package",
    sha256="df972a5e044e8e58919908ac4e3ff2553fa74c5d92d31d524310b239f4f8735d",
    trained_on=REAL_AND_RENDERED,
    scores=(
        Score("MPJPE", 70.8, "mm", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("P-MPJPE", 52.6, "mm", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("PCK3D@150 mm", 88.1, "%", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("MPJPE", 78.1, "mm", H36M_MOTIONS, SIZED_ROOT, DEMO),
        Score("PCK@0.2", 71.8, "%", LSP_TEST, LSP_CROP, LSP.format("spnet-3d")),
        Score("joints right at confidence 0.9", 91.3, "%", LSP_TEST, SURE_JOINTS.format(438), LSP.format("spnet-3d")),
        Score("expected calibration error", 0.6, "%", LSP_TEST, SURE_JOINTS.format(438), LSP.format("spnet-3d")),
        Score("sure joints of nobody", 1.1, "%", NOBODY, NOBODY_JOINTS, LSP.format("spnet-3d") + " --nobody 300"),
        Score("single-clip accuracy", 87.5, "%", NTU_MOTIONS, TRUE_BOXES_NTU, DEMO),
    ),
    paper=PAPER_SPNET,
    licence=LICENCE,
    num_parameters=4_879_356,
    recipe=(
        POSES_RECIPE,
        ON_FROZEN_POSES.format("exp/ntu/train_ntu_spnet.py", 4800, 12, 300, 104),
        NOBODY_RECIPE.format("pa17j3d", "spnet-3d"),
    ),
    labels=tuple(name if k in NTU_TRAINED else None for k, name in enumerate(NTU_LABELS)),
    frame_step=4,
    fps=WORLD_FPS,
    ships=True,
    calibration=CALIBRATION_3D,
)

PAPER_DETECTOR = "Zhou, Wang and Kraehenbuehl: Objects as Points, arXiv 1904.07850, on one hourglass (ECCV 2016)"
DETECTION = "python exp/detector/eval_detector.py OUT --data FOLDER --weights people"
SURE = "score of at least 0.3"
FOUND = "intersection over union of at least 0.5 with the box around the {} joints, " + SURE
EMPTY_PLACES = "300 empty scenes, test split of the synthetic world"
CROWDS = "300 scenes of one to four people, test split of the synthetic world"
ON_CANVAS = f"{LSP_TEST}, each at random on another one enlarged to {{}} times its sides"
DETECTOR_RECIPE = (
    "# scenes as exp/detector/train_detector.py makes them, 320 px, 65 to 75 % photographs (the 2,490 of Leeds Sports "
    "Pose Extended whose number ends in 3, 5, 7 with 11 joints or more), each used 2.5 times: 7,670 steps of 64, then, "
    "from the averaged weights, 12,090 more; 9 minutes on one H100 with JAX. Focal loss plus 2, then 4 times 1 - "
    "overlap of the boxes. AdamW, warm-up to 2e-3, then 1.5e-3, cosine to zero, decay 0.01, gradient norm at most 5, "
    "bfloat16. Windows of 256 px of 0.6 to 1.35 x the scene, shifted, stretched by 12 %, mirrored; colours, blur, "
    "noise, a rectangle. Moving average of the weights, batch normalisation re-estimated. Log: people.csv"
)

PEOPLE = ModelCard(
    name="people",
    config=dict(network="detector", input_shape=(320, 320, 3), filters=128),
    file="people.weights.h5",
    where="comes with the package",
    sha256="cc0c84e593e9574690ee1eb591fcb9bab0517c006037c73ffe620ece28d09cec",
    trained_on="synthetic world (training part) and Leeds Sports Pose Extended (2,490 images)",
    scores=(
        Score("recall", 93.4, "%", ON_CANVAS.format(2), FOUND.format("annotated"), DETECTION),
        Score("recall", 92.2, "%", ON_CANVAS.format(4), FOUND.format("annotated"), DETECTION),
        Score("recall", 76.0, "%", CROWDS, FOUND.format("36"), DETECTION),
        Score("precision", 89.8, "%", CROWDS, FOUND.format("36"), DETECTION),
        Score("empty scenes with anybody", 3.0, "%", EMPTY_PLACES, SURE, DETECTION),
    ),
    paper=PAPER_DETECTOR,
    licence=LICENCE,
    num_parameters=838_117,
    recipe=(DETECTOR_RECIPE,),
    ships=True,
)

ANNOTATED_POSES = (
    "from annotated poses alone: the pose half of the action network of CVPR 2018, 14 CPU minutes of training, one seed"
)
POSE_ACTION = "python exp/pennaction/train_penn_pose_action.py OUT --data LABELS --validate 0"
PENN_TEST = "the 1,068 test videos of Penn Action"
NO_FILE = "measured by the command, which trains the network; its file does not ship"

# Scores of networks that a script trains in minutes, so that no file ships.
SCORES_OF_SCRIPTS = (
    Score("multi-clip accuracy", 97.9, "%", PENN_TEST, ANNOTATED_POSES, POSE_ACTION, NO_FILE),
    Score("single-clip accuracy", 97.9, "%", PENN_TEST, ANNOTATED_POSES, POSE_ACTION, NO_FILE),
)

MODELS = {card.name: card for card in (SPNET_2D, SPNET_3D, PEOPLE, *PUBLISHED, *HEATMAP_NETWORKS)}
DEFAULT_MODEL, DEFAULT_MODEL_3D = SPNET_2D.name, SPNET_3D.name
DEFAULT_DETECTOR = PEOPLE.name


def names_near(name: str) -> str:
    """Return "; near it: ..." with the registered names that look like a name, "" where none does."""
    near = difflib.get_close_matches(str(name).lower(), MODELS, n=3)
    return f"; near it: {', '.join(near)}" if near else ""


def find_card(name: str) -> ModelCard:
    """Return the card of a registered network.

    Args:
        name: str.

    Raises:
        ValueError: unknown name; lists the known.
    """
    if name not in MODELS:
        raise ValueError(f"`name` must be one of {', '.join(MODELS)}. Received: {name!r}{names_near(name)}")
    return MODELS[name]
