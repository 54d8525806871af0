"""A 3D pose seen from several sides: orthographic views turned about the vertical, on a grid, the near limbs in front.

camera coordinates: x to the right, y down, z away     turned by a degrees: x' = x cos a + z sin a
0 degrees: as the camera sees it                       90 degrees: from the right side of the image
"""

import types
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from deephar.drawing.sheet import contact_sheet
from deephar.drawing.skeleton import draw_label, draw_pose
from deephar.utils.pose import VALID_ABOVE, PoseLayout

PAPER, GRID_COLOR = 250, 215
MARGIN = 1.3  # half of the image over the largest distance from the centre


def pose_views(
    pose: ArrayLike,
    layout: PoseLayout,
    angles: Sequence[float] = (0, 90),
    side: int = 320,
    grid: float | None = None,
    confidence: ArrayLike | None = None,
    threshold: float = 0.5,
    captions: Sequence[str] | None = None,
    pad: int = 4,
) -> np.ndarray:
    """Draw a pose from several sides, all at one scale.

    Args:
        pose: (J, 3) in camera coordinates (x right, y down, z away), any unit, the same along all axes. Joints that
            are not finite or are marked absent (-1e9) are left out.
        layout: joint layout with `num_joints`, `joint_names` and `links`.
        angles: turns about the vertical in degrees, one a view.
        side: width and height of a view in pixels.
        grid: distance of the grid's lines, in the unit of the pose; None draws none.
        confidence, threshold: joints below the threshold are left out, see `draw_pose`.
        captions: None or one text a view.
        pad: pixels between and around the views.

    Returns:
        uint8 array (side + 2 pad, n (side + pad) + pad, 3): the views side by side.

    Raises:
        ValueError: `pose` is not (J, 3).
    """
    pose = np.asarray(pose, np.float64)
    if pose.shape != (layout.num_joints, 3):
        raise ValueError(f"`pose` must have shape ({layout.num_joints}, 3). Received: shape {pose.shape}")
    present = np.isfinite(pose).all(axis=1) & (pose > VALID_ABOVE).all(axis=1)  # (J,)
    pose = np.where(present[:, None], pose, np.nan)
    low, high = (f(pose[present], axis=0) if present.any() else np.zeros(3) for f in (np.min, np.max))
    centred = pose - (low + high) / 2
    reach = max(np.hypot(*(high - low)[[0, 2]]), (high - low)[1], 1e-9) / 2  # largest half extent from any side
    scale = side / (2 * MARGIN * reach)  # px a unit
    views = [_view(centred, layout, angle, side, scale, grid, confidence, threshold) for angle in angles]
    if captions is not None:
        views = [draw_label(view, text) if text else view for view, text in zip(views, captions, strict=True)]
    return contact_sheet(views, len(views), pad)


def _view(pose, layout, angle, side, scale, grid, confidence, threshold):
    """One view of a centred pose (J, 3): uint8 (side, side, 3)."""
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    across = pose[:, 0] * cosine + pose[:, 2] * sine
    depth = pose[:, 2] * cosine - pose[:, 0] * sine
    far_first = sorted(layout.links, key=lambda link: -np.nan_to_num(depth[list(link)].sum()))
    ordered = types.SimpleNamespace(num_joints=layout.num_joints, joint_names=layout.joint_names, links=far_first)
    points = np.stack([across, pose[:, 1]], axis=1) * scale + side / 2  # (J, 2) px
    paper = _paper(side, None if grid is None else grid * scale)
    return draw_pose(paper, points, ordered, confidence, threshold, width=max(2.0, side / 90))


def _paper(side, spacing_px):
    """An empty view, uint8 (side, side, 3), with grid lines through its middle."""
    paper = np.full((side, side, 3), PAPER, np.uint8)
    if spacing_px is not None and spacing_px >= 4:
        steps = np.arange(-np.floor(side / 2 / spacing_px), side / 2 / spacing_px)
        lines = np.round(side / 2 + steps * spacing_px).astype(int)
        lines = lines[(lines >= 0) & (lines < side)]
        paper[lines] = paper[:, lines] = GRID_COLOR
    return paper
