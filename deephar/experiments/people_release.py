"""Releases of one annotation file and a folder of images, LSP and FLIC: found, checked, and given their place."""

import argparse
import pathlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deephar.experiments import image_files, preparing
from deephar.utils.io import atomic_path

CHUNK = 50  # images a job


@dataclass(frozen=True)
class Release:
    """What a release consists of.

    Attributes:
        name: str. Of the data set's folder.
        file: str. Name of the annotation file.
        read: function of its path: dict of splits, {name: list of image names}. It raises what is wrong with the file.
        download: str. Sentence that tells where the release is.
        official: dict. {split: number of people} of a whole release, where there is only one.
        write: function (out, **options) that writes the synthetic twin.
    """

    name: str
    file: str
    read: Callable[[pathlib.Path], Mapping[str, list[str]]]
    download: str
    official: Mapping[str, int]
    write: Callable[..., pathlib.Path]


def main(release: Release, doc: str, argv: list[str] | None = None) -> int:
    """Prepare, verify or synthesise; return the exit status.

    Args:
        release: `Release`.
        doc: str. The script's docstring, which `--help` shows.
        argv: list of str or None. The command line.
    """
    parser = preparing.parser_of(doc)
    preparing.add_images(parser)
    arguments = preparing.parse(parser, argv)
    folder = arguments.out / release.name
    if arguments.synthetic:
        print(release.write(arguments.out, **preparing.synthetic_options(arguments)))
        return 0
    return verify(release, folder, arguments.workers) if arguments.verify else prepare(release, arguments, folder)


def prepare(release: Release, arguments: argparse.Namespace, folder: pathlib.Path) -> int:
    """Copy the annotation file, give the folder its images, print counts; return the exit status."""
    file = find(release, arguments.source)
    splits, images = release.read(file), file.parent / "images"
    with preparing.working_in(folder, {}):
        if images.is_dir():
            image_files.place_images(images, folder / "images", arguments.images)
        with atomic_path(folder / release.file) as temporary:
            shutil.copyfile(file, temporary)
    for name, people in splits.items():
        usual = f" of {release.official[name]:,}" if name in release.official else ""
        print(f"{name}: {len(people):,} people{usual} in {len(set(people)):,} images")
    if not images.is_dir():
        print(f"note: {images} is not there; put the images into {folder / 'images'}, then --verify")
    return 0


def find(release: Release, source: pathlib.Path) -> pathlib.Path:
    """Return the annotation file below a folder.

    Raises:
        FileNotFoundError, ValueError: there is none, or several.
    """
    found = sorted(source.rglob(release.file))
    if not found:
        where = f"Received: {str(source)!r}, which does not"
        raise FileNotFoundError(f"SOURCE must hold {release.file}. {where}. {release.download}")
    if len(found) > 1:
        raise ValueError(f"SOURCE must hold one {release.file}; name its folder. Received: {[str(k) for k in found]}")
    return found[0]


def verify(release: Release, folder: pathlib.Path, workers: int) -> int:
    """Check that every image that the annotations name is there and whole; return the exit status."""
    splits: Mapping[str, Any] = release.read(folder / release.file)
    every = sorted({name for names in splits.values() for name in names})
    chunks = map(list, np.array_split(every, len(every) // CHUNK + 1))
    jobs = [(str(folder / "images"), chunk, None) for chunk in chunks if chunk]
    problems = image_files.check_folders(jobs, workers, f"{release.name} images")
    counts = ", ".join(f"{len(names):,} {name}" for name, names in splits.items())
    print(f"{counts} people, {len(every):,} images, {len(problems)} problems")
    return int(preparing.report(problems))
