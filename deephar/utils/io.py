"""Coloured lines on the terminal, sizes in words, and files that are written whole or not at all."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from deephar.utils.progress import make_room

HEADER = "\033[95m"
OKBLUE = "\033[94m"
OKGREEN = "\033[92m"
WARNING = "\033[93m"
FAIL = "\033[91m"
ENDC = "\033[0m"

CACHE = "DEEPHAR_CACHE"  # environment variable
TEMPORARY = re.compile(r"\.[0-9a-f]{16}\..")


def printc(color: str, vmsg: object) -> None:
    """Print a message in a colour (one of the escape codes above), without ending the line."""
    print(f"{color}{vmsg}{ENDC}", end="", flush=True)


def printcn(color: str, vmsg: object) -> None:
    """Print a line in a colour."""
    print(f"{color}{vmsg}{ENDC}", flush=True)


def printnl(vmsg: object) -> None:
    """Print a line."""
    print(vmsg, flush=True)


def warning(vmsg: object) -> None:
    """Print a line in yellow to the error stream."""
    make_room()
    print(f"{WARNING}{vmsg}{ENDC}", file=sys.stderr, flush=True)


def sprintcn(color: str, vmsg: object) -> str:
    """Return the line that `printcn` prints."""
    return f"{color}{vmsg}{ENDC}\n"


def _scaled(num, step, units):
    """Return `num`, divided by `step` until it is smaller than that, with its unit."""
    for unit in units[:-1]:
        if abs(num) < step:
            return f"{num:3.1f}{unit}"
        num /= step
    return f"{num:.1f}{units[-1]}"


def sizeof_fmt(num: float, suffix: str = "B") -> str:
    """Return a size in words, in steps of 1024: 1536 -> '1.5KiB'."""
    return _scaled(num, 1024.0, ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]) + suffix


def sizeof_eng_fmt(num: float) -> str:
    """Return a count in words, in steps of 1000: 1500 -> '1.5K'."""
    return _scaled(num, 1000.0, ["", "K", "M", "G", "T", "P", "E", "Z", "Y"])


def appstr(s: str | None, a: str) -> str | None:
    """Return `s + a`, or None where `s` is None, as the name of a layer may be."""
    return None if s is None else s + a


@contextlib.contextmanager
def atomic_path(path: str | pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a temporary path beside `path`; move it there when the block ends, remove it when the block fails.

    Whatever happens, `path` holds either what it held before or the whole new file. The temporary name ends like
    `path`, so that writers that look at the suffix do the right thing.

    Args:
        path: str or Path. The file that is to be written.

    Raises:
        FileNotFoundError: the folder of `path` does not exist, or the block wrote nothing.
    """
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must lie in a folder that exists. Received: {str(path)!r}")
    temporary = temporary_name(path)
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(path: pathlib.Path) -> pathlib.Path:
    """Return a new hidden path beside `path`, which `leftovers` finds again: `.1f8d3b0a5c7e9246.NAME`."""
    return path.with_name(f".{secrets.token_hex(8)}.{path.name}")


@contextlib.contextmanager
def temporary_folder(path: str | pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a new hidden folder beside `path`, made with all above it; what is still in it at the end is removed.

    Args:
        path: str or Path. A file or folder that is to be written.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = temporary_name(path)
    hidden.mkdir()
    try:
        yield hidden
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def leftovers(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """Return the paths directly in a folder with a `temporary_name`, which killed writers left half-written."""
    return [path for path in pathlib.Path(folder).glob(".*") if TEMPORARY.match(path.name)]


def remove_leftovers(folder: str | pathlib.Path) -> None:
    """Remove the `leftovers` of a folder, and nothing else."""
    for path in leftovers(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def cache_folder() -> pathlib.Path:
    """Return the folder of what can be made again: DEEPHAR_CACHE, or `deephar` in the user's folder for caches."""
    if os.environ.get(CACHE):
        return pathlib.Path(os.environ[CACHE])
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "deephar"


def _flush_to_disk(path):
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def plain(value: object) -> object:
    """Return a NumPy value or a path as what JSON knows, for `json.dumps(default=plain)`.

    Raises:
        TypeError: the value is neither.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, pathlib.PurePath):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON. Received: {value!r}")


def file_digest(path: str | pathlib.Path, kind: str = "sha256") -> str:
    """Return the digest of a file as hexadecimal digits.

    Args:
        path: str or Path.
        kind: str. Name of the algorithm, as `hashlib` knows it.

    Raises:
        FileNotFoundError: there is no such file.
    """
    digest = hashlib.new(kind)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def weights_digest(network: Any) -> str:
    """Return the SHA-256 of a network's weights in their order, as little-endian float32.

    Args:
        network: a `keras.Model`, or what else has `get_weights`.
    """
    digest = hashlib.sha256()
    for array in network.get_weights():
        digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()


def write_json(path: str | pathlib.Path, obj: object) -> None:
    """Write a file of indented JSON, whole or not at all.

    Args:
        path: str or Path. The file to write.
        obj: what `json.dumps` takes, with NumPy arrays, NumPy numbers and paths in it, too.

    Raises:
        FileNotFoundError: the folder of `path` does not exist.
        TypeError: JSON does not know a value.
    """
    text = json.dumps(obj, indent=2, default=plain)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
