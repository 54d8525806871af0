"""The order of layers in a weight file of the original's SPNet, worked out from one of our models.

Keras 2.1.4 stored the layers by their distance from the outputs, the farthest first, and layers of the same distance in
the order in which a walk from the outputs met them. The original had more layers than we have (a soft-argmax was eight
of them), so our operations are first replaced by what stood in their place:

    SoftArgmax2D      p --+-- p_x -- squeeze -- squeeze -- expand --+-- p      p_x, p_y: separable convolutions with
                          +-- p_y -- squeeze -- squeeze -- expand --+          frozen ramps, stored in the file
    DepthExpectation  d, h -- sigmoid(d) * h -- sum -- expand
    masked pose       p, c -- p * tile(c)
    Fold-, UnfoldFrames        nothing

Then the same walk gives the same order.
"""

from dataclasses import dataclass, field

from deephar.layers import DepthExpectation, FoldFrames, SoftArgmax2D, UnfoldFrames
from deephar.models.graph import operations_behind

MASKED_POSE = "_masked_pose"


@dataclass(eq=False)
class _Node:
    """A layer of the original: what it reads, and, for a frozen ramp, (axis, rows, columns, joints)."""

    name: str
    parents: list = field(default_factory=list)
    ramp: tuple = None


def _chain(name, parent, length):
    """`length` layers without weights, one after the other."""
    for i in range(length):
        parent = _Node(f"{name}/{i}", [parent])
    return parent


def _soft_argmax(operation, parents):
    shape = operation.input.shape[-3:]
    axes = [_Node(f"{operation.name}_{letter}", parents, (axis, *shape)) for letter, axis in (("x", 1), ("y", 0))]
    return _Node(operation.name, [_chain(node.name, node, 3) for node in axes])


def _depth(operation, parents):
    depth, maps = parents
    product = _Node(f"{operation.name}/product", [_chain(f"{operation.name}/sigmoid", depth, 1), maps])
    return _chain(operation.name, product, 2)


def _translate(operation, parents):
    """The original's layers in place of one operation; the last of them."""
    if isinstance(operation, FoldFrames | UnfoldFrames):
        return parents[0]
    if isinstance(operation, SoftArgmax2D):
        return _soft_argmax(operation, parents)
    if isinstance(operation, DepthExpectation):
        return _depth(operation, parents)
    if operation.name.endswith(MASKED_POSE):
        pose, confidence = parents
        return _Node(operation.name, [pose, _chain(f"{operation.name}/tile", confidence, 1)])
    return _Node(operation.name, parents)


def _original_outputs(model):
    """The output layers of the original's graph, each with all that it reads."""
    last = {}
    for operation, parents in operations_behind(model.outputs).items():
        last[operation] = _translate(operation, [last[p] for p in parents])
    return [last[y._keras_history[0]] for y in model.outputs]


def _walk(outputs):
    """Every node, in the order in which a walk from the outputs meets it, and in an order with parents first."""
    met, finished = [], []
    seen, done = set(), set()
    pending = list(reversed(outputs))
    while pending:
        node = pending[-1]
        if node not in seen:
            seen.add(node)
            met.append(node)
            pending += reversed([p for p in node.parents if p not in seen])
            continue
        pending.pop()
        if node not in done:
            done.add(node)
            finished.append(node)
    return met, finished


def legacy_order(model):
    """Layers as the original's weight file lists them.

    Args:
        model: an SPNet, or what uses its layers and names; other families say their order themselves.

    Returns:
        [(layer name, None or (axis, rows, columns, joints)), ...]: layers with weights and the frozen soft-argmax ramps
        (axis 1: over columns, 0: over rows).
    """
    met, parents_first = _walk(_original_outputs(model))
    distance = dict.fromkeys(met, 0)
    for node in reversed(parents_first):
        for parent in node.parents:
            distance[parent] = max(distance[parent], distance[node] + 1)
    weighted = {layer.name for layer in model.layers if layer.weights}
    stored = [node for node in met if node.ramp is not None or node.name in weighted]
    stored.sort(key=lambda node: -distance[node])  # stable: first met stays first
    return [(node.name, node.ramp) for node in stored]
