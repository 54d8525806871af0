"""The table of known networks: those that ship, one card each, and those that the authors of the papers published."""

from deephar.models.card import ModelCard, Score
from deephar.models.cards_published import PAPER_SPNET, PUBLISHED
from deephar.utils.labels import NTU_LABELS, PENN_LABELS

__all__ = ["DEFAULT_MODEL", "DEFAULT_MODEL_3D", "MODELS", "SCORES_OF_SCRIPTS", "ModelCard", "Score", "find_card"]

LICENCE = "MIT, as the package; the data sets have licences of their own"
WORLD_FPS = 30.0  # of the synthetic world

DEMO = "make demo"
LSP = "python exp/lsp/eval_lsp.py OUT --data FOLDER"
EVAL_H36M = "python exp/h36m/eval_h36m.py OUT --data FOLDER --weights spnet-small-3d"
EVAL_NTU = "python exp/ntu/eval_ntu_multitask.py OUT --data FOLDER --weights spnet-small-3d"

SMALL = dict(  # what the networks that ship have in common
    num_pyramids=2,
    action_pyramids=[1, 2],
    num_levels=4,
    growth=32,
    num_pose_features=96,
    num_visual_features=96,
)

V1_IMAGES = "first 200 images of synthetic-v1"
V1_VIDEOS = "first 60 videos of synthetic-v1"
ONE_CROP = "last block, single crop from the true box, 14 joints"
TRUE_BOXES = "last action output, true boxes, 15 actions"
LSP_TEST = "Leeds Sports Pose Extended, the 1,000 images whose number ends in 1"
LSP_CROP = (
    "last block, single crop of 1.25 x the box of the annotated joints, in frame pixels; of the people the 713 with an "
    "annotated torso count"
)

SPNET_SMALL_2D = ModelCard(
    name="spnet-small-2d",
    config=dict(network="spnet", input_shape=(8, 128, 128, 3), poselayout="pa16j2d", num_actions=[15], **SMALL),
    file="spnet-small-2d.weights.h5",
    where="comes with the package",
    sha256="2195bc2c6a18b8e91c8469e60fb27983634d03e945a58b524bcfcda4ba5d840f",
    trained_on="synthetic world (training part) and Leeds Sports Pose Extended (2,998 of 4,996 images)",
    scores=(
        Score("PCKh@0.5", 54.1, "%", V1_IMAGES, ONE_CROP, DEMO),
        Score("single-clip accuracy", 93.3, "%", V1_VIDEOS, TRUE_BOXES, DEMO),
        Score("multi-clip accuracy", 95.0, "%", V1_VIDEOS, TRUE_BOXES, DEMO),
        Score("PCK@0.2", 52.2, "%", LSP_TEST, LSP_CROP, LSP),
    ),
    paper=PAPER_SPNET,
    licence=LICENCE,
    num_parameters=2_201_752,
    recipe=(
        "exp/lsp/train_lsp_spnet.py runs/pose --data LSPET --synthetic 0.5 --heatmaps 0.1 --epochs 26 --steps 400 "
        "--batch 16 --lr 2e-3 --warmup 300 --workers 1",
        "exp/pennaction/train_penn_multimodel.py runs/action --small --synthetic --data LSPET --stages action "
        "--init runs/pose/weights_last.weights.h5 --epochs 14 --steps 150 --batch 16 --clips 8 --lr 2e-3 --warmup 100 "
        "--workers 1",
        "exp/pennaction/train_penn_multimodel.py runs/action2 --small --synthetic --data LSPET --stages action "
        "--init runs/action/weights_last.weights.h5 --epochs 7 --steps 150 --batch 16 --clips 8 --lr 1e-3 --warmup 20 "
        "--workers 1 --validate 120 --seed 1",
        "exp/lsp/train_lsp_spnet.py runs/pose2 --data LSPET --synthetic 0.5 --heatmaps 1.0 --epochs 52 --steps 400 "
        "--batch 16 --lr 2e-3 --warmup 300 --workers 1 --init runs/action2/weights_best.weights.h5",
        "exp/lsp/sharpen_lsp_spnet.py runs/sharp --data LSPET --weights runs/pose2/weights_last.weights.h5",
        "exp/pennaction/train_penn_multimodel.py runs/action3 --small --synthetic --data LSPET --stages action "
        "--weights runs/action2/weights_best.weights.h5 --init runs/sharp/weights_sharp.weights.h5 --epochs 12 "
        "--steps 150 --batch 16 --clips 8 --lr 2e-3 --warmup 50 --workers 1 --validate 120",
        "exp/lsp/sharpen_lsp_spnet.py runs/final --data LSPET --weights runs/action3/weights_best.weights.h5 "
        "--factors 0.6  # of what action3 has: x 3 in all",
    ),
    labels=PENN_LABELS,
    frame_step=4,
    fps=WORLD_FPS,
    ships=True,
)

H36M_MOTIONS = "test split of the synthetic world, 300 images of Human3.6M's motions"
H36M_ON_DISK = (
    "a synthetic Human3.6M on disk, four cameras a performance, 1,440 test poses "
    "(`deephar synth --format h36m --out FOLDER --train 5 --test 30 --size 400 400`)"
)
NTU_MOTIONS = "test split of the synthetic world, 104 videos of 26 of NTU's 60 actions"
NTU_VIDEOS = (
    "a synthetic NTU on disk, 156 test videos of three cameras, cross-subject "
    "(`deephar synth --format ntu --out FOLDER --train 1 --test 52 --size 480 270`)"
)
_POSES_3D = "last block, mm of root-aligned poses, single crop from the true pose, 17 joints, {}"
TRUE_ROOT = _POSES_3D.format("the root's true depth")
SIZED_ROOT = _POSES_3D.format("without the true depth of the root: by the mean size of training people")
TRUE_BOXES_NTU = "last action output, true boxes"

SPNET_SMALL_3D = ModelCard(
    name="spnet-small-3d",
    config=dict(network="spnet", input_shape=(8, 128, 128, 3), poselayout="pa17j3d", num_actions=[60], **SMALL),
    file="spnet-small-3d.weights.h5",
    where="comes with the package",
    sha256="da7b52d9fccea046a9591a44d210d167f6f666358d7c03cb375a26394cd921f5",
    trained_on="synthetic world (training part: motions of Human3.6M and NTU) and, without depth, Leeds Sports Pose "
    "Extended (2,998 of 4,996 images)",
    scores=(
        Score("MPJPE", 99.2, "mm", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("P-MPJPE", 66.0, "mm", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("PCK3D@150 mm", 78.6, "%", H36M_MOTIONS, TRUE_ROOT, DEMO),
        Score("MPJPE", 106.0, "mm", H36M_MOTIONS, SIZED_ROOT, DEMO),
        Score("MPJPE", 93.0, "mm", H36M_ON_DISK, TRUE_ROOT, EVAL_H36M),
        Score("MPJPE", 100.5, "mm", H36M_ON_DISK, SIZED_ROOT, EVAL_H36M),
        Score("single-clip accuracy", 76.0, "%", NTU_MOTIONS, TRUE_BOXES_NTU, DEMO),
        Score("single-clip accuracy", 74.4, "%", NTU_VIDEOS, TRUE_BOXES_NTU, EVAL_NTU),
        Score("multi-clip accuracy", 77.6, "%", NTU_VIDEOS, TRUE_BOXES_NTU, EVAL_NTU),
    ),
    paper=PAPER_SPNET,
    licence=LICENCE,
    num_parameters=2_663_260,
    recipe=(
        "exp/ntu/train_pose_baseline.py runs/pose --small --synthetic 0.875 --lsp 0.125 --data LSPET "
        "--random-poses 0.15 --init spnet-small-2d --heatmaps 0.3 --epochs 16 --steps 800 --batch 16 --lr 1e-3 "
        "--warmup 500 --workers 1 --validate 120  # stopped after epoch 2",
        "exp/ntu/train_pose_baseline.py runs/pose2 --small --synthetic 0.9375 --lsp 0.0625 --data LSPET "
        "--random-poses 0.1 --init runs/pose/weights_last.weights.h5 --heatmaps 0.03 --epochs 28 --steps 400 "
        "--batch 16 --lr 1.5e-3 --warmup 50 --workers 1 --validate 100",
        "exp/ntu/train_ntu_spnet.py runs/action --small --synthetic --stages action --weights spnet-small-2d "
        "--init runs/pose2/weights_last.weights.h5 --epochs 13 --steps 200 --batch 16 --clips 8 --lr 2e-3 --warmup 100 "
        "--workers 2 --validate 78",
    ),
    labels=NTU_LABELS,
    frame_step=4,
    fps=WORLD_FPS,
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

MODELS = {card.name: card for card in (SPNET_SMALL_2D, SPNET_SMALL_3D, *PUBLISHED)}
DEFAULT_MODEL, DEFAULT_MODEL_3D = SPNET_SMALL_2D.name, SPNET_SMALL_3D.name


def find_card(name: str) -> ModelCard:
    """Return the card of a registered network.

    Args:
        name: str.

    Raises:
        ValueError: unknown name; lists the known.
    """
    if name not in MODELS:
        raise ValueError(f"`name` must be one of {', '.join(MODELS)}. Received: {name!r}")
    return MODELS[name]
