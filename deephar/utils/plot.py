"""Plots of an image with poses and boxes over it, on the screen or in a file (needs matplotlib, imported when called).

These are quick plots for a notebook; `deephar.drawing` makes the overlays of files and videos.
"""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from deephar.utils.colors import hex_colors
from deephar.utils.pose import VALID_ABOVE, pa16j2d, pa17j3d, pa20j3d, pa21j3d

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["data_to_image", "draw", "hex_colors", "plot_3d_pose", "plot_skeleton_2d", "show"]

LAYOUT_OF_SIZE = {layout.num_joints: layout for layout in (pa16j2d, pa17j3d, pa20j3d, pa21j3d)}
LUMA = np.array([0.2989, 0.5870, 0.1140])  # ITU-R BT.601


def data_to_image(x: ArrayLike | None, gray_scale: bool = False) -> Image.Image:
    """Return an array as an image, its range of values stretched to [0, 255].

    Args:
        x: array (H, W, 3) or (H, W), of any range; None: 100 x 100 px in light grey.
        gray_scale: bool. Keep the luminance alone.
    """
    if x is None:
        return Image.new("RGB", (100, 100), (224, 224, 224))
    x = np.asarray(x, dtype=float)
    span = x.max() - x.min()
    x = 255.0 * (x - x.min()) / span if span > 0 else x
    if x.ndim == 3 and x.shape[-1] == 3 and gray_scale:
        x = x @ LUMA  # (H, W)
    if x.ndim == 2:
        x = np.repeat(x[..., None], 3, axis=-1)  # (H, W, 3)
    return Image.fromarray(np.clip(x, 0, 255).astype(np.uint8))


def show(
    x: ArrayLike | None, gray_scale: bool = False, jet_cmap: bool = False, filename: str | pathlib.Path | None = None
) -> None:
    """Show an array as an image, or save it.

    Args:
        x: array (H, W, 3) or (H, W), of any range; None: light grey.
        gray_scale: bool. Show the luminance alone.
        jet_cmap: bool. Colour values (H, W) with the map "jet" of matplotlib.
        filename: str or Path. Save the image there instead of opening a window.
    """
    if jet_cmap:
        from matplotlib import colormaps

        x = np.asarray(x, dtype=float)
        span = x.max() - x.min()
        image = Image.fromarray((colormaps["jet"]((x - x.min()) / (span or 1.0))[..., :3] * 255).astype(np.uint8))
    else:
        image = data_to_image(x, gray_scale=gray_scale)
    if filename:
        image.save(filename)
    else:
        image.show()


def draw(
    x: ArrayLike | None = None,
    skels: ArrayLike | Sequence[ArrayLike] | None = None,
    bboxes: ArrayLike | Sequence[ArrayLike] | None = None,
    bbox_color: str | Sequence[str] | np.ndarray = "g",
    abs_pos: bool = False,
    plot3d: bool = False,
    single_window: bool = False,
    figsize: tuple[float, float] = (16, 9),
    axis: str = "on",
    facecolor: str = "white",
    azimuth: float = 65,
    dpi: float = 100,
    filename: str | pathlib.Path | None = None,
) -> None:
    """Plot an image with skeletons and boxes over it.

    Args:
        x: array (H, W, 3) or (H, W); None: light grey.
        skels: a pose (J, 2+) of 16, 17, 20 or 21 joints, poses (N, J, 2+), or a list of poses.
        bboxes: a box (4,), boxes (N, 4), or a list of boxes, each x1, y1, x2, y2.
        bbox_color: str, the colour of all boxes, or a list of one colour for each.
        abs_pos: bool. Whether `skels` and `bboxes` are in px; otherwise they are normalised to the image.
        plot3d: bool. Also plot the poses in 3D, in the same window or in a second one (saved as FILENAME with `_3d`).
        single_window: bool. One window for both plots.
        figsize, axis, facecolor, dpi: as in matplotlib.
        azimuth: float. Angle of the 3D view in degrees.
        filename: str or Path. Save the plot there instead of opening a window.

    Raises:
        TypeError: `bbox_color` is a bool, where older code had `abs_pos` as the fourth argument.
        ValueError: a pose has another number of joints, or there is not one colour for each box.
    """
    import matplotlib.pyplot as plt

    image, poses = data_to_image(x), _as_poses(skels)
    boxes = np.reshape([] if bboxes is None else bboxes, (-1, 4)).astype(float)  # (N, 4)
    colors, unit = _one_each(bbox_color, len(boxes)), np.ones(2) if abs_pos else np.array(image.size)
    for pose in poses:
        _layout_of(pose)
    figures = [plt.figure(figsize=figsize)]
    try:
        side_by_side = plot3d and single_window
        axes = figures[0].add_subplot(121 if side_by_side else 111)
        axes.imshow(image, zorder=-1)
        axes.axis(axis)
        for pose in poses:
            _plot_skeleton_2d(axes, pose, unit)
        for (x1, y1, x2, y2), color in zip(boxes * np.tile(unit, 2), colors, strict=True):
            axes.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], lw=4, c=color, zorder=1)
        if plot3d and poses:
            if not side_by_side:
                figures.append(plt.figure(figsize=figsize))
            view = figures[-1].add_subplot(122 if side_by_side else 111, projection="3d")
            for pose in poses:
                _plot_skeleton_3d(view, pose, None, azimuth)
        _show_or_save(plt, figures, filename, facecolor=facecolor, dpi=dpi)
    finally:
        for figure in figures:
            plt.close(figure)


def _as_poses(skels):
    """Return a pose, poses in one array, or a list of poses as a list of arrays (J, D)."""
    if skels is None or len(skels) == 0:
        return []
    one = np.ndim(skels[0]) == 1
    return [np.asarray(skels)] if one else [np.asarray(pose) for pose in skels]


def _one_each(color, count):
    """Return the colour of each of `count` boxes."""
    if isinstance(color, bool):
        raise TypeError(f"`bbox_color` must be a colour; give `abs_pos` by its name. Received: {color}")
    colors = list(color) if isinstance(color, (list, np.ndarray)) else [color] * count
    if len(colors) != count:
        raise ValueError(f"`bbox_color` must be one colour or one for each of {count} boxes. Received: {color!r}")
    return colors


def plot_skeleton_2d(
    subplot: "Axes",
    skel: ArrayLike,
    h: float | None = None,
    w: float | None = None,
    joints: bool = True,
    links: bool = True,
    scale: float = 16,
    lw: float = 4,
) -> None:
    """Plot a pose on axes of matplotlib.

    Args:
        subplot: matplotlib.axes.Axes.
        skel: pose (J, 2+) of 16, 17, 20 or 21 joints; absent joints (below -1e6) are left out.
        h, w: float. Height and width in px that y and x are multiplied by; None: they are in px already.
        joints, links: bool. What to draw.
        scale: float. Area of a joint's dot in square points.
        lw: float. Width of the lines in points.

    Raises:
        ValueError: the pose has another number of joints.
    """
    _plot_skeleton_2d(subplot, skel, np.array([w or 1, h or 1]), joints, links, scale, lw)


def _show_or_save(plt, figures, filename, **options):
    if not filename:
        plt.show()
        return
    path = pathlib.Path(filename)
    names = (path, path.with_name(f"{path.stem}_3d{path.suffix}"))
    for figure, name in zip(figures, names, strict=False):
        figure.savefig(name, bbox_inches="tight", pad_inches=0, **options)


def plot_3d_pose(
    pose: ArrayLike,
    subplot: "Axes | None" = None,
    filename: str | pathlib.Path | None = None,
    color: str | Sequence[str] | None = None,
    lw: float = 3,
    azimuth: float = 65,
) -> None:
    """Plot a pose on 3D axes.

    Args:
        pose: array (J, 2) or (J, 3) of 16, 17, 20 or 21 joints, normalised to [0, 1].
        subplot: 3D axes of matplotlib; None: a window or a file of its own.
        filename: str or Path. Save the plot there instead of opening a window, without `subplot`.
        color: str, one colour, or a list of five: of spine, right arm, left arm, right leg and left leg; None: those of
            the layout.
        lw: float. Width of the lines in points.
        azimuth: float. Angle of the view in degrees.

    Raises:
        ValueError: the pose has another number of joints.
    """
    if subplot is not None:
        _plot_skeleton_3d(subplot, pose, color, azimuth, lw)
        return
    import matplotlib.pyplot as plt

    figure = plt.figure()
    try:
        _plot_skeleton_3d(figure.add_subplot(111, projection="3d"), pose, color, azimuth, lw)
        _show_or_save(plt, [figure], filename)
    finally:
        plt.close(figure)


def _layout_of(pose):
    if len(pose) not in LAYOUT_OF_SIZE:
        allowed = ", ".join(map(str, LAYOUT_OF_SIZE))
        raise ValueError(f"`skels` must be poses of {allowed} joints. Received: {len(pose)}")
    return LAYOUT_OF_SIZE[len(pose)]


def _plot_skeleton_2d(axes, pose, unit, joints=True, links=True, scale=16, lw=4):
    layout = _layout_of(pose)
    valid = (np.asarray(pose)[:, :2] > VALID_ABOVE).all(axis=1)
    xy = np.asarray(pose)[:, :2] * unit  # (J, 2)
    for j in np.flatnonzero(valid) if joints else ():
        axes.scatter(*xy[j], color=layout.color[layout.cmap[j]], lw=lw, s=scale, zorder=2)
    for a, b in layout.links if links else ():
        if valid[a] and valid[b]:
            axes.plot(*xy[[a, b]].T, lw=lw, c=layout.color[layout.cmap[a]], zorder=1)


def _plot_skeleton_3d(axes, pose, color, azimuth, lw=3):
    """Plot a pose on 3D axes: depth to the right, x into the page, y downwards."""
    layout, pose = _layout_of(pose), np.asarray(pose, dtype=float)
    valid = (pose[:, :2] > VALID_ABOVE).all(axis=1)
    depth = np.maximum(pose[:, 2], 0) if pose.shape[1] > 2 else np.zeros(len(pose))
    points = np.stack([depth, pose[:, 0], pose[:, 1]])  # (3, J)
    palette = [color] * len(layout.color) if isinstance(color, str) else color or layout.color
    for j in np.flatnonzero(valid):
        axes.scatter(*points[:, j : j + 1], lw=lw, color=palette[layout.cmap[j]])
    for a, b in layout.links:
        if valid[a] and valid[b]:
            axes.plot(*points[:, [a, b]], c=palette[layout.cmap[a]], lw=lw)
    axes.view_init(10, azimuth)
    axes.set(xlabel="Z (depth)", ylabel="X (width)", zlabel="Y (height)", xlim=(1, 0), ylim=(0, 1), zlim=(1, 0))
