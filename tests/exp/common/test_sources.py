"""Shares of a batch, and training videos held out for validation."""

import pytest
from sources import hold_out, split_batch

from deephar.config import DataConfig
from deephar.data import PennAction
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE


def test_the_first_source_takes_what_the_others_leave():
    assert split_batch({"mpii": 1.0, "penn": 0.2, "lsp": 0.0}, 8) == {"mpii": 6, "penn": 2}
    assert split_batch({"lsp": 1.0}, 5) == {"lsp": 5}
    with pytest.raises(ValueError, match="must leave lsp at least one of 4 pictures"):
        split_batch({"lsp": 1.0, "synthetic": 0.9}, 4)


def test_held_out_videos_are_neither_trained_nor_tested_on(fixture_world):
    def sizes(penn):
        return [penn.get_length(mode) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)]

    penn = PennAction(fixture_world / "PennAction", DataConfig(), topology="frames")
    before, videos = sizes(penn), len(penn.sequences[TRAIN_MODE])
    hold_out(penn, 1)
    assert len(penn.sequences[TRAIN_MODE]) == videos - 1 and len(penn.sequences[VALID_MODE]) == 1
    after = sizes(penn)
    assert after[0] == before[0] and after[1] + after[2] == before[1] and after[2] > 0
    numbers = [{video.idx for video in penn.sequences[mode]} for mode in (TRAIN_MODE, VALID_MODE)]
    assert not numbers[0] & numbers[1]
    with pytest.raises(ValueError, match="`number` must be from 1 to"):
        hold_out(penn, 99)
