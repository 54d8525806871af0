"""Text tables."""

from collections.abc import Iterable, Sequence


def table(header: Sequence, rows: Iterable[Sequence], left: Sequence[int] = (0,)) -> str:
    """Return a text table with a rule under the header.

    Args:
        header: sequence of names of the columns.
        rows: rows of as many cells; every cell is written as by `str`.
        left: sequence of int. Columns that are aligned to the left; the others are aligned to the right.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    cells = [[str(c) for c in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in cells:
        pairs = enumerate(zip(row, widths, strict=True))
        padded = [cell.ljust(width) if k in left else cell.rjust(width) for k, (cell, width) in pairs]
        lines.append("  ".join(padded).rstrip())
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:]])
