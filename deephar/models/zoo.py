"""Builds and loads trained networks by their names, and loads networks from files.

    load_model("spnet-2d")                        builder and configuration of its card, file from weights/
    load_model("spnet-penn-6p", weights="copy.hdf5")    the same, the file where the user has it
    load_model("run/weights_best.weights.h5")           built as config.json beside it says
    load_model("run")                                   the same: the best weights of a run, else the last ones
    load_model("whole.keras")                           by Keras; also "whole.h5" of `model.save`

What is known about each name is in `deephar.models.cards`, which needs no Keras.
"""

import json
import os
import pathlib

import keras

from deephar.checkpoints.whole_model import holds_model, load_whole_model
from deephar.models.builders import build_network
from deephar.models.card import ModelCard
from deephar.models.cards import DEFAULT_MODEL, DEFAULT_MODEL_3D, MODELS, find_card, names_near
from deephar.models.signature import Signature
from deephar.utils.io import file_digest
from deephar.utils.progress import busy

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_MODEL_3D",
    "MODELS",
    "build_model",
    "find_weights",
    "load_model",
    "weights_path",
]

FOLDER_VARIABLE = "DEEPHAR_WEIGHTS"
PACKAGE = pathlib.Path(__file__).resolve().parents[1]
WEIGHT_SUFFIXES = (".h5", ".hdf5", ".keras")
RUN_WEIGHTS = ("weights_best.weights.h5", "weights_last.weights.h5")  # of a run, the preferred one first


def build_model(name: str) -> keras.Model:
    """Build a registered network with random weights.

    Args:
        name: str, one of MODELS.

    Returns:
        The model, not compiled; its signature has the labels, calibration, frame step and frame rate of its card.

    Raises:
        ValueError: unknown name.
    """
    card = find_card(name)
    model = build_network(card.config)
    frame = dict(frame_step=card.frame_step, fps=card.fps)
    model.signature = model.signature.replace(labels=card.labels, calibration=card.calibration, **frame)
    return model


def weight_folders(package: pathlib.Path = PACKAGE) -> list[pathlib.Path]:
    """Return where weight files are looked for: the named folder, the package, the checkout, `./weights`."""
    named = os.environ.get(FOLDER_VARIABLE)
    own = (package / "weights", package.parent / "weights", pathlib.Path("weights"))
    return [*([pathlib.Path(named)] if named else ()), *own]


def find_weights(card: ModelCard) -> pathlib.Path:
    """Return the path of a card's file.

    Raises:
        FileNotFoundError: it is in none of the folders; says where to get it.
    """
    for folder in weight_folders():
        if (folder / card.file).is_file():
            return folder / card.file
    raise FileNotFoundError(
        f"no weights of {card.name!r}: {card.file} is not in {', '.join(map(str, weight_folders()))}. "
        f"Where to get it: {card.where}. A local copy is given by `weights`."
    )


def check_digest(path: pathlib.Path, card: ModelCard) -> None:
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


def read_run(path: str | pathlib.Path) -> dict | None:
    """Return what config.json beside a weight file says: `config`, with the settings of the run, and `signature`.

    Args:
        path: str or Path. The weight file, or the folder.

    Returns:
        dict, or None where there is no such file.

    Raises:
        ValueError: config.json is not that of a run.
    """
    config = weights_in(path).parent / "config.json"
    if not config.is_file():
        return None
    try:
        about = json.loads(config.read_text(encoding="utf-8"))
        return {"config": about.get("config") or {}, "signature": about.get("signature")}
    except (ValueError, AttributeError) as error:
        raise ValueError(f"`config.json` must be that of a run. Received: {str(config)!r}: {error}") from error


def _from_run(path):
    """Build the network that the config.json beside a weight file describes, or None without one."""
    about = read_run(path)
    stored = about and about["config"].get("model")
    if stored is None:
        return None
    model = build_network(stored)
    if about["signature"] is not None:
        model.signature = Signature.from_dict(about["signature"])
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
            "`name_or_path` must say what the weights belong to: a name from the list, with `weights` for the file "
            f"({', '.join(MODELS)}), or a file with its run's config.json. Received: {str(path)!r}"
        )
    if known:
        check_digest(path, MODELS[known[0]])
    model.load_weights(path)
    return model


def weights_in(path: str | pathlib.Path) -> pathlib.Path:
    """Return the weight file that a path means: itself, or for the folder of a run its best weights or its last ones.

    Raises:
        FileNotFoundError: a folder without such a file.
    """
    path = pathlib.Path(path)
    if not path.is_dir():
        return path
    found = next((path / name for name in RUN_WEIGHTS if (path / name).is_file()), None)
    if found is None:
        allowed = f"the folder of a run, with {' or '.join(RUN_WEIGHTS)}"
        raise FileNotFoundError(f"`name_or_path` must be {allowed}, where it is a folder. Received: {str(path)!r}")
    return found


def weights_path(name_or_path: str | pathlib.Path, weights: str | pathlib.Path | None = None) -> pathlib.Path:
    """Return the path of the file that `load_model` reads for the same arguments.

    Raises:
        FileNotFoundError, ValueError: as `load_model`.
    """
    name, path = str(name_or_path), pathlib.Path(name_or_path)
    if name in MODELS:
        path = find_weights(MODELS[name]) if weights is None else pathlib.Path(weights)
        if not path.is_file():
            raise FileNotFoundError(f"`weights` must be a file. Received: {str(path)!r}, which does not exist")
        return path
    path = weights_in(path)
    if path.suffix.lower() not in WEIGHT_SUFFIXES and not path.is_file():
        allowed = f"a file or one of {', '.join(MODELS)}, or the folder of a run"
        raise ValueError(f"`name_or_path` must be {allowed}. Received: {name!r}{names_near(name)}")
    if weights is not None:
        raise ValueError(f"`weights` goes with a registered name ({', '.join(MODELS)}). Received: {name!r}")
    return path


def load_model(name_or_path: str | pathlib.Path, weights: str | pathlib.Path | None = None) -> keras.Model:
    """Load a trained network.

    Args:
        name_or_path: str or Path. A registered name (`deephar models` lists them); or a whole model, `.keras` or
            `.h5` of `model.save`; or a weight file that has its run's config.json beside it or the name of a registered
            file; or the folder of a run, of which the best weights are loaded.
        weights: str, Path or None. For a registered name, the weight file; None: it is looked for in the folder that
            the environment variable DEEPHAR_WEIGHTS names, in the package, and in `./weights`.

    Returns:
        The Keras model, not compiled, with its `signature`.

    Raises:
        FileNotFoundError: no such file; for a registered name, says where to get it.
        ValueError: unknown name; a registered file with another digest; weights that belong to another network.

    Example:

        import deephar
        import numpy as np

        model = deephar.load_model("spnet-2d")
        clips = np.zeros((1, *model.input_shape[1:]), "float32")  # (B, T, H, W, C), values in [-1, 1]
        outputs = model.predict(clips)
        print([spec.kind for spec in model.signature.outputs])  # "pose" or "action", one an output
    """
    path, name = weights_path(name_or_path, weights), str(name_or_path)
    if name not in MODELS:
        with busy(f"loading {path}"):
            return _from_file(path)
    if path.name == MODELS[name].file:
        check_digest(path, MODELS[name])
    with busy(f"loading {name}"):
        model = build_model(name)
        model.load_weights(path)
    return model
