"""The networks whose weights the authors of the papers published, one card each.

A file without a public download is listed with where its authors put it; a user who has it points at the local copy:
`load_model("spnet-penn-6p", weights="weights_mpii+penn_ar_028.hdf5")`.
"""

from deephar.models.card import AUTHORS, ModelCard, Score
from deephar.utils.labels import NTU_LABELS, PENN_LABELS

TPAMI20, CVPR18 = "TPAMI 2020", "CVPR 2018"
PAPER_SPNET = (
    "Luvizon, Picard and Tabia: Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action "
    f"Recognition, {TPAMI20}"
)
PAPER_CVPR18 = (
    f"Luvizon, Picard and Tabia: 2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning, {CVPR18}"
)
LICENCE = "unknown: the authors state none for the weights"
REPOSITORY = "https://github.com/dluvizon/deephar"
RELEASES = f"{REPOSITORY}/releases/download"

OTHER_FILE = "; none stated for this file"
TABLE_1, TABLE_4 = f"{TPAMI20}, table 1{OTHER_FILE}", f"{TPAMI20}, table 4{OTHER_FILE}"
TABLE_3 = f"{TPAMI20}, table 3, of the paper's network"

MPII, H36M, PENN = "MPII validation", "Human3.6M", "test videos of Penn Action"
NTU = "test videos of NTU"
TRUE_ROOT = "depth of the root from the ground truth"
CLIPS, PREDICTED_BOXES = "clips of 8 frames", "boxes of the pose network"

POSES_2D = "python exp/mpii/eval_mpii_singleperson.py OUT --data FOLDER --model {} --weights FILE"
POSES_3D = "python exp/h36m/eval_h36m.py OUT --data FOLDER --model {} --weights FILE"
_ACTIONS = "python {} OUT --data FOLDER --model {} --weights FILE --boxes BOXES"
EVAL_PENN = _ACTIONS.format("exp/pennaction/eval_penn_multitask.py", "spnet-penn-6p")
EVAL_NTU = _ACTIONS.format("exp/ntu/eval_ntu_multitask.py", "spnet-ntu-2p")
EVAL_PENN_MERGE = _ACTIONS.format("exp/pennaction/eval_penn_ar_pe_merge.py", "merge-penn")
EVAL_NTU_MERGE = _ACTIONS.format("exp/ntu/eval_ntu_ar_pe_merge.py", "merge-ntu")

# Kinect takes 30 frames a second, of which every second one is kept. Penn Action is frames without their rate.
NTU_FPS = 15.0

SPNET = (
    ModelCard(
        name="spnet-mpii-8p",
        config=dict(network="spnet", input_shape=(256, 256, 3), poselayout="pa16j2d", action_pyramids=[]),
        file="weights_mpii_spnet_8b4l_050.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}",
        trained_on="MPII",
        scores=(
            Score("PCKh@0.5", 88.3, "%", MPII, "8 pyramids, single crop", POSES_2D.format("spnet-mpii-8p"), TABLE_4),
        ),
        paper=PAPER_SPNET,
        licence=LICENCE,
        num_parameters=21_413_248,
    ),
    ModelCard(
        name="spnet-3d-8p",
        config=dict(network="spnet", input_shape=(256, 256, 3), poselayout="pa17j3d", action_pyramids=[]),
        file="weights_posebaseline_060.hdf5",
        where=f"from the authors on request by e-mail, see {REPOSITORY}/issues/29",
        trained_on="MPII, Human3.6M, Penn Action, NTU (poses only)",
        scores=(
            Score("MPJPE", 49.5, "mm", H36M, f"single-task, {TRUE_ROOT}", POSES_3D.format("spnet-3d-8p"), TABLE_1),
        ),
        paper=PAPER_SPNET,
        licence=LICENCE,
        num_parameters=21_801_472,
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
        scores=(
            Score(
                "single-clip accuracy", 98.2, "%", PENN, f"{CLIPS}, {PREDICTED_BOXES}", EVAL_PENN, f"{TPAMI20}, table 2"
            ),
            Score(
                "multi-clip accuracy", 98.7, "%", PENN, f"{CLIPS}, {PREDICTED_BOXES}", EVAL_PENN, f"{TPAMI20}, table 2"
            ),
        ),
        paper=PAPER_SPNET,
        licence=LICENCE,
        num_parameters=20_314_088,
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
        scores=(Score("multi-clip accuracy", 89.9, "%", NTU, f"cross-subject, {CLIPS}", EVAL_NTU, TABLE_3),),
        paper=PAPER_SPNET,
        licence=LICENCE,
        num_parameters=12_713_752,
        labels=NTU_LABELS,
        frame_step=4,
        fps=NTU_FPS,
    ),
)

RECEPTION_2D = dict(input_shape=(256, 256, 3), num_joints=16, dim=2, num_context_per_joint=2, ksize=(5, 5))
RECEPTION_3D = dict(input_shape=(256, 256, 3), dim=3, ksize=(5, 5))

RECEPTION = (
    ModelCard(
        name="reception-mpii",
        config=dict(network="reception", **RECEPTION_2D, num_blocks=8),
        file="weights_PE_MPII_cvpr18_19-09-2017.h5",
        where=f"{RELEASES}/v0.1/weights_PE_MPII_cvpr18_19-09-2017.h5",
        md5="d6b85ba4b8a3fc9d05c8ad73f763d999",
        trained_on="MPII",
        scores=(Score("PCKh@0.5", 89.1, "%", MPII, "single crop", POSES_2D.format("reception-mpii"), AUTHORS),),
        paper=PAPER_CVPR18,
        licence=LICENCE,
        num_parameters=14_746_560,
    ),
    ModelCard(
        name="reception-h36m",
        config=dict(network="reception", **RECEPTION_3D, num_joints=17, num_blocks=8, depth_maps=16),
        file="weights_3DPE_H36M_cvpr18_Nov-2017.h5",
        where=f"{RELEASES}/v0.2/weights_3DPE_H36M_cvpr18_Nov-2017.h5",
        md5="af79f83ad939117d4ccc2cf1d4bd37d2",
        trained_on="MPII, Human3.6M",
        scores=(
            Score("MPJPE", 55.1, "mm", H36M, f"single crop, {TRUE_ROOT}", POSES_3D.format("reception-h36m"), AUTHORS),
        ),
        paper=PAPER_CVPR18,
        licence=LICENCE,
        num_parameters=16_681_920,
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
        scores=(Score("accuracy", 97.4, "%", PENN, "estimated poses", EVAL_PENN_MERGE, f"{CVPR18}{OTHER_FILE}"),),
        paper=PAPER_CVPR18,
        licence=LICENCE,
        num_parameters=12_805_120,
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
        scores=(Score("accuracy", 85.5, "%", NTU, "cross-subject", EVAL_NTU_MERGE, f"{CVPR18}{OTHER_FILE}"),),
        paper=PAPER_CVPR18,
        licence=LICENCE,
        num_parameters=16_943_608,
        labels=NTU_LABELS,
        frame_step=2,
        fps=NTU_FPS,
    ),
)

PUBLISHED = (*SPNET, *RECEPTION)
