"""Renders the cards of all networks: weights/README.md, the scores in README.md, and text for the terminal.

`python -m deephar.models.listing .` writes both files of the checkout in that folder.
"""

import pathlib
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from deephar.models.card import ModelCard, Score
from deephar.models.cards import MODELS, SCORES_OF_SCRIPTS
from deephar.utils.io import atomic_path
from deephar.utils.tables import table

BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"
WEIGHTS_HEAD = """# Trained networks

Generated from `deephar/models/cards.py` by `python -m deephar.models.listing .`; edit the cards, not this.

Files that ship lie in this folder. The others were published by the authors of the papers: put a copy here, or into a
folder named by the environment variable `DEEPHAR_WEIGHTS`, or say where it is:

    deephar.load_model("NAME", weights="FILE")

In commands FILE is that file, FOLDER holds the data sets, OUT gets the results, and BOXES is what `predict_bboxes.py`
beside the script writes.

"""


def _as_code(text):
    return f"`{text}`"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table as a list of lines."""
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def input_text(card: ModelCard) -> str:
    """Return width x height of the input in pixels, as text."""
    height, width, _ = card.input_shape[-3:]
    return f"{width} x {height}"


def clip_text(card: ModelCard) -> str:
    """Return the frames of a clip and their step as text, in seconds where the rate is known; "-" for images."""
    if card.num_frames is None:
        return "-"
    step = f"{card.frame_step} frames" if card.clip_step_s is None else f"{card.clip_step_s:.3f} s"
    return f"{card.num_frames} x {step}"


def actions_text(card: ModelCard) -> str:
    """Return the number of actions as text, "26 of 60" where some are never answered, "-" without actions."""
    named = sum(name is not None for name in card.labels)
    some = f"{named} of " if 0 < named < len(card.labels) else ""
    return some + "+".join(str(n) for n in card.num_actions) or "-"


def score_text(score: Score) -> str:
    """Return one score with its data as text, and its source where it was not measured on the file."""
    return f"{score} on {score.data}" + ("" if score.measured else f" ({score.source})")


def models_table() -> str:
    """Return the table of all networks as text, each with its first score."""
    rows = [
        [
            card.name,
            input_text(card),
            clip_text(card),
            actions_text(card),
            f"{card.num_parameters / 1e6:.1f} M",
            "yes" if card.ships else "no",
            score_text(card.scores[0]),
        ]
        for card in MODELS.values()
    ]
    header = ["name", "input (px)", "clip", "actions", "parameters", "ships", "score"]
    return table(header, rows, left=(0, 2, 6))


def _facts(card):
    """Yield (name, text) of all that a card says besides its scores and recipe."""
    yield "network", f"{card.network}, {card.num_parameters:,} parameters"
    yield "input", f"{input_text(card)} px"
    if card.num_frames is not None:
        rate = "at a frame rate that is not known" if card.fps is None else f"at {card.fps:g} frames a second"
        yield "clip", f"{card.num_frames} frames, {card.frame_step} frames apart {rate}: {clip_text(card)}"
    if card.num_actions:
        names = [name for name in card.labels if name is not None]
        rest = "; the others were never trained and are never an answer" if len(names) < len(card.labels) else ""
        yield "actions", f"{actions_text(card)}: {', '.join(names) or 'without names'}{rest}"
    yield "trained on", card.trained_on
    yield "paper", card.paper
    yield "licence of the weights", card.licence
    yield "where", card.where


def card_text(card: ModelCard) -> str:
    """Return one card as text for the terminal."""
    lines = [card.name, "", f"file: {card.file}" + (", ships" if card.ships else "")]
    lines += [f"{kind}: {getattr(card, kind)}" for kind in ("sha256", "md5") if getattr(card, kind)]
    lines += [f"{name}: {text}" for name, text in _facts(card)]
    lines += [f"build_network: {card.config!r}", "", "scores:"]
    for score in card.scores:
        lines += [f"  {score}", f"    data: {score.data}", f"    protocol: {score.protocol}"]
        lines += [f"    command: {score.command}", f"    source: {score.source}"]
    if card.recipe:
        lines += ["", "trained by:", *(f"  {line}" for line in card.recipe)]
    return "\n".join(lines)


def _card_section(card):
    """Return the lines of one network in weights/README.md."""
    lines = ["", f"## {card.name}", "", f"- file: `{card.file}`" + (", ships" if card.ships else "")]
    lines += [f"- {kind}: `{getattr(card, kind)}`" for kind in ("sha256", "md5") if getattr(card, kind)]
    lines += [f"- {name}: {text}" for name, text in _facts(card)]
    lines += [f"- built by: `build_network({card.config!r})`", ""]
    rows = [[str(s), s.data, s.protocol, _as_code(s.command), s.source] for s in card.scores]
    lines += markdown_table(["score", "data", "protocol", "printed by", "source"], rows)
    if card.recipe:
        lines += ["", "Trained by:", "", *(f"    {line}" for line in card.recipe)]
    return lines


def weights_readme() -> str:
    """Return the text of weights/README.md: a table of all networks, then each with all that is known."""
    rows = [
        [c.name, _as_code(c.file), input_text(c), clip_text(c), c.trained_on, "; ".join(map(score_text, c.scores))]
        for c in MODELS.values()
    ]
    lines = markdown_table(["name", "file", "input (px)", "clip", "trained on", "scores"], rows)
    for card in MODELS.values():
        lines += _card_section(card)
    return WEIGHTS_HEAD + "\n".join(lines) + "\n"


def scores_table() -> str:
    """Return the Markdown table of what was measured here; scores of one protocol share a row."""
    rows, measured = [], [(card.name, card.scores) for card in MODELS.values() if card.ships]
    for name, scores in [*measured, ("trained by the command", SCORES_OF_SCRIPTS)]:
        for (data, protocol, command), group in groupby(scores, lambda s: (s.data, s.protocol, s.command)):
            rows.append([name, ", ".join(map(str, group)), f"{data}; {protocol}", _as_code(command)])
    return "\n".join(markdown_table(["network", "score", "data; protocol", "printed by"], rows))


def with_scores(text: str) -> str:
    """Return the text of README.md with a new table between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    if not 0 <= text.find(BEGIN) < text.find(END):
        raise ValueError(f"`text` must hold the lines {BEGIN} and {END}, in this order")
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}\n\n{scores_table()}\n\n{END}{rest.split(END, 1)[1]}"


def write_readmes(folder: str | pathlib.Path) -> None:
    """Write weights/README.md and the table in README.md of a checkout."""
    folder = pathlib.Path(folder)
    texts = {
        folder / "weights" / "README.md": weights_readme(),
        folder / "README.md": with_scores((folder / "README.md").read_text(encoding="utf-8")),
    }
    for path, text in texts.items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_readmes(sys.argv[1] if len(sys.argv) > 1 else ".")
