"""Clip sampling against the reference, and its properties."""

import subprocess
import sys

import numpy as np
import pytest

from deephar.data.clips import clip_windows, get_clip_frame_index, union_box
from deephar.data.datasets import get_clip_frame_index as old_name


def test_clip_frame_index_agrees_with_reference(reference):
    values = np.load(reference / "functions_s0.npz", allow_pickle=False)
    for arguments, frames in zip(values["clip_frame_index/in0"], values["clip_frame_index/out0"], strict=True):
        assert get_clip_frame_index(*arguments.tolist()) == frames[: arguments[2]].tolist(), arguments


@pytest.mark.parametrize("size", [1, 5, 8, 30, 100])
@pytest.mark.parametrize("subsample", [1, 3, 8])
def test_random_clips_stay_inside_and_keep_their_step(size, subsample):
    rng = np.random.default_rng(0)
    for _ in range(20):
        clip = get_clip_frame_index(size, subsample, 8, random_clip=True, rng=rng)
        assert len(clip) == 8 and clip[0] >= 0 and clip[-1] < size and sorted(clip) == clip
        if size >= 8:
            assert set(np.diff(clip)) == {min(subsample, size // 8)}


def test_random_clips_depend_on_the_generator_only():
    draws = [get_clip_frame_index(100, 2, 8, True, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize(
    "arguments, error, name",
    [
        ((0, 1, 8), ValueError, "sequence_size"),
        ((10, 0, 8), ValueError, "subsample"),
        ((10, 1.5, 8), TypeError, "subsample"),
        ((10, 1, -1), ValueError, "num_frames"),
    ],
)
def test_bad_arguments_are_named(arguments, error, name):
    with pytest.raises(error, match=f"`{name}`"):
        get_clip_frame_index(*arguments)


def test_windows_cover_a_sequence_in_half_steps():
    windows = clip_windows(20, 8, [1, 2])
    assert [next(iter(w)) for w in windows] == [0, 4, 8, 12, 0]
    assert all(len(w) == 8 for w in windows) and clip_windows(7, 8, [1]) == []


def test_union_box_and_old_module_name():
    assert union_box([[0, 5, 10, 20], [-3, 7, 4, 30]]).tolist() == [-3, 5, 10, 30]
    assert old_name is get_clip_frame_index


def test_readers_do_not_import_keras():
    code = "import sys, deephar.data; assert not {'keras', 'tensorflow'} & set(sys.modules); deephar.data.BatchLoader"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
