"""Test at several scales: heatmaps of every scale pasted into the image and added up, poses of every scale averaged.

    scale s: crop s times as large -- network (and its flipped crop) -- maps (H, W, J) --+
                                                                                         +-- sum -- arg max, image px
    image px of the person's region <-- rows and columns of interpolation weights -------+

Six scales from 0.8 to 1.3, each averaged with the flipped crop: Yang et al. (PyraNet), ICCV 2017, and Tang and Wu
(PBN), CVPR 2019; seven from 0.7 to 1.3 of the image: Wei et al. (CPM), CVPR 2016, in whose code maps are enlarged by
cubic interpolation and summed over scales.
"""

import copy
from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import ArrayLike

from deephar.data.samples import Dataset
from deephar.evaluation.batches import forward_samples, sample_batches
from deephar.inference.decode import decode
from deephar.models.signature import Signature
from deephar.utils.transform import crop_to_frame

PBN_SCALES = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)  # of the crop
CPM_SCALES = tuple(round(1 / s, 4) for s in (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3))  # of the image, so inverse of the crop
CUBIC = -0.75  # the parameter of cubic convolution that image libraries take
MAX_CANVAS = 512  # cells along the larger side of the region that maps are pasted into


def scaled(dataset: Dataset, scale: float) -> Dataset:
    """Return a view of a data set whose crops outside of training are `scale` times as large.

    Raises:
        ValueError: the data set has no `dataconf`, or it turns or moves crops, so that maps cannot be pasted.
    """
    dataconf = getattr(dataset, "dataconf", None)
    if dataconf is None or dataconf.fixed_angle or dataconf.fixed_hflip:
        raise ValueError(
            "`dataset` must have a `dataconf` with `fixed_angle` and `fixed_hflip` 0 for several scales. "
            f"Received: {type(dataset).__name__}"
        )
    view = copy.copy(dataset)
    view.dataconf = dataconf.replace(fixed_scale=dataconf.fixed_scale * scale)
    return view


def interpolation(coordinates: ArrayLike, count: int) -> np.ndarray:
    """Return the weights (N, count) by which samples at 0 ... count - 1 make the values at N coordinates.

    Cubic convolution; the outermost samples are repeated. Rows of coordinates beyond half a sample outside are zero.
    """
    coordinates = np.asarray(coordinates, dtype=np.float64)
    first = np.floor(coordinates).astype(int) - 1
    weights = np.zeros((len(coordinates), count))
    inside = (coordinates >= -0.5) & (coordinates <= count - 0.5)
    for tap in range(4):
        distance = np.abs(coordinates - (first + tap))
        near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
        far = ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC
        value = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0)) * inside
        np.add.at(weights, (np.arange(len(coordinates)), np.clip(first + tap, 0, count - 1)), value)
    return weights


def paste(maps: np.ndarray, afmat: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return heatmaps of a crop at pixels of its frame.

    Args:
        maps: (H, W, J).
        afmat: (3, 3), from frame px to the crop normalised to [0, 1], sides parallel to the frame's.
        columns, rows: (X,) and (Y,), x and y in frame px.

    Returns:
        (Y, X, J), 0 outside of the crop.
    """
    height, width, _ = maps.shape
    across = interpolation((afmat[0, 0] * columns + afmat[0, 2]) * width - 0.5, width)  # (X, W)
    down = interpolation((afmat[1, 1] * rows + afmat[1, 2]) * height - 0.5, height)  # (Y, H)
    narrow = np.tensordot(down, maps, axes=(1, 0))  # (Y, W, J)
    return np.einsum("xw,ywj->yxj", across, narrow, optimize=True)  # (Y, X, J)


def _grid(afmats):
    """X and y in frame px of the cells of a region that holds all crops."""
    corners = [crop_to_frame(np.array([[0.0, 0.0], [1.0, 1.0]]), afmat) for afmat in afmats]
    low, high = np.min(corners, axis=(0, 1)), np.max(corners, axis=(0, 1))
    step = max(1.0, float((high - low).max()) / MAX_CANVAS)
    return [np.arange(a, b, step) + step / 2 for a, b in zip(low, high, strict=True)]


def join_maps(maps: Sequence[np.ndarray], afmats: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the joints that the maps of several crops of one person show together.

    Args:
        maps: list of (H, W, J), one a crop.
        afmats: list of (3, 3), from frame px to each crop.

    Returns:
        points: (J, 2) in frame px, where the sum of the maps has its maximum.
        confidence: (J,), mean of the maps there, in [0, 1].
    """
    columns, rows = _grid(afmats)
    total = sum(paste(m, afmat, columns, rows) for m, afmat in zip(maps, afmats, strict=True))  # (Y, X, J)
    flat = total.reshape(-1, total.shape[-1])  # (Y * X, J)
    best = flat.argmax(axis=0)  # (J,)
    y, x = np.divmod(best, len(columns))
    points = np.stack([columns[x], rows[y]], axis=-1)  # (J, 2)
    return points, np.clip(flat[best, np.arange(len(best))] / len(maps), 0.0, 1.0)


def predict_scales(
    model: keras.Model,
    signature: Signature,
    dataset: Dataset,
    mode: int,
    keys: Sequence[int] | None,
    batch_size: int,
    flip: bool,
    scales: Sequence[float],
    progress: bool,
    label: str,
) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """Return the last block's poses of single people from crops of several scales.

    Args:
        model, signature: network of images.
        dataset, mode, keys, batch_size, flip, progress, label: as `deephar.evaluation.poses.predict_poses`.
        scales: sizes of the crops over the usual one.

    Returns:
        points: (N, J, 2) in frame px.
        confidence: (N, J).
        samples: N dicts of the usual crop, without its frame.

    Raises:
        ValueError: as `scaled`, or no scales.
    """
    if not scales or min(scales) <= 0:
        raise ValueError(f"`scales` must be above 0, at least one. Received: {scales}")
    index = signature.pose_outputs[signature.answer]
    spec = signature.outputs[index]
    usual = sample_batches(dataset, mode, keys, batch_size, progress, label)
    views = [sample_batches(scaled(dataset, scale), mode, keys, batch_size, progress=False) for scale in scales]
    points, confidence, samples = [], [], []
    for batch, *crops_of_scales in zip(usual, *views, strict=True):
        found = []  # a list a scale: what the network says of each person, and the map to its crop
        for crops in crops_of_scales:
            outputs, afmats = forward_samples(model, signature, crops, batch_size, flip), [k["afmat"] for k in crops]
            if spec.kind == "heatmaps":
                found.append(list(zip(outputs[index][..., : spec.layout.num_joints], afmats, strict=True)))
            else:
                poses, sure = decode(outputs, signature)
                found.append([(crop_to_frame(p[:, :2], a), c) for p, c, a in zip(poses, sure, afmats, strict=True)])
        for person in zip(*found, strict=True):
            parts = list(zip(*person, strict=True))
            whole = join_maps(*parts) if spec.kind == "heatmaps" else [np.mean(part, axis=0) for part in parts]
            points.append(whole[0])
            confidence.append(whole[1])
        samples += [{name: value for name, value in sample.items() if name != "frame"} for sample in batch]
    return np.stack(points), np.stack(confidence), samples
