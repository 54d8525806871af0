"""Training of networks of heat maps on MPII, LSP, FLIC or rendered images: what their scripts share."""

import argparse
from collections.abc import Callable
from statistics import NormalDist

from deephar.config import READERS_MARGIN, DataConfig
from deephar.experiments import options
from deephar.experiments.pose_training import train_poses
from deephar.experiments.sources import READERS, make_images, split_batch
from deephar.models.signature import InputSpec
from deephar.training.recipes import Stage

DRAWS = 100  # values that stand for a distribution


def normal_draws(spread: float, limit: float, share: float = 1.0) -> list[float]:
    """Return values of equal weight that stand for a normal distribution of width `spread` cut at +-`limit`.

    Args:
        spread, limit: float. Of the distribution.
        share: float. Of the values; the rest are zeros.
    """
    number = round(share * DRAWS)
    values = [NormalDist(0, spread).inv_cdf((k + 0.5) / number) for k in range(number)]
    return [max(-limit, min(limit, value)) for value in values] + [0.0] * (DRAWS - number)


def even_draws(low: float, high: float) -> list[float]:
    """Return values of equal weight that stand for a uniform distribution."""
    return [low + (high - low) * (k + 0.5) / DRAWS for k in range(DRAWS)]


def hourglass_dataconf(spec: InputSpec) -> DataConfig:
    """Return how the authors of the hourglass crop and augment: rotation and scale by normal distributions, colours."""
    return DataConfig.for_input(
        spec,
        angles=normal_draws(30.0, 60.0, share=0.4),
        scales=[2.0**value for value in normal_draws(0.25, 0.5)],
        chpower=[p / 100 for p in range(70, 141, 5)],
    )


def cpm_dataconf(spec: InputSpec) -> DataConfig:
    """Return how the authors of CPM crop and augment; scales are those of the person, 1.3 is a small crop."""
    return DataConfig.for_input(
        spec,
        angles=even_draws(-40.0, 40.0),
        scales=[spec.margin / READERS_MARGIN / scale for scale in even_draws(0.7, 1.3)],
        chpower=[p / 100 for p in range(90, 111, 2)],
    )


def make_parser(
    doc: str, default_out: str, batch: int, side: int, source: str = "mpii"
) -> argparse.ArgumentParser:
    """Return a parser with the options of all trainings of heat maps.

    Args:
        doc: str. The script's docstring.
        default_out: str. The output folder where none is named.
        batch, side: int. Images of a batch, and the input's side in px, as in the paper.
        source: str. Data set that fills the batch, of `sources.READERS`.
    """
    parser = options.make_parser(doc, default_out)
    options.add_training(parser, batch=batch)
    options.add_settle(parser)
    options.add_on_device(parser)
    parser.add_argument("--side", type=options.positive, default=side, help=f"of the input, px; paper: {side}")
    for name, what in (("lsp", "LSP or its extended set"), ("synthetic", "images rendered on the fly")):
        parser.add_argument(f"--{name}", type=options.fraction, default=0.0, help=f"share of {what}; 0 to 1")
    parser.add_argument("--validate", type=options.count, default=10_000, help="validation people; 0: none")
    parser.set_defaults(source=source)
    return parser


def parse(parser: argparse.ArgumentParser, argv: list[str] | None = None, **tiny: int) -> argparse.Namespace:
    """Read the command line; with --tiny the data sets are written where none are given, and `tiny` are the sizes."""
    arguments = options.parse(parser, argv)
    if arguments.tiny:
        names = [arguments.source] * (_rest(arguments) > 0) + ["lsp"] * (arguments.lsp > 0)
        options.tiny_data(arguments, *(READERS[name][0] for name in names))
        options.make_tiny(arguments, **tiny)
    return arguments


def _rest(arguments):
    """The share of the first data set: what the others leave."""
    return max(0.0, 1.0 - arguments.lsp - arguments.synthetic)


def train(
    arguments: argparse.Namespace, config: dict, stage: Stage, make_dataconf: Callable[[InputSpec], DataConfig]
) -> None:
    """Build, train, validate after every epoch, write the run folder.

    Args:
        arguments: argparse.Namespace of `parse`.
        config: dict for `deephar.models.builders.build_network`.
        stage: `Stage`, of which the command line changes what it names.
        make_dataconf: function of the network's `InputSpec`: how images are cropped and augmented.
    """
    from deephar.models.builders import build_network

    model = build_network(config)
    dataconf, layout = make_dataconf(model.signature.frame), model.signature.layout
    shares = {arguments.source: _rest(arguments), "lsp": arguments.lsp, "synthetic": arguments.synthetic}
    sizes = split_batch({name: share for name, share in shares.items() if share > 0}, arguments.batch)
    sets = {name: make_images(name, arguments.data, dataconf, arguments.seed, layout=layout) for name in sizes}
    people = {name: sets[name] for name in sets if name != "synthetic"}
    if not people:
        people["synthetic"] = make_images("synthetic", None, dataconf, arguments.seed, "validation", layout=layout)
    train_poses(arguments, config, dataconf, options.override(arguments, stage), sets, sizes, people, model=model)
