"""Gradients with less memory: a network in segments, of which the inside is computed again when its gradient is due.

    forward     inputs -> segment 1 -> kept -> segment 2 -> kept -> ... -> outputs        only what is kept stays
    backward              segment 1 <- kept <- segment 2 <- kept <- ... <- loss           inside anew, one at a time

Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174, section 4. Keras' own
`RematScope` does it layer by layer, which saves next to nothing here: the input of every layer stays. And a layer that
changes its state, such as batch normalisation, would change it twice; here state comes out of a segment as a value.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from deephar.models.graph import nodes_behind

PARTS = [2**k for k in range(1, 8)]  # numbers of segments that are tried


class Segments:
    """Runs a functional model as `call(inputs, training=True)` does, in segments that are computed again.

    Of all numbers of segments the one is taken with which the least has to be held: what is kept between segments, and
    the inside of the largest one.

    Args:
        model: keras.Model. A functional model.

    Attributes:
        segments: list of `Segment`, in order.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        nodes = [node for node in nodes_behind(model.outputs) if not node.is_input]
        sizes, needed = _sizes(model, nodes), _needed_behind(model, nodes)
        _, ends = min(_cut(nodes, needed, sizes, count) for count in PARTS)
        starts = [0, *(end + 1 for end in ends[:-1])]
        self.segments = [Segment(nodes[a : b + 1], needed[b]) for a, b in zip(starts, ends, strict=True)]

    def __call__(self, inputs: Any) -> Any:
        """Return what the model gives in training."""
        tensors = dict(zip(map(id, self.model.inputs), keras.tree.flatten(inputs), strict=True))
        for segment in self.segments:
            segment(tensors)
        outputs = [tensors[id(y)] for y in self.model.outputs]
        return outputs[0] if len(outputs) == 1 else outputs


class Segment:
    """Consecutive operations of a model, computed again for their gradient.

    Args:
        nodes: list of the operations' nodes, in order.
        needed: set of ids of the symbolic tensors that something behind the segment reads.
    """

    def __init__(self, nodes: Sequence, needed: set[int]) -> None:
        self.nodes = nodes
        made = {id(y): None for node in nodes for y in node.outputs}
        self.given = [key for key in made if key in needed]
        self.read = list(dict.fromkeys(id(x) for node in nodes for x in node.input_tensors if id(x) not in made))
        layers = [node.operation for node in nodes if isinstance(node.operation, keras.layers.Layer)]
        self.weights = _once(v for layer in layers for v in layer.trainable_variables)
        self.state = _once(v for layer in layers for v in layer.non_trainable_variables)

    def __call__(self, tensors: dict[int, Any]) -> None:
        """Add what the segment gives to {id of a symbolic tensor: value}, and update its layers' state."""
        # Copies: TensorFlow would read a variable itself again in the backward pass, when its state has changed.
        state, weights = [ops.copy(v) for v in self.state], [ops.copy(v) for v in self.weights]

        def compute(*values):
            mapping = zip(self.weights + self.state, [*values[: len(weights)], *state], strict=True)
            with keras.StatelessScope(list(mapping)) as scope:
                made = _run(self.nodes, dict(zip(self.read, values[len(weights) :], strict=True)))
            changed = [ops.stop_gradient(scope.get_current_value(v)) for v in self.state]
            return [*(made[key] for key in self.given), *changed]

        results = keras.remat(compute)(*weights, *(tensors[key] for key in self.read))
        tensors.update(zip(self.given, results, strict=False))
        for variable, value in zip(self.state, results[len(self.given) :], strict=True):
            variable.assign(value)


def _once(variables):
    return list({id(v): v for v in variables}.values())


def _run(nodes, tensors):
    """Compute all nodes in training, and return `tensors` with their outputs."""
    for node in nodes:
        args, kwargs = node.arguments.fill_in(tensors)
        if getattr(node.operation, "_call_has_training_arg", False):
            kwargs["training"] = True  # the default of its call may be recorded in the node
        results = node.operation(*args, **kwargs)
        tensors.update(zip(map(id, node.outputs), keras.tree.flatten(results), strict=True))
    return tensors


def _sizes(model, nodes):
    """{id of a symbolic tensor: numbers in it}, of one sample; sizes that the model leaves free count as 1."""
    tensors = {id(x): keras.KerasTensor((1, *(n or 1 for n in x.shape[1:])), x.dtype) for x in model.inputs}
    for node in nodes:
        args, kwargs = node.arguments.fill_in(tensors)
        results = keras.tree.flatten(node.operation.compute_output_spec(*args, **kwargs))
        tensors.update(zip(map(id, node.outputs), results, strict=True))
    return {key: math.prod(tensor.shape) for key, tensor in tensors.items()}


def _needed_behind(model, nodes):
    """For every node, the ids of the tensors made up to it that later nodes read or that are outputs."""
    last_read = {id(x): place for place, node in enumerate(nodes) for x in node.input_tensors}
    last_read.update((id(y), len(nodes)) for y in model.outputs)
    needed, alive = [], set()
    for place, node in enumerate(nodes):
        alive = {key for key in (*alive, *map(id, node.outputs)) if last_read.get(key, 0) > place}
        needed.append(alive)
    return needed


def _cut(nodes, needed, sizes, count):
    """Cut into about `count` segments of equal size; return (numbers held, last nodes of the segments).

    Each is cut in its second half where the least is added to what is kept.
    """
    made = [sum(sizes[id(y)] for y in node.outputs) for node in nodes]
    aim, ends, kept, largest, inside, best = sum(made) / count, [], set(), 0, 0, None
    place = 0
    while place < len(nodes):
        inside += made[place]
        added = sum(sizes[key] for key in needed[place] - kept)
        if inside >= aim / 2 and (best is None or added <= best[0]):
            best = (added, place, inside)
        if inside >= aim or place == len(nodes) - 1:
            if place == len(nodes) - 1:
                best = (added, place, inside)
            kept, largest = kept | needed[best[1]], max(largest, best[2])
            ends.append(best[1])
            place, inside, best = best[1], 0, None
        place += 1
    return sum(sizes[key] for key in kept) + largest, ends
