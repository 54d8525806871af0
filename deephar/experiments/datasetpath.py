"""Where a data set lies: `datasetpath('MPII')`.

Looked for in this order, each either the data set's own folder or one that holds it by its name:

    the argument `data`, or --data DIR on the command line;  the environment's DEEPHAR_DATA;  ./datasets
"""

import argparse
import os
import pathlib
from dataclasses import dataclass

ENVIRONMENT = "DEEPHAR_DATA"


@dataclass(frozen=True)
class Place:
    """How to recognise a data set.

    Attributes:
        names: tuple of str. What its folder may be called, the usual name first.
        marker: str. A file or folder in it that says that it is prepared.
        prepare: str. The command that makes it, or what to download.
    """

    names: tuple[str, ...]
    marker: str
    prepare: str


PREPARE = (
    "`python datasets/{}/prepare.py SOURCE OUT` makes it from the official release, `deephar synth --format {} "
    "--out OUT` writes a synthetic one"
)
PLACES = (
    Place(("MPII", "mpii"), "annotations.mat", PREPARE.format("MPII", "mpii")),
    Place(("PennAction", "Penn_Action", "pennaction", "penn"), "annotations.mat", PREPARE.format("PennAction", "penn")),
    Place(("Human3.6M", "Human36M", "human3.6m", "h36m"), "annotations.mat", PREPARE.format("Human3.6M", "h36m")),
    Place(("NTU", "ntu", "nturgbd"), "nturgb+d_numpy", PREPARE.format("NTU", "ntu")),
    Place(("LSP", "lspet", "lsp"), "joints.mat", PREPARE.format("LSP", "lsp")),
    Place(("FLIC", "flic"), "examples.mat", PREPARE.format("FLIC", "flic")),
)


def datasetpath(name: str, data: str | pathlib.Path | None = None) -> str:
    """Return the folder of a data set.

    Args:
        name: str. 'MPII', 'PennAction' (or 'Penn_Action'), 'Human3.6M', 'NTU', 'LSP' or 'FLIC'.
        data: str, Path or None. Its folder, or one that holds it; by default what follows --data on the command line.

    Returns:
        The path as a string.

    Raises:
        ValueError: on another name.
        FileNotFoundError: if it is in none of the places, with these and the command that prepares it.
    """
    place = next((place for place in PLACES if name in place.names), None)
    if place is None:
        raise ValueError(f"`name` must be {', '.join(place.names[0] for place in PLACES)}. Received: {name!r}")
    asked = _from_command_line() if data is None else data
    roots = [asked] if asked else [os.environ.get(ENVIRONMENT), "datasets"]
    folders = [folder for root in roots if root for folder in _candidates(pathlib.Path(root), place)]
    for folder in folders:
        if (folder / place.marker).exists():
            return str(folder)
    looked = ", ".join(str(folder / place.marker) for folder in folders[:: len(place.names) + 1])
    todo = f"give its folder by --data or {ENVIRONMENT}; {place.prepare}"
    problem = f"{place.names[0]} is not at hand: there is no {looked}"
    raise FileNotFoundError(f"{problem}. Received: `data` = {asked!r}; {todo}.")


def videos_root(data: str | pathlib.Path | None) -> pathlib.Path:
    """Return the folder of the videos: `data`, or `Videos` in it where `deephar synth` wrote that.

    Raises:
        ValueError: it is not given.
    """
    if data is None:
        raise ValueError("`--data` must be a folder of class-named folders of videos. Received: none")
    written = pathlib.Path(data) / "Videos"  # without the mark it is a class of this name
    return written if (written / "synthetic.json").is_file() else pathlib.Path(data)


def _candidates(root, place):
    return [root / name for name in place.names] + [root]


def _from_command_line():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data")
    try:
        return parser.parse_known_args()[0].data
    except argparse.ArgumentError:
        return None
