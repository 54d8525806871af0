"""Small networks trained under one budget and scored alike: what the comparison of networks and the ablations share.

    Trial --build, trace once--> Trainee --fresh weights of a seed, so many steps--> scores --> OUT/NAME-seedK.json

A trial that has its file is not run again, so a stopped script goes on with the next one.
"""

import argparse
import json
import pathlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deephar.config import DataConfig
from deephar.data.kept import KeptSamples, keep_samples
from deephar.data.samples import Dataset
from deephar.training.recipes import HEATMAP_STAGES, Stage
from deephar.utils import TRAIN_MODE
from deephar.utils.io import atomic_path, write_json

if TYPE_CHECKING:
    import keras

SETTINGS = "settings.json"
WARM_UP, TIMED = 2, 5  # steps before and while the time of one is taken
STAGE = Stage("trial", epochs=1, optimizer="adam", learning_rate=2e-3, schedule="cosine", warmup_steps=50)


@dataclass(frozen=True)
class Trial:
    """One row of a table.

    Attributes:
        name: str. Part of a file's name.
        config: dict for `deephar.models.builders.build_network`.
        last_only: bool. Only the last output is trained.
        steps_of: str or None. The trial whose number of steps is taken; None: its own, as many as the budget allows.
    """

    name: str
    config: Mapping[str, Any]
    last_only: bool = False
    steps_of: str | None = None


class Trainee:
    """The network of a trial, built and traced once, trained from fresh weights for every seed.

    Args:
        trial: `Trial`.

    Attributes:
        model: PoseModel with all outputs.
        trained: PoseModel on the same layers with the outputs that are trained, compiled.
    """

    def __init__(self, trial: Trial) -> None:
        from deephar.models.builders import build_network
        from deephar.training.stages import compile_for_stage

        self.config = dict(trial.config)
        self.model = build_network(self.config)
        self.trained = self.model.part([len(self.model.outputs) - 1]) if trial.last_only else self.model
        loss = HEATMAP_STAGES[self.config["network"]].heatmap_loss if self.config["network"] in HEATMAP_STAGES else None
        self.stage = STAGE.replace(heatmap_loss=loss) if loss else STAGE
        compile_for_stage([self.trained], self.stage, self.model)

    def loader(self, people: Dataset, batch: int, seed: int):
        """Return a `BatchLoader` of a data set with the inputs and labels of what is trained."""
        from deephar.data import BatchLoader
        from deephar.data.inputs import with_inputs
        from deephar.training.objectives import pose_labels

        specs, (labels, counts) = self.trained.signature.inputs, pose_labels(self.trained.signature)
        names = [spec.name for spec in specs]
        options = dict(batch_size=batch, num_predictions=counts, seed=seed)
        return BatchLoader(with_inputs(people, specs), names, labels, TRAIN_MODE, **options)

    def start(self, seed: int) -> None:
        """Take fresh weights and a fresh optimizer."""
        from deephar.models.builders import build_network

        random.seed(seed)
        start_again(self.model, build_network(self.config), [self.trained])

    def train(self, loader: Any, steps: int, seed: int, verbose: int = 1, **feeding: Any) -> float:
        """Train so many steps by a cosine schedule, see `train_steps`."""
        return train_steps(self.trained, self.stage, loader, steps, seed, verbose, **feeding)


def train_steps(
    model: "keras.Model", stage: Stage, loader: Any, steps: int, seed: int, verbose: int = 1, **feeding: Any
) -> float:
    """Train a compiled model `steps` steps by a stage's schedule; return the seconds of a step behind the first ones.

    Args:
        loader: `Loader`.
        feeding: of `MultiModelTrainer`: workers, use_multiprocessing, max_queue_size.
    """
    from deephar.training.trainer import MultiModelTrainer

    stage, times = stage.replace(steps_per_epoch=steps), []
    trainer = MultiModelTrainer([model], [loader], seed=seed, **feeding)

    def before_step(step):
        times.append(time.monotonic())
        model.optimizer.learning_rate = stage.rate(step)

    trainer.before_step = before_step
    trainer.train(1, steps, verbose=verbose)
    times = [*times, time.monotonic()][WARM_UP:]
    return (times[-1] - times[0]) / max(1, len(times) - 1)


def start_again(model: "keras.Model", fresh: "keras.Model", compiled: "Sequence[keras.Model]") -> None:
    """Give a model all that a new one of the same build begins with, and the optimizers of `compiled` nothing yet."""
    for variable, first in zip(model.variables, fresh.variables, strict=True):  # states of dropout included
        variable.assign(first)
    for part in compiled:
        for variable in part.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))


class Trials:
    """The results of trials in a folder.

    Args:
        out: str or Path. The folder.
        settings: dict of plain values that all results share.
        resume: bool. Go on with what the folder holds.

    Raises:
        FileExistsError: the folder holds results and `resume` is false.
        ValueError: they were made with other settings.
    """

    def __init__(self, out: str | pathlib.Path, settings: Mapping[str, Any], resume: bool = False) -> None:
        self.out, path = pathlib.Path(out), pathlib.Path(out) / SETTINGS
        settings = json.loads(json.dumps(settings))
        if path.exists():
            if not resume:
                raise FileExistsError(f"`out` must not hold results, unless `resume` is true. Received: {str(out)!r}")
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["settings"] != settings:
                raise ValueError(f"`out` holds results with other settings, {found['settings']}. Received: {settings}")
        else:
            write_json(path, {"settings": settings, "steps": {}})

    def steps(self, name: str, measure: Callable[[], int] | None = None) -> int:
        """Return the number of steps of a trial: what the folder says, or `measure()`, which it says from then on.

        Raises:
            ValueError: neither says it.
        """
        path = self.out / SETTINGS
        about = json.loads(path.read_text(encoding="utf-8"))
        if name not in about["steps"]:
            if measure is None:
                raise ValueError(f"`--only` must name {name} too, whose steps are taken, or give `--steps`")
            about["steps"][name] = measure()
            write_json(path, about)
        return about["steps"][name]

    def result(self, name: str, seed: int) -> dict | None:
        """Return what is known of a trial and seed, or None."""
        path = self._path(name, seed)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def keep(self, name: str, seed: int, result: Mapping[str, Any]) -> None:
        """Write the result of a trial and seed."""
        write_json(self._path(name, seed), dict(result))

    def missing(self, name: str, seeds: Sequence[int]) -> list[int]:
        """Return the seeds of a trial that have no result."""
        return [seed for seed in seeds if self.result(name, seed) is None]

    def scores(self, name: str, score: str, seeds: Sequence[int]) -> list[float]:
        """Return a score of a trial, one for each seed that has a result with it."""
        results = [self.result(name, seed) for seed in seeds]
        return [result[score] for result in results if result is not None and score in result]

    def show(self, table: str) -> None:
        """Print a table and write it to table.txt."""
        print(table)
        with atomic_path(self.out / "table.txt") as temporary:
            temporary.write_text(table + "\n", encoding="utf-8")

    def _path(self, name, seed):
        return self.out / f"{name.replace(' ', '-')}-seed{seed}.json"


def steps_of(trial: Trial, trainee: Trainee, loader: Any, folder: Trials, arguments: Any, **feeding: Any) -> int:
    """Return the steps of a trial: `--steps`, those of another trial, or as many as fit into `--minutes`.

    The weights of the trainee are changed where they are measured.
    """
    if arguments.steps:
        return arguments.steps
    if trial.steps_of is not None:
        return folder.steps(trial.steps_of)

    def measure():
        trainee.start(0)
        seconds = trainee.train(loader, WARM_UP + TIMED, 0, verbose=0, **feeding)
        return max(1, round(60 * arguments.minutes / seconds))

    return folder.steps(trial.name, measure)


def kept_crops(
    make: Callable[[DataConfig], Dataset], spec: Any, mode: int, number: int, folder: pathlib.Path, seed: int,
    workers: int | None, **changes: Any,
) -> KeptSamples:
    """Keep samples of the data set that `make` makes of a `DataConfig`, cropped and scaled as an input takes them.

    Args:
        spec: `InputSpec` of the images. Networks that crop alike share a folder.
        folder: Path. Where the folders are.
        changes: of `DataConfig`.
    """
    dataconf = DataConfig.for_input(spec, **changes).replace(value_range=(-1.0, 1.0))
    folder = folder / f"{spec.margin:.3f}-{'-'.join(str(round(c)) for c in dataconf.pad_color)}"
    keep_samples(make(dataconf), mode, number, folder, seed, workers)
    return KeptSamples(folder, spec.value_range)


def mean_and_spread(values: Sequence[float], digits: int = 1) -> str:
    """Return values in per cent as text: mean and standard deviation over the seeds, - where there are none."""
    if not values:
        return "-"
    mean = f"{100 * np.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} +- {100 * np.std(values, ddof=1):.{digits}f}"


def add_options(parser: argparse.ArgumentParser, minutes: float, batch: int = 16) -> None:
    """Add --minutes, --steps, --batch, --only to a parser."""
    from deephar.experiments import options

    parser.add_argument("--minutes", type=float, default=minutes, help=f"of training a run; default {minutes:g}")
    parser.add_argument("--steps", type=options.positive, help="of a run, instead of --minutes")
    parser.add_argument("--batch", type=options.positive, default=batch, help="images of a step")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone; default: all")


def chosen(parser: argparse.ArgumentParser, only: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """Return the names that --only asks for, or all; others end the script."""
    unknown = [name for name in only or () if name not in names]
    if unknown:
        parser.error(f"--only must be some of {', '.join(names)}. Received: {', '.join(unknown)}")
    return [name for name in names if not only or name in only]
