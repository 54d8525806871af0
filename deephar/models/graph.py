"""Walks through the graph of a functional model."""

from collections.abc import Sequence
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
