"""What `deephar predict` is asked to look at: files, folders, cameras and URLs, and what of it is left out.

    photo.jpg match.mp4 folder/ 0 rtsp://...  --find_sources-->  `Source` of each image, video or live stream
                                                                 and why the rest is skipped
"""

import os
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from deephar.inference.live import is_live
from deephar.inference.result_files import DOCUMENT, LINES, MAPS_IMAGE, OVERLAY_IMAGE, OVERLAY_VIDEO
from deephar.utils.images import IMAGE_SUFFIXES, is_animation

VIDEO_SUFFIXES = (
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .ts .m2ts .mts .wmv .flv .3gp .ogv .mxf .y4m .vob .gif".split()
)
ALLOWED = "an image, a video, a folder of them, a camera's number or a URL"


@dataclass(frozen=True)
class Source:
    """One image, video or live stream.

    Attributes:
        path: str, as the user gave it or as it lies in a folder that the user gave.
        kind: str, "image", "video" or "live".
    """

    path: str
    kind: str

    @property
    def name(self) -> str:
        """What its results are called: the file's name without its suffix, "camera0", or the last part of a URL."""
        if self.kind != "live":
            return pathlib.Path(self.path).stem
        if self.path.isdecimal():
            return f"camera{self.path}"
        last = self.path.partition("://")[2].partition("?")[0].rstrip("/").rpartition("/")[2].rpartition("@")[2]
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in last).strip("-.") or "stream"


def kind_of(source: object) -> str:
    """Return what Python code hands over: "image", "video", "folder", "images", "frames" (an iterable) or "live"."""
    if isinstance(source, (str, os.PathLike)):
        path = pathlib.Path(source)
        if path.is_dir():
            return "folder"
        if not path.exists() and is_live(str(source)):
            return "live"
        return _kind_of_file(path) if path.exists() else "image"
    if isinstance(source, int) and not isinstance(source, bool):
        return "live"
    if isinstance(source, (list, tuple)) or (isinstance(source, np.ndarray) and source.ndim == 4):
        return "images"
    return "frames" if isinstance(source, Iterable) and not isinstance(source, np.ndarray) else "image"


def _kind_of_file(path):
    return "image" if is_animation(path) is False else "video"


def find_sources(
    asked: Sequence[str], recursive: bool = False, out: str | pathlib.Path | None = None
) -> tuple[list[Source], list[str]]:
    """Return the sources that a user asks for, and why other files of the folders are none.

    Args:
        asked: list of paths of files and folders, camera numbers and URLs.
        recursive: bool. Look into the folders of folders.
        out: str, Path or None. The folder of the results, which is no source.

    Returns:
        (list of `Source` in the order asked for, those of a folder by name; list of str, what was skipped and why).

    Raises:
        FileNotFoundError: there is no such file, or a folder holds no source.
        ValueError: it is nothing that can be read.
    """
    found, skipped = [], []
    for word in asked:
        path = pathlib.Path(word)
        if path.is_dir():
            inside, left = _inside(path, recursive, None if out is None else pathlib.Path(out).resolve())
            if not inside:
                more = f"; skipped: {'; '.join(left[:5])}" if left else ""
                raise FileNotFoundError(
                    f"`source` must hold images or videos, where it is a folder. Received: {word}{more}"
                )
            found += inside
            skipped += left
        else:
            found.append(_single(word, path))
    return found, skipped


def _single(word, path):
    """The source of a path, number or URL."""
    if word == "-":
        raise ValueError(f"`source` must be {ALLOWED}. Received: -, the standard input, which is not read")
    if "://" in word and word.partition("?")[0].lower().endswith(IMAGE_SUFFIXES):
        raise ValueError(f"`source` must be {ALLOWED}. Received: {word}, the URL of an image: save it as a file first")
    if path.exists():
        return Source(word, _kind_of_file(path))
    if is_live(word):
        return Source(word, "live")
    raise FileNotFoundError(f"`source` must be {ALLOWED}. Received: {word}, which does not exist")


def _inside(folder, recursive, out):
    """The sources in a folder, and what is skipped."""
    found, skipped = [], []
    names = {path.name for path in folder.iterdir()}
    for path in sorted(folder.iterdir()):
        suffix, reason = path.suffix.lower(), None
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.resolve() == out:
                reason = "the folder of the results"
            elif path.is_symlink() and recursive:
                reason = "a link to a folder"
            elif recursive:
                more = _inside(path, recursive, out)
                found, skipped = found + more[0], skipped + more[1]
                continue
            else:
                reason = "a folder (--recursive looks into it)"
        elif _is_result(path.name, names):
            reason = "a result of an earlier run"
        elif not path.exists():
            reason = "a link to nowhere"
        elif suffix not in IMAGE_SUFFIXES and suffix not in VIDEO_SUFFIXES:
            reason = "no image or video by its name"
        if reason:
            skipped.append(f"{path}: {reason}")
        else:
            still = suffix in IMAGE_SUFFIXES and is_animation(path) is not True
            found.append(Source(str(path), "image" if still else "video"))
    return found, skipped


def _is_result(name, names):
    """Whether a file is a document of results, or an overlay beside one."""
    if name.endswith((DOCUMENT, LINES)):
        return True
    endings = (OVERLAY_IMAGE, OVERLAY_VIDEO, MAPS_IMAGE)
    stem = next((name.removesuffix(end) for end in endings if name.endswith(end)), None)
    return stem is not None and bool({stem + DOCUMENT, stem + LINES} & names)


def images_in(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """Return the sorted paths of the images directly in a folder, without hidden ones.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
    """
    folder = pathlib.Path(folder)
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [p for p in inside if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and not p.is_dir()]
    if not found:
        raise FileNotFoundError(f"`folder` must hold images ({' '.join(IMAGE_SUFFIXES)}). Received: {folder}")
    return found
