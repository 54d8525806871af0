"""Shares of a batch, and training videos held out for validation."""

from types import SimpleNamespace

import pytest

from deephar.config import DataConfig
from deephar.data import Human36M, PennAction
from deephar.experiments.sources import hold_out, hold_out_subject, make_images, split_batch
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, pa17j3d


def test_the_first_source_takes_what_the_others_leave():
    assert split_batch({"mpii": 1.0, "penn": 0.2, "lsp": 0.0}, 8) == {"mpii": 6, "penn": 2}
    assert split_batch({"lsp": 1.0}, 5) == {"lsp": 5}
    with pytest.raises(ValueError, match="must leave lsp at least one of 4 images"):
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


def named_videos(**splits):
    """A `Human36M` without files, whose splits hold videos of these names."""
    modes = {"test": TEST_MODE, "train": TRAIN_MODE, "valid": VALID_MODE}
    data = Human36M.__new__(Human36M)
    data.sequences = {modes[key]: [SimpleNamespace(name=name) for name in names] for key, names in splits.items()}
    data._frame_idx = {}
    return data


def test_a_training_subject_is_held_out_where_validation_is_the_test():
    train = ["s01_S01_1_c1", "s02_S08_1_c1", "s02_S08_1_c2", "s02_S07_1_c2"]
    data = hold_out_subject(named_videos(test=["s01_S09_1_c1"], valid=["s01_S09_1_c1"], train=train))
    assert [video.name for video in data.sequences[VALID_MODE]] == train[1:3]
    assert [video.name for video in data.sequences[TRAIN_MODE]] == [train[0], train[3]]
    assert [video.name for video in data.sequences[TEST_MODE]] == ["s01_S09_1_c1"]
    with pytest.raises(ValueError, match="two subjects or more"):
        hold_out_subject(named_videos(test=["s01_c1"], valid=["s01_c1"], train=["s02_c1"]))


def test_a_validation_split_of_its_own_is_left_alone():
    data = hold_out_subject(named_videos(test=["s01_S09_1_c1"], valid=["s01_S10_1_c1"], train=["s01_S01_1_c1"]))
    assert [len(data.sequences[mode]) for mode in (TEST_MODE, TRAIN_MODE, VALID_MODE)] == [1, 1, 1]


def test_rendered_people_perform_the_motions_of_their_name():
    size = DataConfig(crop_resolution=(32, 32))
    for name, motions in (("synthetic", "ntu"), ("synthetic_h36m", "h36m")):
        assert make_images(name, None, size, layout=pa17j3d, random_poses=0.1).actions == motions
        assert make_images(name, None, size).actions == "penn"
    assert make_images("synthetic", None, size, layout=pa17j3d, random_poses=0.1).random_poses == 0.1
