"""Loads a trained network by its name or from a file, and writes the list of those that are known.

    load_model("spnet-small-2d")                        builder and configuration of its card, file from weights/
    load_model("spnet-penn-6p", weights="copy.hdf5")    the same, the file where the user has it
    load_model("run/weights_best.weights.h5")           built as config.json beside it says
    load_model("whole.keras")                           by Keras; also "whole.h5" of `model.save`

`python -m deephar.models.zoo weights/README.md` writes the list; without a file it is printed.
"""

import json
import os
import pathlib
import sys

import keras

from deephar.checkpoints.whole_model import holds_model, load_whole_model
from deephar.models.builders import build_network
from deephar.models.cards import DEFAULT_MODEL, DEFAULT_MODEL_3D, MODELS, ModelCard
from deephar.models.signature import Signature
from deephar.utils.io import atomic_path, file_digest

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_MODEL_3D",
    "MODELS",
    "ModelCard",
    "build_model",
    "find_weights",
    "load_model",
    "weights_readme",
]

FOLDER_VARIABLE = "DEEPHAR_WEIGHTS"
PACKAGE = pathlib.Path(__file__).resolve().parents[1]
WEIGHT_SUFFIXES = (".h5", ".hdf5", ".keras")
README_HEAD = """# Trained networks

Generated from `deephar/models/cards.py` by `python -m deephar.models.zoo weights/README.md`; edit the cards, not this.

Files that ship lie in this folder. The others were published by the authors of the papers: put a copy here, or into a
folder named by the environment variable `{variable}`, or say where it is:

    deephar.load_model("NAME", weights="FILE")

"""


def _card(name):
    if name not in MODELS:
        raise ValueError(f"`name_or_path` must be a file or one of {', '.join(MODELS)}. Received: {name!r}")
    return MODELS[name]


def build_model(name):
    """Build a registered network with random weights.

    Raises:
        ValueError: unknown name.
    """
    card = _card(name)
    model = build_network(card.config)
    model.signature = model.signature.replace(labels=card.labels, frame_step=card.frame_step, fps=card.fps)
    return model


def weight_folders(package=PACKAGE):
    """Return where weight files are looked for: the named folder, the package, the checkout, `./weights`."""
    named = os.environ.get(FOLDER_VARIABLE)
    own = (package / "weights", package.parent / "weights", pathlib.Path("weights"))
    return [*([pathlib.Path(named)] if named else ()), *own]


def find_weights(card):
    """Return the path of a card's file.

    Raises:
        FileNotFoundError: it is in none of the folders; says where to get it.
    """
    for folder in weight_folders():
        if (folder / card.file).is_file():
            return folder / card.file
    raise FileNotFoundError(
        f"no weights of {card.name!r}: {card.file} is not in {', '.join(map(str, weight_folders()))}. "
        f"Where to get it: {card.where}. A local copy: load_model({card.name!r}, weights='PATH')"
    )


def check_digest(path, card):
    """Compare a file with the digests on its card.

    Raises:
        ValueError: another file, or a damaged one.
    """
    for kind in ("sha256", "md5"):
        expected = getattr(card, kind)
        if expected is None:
            continue
        found = file_digest(path, kind)
        if found != expected:
            raise ValueError(
                f"`weights` must be {card.file} with {kind} {expected}; it is another file or damaged. "
                f"Received: {str(path)!r} with {kind} {found}"
            )


def _from_run(path):
    """Build the network that the config.json beside a weight file describes, or None without one."""
    config = path.parent / "config.json"
    if not config.is_file():
        return None
    try:
        about = json.loads(config.read_text(encoding="utf-8"))
        stored, signature = (about.get("config") or {}).get("model"), about.get("signature")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"`config.json` must be that of a run. Received: {str(config)!r}: {error}") from error
    if stored is None:
        return None
    model = build_network(stored)
    if signature is not None:
        model.signature = Signature.from_dict(signature)
    return model


def _from_file(path):
    """Load a network from a file alone."""
    if not path.is_file():
        raise FileNotFoundError(
            f"`name_or_path` must be a weight file or one of {', '.join(MODELS)}. "
            f"Received: {str(path)!r}, which does not exist"
        )
    if path.suffix == ".keras":
        return keras.saving.load_model(path)
    known = [card.name for card in MODELS.values() if card.file == path.name]
    if not known and holds_model(path):
        return load_whole_model(path)
    model = build_model(known[0]) if known else _from_run(path)
    if model is None:
        raise ValueError(
            "`name_or_path` must say what the weights belong to: a name from the list, with `weights=` for the file "
            f"({', '.join(MODELS)}), or a file with its run's config.json. Received: {str(path)!r}"
        )
    if known:
        check_digest(path, MODELS[known[0]])
    model.load_weights(path)
    return model


def load_model(name_or_path, weights=None):
    """Load a trained network.

    Args:
        name_or_path: a registered name; or a whole model, `.keras` or `.h5` of `model.save`; or a weight file that has
            its run's config.json beside it or the name of a registered file.
        weights: for a registered name, the weight file; by default it is looked for, see `weight_folders`.

    Returns:
        The model, not compiled.

    Raises:
        FileNotFoundError: no such file; for a registered name, says where to get it.
        ValueError: unknown name; a registered file with another digest; weights that belong to another network.
    """
    name, path = str(name_or_path), pathlib.Path(name_or_path)
    if name not in MODELS:
        if path.suffix.lower() not in WEIGHT_SUFFIXES and not path.is_file():
            _card(name)
        if weights is not None:
            raise ValueError(f"`weights` goes with a registered name ({', '.join(MODELS)}). Received: {name!r}")
        return _from_file(path)
    card = MODELS[name]
    path = find_weights(card) if weights is None else pathlib.Path(weights)
    if not path.is_file():
        raise FileNotFoundError(f"`weights` must be a file. Received: {str(path)!r}, which does not exist")
    if path.name == card.file:
        check_digest(path, card)
    model = build_model(name)
    model.load_weights(path)
    return model


def _lines(card):
    yield from ("", f"## {card.name}", "")
    yield f"- file: `{card.file}`" + (", ships" if card.ships else "")
    yield f"- where: {card.where}"
    for kind in ("sha256", "md5"):
        if getattr(card, kind):
            yield f"- {kind}: `{getattr(card, kind)}`"
    yield f"- network: `build_network({card.config!r})`"
    yield f"- trained on: {card.trained_on}"
    yield f"- score: {card.score}"
    if card.command:
        yield f"- command: `{card.command}`"
    if card.recipe:
        yield "- trained by:"
        yield from ("", *(f"      {line}" for line in card.recipe))


def weights_readme():
    """Return the text of weights/README.md: a table of all cards, then each with its details."""
    lines = ["| name | file | trained on | score |", "|---|---|---|---|"]
    lines += [f"| {c.name} | `{c.file}` | {c.trained_on} | {c.score} |" for c in MODELS.values()]
    for card in MODELS.values():
        lines += _lines(card)
    return README_HEAD.format(variable=FOLDER_VARIABLE) + "\n".join(lines) + "\n"


def main(arguments):
    """Write the list of networks to a file, or print it."""
    if not arguments:
        print(weights_readme(), end="")
    for path in arguments:
        with atomic_path(path) as temporary:
            temporary.write_text(weights_readme(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
