"""Results on disk: written line by line as they come, then as one document; read back.

    NAME_prediction.jsonl    the head; then {"frame": ...} and {"clip": ...} as they come; {"end": ...}
    NAME_prediction.json     the document, made of the lines when the source has ended, which then are removed

A run that is killed leaves its lines, and `read` takes them. Memory does not grow with the number of frames.
"""

import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import TextIO

from deephar.inference.actions import actions_of
from deephar.inference.formats import of_coco
from deephar.inference.results import FORMAT, VERSION, ActionScores, FrameResult, Head, Result
from deephar.utils.io import atomic_path

LINES, DOCUMENT = "_prediction.jsonl", "_prediction.json"
OVERLAY_IMAGE, OVERLAY_VIDEO = "_overlay.png", "_overlay.mp4"
NO_END = "the run was cut off after {} frames"
ALLOWED = f"a document of {FORMAT}, version {VERSION}"


class ResultWriter:
    """Writes the results of one source; use it as a context manager.

    Where the `with` block is left by an exception, the document is written with what there is, `complete` false and
    the exception as a problem.

    Args:
        folder: str or Path. It must exist.
        name: str. NAME of the files.
        head: `Head`.

    Attributes:
        path: Path of the document.

    Raises:
        OSError: a file cannot be written; what was written before stays.
    """

    def __init__(self, folder: str | pathlib.Path, name: str, head: Head) -> None:
        self.path, self._lines = pathlib.Path(folder) / f"{name}{DOCUMENT}", pathlib.Path(folder) / f"{name}{LINES}"
        self._head, self._file, self._ended = head, None, False
        self.count = 0

    def __enter__(self) -> "ResultWriter":
        self._file = open(self._lines, "w", encoding="utf-8")
        self._write(self._head.to_dict())
        return self

    def add(self, frame: FrameResult) -> None:
        """Write the next frame."""
        self._write({"frame": frame.to_dict()})
        self.count += 1

    def add_clip(self, person: int, scores: ActionScores) -> None:
        """Write the scores of a clip of a person."""
        self._write({"clip": {"id": person, **scores.to_dict()}})

    def finish(self, complete: bool = True, problems: tuple[str, ...] = ()) -> None:
        """Write the end and the document, and remove the lines."""
        self._write({"end": {"complete": complete, "problems": list(problems)}})
        self._ended = True
        self._file.close()
        write_from_lines(self._lines, self.path, self.count)
        self._lines.unlink()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if self._ended or self._file.closed:
            return
        words = "interrupted" if kind is KeyboardInterrupt else f"{kind.__name__}: {error}" if kind else "not ended"
        try:
            self.finish(False, (f"stopped after {self.count} frames: {words}",))
        except OSError:  # such as a full disk: the lines stay
            self._file.close()

    def _write(self, value):
        self._file.write(json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n")
        self._file.flush()


def write_from_lines(lines: pathlib.Path, path: pathlib.Path, count: int) -> None:
    """Write the document of the lines of a run, which has an end and `count` frames, in memory that does not grow."""
    parts = _parts((kind, value) for kind, value in _values(lines) if kind != "frame")
    (head,), (end,), actions = parts["head"], parts["end"], [k.to_dict() for k in _actions(parts)]
    about = {**head, **end, "num_frames": count, "actions": actions}
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps(about, allow_nan=False, indent=1).removesuffix("\n}") + ',\n "frames": [')
        frames = (value for kind, value in _values(lines) if kind == "frame")
        for number, frame in enumerate(frames):
            file.write(("," if number else "") + "\n  " + json.dumps(frame, allow_nan=False))
        file.write("\n ]\n}\n")


def _values(lines: pathlib.Path) -> Iterator[tuple[str, dict]]:
    """Yield ("head" | "frame" | "clip" | "end", value) of the lines that are whole."""
    with open(lines, encoding="utf-8") as file:
        yield from _parsed(file)


def _parsed(file: TextIO) -> Iterator[tuple[str, dict]]:
    for number, line in enumerate(file):
        try:
            value = json.loads(line)
        except ValueError:
            return  # the last line of a run that was cut off
        if not number:
            yield "head", value
        else:
            yield next(iter(value.items()))


def read_document(path: pathlib.Path) -> Result:
    """Read a document or the lines of a run; as `deephar.inference.results.read`."""
    if not path.is_file():
        raise FileNotFoundError(f"`path` must be {ALLOWED}. Received: {str(path)!r}, which does not exist")
    try:
        if path.suffix == ".jsonl":
            return _of_lines(path)
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "annotations" in document:
            return of_coco(document)
        _check(document, path)
        return Result.from_dict(document)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError, StopIteration) as error:
        raise ValueError(f"`path` must be {ALLOWED}. Received: {str(path)!r}, which is damaged ({error!r})") from error


def document_paths(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the documents, and lines of runs, directly in a folder; none where there is no such folder."""
    return sorted(p for p in folder.glob("*_prediction.json*") if not p.name.startswith("."))


def name_of(path: pathlib.Path) -> str:
    """Return NAME of a document NAME_prediction.json or .jsonl."""
    return path.stem.removesuffix(pathlib.Path(DOCUMENT).stem)


def documents_in(places: Sequence[pathlib.Path]) -> dict[str, pathlib.Path]:
    """Return the documents of results in folders and among files, by their names without suffix.

    Raises:
        FileNotFoundError: a place that does not exist, or a folder without documents.
        ValueError: two documents of one name.
    """
    found = {}
    for place in places:
        inside = document_paths(place)
        if not place.is_file() and not inside:
            what = "which holds none" if place.is_dir() else "which does not exist"
            raise FileNotFoundError(f"`path` must hold documents NAME{DOCUMENT}. Received: {str(place)!r}, {what}")
        for path in [place] if place.is_file() else inside:
            name = name_of(path)
            if name in found:
                received = f"{str(found[name])!r} and {str(path)!r}"
                raise ValueError(f"`path` must be documents of different names. Received: {received}")
            found[name] = path
    return found


def _of_lines(path):
    """The result of the lines of a run."""
    parts = _parts(_values(path))
    head = parts["head"][0] if parts["head"] else {}
    _check(head, path)
    frames = tuple(map(FrameResult.from_dict, parts["frame"]))
    end = parts["end"][-1] if parts["end"] else {"complete": False, "problems": [NO_END.format(len(frames))]}
    return Result(Head.from_dict(head), frames, _actions(parts), end["complete"], tuple(end["problems"]))


def _parts(values):
    """{kind: values} of lines."""
    parts = {"head": [], "frame": [], "clip": [], "end": []}
    for kind, value in values:
        parts[kind].append(value)
    return parts


def _actions(parts):
    return actions_of((clip["id"], ActionScores.from_dict(clip)) for clip in parts["clip"])


def _check(document, path):
    """Refuse what is no document of results, or of another version."""
    found = (document.get("format"), document.get("version")) if isinstance(document, dict) else (None, None)
    if found != (FORMAT, VERSION):
        what = f"format {found[0]!r}, version {found[1]!r}"
        raise ValueError(f"`path` must be {ALLOWED}. Received: {str(path)!r} of {what}")
