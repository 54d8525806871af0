"""3D poses in mm from images of an unknown camera: the scale follows from the height of the person.

A network gives x and y in pixels and the depth in units of 2 m, both against the root joint. How many mm a pixel is
depends on camera and distance, which an image does not tell. It is chosen so that the skeleton's links sum to what
they do on a person of the given height (weak perspective: one scale for the whole body).

    x, y px --- x s mm/px ---+
                             +--> mm from the root: x to the right, y down, z away from the camera
    z [0, 1] -- x 2000 mm ---+     s: sum of links = LINKS_PER_HEIGHT x height
"""

import numpy as np

from deephar.utils.math import solve_increasing
from deephar.utils.pose import DEPTH_RANGE_MM, link_vectors

HEIGHT_MM = 1700.0
# Sum of a layout's links over body height, by number of joints: the mean of the synthetic world's bodies, whose segment
# lengths are those of Drillis and Contini, "Body segment parameters" (1966).
LINKS_PER_HEIGHT = {16: 2.11, 17: 2.11, 20: 2.35, 21: 2.35}


def pose_in_mm(points, layout, height_mm=HEIGHT_MM):
    """Turn predicted 3D poses into mm from the root, the layout's first joint.

    Args:
        points: (..., J, 3): x and y in pixels of the frame, z normalised.
        layout: a pa layout of 16, 17, 20 or 21 joints.
        height_mm: body height of the person.

    Returns:
        (..., J, 3): x to the right, y down, z away from the camera.
    """
    points = np.asarray(points, np.float64)
    relative = points - points[..., :1, :]  # (..., J, 3)
    relative = relative * [1.0, 1.0, DEPTH_RANGE_MM]
    links = link_vectors(relative, layout)  # (..., L, 3)
    size = LINKS_PER_HEIGHT[layout.num_joints] * height_mm
    flat = np.maximum(np.hypot(links[..., 0], links[..., 1]).sum(axis=-1), 1e-9)  # (...,) px

    def sum_of_links(scale):
        return np.linalg.norm(_scaled(links, scale), axis=-1).sum(axis=-1)

    # mm / px; with the upper limit x and y alone make the size
    return _scaled(relative, solve_increasing(sum_of_links, size, np.zeros_like(flat), size / flat))


def _scaled(points, scale):
    """Scale x and y of (..., K, 3) by (...,) mm / px."""
    return points * np.stack([scale, scale, np.ones_like(scale)], axis=-1)[..., None, :]
