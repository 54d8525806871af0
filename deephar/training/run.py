"""The folder of one training run: what was done, how it went, and everything needed to go on.

    config.json               what was run: command, versions, the caller's settings
    log.csv                   one row an epoch
    tensorboard/              the same scores for TensorBoard
    weights_last.weights.h5   after the last finished epoch
    weights_best.weights.h5   after the epoch with the best validation metric
    state.npz                 weights, optimizers, stage, epoch, rows of the log: what `resume` reads

Every file is written beside its place and moved there when it is whole, so a kill at any moment leaves the files of the
epoch before. `state.npz` alone decides where a resumed run begins; it is written after the weights, so the worst that a
kill can do is to repeat one epoch.
"""

import csv
import io
import json
import pathlib
import platform
import sys
import time
import zipfile

import keras
import numpy as np

from deephar.checkpoints.loading import save_keras3_weights
from deephar.models.signature import signature_of
from deephar.training.eventfile import write_events
from deephar.utils.io import atomic_path, write_json

LAST, BEST, STATE = "weights_last.weights.h5", "weights_best.weights.h5", "state.npz"
CONFIG, LOG, BOARD = "config.json", "log.csv", "tensorboard"
UNPLOTTED = ("time", "epoch")


def _variables(model, optimizers):
    """Return {key: variable} of everything that training changes."""
    found = {f"w{i}": v for i, v in enumerate(model.variables)}
    for number, optimizer in enumerate(optimizers):
        found.update({f"o{number}_{i}": v for i, v in enumerate(optimizer.variables)})
    return found


class Run:
    """A run folder.

    Args:
        folder: where; made if need be.
        config: dict of plain values for config.json; `load_model` builds the network of a run from its `model`, a
            `ModelConfig.to_dict()` or what else `deephar.models.builders.build_network` takes.
        resume: go on with what the folder holds; False refuses a folder that already holds a run.

    Raises:
        FileExistsError: the folder holds a run and `resume` is false; nothing in it is changed.
        ValueError: its state is damaged.
    """

    def __init__(self, folder, config=None, resume=False):
        self.folder = pathlib.Path(folder)
        if (self.folder / STATE).exists() and not resume:
            raise FileExistsError(
                f"`folder` must not hold a run already, unless `resume` is true. Received: {str(self.folder)!r}"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.meta, self._arrays = self._read_state() if resume else ({}, {})
        self.rows = self.meta.get("rows", [])
        self._config = config
        self._write_config()

    def describe(self, model):
        """Write the signature of the model that is trained into config.json, for `load_model`."""
        about = json.loads(self.path(CONFIG).read_text(encoding="utf-8"))
        signature = signature_of(model, verbose=False).to_dict()
        if about.get("signature") != signature:
            write_json(self.path(CONFIG), {**about, "signature": signature})

    def path(self, name):
        """Return the path of a file in the folder."""
        return self.folder / name

    def _write_config(self):
        about = {
            "command": sys.argv,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "started": time.strftime("%Y-%m-%d %H:%M:%S"),
            "config": self._config,
        }
        if not self.meta or not self.path(CONFIG).exists():
            write_json(self.path(CONFIG), about)

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

    def finished(self, stage):
        """Return whether a stage, by name, is among those that were finished."""
        return stage in self.meta.get("finished", [])

    def epochs_done(self, stage):
        """Return how many epochs of a stage, by name, are done."""
        return self.meta.get("epoch", 0) if self.meta.get("stage") == stage else 0

    def restore(self, model, optimizers=()):
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

    def log(self, row):
        """Add one epoch's scores to the log and to TensorBoard; both appear with `save`."""
        row = {**row, "time": time.time()}
        self.rows.append({k: v if isinstance(v, (str, int)) else float(v) for k, v in row.items()})

    def save(self, model, optimizers=(), is_best=False, **meta):
        """Write weights, log and state after an epoch.

        Args:
            model: the whole model.
            optimizers: in a fixed order.
            is_best: whether these are the best weights so far.
            meta: plain values to remember: stage, epoch, finished, best score.
        """
        for name in (LAST, *((BEST,) if is_best else ())):
            save_keras3_weights(model, self.path(name))
        self._write_log()
        self._write_board()
        self.meta = {**self.meta, **meta, "rows": self.rows}
        self._arrays = {k: keras.ops.convert_to_numpy(v) for k, v in _variables(model, optimizers).items()}
        text = np.frombuffer(json.dumps(self.meta).encode(), np.uint8)
        with atomic_path(self.path(STATE)) as temporary, open(temporary, "wb") as file:
            np.savez(file, meta=text, **self._arrays)

    def _write_log(self):
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        with atomic_path(self.path(LOG)) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")

    def _write_board(self):
        self.path(BOARD).mkdir(exist_ok=True)
        scores = ({k: v for k, v in row.items() if not isinstance(v, str) and k not in UNPLOTTED} for row in self.rows)
        rows = [(row["time"], step, f) for step, (row, f) in enumerate(zip(self.rows, scores, strict=True), 1)]
        write_events(self.path(BOARD) / "events.out.tfevents.0.deephar", rows)
