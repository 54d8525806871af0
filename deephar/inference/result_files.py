"""Results on disk: written line by line as they come, then as one document; read back.

    NAME_prediction.jsonl    the head; then {"frame": ...} and {"clip": ...} as they come; {"end": ...}
    NAME_prediction.json     the document, made of the lines when the source has ended, which then are removed

A run that is killed leaves its lines, and `read` takes them. Memory does not grow with the number of frames.
"""

import json
import pathlib
from array import array
from collections.abc import Iterator, Sequence

from deephar.inference.actions import ActionTally, actions_of
from deephar.inference.formats import of_coco
from deephar.inference.results import FORMAT, VERSION, ActionScores, FrameResult, Head, Result
from deephar.utils.io import atomic_path

LINES, DOCUMENT = "_prediction.jsonl", "_prediction.json"
OVERLAY_IMAGE, OVERLAY_VIDEO, MAPS_IMAGE = "_overlay.png", "_overlay.mp4", "_maps.png"
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
    """Write the document of the lines of a run, which has an end and `count` frames.

    Frames and clips stay on disk: of them memory holds one at a time, and eight bytes of each clip.
    """
    about, tallies, places = {}, {}, {}
    for kind, value, place in _placed(lines):
        if kind == "clip":
            tallies.setdefault(value["id"], ActionTally(value["id"])).add(ActionScores.from_dict(value))
            places.setdefault(value["id"], array("Q")).append(place)
        elif kind != "frame":
            about |= value  # the head, and the end
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as file, open(lines, "rb") as stored:
        file.write(json.dumps({**about, "num_frames": count}, allow_nan=False, indent=1).removesuffix("\n}"))
        file.write(',\n "actions": [')
        for number, person in enumerate(sorted(tallies)):
            tally = json.dumps(tallies[person].to_dict(), allow_nan=False).removesuffix("}")
            file.write(f'{"," * (number > 0)}\n  {tally}, "clips": [')
            _write_list(file, (_clip_at(stored, place) for place in places[person]), "\n    ")
            file.write("\n  ]}")
        file.write('\n ],\n "frames": [')
        _write_list(file, (value for kind, value, _ in _placed(lines) if kind == "frame"), "\n  ")
        file.write("\n ]\n}\n")


def _write_list(file, values, start):
    for number, value in enumerate(values):
        file.write("," * (number > 0) + start + json.dumps(value, allow_nan=False))


def _clip_at(lines, place):
    """The scores of a clip that is stored at a place in the lines."""
    lines.seek(place)
    clip = json.loads(lines.readline())["clip"]
    del clip["id"]
    return clip


def _placed(lines: pathlib.Path) -> Iterator[tuple[str, dict, int]]:
    """Yield ("head" | "frame" | "clip" | "end", value, place in the file) of the lines that are whole."""
    place = 0
    with open(lines, "rb") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                return  # the last line of a run that was cut off
            yield (*next(iter(value.items())), place) if place else ("head", value, 0)
            place += len(line)


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
    parts = {"head": [], "frame": [], "clip": [], "end": []}
    for kind, value, _ in _placed(path):
        parts[kind].append(value)
    head = parts["head"][0] if parts["head"] else {}
    _check(head, path)
    frames = tuple(map(FrameResult.from_dict, parts["frame"]))
    end = parts["end"][-1] if parts["end"] else {"complete": False, "problems": [NO_END.format(len(frames))]}
    actions = actions_of((clip["id"], ActionScores.from_dict(clip)) for clip in parts["clip"])
    return Result(Head.from_dict(head), frames, actions, end["complete"], tuple(end["problems"]))


def _check(document, path):
    """Refuse what is no document of results, or of another version."""
    found = (document.get("format"), document.get("version")) if isinstance(document, dict) else (None, None)
    if found != (FORMAT, VERSION):
        what = f"format {found[0]!r}, version {found[1]!r}"
        raise ValueError(f"`path` must be {ALLOWED}. Received: {str(path)!r} of {what}")
