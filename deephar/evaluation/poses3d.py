"""3D poses of a network on Human3.6M: error of every prediction block in mm, for each action and on average.

Luvizon, Picard and Tabia, CVPR 2018, and TPAMI 2020, section 4.1.1: MPJPE of root-aligned poses, subjects 9
and 11, one in 64 frames, one crop around the person.

    block, crop [0, 1]^3 --inverse of afmat--> x, y px     z: (z - 0.5) x 2000 mm from the root
                               |                   |
                               +---- depth of the root ----+ --inverse of the camera--> world mm --> distances

The depth of the root, which no network here predicts, comes from one of two places:

    true      the annotation: the published protocol; x and y turn into mm with the right scale
    by size   the depth at which the predicted skeleton is as large, by the sum of its links, as the mean one of the
              training annotation: of the sample itself only the crop and the camera's calibration are used

In both, the crop is placed and sized by the annotation, as in the papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from deephar.data.samples import Dataset
from deephar.evaluation.poses import predict_crops
from deephar.metrics.pose2d import valid_joints
from deephar.metrics.pose3d import auc_150, mpjpe, n_mpjpe, p_mpjpe, pck3d_150
from deephar.models.signature import signature_of
from deephar.utils.camera import camera_deserialize, project_pred_to_camera
from deephar.utils.math import solve_increasing
from deephar.utils.parser import TEST_MODE, TRAIN_MODE
from deephar.utils.pose import DEPTH_RANGE_MM, PoseLayout, link_vectors
from deephar.utils.tables import table

TRUE_DEPTH = "The depth of the root joint is GROUND TRUTH, and so is the crop: the published protocol."
BY_SIZE = (
    "Depth by size: instead of the true depth of the root, the one at which the predicted skeleton is as large as the "
    "mean of the training annotation (sum of links {size:.0f} mm); the crop is still ground truth."
)
NO_SIZE = "No score without the true depth: the data set has no training annotation to take the skeleton's size from."
MM_METRICS = {"MPJPE": mpjpe, "N-MPJPE": n_mpjpe, "P-MPJPE": p_mpjpe}
SHARE_METRICS = {"PCK3D@150 mm": pck3d_150, "AUC 0-150 mm": auc_150}
SIZED = "MPJPE, depth by size"
NEAREST_MM, FARTHEST_MM = 500.0, 50_000.0


@dataclass(frozen=True, eq=False)
class PosePredictions3D:
    """Poses of N images, predicted in their crops and true in the world.

    Attributes:
        crops: (K, N, J, 4), one a prediction block, normalised to the crop, the confidence last.
        true: (N, J, 3) world mm.
        afmat: (N, 3, 3), frame pixels to the normalised crop.
        cameras: (N, 21) or (N, 18), as `Camera.serialize` writes them.
        root_depth: (N,) true depth of the root, mm.
        action: (N,) numbers of the actions, from 0.
        depth_range: mm that z from 0 to 1 stands for.
    """

    crops: np.ndarray
    true: np.ndarray
    afmat: np.ndarray
    cameras: np.ndarray
    root_depth: np.ndarray
    action: np.ndarray
    depth_range: float = DEPTH_RANGE_MM

    def world(self, block: int, root_depth: np.ndarray | None = None) -> np.ndarray:
        """One block's poses (N, J, 3) in world mm, the roots at `root_depth` (N,), by default at their true depth."""
        depth = self.root_depth if root_depth is None else root_depth
        uvd = project_pred_to_camera(self.crops[block][..., :3], self.afmat, self.depth_range, depth)
        return camera_deserialize(self.cameras).inverse_project(uvd)


@dataclass(frozen=True, eq=False)
class PoseScores3D:
    """Scores of each of K blocks.

    Attributes:
        metrics: {name: (K,)}: mm, or fractions in [0, 1] for the names of `SHARE_METRICS`. All but `SIZED` with the
            true depth of the root; `SIZED` is NaN where the size is not known.
        per_action: (K, A) MPJPE in mm, NaN where the data have no such action.
        per_joint: (K, J) MPJPE in mm, the root included.
        action_names, joint_names: of these columns.
        num_poses: poses that count.
        num_left_out: poses that do not, because their root is not annotated.
        size_mm: sum of the links that `SIZED` goes by, None where it is not known.
    """

    metrics: dict
    per_action: np.ndarray
    per_joint: np.ndarray
    action_names: tuple
    joint_names: tuple
    num_poses: int
    size_mm: float | None
    num_left_out: int = 0

    @property
    def protocol(self) -> str:
        """What the scores rest on, in words."""
        words = f"{TRUE_DEPTH} {NO_SIZE if self.size_mm is None else BY_SIZE.format(size=self.size_mm)}"
        return f"{words} Left out: {self.num_left_out} poses without root." if self.num_left_out else words


def predict_poses_3d(
    model: keras.Model,
    dataset: Dataset,
    mode: int = TEST_MODE,
    keys: Sequence[int] | None = None,
    batch_size: int = 16,
    flip: bool = False,
    progress: bool = True,
    label: str = "3D poses",
) -> PosePredictions3D:
    """Run every prediction block on images of a data set.

    Args:
        model: a network of 3D poses for images, or a clip network whose pose part then sees single images.
        dataset: `Human36M` with topology 'frames' in the layout of the network, or one whose samples have the same
            `frame`, `pose_w`, `pose_uvd`, `camera`, `afmat` and `action`.
        mode: TEST_MODE or VALID_MODE: nothing random.
        keys: numbers of the samples; None: all.
        flip: also predict the flipped crop and take the mean.
        progress, label: bar on stderr.

    Returns:
        `PosePredictions3D`.

    Raises:
        ValueError: the data set is empty in this mode, its layout is another, or the network predicts no depth.
    """
    layout = signature_of(model).layout
    if layout.dim != 3:
        raise ValueError(f"`model` must predict poses in 3 dimensions. Received: one of {layout.name}")
    entries = ("pose_w", "pose_uvd", "camera", "afmat", "action")
    crops, samples = predict_crops(model, dataset, mode, keys, batch_size, flip, progress, label, entries)
    pose_w, pose_uvd, cameras, afmat, action = (np.stack([s[entry] for s in samples]) for entry in entries)
    if pose_w.shape[1:] != (layout.num_joints, 3):
        raise ValueError(f"`dataset` must give single poses of {layout.name}. Received: shape {pose_w.shape[1:]}")
    scale = dataset.dataconf.fixed_scale
    return PosePredictions3D(
        crops, pose_w, afmat, cameras, pose_uvd[:, 0, 2], action.reshape(-1).astype(int), DEPTH_RANGE_MM * scale
    )


def links_mm(poses: np.ndarray, layout: PoseLayout) -> np.ndarray:
    """The sum of the lengths of a layout's links, (..., J, 3) -> (...,)."""
    return np.linalg.norm(link_vectors(poses, layout), axis=-1).sum(axis=-1)


def training_size_mm(dataset: Dataset) -> float | None:
    """The mean sum of links over the first frames of `Human36M`'s training sequences, mm; None where it has none."""
    sequences = dataset.sequences[TRAIN_MODE] if hasattr(dataset, "sequences") else []
    if not len(sequences):
        return None
    first = np.stack([sequence.joints[0] for sequence in sequences])  # (S, 32, 3)
    return float(links_mm(first[:, dataset.poselayout.map_from_h36m], dataset.poselayout).mean())


def depth_by_size(found: PosePredictions3D, block: int, layout: PoseLayout, size_mm: float) -> np.ndarray:
    """The depth of the root at which a block's skeletons have a given sum of links.

    Every joint moves along the ray through its pixel, so its place in the world is linear in the root's depth, and the
    sum of links grows with it (where the skeleton is small against its distance). The depth is found by halving the
    range from 0.5 m to 50 m.

    Args:
        found: `PosePredictions3D`.
        block: number of the prediction block.
        layout: joint layout.
        size_mm: sum of links, mm.

    Returns:
        (N,) mm.
    """
    number = len(found.true)
    at_zero = link_vectors(found.world(block, np.zeros(number)), layout)  # (N, L, 3)
    per_mm = link_vectors(found.world(block, np.ones(number)), layout) - at_zero

    def sum_of_links(depth):
        return np.linalg.norm(at_zero + per_mm * depth[:, None, None], axis=-1).sum(axis=-1)  # (N,)

    limits = (np.full(number, limit) for limit in (NEAREST_MM, FARTHEST_MM))
    return solve_increasing(sum_of_links, size_mm, *limits)


def scores_3d(
    found: PosePredictions3D, layout: PoseLayout, action_names: Sequence[str], size_mm: float | None = None
) -> PoseScores3D:
    """Score `PosePredictions3D`.

    Args:
        found: of `predict_poses_3d`.
        layout: joint layout; its first joint is the root.
        action_names: names of the actions in the order of their numbers.
        size_mm: sum of the links of a mean skeleton, mm; None: no score without the true depth.

    Returns:
        `PoseScores3D`.
    """
    blocks, rooted = range(len(found.crops)), valid_joints(found.true)[:, 0]
    poses = [found.world(block) for block in blocks]
    metrics = {
        name: np.array([function(found.true, pose) for pose in poses])
        for name, function in {**MM_METRICS, **SHARE_METRICS}.items()
    }
    sized = np.full(len(poses), np.nan)
    if size_mm is not None:
        by_size = [found.world(block, depth_by_size(found, block, layout, size_mm)) for block in blocks]
        sized = np.array([mpjpe(found.true, pose) for pose in by_size])
    chosen = [found.action == action for action in range(len(action_names))]
    return PoseScores3D(
        metrics={**metrics, SIZED: sized},
        per_action=np.array([[mpjpe(found.true[own], pose[own]) for own in chosen] for pose in poses]),
        per_joint=np.array([mpjpe(found.true, pose, per_joint=True) for pose in poses]),
        action_names=tuple(action_names),
        joint_names=tuple(layout.joint_names),
        num_poses=int(rooted.sum()),
        size_mm=size_mm,
        num_left_out=int((~rooted).sum()),
    )


def eval_pose_3d(
    model: keras.Model, dataset: Dataset, mode: int = TEST_MODE, size_mm: float | None = None, **options
) -> PoseScores3D:
    """Score a network of 3D poses on a data set.

    Args:
        model, dataset, mode: as `predict_poses_3d`, which also takes `options`.
        size_mm: sum of the links of a mean skeleton, mm; None: of the data set's training annotation.

    Returns:
        `PoseScores3D`.
    """
    found = predict_poses_3d(model, dataset, mode, **options)
    size_mm = training_size_mm(dataset) if size_mm is None else size_mm
    names = getattr(dataset, "action_labels", None) or [f"action {k}" for k in range(found.action.max() + 1)]
    return scores_3d(found, signature_of(model).layout, names, size_mm)


def pose_table_3d(scores: PoseScores3D) -> str:
    """Table of `PoseScores3D` as text: a row a metric, a column a prediction block."""
    rows = [
        [f"{name}, %" if name in SHARE_METRICS else f"{name}, mm", *_cells(values, name in SHARE_METRICS)]
        for name, values in scores.metrics.items()
    ]
    return table(["", *_blocks(scores)], rows)


def action_table_3d(scores: PoseScores3D) -> str:
    """Table of MPJPE in mm, true depth of the root: a row an action, the mean over poses and over actions."""
    present = ~np.isnan(scores.per_action).all(axis=0)
    rows = [[name, *_cells(scores.per_action[:, k])] for k, name in enumerate(scores.action_names) if present[k]]
    rows.append(["mean over poses", *_cells(scores.metrics["MPJPE"])])
    rows.append(["mean over actions", *_cells(np.nanmean(scores.per_action[:, present], axis=1))])
    return table(["MPJPE, mm", *_blocks(scores)], rows)


def joint_table_3d(scores: PoseScores3D) -> str:
    """Table of MPJPE in mm, true depth of the root: a row a joint."""
    rows = [[name, *_cells(scores.per_joint[:, k])] for k, name in enumerate(scores.joint_names)]
    return table(["MPJPE, mm", *_blocks(scores)], rows)


def _blocks(scores):
    return [f"block {k + 1}" for k in range(len(scores.per_joint))]


def _cells(values, share=False):
    return ["-" if np.isnan(value) else f"{100 * value if share else value:.1f}" for value in values]
