"""The table of known networks: plain data, one card each.

A published file without a public download is listed with where its authors put it; a user who has it points at the
local copy: `load_model("spnet-penn-6p", weights="weights_mpii+penn_ar_028.hdf5")`.
"""

from dataclasses import dataclass, field

PENN_LABELS = tuple(
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks "
    "pullup pushup situp squat strum_guitar tennis_forehand tennis_serve".split()
)
SPNET = "deephar.models.spnet.build"
PAPER = "TPAMI 2020"
REPOSITORY = "https://github.com/dluvizon/deephar"


@dataclass(frozen=True)
class ModelCard:
    """What is known about one trained network.

    Attributes:
        name: by which `load_model` knows it.
        builder: dotted name of the function that takes the configuration.
        config: keyword arguments of `ModelConfig`.
        file: name of the weight file.
        sha256, md5: of that file; None where unknown, and then not checked.
        where: how a user gets the file.
        trained_on: data sets.
        score: figure with metric, data and protocol.
        command: what prints that figure.
        recipe: commands that trained it, in order; the logs of a file that ships lie beside it.
        labels: names of the actions in the order of the output; empty without or with unnamed actions.
        subsampling: step in frames between the frames of a clip.
        ships: whether the file is in `weights/`.
    """

    name: str
    builder: str
    config: dict = field(hash=False)
    file: str
    where: str
    trained_on: str
    score: str
    command: str
    sha256: str | None = None
    md5: str | None = None
    recipe: tuple = ()
    labels: tuple = ()
    subsampling: int = 1
    ships: bool = False


SPNET_SMALL_2D = ModelCard(
    name="spnet-small-2d",
    builder=SPNET,
    config=dict(
        input_shape=(8, 128, 128, 3),
        poselayout="pa16j2d",
        num_actions=[15],
        num_pyramids=2,
        action_pyramids=[1, 2],
        num_levels=4,
        growth=32,
        num_pose_features=96,
        num_visual_features=96,
    ),
    file="spnet-small-2d.weights.h5",
    where="in this folder",
    sha256="5805f805b4c729a2de6812d680e56c39cdf20cc3988ac88b041ba901e1631b55",
    trained_on="synthetic world (training part) and Leeds Sports Pose Extended (2,998 of 4,996 pictures)",
    score="PCKh@0.5 30.6 %, actions 93.3 % single-clip and 88.3 % multi-clip on the first 200 pictures and 60 videos "
    "of synthetic-v1; PCK@0.2 34.1 % on the test part of Leeds Sports Pose Extended",
    command="make demo; exp/lsp/eval_lsp.py OUT --data FOLDER",
    recipe=(
        "exp/lsp/train_lsp_spnet.py runs/pose --data LSPET --synthetic 0.5 --heatmaps 0.1 --epochs 26 --steps 400 "
        "--batch 16 --lr 2e-3 --warmup 300 --workers 1",
        "exp/pennaction/train_penn_multimodel.py runs/action --small --synthetic --data LSPET --stages action "
        "--init runs/pose/weights_last.weights.h5 --epochs 14 --steps 150 --batch 16 --clips 8 --lr 2e-3 --warmup 100 "
        "--workers 1",
        "exp/pennaction/train_penn_multimodel.py runs/action2 --small --synthetic --data LSPET --stages action "
        "--init runs/action/weights_last.weights.h5 --epochs 7 --steps 150 --batch 16 --clips 8 --lr 1e-3 --warmup 20 "
        "--workers 1 --validate 120 --seed 1",
    ),
    labels=PENN_LABELS,
    subsampling=4,
    ships=True,
)

PUBLISHED = (
    ModelCard(
        name="spnet-mpii-8p",
        builder=SPNET,
        config=dict(input_shape=(256, 256, 3), poselayout="pa16j2d", action_pyramids=[]),
        file="weights_mpii_spnet_8b4l_050.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}",
        trained_on="MPII",
        score=f"none stated for this file; {PAPER}, table 4: 88.3 PCKh@0.5 for 8 pyramids on MPII validation",
        command="exp/mpii/eval_mpii_singleperson.py --model spnet-mpii-8p --weights FILE",
    ),
    ModelCard(
        name="spnet-3d-8p",
        builder=SPNET,
        config=dict(input_shape=(256, 256, 3), poselayout="pa17j3d", action_pyramids=[]),
        file="weights_posebaseline_060.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}/issues/29",
        trained_on="MPII, Human3.6M, Penn Action, NTU (poses only)",
        score=f"none stated for this file; {PAPER}, table 1: 49.5 mm MPJPE on Human3.6M, single-task",
        command="",
    ),
    ModelCard(
        name="spnet-penn-6p",
        builder=SPNET,
        config=dict(
            input_shape=(8, 256, 256, 3),
            poselayout="pa16j2d",
            num_actions=[15],
            num_pyramids=6,
            action_pyramids=[5, 6],
            pose_replica=True,
            num_pose_features=160,
            num_visual_features=160,
        ),
        file="weights_mpii+penn_ar_028.hdf5",
        where="https://drive.google.com/file/d/106yIhqNN-TrI34SX81q2xbU-NczcQj6I/view (the authors' drive)",
        trained_on="MPII, Penn Action",
        score=f"{PAPER}, table 2: 98.2 % single-clip, 98.7 % multi-clip on Penn Action",
        command="exp/pennaction/eval_penn_multitask.py --model spnet-penn-6p --weights FILE",
        labels=PENN_LABELS,
        subsampling=6,
    ),
    ModelCard(
        name="spnet-ntu-2p",
        builder=SPNET,
        config=dict(
            input_shape=(8, 256, 256, 3),
            poselayout="pa17j3d",
            num_actions=[60],
            num_pyramids=2,
            num_pose_features=192,
            num_visual_features=192,
        ),
        file="weights_3dp+ntu_ar_062.hdf5",
        where="https://drive.google.com/file/d/1I6GftXEkL5nohLA60Vi6faW0rvTZg6Kx/view (the authors' drive)",
        trained_on="MPII, Human3.6M, NTU",
        score=f"{PAPER}, table 3: 89.9 % cross-subject on NTU, of the paper's network",
        command="",
        subsampling=4,
    ),
)

MODELS = {card.name: card for card in (SPNET_SMALL_2D, *PUBLISHED)}
DEFAULT_MODEL = SPNET_SMALL_2D.name
