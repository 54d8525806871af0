"""3D poses in mm from images of an unknown camera: the scale follows from the height of the person.

A network gives x and y in pixels and the depth in units of 2 m, both against the root joint. How many mm a pixel is
depends on camera and distance, which an image does not tell. It is chosen so that the skeleton's links sum to what
they do on a person of the given height (weak perspective: one scale for the whole body).

    x, y px --- x s mm/px ---+
                             +--> mm from the root: x to the right, y down, z away from the camera
    z [0, 1] -- x 2000 mm ---+     s: sum of the known links = sum of their LINK_SHARES x height
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deephar.utils.camera import Camera
from deephar.utils.math import solve_increasing
from deephar.utils.pose import DEPTH_RANGE_MM, PoseLayout

HEIGHT_MM = 1700.0
# Length over body height of a link between two parts: the mean of the synthetic world's bodies, whose segment lengths
# are those of Drillis and Contini, "Body segment parameters" (1966).
LINK_SHARES = {
    "pelvis spine": 0.140,
    "spine thorax": 0.147,
    "pelvis thorax": 0.287,
    "thorax neck": 0.052,
    "neck head": 0.130,
    "thorax head": 0.182,
    "shoul shoul": 0.216,
    "thorax shoul": 0.110,
    "shoul elb": 0.185,
    "elb wrist": 0.145,
    "wrist hand": 0.0525,
    "hand tip": 0.0525,
    "wrist thumb": 0.073,
    "hip hip": 0.106,
    "pelvis hip": 0.053,
    "hip knee": 0.244,
    "knee ankle": 0.2465,
    "ankle foot": 0.0675,
}
SAME_PART = {"shoulder": "shoul", "elbow": "elb"}


def body_part(name: str) -> str:
    """Return the part of the body in a joint's name, as LINK_SHARES has it: `shoul` of `left_shoulder`."""
    side, _, part = name.lower().partition("_")
    part = part if side in ("r", "l", "right", "left") else name.lower()
    return SAME_PART.get(part, part)


def known_links(layout: PoseLayout) -> tuple[np.ndarray, float]:
    """Return the links of a layout whose length is known, by the names of their joints.

    Args:
        layout: `PoseLayout`. Sides are `r_` and `l_`, or `right_` and `left_`.

    Returns:
        links: int (L, 2), pairs of joints; none where no link is known.
        share: float. Sum of their lengths over body height.
    """
    parts = [body_part(name) for name in layout.joint_names]
    links, share = [], 0.0
    for first, second in layout.links:
        found = LINK_SHARES.get(f"{parts[first]} {parts[second]}") or LINK_SHARES.get(f"{parts[second]} {parts[first]}")
        if found:
            links.append((first, second))
            share += found
    return np.array(links, int).reshape(-1, 2), share


def pose_in_mm(points: ArrayLike, layout: PoseLayout, height_mm: float = HEIGHT_MM) -> np.ndarray:
    """Turn predicted 3D poses into mm from the root, the layout's first joint.

    Args:
        points: array (..., J, 3): x and y in pixels of the frame, z normalised to the crop, in [0, 1].
        layout: `PoseLayout` with at least one of the links of LINK_SHARES.
        height_mm: float. Body height of the person in mm.

    Returns:
        float (..., J, 3) in mm: x to the right, y down, z away from the camera.

    Raises:
        ValueError: the layout has no link of known length.
    """
    ends, share = known_links(layout)
    if not len(ends):
        allowed = f"at least one link between two of {', '.join(LINK_SHARES)}"
        raise ValueError(f"`layout` must have {allowed}, for the scale in mm. Received: {layout.name}")
    points = np.asarray(points, np.float64)
    relative = points - points[..., :1, :]  # (..., J, 3)
    relative = relative * [1.0, 1.0, DEPTH_RANGE_MM]
    links = relative[..., ends[:, 0], :] - relative[..., ends[:, 1], :]  # (..., L, 3)
    size = share * height_mm
    flat = np.maximum(np.hypot(links[..., 0], links[..., 1]).sum(axis=-1), 1e-9)  # (...,) px

    def sum_of_links(scale):
        return np.linalg.norm(_scaled(links, scale), axis=-1).sum(axis=-1)

    # mm / px; with the upper limit x and y alone make the size
    return _scaled(relative, solve_increasing(sum_of_links, size, np.zeros_like(flat), size / flat))


@dataclass(frozen=True)
class PinholeView:
    """A known camera and distance, for 3D poses in mm from the camera.

    Attributes:
        focal: (fx, fy) px.
        centre: (cx, cy) px.
        root_depth_mm: float. Distance of the root joint along the camera's axis.
    """

    focal: tuple[float, float]
    centre: tuple[float, float]
    root_depth_mm: float

    @classmethod
    def of(
        cls, camera: ArrayLike | None, root_depth_mm: float | None, layout: PoseLayout
    ) -> "PinholeView | None":
        """Return the view of (fx, fy, cx, cy) px and a distance in mm; None where neither is given.

        Raises:
            ValueError: only one of them is given, it is out of its range, or the poses have no depth.
        """
        if camera is None and root_depth_mm is None:
            return None
        values = np.ravel(np.asarray([np.nan] if camera is None else camera, float))
        depth = np.nan if root_depth_mm is None else float(root_depth_mm)
        if values.shape != (4,) or not np.isfinite([*values, depth]).all() or min(*values[:2], depth) <= 0:
            allowed = "`camera` must be fx,fy,cx,cy in px and `root_depth_mm` a distance in mm, both or neither"
            raise ValueError(f"{allowed}. Received: {camera} and {root_depth_mm}")
        if layout.dim != 3:
            raise ValueError(f"`camera` must not be given for poses without depth. Received: layout {layout.name}")
        return cls((float(values[0]), float(values[1])), (float(values[2]), float(values[3])), depth)

    def pose(self, points: ArrayLike) -> np.ndarray:
        """Return a pose (..., J, 3), x and y in frame px and z normalised to the crop, in mm from the camera."""
        points = np.asarray(points, np.float64)
        depth = self.root_depth_mm + (points[..., 2:] - points[..., :1, 2:]) * DEPTH_RANGE_MM  # (..., J, 1)
        view = Camera(np.eye(3), np.zeros(3), self.focal, self.centre, np.zeros(2))
        return view.inverse_project(np.concatenate([points[..., :2], depth], axis=-1))


def _scaled(points, scale):
    """Scale x and y of (..., K, 3) by (...,) mm / px."""
    return points * np.stack([scale, scale, np.ones_like(scale)], axis=-1)[..., None, :]
