"""The options that all scripts share, and how they end: one line for what the user got wrong.

SCRIPT.py [OUT | --out OUT] [--data DIR] [--tiny] [--weights NAME|PATH] [--resume] [--seed N]
training also: --init --epochs --minutes --steps --batch --lr --optimizer --schedule --warmup --clipnorm --ema
               --precision --jit --recompute --workers --all-devices --time-limit
poses on images also: --settle --on-device --steps-per-call --stored --canvas
"""

import argparse
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from deephar.inference.quiet import quiet_keras
from deephar.training.recipes import Stage
from deephar.utils.processes import exit_status


def make_parser(doc: str, default_out: str | pathlib.Path, network: str | None = None) -> argparse.ArgumentParser:
    """Return a parser with the options of every script that trains or runs a network.

    Args:
        doc: str. The script's docstring, which `--help` shows.
        default_out: str or Path. The output folder where none is named.
        network: str or None. Registered name of the network that the script takes by default, see `networks.load`.
    """
    parser = bare_parser(doc, default_out)
    add_network(parser, network)
    parser.add_argument("--resume", action="store_true", help="go on with what OUT holds")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def bare_parser(doc: str, default_out: str | pathlib.Path) -> argparse.ArgumentParser:
    """Return a parser with OUT, --out, --data and --tiny alone; arguments as of `make_parser`."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folder", nargs="?", metavar="OUT", type=pathlib.Path, help="output folder")
    parser.add_argument("--out", type=pathlib.Path, help=f"the same; default {default_out}")
    parser.add_argument("--data", metavar="DIR", help="folder of the data set, or one that holds several by name")
    parser.add_argument("--tiny", action="store_true", help="tiny synthetic data and network: seconds, no result")
    parser.set_defaults(default_out=pathlib.Path(default_out))
    return parser


def add_network(parser: argparse.ArgumentParser, network: str | None = None) -> None:
    """Add --weights and --model to a parser, for `networks.load`; `network` as of `make_parser`."""
    default = f"; default: {network}" if network else ""
    parser.add_argument("--weights", metavar="NAME|PATH", help=f"a registered model, or weights of a run{default}")
    parser.add_argument("--model", metavar="NAME", help="a registered model, for weights that do not say what they are")
    parser.set_defaults(network_name=network)


def add_boxes(parser: argparse.ArgumentParser) -> None:
    """Add --boxes to a parser, for `action_evaluation.evaluate`."""
    text = "predicted boxes, of predict_bboxes.py or one a clip; default: around the annotation"
    parser.add_argument("--boxes", metavar="FILE", type=pathlib.Path, help=text)


def add_training(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """Add the options of training.

    Args:
        parser: ArgumentParser from `make_parser`.
        defaults: defaults of batch, lr, optimizer, schedule, warmup, clipnorm, workers; without one the stage's value
            is kept.
    """
    add = parser.add_argument_group("training").add_argument
    add("--init", metavar="PATH|NAME", type=pathlib.Path, help="weights to start from; what a file lacks: --weights")
    add("--epochs", type=positive)
    text = "end by the clock: the schedule is stretched or shrunk to this time; of each stage"
    add("--minutes", metavar="MIN", type=float, help=text)
    add("--steps", type=positive, help="steps of an epoch")
    add("--batch", type=positive, default=defaults.get("batch"), help="images of a batch")
    add("--lr", type=float, default=defaults.get("lr"), help="learning rate at the start")
    add("--optimizer", choices=("rmsprop", "sgd", "adam", "adamw"), default=defaults.get("optimizer"))
    add("--schedule", choices=("step", "cosine"), default=defaults.get("schedule"))
    add("--warmup", metavar="STEPS", type=count, default=defaults.get("warmup", 0), help="steps of linear rise")
    add("--clipnorm", type=float, default=defaults.get("clipnorm"), help="upper limit of the gradient's norm")
    add("--ema", metavar="DECAY", type=float, help="validate and save moving averages of the weights, such as 0.999")
    add("--heatmaps", metavar="W", type=float, default=0.0, help="weight of an additional loss on heat maps; paper: 0")
    add("--confidence", metavar="W", type=float, help="weight of the loss of a joint's confidence; paper: 0.01")
    add("--frozen", metavar="NAME", nargs="+", help="layers that are not trained, by name or pattern such as 'dp1*'")
    add("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32")
    add("--jit", action="store_true", help="compile with XLA: for an accelerator")
    add("--recompute", action="store_true", help="gradient checkpointing: less memory, about a fifth slower")
    add("--workers", type=count, default=defaults.get("workers", 2), help="processes that load; 0: none")
    add("--all-devices", action="store_true", help="split every batch over all devices (JAX backend)")
    add("--time-limit", metavar="MIN", type=float, help="stop after the epoch that ends later than this")


def add_test_time(parser: argparse.ArgumentParser, batch: int = 16) -> None:
    """Add --flip, --scales, --limit and --batch to a parser: evaluation of poses in images."""
    parser.add_argument("--flip", action="store_true", help="also predict flipped crops, and average")
    parser.add_argument("--scales", nargs="+", metavar="S", help="pbn, cpm, or sizes of the crops over the usual one")
    parser.add_argument("--limit", type=positive, help="so many people, evenly spaced, instead of all")
    parser.add_argument("--batch", type=positive, default=batch)


def scales_of(words: Sequence[str] | None) -> tuple[float, ...] | None:
    """Return the sizes of crops that --scales asks for; None: the usual one.

    Raises:
        ValueError: other words than names and numbers.
    """
    from deephar.evaluation.multiscale import CPM_SCALES, PBN_SCALES

    named = {"pbn": PBN_SCALES, "cpm": CPM_SCALES}
    if words is None or (len(words) == 1 and words[0] in named):
        return None if words is None else named[words[0]]
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise ValueError(f"`--scales` must be pbn, cpm or numbers. Received: {' '.join(words)}") from None


def test_time(arguments: argparse.Namespace) -> str:
    """Return in words how the crops of an evaluation were taken."""
    return f"{len(scales_of(arguments.scales) or [1])} scale(s)" + ", mean with the flipped crop" * arguments.flip


def add_settle(parser: argparse.ArgumentParser) -> None:
    """Add --settle to a parser: for the trainings of poses alone."""
    text = "take the statistics of batch normalisation anew, from N batches, before training: for a network that was "
    text += "started from one of another kind, such as 2D from 3D"
    parser.add_argument("--settle", metavar="N", type=count, default=0, help=text)


def add_on_device(parser: argparse.ArgumentParser) -> None:
    """Add --on-device and what belongs to it to a parser: for the trainings of poses on images."""
    add = parser.add_argument_group("samples on an accelerator, KERAS_BACKEND=jax").add_argument
    add("--on-device", action="store_true", help="keep the samples in the accelerator's memory, and augment them there")
    add("--steps-per-call", metavar="N", type=positive, default=10, help="steps that are one call of it")
    text = "most samples of a data set there; of a larger one, such as rendered people, --workers read others meanwhile"
    add("--stored", metavar="N", type=positive, default=32768, help=text)
    add("--canvas", metavar="PX", type=positive, help="side of a stored image; default: 0.75 px for one of the crop")


def parse(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None = None, keras: bool = True
) -> argparse.Namespace:
    """Read the command line; `out` is the output folder, which is made. `keras` imports Keras without its messages."""
    arguments = parser.parse_args(argv)
    if arguments.folder is not None and arguments.out is not None:
        parser.error("give the output folder once, as first argument or by --out")
    arguments.out = arguments.out or arguments.folder or arguments.default_out
    arguments.out.mkdir(parents=True, exist_ok=True)
    if keras:
        quiet_keras()
    if keras and arguments.tiny:
        from deephar.experiments.tiny import run_untraced

        run_untraced()
    if getattr(arguments, "on_device", False):
        from deephar.training.stored import require_jax

        require_jax("--on-device")
        if arguments.all_devices:
            parser.error("--on-device is for one device: leave out --all-devices")
    if getattr(arguments, "all_devices", False):
        from deephar.training.trainer import use_all_devices

        print(f"{use_all_devices()} devices")
    return arguments


def run(
    main: Callable[[], int | None], going_on: str = "what was saved last is whole, --resume goes on with it"
) -> NoReturn:
    """Call a script's `main` and leave with its exit status; what the user got wrong ends in one line.

    Args:
        main: function without arguments.
        going_on: str. What the user should know after Ctrl-C.
    """
    name, hint = pathlib.Path(sys.argv[0]).name, "(DEEPHAR_DEBUG=1 shows where)"
    sys.exit(exit_status(main, name, going_on, hint=hint, options=OPTION_OF))


OPTION_OF = {  # argument of a function, as its errors name it -> option of the scripts
    "name_or_path": "--weights",
    "resume": "--resume",
    "subsampling": "--subsampling",
    "boxes": "--boxes",
    "data": "--data",
    "root": "--data",
    "splits": "--splits",
    "split": "--split",
    "fps": "--fps",
    "canvas_side": "--canvas",
    "minutes": "--minutes",
    "ema_decay": "--ema",
    "weights": "--weights",
    "init": "--init",
}
STAGE_FIELDS = {
    "epochs": "epochs",
    "steps": "steps_per_epoch",
    "lr": "learning_rate",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "warmup": "warmup_steps",
    "clipnorm": "clipnorm",
    "precision": "precision",
    "heatmaps": "heatmap_weight",
    "confidence": "confidence_weight",
    "frozen": "frozen",
    "minutes": "minutes",
    "ema": "ema_decay",
}


def override(arguments: argparse.Namespace, stage: Stage) -> Stage:
    """Return a copy of a `Stage` with what was asked for on the command line."""
    asked = {field: getattr(arguments, name) for name, field in STAGE_FIELDS.items()}
    changes = {name: value for name, value in asked.items() if value is not None}
    if getattr(arguments, "on_device", False):  # an epoch is whole calls
        steps = changes.get("steps_per_epoch", stage.steps_per_epoch)
        changes["steps_per_epoch"] = -(-steps // arguments.steps_per_call) * arguments.steps_per_call
    return stage.replace(**changes, jit_compile=arguments.jit, recompute=arguments.recompute, seed=arguments.seed)


def tiny_data(arguments: argparse.Namespace, *names: str) -> None:
    """Write the synthetic data sets `names` into OUT/data and use them, with --tiny and without --data."""
    if arguments.tiny and not arguments.data:
        from deephar.experiments.tiny import write_tiny

        arguments.data = write_tiny(arguments.out / "data", *names)


def make_tiny(arguments: argparse.Namespace, **changes: Any) -> None:
    """Shrink training to a few steps of a few images, without worker processes; `changes` are set besides."""
    arguments.epochs, arguments.steps = arguments.epochs or 2, arguments.steps or 2
    arguments.steps_per_call = 2
    vars(arguments).update({"batch": 4, "workers": 0, "warmup": 0, "validate": 2, **changes})


def loading(arguments: argparse.Namespace) -> dict:
    """Return the keyword arguments of `train_stage` that say how samples are loaded and when to stop."""
    limit = None if arguments.time_limit is None else 60 * arguments.time_limit
    many = arguments.workers > 0
    return dict(workers=arguments.workers, use_multiprocessing=many, max_queue_size=6, uint8=True, time_limit_s=limit)


def positive(text: str) -> int:
    """Return `text` as a whole number of at least 1."""
    return count(text, least=1)


def count(text: str, least: int = 0) -> int:
    """Return `text` as a whole number of at least `least`."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}. Received: {text}")
    return int(text)


def fraction(text: str) -> float:
    """Return `text` as a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1. Received: {text}")
    return value
