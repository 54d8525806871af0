"""Walks through the graph of a functional model."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def nodes_behind(outputs: "Sequence[keras.KerasTensor]") -> list:
    """Return the nodes that compute some tensors, inputs among them, each after those it reads.

    A node is one use of an operation: `node.operation`, `node.input_tensors`, `node.outputs`.

    Args:
        outputs: list of symbolic tensors, for example `model.outputs`.
    """
    found, pending = {}, [_node_of(y) for y in reversed(outputs)]
    while pending:
        node = pending[-1]
        if id(node) in found:
            pending.pop()
            continue
        made_by = [_node_of(x) for x in node.input_tensors]
        missing = [other for other in made_by if id(other) not in found]
        if missing:
            pending += missing
            continue
        found[id(node)] = node
        pending.pop()
    return list(found.values())


def _node_of(tensor):
    operation, index = tensor._keras_history[:2]
    return operation._inbound_nodes[index]


def operations_behind(outputs: "Sequence[keras.KerasTensor]") -> "dict[keras.Operation, list[keras.Operation]]":
    """Return the operations that compute some tensors, each after those it reads.

    Args:
        outputs: list of symbolic tensors, for example `model.outputs`.

    Returns:
        {operation: [operations that made its inputs, in the order of its inputs]}.
    """
    found = {}
    for node in nodes_behind(outputs):
        found.setdefault(node.operation, [x._keras_history[0] for x in node.input_tensors])
    return found


def tensors_into(outputs: "Sequence[keras.KerasTensor]", is_part: Callable[[str], bool]) -> "list[keras.KerasTensor]":
    """Return the tensors that a part of a graph, with all that is computed from it, reads from the rest of the graph.

    Args:
        outputs: list of symbolic tensors that the part leads to.
        is_part: function (name of an operation) -> whether it belongs to the part; what reads one that does, does too.

    Returns:
        List of symbolic tensors, in the order in which the part reads them; empty where no operation belongs to it.
    """
    part, found = set(), {}
    for operation, made_by in operations_behind(outputs).items():
        if is_part(operation.name) or any(other in part for other in made_by):
            part.add(operation)
            for x in operation._inbound_nodes[0].input_tensors:
                if x._keras_history[0] not in part:
                    found.setdefault(id(x), x)
    return list(found.values())
