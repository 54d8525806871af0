"""The table of known networks: plain data, one card each.

A published file without a public download is listed with where its authors put it; a user who has it points at the
local copy: `load_model("spnet-penn-6p", weights="weights_mpii+penn_ar_028.hdf5")`.
"""

from dataclasses import dataclass, field

from deephar.utils.labels import NTU_LABELS, PENN_LABELS

PAPER = "TPAMI 2020"
CVPR18 = "CVPR 2018"
REPOSITORY = "https://github.com/dluvizon/deephar"
RELEASES = f"{REPOSITORY}/releases/download"


@dataclass(frozen=True)
class ModelCard:
    """What is known about one trained network.

    Attributes:
        name: by which `load_model` knows it.
        config: what `deephar.models.builders.build_network` takes.
        file: name of the weight file.
        sha256, md5: of that file; None where unknown, and then not checked.
        where: how a user gets the file.
        trained_on: data sets.
        score: score with metric, data and protocol.
        command: what prints that score.
        recipe: commands that trained it, in order; the logs of a file that ships lie beside it.
        labels: names of the actions in the order of the output; empty without or with unnamed actions.
        frame_step: step in frames between the frames of a clip, at `fps` frames a second.
        ships: whether the file is in `weights/`.
    """

    name: str
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
    frame_step: int = 1
    fps: float | None = None
    ships: bool = False

    @property
    def input_shape(self):
        """(H, W, C), or (T, H, W, C) for clips."""
        if "pose" in self.config:
            return (self.config["num_frames"], *self.config["pose"]["input_shape"])
        return self.config["input_shape"]

    @property
    def num_actions(self):
        """How many actions each kind of action output tells apart; empty without actions."""
        found = self.config.get("num_actions", ())
        return (found,) if isinstance(found, int) else tuple(found)


SMALL = dict(  # what the networks that ship have in common
    num_pyramids=2,
    action_pyramids=[1, 2],
    num_levels=4,
    growth=32,
    num_pose_features=96,
    num_visual_features=96,
)

SPNET_SMALL_2D = ModelCard(
    name="spnet-small-2d",
    config=dict(network="spnet", input_shape=(8, 128, 128, 3), poselayout="pa16j2d", num_actions=[15], **SMALL),
    file="spnet-small-2d.weights.h5",
    where="in this folder",
    sha256="2195bc2c6a18b8e91c8469e60fb27983634d03e945a58b524bcfcda4ba5d840f",
    trained_on="synthetic world (training part) and Leeds Sports Pose Extended (2,998 of 4,996 images)",
    score="PCKh@0.5 54.1 %, actions 93.3 % single-clip and 95.0 % multi-clip on the first 200 images and 60 videos "
    "of synthetic-v1; PCK@0.2 52.2 % on the test part of Leeds Sports Pose Extended",
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
    ships=True,
)

SPNET_SMALL_3D = ModelCard(
    name="spnet-small-3d",
    config=dict(network="spnet", input_shape=(8, 128, 128, 3), poselayout="pa17j3d", num_actions=[60], **SMALL),
    file="spnet-small-3d.weights.h5",
    where="in this folder",
    sha256="da7b52d9fccea046a9591a44d210d167f6f666358d7c03cb375a26394cd921f5",
    trained_on="synthetic world (training part: motions of Human3.6M and NTU) and, without depth, Leeds Sports Pose "
    "Extended (2,998 of 4,996 images)",
    score="on the test split of the synthetic world: 99.2 mm MPJPE (depth of the root from the ground truth) on 300 "
    "images of Human3.6M's motions, 76.0 % single-clip on 104 videos of 26 of NTU's actions",
    command="make demo; exp/ntu/eval_ntu_multitask.py OUT --data FOLDER --weights spnet-small-3d",
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
    ships=True,
)

PUBLISHED = (
    ModelCard(
        name="spnet-mpii-8p",
            config=dict(network="spnet", input_shape=(256, 256, 3), poselayout="pa16j2d", action_pyramids=[]),
        file="weights_mpii_spnet_8b4l_050.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}",
        trained_on="MPII",
        score=f"none stated for this file; {PAPER}, table 4: 88.3 PCKh@0.5 for 8 pyramids on MPII validation",
        command="exp/mpii/eval_mpii_singleperson.py --model spnet-mpii-8p --weights FILE",
    ),
    ModelCard(
        name="spnet-3d-8p",
            config=dict(network="spnet", input_shape=(256, 256, 3), poselayout="pa17j3d", action_pyramids=[]),
        file="weights_posebaseline_060.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}/issues/29",
        trained_on="MPII, Human3.6M, Penn Action, NTU (poses only)",
        score=f"none stated for this file; {PAPER}, table 1: 49.5 mm MPJPE on Human3.6M, single-task",
        command="exp/h36m/eval_h36m.py --model spnet-3d-8p --weights FILE",
    ),
    ModelCard(
        name="spnet-penn-6p",
            config=dict(
            network="spnet",
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
        frame_step=6,
    ),
    ModelCard(
        name="spnet-ntu-2p",
            config=dict(
            network="spnet",
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
        command="exp/ntu/eval_ntu_multitask.py --model spnet-ntu-2p --weights FILE",
        labels=NTU_LABELS,
        frame_step=4,
    ),
)

RECEPTION_2D = dict(input_shape=(256, 256, 3), num_joints=16, dim=2, num_context_per_joint=2, ksize=(5, 5))
RECEPTION_3D = dict(input_shape=(256, 256, 3), dim=3, ksize=(5, 5))

PUBLISHED_CVPR18 = (
    ModelCard(
        name="reception-mpii",
            config=dict(network="reception", **RECEPTION_2D, num_blocks=8),
        file="weights_PE_MPII_cvpr18_19-09-2017.h5",
        where=f"{RELEASES}/v0.1/weights_PE_MPII_cvpr18_19-09-2017.h5",
        md5="d6b85ba4b8a3fc9d05c8ad73f763d999",
        trained_on="MPII",
        score="89.1 PCKh@0.5 on MPII validation, single crop",
        command="exp/mpii/eval_mpii_singleperson.py --model reception-mpii --weights FILE",
    ),
    ModelCard(
        name="reception-h36m",
            config=dict(network="reception", **RECEPTION_3D, num_joints=17, num_blocks=8, depth_maps=16),
        file="weights_3DPE_H36M_cvpr18_Nov-2017.h5",
        where=f"{RELEASES}/v0.2/weights_3DPE_H36M_cvpr18_Nov-2017.h5",
        md5="af79f83ad939117d4ccc2cf1d4bd37d2",
        trained_on="MPII, Human3.6M",
        score="55.1 mm MPJPE on Human3.6M, single crop, depth of the root from the ground truth",
        command="exp/h36m/eval_h36m.py --model reception-h36m --weights FILE",
    ),
    ModelCard(
        name="merge-penn",
            config=dict(
            network="merge",
            pose=dict(**RECEPTION_2D, num_blocks=4),
            num_actions=15,
            num_frames=16,
            pose_net_version="v1",
            output_poses=True,
        ),
        file="weights_AR_merge_ep074_26-10-17.h5",
        where=f"{RELEASES}/v0.3/weights_AR_merge_ep074_26-10-17.h5",
        md5="f53f89257077616a79a6c1cd1702d50f",
        trained_on="MPII, Penn Action",
        score=f"none stated for this file; {CVPR18}: 97.4 % on Penn Action with estimated poses",
        command="exp/pennaction/eval_penn_ar_pe_merge.py --model merge-penn --weights FILE",
        labels=PENN_LABELS,
        frame_step=2,
    ),
    ModelCard(
        name="merge-ntu",
            config=dict(
            network="merge",
            pose=dict(**RECEPTION_3D, num_joints=20, num_blocks=4, depth_maps=8),
            num_actions=60,
            num_frames=20,
            num_context_per_joint=0,
            pose_net_version="v2",
            output_poses=True,
        ),
        file="weights_AR_merge_NTU_v2.h5",
        where=f"{RELEASES}/v0.4/weights_AR_merge_NTU_v2.h5",
        md5="ff98d70a7f6bc5976cc11c7a5760e8b7",
        trained_on="MPII, Human3.6M, NTU",
        score=f"none stated for this file; {CVPR18}: 85.5 % on NTU, cross-subject",
        command="exp/ntu/eval_ntu_ar_pe_merge.py --model merge-ntu --weights FILE",
        labels=NTU_LABELS,
        frame_step=2,
    ),
)

MODELS = {card.name: card for card in (SPNET_SMALL_2D, SPNET_SMALL_3D, *PUBLISHED, *PUBLISHED_CVPR18)}
DEFAULT_MODEL, DEFAULT_MODEL_3D = SPNET_SMALL_2D.name, SPNET_SMALL_3D.name
