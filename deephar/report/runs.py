"""A run folder of a training as an entry of the page: curves, stages, best epochs, settings, validation.

    log.csv           curves, stages, time an epoch        config.json       what was run, and when it went on
    state.npz         the best score of the last stage     validation.json   confusion matrix and sheets, if there
"""

import csv
import json
import math
import pathlib
import re
import shlex
import zipfile
from typing import Any

import numpy as np

from deephar.report.media import Budget, embed_image
from deephar.report.places import CONFIG, LOG, Found

STATE, VALIDATION = "state.npz", "validation.json"
SAMPLE = ("rank", "name", "score", "unit")
NOT_CURVES = ("epoch", "time", "stage")
LOSS = re.compile(r"(?!log_loss)(loss\d*|.*_loss(_\d+)?)$")


def run_entry(found: Found, budget: Budget) -> tuple[dict, dict]:
    """Return a run folder for the page.

    Args:
        found: `Found` of kind "run".
        budget: `Budget`, of which the sheets are taken.

    Returns:
        (summary for the list, the whole entry): dicts of plain values for JSON.

    Raises:
        ValueError: a file of the folder is damaged.
    """
    folder = found.path
    rows, config, state = read_log(folder / LOG), _read_json(folder / CONFIG), _read_state(folder / STATE)
    best, validation = best_epochs(rows, config, state), _validation(folder, budget)
    words = _words(rows, best)
    entry = {
        "kind": "run",
        "headline": words,
        "epochs": len(rows),
        "stages": stages_of(rows),
        "curves": _curves(rows),
        "epoch_of": [row.get("epoch") for row in rows],
        "best": best,
        "facts": _facts(rows, config, folder),
        "sessions": [_session(k) for k in config.get("resumed", [])],
        "config": flat(config.get("config")),
        "signature": flat(config.get("signature")),
        "validation": validation,
    }
    return {"kind": "run", "words": words, "complete": True, "thumbnail": "", "curve": _watched(rows, best)}, entry


def read_log(path: pathlib.Path) -> list[dict[str, float | str | None]]:
    """Return the rows of a log: a number where there is one, None where it is not finite or absent, else the text.

    Raises:
        ValueError: it is no table with a header.
    """
    if not path.is_file():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [{name: _number(text) for name, text in row.items() if name} for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"`places` must hold a whole {LOG}. Received: {str(path)!r}: {error}") from error
    if not rows and path.stat().st_size and "," not in path.read_text(encoding="utf-8"):
        raise ValueError(f"`places` must hold a whole {LOG}. Received: {str(path)!r}, which has no columns")
    return rows


def _number(text):
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else None


def _read_json(path):
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"`places` must hold a whole {path.name}. Received: {str(path)!r}: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"`places` must hold a {path.name} that is an object. Received: {str(path)!r}")
    return found


def _read_state(path):
    """Where the run stands, {} where it is not known."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return json.loads(data["meta"].tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def stages_of(rows: list[dict]) -> list[dict]:
    """Return the stages of a log in their order: `name`, `first` and `last` row, counted from 0."""
    stages = []
    for number, row in enumerate(rows):
        name = str(row.get("stage") or "")
        if not stages or stages[-1]["name"] != name:
            stages.append({"name": name, "first": number})
        stages[-1]["last"] = number
    return stages


def best_epochs(rows: list[dict], config: dict, state: dict) -> list[dict]:
    """Return the best epoch of each stage by the score that chose its best weights.

    Where the settings name no score to watch, the state tells: the column in which the last stage's best score stands.
    Nothing is marked in a stage of which neither is known.

    Returns:
        list of dict: `row`, counted from 0, `column`, `value`.
    """
    settings, found = _stage_settings(config), []
    for stage in stages_of(rows):
        own = rows[stage["first"] : stage["last"] + 1]
        about = settings.get(stage["name"], {})
        column, largest = about.get("monitor"), about.get("monitor_mode", "max") == "max"
        if not column:
            column, largest = _column_of_best(rows, state, largest)
        known = [(k, row[column]) for k, row in enumerate(own, stage["first"]) if isinstance(row.get(column), float)]
        if known:
            row, value = (max if largest else min)(known, key=lambda pair: pair[1])  # of equal ones the first
            found.append({"row": row, "column": column, "value": value})
    return found


def _stage_settings(config):
    """{name: settings} of the stages that a run was given."""
    settings = config.get("config") or {}
    stages = [settings.get("stage"), *((settings.get("recipe") or {}).get("stages") or [])]
    return {stage.get("name"): stage for stage in stages if isinstance(stage, dict)}


def _column_of_best(rows, state, largest):
    """(column, whether more is better) of the log in which the state's best score stands; (None, ...) if none does."""
    value, own = state.get("best"), [row for row in rows if row.get("stage") == state.get("best_stage")]
    names = [name for row in own[:1] for name in row if _is_score(name)]
    matching = [name for name in names if value is not None and any(row.get(name) == value for row in own)]
    scores = [name for name in matching if not LOSS.match(name)]
    return (scores[0], largest) if scores else (matching[0] if matching else None, False)


def _is_score(name):
    return name not in (*NOT_CURVES, "seconds", "learning_rate", "wait_share")


def epoch_seconds(rows: list[dict]) -> list[float | None]:
    """Return how long each epoch took, s. `seconds` of the log counts from when its stage was begun or went on."""
    took = []
    for number, row in enumerate(rows):
        now, before = row.get("seconds"), rows[number - 1].get("seconds") if number else None
        if not isinstance(now, float):
            took.append(None)
            continue
        goes_on = isinstance(before, float) and before <= now and rows[number - 1].get("stage") == row.get("stage")
        took.append(round(now - before if goes_on else now, 2))
    return took


def _curves(rows):
    """Columns of the log as panels: `name`, `train` and `validation`, lists a row; `part` says where it belongs."""
    names = list(dict.fromkeys(name for row in rows for name in row if _is_score(name))) + ["learning_rate"]
    columns = {name: [k if isinstance(k := row.get(name), float) else None for row in rows] for name in names}
    columns = {name: values for name, values in columns.items() if any(v is not None for v in values)}
    panels = []
    for name, values in columns.items():
        if name.startswith("val_") and name[4:] in columns:
            continue
        other, own = columns.get(f"val_{name}"), "validation"
        if other is not None or LOSS.match(name) or name == "learning_rate":
            own = "train"
        panels.append({"name": name, own: values, **({"validation": other} if other is not None else {})})
    took = epoch_seconds(rows)
    return panels + ([{"name": "seconds an epoch", "train": took}] if any(took) else [])


def _watched(rows, best):
    """The course of the score that the best epochs were chosen by, else of the first loss; None where there is none."""
    column = best[-1]["column"] if best else next((name for row in rows[:1] for name in row if LOSS.match(name)), None)
    values = [value if isinstance(value := row.get(column), float) else None for row in rows]
    return values if any(value is not None for value in values) else None


def _words(rows, best):
    count = "no epoch is finished" if not rows else f"{len(rows)} epoch" + "s" * (len(rows) > 1)
    if not best:
        return count
    return f"{count}, best {best[-1]['column']} {best[-1]['value']:.4g}"


def _facts(rows, config, folder):
    took = [seconds for seconds in epoch_seconds(rows) if seconds is not None]
    keras = f"{config.get('keras', '?')} on {config.get('backend', '?')}"
    facts = {
        "command": _command(config),
        "folder": str(folder),
        "started": config.get("started"),
        "Python": config.get("python"),
        "Keras": keras if config.get("keras") else None,
        "NumPy": config.get("numpy"),
        "went on": f"{len(config['resumed'])} x" if config.get("resumed") else None,
        "epochs": str(len(rows)),
        "time an epoch": f"{np.median(took):.1f} s (median)" if took else None,
        "time in all": f"{sum(took) / 60:.1f} min" if took else None,
    }
    return [[name, str(text)] for name, text in facts.items() if text]


def _command(session):
    words = session.get("command")
    return shlex.join(map(str, words)) if isinstance(words, list) else None


def _session(session):
    """When a run went on, in words, and with what."""
    changed = "; ".join(f"{name}: {_plain(pair)}" for name, pair in (session.get("settings") or {}).items())
    words = [_command(session), f"Keras {session.get('keras')} on {session.get('backend')}", changed]
    return [str(session.get("started")), ", ".join(filter(None, words))]


def flat(values: Any, name: str = "") -> list[list[str]]:
    """Return nested settings as rows of a table: [["stage.epochs", "2"], ...]; lists of plain values on one line."""
    if isinstance(values, dict) and values:
        return [row for key, value in values.items() for row in flat(value, f"{name}.{key}" if name else str(key))]
    if isinstance(values, list) and any(isinstance(value, (dict, list)) for value in values):
        return [row for key, value in enumerate(values) for row in flat(value, f"{name}.{key}")]
    return [[name, _plain(values)]] if name else []


def _plain(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _validation(folder, budget):
    """What `validation.json` tells, or None; of which every part may be absent."""
    about = _read_json(folder / VALIDATION)
    if not about:
        return None
    sheets, confusion, samples = about.get("sheets") or {}, about.get("confusion"), about.get("samples") or []
    if confusion:
        labels, counts = confusion.get("labels"), np.array(confusion.get("counts"), float)
        if not isinstance(labels, list) or counts.shape != (len(labels), len(labels)):
            received = f"{str(folder / VALIDATION)!r} with counts of shape {counts.shape}"
            raise ValueError(f"`places` must hold a confusion with a row and a column a label. Received: {received}")
        confusion = {"labels": list(map(str, labels)), "counts": counts.tolist()}
    shown = {kind: embed_image(folder / str(name), budget) for kind, name in sheets.items()}
    return {
        "epoch": about.get("epoch"),
        "stage": about.get("stage"),
        "metric": about.get("metric"),
        "confusion": confusion or None,
        "sheets": {kind: image for kind, image in shown.items() if image},
        "samples": [[_plain(sample.get(key)) for key in SAMPLE] for sample in samples],
    }
