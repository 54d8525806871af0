"""What a page is of: the documents of results and the run folders that lie in the places that a user names."""

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from deephar.inference.result_files import LINES, document_paths, name_of

LOG, CONFIG = "log.csv", "config.json"  # of a run folder, as `deephar.training.run` writes it
ALLOWED = "documents NAME_prediction.json, folders of them, or run folders of a training"


@dataclass(frozen=True)
class Found:
    """One entry of the page.

    Attributes:
        kind: str. "results" or "run".
        path: Path. The document, or the folder of the run.
        name: str. What the page calls it.
        group: str. The folder that it is in, as the user wrote it.
    """

    kind: str
    path: pathlib.Path
    name: str
    group: str


def find(places: Sequence[str | pathlib.Path]) -> list[Found]:
    """Return what lies in some places, in their order, runs before documents.

    A folder holds what lies in it and in its own folders, such as the results inside of a run.

    Args:
        places: list of str or Path. Documents, folders of them, run folders.

    Raises:
        FileNotFoundError: a place that does not exist, or a folder with neither a document nor a run.
    """
    found = {}
    for place in map(pathlib.Path, places):
        if place.is_file():
            inside = [_document(place)]
        elif place.is_dir():
            folders = [place, *sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))]
            inside = [entry for folder in folders for entry in _in_folder(folder)]
        else:
            inside = []
        if not inside:
            what = "which holds none" if place.is_dir() else "which does not exist"
            raise FileNotFoundError(f"`places` must be {ALLOWED}. Received: {str(place)!r}, {what}")
        found |= {entry.path.resolve(): entry for entry in inside}
    return list(found.values())


def _in_folder(folder):
    if (folder / LOG).is_file() or (folder / CONFIG).is_file():
        yield Found("run", folder, folder.resolve().name, str(folder))
    yield from map(_document, document_paths(folder))


def _document(path):
    name = name_of(path) + (" (unfinished)" if path.name.endswith(LINES) else "")
    return Found("results", path, name, str(path.parent))
