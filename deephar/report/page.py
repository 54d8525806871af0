"""Writes the page: the template with style, programme and data in it, entry by entry, so that memory does not grow."""

import html
import json
import pathlib
import re
import time
from collections.abc import Sequence
from typing import TextIO

from deephar import __version__
from deephar.report.documents import document_entry
from deephar.report.media import MOST_OF_AN_IMAGE, Budget
from deephar.report.places import Found, find
from deephar.report.runs import run_entry
from deephar.utils.io import atomic_path, plain
from deephar.utils.progress import progress

HERE = pathlib.Path(__file__).parent
SCRIPTS = ("base", "player", "stage", "space", "timeline", "heatmap", "results", "curves", "run", "main")
LIMIT_MB = 60.0
DEFAULT_NAME = "report.html"
IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # so that no text ends a <script>
SLOT = re.compile(r"\{\{(\w+)\}\}")


def write_report(
    places: Sequence[str | pathlib.Path], out: str | pathlib.Path | None = None, limit_mb: float | None = None
) -> tuple[pathlib.Path, list[str]]:
    """Write one HTML page about documents of results and run folders.

    Args:
        places: list of str or Path. Documents, folders of them, run folders.
        out: str or Path or None. The file; None: report.html in the first place, or beside it where that is a file.
        limit_mb: float or None. Megabytes (1e6 bytes) of images and videos in the page at most, the rest is linked;
            None: LIMIT_MB.

    Returns:
        (path of the page, what was left out because it is damaged, a line each).

    Raises:
        FileNotFoundError: a place with nothing in it, or no folder for `out`.
        ValueError: all that was found is damaged, `out` is no name of a page, or `limit_mb` is below 0.

    Example:

        from deephar.report import write_report

        path, left_out = write_report(["results"])
    """
    found = find(places)
    first = pathlib.Path(places[0])
    out = pathlib.Path(out) if out else (first if first.is_dir() else first.parent) / DEFAULT_NAME
    if out.is_dir() or out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"`out` must be a file NAME.html. Received: {str(out)!r}")
    limit_mb = LIMIT_MB if limit_mb is None else limit_mb
    if not 0 <= limit_mb < float("inf"):
        raise ValueError(f"`limit_mb` must be at least 0. Received: {limit_mb}")
    limit = int(limit_mb * 1e6)
    budget = Budget(out, limit, min(MOST_OF_AN_IMAGE, limit // len(found)))
    slots = {
        "title": html.escape(f"deephar: {first.resolve().name}"),
        "style": (HERE / "page.css").read_text(encoding="utf-8"),
        "script": "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS),
    }
    parts = SLOT.split((HERE / "page.html").read_text(encoding="utf-8"))
    with atomic_path(out) as temporary, open(temporary, "w", encoding="utf-8", errors="replace") as file:
        for number, part in enumerate(parts):
            if number % 2 == 0:
                file.write(part)
            elif part == "data":
                left_out = _write_data(file, found, budget)
            else:
                file.write(slots[part])
    return out, left_out


def _write_data(file: TextIO, found: list[Found], budget: Budget) -> list[str]:
    """Write all entries and the list of them; return what was left out."""
    summaries, left_out = [], []
    for entry in progress(found, label="documents") if len(found) > 1 else found:
        try:
            summary, whole = (run_entry if entry.kind == "run" else document_entry)(entry, budget)
        except (OSError, ValueError) as error:
            if len(found) == 1:
                raise
            left_out.append(" ".join(str(error).split()))
            continue
        number = len(summaries)
        content = whole.get("media", {}).pop("base64", None)
        if content is not None:
            file.write(f'<script type="text/plain" id="media-{number}">{content}</script>\n')
        file.write(f'<script type="application/json" id="entry-{number}">{as_json(whole)}</script>\n')
        summaries.append({"name": entry.name, "group": entry.group, **summary})
    if not summaries:
        raise ValueError(f"`places` must hold something that can be read. Received: {left_out[0]}")
    about = {"deephar": __version__, "made": time.strftime("%Y-%m-%d %H:%M"), "left_out": left_out}
    file.write(f'<script type="application/json" id="index">{as_json({**about, "entries": summaries})}</script>\n')
    return left_out


def as_json(value: object) -> str:
    """Return plain values as JSON that can stand in a <script> of HTML, whatever its texts are."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), default=plain)
    for letter, escaped in IN_SCRIPT.items():
        text = text.replace(letter, escaped)
    return text
