"""Models inside of models: their layers as outer/inner, and the groups of a file cut and paired in the same way.

Keras 2 stored a nested model as one group, first all trainable weights, then all others:

    Stem   conv2d_1/kernel:0 batch_normalization_1/beta:0 conv2d_2/kernel:0 ... batch_normalization_1/moving_mean:0 ...

The part of a weight's name before the last slash is the inner layer's. Where the original had not named it, it holds a
number from a counter of the whole process, and the layers of a group are paired in their order.
"""

from collections.abc import Mapping, Sequence

import keras

from deephar.checkpoints.hdf5 import Weights

MOVING = ("moving_mean", "moving_variance")


def weighted_layers(model: keras.Model, prefix: str = "") -> dict[str, list[keras.Variable]]:
    """Return {layer: its variables} for the layers with weights, in the model's order; nested ones as outer/inner.

    Args:
        model: keras.Model.
        prefix: str. Put before every name.
    """
    found = {}
    for layer in model.layers:
        name = prefix + layer.name
        if isinstance(layer, keras.Model):
            found.update(weighted_layers(layer, f"{name}/"))
        elif layer.weights:
            found[name] = list(layer.weights)
    return found


def outer_of(name: str) -> str:
    """Return `Stem` from `Stem/conv1_conv`."""
    return name.split("/", 1)[0]


def by_outer(variables: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return the entries of {layer: variables} grouped by outer layer: {outer layer: {layer: variables}}."""
    found = {}
    for name, mine in variables.items():
        found.setdefault(outer_of(name), {})[name] = mine
    return found


def group_weights(outer: str, layers: Mapping[str, Sequence[keras.Variable]]) -> list[tuple[str, keras.Variable]]:
    """Return one group of an old file, [(weight name, variable), ...].

    Args:
        outer: str. Name of the layer.
        layers: dict {layer: variables} of its layers, from `by_outer`.
    """
    if list(layers) == [outer]:
        return [(f"{outer}/{v.name}:0", v) for v in layers[outer]]
    names = [(f"{path.split('/', 1)[1]}/{v.name}:0", v) for path, variables in layers.items() for v in variables]
    return sorted(names, key=lambda entry: entry[1].name in MOVING)  # stable: trainable ones come first


def split_group(outer: str, weights: Weights) -> dict[str, Weights]:
    """Return {outer/inner: weights} of a stored nested model, in the order in which its layers first appear."""
    parts = {}
    for name, array in weights:
        parts.setdefault(f"{outer}/{name.rpartition('/')[0]}", []).append((name, array))
    return parts


def _shapes(layers):
    return sorted(tuple(v.shape) for variables in layers.values() for v in variables)


def _outer_names(stored, order, groups):
    """Return `stored` under the model's names, paired by order where all shapes agree, else None."""
    if len(order) != len(stored):
        return None
    pairs = dict(zip(order, stored.values(), strict=True))
    for outer, weights in pairs.items():
        if list(groups[outer]) == [outer]:
            agree = [tuple(v.shape) for v in groups[outer][outer]] == [a.shape for _, a in weights]
        else:
            agree = _shapes(groups[outer]) == sorted(a.shape for _, a in weights)
        if not agree:
            return None
    return pairs


def _inner_names(outer, weights, layers):
    """Return one stored nested model under the model's names, and whether it was paired by order as they differ."""
    parts = split_group(outer, weights)
    if set(parts) == set(layers) or len(parts) != len(layers):
        return parts, False
    return dict(zip(layers, parts.values(), strict=True)), True


def under_model_names(
    stored: dict[str, Weights],
    variables: Mapping[str, list[keras.Variable]],
    order: Sequence[str],
    by_name: bool = False,
) -> tuple[dict[str, Weights], bool]:
    """Return stored weights under the names of a model's layers, as far as they can be paired.

    Args:
        stored: dict {layer: [(weight name, array), ...]} in file order.
        variables: dict, `weighted_layers` of the model.
        order: list of str. The model's outer layers in the order of old files.
        by_name: bool. Whether outer layers are paired by name only.

    Returns:
        found: {layer: weights}; a layer without counterpart keeps its own name.
        by_order: bool. Whether any layer was paired by order.
    """
    groups, by_order = by_outer(variables), False
    if any("/" in name for name in stored):  # already one entry a layer, as Keras 3 and other models have them
        groups, order = {name: {name: mine} for name, mine in variables.items()}, list(variables)
    if not by_name and not set(groups) <= set(stored):
        paired = _outer_names(stored, order, groups)
        stored, by_order = (paired, True) if paired else (stored, False)
    found = {}
    for outer, weights in stored.items():
        parts, moved = {outer: weights}, False
        if outer in groups and list(groups[outer]) != [outer]:
            parts, moved = _inner_names(outer, weights, groups[outer])
        found.update(parts)
        by_order = by_order or moved
    return found, by_order
