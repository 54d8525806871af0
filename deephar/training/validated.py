"""What a validation tells beside its scores, kept in the run folder: best and worst samples, which class for which.

    validation(epoch) -> {name: Score} -- a new best --> validation.json, validation_best.png, validation_worst.png

validation.json: the epoch (from 1) and stage whose weights are the best, the metric that decided, {name, unit, value,
better: "higher" or "lower"}; `confusion`, {labels, counts}, rows the true class, columns the predicted one; `sheets`,
the names of the two images; `samples`, those on them, {rank, name, score, unit} in the order of their ranks, 1 the best
of all that were validated. What a validation does not tell is null.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deephar.drawing.sheet import contact_sheet, with_heading
from deephar.training.recipes import Stage
from deephar.utils.io import atomic_path, write_json

if TYPE_CHECKING:
    from deephar.training.run import Run

VALIDATION, SHEETS = "validation.json", {"best": "validation_best.png", "worst": "validation_worst.png"}
SHOWN = 12  # samples of a sheet
COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples that were validated, each with a score of its own.

    Attributes:
        scores: (N,) float; NaN where a sample has none, such as one without annotated joints: it has no rank.
        unit: str. Of the scores.
        better: str. 'higher' or 'lower': which scores are good ones.
        names: list of N str.
        show: function (index) -> (uint8 image (H, W, 3), lines of text), or None where there is nothing to be seen. It
            is called for the samples of the two sheets only.
    """

    scores: np.ndarray
    unit: str
    better: str
    names: Sequence[str]
    show: Callable[[int], tuple[np.ndarray, Sequence[str]]] | None = None

    def ranked(self) -> list[int]:
        """Return the indices of all samples that have a score, the best first; equal ones in their own order."""
        scores = np.asarray(self.scores, float)
        order = np.argsort(-scores if self.better == "higher" else scores, kind="stable")  # NaN come last
        return order[: np.isfinite(scores).sum()].tolist()


class Score(float):
    """A score of a validation: a number, with what else is known of it.

    Args:
        value: float.
        unit: str. What it is counted in.
        samples: `Samples` or None. What it was measured on.
        confusion: (A labels, (A, A) counts) or None. Rows are the true classes, columns the predicted ones.
    """

    def __new__(cls, value, unit="", samples=None, confusion=None):
        score = super().__new__(cls, value)
        score.unit, score.samples, score.confusion = unit, samples, confusion
        return score


def write_validation(run: "Run", stage: Stage, epoch: int, name: str, score: float) -> None:
    """Write what the validation of the best epoch tells; what an earlier one told is replaced.

    Args:
        run: `Run`. Its folder gets the files.
        stage: `Stage`.
        epoch: int. From 0.
        name: str. Of the score that decides, `stage.monitor` or the first one.
        score: `Score`, or a plain number: then there is no more to tell.
    """
    about = score if isinstance(score, Score) else Score(score)
    better = {"max": "higher", "min": "lower"}[stage.monitor_mode]
    metric = {"name": name, "unit": about.unit, "value": float(about), "better": better}
    confusion = about.confusion and {"labels": list(about.confusion[0]), "counts": about.confusion[1]}
    samples, ranked = about.samples, about.samples.ranked() if about.samples else []
    ends = {"best": ranked[:SHOWN], "worst": ranked[::-1][:SHOWN]}
    ranks = {index: rank for rank, index in enumerate(ranked, 1)}
    shown = bool(ranked) and samples.show is not None
    for end, file in SHEETS.items():
        if shown:
            sheet = _sheet(samples, ends[end], ranks)
            with atomic_path(run.path(file)) as temporary:
                Image.fromarray(sheet).save(temporary)
        else:
            run.path(file).unlink(missing_ok=True)
    rows = [
        {"rank": ranks[k], "name": samples.names[k], "score": float(samples.scores[k]), "unit": samples.unit}
        for k in sorted({*ends["best"], *ends["worst"]}, key=ranks.get)
    ]
    told = {"confusion": confusion, "sheets": SHEETS if shown else None, "samples": rows or None}
    write_json(run.path(VALIDATION), {"epoch": epoch + 1, "stage": stage.name, "metric": metric, **told})


def _sheet(samples, chosen, ranks):
    """The images of the chosen samples, each below its rank, name, score and text: uint8 (H, W, 3)."""
    cells = []
    for index in chosen:
        image, lines = samples.show(index)
        score = f"{samples.scores[index]:.3g} {samples.unit}"
        about = [f"{ranks[index]} of {len(ranks)}: {samples.names[index]}", score, *lines]
        cells.append(with_heading(image, "\n".join(about)))
    return contact_sheet(cells, COLUMNS)
