"""3D poses in mm from pictures of an unknown camera: the scale follows from the height of the person.

A network gives x and y in pixels and the depth in units of 2 m, both against the root joint. How many mm a pixel is
depends on camera and distance, which a picture does not tell. It is chosen so that the skeleton's links sum to what
they do on a person of the given height (weak perspective: one scale for the whole body).

    x, y px --- x s mm/px ---+
                             +--> mm from the root: x to the right, y down, z away from the camera
    z [0, 1] -- x 2000 mm ---+     s: sum of links = LINKS_PER_HEIGHT x height
"""

import numpy as np

HEIGHT_MM = 1700.0
DEPTH_RANGE_MM = 2000.0  # what z from 0 to 1 stands for in training
# Sum of a layout's links over body height, by number of joints: the mean of the synthetic world's bodies, whose segment
# lengths are those of Drillis and Contini, "Body segment parameters" (1966).
LINKS_PER_HEIGHT = {16: 2.11, 17: 2.11, 20: 2.35, 21: 2.35}
HALVINGS = 40


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
    first, second = np.array(layout.links).T
    links = relative[..., first, :] - relative[..., second, :]  # (..., L, 3)
    size = LINKS_PER_HEIGHT[layout.num_joints] * height_mm
    flat = np.maximum(np.hypot(links[..., 0], links[..., 1]).sum(axis=-1), 1e-9)  # (...,) px
    low, high = np.zeros_like(flat), size / flat  # mm / px: with the larger one x and y alone make the size
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        scaled = links * np.stack([middle, middle, np.ones_like(middle)], axis=-1)[..., None, :]
        small = np.linalg.norm(scaled, axis=-1).sum(axis=-1) < size
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return relative * np.stack([high, high, np.ones_like(high)], axis=-1)[..., None, :]
