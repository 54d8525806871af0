"""Walks through the graph of a functional model."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def operations_behind(outputs: "Sequence[keras.KerasTensor]") -> "dict[keras.Operation, list[keras.Operation]]":
    """Return the operations that compute some tensors, each after those it reads.

    Args:
        outputs: list of symbolic tensors, for example `model.outputs`.

    Returns:
        {operation: [operations that made its inputs, in the order of its inputs]}.
    """
    found = {}
    pending = [y._keras_history[:2] for y in reversed(outputs)]
    while pending:
        operation, node = pending[-1]
        if operation in found:
            pending.pop()
            continue
        made_by = [x._keras_history[:2] for x in operation._inbound_nodes[node].input_tensors]
        missing = [step for step in made_by if step[0] not in found]
        if missing:
            pending += missing
            continue
        found[operation] = [step[0] for step in made_by]
        pending.pop()
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
