"""What is rendered from the cards is in the files, says where each score is from, and can be printed again."""

import dataclasses
import pathlib
import re

import pytest

from deephar.models import listing
from deephar.models.card import MEASURED, Score
from deephar.models.cards import MODELS, SCORES_OF_SCRIPTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL_SCORES = [*SCORES_OF_SCRIPTS, *(score for card in MODELS.values() for score in card.scores)]


def test_files_of_the_checkout_are_what_the_cards_say():
    assert (ROOT / "weights" / "README.md").read_text(encoding="utf-8") == listing.weights_readme()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == listing.with_scores(text)


def test_only_shipped_files_were_measured():
    for card in MODELS.values():
        assert all(score.measured == card.ships for score in card.scores)
    assert not any(score.measured for score in SCORES_OF_SCRIPTS)


def test_scripts_of_the_commands_exist():
    scripts = {script for score in ALL_SCORES for script in re.findall(r"python (\S+\.py)", score.command)}
    scripts |= {line.split()[0] for card in MODELS.values() for line in card.recipe if line[0] != "#"}
    assert scripts and all((ROOT / script).is_file() for script in scripts)


def test_both_files_are_written(tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "README.md").write_text(f"before\n{listing.BEGIN}\nold\n{listing.END}\nafter\n")
    listing.write_readmes(tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| spnet-2d | PCKh@0.5 " in text and " % | first 200 images of synthetic-v1; last block, single crop" in text
    assert (tmp_path / "weights" / "README.md").read_text() == listing.weights_readme()
    with pytest.raises(ValueError, match="`text` must hold the lines <!-- scores: begin -->"):
        listing.with_scores(f"{listing.END} {listing.BEGIN}")


def test_scores_of_one_protocol_share_a_row(monkeypatch):
    one = Score("PCKh@0.5", 88.0, "%", "images", "one crop", "a.py")
    scores = (one, dataclasses.replace(one, metric="PCKh@0.1", value=30.0), dataclasses.replace(one, protocol="flip"))
    card = dataclasses.replace(MODELS["spnet-2d"], scores=scores)
    monkeypatch.setattr(listing, "MODELS", {card.name: card})
    monkeypatch.setattr(listing, "SCORES_OF_SCRIPTS", ())
    rows = listing.scores_table().splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == ["PCKh@0.5 88.0 %, PCKh@0.1 30.0 %", "PCKh@0.5 88.0 %"]


def test_clips_are_told_in_seconds_where_the_rate_is_known():
    card = MODELS["spnet-ntu-2p"]
    assert listing.clip_text(card) == "8 x 0.267 s"
    assert listing.clip_text(dataclasses.replace(card, fps=None)) == "8 x 4 frames"
    assert listing.clip_text(MODELS["reception-mpii"]) == "-"


def test_scores_and_cards_check_themselves():
    with pytest.raises(ValueError, match="`unit` must not be empty"):
        Score("PCKh@0.5", 88.0, "", "images", "one crop", "a.py", MEASURED)
    with pytest.raises(ValueError, match="`config` must name one of spnet, .*Received: 'alexnet'"):
        dataclasses.replace(MODELS["reception-mpii"], config={"network": "alexnet"})
