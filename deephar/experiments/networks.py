"""The networks of the scripts: the published, the small and a tiny configuration, and a trained one by name or file."""

import argparse
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deephar.config import DataConfig, ModelConfig
from deephar.data.samples import Dataset
from deephar.models.signature import Signature
from deephar.utils.pose import PoseLayout

if TYPE_CHECKING:
    import keras

    from deephar.data.loader import BatchLoader
    from deephar.models.base import PoseModel

NUM_PENN_ACTIONS, NUM_NTU_ACTIONS = 15, 60
NUM_FRAMES = 8
SMALL = dict(num_pyramids=2, num_levels=4, growth=64, xy_window=3.0)
SMALL_FEATURES = dict(num_pose_features=96, num_visual_features=96)  # 128, the default, makes more than 24 MB
TINY = dict(num_pyramids=2, num_levels=2, growth=8, num_pose_features=16, num_visual_features=16)
SMALL_SIDE, TINY_SIDE, PAPER_SIDE = 256, 32, 256
POSE_NETWORKS = ("spnet", "reception")


def small_dataconf(side: int = SMALL_SIDE, turn: int = 40, **changes: Any) -> DataConfig:
    """Return how images are cropped and augmented for a small network of `side` x `side` px.

    Finer steps than the published settings, as a small set is seen often.
    """
    choices = dict(
        angles=range(-turn, turn + 1, 2),
        scales=[s / 100 for s in range(75, 131, 5)],
        trans_x=range(-16, 17, 2),
        trans_y=range(-16, 17, 2),
        chpower=[p / 100 for p in range(70, 141, 5)],
    )
    return DataConfig(crop_resolution=(side, side), **{**choices, **changes})


def small_config(
    layout: str | PoseLayout = "pa16j2d", side: int = SMALL_SIDE, num_frames: int | None = None, **changes: Any
) -> ModelConfig:
    """Return the small network's `ModelConfig`; with `num_frames` also actions in both pyramids, 15 by default."""
    shape = (side, side, 3) if num_frames is None else (num_frames, side, side, 3)
    actions = dict(num_actions=[NUM_PENN_ACTIONS], action_pyramids=[1, 2], **SMALL_FEATURES)
    return ModelConfig(shape, layout, **{**SMALL, **({} if num_frames is None else actions), **changes})


def tiny_config(num_frames: int | None = None, **changes: Any) -> ModelConfig:
    """Return the `ModelConfig` of a network that only shows that a script works."""
    changes = {"action_pyramids": [2], **TINY, **changes}
    return small_config(side=TINY_SIDE, num_frames=num_frames, **changes)


def reception_config(side: int = PAPER_SIDE, num_joints: int = 16, dim: int = 2, **changes: Any) -> dict:
    """Return the config of a ReceptionNet for `build_network`: the published one for MPII, or with changes."""
    published = dict(network="reception", input_shape=[side, side, 3], num_joints=num_joints, dim=dim, ksize=[5, 5])
    return {**published, "num_blocks": 8, **changes}


def build_tiny(num_frames: int | None = None, network: str = "spnet", **changes: Any) -> "PoseModel":
    """Return a network of random weights that only shows that a script works."""
    from deephar.models.builders import build_network

    if network == "reception":
        return build_network(reception_config(TINY_SIDE, num_blocks=1, **changes))
    return build_network(tiny_config(num_frames, **changes).to_dict())


def load(
    arguments: argparse.Namespace,
    tiny: "Callable[[], keras.Model]" = build_tiny,
    fallback: str | None = None,
    suggestion: str | None = None,
) -> "tuple[keras.Model, dict[str, str | None]]":
    """Return the trained network that a script scores: of --model and --weights, or the one of the script's paper.

    --weights alone is a registered name or a weight file with its run's config.json; with --model NAME it is the file.
    Prints which network it is, and from which file.

    Args:
        arguments: argparse.Namespace. The command line, read by a parser made with a `network`.
        tiny: function that builds the network of --tiny without --model and --weights.
        fallback: str or None. Registered name of what is taken where the file of the paper's network is not at hand.
        suggestion: str or None. Registered name that the error gives where nothing may take its place.

    Returns:
        (model, {"model": name or None, "weights": path or None}), the latter for the report.

    Raises:
        FileNotFoundError, ValueError: there is no such file or name, or it does not fit.
    """
    if arguments.tiny and not (arguments.model or arguments.weights):
        print("network: a tiny one of random weights")
        return tiny(), {"model": None, "weights": None}
    from deephar.models.zoo import MODELS, load_model

    asked, note = arguments.model or arguments.weights, ""
    if not asked:
        asked, note = _default(arguments.network_name, fallback, suggestion)
    path = None if arguments.weights == asked else arguments.weights
    if asked in MODELS:
        path = path or _find_file(asked, f"tell where it is by --model {asked} --weights PATH")
    model = load_model(asked, weights=path)
    about = {"model": asked if asked in MODELS else None, "weights": str(path or asked)}
    print(f"network: {about['model'] or model.name} ({about['weights']}){note}")
    return model, about


def _default(published, fallback, suggestion):
    """The name of the network to score where none was asked for, and what to say about it."""
    instead = f"or give --weights {suggestion}" if suggestion else f"a copy: --model {published} --weights PATH"
    try:
        _find_file(published, instead)
    except FileNotFoundError as error:
        if fallback is None:
            raise FileNotFoundError(f"no network was given, and {error}") from error
        return fallback, f"; not {published}: {error}"
    return published, ""


def _find_file(name, instead):
    """The weight file of a registered network; the error says what to do `instead` by the command's options."""
    from deephar.models.zoo import MODELS, find_weights, weight_folders

    card = MODELS[name]
    try:
        return find_weights(card)
    except FileNotFoundError as error:
        places = ", ".join(map(str, weight_folders()))
        where = f"{card.file} is not in {places}; where to get it: {card.where}"
        raise FileNotFoundError(f"{where}; {instead}") from error


def trained_on(signature: Signature, clips: Dataset) -> Signature:
    """Return a network's signature with the action names and the clip step of the data set that it is trained on.

    Args:
        signature: `Signature` of the network.
        clips: `Dataset` of clips, with a `dataconf` and, where it names its actions, `action_labels`.
    """
    return signature.replace(labels=getattr(clips, "action_labels", None), frame_step=clips.dataconf.fixed_subsampling)


def step_of(arguments: argparse.Namespace, signature: Signature) -> int:
    """Return the step between the frames of a clip: that of --subsampling, or else that of the network."""
    return arguments.subsampling or signature.frame.frame_step


def initialise(model: "PoseModel", *starts: str | pathlib.Path) -> list[str]:
    """Start a model from the weights of another: what has the same names is loaded, the rest stays fresh.

    An image model starts a clip model, many pyramids start fewer, poses start poses with actions, and each way back.
    Decoupled poses (`_replica`) that the source does not have begin as the poses themselves.

    Args:
        model: keras.Model. The network to start.
        starts: str or Path. A weight file of the same joints, or a run's folder with one; or a registered name, whose
            joints, dimensions and actions may differ. Where there are several, a later one replaces what it has in
            common with an earlier one.

    Returns:
        List of str: the model's layers that none of them holds.

    Raises:
        FileNotFoundError: no such file.
        ForeignWeightsError: nothing fits, as for a network of another family.
        ValueError: layers of the same name have other shapes.
    """
    from deephar.checkpoints.nested import weighted_layers
    from deephar.models.surgery import copy_replica_layers
    from deephar.models.zoo import MODELS, weights_in

    fresh = list(weighted_layers(model))
    for start in starts:
        if str(start) in MODELS:
            left = _start_by_name(model, str(start))
        else:
            left = model.load_weights(weights_in(start), by_name=True).missing
        fresh = [name for name in fresh if name in left]
    copy_replica_layers(model, fresh)
    return fresh


def settle(model: "keras.Model", loader: "BatchLoader", number: int) -> None:
    """Take the statistics of batch normalisation anew from `number` batches of training images."""
    from deephar.models.transfer import reestimate_batch_norm
    from deephar.utils.progress import progress

    batches = progress((loader[k % len(loader)][0][0] for k in range(number)), number, "batch normalisation")
    reestimate_batch_norm(model, batches)


def _start_by_name(model, name):
    """Start a model from a registered network; as `initialise`."""
    from deephar.checkpoints.nested import weighted_layers
    from deephar.checkpoints.plan import ForeignWeightsError
    from deephar.models.transfer import transfer_weights
    from deephar.models.zoo import build_model, load_model

    source = build_model(name)  # before its file is asked for, which may be hard to get
    if not set(weighted_layers(source)) & set(weighted_layers(model)):
        raise ForeignWeightsError(
            f"`init` must be a network of the same family as the one to start, {model.name}. "
            f"Received: {name!r}, which is a {source.name}: no layer of the one has a name of the other's"
        )
    source = load_model(name)
    fresh = transfer_weights(source, model, source.signature.layout, model.signature.layout)
    print(f"started from {name}; {len(fresh)} layers are fresh: {', '.join(fresh[:4])}{' ...' * (len(fresh) > 4)}")
    return fresh
