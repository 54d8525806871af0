"""Start a network from one that was trained for other joints, other actions or another number of dimensions.

    trained 2D network, 16 joints --+--> layers of the same name and shape      copied
                                    +--> maps and what reads them               copied joint by joint, by name
    fresh 3D network, 17 joints <---+--> depth maps                             zero: all joints as deep as the root,
                                    |                                           nothing else changes
                                    +--> other actions' layers                  left as they are

Two-dimensional weights are worth much to a network of three: the paper trains on images with and without depth
together for that reason (TPAMI 2020, section 4.4).
"""

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops

from deephar.checkpoints.nested import weighted_layers
from deephar.checkpoints.plan import ForeignWeightsError
from deephar.utils.pose import PoseLayout

DEPTH = "_depthmaps_"  # in the names of layers that only an SPNet of three dimensions has; no other family has them


def _joint_axes(stored, wanted, joints, new_joints):
    """Axes along which two shapes hold one or several maps a joint, and all else agrees; None where they do not fit."""
    if len(stored) != len(wanted):
        return None
    axes = [axis for axis, (a, b) in enumerate(zip(stored, wanted, strict=True)) if a != b]
    fits = all(stored[k] % joints == 0 and stored[k] * new_joints == wanted[k] * joints for k in axes)
    return axes if fits else None


def _by_joint(array, axis, source_joints, target_joints):
    """Put an axis of (maps a joint) x (joints) in the order of other joints; zero for a joint without a source."""
    maps = np.stack(np.split(array, array.shape[axis] // len(source_joints), axis))  # (M, ..., J, ...)
    empty = np.zeros_like(np.take(maps, [0], axis + 1))
    parts = [
        np.take(maps, [source_joints.index(name)], axis + 1) if name in source_joints else empty
        for name in target_joints
    ]
    return np.concatenate(list(np.concatenate(parts, axis + 1)), axis)


def transfer_weights(
    source: keras.Model,
    target: keras.Model,
    source_layout: PoseLayout,
    target_layout: PoseLayout,
    images: Iterable[np.ndarray] | None = None,
) -> list[str]:
    """Give a network all weights of another that have a place in it, layer by layer by name.

    Args:
        source: keras.Model. A trained network of this package.
        target: keras.Model. The network to start, changed in place; of the same family, since layers are paired by
            name.
        source_layout, target_layout: `PoseLayout`. Their joint layouts. Where only the number of joints differs,
            weights are copied joint by joint; joints that the source does not know begin at zero.
        images: iterable of batches as the target takes them, augmented as in training; None: none. On them the
            statistics of batch normalisation are taken anew (`reestimate_batch_norm`): a network of 2D poses that is
            started from one of 3D lacks what the depth maps added to its features, so those that it took over do not
            fit.

    Returns:
        Names of the target's layers that got no weights from the source, in order.

    Raises:
        ForeignWeightsError: no layer fits; a ValueError, and nothing is changed.
    """
    stored = {name: [np.array(ops.convert_to_numpy(v)) for v in vs] for name, vs in weighted_layers(source).items()}
    names, new_names = source_layout.joint_names, target_layout.joint_names
    wanted, plan, kept = weighted_layers(target), [], []
    for name, variables in wanted.items():
        arrays = stored.get(name, [])
        pairs = zip(arrays, variables, strict=False)
        axes = [_joint_axes(a.shape, v.shape, len(names), len(new_names)) for a, v in pairs]
        if not arrays or len(arrays) != len(variables) or None in axes:
            kept.append(name)
            if DEPTH in name:
                plan += [(variable, np.zeros(variable.shape, "float32")) for variable in variables]
            continue
        for variable, array, chosen in zip(variables, arrays, axes, strict=True):
            for axis in chosen:
                array = _by_joint(array, axis, names, new_names)
            plan.append((variable, array))
    if len(kept) == len(wanted):
        raise ForeignWeightsError(
            f"`source` must share layers with the {target.name} to start. Received: a {source.name}, of whose layers "
            "none fits in name and shape: it is a network of another family"
        )
    for variable, array in plan:
        variable.assign(array)
    if images is not None:
        reestimate_batch_norm(target, images)
    return kept


def reestimate_batch_norm(model: keras.Model, batches: Iterable[np.ndarray]) -> int:
    """Set the moving means and variances of batch normalisation to their averages over some batches.

    Frozen layers keep theirs, and no other weight changes. Some 40 batches of 32 are enough.

    Args:
        model: keras.Model, changed in place.
        batches: iterable of arrays as the model takes them, such as the frames of a `BatchLoader`.

    Returns:
        The number of batches.

    Raises:
        ValueError: there is no batch.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    usual, count = [layer.momentum for layer in layers], 0
    try:
        for count, batch in enumerate(batches, 1):
            for layer in layers:
                layer.momentum = (count - 1) / count  # of the old average, so that every batch weighs the same
            model(batch, training=True)
    finally:
        for layer, momentum in zip(layers, usual, strict=True):
            layer.momentum = momentum
    if not count:
        raise ValueError("`batches` must hold at least one batch. Received: none")
    return count
