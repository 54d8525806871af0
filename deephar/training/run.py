"""The folder of one training run: what was done, how it went, and everything needed to go on.

    config.json                     what was run: command, versions, the caller's settings; under `resumed` the same of
                                    every time that it was resumed, with the settings that differed
    log.csv                         one row an epoch
    tensorboard/                    the same scores for TensorBoard, one file each time that it was started
    weights_last.weights.h5         after the last finished epoch
    weights_best.weights.h5         after the best epoch, by the validation metric, of the last stage that has one
    weights_best-STAGE.weights.h5   after the best epoch of an earlier stage, kept when a later one has its first
    validation.json                 what the validation of the best epoch tells: the metric, the confusion of classes
    validation_best.png             the samples that it scores best, and
    validation_worst.png            those that it scores worst, see `deephar.training.validated`
    state.npz                       weights, optimizers, stage, epoch, rows of the log: what `resume` reads

Files are written beside their place and moved there when they are whole, so a kill at any moment leaves the files of
the epoch before. `state.npz` alone decides where a resumed run begins; it is written after all others, so the worst
that a kill can do is to repeat one epoch. Only the files for TensorBoard grow; what they hold of a repeated epoch is
replaced in what a reader shows.
"""

import contextlib
import csv
import io
import json
import pathlib
import platform
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from deephar.checkpoints.loading import save_keras3_weights
from deephar.models.signature import signature_of
from deephar.training import settings
from deephar.training.board import Board
from deephar.utils.io import atomic_path, printnl, write_json

LAST, BEST, STATE = "weights_last.weights.h5", "weights_best.weights.h5", "state.npz"
BEST_OF = "weights_best-{}.weights.h5"
CONFIG, LOG, BOARD = "config.json", "log.csv", "tensorboard"
UNPLOTTED = ("time", "epoch")
VERSIONS = ("python", "keras", "backend", "numpy")


def _variables(model, optimizers):
    """Return {key: variable} of everything that training changes."""
    found = {f"w{i}": v for i, v in enumerate(model.variables)}
    for number, optimizer in enumerate(optimizers):
        found.update({f"o{number}_{i}": v for i, v in enumerate(optimizer.variables)})
    return found


class Run:
    """A run folder.

    Args:
        folder: str or Path. Where; made if need be.
        config: dict of plain values or None. It goes into config.json; `load_model` builds the network of a run from
            its `model`, a `ModelConfig.to_dict()` or what else `deephar.models.builders.build_network` takes. With
            `resume` it is compared with what the run was started with: settings in `settings.HARMLESS` may differ,
            which is said and recorded; None compares nothing.
        resume: bool. Go on with what the folder holds; False refuses a folder that already holds a run.

    Attributes:
        folder: Path.
        rows: list of dict, the log, one an epoch.
        meta: dict, where the run stands: `stage`, `epoch` (how many of that stage are done), `finished` stages.

    Raises:
        FileExistsError: the folder holds a run and `resume` is false; nothing in it is changed.
        ValueError: its state is damaged, or `config` would train something else; nothing in it is changed.

    Example:

        from deephar.training.run import Run

        run = Run("runs/poses", config={"model": {"network": "hourglass", "num_stacks": 2}})
        print(run.rows, run.path("weights_best.weights.h5"))
    """

    def __init__(self, folder: str | pathlib.Path, config: dict | None = None, resume: bool = False) -> None:
        self.folder = pathlib.Path(folder)
        if (self.folder / STATE).exists() and not resume:
            raise FileExistsError(
                f"`folder` must not hold a run already, unless `resume` is true. Received: {str(self.folder)!r}"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.meta, self._arrays = self._read_state() if resume else ({}, {})
        self.rows = self.meta.get("rows", [])
        self._board, self._plotted = None, len(self.rows) if any(self.path(BOARD).glob("*tfevents*")) else 0
        session = {
            "command": sys.argv,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "started": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        if self.meta and self.path(CONFIG).exists():
            self._record_resumed(session, config)
        else:
            write_json(self.path(CONFIG), {**session, "config": config})

    def _read_config(self):
        path = self.path(CONFIG)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"`folder` must hold a whole {CONFIG}. Received: {str(path)!r}: {error}") from error

    def _record_resumed(self, session, config):
        """Compare `config` with what the run was started with; say and record what is new, or refuse it."""
        about = self._read_config()
        before = about["config"]
        found = settings.differences(before, config) if before and config else {}
        refused = {name: pair for name, pair in found.items() if not settings.is_harmless(name, *pair)}
        if refused:
            raise ValueError(
                f"`config` must be what the run in {str(self.folder)!r} was started with. Received other settings: "
                f"{settings.in_words(refused)}. Take them back to go on with it; or start another run in a new folder, "
                f"from the weights of this one by `--init {self.path(LAST)}`"
            )
        last = about.get("resumed", [about])[-1]
        versions = {name: (last[name], session[name]) for name in VERSIONS if last[name] != session[name]}
        said = settings.in_words({**versions, **found})
        commands = [[word for word in k["command"] if word != "--resume"] for k in (last, session)]
        said = "; ".join(filter(None, ["another command line" * (commands[0] != commands[1]), said]))
        if said:
            printnl(f"resumed with changes: {said}")
        about.setdefault("resumed", []).append({**session, "settings": found})
        write_json(self.path(CONFIG), {**about, "config": config or before})

    def describe(self, model: keras.Model) -> None:
        """Write the signature of the model that is trained into config.json, for `load_model`."""
        about = self._read_config()
        signature = signature_of(model, verbose=False).to_dict()
        if about.get("signature") != signature:
            write_json(self.path(CONFIG), {**about, "signature": signature})

    def path(self, name: str) -> pathlib.Path:
        """Return the path of a file in the folder."""
        return self.folder / name

    def _read_state(self):
        path = self.path(STATE)
        if not path.exists():
            return {}, {}
        try:
            with np.load(path, allow_pickle=False) as data:
                arrays = {key: data[key] for key in data.files}
            return json.loads(arrays.pop("meta").tobytes()), arrays
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"`folder` must hold a whole {STATE}. Received: {str(path)!r}: {error}") from error

    def finished(self, stage: str) -> bool:
        """Return whether a stage, by name, is among those that were finished."""
        return stage in self.meta.get("finished", [])

    def epochs_done(self, stage: str) -> int:
        """Return how many epochs of a stage, by name, are done."""
        return self.meta.get("epoch", 0) if self.meta.get("stage") == stage else 0

    def restore(self, model: keras.Model, optimizers: Sequence[keras.optimizers.Optimizer] = ()) -> None:
        """Put weights and, where they belong to the same stage, optimizers back to what was saved last.

        Raises:
            ValueError: the state belongs to another model; nothing was changed.
        """
        if not self._arrays:
            return
        targets = _variables(model, optimizers)
        wrong = [k for k, v in targets.items() if k not in self._arrays or self._arrays[k].shape != tuple(v.shape)]
        if wrong or set(self._arrays) - set(targets) and optimizers:
            raise ValueError(
                f"`model` must be the one that {str(self.path(STATE))!r} was saved from. "
                f"Received: {model.name!r}, of which {len(wrong)} variables are missing there or have another shape"
            )
        for key, variable in targets.items():
            variable.assign(self._arrays[key])

    def log(self, row: Mapping[str, str | float]) -> None:
        """Add one epoch's scores to the log and to TensorBoard; both appear with `save`."""
        row = {**row, "time": time.time()}
        self.rows.append({k: v if isinstance(v, (str, int)) else float(v) for k, v in row.items()})

    def save(
        self,
        model: keras.Model,
        optimizers: Sequence[keras.optimizers.Optimizer] = (),
        is_best: bool = False,
        averaged: contextlib.AbstractContextManager | None = None,
        **meta: Any,
    ) -> None:
        """Write weights, log and state after an epoch.

        Args:
            model: keras.Model. The whole model.
            optimizers: list of Optimizer, in a fixed order.
            is_best: bool. Whether these are the best weights of their stage so far.
            averaged: context manager or None. Within it the model has the weights that its files get, see
                `deephar.training.optimizers.averaged`; the state gets those that training goes on with.
            meta: plain values to remember: stage, epoch, finished, best score.
        """
        if is_best:
            self._keep_best_of_earlier_stage(meta.get("stage"))
            meta["best_stage"] = meta.get("stage")
        with averaged or contextlib.nullcontext():
            save_keras3_weights(model, self.path(LAST))
        if is_best:
            self._copy(LAST, BEST)
        self._write_log()
        self._write_board()
        self.meta = {**self.meta, **meta, "rows": self.rows}
        self._arrays = {k: keras.ops.convert_to_numpy(v) for k, v in _variables(model, optimizers).items()}
        text = np.frombuffer(json.dumps(self.meta).encode(), np.uint8)
        with atomic_path(self.path(STATE)) as temporary, open(temporary, "wb") as file:
            np.savez(file, meta=text, **self._arrays)

    def _keep_best_of_earlier_stage(self, stage):
        earlier = self.meta.get("best_stage", self.meta.get("stage"))
        kept = BEST_OF.format(earlier)
        # Where a kill came after this file, the best weights beside it are already those of `stage`.
        if earlier not in (None, stage) and not self.path(kept).exists() and self.path(BEST).exists():
            self._copy(BEST, kept)

    def _copy(self, name, other):
        with atomic_path(self.path(other)) as temporary:
            shutil.copyfile(self.path(name), temporary)

    def _write_log(self):
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        with atomic_path(self.path(LOG)) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")

    def _write_board(self):
        if self._board is None:
            self.path(BOARD).mkdir(exist_ok=True)
            self._board = Board(self.path(BOARD), self._plotted + 1)
        for step, row in enumerate(self.rows[self._plotted :], self._plotted + 1):
            scores = {k: v for k, v in row.items() if not isinstance(v, str) and k not in UNPLOTTED}
            self._board.add(step, row["time"], scores)
        self._plotted = len(self.rows)
