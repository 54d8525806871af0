"""Charts as PNG or SVG files: training curves, confusion matrix, bars per joint.

Matplotlib is imported when the first chart is drawn. Figures are made without pyplot: no window system is needed, and
nothing stays open.
"""

import csv
import pathlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")


def plot_training(
    log: str | Path | dict, path: str | Path, columns: Sequence[str] | None = None, title: str | None = None
) -> Path:
    """Curves from a training log, one panel a quantity, train and validation together.

    Args:
        log: path of a `log.csv` with a column `epoch`, or a dict of equally long columns.
        path: image to write; its suffix picks the format.
        columns: names of the columns to draw; None draws all numeric ones. `val_x` goes into the panel of `x`.
        title: text above.

    Returns:
        `path` as a pathlib.Path.

    Raises:
        FileNotFoundError, ValueError: no such log, or none of `columns` in it.
    """
    table = _numeric_columns(_read_csv(log) if not isinstance(log, dict) else log)
    epochs = table.pop("epoch", None)
    names = [n for n in (columns or table) if n in table]
    if not names:
        raise ValueError(f"`columns` must name columns of the log ({', '.join(table)}). Received: {columns}")
    panels = list(dict.fromkeys(n.removeprefix("val_") for n in names))
    figure = _figure(4 * min(3, len(panels)), 3 * -(-len(panels) // 3))
    for k, panel in enumerate(panels):
        axes = figure.add_subplot(-(-len(panels) // 3), min(3, len(panels)), k + 1)
        for name, color in zip((panel, "val_" + panel), PALETTE[:2], strict=True):
            if name in names:
                x = np.arange(len(table[name])) if epochs is None else epochs
                axes.plot(x, table[name], color=color, label=name, marker="." if len(x) < 50 else None)
        axes.set_xlabel("epoch")
        axes.legend(frameon=False, fontsize=8)
        axes.grid(alpha=0.3)
    return _save(figure, path, title)


def plot_confusion(matrix: ArrayLike, labels: Sequence[str], path: str | Path, title: str | None = None) -> Path:
    """Confusion matrix as shares of each row.

    Args:
        matrix: (A, A) counts, row the true action, column the predicted one.
        labels: A names.
        path: image to write.
        title: text above.
    """
    matrix = np.asarray(matrix, float)
    if matrix.shape != (len(labels), len(labels)):
        raise ValueError(f"`matrix` must be ({len(labels)}, {len(labels)}) for the labels. Received: {matrix.shape}")
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)  # (A, A)
    figure = _figure(2.5 + 0.4 * len(labels), 2 + 0.4 * len(labels))
    axes = figure.add_subplot(1, 1, 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix):
        value = share[row, column]
        color = "w" if value > 0.5 else "k"
        axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=7, color=color)
    axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return _save(figure, path, title)


def plot_groups(
    matrix: ArrayLike,
    labels: Sequence[str],
    groups: Sequence[Sequence[int]],
    pose: ArrayLike,
    path: str | Path,
    title: str | None = None,
) -> Path:
    """Affinities of joints, and the groups that they make: a matrix sorted by group, and a pose in the groups' colours.

    Args:
        matrix: (J, J) affinities; drawn without the diagonal, from the least to the largest.
        labels: J names.
        groups: lists of joint numbers.
        pose: (J, 2), x to the right and y down, any unit.
        path: image to write.
        title: text above.
    """
    order, pose = [joint for group in groups for joint in group], np.asarray(pose, float)
    sorted_ = np.array(matrix, float)[np.ix_(order, order)]
    np.fill_diagonal(sorted_, np.nan)
    figure = _figure(4 + 0.55 * len(labels), 2 + 0.33 * len(labels))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    image = left.imshow(sorted_, cmap="viridis")
    figure.colorbar(image, ax=left, label="mutual information, nats", shrink=0.8)
    names = [labels[joint] for joint in order]
    left.set_xticks(range(len(order)), names, rotation=60, ha="right", fontsize=8)
    left.set_yticks(range(len(order)), names, fontsize=8)
    start = -0.5
    for number, group in enumerate(groups):
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * len(group) + start
        left.plot(*corners.T, color=f"C{number}", linewidth=2, clip_on=False)
        right.scatter(*pose[list(group)].T, s=90, color=f"C{number}", zorder=2)
        start += len(group)
    middle, reach = np.mean(pose[:, 0]), 0.05 * np.ptp(pose)
    for name, point in zip(labels, pose, strict=True):
        side = 0 if abs(point[0] - middle) < reach / 2 else np.sign(point[0] - middle)
        where = dict(ha={-1: "right", 0: "center", 1: "left"}[side], va="center" if side else "bottom")
        offset = (7 * side, 0 if side else 6)
        right.annotate(name, point, xytext=offset, textcoords="offset points", fontsize=7, **where)
    right.set_aspect("equal")
    right.invert_yaxis()
    right.axis("off")
    return _save(figure, path, title)


def plot_joint_bars(
    scores: dict[str, dict[str, float]], path: str | Path, unit: str = "%", title: str | None = None
) -> Path:
    """Grouped bars, one group a joint.

    Args:
        scores: dict series name -> dict joint name -> number; all series over the same joints.
        path: image to write.
        unit: text at the value axis.
        title: text above.
    """
    joints = list(next(iter(scores.values())))
    figure = _figure(2 + 0.5 * len(joints), 3.2)
    axes = figure.add_subplot(1, 1, 1)
    width = 0.8 / len(scores)
    for k, (series, values) in enumerate(scores.items()):
        heights = [values[j] for j in joints]
        middles = np.arange(len(joints)) + (k + 0.5) * width - 0.4
        axes.bar(middles, heights, width, label=series, color=PALETTE[k % len(PALETTE)])
    axes.set_xticks(range(len(joints)), joints, rotation=45, ha="right", fontsize=8)
    axes.set_ylabel(unit)
    axes.grid(axis="y", alpha=0.3)
    if len(scores) > 1:
        axes.legend(frameon=False, fontsize=8)
    return _save(figure, path, title)


def _figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", dpi=110)


def _save(figure, path, title):
    if title:
        figure.suptitle(title)
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _read_csv(path):
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`log` must be a CSV file. Received: {path}, which does not exist")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def _numeric_columns(table):
    """Columns that hold numbers, empty fields as NaN."""
    numeric = {}
    for name, values in table.items():
        try:
            numeric[name] = np.array([float(v) if v not in ("", None) else np.nan for v in values])
        except (TypeError, ValueError):
            continue
    return numeric
